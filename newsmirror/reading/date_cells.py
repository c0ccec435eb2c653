"""Telling a printed date from other short texts: in cells, at the ends of rows, and after labels."""

import re
from datetime import UTC, datetime
from functools import lru_cache

from newsmirror.normalise.dates import whole_date
from newsmirror.normalise.variants import both, spellings

# Relative dates (昨天 08:30) are dates as well; which day they mean is settled later, by the record.
_ANY_DAY = datetime(2024, 6, 15, 12, tzinfo=UTC)
_MAX_DATE = 40
_MAX_WORDS = 6
# What a date can begin and end with, brackets aside.
_FIRST = frozenset(spellings(*"0123456789０１２３４５６７８９昨今前刚二(（[［【〔"))
_LAST = frozenset(spellings(*"0123456789０１２３４５６７８９日号天前刚时分秒点半月)）]］】〕"))
_MAY_BE_DATE = re.compile(both(r"[\d０-９]|[前刚今昨]|[〇零一二三四五六七八九十]"))
_LABEL = re.compile(both(r"^[一-鿿]{0,4}(?:发布|发表|快照|生成|更新|时间|日期)[一-鿿]{0,4}\s?[:：]?\s*"))
_EDGE = " ()（）[]［］【】〔〕|｜丨·,，;；"


def is_date(text: str) -> bool:
    """Tell whether a text is a date and nothing else (a label or brackets around it are allowed)."""
    return _date(text) is not None


def _date(text: str) -> str | None:
    """Return a text that is a date without the brackets and the label around it."""
    return _read(text) if len(text) <= _MAX_DATE else None


# The same cell is asked for its date at several points of one reading.
@lru_cache(maxsize=1024)
def _read(text: str) -> str | None:
    if _MAY_BE_DATE.search(text) is None or whole_date(text, _ANY_DAY) is None:
        return None
    return _LABEL.sub("", text.strip(_EDGE)).strip(_EDGE)


def leading_date(text: str) -> str | None:
    """Return the longest run of words at the start of a text that is a date, without its brackets."""
    words = text.split(" ", _MAX_WORDS)[:_MAX_WORDS]
    for count in range(len(words), 0, -1):
        if (date := _date(" ".join(words[:count]))) is not None:
            return date
    return None


def split_date(text: str) -> tuple[str | None, str]:
    """Split a row into the date at one of its ends and the rest: `标题 [01-08]` → `01-08`, `标题`."""
    if (date := _date(text)) is not None:
        return date, ""
    if text[:1] not in _FIRST and text[-1:] not in _LAST:
        return None, text
    words = text.split(" ")
    for count in (3, 2, 1):
        if count >= len(words):
            continue
        for end, rest in ((words[:count], words[count:]), (words[-count:], words[:-count])):
            if (date := _date(" ".join(end))) is not None:
                return date, " ".join(rest)
    return None, text
