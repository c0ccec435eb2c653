"""Entries of a list: a link with its title, excerpt and date, however the list is laid out.

Two kinds of layout are told apart by where the link stands. Mostly every entry has a box of its own: all
texts in the largest box around one address belong together. In flat lists (time, title, excerpt, time,
title, excerpt …) the texts between the links are dealt out by the period that repeats.
"""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from msgspec import Struct

from newsmirror.normalise.variants import both
from newsmirror.reading.date_cells import is_date, split_date
from newsmirror.reading.labels import find_labels, starts_with_label
from newsmirror.reading.stream import Box, Line, Stream

_ELLIPSIS = ("...", "…", "。。。", "‥")
# Words on links and tags that are no title and no excerpt.
_FILLER = re.compile(
    both(
        r"^[\[【(（<《>»›·•|/\-—\s]*(?:查看|点击|阅读|浏览)?(?:详细|详情|全文|更多|原文|快照|内容|阅读|查看|进入|详细内容|查看详情)?"
        r"[\]】)）>》»›·•|/\-—\s]*$|^\d{1,3}[.、]?$|^[.…‥\[\]【】]+$|^(?:置顶|热|新|图|推荐|荐|HOT|NEW|new|hot)$"
    )
)
_COUNTS = re.compile(
    both(
        r"^(?:浏览|阅读|点击|点阅|评论|人气|热度)?[:：]?\s*[\d.,]+\s*(?:万|次|人|条)?(?:浏览|阅读|点击|评论)?$"
    )
)
_LEADING_MARK = re.compile(r"^[·•●○■□◆◇▪▶►★☆※>»›|\-—]+\s*|^\d{1,2}[.、．]\s*(?=\D)")
_MIN_BESIDE_DATE = 20
_MAX_FILLER = 20
_MAX_LONE_TITLE = 60


@dataclass(slots=True)
class Entry:
    """One entry, as printed; `line` is where its first text stands."""

    url: str
    title: str | None
    excerpt: str | None
    published_raw: str | None
    line: int


class _Cell(Struct, eq=False, gc=False):
    """Texts of one line with the same link: the smallest unit of an entry."""

    text: str
    url: str | None
    line: Line
    label: str
    # Whose text it is, if that is clear, and the box of the whole list.
    owner: str | None
    region: Box | None
    # The first text node of several: the rank of an entry may stand there.
    lead: str = ""

    @property
    def kind(self) -> str:
        """L for a link, D for a date, T for other text."""
        if self.url is not None:
            return "L"
        return "D" if is_date(self.text) else "T"


# The cells of one entry.
_Group = list[_Cell]


def read_entries(stream: Stream, start: int, end: int) -> list[Entry]:
    """Return the entries in the lines `start` up to `end`, in order, each address once."""
    owners = _Owners(stream, start, end)
    cells = [cell for line in stream.lines[start:end] for cell in _cells(line, *owners.of(line))]
    entries: dict[str, Entry] = {}
    for _, region in groupby(cells, key=attrgetter("region")):
        for group in _groups(_without_ranks(list(region))):
            entry = _entry(group)
            if entry is None:
                continue
            known = entries.get(entry.url)
            if known is None or (known.title is None and entry.title is not None and known.excerpt is None):
                entries[entry.url] = entry
    return list(entries.values())


def behind_more(stream: Stream, start: int) -> int:
    """Return the first line from `start` on that is not the link 更多 beside a heading."""
    lines = stream.lines
    while start < len(lines) and lines[start].only_link is not None and _is_filler(lines[start].text):
        start += 1
    return start


def _without_ranks(cells: list[_Cell]) -> list[_Cell]:
    """Take 1, 2, 3 … off titles that begin with their rank."""
    linked = [cell for cell in cells if cell.url is not None and cell.text]
    if len(linked) > 1 and all(cell.lead == str(rank) for rank, cell in enumerate(linked, 1)):
        for cell in linked:
            cell.text = cell.text[len(cell.lead) :].strip()
    return cells


def _cells(line: Line, owner: str | None, region: Box | None) -> list[_Cell]:
    """Return the cells of a line; `owner` is whose text it is where it is not linked."""
    if line.image is not None:
        anchor = line.image.anchor
        if anchor is None or anchor.url is None:
            return []
        url = _page(anchor.url)
        return [_Cell("", url, line, "", url, region)]
    cells: list[_Cell] = []
    previous: object = line  # no piece has this as its link
    for piece in line.pieces:
        anchor = piece.anchor
        if anchor is not None and anchor.is_tag:
            continue
        text = piece.text.strip()
        begins = anchor is not previous or is_date(text) or _is_excerpt(text)
        if not begins and not is_date(cells[-1].text):
            cells[-1].lead = cells[-1].lead or cells[-1].text
            gap = " " if line.text[piece.start - 1 : piece.start] == " " else ""
            cells[-1].text = (cells[-1].text + gap + text).rstrip()
        elif anchor is None or anchor.url is None:
            cells.append(_Cell(text, None, line, anchor.label if anchor else "", owner, region))
        else:
            url = _page(anchor.url)
            cells.append(_Cell(text, url, line, anchor.label, url, region))
        previous = anchor
    return [cell for cell in cells if cell.url is not None or (cell.text and not _is_filler(cell.text))]


def _page(url: str) -> str:
    """Return the address of the page: 1.html#comments is 1.html."""
    return url.partition("#")[0]


