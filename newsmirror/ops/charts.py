"""Small charts over days as inline SVG: numbers in, text out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from math import ceil, floor

_WIDTH, _HEIGHT = 560, 170
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 8, 14, 38
_FLOOR = _HEIGHT - _BOTTOM
_LEAST_DAYS = 14
# A value so many times as high as nearly all others is cut off, and said in a number.
_TOWERING = 4


@dataclass(frozen=True, slots=True)
class Span:
    """The days that a chart shows, first and last one included."""

    first: date
    last: date

    @classmethod
    def over(cls, days: Sequence[date], most: int = 366) -> "Span":
        """Return the span that ends with the last of these days: two weeks at least, `most` days at most."""
        last = max(days)
        first = max(min(days), last - timedelta(days=most - 1))
        return cls(min(first, last - timedelta(days=_LEAST_DAYS - 1)), last)

    def __contains__(self, day: date) -> bool:
        """Tell whether a day is shown."""
        return self.first <= day <= self.last

    @property
    def days(self) -> int:
        """How many days there are."""
        return (self.last - self.first).days + 1

    def place(self, day: date, width: float) -> float:
        """Return where the middle of a day is, from 0 to `width`."""
        return ((day - self.first).days + 0.5) * width / self.days


@dataclass(frozen=True, slots=True)
class Point:
    """A value of a day, and what is said of it when it is pointed at."""

    value: float
    told: str


def bars(title: str, unit: str, points: Mapping[date, Point], marks: Mapping[date, str], span: Span) -> str:
    """Return a chart with a bar for each day; `marks`: days with a cross below the axis, and why."""
    return _chart(title, unit, points, marks, span, line=False)


def line(title: str, unit: str, points: Mapping[date, Point], marks: Mapping[date, str], span: Span) -> str:
    """Return a chart with a line through the points, and with crosses as `bars` has them."""
    return _chart(title, unit, points, marks, span, line=True)


def sparkline(label: str, points: Mapping[date, float], span: Span, told: str) -> str:
    """Return a word-sized line of shares, 0 to 1; `told` is said when it is pointed at."""
    width, height = 120, 18
    places = [
        (span.place(day, width), 1.5 + (1 - share) * (height - 3))
        for day, share in sorted(points.items())
        if day in span
    ]
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    end = f'<circle class="dot" cx="{places[-1][0]:.1f}" cy="{places[-1][1]:.1f}" r="2"/>' if places else ""
    return (
        f'<svg class="spark" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">'
        f"<title>{escape(told)}</title>"
        f'<path class="grid" d="M0 1.5H{width}M0 {height - 1.5}H{width}"/>'
        f'<polyline class="line" points="{drawn}"/>{end}</svg>'
    )


def _chart(
    title: str, unit: str, points: Mapping[date, Point], marks: Mapping[date, str], span: Span, line: bool
) -> str:
    shown = {day: point for day, point in sorted(points.items()) if day in span}
    top = _nice(_ceiling([point.value for point in shown.values()]))
    parts = [*_y_axis(top), *_x_axis(span)]
    parts += _draw_line(shown, span, top) if line else _draw_bars(shown, span, top)
    parts += [*_towering(shown, span, top), *_crosses(marks, span)]
    return (
        f'<figure><figcaption>{escape(title)} <span class="unit">{escape(unit)}</span></figcaption>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(f"{title}, {unit}")}">'
        f"{''.join(parts)}</svg></figure>"
    )


def _draw_bars(points: Mapping[date, Point], span: Span, top: float) -> Iterator[str]:
    step = (_WIDTH - _LEFT - _RIGHT) / span.days
    width = min(step * 0.8 if step > 4 else step + 0.1, 22)  # thin bars make one shape
    for day, point in points.items():
        x, y = _x(day, span), _y(min(point.value, top), top)
        # A day on which nothing came differs from a day without a run.
        y = min(y, _FLOOR - 1.5)
        yield (
            f'<rect class="bar" x="{x - width / 2:.2f}" y="{y:.1f}" width="{width:.2f}" '
            f'height="{_FLOOR - y:.1f}"><title>{escape(point.told)}</title></rect>'
        )


def _draw_line(points: Mapping[date, Point], span: Span, top: float) -> Iterator[str]:
    places = [(_x(day, span), _y(min(point.value, top), top), point) for day, point in points.items()]
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in places)
    yield f'<polyline class="line" points="{drawn}"/>'
    radius = 3 if span.days <= 62 else 1.6
    for x, y, point in places:
        yield (
            f"<g><title>{escape(point.told)}</title>"
            f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>'
            f'<circle class="near" cx="{x:.1f}" cy="{y:.1f}" r="6"/></g>'
        )


def _towering(points: Mapping[date, Point], span: Span, top: float) -> Iterator[str]:
    """Say the values that were cut off, the highest where their numbers would cover each other."""
    said: list[tuple[float, Point]] = []
    for x, point in ((_x(day, span), point) for day, point in points.items() if point.value > top):
        if not said or x - said[-1][0] > 50:
            said.append((x, point))
        elif point.value > said[-1][1].value:
            said[-1] = (x, point)
    for x, point in said:
        anchor, near = ("end", x - 4) if x > _WIDTH - 60 else ("start", x + 4)
        yield (
            f'<text class="tall" x="{near:.1f}" y="{_TOP - 3}" text-anchor="{anchor}">'
            f"↑ {point.value:,.0f}<title>{escape(point.told)}</title></text>"
        )


def _crosses(marks: Mapping[date, str], span: Span) -> Iterator[str]:
    for day, told in sorted(marks.items()):
        if day in span:
            x, y = _x(day, span), _FLOOR + 7
            yield (
                f'<g class="cross"><title>{escape(told)}</title>'
                f'<path d="M{x - 3:.1f} {y - 3}l6 6m0 -6l-6 6"/>'
                f'<circle class="near" cx="{x:.1f}" cy="{y}" r="6"/></g>'
            )


def _y_axis(top: float) -> Iterator[str]:
    for value in (0, top) if top == 1 else (0, top / 2, top):
        y = _y(value, top)
        yield (
            f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>'
            f'<text x="{_LEFT - 6}" y="{y + 3.5:.1f}" text-anchor="end">{_short(value)}</text>'
        )


def _x_axis(span: Span) -> Iterator[str]:
    for day, text in _ticks(span):
        x = _x(day, span)
        yield (
            f'<path class="tick" d="M{x:.1f} {_FLOOR}v4"/>'
            f'<text x="{x:.1f}" y="{_HEIGHT - 8}" text-anchor="middle">{text}</text>'
        )


def _ticks(span: Span) -> list[tuple[date, str]]:
    """Return at most about nine days to name: the first of months, or every so many days."""
    days = [span.first + timedelta(days=number) for number in range(span.days)]
    if span.days <= 70:
        every = ceil(span.days / 7)
        return [(day, f"{day:%d %b}".lstrip("0")) for day in days[every // 2 :: every]]
    firsts = [day for day in days if day.day == 1]
    every = ceil(len(firsts) / 7)
    named = firsts[::every]
    return [(day, f"{day:%b %Y}" if day == named[0] or day.month <= every else f"{day:%b}") for day in named]


def _ceiling(values: Sequence[float]) -> float:
    """Return the highest value, or the highest of those that do not tower above nearly all."""
    if not values:
        return 1
    nearly_all = sorted(values)[floor((len(values) - 1) * 0.95)]
    return max([value for value in values if value <= nearly_all * _TOWERING] or values)


def _nice(value: float) -> float:
    """Return the next number up that is easy to read, and to halve."""
    scale = 1
    while value > 10 * scale:
        scale *= 10
    return next(step * scale for step in (1, 2, 4, 6, 8, 10) if value <= step * scale)


def _short(value: float) -> str:
    return f"{value / 1000:g}k" if value >= 10_000 else f"{value:g}"


def _x(day: date, span: Span) -> float:
    return _LEFT + span.place(day, _WIDTH - _LEFT - _RIGHT)


def _y(value: float, top: float) -> float:
    return _FLOOR - value / top * (_FLOOR - _TOP)
