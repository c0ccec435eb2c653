"""Telling a printed date from other short texts: in cells, at the ends of rows, and after labels."""

import re
from datetime import UTC, datetime

from newsmirror.normalise.dates import whole_date

# Relative dates (昨天 08:30) are dates as well; which day they mean is settled later, by the record.
_ANY_DAY = datetime(2024, 6, 15, 12, tzinfo=UTC)
_MAX_DATE = 40
_MAY_BE_DATE = re.compile(r"[\d０-９]|[前刚剛今昨]|[〇零一二三四五六七八九十]")
_BRACKETS = "()（）[]［］【】〔〕"


def is_date(text: str) -> bool:
    """Tell whether a text is a date and nothing else (a label or brackets around it are allowed)."""
    return (
        len(text) <= _MAX_DATE
        and _MAY_BE_DATE.search(text) is not None
        and whole_date(text, _ANY_DAY) is not None
    )


def leading_date(text: str) -> str | None:
    """Return the longest run of words at the start of a text that is a date, without its brackets."""
    words = text.split(" ")
    for count in range(min(len(words), 6), 0, -1):
        candidate = " ".join(words[:count])
        if is_date(candidate):
            return candidate.strip(_BRACKETS).strip()
    return None


def split_date(text: str) -> tuple[str | None, str]:
    """Split a row into the date at one of its ends and the rest: `标题 [01-08]` → `01-08`, `标题`."""
    if is_date(text):
        return text.strip(_BRACKETS).strip(), ""
    if not any(character.isdigit() for character in text):
        return None, text
    words = text.split(" ")
    for count in (3, 2, 1):
        if count >= len(words):
            continue
        for date, rest in ((words[:count], words[count:]), (words[-count:], words[:-count])):
            if is_date(joined := " ".join(date)):
                return joined.strip(_BRACKETS).strip(), " ".join(rest)
    return None, text
