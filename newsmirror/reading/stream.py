"""A page as a person reads it: one walk over the tree gives the lines of visible text, in order.

Everything else in this package reads these lines. No class name is looked at: what counts is where lines
break, what is linked, what is a heading, and which box a line stands in.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urljoin

from lxml import etree
from msgspec import Struct

from newsmirror.normalise.urls import http_url
from newsmirror.reading.labels import LABEL_END, Label, find_labels, is_notice, starts_with_label

BLOCK_TAGS = frozenset(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hr html li main menu nav ol option p pre section summary "
    "table tbody td tfoot th thead tr ul".split()
)
# Not text of the page: code, controls and embedded documents.
UNREAD_TAGS = frozenset(
    "audio button canvas embed iframe ins map math noscript object script select style svg template "
    "textarea title video".split()
)
HEADING_LEVEL = {f"h{level}": level for level in range(1, 7)}
CHROME_TAGS = frozenset(("nav", "aside"))
# Boxes that are more than their lines: headings, navigation, parts of tables and figures, preformatted text.
_MARKED_TAGS = CHROME_TAGS | HEADING_LEVEL.keys() | frozenset("figcaption figure pre table td th tr".split())
# What the walk does with an element; inline ones have no role.
_ROLES = {
    **dict.fromkeys(BLOCK_TAGS, "block"),
    **dict.fromkeys(_MARKED_TAGS, "marked block"),
    **dict.fromkeys(UNREAD_TAGS, "unread"),
    "br": "break",
    "a": "link",
    "img": "image",
    "amp-img": "image",
}
# Boxes whose lines are put together when they end.
_GATHERED = frozenset(("td", "th", "table", "figcaption", "figure"))

# Few elements have these: found at once, so that the walk need not ask each.
_STYLED = etree.XPath("//@hidden/.. | //@style/.. | //@align/.. | //center")
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_CENTRED_STYLE = re.compile(r"text-align\s*:\s*center", re.IGNORECASE)
# What takes no room on the screen: zero-width characters, BOM, soft hyphen, directional marks; control
# characters, with which a title could write to the terminal that shows it; and halves of characters, which
# JSON can escape and no encoding has.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ud800-\udfff\ufeff]+"
)
# Most links of a page: an absolute path, or an address that urljoin would return as it is.
_PLAIN_PATH = re.compile(r"/(?:[\w-][\w./?=&%-]*)?", re.ASCII)
_PLAIN_URL = re.compile(r"https?://[a-z0-9_.-]+(?<!\.)/[\w./?=&%-]*(?<!\?)", re.ASCII)
_HOST_END = re.compile(r"[/?#]")
_BEFORE_QUERY = re.compile(r"[^?#]*")
# The value of a choice that is an address, not a name or a number.
_IS_ADDRESS = re.compile(r"[/?]|\.[a-z]", re.IGNORECASE)
# A script that does nothing but lead to an address which it spells out.
_SCRIPTED = re.compile(
    r"\s*(?:javascript:\s*)?(?:return\s+)?(?:(?:window|self|top|parent|document|this)\.)*"
    r"(?:location(?:\.href)?\s*=(?!=)|location\.(?:assign|replace)\s*\(|open\s*\()\s*"
    r"(?P<quote>['\"])(?P<address>[^'\"<>\\\s]+)(?P=quote)\s*(?:[,;)}]|$)"
)
# Where pages put the address of an image that is loaded late; before `src`, which then is a placeholder.
_IMAGE_SOURCES = (
    "data-src",
    "data-original",
    "data-lazy-src",
    "data-lazy",
    "data-actualsrc",
    "data-url",
    "original",
    "src",
)

_PARSER = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)

# A table of data, not of layout: its cells are short.
_MAX_DATA_CELL = 60
# Under a head row: fewer may be the values of its labels.
_MIN_DATA_ROWS = 2
_MAX_SHORT = 40
_MAX_TAG = 4
# No image to read: a counter's pixel, and an emoji or an icon; in a link that may be a button.
_MAX_PIXEL = 2
_MAX_EMOJI = 32

# The structs here are never part of a cycle, so the garbage collector need not look at them: gc=False.


class Box(Struct, eq=False, gc=False):
    """A block element: the lines `start` up to `end` stand in it."""

    tag: str
    parent: "Box | None"
    start: int
    end: int = 0
    heading: int = 0
    chrome: bool = False
    is_centred: bool = False
    # Of a table without another table in it: for each row the lines of its cells.
    rows: list[list[tuple[int, int]]] | None = None
    # Of a figure: the caption that was read.
    caption: str | None = None

    def outer(self, tag: str) -> "Box | None":
        """Return the nearest box of a tag, from this one outwards."""
        box: Box | None = self
        while box is not None and box.tag != tag:
            box = box.parent
        return box

    def is_near(self, other: "Box") -> bool:
        """Tell whether two boxes are items of one list: the same box, siblings, or children of siblings."""
        mine, others = self.parent, other.parent
        return (
            self is other
            or mine is others
            or (mine is not None and others is not None and mine.parent is others.parent)
        )


class Anchor(Struct, eq=False, gc=False):
    """A link: `url` is absolute and http(s), or None for any other; `label` is its `title` attribute."""

    url: str | None
    label: str
    rel: str
    # A category in front of a row's title: [国内] 标题. It is no entry of its own.
    is_tag: bool = False


class Piece(Struct, eq=False, gc=False):
    """A text node: its normalised text starts at `start` in its line's text.

    `element`: the one around it, if places are kept.
    """

    text: str
    start: int
    anchor: Anchor | None
    element: etree._Element | None = None


class Image(Struct, eq=False, gc=False):
    """An image with its absolute address; `alt` and `caption` are None when there is none.

    `is_line`: a line break stands right behind it; `is_labelled`: an inline element with all of the text
    behind it does, in a box that is no paragraph.
    """

    url: str
    alt: str | None
    caption: str | None
    anchor: Anchor | None
    element: etree._Element | None = None
    is_line: bool = False
    is_labelled: bool = False


class Line(Struct, eq=False, gc=False):
    """A line of the page: text, or an image, or a whole table of data (rows of cells).

    `links` are its distinct links, in order; `only_link` is the one that all of its text belongs to, if any.
    """

    index: int
    box: Box
    text: str
    pieces: list[Piece]
    links: tuple[Anchor, ...] = ()
    only_link: Anchor | None = None
    image: Image | None = None
    is_table: bool = False
    # It holds the sentence that makes a page a snapshot.
    is_notice: bool = False

    @property
    def labels(self) -> list[Label]:
        """The labels on this line."""
        pieces = self.pieces
        # Parted by spaces, because a label may begin at every text node.
        parted = self.text if len(pieces) == 1 else " ".join([piece.text for piece in pieces if piece.text])
        if LABEL_END.search(parted) is None:
            return []
        linked = {
            piece.start for piece in pieces if piece.anchor is not None and piece.anchor.url is not None
        }
        return find_labels(self.text, {piece.start for piece in pieces}, linked)

    def link_texts(self) -> list[tuple[Anchor, str]]:
        """Return the links on this line, in order, each with its text."""
        links = self.links
        if not links:
            return []
        if len(links) == 1:  # most lines with links
            [link] = links
            return [(link, "".join([piece.text for piece in self.pieces if piece.anchor is link]))]
        texts: dict[Anchor, list[str]] = {link: [] for link in links}
        for piece in self.pieces:
            if piece.anchor is not None:
                texts[piece.anchor].append(piece.text)
        return [(link, "".join(parts)) for link, parts in texts.items()]


class Choice(Struct, frozen=True, gc=False):
    """A choice of a menu (`option`) whose value is an address."""

    text: str
    url: str
    is_chosen: bool


@dataclass(slots=True)
class Stream:
    """A page: its lines, and what its head says."""

    url: str
    lines: list[Line] = field(default_factory=list)
    page_title: str = ""
    meta: dict[str, str] = field(default_factory=dict)
    json_ld: list[str] = field(default_factory=list)
    # If places are kept: the elements of the scripts in `json_ld`.
    scripts: list[etree._Element] = field(default_factory=list)
    next_url: str | None = None
    # Of each menu to choose from (`select`), the choices that are addresses.
    choices: list[list[Choice]] = field(default_factory=list)
    # Those of the lines that are a notice, and those that are short enough for a heading.
    notices: list[Line] = field(default_factory=list)
    short: list[Line] = field(default_factory=list)
    # For each link in order of the page: the index of its line and the address of the page it leads to.
    link_lines: list[int] = field(default_factory=list)
    link_urls: list[str] = field(default_factory=list)
    _url_changes: list[int] = field(default_factory=list)

    def only_url(self, start: int, end: int) -> str | None:
        """Return the one address that all links of the lines `start` up to `end` have, else None."""
        first = bisect_left(self.link_lines, start)
        last = bisect_left(self.link_lines, end, first) - 1
        return self.link_urls[first] if first <= last < self._url_changes[first] else None

    def has_links(self, start: int, end: int) -> bool:
        """Tell whether any link stands in the lines `start` up to `end`."""
        first = bisect_left(self.link_lines, start)
        return first < len(self.link_lines) and self.link_lines[first] < end

    def close(self) -> None:
        """Index the lines, once all are there."""
        self.short = [line for line in self.lines if len(line.text) <= _MAX_SHORT]
        self.notices = [line for line in self.lines if "照" in line.text and is_notice(line.text)]
        for line in self.notices:
            line.is_notice = True
        for line in self.lines:
            links = line.links
            if line.image is not None and line.image.anchor is not None:
                links = (line.image.anchor,)
            elif not links:
                continue
            elif len(links) == 2 and links[0].url != links[1].url:
                links[0].is_tag = _is_tag(line)
            for anchor in links:
                if anchor.url is not None and not anchor.is_tag:
                    self.link_lines.append(line.index)
                    self.link_urls.append(anchor.url.partition("#")[0])
        urls = self.link_urls
        change = len(urls)
        self._url_changes = [change] * len(urls)
        for position in range(len(urls) - 2, -1, -1):
            if urls[position] != urls[position + 1]:
                change = position + 1
            self._url_changes[position] = change


def _is_tag(line: Line) -> bool:
    """Tell whether the first of the two links on a line is a category in front of the second."""
    (_, first), (_, second) = line.link_texts()
    if line.text[:1] in ("[", "【", "［") and line.pieces[0].start < line.text.find(first) <= 2:
        return True
    return len(first) <= _MAX_TAG and len(second) > 2 * _MAX_TAG - 2


def squeeze(text: str) -> str:
    """Collapse whitespace (also NBSP and U+3000) to single spaces and drop characters without width."""
    text = text.strip()
    # Printable text has no such characters, and no whitespace but the plain space: true of nearly every text.
    if not text.isprintable():
        text = _INVISIBLE.sub("", text)
    elif " " not in text:
        return text
    return " ".join(text.split())


def read_stream(text: str, url: str, *, places: bool = False) -> Stream:
    """Parse a page and walk its tree once; `url` is the page's address, for its relative links.

    `places`: keep the element of every text, which holds the whole tree in memory and takes a little time.
    """
    root = _parse(text)
    own = _Base(url)
    base = next(
        (
            own.absolute(element.get("href"))
            for element in root.iter("base")
            if element.get("href") is not None
        ),
        None,
    )
    links = own if base is None else _Base(base)
    stream = Stream(own.url)
    _read_head(root, links, stream, places)
    walk = _PlacedWalk if places else _Walk
    walk(links, stream.lines).run(root)
    stream.close()
    return stream


def _parse(text: str) -> etree._Element:
    """Return the root of a page's tree, without comments, so that a text which they split is whole again."""
    source = text.encode("utf-8", "replace").replace(b"\0", b"")
    root = etree.fromstring(source, _PARSER) if source.strip() else None
    return root if root is not None else etree.Element("html")