class _Owners:
    """Whose text a cell is: the address of the largest box around it that has a single one."""

    def __init__(self, stream: Stream, start: int, end: int) -> None:
        self.stream, self.start, self.end = stream, start, end
        self.known: dict[Box, tuple[str | None, Box | None]] = {}

    def of(self, line: Line) -> tuple[str | None, Box | None]:
        """Return that address, if it is clear, and the box of the whole list, the one around."""
        owner, region = self.known.get(line.box) or self._climb(line.box)
        if len(line.links) > 1 and len({_page(anchor.url or "") for anchor in line.links}) > 1:
            return None, region
        return owner, region

    def _climb(self, box: Box | None) -> tuple[str | None, Box | None]:
        """Go out to the first box that is known, or that ends the way; then tell all boxes on the way."""
        way: list[tuple[Box, str | None]] = []
        owner: str | None = None
        region: Box | None = None
        while box is not None and box.start >= self.start and box.end <= self.end:
            if (known := self.known.get(box)) is not None:
                owner, region = known
                break
            only = self.stream.only_url(box.start, box.end)
            if only is None and self.stream.has_links(box.start, box.end):
                region = box
                self.known[box] = None, region
                break
            way.append((box, only))
            box = box.parent
        for inner, only in reversed(way):
            owner = only if owner is None else owner
            self.known[inner] = owner, region
        return owner, region


def _groups(cells: list[_Cell]) -> list[_Group]:
    """Deal the cells out to entries."""
    units: list[_Group] = []
    for cell in cells:
        if units and cell.owner is not None and units[-1][-1].owner == cell.owner:
            units[-1].append(cell)
        else:
            units.append([cell])
    if all(unit[0].owner is not None for unit in units):
        return units
    # A flat list: its entries all begin with the same kind of text. Take the kind that makes them most alike.
    kinds = dict.fromkeys("L" if _url(unit) is not None else unit[0].kind for unit in units)
    return max((_deal(units, kind) for kind in kinds), key=_likeness)


def _url(group: _Group) -> str | None:
    return next((cell.url for cell in group if cell.url is not None), None)


def _deal(units: list[_Group], opening: str) -> list[_Group]:
    groups: list[_Group] = []
    known: str | None = None  # the address of the last group
    for unit in units:
        url = _url(unit)
        if not groups or (
            known is not None and (url is not None or unit[0].kind == opening) and url != known
        ):
            groups.append(list(unit))
            known = url
        else:
            groups[-1].extend(unit)
            known = known or url
    return groups


def _likeness(groups: list[_Group]) -> float:
    """Return which share of the entries has the most common sequence of kinds."""
    shapes = Counter(tuple(cell.kind for cell in group) for group in groups)
    return shapes.most_common(1)[0][1] / len(groups) if groups else 0.0


def _entry(cells: _Group) -> Entry | None:
    urls = [cell.url for cell in cells if cell.url is not None]
    texts = [cell.text for cell in cells if cell.url is not None]
    if not urls or any(map(str.isdigit, texts)):
        return None  # no link, or the number of a page
    split = [(cell, *split_date(cell.text)) for cell in cells]
    dated = {cell.line for cell, day, _ in split if day} if any(texts) else set()
    date: str | None = None
    linked: list[_Cell] = []
    plain: list[_Cell] = []
    for cell, day, rest in split:
        text = cell.text
        if date is None and (cell.url is None or len(cells) > 1):
            date, text = day, rest
        if not text or not (text := _clean(text)):
            continue
        if date is None and cell.url is None:
            date, text = _labelled_date(text)
        if not text or _is_filler(text) or _COUNTS.match(text):
            continue
        if cell.url is None and cell.line in dated and len(text) < _MIN_BESIDE_DATE and not _is_excerpt(text):
            continue  # the source, printed beside the date
        cell.text = text
        if cell.url is not None:
            linked.append(cell)
        elif not starts_with_label(text):
            plain.append(cell)
    title_cell = _title_cell(linked, plain)
    title = None if title_cell is None else _full_title(title_cell)
    others = [cell.text for cell in (*linked, *plain) if cell is not title_cell]
    return Entry(urls[0], title, _excerpt(others), date, cells[0].line.index)


def _clean(text: str) -> str:
    mark = _LEADING_MARK.match(text)
    return text[mark.end() :].strip() if mark else text


def _is_filler(text: str) -> bool:
    return len(text) <= _MAX_FILLER and _FILLER.match(text) is not None


def _labelled_date(text: str) -> tuple[str | None, str]:
    """Take the date out of `来源：山城晚报 发布时间：2025-01-08`; a row of labels gives nothing else."""
    labels = find_labels(text)
    for label in labels:
        if label.field == "published" and (date := split_date(label.value)[0]):
            return date, text[: labels[0].start].strip()
    return None, text


def _is_excerpt(text: str) -> bool:
    return text.startswith(_ELLIPSIS)


def _title_cell(linked: list[_Cell], plain: list[_Cell]) -> _Cell | None:
    candidates = [cell for cell in linked if not _is_excerpt(cell.text)] or [
        cell for cell in plain if not _is_excerpt(cell.text) and len(cell.text) <= _MAX_LONE_TITLE
    ]
    for cell in candidates:
        if cell.line.box.heading:
            return cell
    return candidates[0] if candidates else None


def _full_title(cell: _Cell) -> str:
    """Return the title; one that the list cut short is completed from the link's own `title`."""
    stem = cell.text.rstrip(".…‥ ")
    if stem != cell.text and cell.label.startswith(stem):
        return cell.label
    return cell.text


def _excerpt(texts: list[str]) -> str | None:
    for text in texts:
        if _is_excerpt(text):
            return text
    longest = max(texts, key=len, default="")
    return longest if len(longest) >= 10 else None
