"""What goes to a terminal: texts of sites fit for it, and lines for as long as somebody takes them."""

import json
import os
import signal
import sys
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any


def write_out(texts: Iterable[str]) -> int:
    """Write texts to the standard output; return the exit code.

    0, or where the reader goes away, as `head` does when it has enough, that of a tool which SIGPIPE ended. 1
    where they cannot be written, as on a full disk: it is told on the standard error.
    """
    if sys.stdout is None:  # closed from the start, as by `>&-`: nobody wants to read them
        return 0
    try:
        for text in texts:
            sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        # Python writes what is left when it ends, and would tell once more that it cannot.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return 128 + signal.SIGPIPE
        sys.stderr.write(f"standard output: {error.strerror}; free some space, or write elsewhere\n")
        return 1
    return 0


def write_records(records: Iterable[Mapping[str, Any]]) -> int:
    """Write records to the standard output, one JSON line each; return the exit code, as `write_out` does."""
    return write_out(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def width(text: str) -> int:
    """Return how many columns a terminal gives to a text: two to a wide character (UAX 11)."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def printable(text: str) -> str:
    """Return a text without what moves a terminal's cursor: it may hold what a site wrote."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def shorten(text: str, columns: int) -> str:
    """Return a text that takes at most so many columns, at least one; an ellipsis tells that more follows."""
    if width(text) <= columns:
        return text
    kept = ""
    for character in text:
        if width(kept + character) >= columns:
            break
        kept += character
    return kept + "…"
