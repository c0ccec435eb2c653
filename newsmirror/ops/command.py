"""What our commands share: they need the project and run no crawler, and a mistyped word is named."""

import argparse
import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

_OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")


class ProjectCommand(ScrapyCommand):
    """Beside a crawl or without one; `syntax` names all options that a command has beside Scrapy's own."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, object]] = {"LOG_ENABLED": False}

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Take Scrapy's options; raises UsageError for what is none, which Scrapy takes for an argument."""
        super().process_options(args, opts)
        for word in args:
            if word.startswith("-"):
                raise UsageError(unknown_option(word, self._typed()), print_help=False)

    def misplaced(self, word: str) -> UsageError:
        """Return the error of a word that has no place in the command."""
        return UsageError(f"{word!r} has no place here; write {self._typed()}", print_help=False)

    def _typed(self) -> str:
        name = type(self).__module__.rpartition(".")[2]
        return f"scrapy {name} {self.syntax()}"


def only(args: Sequence[str], what: str) -> str:
    """Return the one word that a command is about; raises UsageError where there is none, or more."""
    if len(args) == 1:
        return args[0]
    given = f"{' and '.join(map(repr, args))} are {len(args)} words: " if args else ""
    raise UsageError(f"{given}name one {what}", print_help=False)


def unknown_option(word: str, syntax: str) -> str:
    """Say that a word is no option, and which one was meant, or which there are."""
    named = word.partition("=")[0]
    known = list(dict.fromkeys(_OPTION.findall(syntax)))
    if close := get_close_matches(named, known, n=1):
        return f"{named!r} is no option; did you mean {close[0]}?"
    return f"{named!r} is no option; there are: {', '.join([*known, '--help'])}"