def _read_head(root: etree._Element, base: "_Base", stream: Stream, places: bool) -> None:
    menu: list[Choice] = []
    for element in root.iter("title", "meta", "link", "script", "select", "option"):
        match element.tag:
            case "title" if not stream.page_title:
                stream.page_title = squeeze(element.text or "")
            case "meta":
                name = element.get("property") or element.get("name")
                content = element.get("content")
                if name and content:
                    stream.meta.setdefault(name.lower(), squeeze(content))
            case "link" if "next" in (element.get("rel") or "").lower().split():
                stream.next_url = stream.next_url or base.absolute(element.get("href"))
            case "select":
                menu = []
            case "option" if _IS_ADDRESS.search(element.get("value") or ""):
                if (url := base.absolute(element.get("value"))) is not None:
                    if not menu:
                        stream.choices.append(menu)
                    menu.append(Choice(squeeze(element.text or ""), url, element.get("selected") is not None))
            case "script" if element.get("type", "").strip().lower() == "application/ld+json":
                stream.json_ld.append(element.text or "")
                stream.scripts += [element] if places else []


class _Base:
    """The address that the relative links of a page start from."""

    def __init__(self, url: str) -> None:
        self.url = http_url(url) or url
        scheme, _, rest = self.url.partition("://")
        self.origin = f"{scheme}://{_HOST_END.split(rest, 1)[0]}"

    def absolute(self, href: str | None) -> str | None:
        """Return the http(s) address that `href` leads to, its host in its one form, or None."""
        if not href:
            return None
        if "/." not in href:
            # Most links of a page: urljoin would do the same, slowly.
            if _PLAIN_PATH.fullmatch(href):
                return self.origin + href
            if _PLAIN_URL.fullmatch(href):
                return href
        if "\\" in href:
            # A backslash is a slash for browsers, but in a query (WHATWG URL, 4.4).
            href = _BEFORE_QUERY.sub(lambda path: path[0].replace("\\", "/"), href, count=1)
        try:
            # Browsers strip whitespace around and line ends within an address (WHATWG URL, 4.1).
            return http_url(urljoin(self.url, re.sub(r"[\t\r\n]", "", href.strip())))
        except ValueError:  # such as http://[broken
            return None


