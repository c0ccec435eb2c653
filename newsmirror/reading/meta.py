"""The row of labels that belongs to an article: 类别, 发布时间, 来源, and at times 作者 or 责任编辑."""

import re
from dataclasses import dataclass, field
from itertools import chain, pairwise

from newsmirror.normalise.dates import whole_date
from newsmirror.normalise.variants import both
from newsmirror.reading.date_cells import is_date, leading_date, split_date
from newsmirror.reading.hits import MAX_VALUE, Hit
from newsmirror.reading.labels import Field
from newsmirror.reading.origins import (
    DATE_BEFORE_LABEL,
    DATE_BEHIND_TITLE,
    DATE_BELOW_TITLE,
    DATE_IN_VALUE,
    DATE_NEAR_ROW,
    NO_DATE_IN_ROW,
    ROW_LABEL,
    Found,
    Origin,
)
from newsmirror.reading.stream import Line, Stream

_FIELDS = frozenset(("category", "published", "source", "author", "editor", "other", "unknown"))
# Labels this many lines from each other are one row (their values stand between).
_GAP = 3
_MAX_BETWEEN = 30
# What a row weighs that may complete one above it: two fields, or 发布时间 with a date.
_MIN_SECOND = 2
_MAX_DATE_LINE = 80
_SENTENCE_ENDS = frozenset("。；？！")
_SEPARATORS = " |｜/·-—>»›＞"
# What a page puts behind the last value: font sizes, buttons and counters.
_TOOLS = re.compile(
    both(
        r"[\[（(【]?\s*(?:大\s*中\s*小|小\s*中\s*大|A\+|A-|字体|字级|我要评论|分享|收藏|打印|列印).*$|\s*[\[（(【]\s*大?$"
        r"|\s*(?<![\d.,第])\d[\d.,]*\s?[万wW]?\+?\s?[次条人个]?\s?(?:浏览|阅读|点击|评论|访问).*$"
    )
)
_ADVERT = re.compile(both(r"^[\[【（(]?(?:广告|推广|赞助|AD)\b|^[\[【（(](?:广告|推广)"))


@dataclass(slots=True)
class MetaRow:
    """The labels of the row, and the values in it, as printed; None where the row does not say."""

    hits: list[Hit] = field(default_factory=list)
    category: Found[str] | None = None
    source: Found[str] | None = None
    editor: Found[str] | None = None
    bylines: list[Found[str]] = field(default_factory=list)
    published_raw: Found[str] | None = None

    @property
    def is_inline(self) -> bool:
        """Tell whether the row prints its values beside the labels; an empty label then has no value."""
        return any(hit.value and hit.beside for hit in self.hits)

    @property
    def first(self) -> int | None:
        """The line that the row begins on."""
        return self.hits[0].line.index if self.hits else None

    def value(self, name: Field) -> Hit | None:
        """Return the label of a field that has a value which can be one."""
        inline = self.is_inline
        for hit in self.hits:
            fits = 0 < len(hit.value) <= MAX_VALUE.get(name, 60)
            if hit.field == name and fits and (hit.beside or not inline):
                return hit
        return None


def read_meta(stream: Stream, hits: list[Hit]) -> MetaRow:
    """Choose the row of labels with the most different fields, the first of equals, and read it.

    What it lacks, a row that belongs to it may have.
    """
    rows = _find_rows(stream, hits)
    if not rows:
        return MetaRow()
    chosen = max(rows, key=_weight)
    row = _read_row(stream, chosen)
    for upper, lower in pairwise(rows):
        if chosen in (upper, lower) and _is_table_above(stream, upper, lower):
            _complete(row, _read_row(stream, lower if chosen is upper else upper))
    return row


