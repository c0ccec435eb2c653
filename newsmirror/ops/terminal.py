"""What goes to a terminal: texts of sites fit for it, and records for as long as somebody reads them."""

import json
import os
import signal
import sys
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any


def write_records(records: Iterable[Mapping[str, Any]]) -> int:
    """Write records to the standard output, one JSON line each; return the exit code.

    0, or where the reader goes away, as `head` does when it has enough, that of a tool which SIGPIPE ended.
    """
    try:
        for record in records:
            sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Python writes what is left when it ends, and would tell that nobody reads it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    return 0


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
