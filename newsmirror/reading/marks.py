"""Where an article ends: the lines that cannot be body, and the stretches between them."""

from itertools import pairwise

from newsmirror.normalise.people import names
from newsmirror.reading.body import is_prose
from newsmirror.reading.hits import MAX_VALUE, Hit
from newsmirror.reading.labels import COUNTER, MORE, RELATED_HEADING, is_removal
from newsmirror.reading.meta import MetaRow
from newsmirror.reading.origins import BODY, BODY_ABOVE_LABELS, BODY_SHORT, EDITOR_BELOW, Found
from newsmirror.reading.stream import Line, Stream

_MAX_REMOVAL = 120
_MAX_EDITOR_LINE = 60
_MAX_NAMES = 12
# A row of labels further than this from the title belongs to something else.
_MAX_DISTANCE = 60


def footer_marks(stream: Stream, hits: list[Hit], meta: MetaRow) -> set[int]:
    """Return the lines of editor, notice, snapshot time, removal notice and original, values included."""
    found = {line.index for line in stream.notices}
    row = frozenset(meta.hits)
    for hit in hits:
        if hit.opens_line and (hit.field in ("snapshot", "original") or _is_closing_editor(hit, row)):
            found.update(range(hit.line.index, hit.last + 1))
    found.update(
        [
            line.index
            for line in stream.lines
            if ("侵" in line.text or "非" in line.text)
            and len(line.text) <= _MAX_REMOVAL
            and is_removal(line.text)
        ]
    )
    return found


def _is_closing_editor(hit: Hit, row: frozenset[Hit]) -> bool:
    """Tell whether a label of the editor stands alone below a body, not in the row: 责任编辑：李四."""
    return (
        hit.field == "editor"
        and hit not in row
        and len(hit.line.text) <= _MAX_EDITOR_LINE
        and (
            hit.label.has_colon
            or hit.last > hit.line.index
            or (len(hit.value) <= _MAX_NAMES and bool(names(hit.value)))
        )
    )


def closing_editor(hits: list[Hit], meta: MetaRow, body_end: int) -> Found[str] | None:
    """Return the editor named after the body, or None."""
    is_inline = meta.is_inline
    for hit in hits:
        if (
            hit.field != "editor"
            or hit.line.index < body_end
            or not 0 < len(hit.value) <= MAX_VALUE["editor"]
        ):
            continue
        if hit.last == hit.line.index or not is_inline:
            return hit.found(EDITOR_BELOW, hit.value.strip("（）()[]【】 "))
    return None


def heads_related(stream: Stream, line: Line) -> bool:
    """Tell whether a line is the heading of a list of related articles: 相关资讯, with links after it."""
    return (
        line.only_link is None
        and RELATED_HEADING.match(line.text) is not None
        and stream.has_links(line.index + 1, line.index + 4)
    )


def body_range(stream: Stream, head: int, meta: MetaRow, footer: set[int]) -> tuple[int, int, str]:
    """Return the lines of the body, from and up to, and by which rule.

    It stands below title and labels, in the first stretch between two marks with prose.

    Further lists (related articles, 更多关于…) end the search. Labels below the body, not above it, are told
    by the prose that stands over them while none stands right under them.
    """
    # A counter may stand below the byline: 阅读：123.
    row = [hit for hit in meta.hits if not COUNTER.match(hit.line.text)]
    labels = sorted({index for hit in row for index in (hit.line.index, hit.last)})
    labels = [index for index in labels if abs(index - head) <= _MAX_DISTANCE]
    below = max([head, *labels]) + 1
    stretches = _stretches(stream, below, footer)
    if (
        labels
        and _has_prose(stream, head + 1, labels[0])
        and not (stretches and _has_prose(stream, *stretches[0]))
    ):
        return head + 1, labels[0], BODY_ABOVE_LABELS
    for first, last in stretches:
        if _has_prose(stream, first, last):
            return first, last, BODY
    # A body of few words stands at least where a body would.
    first, last = stretches[0] if stretches and stretches[0][0] == below else (below, below)
    return first, last, BODY_SHORT


def _has_prose(stream: Stream, first: int, last: int) -> bool:
    return any(is_prose(line) for line in stream.lines[first:last] if not line.box.chrome)


def _stretches(stream: Stream, start: int, footer: set[int]) -> list[tuple[int, int]]:
    """Return the stretches of lines between marks, from `start` up to the first list of further articles."""
    end = next(
        (
            line.index
            for line in stream.short
            if line.index >= start and (MORE.match(line.text) or heads_related(stream, line))
        ),
        len(stream.lines),
    )
    marks = sorted(index for index in footer if start <= index < end)
    return [(left + 1, right) for left, right in pairwise((start - 1, *marks, end)) if right > left + 1]
