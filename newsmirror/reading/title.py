"""The headline of an article."""

from collections.abc import Collection, Mapping
from itertools import takewhile

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
# A heading of more lines was not closed.
_MAX_HEADING = 6
_MAX_BADGE = 4
# What parts the headline from the name of the site; nothing does, where that is not there.
_BEFORE_SITE = ("", *"_-|｜—–")
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

    Its origin says where the last of them ends if a date or a badge stands behind it: 山城下雪了<i>原创</i>.
    `anchor`: the line that the labels (or else the notice) begin on; `hints`: what the head of the page calls
    the article, and where; `taken`: lines that hold labels and their values.
    """
    best: tuple[float, Line] | None = None
    names = hints.values()
    for line in stream.lines[: anchor + _BELOW + 1]:
        if not _may_be_title(line) or line.index in taken:
            continue
        text = line.text[: _end(line, names)]
        named = max([len(text) / len(hint) for hint in names if text in hint], default=0.0)
        is_heading = line.box.heading and not is_date(line.text)
        if not (named or is_heading or _looks_like_title(line)):
            continue
        score = _score(line, named, line.index - anchor, stream.url)
        if best is None or score > best[0]:
            best = (score, line)
    if best is None:
        return None
    line = best[1]
    text = line.text[: _end(line, names)]
    naming = {where: hint for where, hint in hints.items() if text in hint}
    lines = _whole_heading(stream, line, taken, naming.values())
    rule = _RULES[bool(naming), bool(line.box.heading)]
    end = _end(lines[-1], names)
    return Found(lines, Origin(rule, lines[0].index, lines[-1].index, 0, end, ", ".join(naming)))


def _end(line: Line, names: Collection[str]) -> int | None:
    """Return where a headline ends before what its line has at the end; None: with the line.

    That is labels, dates, and a badge that the head of the page does not name behind it. A date that it names
    with the rest is a part of it: 通航定在<em>1月8日</em>.
    """
    if len(line.pieces) == 1 or any(line.text in name for name in names):
        return None
    labels = {label.start for label in line.labels}
    pieces = line.pieces[1:]
    behind = next((at for at, piece in enumerate(pieces) if piece.start in labels), len(pieces))
    while behind and is_date(pieces[behind - 1].text):
        behind -= 1
    end = len(line.text[: pieces[behind].start].rstrip()) if behind < len(pieces) else len(line.text)
    for piece in reversed(pieces[:behind]):
        headline = line.text[: piece.start].rstrip()
        if end - piece.start <= _MAX_BADGE and any(_is_called(headline, name) for name in names):
            end = len(headline)
            break
    return end if end < len(line.text) else None


def is_headline(line: Line, names: Collection[str]) -> bool:
    """Tell whether a line is plainly a headline, so no value of a button above it: 字体, 分享."""
    return line.box.heading > 0 or any(_is_called(line.text, name) for name in names)


def _is_called(headline: str, name: str) -> bool:
    """Tell whether a headline is all that the head of the page calls the article, before the site's name."""
    return headline != "" and name.startswith(headline) and name[len(headline) :].lstrip()[:1] in _BEFORE_SITE


def _whole_heading(stream: Stream, line: Line, taken: Collection[int], naming: Collection[str]) -> list[Line]:
    """Return a line with those before and after it in the same heading that hold no labels.

    `naming`: what the head of the page calls the article, where that names the line. What it leaves out does
    not stand before the line (新闻<br>…), nor in another box of the heading: one that is never closed holds
    the whole page.
    """
    if not line.box.heading:
        return [line]
    heading = line.box
    while heading.parent is not None and heading.parent.heading:
        heading = heading.parent
    is_closed = heading.end - heading.start <= _MAX_HEADING

    def is_part(other: Line) -> bool:
        if not other.text or other.index in taken:
            return False
        if any(other.text in hint for hint in naming):
            return True
        beside = other.box is line.box
        fits = beside and other.index > line.index if naming else beside or is_closed
        return fits and _may_be_title(other) and _looks_like_title(other)

    above = takewhile(is_part, reversed(stream.lines[heading.start : line.index]))
    below = takewhile(is_part, stream.lines[line.index + 1 : heading.end])
    return [*reversed([*above]), line, *below]


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
