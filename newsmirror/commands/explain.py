"""`scrapy explain`: why a record says what it says."""

import argparse
import re
import shutil
import sys
from typing import ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from newsmirror.normalise.urls import canonical_url, identity
from newsmirror.ops.explain import ExplainError, KeptPage, explain_page, format_rows
from newsmirror.places import PlaceError, Places, find_places


class Command(ScrapyCommand):
    """Reads what is kept, never the network. Exit code 1 where no bytes are kept, or they are no article."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, object]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Say how it is called."""
        return "URL | ARTICLE_ID"

    def short_desc(self) -> str:
        """Say what it is for."""
        return "Say for each key of an article's record by which rule and from where on the page it was read"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Explain one article; raises UsageError for what names none."""
        assert self.settings is not None  # noqa: S101 - set by Scrapy before run
        if len(args) != 1:
            raise UsageError(f"write scrapy explain {self.syntax()}", print_help=False)
        article_id = _article_id(args[0])
        try:
            page = find_page(find_places(self.settings), article_id)
        except PlaceError as error:
            raise UsageError(str(error), print_help=False) from error
        if page is None:
            sys.stderr.write(f"{article_id}: no bytes of its page are kept\n")
            self.exitcode = 1
            return
        try:
            rows = explain_page(page)
        except ExplainError as error:
            sys.stderr.write(f"{article_id}: {error}\n")
            self.exitcode = 1
            return
        sys.stdout.write(format_rows(rows, shutil.get_terminal_size((100, 24)).columns))


def find_page(places: Places, article_id: str) -> KeptPage | None:
    """Return the newest page of an article whose bytes are kept, or None."""
    return None


def _article_id(named: str) -> str:
    """Return the article_id that an argument is or that belongs to its address; raises UsageError."""
    if re.fullmatch("[0-9a-f]{64}", named):
        return named
    try:
        return identity(canonical_url(named))
    except ValueError:
        message = f"{named!r} is neither an address (http://…) nor an article_id (64 hexadecimal digits)"
        raise UsageError(message, print_help=False) from None
