"""The headline of an article."""

from collections.abc import Collection, Mapping

from newsmirror.reading.date_cells import is_date
from newsmirror.reading.labels import FURNITURE
from newsmirror.reading.origins import (
    TITLE_HEADING,
    TITLE_LINE,
    TITLE_NAMED_HEADING,
    TITLE_NAMED_LINE,
    Found,
    Origin,
)
from newsmirror.reading.stream import Line, Stream

_MAX_TITLE = 150
_LONGEST_PLAIN = 60
# How far below the row of labels a headline can stand, in lines.
_BELOW = 12
# By whether the line is named in the head of the page, and whether it is a heading.
_RULES = {
    (True, True): TITLE_NAMED_HEADING,
    (True, False): TITLE_NAMED_LINE,
    (False, True): TITLE_HEADING,
    (False, False): TITLE_LINE,
}


def find_title(
    stream: Stream, anchor: int, hints: Mapping[str, str], taken: Collection[int]
) -> Found[list[Line]] | None:
    """Return the lines of the headline (several where its heading is broken), or None.

    `anchor`: the line that the labels (or else the notice) begin on; `hints`: what the head of the page calls
    the article, and where; `taken`: lines that hold labels and their values.
    """
    best: tuple[float, Line] | None = None
    names = hints.values()
    for line in stream.lines[: anchor + _BELOW + 1]:
        if not _may_be_title(line) or line.index in taken:
            continue
        named = max([len(line.text) / len(hint) for hint in names if line.text in hint], default=0.0)
        if not named and not line.box.heading and not _looks_like_title(line):
            continue
        score = _score(line, named, line.index - anchor, stream.url)
        if best is None or score > best[0]:
            best = (score, line)
    if best is None:
        return None
    line = best[1]
    lines = _whole_heading(stream, line, taken, names)
    named_in = ", ".join([where for where, hint in hints.items() if line.text in hint])
    rule = _RULES[bool(named_in), bool(line.box.heading)]
    return Found(lines, Origin(rule, lines[0].index, lines[-1].index, word=named_in))


def _whole_heading(stream: Stream, line: Line, taken: Collection[int], hints: Collection[str]) -> list[Line]:
    """Return a line with those before and after it in the same heading that hold no labels.

    What the head of the page leaves out when it names the line does not stand before it: 新闻<br>….
    """
    if not line.box.heading:
        return [line]
    naming = [hint for hint in hints if line.text in hint]
    lines = [line]
    for before in reversed(stream.lines[line.box.start : line.index]):
        is_named = not naming or any(before.text in hint for hint in naming)
        if before.box is not line.box or before.index in taken or not before.text or not is_named:
            break
        lines.insert(0, before)
    for following in stream.lines[line.index + 1 : line.box.end]:
        if following.index in taken or not following.text:
            break
        lines.append(following)
    return lines


def _may_be_title(line: Line) -> bool:
    return (
        2 <= len(line.text) <= _MAX_TITLE and not line.is_table and not line.box.chrome and not line.is_notice
    )


def _looks_like_title(line: Line) -> bool:
    return not (
        len(line.text) > _LONGEST_PLAIN
        or line.text.endswith(("。", "；"))
        or is_date(line.text)
        or FURNITURE.match(line.text)
    )


def _score(line: Line, named: float, distance: int, page_url: str) -> float:
    """Weigh what speaks for a line: its share of the page's own title, then its rank, then how near it is."""
    score = 8 * named - min(abs(distance), 20) / 4
    if line.box.heading:
        score += 1.5 * max(0, 4 - line.box.heading)
    if distance > 0:
        score -= 1
    if line.only_link is not None and line.only_link.url != page_url:
        score -= 3
    return score