def _find_rows(stream: Stream, hits: list[Hit]) -> list[list[Hit]]:
    """Return the rows of labels of a page; a lone editor is none, but below the body."""
    rows: list[list[Hit]] = []
    # Of the last row: the line that a field stands on.
    where: dict[Field, Line] = {}
    labelled = {hit.line.index: hit for hit in hits if hit.field in ("published", "source", "category")}
    for hit in hits:
        if hit.field not in _FIELDS or hit.line.box.chrome or _ADVERT.match(hit.line.text):
            continue
        if _is_sentence(hit.value) or (not hit.label.has_colon and not _is_bare_label(hit, labelled)):
            continue
        if rows and _continues(stream, rows[-1][-1], where, hit):
            rows[-1].append(hit)
        else:
            rows.append([hit])
            where = {}
        where[hit.field] = hit.line
    return [row for row in rows if _weight(row) >= 1]


def _read_row(stream: Stream, hits: list[Hit]) -> MetaRow:
    row = MetaRow(hits)
    stray_dates: list[Found[str]] = []
    row.category, row.source, row.editor = (
        _clean_value(row.value(name), stray_dates) for name in ("category", "source", "editor")
    )
    stray_dates += [
        hit.found(ROW_LABEL, date)
        for hit in row.hits
        if hit.field == "unknown" and (date := leading_date(hit.value))
    ]
    row.bylines = [hit.found(ROW_LABEL, hit.value) for hit in row.hits if hit.field == "author" and hit.value]
    dates = (
        hit.found(ROW_LABEL, date)
        for hit in row.hits
        if hit.field == "published" and (date := leading_date(hit.value))
    )
    row.published_raw = (
        next(chain(dates, stray_dates), None) or _unlabelled_date(stream, row) or _unreadable_date(row)
    )
    return row


def _is_table_above(stream: Stream, upper: list[Hit], lower: list[Hit]) -> bool:
    """Tell whether a row stands in a table with nothing but the headline between that and another row.

    So official pages print one above the headline and one below it. A line 时间：… that begins the body is no
    such row, nor is one in a list of linked articles.
    """
    table = upper[0].line.box.outer("table")
    if table is None or not upper[-1].last < table.end <= lower[0].line.index or _weight(lower) < _MIN_SECOND:
        return False
    between = stream.lines[table.end : lower[0].line.index]
    return (
        len(between) <= _GAP
        and not any(line.links or line.text.endswith("。") for line in between)
        and not stream.has_links(table.start, upper[0].line.index)
    )


def _complete(row: MetaRow, other: MetaRow) -> None:
    """Add to a row what it lacks and another has, and to its day the time."""
    row.hits = [*row.hits, *other.hits]
    row.category = row.category or other.category
    row.source = row.source or other.source
    row.editor = row.editor or other.editor
    row.bylines = row.bylines or other.bylines
    if other.published_raw is not None and (
        row.published_raw is None or _adds_time(row.published_raw.value, other.published_raw.value)
    ):
        row.published_raw = other.published_raw


def _adds_time(day: str, time: str) -> bool:
    """Tell whether one date is a day, and another a time on it."""
    first, second = whole_date(day), whole_date(time)
    return (
        first is not None
        and second is not None
        and first.precision == "day" != second.precision
        and first.value.date() == second.value.date()
    )


def _continues(stream: Stream, last: Hit, where: dict[Field, Line], hit: Hit) -> bool:
    """Tell whether a label belongs to a row: a new field, near, with only short lines between.

    `last`: the one that the row ends with so far; `where`: the lines that its fields stand on. A row of cells
    ends with their table.
    """
    if hit.line.index - last.last > _GAP:
        return False
    if not last.beside and last.line.box.outer("table") is not hit.line.box.outer("table"):
        return False
    between = stream.lines[last.last + 1 : hit.line.index]
    if any(len(line.text) > _MAX_BETWEEN or line.text.endswith("。") for line in between):
        return False
    return hit.field in ("other", "unknown") or where.get(hit.field, hit.line) is hit.line


def _is_sentence(value: str) -> bool:
    return not _SENTENCE_ENDS.isdisjoint(value)


def _is_bare_label(hit: Hit, labelled: dict[int, Hit]) -> bool:
    """Tell whether a word without a colon is a label.

    发布时间 before a date, or with 记者 in a cell of its own; 记者 also on one of the `labelled` lines, or as
    an item beside one whose label has no colon either.
    """
    match hit.field:
        case "published":
            return leading_date(hit.value) is not None or hit.is_plainly_time
        case "author":
            return hit.fills_cell or hit.line.index in labelled or _is_item(hit, labelled)
        case _:
            return True


