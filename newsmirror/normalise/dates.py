"""Dates as Chinese news pages print them, read by a small grammar.

A line is folded once, so that the grammar knows one digit, one dash and one script. Then it is scanned once,
from left to right, for *forms* (:data:`FORMS`: what a day looks like) and *labels* (:data:`LABELS`: what a
page writes beside a day). A form may be followed by a clock. Every find is read against the calendar; of what
is left, the find that stands best (:class:`Standing`) is the date of the line.

Two rules run through everything. Wrong is worse than nothing: a string that looks like a date and is none
(13月5日, 25:00) is dropped whole, never read again as something smaller. And nothing is invented: without a
clock the precision is ``day``; without a year, or with words such as 昨天, the reference decides, and without
a reference there is no date.
"""

import re
import unicodedata
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from enum import IntEnum
from typing import Literal, NamedTuple, cast
from zoneinfo import ZoneInfo

from newsmirror.normalise.variants import TRADITIONAL

__all__ = ["FORMS", "LABELS", "Form", "Label", "ParsedDate", "Place", "Standing", "parse_date", "whole_date"]

Precision = Literal["second", "minute", "hour", "day"]

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_BEIJING = timezone(timedelta(hours=8))
_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_LONGEST_CELL = 60


@dataclass(frozen=True, slots=True)
class ParsedDate:
    """A date, how exactly it was written, and the name of the form that read it.

    ``value`` is aware and in the zone that was asked for. Every field below ``precision`` is zero, which
    means *not written*, not midnight.
    """

    value: datetime
    precision: Precision
    rule: str


class Place(IntEnum):
    """Where in a line a form is believed."""

    TEXT = 0
    """Anywhere, also inside a sentence: 2025年1月8日."""
    CELL = 1
    """With a free edge on both sides (a clock also ends it), or beside a label: 昨天, 01-08."""
    WHOLE = 2
    """Only as the whole line, with a clock, or beside a label: 9/20, 1736326500."""


class Standing(IntEnum):
    """What speaks for a date, the best first: the order in which the dates of one line are preferred."""

    PUBLISHED = 0
    """Beside 发布时间, 发表于, …"""
    NAMED = 1
    """Beside a bare 时间 or 日期, or 成文日期 and its like, where the publish date is told as well."""
    ALONE = 2
    """No label, but free edges: a date that a template printed rather than a sentence."""
    UPDATED = 3
    """Beside 更新于, 编辑于, …: the article is at least as old as this."""
    DATELINE = 4
    """鲁网1月8日讯."""
    RUNNING = 5
    """Inside a sentence."""
    OTHER = 6
    """Beside the label of another clock: 快照生成时间, 截止日期."""


# --- folding ---------------------------------------------------------------------------------------

_SIMPLIFIED = {ord(form): character for character, forms in TRADITIONAL.items() for form in forms}
_ALIKE = str.maketrans("零○◯两兩‐‑‒–−∶・•【】〔〕〖〗「」『』", "〇〇〇二二-----:··[][][][][]")
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
# Full-width forms, Kangxi radicals (PDF text: ⽉ for 月) and the squared 1月…12月, 1日…31日.
_COMPATIBLE = {
    code: unicodedata.normalize("NFKC", chr(code))
    for first, last in ((0xFF01, 0xFF5E), (0x2F00, 0x2FD5), (0x32C0, 0x32CB), (0x33E0, 0x33FE))
    for code in range(first, last + 1)
}
_FOLD = {**_COMPATIBLE, **_SIMPLIFIED, **_ALIKE, **_INVISIBLE}


def _fold(text: str) -> str:
    """One digit, one dash, one script, single spaces. By table: NFKC is quadratic on hostile marks."""
    return " ".join(text.translate(_FOLD).split())


# --- numbers ---------------------------------------------------------------------------------------

_NINE = "一二三四五六七八九"
# Never two bare numerals: 三四月 and 三五分钟前 are "three or four", "three to five".
_NUMBER = rf"(?:[0-9]{{1,2}}|[二三四五]?十[{_NINE}]?|[廿卅][{_NINE}]?|〇?[{_NINE}]|〇)"
_HAN_YEAR = rf"[〇{_NINE}]"
_DIGITS = str.maketrans(f"〇{_NINE}元", "01234567891")


def _number(text: str) -> int:
    """31, 〇八, 二〇二五, 十二, 三十一, 廿一, 一百一十四; 元, the first."""
    hundreds, hundred, below = text.rpartition("百")
    if hundred:
        return 100 * _number(hundreds or "一") + _number(below or "〇")
    tens, ten, ones = text.replace("廿", "二十").replace("卅", "三十").translate(_DIGITS).partition("十")
    return int(tens or 1) * 10 + int(ones or 0) if ten else int(tens)


def _year(text: str) -> int:
    """Two digits are read as POSIX strptime %y does: 69…99 is 19xx, 00…68 is 20xx."""
    year = _number(text)
    if len(text) > 2:
        return year
    return year + (1900 if year > 68 else 2000)


# --- the clock -------------------------------------------------------------------------------------


