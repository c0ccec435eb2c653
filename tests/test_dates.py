"""Dates: each form, the cases of bench/dates.py exactly, and what must hold for any text and any moment."""

import importlib.util
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from newsmirror.normalise.dates import FORMS, LABELS, Form, Label, Standing, parse_date, whole_date

ROOT = Path(__file__).resolve().parents[1]
SHANGHAI = ZoneInfo("Asia/Shanghai")


def _bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_dates", ROOT / "bench" / "dates.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


BENCH = _bench()
NOW: datetime = BENCH.NOW
UNITS = {
    "day": ("hour", "minute", "second"),
    "hour": ("minute", "second"),
    "minute": ("second",),
    "second": (),
}


def cut(value: datetime, precision: str) -> datetime:
    """What is left of a moment that is written down to this precision."""
    return value.replace(microsecond=0, **dict.fromkeys(UNITS[precision], 0))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


# --- the tables ---


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_each_form_reads_its_own_example(form: Form):
    parsed = parse_date(form.example, NOW)
    assert parsed is not None
    assert parsed.rule == form.name
    assert parsed == whole_date(form.example, NOW)
    assert (parse_date(form.example) is None) == (form.kind != "absolute")


@pytest.mark.parametrize("label", LABELS, ids=lambda label: label.name)
def test_each_label_reads_its_own_example(label: Label):
    """Against a date that stands alone, a label wins or loses as its standing says."""
    line = f"2026-01-01 10:00 | {label.example}：2026-02-02 20:00"
    parsed = parse_date(line)
    assert parsed is not None
    assert (parsed.value == at("2026-02-02T20:00")) == (label.standing < Standing.ALONE)
    assert whole_date(line) == parsed


@pytest.mark.parametrize("case", BENCH.CASES, ids=lambda case: f"{case.kind}: {case.text}")
def test_case(case):
    parsed = parse_date(case.text, NOW)
    if case.expected is None:
        assert parsed is None
        assert whole_date(case.text, NOW) is None
    else:
        assert parsed is not None
        expected = case.expected + (":00" if case.precision == "hour" else "")
        assert (parsed.value, parsed.precision) == (at(expected), case.precision)
        assert parsed.value.utcoffset() == timedelta(hours=8)


@pytest.mark.parametrize(
    ("text", "reference", "expected", "precision"),
    [
        # The year is the latest that does not put the date after the reference, as exactly as it is written.
        ("12-31", "2026-01-01T00:00", "2025-12-31T00:00", "day"),
        ("01-01", "2026-01-01T00:00", "2026-01-01T00:00", "day"),
        ("01-01 00:01", "2026-01-01T00:00", "2025-01-01T00:01", "minute"),
        ("2月29日", "2027-03-22T00:00", "2024-02-29T00:00", "day"),
        ("2月29日", "1904-02-28T00:00", None, None),  # 1896 is out of range
        ("31日", "2026-03-01T08:00", "2026-01-31T00:00", "day"),
        ("30日", "2026-03-30T08:00", "2026-03-30T00:00", "day"),
        ("16:55", "2026-01-01T16:55", "2026-01-01T16:55", "minute"),
        ("16:55", "2026-01-01T16:54", "2025-12-31T16:55", "minute"),
        ("周一 15:00", "2026-02-02T12:00", "2026-01-26T15:00", "minute"),
        ("周一", "2026-02-02T12:00", "2026-02-02T00:00", "day"),
        ("上周日", "2026-02-02T12:00", "2026-02-01T00:00", "day"),
        ("上周日", "2026-02-01T12:00", "2026-01-25T00:00", "day"),
        ("本周三", "2026-02-02T12:00", None, None),  # not there yet
        # Months and years go back to a day that exists.
        ("1个月前", "2026-03-31T12:00", "2026-02-28T00:00", "day"),
        ("1年前", "2024-02-29T12:00", "2023-02-28T00:00", "day"),
        ("13个月前", "2026-01-15T12:00", "2024-12-15T00:00", "day"),
        ("昨天", "2026-01-01T00:00", "2025-12-31T00:00", "day"),
        ("1分钟前", "2026-01-01T00:00", "2025-12-31T23:59", "minute"),
        # A named day is what was written, even where the two clocks disagree.
        ("今天 02:00", "2026-01-04T00:00", "2026-01-04T02:00", "minute"),
        # Two digits of a year do not look at the reference.
        ("九零年9月十号", "1973-06-19T17:12", "1990-09-10T00:00", "day"),
        ("68-01-02", "2026-01-04T00:00", "2068-01-02T00:00", "day"),
        ("69-01-02", "2026-01-04T00:00", "1969-01-02T00:00", "day"),
    ],
)
def test_what_is_missing_comes_from_the_reference(text, reference, expected, precision):
    parsed = parse_date(text, at(reference))
    assert (parsed and (parsed.value, parsed.precision)) == (expected and (at(expected), precision))