def _is_item(hit: Hit, labelled: dict[int, Hit]) -> bool:
    """Tell whether a label stands in a list of labels without colons."""
    index = hit.line.index
    near = [labelled[at] for at in range(index - _GAP, index + _GAP + 1) if at in labelled]
    return hit.fills_node and any(
        hit.line.box.is_near(other.line.box) and not other.label.has_colon for other in near
    )


def _weight(row: list[Hit]) -> float:
    fields = {hit.field for hit in row if hit.value}
    dated = any(hit.field == "published" and leading_date(hit.value) for hit in row)
    # 时间 and 日期 alone may be of anything: 时间 上午九点, 地点 北码头.
    dated = dated and (len(fields) > 1 or any(len(hit.label.word) > 2 for hit in row))
    return (
        len(fields & {"category", "published", "source"}) + len(fields & {"author", "editor"}) / 2 + 2 * dated
    )


def _clean_value(hit: Hit | None, stray_dates: list[Found[str]]) -> Found[str] | None:
    """Return a value without the tools behind it; a date that stands in it goes to `stray_dates`."""
    if hit is None:
        return None
    value = re.split(r"\s*[|｜]", _TOOLS.sub("", _before_counters(hit)).strip(_SEPARATORS))[0]
    if any(character.isdigit() for character in value):
        date, value = split_date(value)
        stray_dates += [hit.found(DATE_IN_VALUE, date)] if date is not None else []
    value = value.strip(_SEPARATORS)
    return hit.found(ROW_LABEL, value) if value else None


def _before_counters(hit: Hit) -> str:
    """Return a value without the numbers behind it that stand alone, as beside the sign of an eye."""
    value = hit.value
    for piece in reversed(hit.pieces_behind):
        if not (piece.text.isdigit() and value.endswith(piece.text)):
            break
        value = value.removesuffix(piece.text).rstrip()
    return value


def _unlabelled_date(stream: Stream, row: MetaRow) -> Found[str] | None:
    """Return a date that stands in the row without a label of its own: `科技 / 2025-01-08 16:55 来源：…`."""
    opened: set[int] = set()
    for hit in row.hits:
        before = hit.line.text[: min(hit.label.start, _MAX_DATE_LINE)].strip(_SEPARATORS)
        date = leading_date(before)
        if date is None and hit.line.index not in opened and hit.label.start <= _MAX_DATE_LINE:
            date = split_date(re.split("[|｜]", before)[-1].strip())[0]
        opened.add(hit.line.index)
        if date is not None:
            index, label = hit.line.index, hit.label
            return Found(date, Origin(DATE_BEFORE_LABEL, index, index, 0, label.start, label.word))
    if row.first is None:
        return None
    near = stream.lines[max(0, row.first - 2) : row.hits[-1].last + 3]
    return next(
        (
            Found(date, Origin(DATE_NEAR_ROW, line.index, line.index))
            for line in near
            if is_date(line.text) and (date := split_date(line.text)[0])
        ),
        None,
    )


def date_behind(line: Line, end: int) -> Found[str] | None:
    """Return the date on the line of a headline that ends before the character `end`."""
    date = leading_date(line.text[end:].strip())
    return Found(date, Origin(DATE_BEHIND_TITLE, line.index, line.index, end)) if date is not None else None


def date_below(stream: Stream, head: int) -> Found[str] | None:
    """Return the date that begins a line right below the headline: `2014-02-03 15:52 | 发布者 …`."""
    for line in stream.lines[head + 1 : head + 1 + _GAP]:
        if len(line.text) <= _MAX_DATE_LINE and (date := leading_date(line.text)):
            return Found(date, Origin(DATE_BELOW_TITLE, line.index, line.index))
    return None


def _unreadable_date(row: MetaRow) -> Found[str] | None:
    """Return what is printed after 发布时间 although it is no date: it is kept as raw text."""
    hit = row.value("published")
    if hit is None or not hit.is_plainly_time:
        return None
    return hit.found(NO_DATE_IN_ROW, hit.value)
