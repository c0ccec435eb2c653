"""The moment that a person means by a day or a time."""

import re
from datetime import UTC, date, datetime, time

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def read_moment(text: str, of_day: time) -> datetime:
    """Read a day, of which that time in UTC is meant, or a time with its offset; return it in UTC.

    Raises ValueError with what to write instead.
    """
    try:
        if _DAY.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), of_day, UTC)
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):  # no date, or in UTC before the year 1 or after 9999
        pass
    raise ValueError(
        f"{text!r} is no date: write a day in UTC such as 2025-01-08, or a time with its offset "
        "such as 2025-01-08T09:00:00+08:00"
    )