@pytest.mark.parametrize("reader", [parse_date, whole_date])
def test_a_naive_reference_is_a_mistake_of_the_caller(reader):
    with pytest.raises(ValueError, match="aware"):
        reader("2026-02-03", datetime(2026, 2, 3))


def test_the_page_has_a_zone():
    tokyo = ZoneInfo("Asia/Tokyo")
    utc = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)  # already the fifth in Tokyo
    assert parse_date("昨天", utc, tz=tokyo).value.isoformat() == "2026-03-04T00:00:00+09:00"
    assert parse_date("昨天", utc).value.isoformat() == "2026-03-03T00:00:00+08:00"
    assert parse_date("2026-03-04 15:30", tz=tokyo).value.isoformat() == "2026-03-04T15:30:00+09:00"
    assert parse_date("2026-03-04T15:30Z", tz=tokyo).value.isoformat() == "2026-03-05T00:30:00+09:00"
    for east in ("北京时间", "臺北時間", "台北時間", "香港時間"):
        parsed = parse_date(f"{east} 2026-03-04 15:30", tz=tokyo)
        assert parsed.value.isoformat() == "2026-03-04T16:30:00+09:00"
    # China's standard time or America's: only a page eight hours east may mean the first.
    assert parse_date("2026-03-04 15:30 CST").value.isoformat() == "2026-03-04T15:30:00+08:00"
    assert parse_date("2026-03-04 15:30 CST", tz=tokyo) is None


def test_daylight_saving_does_not_move_an_age():
    """Shanghai put its clocks back an hour on 14 September 1986, at two."""
    reference = datetime(1986, 9, 14, 3, 30, tzinfo=SHANGHAI)
    parsed = parse_date("3小时前", reference)
    assert parsed is not None
    assert reference.astimezone(UTC) - parsed.value.astimezone(UTC) == timedelta(hours=3)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("2026-02-03", True),
        ("[02-03]", True),
        ("（2026年2月3日）", True),
        ("——2026年2月3日", True),
        ("发布时间：2026-02-03 08:09", True),
        ("【发布时间】2026-02-03", True),
        ("发布于3小时前", True),
        ("2026-02-03 发布", True),
        ("2026年2月3日 星期二", True),
        ("星期二 2026年2月3日 08:09", True),
        ("发布 2026-02-03 更新 2026-02-04", True),
        (" 昨天 08:30 ", True),
        ("2026-02-03 来源：某网", False),
        ("2月3日，某市召开会议", False),
        ("2026年2月3日起施行", False),
        ("昨天的太阳", False),
        ("发布会上的变化", False),
        ("今日头条", False),
        ("2026-02-30", False),
        ("发布时间：", False),
        ("", False),
        ("2026-02-03" + " " * 60, False),
    ],
)
def test_a_date_cell_is_told_from_a_title(text, whole):
    assert (whole_date(text, NOW) is not None) == whole


# --- any moment ---


def _han(number: int) -> str:
    tens, ones = divmod(number, 10)
    digits = "〇一二三四五六七八九"
    return (
        digits[ones]
        if not tens
        else (digits[tens] if tens > 1 else "") + "十" + (digits[ones] if ones else "")
    )


def _han_count(number: int) -> str:
    """Up to 199: 九, 八十八, 一百零四, 一百一十四."""
    if number < 100:
        return _han(number)
    tens, ones = divmod(number - 100, 10)
    below = f"{_han(tens)}十{_han(ones) if ones else ''}" if tens else f"零{_han(ones)}" if ones else ""
    return f"一百{below}"


def _han_year(year: int) -> str:
    return "".join("〇一二三四五六七八九"[int(digit)] for digit in str(year))


