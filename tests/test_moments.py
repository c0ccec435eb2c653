"""Days and times as a person writes them for a command."""

import re
from datetime import UTC, datetime, time

import pytest

from newsmirror.ops.moments import read_moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-01-08", datetime(2025, 1, 8, 23, 59, 59, 999999, UTC)),
        ("0001-01-01", datetime(1, 1, 1, 23, 59, 59, 999999, UTC)),
        ("9999-12-31", datetime.max.replace(tzinfo=UTC)),
        ("2025-01-08T09:00:00+08:00", datetime(2025, 1, 8, 1, tzinfo=UTC)),
        ("2025-01-08 09:00Z", datetime(2025, 1, 8, 9, tzinfo=UTC)),
    ],
)
def test_a_day_or_a_time_with_its_offset_is_read(text: str, moment: datetime) -> None:
    assert read_moment(text, time.max) == moment
    assert read_moment(text, time.max).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        *("gestern", "", "20250108", "2025-W02-3", "2025-01-32", "２０２５-01-08", "2025-01-08T12:00:00"),
        *("0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-14:00", "\x1b[31m"),
    ],
)
def test_what_is_no_moment_is_told(text: str) -> None:
    told = f"{text!r} is no date: write a day in UTC such as 2025-01-08, or a time with its offset such as "
    with pytest.raises(ValueError, match=f"^{re.escape(told)}2025-01-08T09:00:00.08:00$"):
        read_moment(text, time.min)