class _Walk:
    """The state of the one walk: which box and which link are open, and the line being collected.

    Each step is told its element also where it does not need it: `_PlacedWalk` does.
    """

    def __init__(self, base: _Base, lines: list[Line]) -> None:
        self.base = base
        self.lines = lines
        self.box = Box("body", None, 0)
        self.centred: set[etree._Element] = set()
        self.anchor: Anchor | None = None
        # Of each open link: the one around it, and the line and the piece that it begins with.
        self.anchors: list[tuple[Anchor | None, int, int]] = []
        self.text = ""
        self.gap = False
        self.pieces: list[Piece] = []

    def run(self, root: etree._Element) -> None:
        styled = cast(list[etree._Element], _STYLED(root))
        self.centred = set(filter(_is_centred, styled))
        hidden = [(element, element.tag) for element in styled if _is_hidden(element)]
        for element, _ in hidden:
            element.tag = "template"  # is not read, and the walk need not ask again
        siblings = iter([root])
        around = root
        # The open elements, each with its role and its siblings that are still to come.
        path: list[tuple[etree._Element, str | None, Iterator[etree._Element]]] = []
        while True:
            for element in siblings:
                tag = element.tag
                role = _ROLES.get(tag)
                if role == "block" and not len(element):
                    self._add_leaf(tag, element)
                elif role != "unread":
                    if role is not None:
                        self._open(role, element)
                    if (raw := element.text) is not None:
                        self._add_text(raw, element)
                    if len(element):
                        path.append((element, role, siblings))
                        around = element
                        siblings = iter(element)
                        break
                    if role is not None:
                        self._close(role, element)
                if (raw := element.tail) is not None:
                    self._add_text(raw, around)
            else:
                if not path:
                    break
                element, role, siblings = path.pop()
                if role is not None:
                    self._close(role, element)
                if path:
                    around = path[-1][0]
                if (raw := element.tail) is not None:
                    self._add_text(raw, around)
        self.flush()
        box: Box | None = self.box
        while box is not None:
            box.end = len(self.lines)
            box = box.parent
        for element, tag in hidden:
            element.tag = tag  # the tree is again as the page has it: places in it are told

    def _open(self, role: str, element: etree._Element) -> None:
        if role in ("block", "marked block"):
            self._open_box(element.tag, element in self.centred)
        elif role == "link":
            self.anchors.append((self.anchor, len(self.lines), len(self.pieces)))
            self.anchor = self._open_anchor(element)
        elif role == "break":
            self.flush()
            if self.lines and (image := self.lines[-1].image) is not None:
                image.is_line = True
        elif role == "image":
            self._add_image(element)

    def _close(self, role: str, element: etree._Element) -> None:
        if role in ("block", "marked block"):
            self._close_box()
        elif role == "link":
            self._close_anchor(*self.anchors.pop())

    def _add_text(self, raw: str, around: etree._Element) -> None:
        """Add a text node of an element; in preformatted text, a line end is one."""
        if self.box.tag == "pre":
            for position, part in enumerate(raw.split("\n")):
                if position:
                    self.flush()
                if part:
                    self._add_words(part)
        elif raw.isspace():
            self.gap = True
        else:
            self._add_words(raw)

    def _add_words(self, raw: str) -> None:
        text = squeeze(raw)
        if not text:
            self.gap = self.gap or not _INVISIBLE.fullmatch(raw)
            return
        if before := self.text:
            if self.gap or raw[0].isspace():
                before += " "
            self.pieces.append(Piece(text, len(before), self.anchor))
            self.text = before + text
        else:
            self.pieces.append(Piece(text, 0, self.anchor))
            self.text = text
        self.gap = raw[-1].isspace()

    def flush(self) -> None:
        """End the line."""
        if pieces := self.pieces:
            only_link = pieces[0].anchor
            links: tuple[Anchor, ...] = () if only_link is None else (only_link,)
            if len(pieces) > 1:
                anchors = dict.fromkeys([piece.anchor for piece in pieces])
                if len(anchors) > 1:
                    links, only_link = tuple(filter(None, anchors)), None
            self.lines.append(Line(len(self.lines), self.box, self.text, pieces, links, only_link))
            self.pieces = []
            self.text = ""
        self.gap = False

    def _open_box(self, tag: str, is_centred: bool) -> None:
        if self.pieces:
            self.flush()
        outer = self.box
        heading = HEADING_LEVEL.get(tag) or outer.heading
        chrome = outer.chrome or tag in CHROME_TAGS
        self.box = Box(tag, outer, len(self.lines), 0, heading, chrome, is_centred)
        if tag == "tr" and (table := outer.outer("table")) is not None and table.rows is not None:
            table.rows.append([])
        elif tag == "table":
            self.box.rows = []
            if (around := outer.outer("table")) is not None:
                around.rows = None

    def _add_leaf(self, tag: str, element: etree._Element) -> None:
        """Add a block without elements in it, as most lines of a page are: open, text and close in one."""
        if self.pieces:
            self.flush()
        if (raw := element.text) and (text := squeeze(raw)):
            start, outer, anchor = len(self.lines), self.box, self.anchor
            centred = element in self.centred
            box = Box(tag, outer, start, start + 1, outer.heading, outer.chrome, centred)
            links = () if anchor is None else (anchor,)
            self.lines.append(Line(start, box, text, [Piece(text, 0, anchor)], links, anchor))

    def _close_box(self) -> None:
        if self.pieces:
            self.flush()
        box = self.box
        box.end = len(self.lines)
        if box.tag in _GATHERED:
            self._gather(box)
        if box.parent is not None:
            self.box = box.parent

    def _gather(self, box: Box) -> None:
        """Put together what the lines of a table or a figure are parts of."""
        match box.tag:
            case "td" | "th":
                table = box.outer("table")
                if table is not None and table.rows:
                    table.rows[-1].append((box.start, box.end))
            case "table":
                self._close_table(box)
            case "figcaption":
                self._take_caption(box)
            case "figure" if box.caption is not None:
                self._caption_image(box)

    def _open_anchor(self, element: etree._Element) -> Anchor:
        title, rel = element.get("title"), element.get("rel")
        href = element.get("href")
        url = self.base.absolute(href)
        if url is None or href == "#":
            script = _SCRIPTED.match(element.get("onclick") or href or "")
            url = url if script is None else self.base.absolute(script["address"])
        return Anchor(url, squeeze(title) if title else "", rel.lower() if rel else "")

    def _close_anchor(self, outer: Anchor | None, first_line: int, first_piece: int) -> None:
        anchor = self.anchor
        self.anchor = outer
        if anchor is None or anchor.url is None:
            return
        inner = self.pieces[first_piece:]
        if len(self.lines) == first_line and anchor not in [piece.anchor for piece in inner]:
            # A link without text: a piece of its own, because a related entry may have lost its title.
            self.pieces.append(Piece("", len(self.text), anchor))

    def _add_image(self, element: etree._Element) -> None:
        largest = _MAX_PIXEL if self.anchor is not None else _MAX_EMOJI
        if any(_is_within(element.get(side), largest) for side in ("width", "height")):
            return
        for name in _IMAGE_SOURCES:
            url = self.base.absolute(element.get(name))
            if url is not None:
                break
        else:
            return
        self.flush()
        lines = self.lines
        alt = squeeze(element.get("alt") or "") or None
        is_labelled = self.box.tag != "p" and _is_labelled(element)
        image = Image(url, alt, None, self.anchor, is_labelled=is_labelled)
        lines.append(Line(len(lines), self.box, "", [], image=image))

    def _take_caption(self, box: Box) -> None:
        """Keep the caption's text for the image of its figure, which may come later."""
        figure = box.outer("figure")
        if figure is not None:
            figure.caption = " ".join(line.text for line in self.lines[box.start :]) or None
            del self.lines[box.start :]

    def _caption_image(self, figure: Box) -> None:
        lines = self.lines
        images = [line.image for line in lines[figure.start :] if line.image is not None]
        if images:
            images[-1].caption = figure.caption
        elif figure.caption is not None:
            lines.append(Line(len(lines), figure, figure.caption, [Piece(figure.caption, 0, None)]))
        figure.end = len(lines)

    def _close_table(self, table: Box) -> None:
        """Make one line of a table of data; one that lays out the page stays as it is.

        Data: at least two rows with two columns, short cells, and neither links, images, tables nor page
        labels within, but at the head of columns.
        """
        lines = self.lines
        rows = [
            [" ".join(line.text for line in lines[start:end]) for start, end in row]
            for row in table.rows or []
        ]
        rows = [row for row in rows if any(row)]
        if sum(len(row) > 1 for row in rows) < 2:
            return
        inner = lines[table.start :]
        if any(line.image is not None or line.is_table or line.links for line in inner):
            return
        cells = [cell for row in rows for cell in row]
        if max(map(len, cells)) > _MAX_DATA_CELL:
            return
        if any(map(starts_with_label, cells)) and not _are_columns(rows):
            return
        first = min(start for row in table.rows or [] for start, _ in row)
        del lines[first:]
        text = "\n".join("\t".join(row) for row in rows)
        lines.append(Line(len(lines), table, text, [Piece(text, 0, None)], is_table=True))
        table.end = len(lines)


