"""The labels on a page with the values printed for them, on the same line or on the next."""

import re
from bisect import bisect_left
from operator import attrgetter
from urllib.parse import urlsplit

from msgspec import Struct

from newsmirror.reading.date_cells import leading_date
from newsmirror.reading.labels import Field, Label
from newsmirror.reading.origins import Found, Origin, Value
from newsmirror.reading.stream import Anchor, Box, Line, Piece, Stream

# Characters that a value may have; a longer one is no value but a sentence.
MAX_VALUE: dict[Field, int] = {"category": 20, "source": 50, "author": 60, "editor": 40}
# A host without a scheme is looked for only where one can begin, so that the search is linear.
ADDRESS = re.compile(
    r"(?:https?://|www\.|(?<![\w-])(?<![\w-]\.)(?:[\w-]+\.)+[a-z]{2,}/)[^\s<>\"，。；、（）()【】]*",
    re.IGNORECASE,
)
_TIME_BEFORE_SENTENCE = re.compile(r".{6,30}?:\d\d(?=[一-鿿])")
_MAX_LABEL_LINE = 400
_MAX_BARE_LINE = 40
_MAX_LINK_WORD = 8
_MAX_VALUE_LINE = 60
_MAX_COLUMNS = 8


class Hit(Struct, eq=False, gc=False):
    """A label on a line, and its value, which ends on the line `last`; `anchor` is the link in the value.

    `beyond`: of a value on the next line, before which character of it that ends; `beside`: whether it is
    printed on the line of its label, as a browser shows it.
    """

    line: Line
    label: Label
    field: Field
    value: str
    last: int
    beyond: int | None = None
    anchor: Anchor | None = None
    beside: bool = True

    @property
    def opens_line(self) -> bool:
        """Tell whether the label is the first thing on its line."""
        return self.label.start == 0

    @property
    def fills_cell(self) -> bool:
        """Tell whether the label stands alone in a cell: there it is one also without a colon."""
        return self.line.box.tag in ("th", "td", "dt") and self.opens_line and not self.label.value

    @property
    def fills_node(self) -> bool:
        """Tell whether the label is all of the text node that begins its line."""
        return self.opens_line and len(self.line.pieces[0].text) <= self.label.value_start

    @property
    def is_plainly_time(self) -> bool:
        """Tell whether what it says is a time, also if it is no date: 时间 and 日期 may be of anything."""
        return len(self.label.word) > 2 and (self.label.has_colon or self.fills_cell)

    @property
    def pieces_behind(self) -> list[Piece]:
        """The text nodes in the value but the first."""
        return _within(self.line, self.label.value_start + 1, self.label.value_end)

    def found(self, rule: str, value: Value) -> Found[Value]:
        """Return a value that was read out of this one, with its origin."""
        label, end = self.label, self.beyond
        if end is None:
            end = self.line.text.find(self.value, label.value_start) + len(self.value)
        return Found(value, Origin(rule, self.line.index, self.last, label.start, end, label.word))


def find_hits(stream: Stream) -> list[Hit]:
    """Return the labels of a page, in order."""
    hits = []
    for line in stream.lines:
        text = line.text
        if len(text) > _MAX_BARE_LINE and not (":" in text or "：" in text or "快照" in text):
            continue  # a sentence: most lines of most pages
        if line.is_table or (len(text) > _MAX_LABEL_LINE and "快照" not in text):
            continue
        labels = line.labels
        for label in labels:
            value = _before_sentence(label.value) if label.field == "snapshot" else label.value
            hit = Hit(line, label, label.field, value, line.index)
            if label.value:
                hit.anchor = _anchor_within(line, label.value_start, label.value_end)
                hit.value = _before_links(line, label, value)
            elif label is labels[-1]:
                _take_next_line(stream, hit)
            hits.append(hit)
    return hits


def _anchor_within(line: Line, start: int, end: int) -> Anchor | None:
    return next((piece.anchor for piece in _within(line, start, end) if piece.anchor is not None), None)