class Clock(NamedTuple):
    """A time of day as written; hour 24 is the end of the day, a missing zone is the zone of the page."""

    hour: int
    minute: int
    second: int
    precision: Precision
    zone: tzinfo | None


_MORNING = {hour: hour for hour in range(12)} | {12: 0}
_NOON = {10: 10, 11: 11, 12: 12, 13: 13, 14: 14, 1: 13, 2: 14}
_AFTERNOON = {hour: 12 + hour % 12 for hour in range(24)}
_EVENING = {hour: hour for hour in range(17, 25)} | {hour: 12 + hour for hour in range(4, 13)}
_MIDNIGHT = (
    {hour: hour for hour in range(6)} | {hour: 12 + hour for hour in (10, 11, 12)} | {22: 22, 23: 23, 24: 24}
)

# Each word says which written hours it may stand with and what they mean on a 24-hour clock. An hour that is
# missing (晚上2点: of which day?) makes the date unreadable. The spans follow the CLDR day periods of zh.
_PERIODS: dict[str, dict[int, int]] = {
    **dict.fromkeys(
        ["凌晨", "清晨", "早晨", "拂晓", "黎明", "早上", "早间", "上午", "午前", "早", "晨", "AM"], _MORNING
    ),
    **dict.fromkeys(["中午", "正午"], _NOON),
    **dict.fromkeys(["下午", "午后", "傍晚", "黄昏", "PM"], _AFTERNOON),
    **dict.fromkeys(["晚上", "晚间", "夜间", "夜里", "夜晚", "深夜", "晚", "夜"], _EVENING),
    **dict.fromkeys(["午夜", "半夜", "子夜"], _MIDNIGHT),
}
_DAY_HOURS = {hour: hour for hour in range(25)}

# RFC 2822, 4.3, names the American zones; the Asian ones have no second meaning in use. CST has: see _zone.
_ZONES = {
    "Z": 0,
    "UTC": 0,
    "GMT": 0,
    "北京时间": 8,
    "台北时间": 8,
    "香港时间": 8,
    "HKT": 8,
    "SGT": 8,
    "JST": 9,
    "KST": 9,
    "EDT": -4,
    "EST": -5,
    "CDT": -5,
    "MDT": -6,
    "MST": -7,
    "PDT": -7,
    "PST": -8,
}

_NAMED_BEIJING = tuple(name for name in _ZONES if not name.isascii())

_PERIOD = f"(?:{'|'.join(word for word in _PERIODS if not word.isascii())})"
_MERIDIEM = r"[AaPp]\.?[Mm]\b\.?"
_HMS = r"(?P<h>[0-9]{1,2}) ?: ?(?P<mi>[0-9]{1,2})(?: ?: ?(?P<s>[0-9]{1,2})(?:[.,][0-9]{1,9})?)?(?![0-9:])"
_ZONE = (
    rf"(?: ?\(?(?P<zone>(?:{'|'.join((*_ZONES, 'CST'))})(?![A-Za-z0-9+-])"
    r"|(?:UTC|GMT) ?[+-][0-9]{1,2}(?::?[0-9]{2})?(?![0-9])"
    # 10:00-12:00 is a span of time: a bare minus is an offset only behind seconds or a T.
    r"|(?(t)[+-]|(?(s)[+-]|\+))[0-9]{2}(?::?[0-9]{2})?(?![0-9:]))\)?)?"
)
_COLON_CLOCK = (
    rf"(?:(?P<t>T)|(?P<period>{_PERIOD}|{_MERIDIEM})? ?){_HMS} ?分?(?: ?(?P<meridiem>{_MERIDIEM}))?{_ZONE}"
)
_HAN_CLOCK = (
    rf"(?P<period>{_PERIOD})? ?(?P<h>{_NUMBER}) ?(?:点钟?(?![评赞击])|时(?![代间期尚候报]))整?"
    rf" ?(?:(?P<part>半|[一三]刻)|(?P<mi>{_NUMBER}) ?分钟?|(?P<bare>[0-9]{{2}})(?![0-9一-龥]))?"
    rf" ?(?:(?P<s>{_NUMBER}) ?秒)?"
)
_WEEKDAY = r"(?:周|星期|礼拜)[一二三四五六日天]"
_WEEKDAY_BEHIND = rf"(?:\(?{_WEEKDAY}\)?|\([一二三四五六日]\))"
# What may stand between a day and its clock. Behind a comma only 3:00 is one: 3点建议 are three suggestions.
_GAP = rf" ?{_WEEKDAY_BEHIND}? ?"
_CLOCKS = (
    re.compile(rf"{_GAP}[,|·-]? ?{_COLON_CLOCK}"),
    re.compile(rf"{_GAP}{_HAN_CLOCK}"),
)
# What may follow a day without a clock and changes nothing.
_TAIL = re.compile(rf"(?: ?{_WEEKDAY_BEHIND})?(?: ?{_PERIOD})?")
_PARTS = {"半": 30, "一刻": 15, "三刻": 45}
_OFFSET = re.compile(r"([+-])([0-9]{1,2}):?([0-9]{2})?$")