class _PlacedWalk(_Walk):
    """A walk that keeps for every text and image the element that it stands in."""

    def __init__(self, base: _Base, lines: list[Line]) -> None:
        super().__init__(base, lines)
        self.placed = 0

    def _open(self, role: str, element: etree._Element) -> None:
        super()._open(role, element)
        self._place(element)

    def _close(self, role: str, element: etree._Element) -> None:
        super()._close(role, element)
        self._place(element)

    def _add_text(self, raw: str, around: etree._Element) -> None:
        super()._add_text(raw, around)
        self._place(around)

    def _add_leaf(self, tag: str, element: etree._Element) -> None:
        super()._add_leaf(tag, element)
        self._place(element)

    def _place(self, element: etree._Element) -> None:
        """Note the element of what is new; a table of data has taken the place of lines before."""
        lines = self.lines
        new = [line.pieces for line in lines[min(self.placed, len(lines) - 1) :]]
        for pieces in (*new, self.pieces):
            for piece in reversed(pieces):
                if piece.element is not None:
                    break  # so have those before it
                piece.element = element
        if lines and (image := lines[-1].image) is not None and image.element is None:
            image.element = element
        self.placed = len(lines)


def _are_columns(rows: list[list[str]]) -> bool:
    """Tell whether the labels in a table, 类别 or 时间, only head its columns, with several rows below."""
    head, *below = [row for row in rows if len(row) > 1]
    return (
        len(below) >= _MIN_DATA_ROWS
        and not any(":" in cell or "：" in cell for cell in head)
        and not any(starts_with_label(cell) for row in below for cell in row)
    )


def _is_within(size: str | None, largest: int) -> bool:
    """Tell whether a width or a height, as printed, is of so many pixels at the most."""
    digits = (size or "").strip().removesuffix("px")
    return len(digits) <= len(str(_MAX_EMOJI)) and digits.isdecimal() and int(digits) <= largest


def _is_labelled(image: etree._Element) -> bool:
    """Tell whether an `em`, `small` or `span` stands behind an image or its link, with no text beside it."""
    parent = image.getparent()
    element = parent if parent is not None and parent.tag == "a" and image.getnext() is None else image
    behind = element.getnext()
    return (
        behind is not None
        and behind.tag in ("em", "small", "span")
        and behind.getnext() is None
        and not any(squeeze(text or "") for text in (image.tail, element.tail, behind.tail))
    )


def _is_hidden(element: etree._Element) -> bool:
    if element.get("hidden") is not None:
        return True
    style = element.get("style")
    return style is not None and _HIDDEN_STYLE.search(style) is not None


def _is_centred(element: etree._Element) -> bool:
    return (
        element.tag == "center"
        or element.get("align", "").strip().lower() == "center"
        or _CENTRED_STYLE.search(element.get("style", "")) is not None
    )