def _within(line: Line, start: int, end: int) -> list[Piece]:
    """Return the text nodes of a line that begin between two characters of it."""
    first, last = (bisect_left(line.pieces, edge, key=attrgetter("start")) for edge in (start, end))
    return line.pieces[first:last]


def _before_links(line: Line, label: Label, value: str) -> str:
    """Return a value without the links behind it, parted by a space or a bar: `社会 [我有话说]`."""
    near = min(label.value_end, label.value_start + _MAX_LABEL_LINE)
    for piece in _within(line, label.value_start + 1, near):
        if piece.anchor is None:
            continue
        before = line.text[label.value_start : piece.start]
        if before.strip() in ("|", "｜"):
            return ""
        if before.strip(" |｜/·") and before[-1] in " |｜/·":
            return before.strip(" |｜/·;；,，")
    return value


def _before_sentence(value: str) -> str:
    """Return a snapshot time without the sentence right behind it: `2025-01-08 21:45:02本站信息…`."""
    time = _TIME_BEFORE_SENTENCE.match(value)
    return time[0] if time else value


def _take_next_line(stream: Stream, hit: Hit) -> None:
    """Give a label that stands alone the value on the next line or below, if that is plainly its value."""
    behind_logo = _line_behind_logo(stream, hit)
    plain = behind_logo or _line_below(stream, hit.line)
    line = plain or next(iter(stream.lines[hit.line.index + 1 : hit.line.index + 2]), None)
    if line is None or not line.text:
        return
    labels = line.labels
    if labels and labels[0].start == 0:
        return
    value = (line.text[: labels[0].start] if labels else line.text).strip(" |｜")
    if hit.field == "original":
        accepted = _looks_like_original(line)
    else:
        # A sentence is no value, even if it breaks off at a label: 本报2月18日讯（记者 …
        short = len(value) <= MAX_VALUE.get(hit.field, 20) and len(line.text) <= _MAX_VALUE_LINE
        accepted = short and (line is plain or _are_paired(hit.line.box, line.box))
        if hit.field in ("published", "snapshot"):
            accepted = leading_date(value) is not None or (accepted and hit.is_plainly_time)
    if accepted:
        hit.value, hit.last, hit.beyond = value, line.index, line.text.find(value) + len(value)
        hit.anchor = _anchor_within(line, 0, len(line.text) + 1)
        hit.beside = line is behind_logo


def _line_behind_logo(stream: Stream, hit: Hit) -> Line | None:
    """Return the line behind an image right behind 来源：, if it ends the box of all three."""
    match stream.lines[hit.line.index + 1 : hit.line.index + 3]:
        case [logo, line] if hit.field == "source" and logo.image is not None and "。" not in line.text:
            is_one_row = logo.box is line.box is hit.line.box and line.box.end == line.index + 1
            return line if is_one_row else None
    return None


def _line_below(stream: Stream, line: Line) -> Line | None:
    """Return the line in the cell below, if all cells of a line's row are labels and the next has as many."""
    row = line.box.outer("tr")
    width = row.end - row.start if row is not None else 0
    if row is None or not 1 < width <= _MAX_COLUMNS or row.end == len(stream.lines):
        return None
    below = stream.lines[row.end].box.outer("tr")
    if below is None or (below.start, below.end) != (row.end, row.end + width):
        return None
    if any([label.value for label in head.labels] != [""] for head in stream.lines[row.start : row.end]):
        return None
    return stream.lines[line.index + width]


def _are_paired(label: Box, value: Box) -> bool:
    """Tell whether two boxes are the label and the value of one row: dt and dd, cells, or siblings."""
    if label.tag in ("dt", "th", "td"):
        return value.tag in ("dd", "td") and label.outer("tr") is value.outer("tr")
    return label is not value and label.is_near(value)


def _looks_like_original(line: Line) -> bool:
    if ADDRESS.match(line.text):
        return True
    anchor = line.only_link
    if anchor is None or anchor.url is None:
        return False
    # 查看原文, or a redirector of the site; the title of a related entry is neither.
    return len(line.text) <= _MAX_LINK_WORD or "http" in urlsplit(anchor.url).query.lower()