def _zone(name: str | None, tz: tzinfo) -> tzinfo | None:
    """A zone as written. Its offset is kept or the date is refused: it is never dropped."""
    if name is None:
        return None
    if name == "CST":
        # China or Central: only a page that is itself eight hours east can mean China by it.
        if tz.utcoffset(datetime(2000, 1, 1)) != timedelta(hours=8):
            raise ValueError("CST is ambiguous")
        return _BEIJING
    if offset := _OFFSET.search(name):
        hours, minutes = int(offset[2]), int(offset[3] or 0)
        if hours > 14 or minutes > 59:
            raise ValueError("no such offset")
        return timezone(timedelta(hours=hours, minutes=minutes) * (-1 if offset[1] == "-" else 1))
    return timezone(timedelta(hours=_ZONES[name]))


def _clock(hour: int, minute: str | None, second: str | None, zone: tzinfo | None) -> Clock:
    minutes, seconds = _number(minute or "0"), _number(second or "0")
    # ISO 8601 allows 24:00:00 for the end of a day and nothing after it.
    if minutes > 59 or seconds > 59 or hour > 24 or (hour == 24 and (minutes or seconds)):
        raise ValueError("no such time")
    return Clock(hour, minutes, seconds, "second" if second else "minute" if minute else "hour", zone)


def _read_clock(match: re.Match[str], tz: tzinfo) -> Clock:
    """The time in a match of one of the clocks; ValueError when there is no such time or zone."""
    part = match.groupdict()
    period = part["period"] or part.get("meridiem")
    if period and period.isascii():
        period = period.replace(".", "").upper()
    hour = (_PERIODS[period] if period else _DAY_HOURS).get(_number(part["h"]))
    if hour is None:
        raise ValueError("no such hour")
    minute = part["mi"] or part.get("bare")
    if half := part.get("part"):
        minute = str(_PARTS[half])
    return _clock(hour, minute, part["s"], _zone(part.get("zone"), tz))


# --- readings --------------------------------------------------------------------------------------

Moment = tuple[datetime, Precision]


class Setting(NamedTuple):
    """What a form is read against."""

    reference: datetime | None
    tz: tzinfo
    clock: Clock | None = None

    @property
    def now(self) -> datetime:
        """The reference; ValueError without one, which makes every form that needs it unreadable."""
        if self.reference is None:
            raise ValueError("no reference")
        return self.reference

    def at(self, day: date) -> Moment:
        """That day at the clock's time, in the zone of the page."""
        if self.clock is None:
            return datetime.combine(day, time(), self.tz), "day"
        hour, minute, second, precision, zone = self.clock
        start = datetime.combine(day, time(), zone or self.tz)
        return (start + timedelta(hours=hour, minutes=minute, seconds=second)).astimezone(self.tz), precision


Build = Callable[[re.Match[str], Setting], Iterable[Moment]]