def _full_width(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


def _half_day(value: datetime) -> str:
    return f"{'上午' if value.hour < 12 else '下午'}{value.hour % 12 or 12}:{value:%M}"


MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
WEEK = "一二三四五六日"

Write = Callable[[datetime], str]
ABSOLUTE: list[tuple[str, str, Write]] = [
    ("year", "day", lambda v: f"{v:%Y-%m-%d}"),
    ("year", "day", lambda v: f"{v.year}/{v.month}/{v.day}"),
    ("year", "day", lambda v: f"{v:%Y.%m.%d}"),
    ("year", "minute", lambda v: f"{v:%Y-%m-%d %H:%M}"),
    ("year", "minute", lambda v: f"{v:%Y-%m-%d%H:%M}"),
    ("year", "minute", lambda v: f"{v:%Y/%m/%d} {_half_day(v)}"),
    ("year", "minute", lambda v: f"{v:%Y-%m-%d %I:%M} {'AM' if v.hour < 12 else 'PM'}"),
    ("year", "second", lambda v: f"{v:%Y-%m-%d %H:%M:%S}"),
    ("year", "second", lambda v: _full_width(f"{v:%Y-%m-%d %H:%M:%S}")),
    ("year", "second", lambda v: f"{v:%Y-%m-%dT%H:%M:%S}"),
    ("year", "second", lambda v: v.isoformat()),
    ("year", "second", lambda v: f"{v.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"),
    ("year", "second", lambda v: v.astimezone(timezone(timedelta(hours=-3, minutes=-30))).isoformat()),
    ("year_han", "day", lambda v: f"{v.year}年{v.month}月{v.day}日"),
    ("year_han", "day", lambda v: f"{v.year} 年 {v.month} 月 {v.day} 號"),
    ("year_han", "day", lambda v: f"{_han_year(v.year)}年{_han(v.month)}月{_han(v.day)}日"),
    ("year_han", "hour", lambda v: f"{v:%Y年%m月%d日%H}时"),
    ("year_han", "minute", lambda v: f"{v:%Y年%m月%d日} 星期{WEEK[v.weekday()]} {v:%H:%M}"),
    ("year_han", "second", lambda v: f"{v:%Y年%m月%d日%H時%M分%S秒}"),
    ("year_last", "day", lambda v: f"{v.day}/{v.month}/{v.year}" if v.day > 12 or v.day == v.month else ""),
    ("compact", "day", lambda v: f"{v:%Y%m%d}"),
    ("compact_clock", "minute", lambda v: f"{v:%Y%m%d%H%M}"),
    ("compact_clock", "second", lambda v: f"{v:%Y%m%d%H%M%S}"),
    ("compact_clock", "second", lambda v: f"{v.astimezone(UTC):%Y%m%dT%H%M%SZ}"),
    ("short_year", "minute", lambda v: f"{v:%y-%m-%d %H:%M}" if 1969 <= v.year <= 2068 else ""),
    ("roc_han", "day", lambda v: f"民國{v.year - 1911}年{v.month}月{v.day}日" if v.year > 1911 else ""),
    ("roc_han", "day", lambda v: f"民國{_han_count(v.year - 1911)}年{_han(v.month)}月{_han(v.day)}日"),
    ("roc", "minute", lambda v: f"{v.year - 1911}/{v:%m/%d %H:%M}" if v.year > 2010 else ""),
    ("unix", "second", lambda v: str(int(v.timestamp())) if 10**9 <= v.timestamp() < 2**31 else ""),
    ("unix", "second", lambda v: f"{int(v.timestamp())}000" if 10**9 <= v.timestamp() < 2**31 else ""),
    ("english_day_first", "second", lambda v: f"{v.day} {MONTHS[v.month - 1]} {v.year} {v:%H:%M:%S} +0800"),
    ("english_month_first", "minute", lambda v: f"{MONTHS[v.month - 1]} {v.day}, {v.year} {v:%H:%M}"),
    ("english_stamp", "second", lambda v: f"{MONTHS[v.month - 1]} {v:%d %H:%M:%S} +0800 {v.year}"),
]
PARTIAL: list[tuple[str, str, timedelta, Write]] = [
    ("month", "day", timedelta(days=364), lambda v: f"{v:%m-%d}"),
    ("month", "minute", timedelta(days=364), lambda v: f"{v:%m-%d %H:%M}"),
    ("month_slash", "minute", timedelta(days=364), lambda v: f"{v.month}/{v.day} {v:%H:%M}"),
    ("month_clock", "second", timedelta(days=364), lambda v: f"{v.month}.{v.day} {v:%H:%M:%S}"),
    ("month_han", "minute", timedelta(days=364), lambda v: f"{v.month}月{v.day}日 {v:%H:%M}"),
    ("day_han", "minute", timedelta(days=27), lambda v: f"{v.day}日 {v:%H:%M}"),
    ("weekday", "minute", timedelta(days=6, hours=23), lambda v: f"周{WEEK[v.weekday()]} {v:%H:%M}"),
    ("clock", "minute", timedelta(hours=23), lambda v: f"{v:%H:%M}"),
    ("clock", "second", timedelta(hours=23), lambda v: f"{v:%H:%M:%S}"),
]

# Behind the years in which Shanghai changed its clocks: there, an hour that comes twice has no one reading.
moments = st.datetimes(datetime(1992, 1, 1), datetime(2099, 12, 30), timezones=st.just(SHANGHAI))


@given(moments, st.sampled_from(ABSOLUTE))
@settings(max_examples=600)
def test_any_moment_comes_back_from_any_absolute_form(moment, writer):
    rule, precision, write = writer
    text = write(moment.replace(microsecond=0))
    assume(text)
    parsed = parse_date(text)
    assert parsed is not None
    assert (parsed.value, parsed.precision) == (cut(moment, precision), precision)
    assert parsed.rule == rule
    assert whole_date(text) == parsed
    assert parse_date(f"某网 发布时间：{text}") == parsed


@given(moments, st.sampled_from(PARTIAL), st.floats(0, 1))
@settings(max_examples=400)
def test_any_recent_moment_comes_back_from_any_partial_form(reference, writer, share):
    rule, precision, longest, write = writer
    moment = reference - longest * share
    parsed = parse_date(write(moment), reference)
    assert parsed is not None
    assert (parsed.value, parsed.precision) == (cut(moment, precision), precision)
    assert parsed.rule in {rule, "month"}  # 12/25 is both month and month_slash
    assert parsed.value <= reference


@given(moments, st.integers(1, 999), st.sampled_from(["秒", "分钟", "小时", "天", "周"]))
def test_any_age_is_counted_from_the_reference(reference, count, unit):
    step, precision = {
        "秒": (timedelta(seconds=1), "second"),
        "分钟": (timedelta(minutes=1), "minute"),
        "小时": (timedelta(hours=1), "minute"),
        "天": (timedelta(days=1), "day"),
        "周": (timedelta(weeks=1), "day"),
    }[unit]
    assume((reference - count * step).year >= 1992)
    parsed = parse_date(f"{count}{unit}前", reference)
    assert parsed is not None
    assert (parsed.value, parsed.precision) == (cut(reference - count * step, precision), precision)


# --- any text ---

PIECES = [
    *(form.example for form in FORMS),
    *(label.example for label in LABELS),
    *"0123456789一二三十廿半年月日号时点分秒周前后昨今上下本:：-/.,T+Z()（）[] \n,，。~至到个",
    *[
        "某网",
        "小时",
        "分钟",
        "星期",
        "民国",
        "元月",
        "一百",
        "上午",
        "下午",
        "晚上",
        "农历",
        "发布",
        "更新",
        "Jan",
        "PM",
        "2026",
        "25:00",
        "13月",
        "30日",
        "̀",
    ],
]
texts = st.one_of(st.text(max_size=80), st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
references = st.none() | st.datetimes(datetime(1950, 1, 1), datetime(2099, 1, 1), timezones=st.just(SHANGHAI))
PAST = {form.name for form in FORMS if form.past}


@given(texts, references)
@settings(max_examples=1500)
def test_no_text_raises_and_every_date_keeps_the_rules(text, reference):
    parsed = parse_date(text, reference)
    if whole := whole_date(text, reference):
        assert whole == parsed
    if parsed is None:
        return
    assert 1900 <= parsed.value.year <= 2100
    assert parsed.value == cut(parsed.value, parsed.precision)
    if reference is None:
        assert next(form for form in FORMS if form.name == parsed.rule).kind == "absolute"
    elif parsed.rule in PAST:
        assert parsed.value <= reference


def test_only_a_named_day_may_lie_after_the_reference():
    assert {form.name for form in FORMS if form.kind != "absolute" and not form.past} == {"named_day"}


@pytest.mark.parametrize(
    "piece",
    [*PIECES, "1天", "2026-02-03 ", "1月8日至", "发布时间", "昨天 ", "\u0316\u0300", "9-", "周一 ", "16:55 "],
)
def test_a_long_hostile_line_takes_no_longer_than_its_length(piece):
    """A tenth of a second is usual for 20 kB; a pattern that tries again and again would need minutes."""
    line = piece * (20_000 // len(piece))
    start = time.process_time()
    parse_date(line, NOW)
    whole_date(line, NOW)
    assert time.process_time() - start < 2


# --- the document ---


def test_the_document_names_every_form_and_label():
    document = (ROOT / "docs" / "dates.md").read_text(encoding="utf-8")
    for rule in (*FORMS, *LABELS):
        assert f"| `{rule.name}` | {rule.example} |" in document


@given(
    st.integers(1890, 2110), st.integers(0, 13), st.integers(0, 32), st.integers(0, 25), st.integers(0, 61)
)
def test_the_plain_way_says_what_the_grammar_says(
    year: int, month: int, day: int, hour: int, minute: int
) -> None:
    """Most pages print dates in one way, which is read without the grammar; brackets send it through."""
    date = f"{year:04}-{month:02}-{day:02}"
    for text in (date, f"{date} {hour:02}:{minute:02}", f"{date} {hour:02}:{minute:02}:{minute:02}"):
        assert parse_date(text) == parse_date(f"[{text}]")
