"""Texts of sites, fit for a terminal."""

import unicodedata


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