def _months_back(day: date, months: int) -> date:
    """The same day so many months earlier, or the last of that month: 31 March goes back to 28 February."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def _full_day(match: re.Match[str], setting: Setting) -> Iterator[Moment]:
    part = match.groupdict()
    if part.get("s1") != part.get("s2"):
        raise ValueError("mixed separators")
    month = 1 + _MONTHS.index(part["mon"][:3].lower()) if "mon" in part else _number(part["m"])
    yield setting.at(date(_year(part["y"]), month, _number(part["d"])))


def _roc_day(match: re.Match[str], setting: Setting) -> Iterator[Moment]:
    part = match.groupdict()
    if part.get("s1") != part.get("s2"):
        raise ValueError("mixed separators")
    year = 1911 + _number(part.get("named") or part["y"])  # year 1 of the Republic is 1912
    yield setting.at(date(year, _number(part["m"]), _number(part["d"])))


def _year_last_day(match: re.Match[str], setting: Setting) -> Iterator[Moment]:
    first, second = int(match["a"]), int(match["b"])
    if match["s1"] != match["s2"] or (first <= 12 and second <= 12 and first != second):
        raise ValueError("day or month first: nobody can tell")
    day, month = (first, second) if first > 12 else (second, first)
    yield setting.at(date(int(match["y"]), month, day))


def _stamp(match: re.Match[str], setting: Setting) -> Iterator[Moment]:
    clock = _clock(int(match["h"]), match["mi"], match["s"], _zone(match["zone"], setting.tz))
    return _full_day(match, setting._replace(clock=clock))


def _unix(match: re.Match[str], setting: Setting) -> Iterator[Moment]:
    seconds = int(match["seconds"])
    # Ten digits may also be a telephone number (4008208888): only what a signed 32-bit clock can count.
    if seconds >= 2**31:
        raise ValueError("no such instant")
    yield datetime.fromtimestamp(seconds, setting.tz), "second"


def _month_day(match: re.Match[str], setting: Setting) -> Iterator[Moment]:
    part = match.groupdict()
    month, day, year = _number(part["m"]), _number(part["d"]), setting.now.year
    if "s1" in part and setting.clock is None and len(part["m"]) == len(part["d"]) == 1:
        raise ValueError("1/2 is as well a half, or a page of two")
    if named := part.get("year"):
        yield setting.at(date(year - _YEARS_BACK[named], month, day))
        return
    # The next leap year back is at most eight years away (1896, 1904).
    for past in range(year, year - 9, -1):
        if day <= monthrange(past, month)[1]:
            yield setting.at(date(past, month, day))


def _day_of_month(match: re.Match[str], setting: Setting) -> Iterator[Moment]:
    day, month = _number(match["d"]), setting.now.date().replace(day=1)
    if named := match["month"]:
        yield setting.at(_months_back(month, int(named[0] == "上")).replace(day=day))
        return
    # This month, or it has no such day yet; of the two before it, one has 31 days.
    for back in range(3):
        past = _months_back(month, back)
        if day <= monthrange(past.year, past.month)[1]:
            yield setting.at(past.replace(day=day))


_YEARS_BACK = {"今年": 0, "本年": 0, "去年": 1, "上年": 1, "前年": 2}
_DAYS_BACK = {"今": 0, "昨": 1, "前": 2, "大前": 3, "明": -1, "后": -2, "大后": -3}


def _named_day(match: re.Match[str], setting: Setting) -> Iterator[Moment]:
    yield setting.at(setting.now.date() - timedelta(days=_DAYS_BACK[match["back"]]))


def _weekday(match: re.Match[str], setting: Setting) -> Iterator[Moment]:
    today = setting.now.date()
    back = (today.weekday() - "一二三四五六日".index(match["day"].replace("天", "日"))) % 7
    for weeks in (0, 1):
        yield setting.at(today - timedelta(days=back, weeks=weeks))


def _weekday_of_week(match: re.Match[str], setting: Setting) -> Iterator[Moment]:
    today = setting.now.date()
    monday = today - timedelta(days=today.weekday(), weeks=match["week"].count("上"))
    yield setting.at(monday + timedelta(days="一二三四五六日".index(match["day"].replace("天", "日"))))


def _clock_alone(match: re.Match[str], setting: Setting) -> Iterator[Moment]:
    for back in (0, 1):
        yield setting.at(setting.now.date() - timedelta(days=back))


def _just_now(match: re.Match[str], setting: Setting) -> Iterator[Moment]:
    yield setting.now.replace(second=0, microsecond=0), "minute"


# Months, seconds.
_UNITS: dict[str, tuple[int, int]] = {
    "秒": (0, 1),
    "分": (0, 60),
    **dict.fromkeys(("小时", "钟头"), (0, 3600)),
    **dict.fromkeys("天日", (0, 86400)),
    **dict.fromkeys(("周", "星期", "礼拜"), (0, 7 * 86400)),
    "月": (1, 0),
    "年": (12, 0),
}
_UNIT = rf"(?:{'|'.join(_UNITS)})"
_COUNT = rf"(?:[0-9]{{1,4}}|[二三四五六七八九]?十[{_NINE}]?|[{_NINE}])"
# Half a day, week or month is said loosely; half of these is meant.
_HALVES = "(?=小时|钟头|分|年)"
_AGE = re.compile(rf"({_COUNT}|半) ?(?:个?(半){_HALVES}|个)? ?({_UNIT})")


def _ago(match: re.Match[str], setting: Setting) -> Iterator[Moment]:
    months = seconds = 0
    finest = 86400
    for count, half, unit in _AGE.findall(match["age"]):
        halves = 1 if count == "半" else 2 * _number(count) + bool(half)
        unit_months, unit_seconds = _UNITS[unit]
        months += unit_months * halves // 2
        seconds += unit_seconds * halves // 2
        finest = min(finest, unit_seconds // (2 if half or count == "半" else 1) or finest)
    day = _months_back(setting.now.date(), months)
    if finest == 86400:
        yield setting.at(day - timedelta(seconds=seconds))
        return
    # Hours are counted on a clock that daylight saving does not move. The minute of the reference is kept,
    # also for 3小时前: the site counted from its own clock, a cut to the hour would be up to an hour off.
    start = datetime.combine(day, setting.now.timetz()).astimezone(UTC)
    past = (start - timedelta(seconds=seconds)).astimezone(setting.tz)
    if finest < 60:
        yield past.replace(microsecond=0), "second"
    else:
        yield past.replace(second=0, microsecond=0), "minute"


# --- forms -----------------------------------------------------------------------------------------

Kind = Literal["absolute", "partial", "relative", "clock"]
_KINDS: tuple[Kind, ...] = ("absolute", "partial", "relative", "clock")


@dataclass(frozen=True, slots=True)
class Form:
    """One way of writing a day.

    ``pattern`` matches the day alone, in folded text; ``clock`` says whether a time of day may follow
    (``may``), makes the form (``must``) or belongs to the pattern itself (``own``). ``build`` turns a match
    into moments, the most likely first, and raises ValueError when there are none. ``past`` takes the first
    of them that is not after the reference.
    """

    name: str
    example: str
    kind: Kind
    pattern: str
    build: Build
    place: Place = Place.TEXT
    clock: Literal["may", "must", "own"] = "may"
    past: bool = False


# Nothing that makes the digits part of a longer number, a version, a host, a path or a word.
_FREE = r"(?<![0-9A-Za-z_])(?<![0-9A-Za-z_][./-])(?<![0-9]:)"
_FREE_HAN = rf"{_FREE}(?<![〇{_NINE}十百千万])"
_END = r"(?:(?=T[0-9]|[ -]?[0-9]{1,2}:)|(?![0-9A-Za-z_%]|[-/.:][0-9A-Za-z]))"
_ON = rf"(?:{_WEEKDAY}[ ,]{{0,2}})?"  # a weekday before a day is read over: it never overrides the date

_Y4, _Y3, _Y2 = r"(?P<y>[0-9]{4})", r"(?P<y>[0-9]{3})", r"(?P<y>[0-9]{2})"
_Y_HAN = rf"(?P<y>[0-9]{{4}}|[0-9]{{2}}|{_HAN_YEAR}{{4}}|{_HAN_YEAR}{{2}})"
# Two digits after 民国 are a Republic year; three digits are one with or without the word.
_TENS = rf"(?:[{_NINE}]?十[{_NINE}]?|[廿卅][{_NINE}]?)"
_COUNTED = rf"(?:一?百(?:{_TENS}|〇[{_NINE}])?|{_TENS}|[{_NINE}元])"
_Y_ROC = (
    rf"(?:(?:中华)?民国 ?(?P<named>[0-9]{{1,3}}|{_HAN_YEAR}{{2,3}}|{_COUNTED})"
    rf"|(?P<y>[0-9]{{3}}|{_HAN_YEAR}{{3}}))"
)
_S1, _S2 = r"(?P<s1>[-/.])", r"(?P<s2>[-/.])"
_M, _M2 = r"(?P<m>[0-9]{1,2})", r"(?P<m>[0-9]{2})"
_D, _D2 = r"(?P<d>[0-9]{1,2})", r"(?P<d>[0-9]{2})"
# Templates glue a clock to a day of two digits (2021-09-0910:09) and lose a 日 before one (2021年9月9 10:09).
_D_GLUED = rf"(?P<d>[0-9]{{2}}(?=[0-9]{{2}}:)|[0-9]{{1,2}}{_END})"
_MD_HAN = rf"(?P<m>{_NUMBER}|元) ?月份? ?(?P<d>{_NUMBER})(?: ?[日号]|(?= [0-9]{{1,2}}:))"
_STAMP = r"(?P<h>[0-9]{2}):?(?P<mi>[0-9]{2})(?::?(?P<s>[0-9]{2}))?"
_STAMP_ZONE = r"(?: ?(?P<zone>Z|UTC|GMT|CST|[+-][0-9]{2}:?[0-9]{2}))?"
_MONTH = (
    r"(?P<mon>(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?))\.?"
)
_DOW = r"(?:(?i:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?i:day)?[.,]{0,2} ?)?"
_D_ENGLISH = rf"{_D}(?:st|nd|rd|th)?"
_THIS_OR_LAST = "(?:本|这个?|今个|上个?)"
_DAY_OF_WEEK = r"(?:周|星期|礼拜)(?P<day>[一二三四五六日天])"
_ABOUT = "(?:(?:大?约|近|将近|超过|不到) ?)?"
_AGES = rf"(?:(?:{_COUNT} ?(?:个?半{_HALVES}|个)?|半 ?个?{_HALVES}) ?{_UNIT}钟? ?){{1,3}}"

# The order matters where two forms begin at the same place: the first one that matches has it.
FORMS: tuple[Form, ...] = (
    Form("roc_han", "民国114年5月29日", "absolute", rf"{_FREE_HAN}{_ON}{_Y_ROC} ?年 ?{_MD_HAN}", _roc_day),
    Form("year_han", "2025年1月8日", "absolute", rf"{_FREE_HAN}{_ON}{_Y_HAN} ?年 ?{_MD_HAN}", _full_day),
    Form(
        "year", "2025-01-08", "absolute", rf"{_FREE}{_ON}{_Y4} ?{_S1} ?{_M} ?{_S2} ?{_D_GLUED}日?", _full_day
    ),
    Form("roc", "114/05/29", "absolute", rf"{_FREE}{_Y3}{_S1}{_M2}{_S2}{_D2}{_END}", _roc_day, Place.CELL),
    Form(
        "short_year",
        "25-01-08",
        "absolute",
        rf"{_FREE}{_Y2}(?!\.){_S1}{_M2}{_S2}{_D2}{_END}",
        _full_day,
        Place.CELL,
    ),
    Form(
        "year_last",
        "31/12/2024",
        "absolute",
        rf"{_FREE}(?P<a>[0-9]{{1,2}}){_S1}(?P<b>[0-9]{{1,2}}){_S2}{_Y4}{_END}",
        _year_last_day,
        Place.CELL,
    ),
    Form(
        "compact_clock",
        "20250108165500",
        "absolute",
        rf"{_FREE}(?=[12]){_Y4}{_M2}{_D2}[T-]?{_STAMP}{_STAMP_ZONE}{_END}",
        _stamp,
        Place.CELL,
        "own",
    ),
    Form("compact", "20250108", "absolute", rf"{_FREE}(?=[12]){_Y4}{_M2}{_D2}{_END}", _full_day, Place.CELL),
    Form(
        "unix",
        "1736326500",
        "absolute",
        rf"{_FREE}(?P<seconds>[12][0-9]{{9}})(?:[0-9]{{3}})?{_END}",
        _unix,
        Place.WHOLE,
        "own",
    ),
    Form(
        "english_day_first",
        "8 Jan 2025",
        "absolute",
        rf"{_FREE}{_DOW}{_D_ENGLISH}[ -]{_MONTH},?[ -]{_Y4}{_END}",
        _full_day,
    ),
    Form(
        "english_stamp",
        "Wed Jan 08 16:55:00 +0800 2025",
        "absolute",
        rf"{_FREE}{_DOW}{_MONTH} {_D} {_STAMP}{_STAMP_ZONE} {_Y4}{_END}",
        _stamp,
        clock="own",
    ),
    Form(
        "english_month_first",
        "Jan 8, 2025",
        "absolute",
        rf"{_FREE}{_DOW}{_MONTH} {_D_ENGLISH},? {_Y4}{_END}",
        _full_day,
    ),
    Form(
        "month_han",
        "1月8日",
        "partial",
        rf"{_FREE_HAN}(?<!年)(?<!年 ){_ON}(?:(?P<year>{'|'.join(_YEARS_BACK)})的?)?{_MD_HAN}",
        _month_day,
        past=True,
    ),
    Form("month", "01-08", "partial", rf"{_FREE}{_M2}[-/]{_D2}{_END}", _month_day, Place.CELL, past=True),
    Form(
        "month_slash",
        "9/20",
        "partial",
        rf"{_FREE}{_M}(?P<s1>/){_D}{_END}",
        _month_day,
        Place.WHOLE,
        past=True,
    ),
    Form(
        "month_clock",
        "1-8 16:55",
        "partial",
        rf"{_FREE}{_M}[-.]{_D}(?= [0-9]{{1,2}}:[0-9]{{2}})",
        _month_day,
        Place.CELL,
        "must",
        past=True,
    ),
    Form(
        "day_han",
        "8日",
        "partial",
        rf"{_FREE_HAN}(?<![月年\]])(?<![月年] )(?P<month>{_THIS_OR_LAST}月)?"
        rf"(?P<d>{_NUMBER}) ?[日号](?![前后])",
        _day_of_month,
        Place.CELL,
        past=True,
    ),
    Form(
        "ago",
        "3分钟前",
        "relative",
        rf"{_FREE}{_ABOUT}(?P<age>{_AGES})[之以]?前",
        _ago,
        Place.CELL,
        "own",
        past=True,
    ),
    Form("just_now", "刚刚", "relative", "刚刚|刚才|几秒钟?前", _just_now, Place.CELL, "own", past=True),
    Form(
        "named_day",
        "昨天 08:30",
        "relative",
        "(?P<back>大?[前后]|[昨今明])(?:[天日]|(?=[早晚晨夜]))",
        _named_day,
        Place.CELL,
    ),
    Form(
        "weekday_of_week",
        "上周五",
        "relative",
        rf"(?P<week>上?上|本|这|今)个?{_DAY_OF_WEEK}",
        _weekday_of_week,
        Place.CELL,
        past=True,
    ),
    Form("weekday", "周三", "relative", _DAY_OF_WEEK, _weekday, Place.WHOLE, past=True),
    Form(
        "clock",
        "16:55",
        "clock",
        rf"{_FREE}(?=[0-9]{{1,2}}:[0-9]{{2}}(?![0-9])|{_PERIOD} ?{_NUMBER} ?[:点时]|{_NUMBER} ?[点时])",
        _clock_alone,
        Place.WHOLE,
        "must",
        past=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Label:
    """Words that a page writes beside a day, and what they make of it.

    Each may go on with 时间, 日期, 于 or a colon and then speaks for the day behind it; without any of these
    (发布) it may also stand behind the day.
    """

    name: str
    example: str
    pattern: str
    standing: Standing


# The order matters as in FORMS: 最后更新 before 更新, 快照生成时间 before 时间.
LABELS: tuple[Label, ...] = (
    Label(
        "published",
        "发布时间",
        "发布|发表|发稿|发文|发帖|刊发|刊登|首发|公布|发出|上传|推送|播出|出版"
        r"|\b(?i:pubdate|published|posted|publish date)\b",
        Standing.PUBLISHED,
    ),
    Label(
        "updated",
        "更新于",
        r"(?:最[后近新])?(?:更新|修改|修订|编辑)|\b(?i:last modified|last updated|modified|updated|edited)\b",
        Standing.UPDATED,
    ),
    Label(
        "other",
        "快照生成时间",
        "(?:(?:快照)?生成|快照|抓取|采集|收录|缓存|截止|截至|有效|评论|回复"
        "|活动|会议|开庭|考试|报名|出生|成立|生效|施行|实施|注册)"
        "(?=时间|日期|于| ?:)",
        Standing.OTHER,
    ),
    Label(
        "named",
        "时间",
        r"(?:成文|签发|印发|投稿|录入|创建)(?=时间|日期|于| ?:)"
        r"|(?<![一-龥])(?=时间|日期)|\b(?i:date|time)\b(?= ?:)",
        Standing.NAMED,
    ),
)

_SUFFIX = r"(?P<suffix>时间|日期|于|日(?=[ :])| on\b| at\b)? ?[为是]? ?(?P<colon>:)?"
_LABEL_BEHIND = re.compile(rf" ?\(?(?:(?:{'|'.join(label.pattern for label in LABELS)})(?![一-龥])|来自)")
_RULES: dict[str, Form | Label] = {form.name: form for form in FORMS} | {
    label.name: label for label in LABELS
}
_PATTERNS = {form.name: re.compile(form.pattern) for form in FORMS} | {
    label.name: re.compile(f"(?:{label.pattern}){_SUFFIX}") for label in LABELS
}


def _unnamed(pattern: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", pattern)


# One scan for all rules: the group that matched names the rule, whose own pattern then reads the parts. Most
# characters are in no pattern at all, so none can begin there.
_BEGINNINGS = "".join(sorted({char for rule in _RULES.values() for char in rule.pattern if char > "\x7f"}))
_TOKEN = re.compile(
    f"(?=[0-9A-Za-z{_BEGINNINGS}])(?:"
    + "|".join(f"(?P<{name}>{_unnamed(rule.pattern)})" for name, rule in _RULES.items())
    + ")"
)


# --- the line --------------------------------------------------------------------------------------

_EDGE = " :|,.·-—()[]"
_EDGES = re.compile(f"[{re.escape(_EDGE)}]*")
_GLUE = frozenset("_%$€£¥#@&+=*^~/\\-°℃")
_BESIDE = re.compile(r"[ :|\[\]()-]{0,3}")
_SPAN = re.compile(r" ?(?:--?|——?|~|至|到) ?")
_TO_CLOCK = re.compile(rf"{_SPAN.pattern}[0-9]{{1,2}}[:点时]")
_DATELINE = re.compile(r" ?\)?(?:专?电(?![一-龥])|讯|快讯|报道|消息)")
_ELSEWHERE = ("农历", "阴历", "旧历", "夏历", "当地时间")


@dataclass(slots=True)
class _Find:
    """A readable date in a line."""

    form: Form
    start: int
    end: int
    moment: Moment
    standing: Standing
    labelled: bool
    clocked: bool

    def order(self) -> tuple[int, int, bool, int]:
        """What is preferred: the standing, then a written year, then a clock, then the first."""
        return self.standing, _KINDS.index(self.form.kind), not self.clocked, self.start


class _Token(NamedTuple):
    rule: Form | Label
    match: re.Match[str]
    clock: re.Match[str] | None
    end: int


def _tokens(line: str) -> Iterator[_Token]:
    """Every form and label from left to right, none inside another."""
    position = 0
    while found := _TOKEN.search(line, position):
        # Each alternative is a named group, and what matched there matches again.
        rule = _RULES[cast(str, found.lastgroup)]
        match = cast(re.Match[str], _PATTERNS[rule.name].match(line, found.start()))
        end, clock = match.end(), None
        position = max(end, found.start() + 1)
        if isinstance(rule, Form) and rule.clock != "own":
            clock = _CLOCKS[0].match(line, end) or _CLOCKS[1].match(line, end)
            if clock is None and rule.clock == "must":
                continue
            tail = clock or _TAIL.match(line, end)
            end = position = max(position, tail.end() if tail else end)
        yield _Token(rule, match, clock, end)


def _moment(token: _Token, form: Form, setting: Setting) -> Moment | None:
    """What the token says, or None: no such day or time, or it needs a reference and there is none."""
    before = token.match.string[max(0, token.match.start() - 6) : token.match.start()].rstrip(" :")
    if before.endswith(_ELSEWHERE):
        return None
    try:
        if token.clock:
            clock = _read_clock(token.clock, setting.tz)
            if clock.zone is None and before.endswith(_NAMED_BEIJING):
                clock = clock._replace(zone=_BEIJING)
            setting = setting._replace(clock=clock)
        for moment in form.build(token.match, setting):
            if not (form.past and moment[0] > setting.now):
                return moment if _FIRST_YEAR <= moment[0].year <= _LAST_YEAR else None
    except (ValueError, OverflowError):
        return None
    return None


def _free_left(line: str, start: int) -> bool:
    return start == 0 or not (line[start - 1].isalnum() or line[start - 1] in _GLUE)


def _standing(token: _Token, form: Form) -> Standing | None:
    """How a date without a label before it stands, or None where its form is not believed."""
    line, start, end = token.match.string, token.match.start(), token.end
    day_and_clock = token.clock is not None and token.match.end() > start
    left = _free_left(line, start)
    right = end == len(line) or not (line[end].isalnum() or line[end] in _GLUE)
    if left and (right or day_and_clock or _LABEL_BEHIND.match(line, end)):
        # The right side first: it ends at once in a line of many dates, which keeps hostile lines linear.
        whole = _EDGES.fullmatch(line, end) and _EDGES.fullmatch(line, 0, start)
        return Standing.ALONE if form.place < Place.WHOLE or day_and_clock or whole else None
    if form.place < Place.WHOLE and _DATELINE.match(line, end):
        return Standing.DATELINE
    return Standing.RUNNING if form.place is Place.TEXT else None


def _read(line: str, setting: Setting) -> tuple[list[_Find], list[tuple[int, int]]]:
    """The readable dates of a folded line, and where its labels are."""
    finds: list[_Find] = []
    labels: list[tuple[int, int]] = []
    label: Standing | None = None
    label_end = day_end = -1
    for token in _tokens(line):
        start = token.match.start()
        if isinstance(token.rule, Label):
            last = finds[-1] if finds else None
            bare = not (token.match["suffix"] or token.match["colon"])
            if bare and not (start == day_end or _free_left(line, start)):
                continue  # 统计局公布…, a verb in a sentence
            if bare and line[token.end : token.end + 1].isalpha():
                continue  # …发布的报告
            labels.append((start, token.end))
            if bare and last and not last.labelled and _BESIDE.fullmatch(line, last.end, start):
                last.standing, last.labelled = token.rule.standing, True
            else:
                label, label_end = token.rule.standing, token.end
            continue
        # From … to …: neither end is the date of the line.
        span = day_end >= 0 and _SPAN.fullmatch(line, day_end, start)
        if span and finds and finds[-1].end == day_end:
            finds.pop()
        beside = label is not None and _BESIDE.fullmatch(line, label_end, start)
        standing = label if beside else _standing(token, token.rule)
        day_end, label = token.end, None
        if span or standing is None or (token.clock and _TO_CLOCK.match(line, token.end)):
            continue
        if moment := _moment(token, token.rule, setting):
            clocked = moment[1] != "day"
            finds.append(_Find(token.rule, start, token.end, moment, standing, bool(beside), clocked))
    return finds, labels


def _check(reference: datetime | None) -> None:
    if reference is not None and reference.utcoffset() is None:
        raise ValueError("the reference must be aware: a naive one does not say which day it is on the page")


def _setting(reference: datetime | None, tz: tzinfo) -> Setting:
    return Setting(None if reference is None else reference.astimezone(tz), tz)


def _best(finds: list[_Find]) -> ParsedDate | None:
    if not finds:
        return None
    best = min(finds, key=_Find.order)
    return ParsedDate(*best.moment, best.form.name)


_PLAIN = re.compile(r"(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}(?: [0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?")
_PLAIN_PRECISION: dict[int, Precision] = {10: "day", 16: "minute", 19: "second"}


def _plain(text: str, tz: tzinfo) -> ParsedDate | None:
    """The way in which most pages print their dates, read at once, to what the grammar says of it."""
    if _PLAIN.fullmatch(text) is None:
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        return None
    # `replace` would say the same, slowly.
    return ParsedDate(datetime.combine(value, value.time(), tz), _PLAIN_PRECISION[len(text)], "year")


def parse_date(text: str, reference: datetime | None = None, *, tz: tzinfo = _SHANGHAI) -> ParsedDate | None:
    """The date of a line: a meta row, a byline, a list row, a dateline, a footer.

    ``text`` is any string; nothing in it raises, and the time taken grows with its length only.
    ``reference`` is the aware moment at which the page was seen: without it, what needs one (昨天, 3分钟前,
    01-08) is None. ``tz`` is the zone of the page: a clock without a zone is in it, a clock with one is
    converted to it.

    None means that there is no date, that it is not one (2月30日, 25:00), that it could be two (03/04/2024),
    or that it lies outside the years 1900 to 2100. Where a line has several, :class:`Standing` decides.

    Raises ValueError for a naive reference, a mistake of the caller.

    The rules come from ISO 8601 (order, T, Z, offsets, 24:00), RFC 2822 (English dates and zone names), POSIX
    strptime (two-digit years), the CLDR day periods of zh (上午, 凌晨, 晚上) and, for the years of the
    Republic, 1 = 1912. ``docs/dates.md`` tells what is taken from where, and why.
    """
    _check(reference)
    if plain := _plain(text, tz):
        return plain
    finds, _ = _read(_fold(text), _setting(reference, tz))
    return _best(finds)


def whole_date(text: str, reference: datetime | None = None, *, tz: tzinfo = _SHANGHAI) -> ParsedDate | None:
    """The date that is the whole text, perhaps with a label, a weekday or brackets, and nothing else.

    It tells a date cell (发布时间：2025-01-08, [01-08], 3分钟前) from a title that mentions a day. Texts of
    more than 60 characters are None at once. Arguments, results and errors are those of :func:`parse_date`.
    """
    _check(reference)
    if len(text) > _LONGEST_CELL:
        return None
    if plain := _plain(text, tz):
        return plain
    line = _fold(text)
    # Nearly every title is turned away here, by one look at how it begins.
    if not _TOKEN.match(line, len(line) - len(line.lstrip(_EDGE))):
        return None
    finds, spans = _read(line, _setting(reference, tz))
    rest, position = "", 0
    for start, end in sorted(spans + [(find.start, find.end) for find in finds]):
        rest += line[position:start]
        position = end
    return None if (rest + line[position:]).strip(_EDGE) else _best(finds)
