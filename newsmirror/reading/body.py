"""The body of an article: which lines between its title and its footer belong to it, as blocks."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from newsmirror.items import Block
from newsmirror.normalise.people import closing_byline, has_dateline, is_byline, opening_byline
from newsmirror.normalise.variants import both
from newsmirror.reading.captions import caption_text, find_captions
from newsmirror.reading.date_cells import is_date
from newsmirror.reading.labels import CALL, COUNTER, EDGE, FURNITURE, OTHER_HEADING, RELATED_HEADING
from newsmirror.reading.origins import (
    BYLINE_ALONE,
    BYLINE_AT_END,
    BYLINE_DATELINE,
    EDITOR_AT_END,
    Found,
    Origin,
)
from newsmirror.reading.stream import Box, Image, Line, Stream

_IMAGE_FILE = re.compile(r"\.(?:jpe?g|png|gif|webp|bmp|avif)$", re.IGNORECASE)
# What `alt` holds where nobody described the image: the name of a file, or a word for any image.
_NO_DESCRIPTION = re.compile(
    rf"(?=[^\d_]*[\d_])[!-~]+|.*{_IMAGE_FILE.pattern}|"
    + both(
        r"(?:图[片像]?|照片|[插配题头]图|封面图?|(?:微信|QQ|屏幕)?(?:图片|截图)|未命名|未标题|image|img|photo|picture)"
        r"[\s\d_（(#-]*[）)]?|"
        r"(?:图片)?(?:正在)?加载中?[.…。]*|loading[.…]*|点击(?:查?看)?(?:原|大)图|(?:在这里插入|请添加)图片描述|"
        r"undefined|null"
    ),
    re.IGNORECASE,
)
_NAME_SEPARATOR = re.compile(r"[_|｜—–-]+")
_EDITOR_AT_END = re.compile(
    both(
        r"\s*[（(\[【]\s*(?:本文|网络|值班)?(?:责任编辑|责\s?编|编\s?辑)"
        # Without a colon only before names.
        r"(?:\s?[:：]\s?|\s(?=[一-鿿·\s]{2,12}[）)\]】]))(?P<editor>[^（）()\[\]【】]{1,30})[）)\]】]\s*$"
    )
)
_CLOSING = ("）", ")", "]", "】")
_CODE = re.compile(both("二维码|扫码|扫一扫|公众号|小程序"))
_SHARE = re.compile(both("分享|转发|收藏"))
_MAX_FURNITURE = 40
_MIN_PROSE = 15
_MAX_BUTTON = 4
_MAX_COUNTER = 12
_MAX_ROW_HEAD = 6
# A summary, a heading or a rule may stand above the paragraph with the dateline.
_MAX_OPENING = 3


@dataclass(slots=True)
class Body:
    """The blocks of a body, which `lines` they are, and who is named in it or stood alone at its ends."""

    blocks: list[Block]
    lines: list[Line]
    bylines: list[Found[str]]
    editor: Found[str] | None

    def found(self, rule: str) -> Found[list[Block]] | None:
        """Return the blocks, taken by a rule, or None if there are none."""
        if not self.blocks:
            return None
        return Found(self.blocks, Origin(rule, self.lines[0].index, self.lines[-1].index))


def read_body(stream: Stream, start: int, end: int, title: str) -> Body:
    """Read the body in the lines `start` up to `end`.

    Left out: navigation, links that stand alone (adverts, hot lists) with their headings and dates, share
    bars, counters, and bylines and the page's own tools before the first and after the last paragraph.
    """
    lines = _without_furniture(stream, start, end)
    bylines: list[Found[str]] = []
    while lines and lines[0].image is None:
        first = lines[0]
        if is_byline(first.text):
            bylines.append(_byline(BYLINE_ALONE, first, first.text))
        elif not (_repeats(first.text, title) or EDGE.match(first.text)):
            break
        lines.pop(0)
    at_end: list[Found[str]] = []
    while lines:
        last = lines[-1]
        if len(lines) > 1 and last.text and last.text[0] not in ("（", "(") and is_byline(last.text):
            at_end.append(_byline(BYLINE_ALONE, last, last.text))
        elif not _is_trailing(stream, last, end):
            break
        lines.pop()
    bylines += reversed(at_end)
    closings = {line: match for line in lines if (match := _closing_editor(line)) is not None}
    captions = find_captions(stream, [line for line in lines if line not in closings])
    below = set(captions.values())
    site_names = _site_names(stream)
    editor = None
    blocks: list[tuple[Line, Block]] = []
    for line in lines:
        text = line.text
        if (match := closings.get(line)) is not None:
            at = Origin(EDITOR_AT_END, line.index, line.index, match.start(), match.end())
            editor = Found(match["editor"].strip(), at)
            text = text[: match.start()]
        if line.image is not None:
            caption = captions.get(line)
            told = caption_text(caption) if caption is not None else _description(line.image, site_names)
            blocks.append((line, Block("image", None, None, line.image.url, line.image.caption or told)))
        elif text and line not in below:
            blocks.append((line, _block(line, text)))
    paragraphs = [(line, block.text) for line, block in blocks if block.type == "paragraph" and block.text]
    for line, text in paragraphs[:_MAX_OPENING]:
        if (byline := opening_byline(text)) is not None:
            bylines.append(_byline(BYLINE_DATELINE, line, byline))
        if byline is not None or has_dateline(text):
            break
    for line, text in paragraphs[-1:]:
        if (byline := closing_byline(text)) is not None:
            bylines.append(_byline(BYLINE_AT_END, line, byline))
    read = below.union(line for line, _ in blocks)
    return Body([block for _, block in blocks], [line for line in lines if line in read], bylines, editor)


def _closing_editor(line: Line) -> re.Match[str] | None:
    return _EDITOR_AT_END.search(line.text) if line.text.endswith(_CLOSING) else None


def _byline(rule: str, line: Line, text: str) -> Found[str]:
    start = line.text.find(text) if rule != BYLINE_AT_END else line.text.rfind(text)
    return Found(text, Origin(rule, line.index, line.index, start, start + len(text)))


def body_text(blocks: list[Block]) -> str | None:
    """Return the texts of paragraphs, headings and tables, joined by line feeds, or None without any."""
    return "\n".join([block.text for block in blocks if block.text is not None]) or None


def is_prose(line: Line) -> bool:
    """Tell whether a line looks like a part of an article: text that is no link, or an image."""
    if line.image is not None or line.is_table:
        return True
    if line.text.startswith(("...", "…")):
        return False  # the excerpt of another article
    unlinked = sum(len(piece.text) for piece in line.pieces if piece.anchor is None)
    return unlinked >= _MIN_PROSE and not (
        FURNITURE.match(line.text) or COUNTER.match(line.text) or is_date(line.text)
    )


def _block(line: Line, text: str) -> Block:
    if line.is_table:
        return Block("table", None, text, None, None)
    if line.box.heading:
        return Block("heading", line.box.heading, text, None, None)
    return Block("paragraph", None, text, None, None)


def _description(image: Image, site_names: set[str]) -> str | None:
    alt = image.alt
    return None if alt is None or alt in site_names or _NO_DESCRIPTION.fullmatch(alt) else alt


def _site_names(stream: Stream) -> set[str]:
    """Return what stands behind the headline in the page's <title>, and og:site_name."""
    behind = [part.strip() for part in _NAME_SEPARATOR.split(stream.page_title)[1:]]
    return {*behind, stream.meta.get("og:site_name", "")}


def _repeats(text: str, title: str) -> bool:
    return text == title or is_date(text)


def _without_furniture(stream: Stream, start: int, end: int) -> list[Line]:
    kept: list[Line] = []
    after_links = False
    share_bar: Box | None = None
    for line in stream.lines[start:end]:
        if line.box.chrome:
            continue
        # No plain paragraph, nor a table.
        if line.links or (len(line.text) <= _MAX_FURNITURE and not line.is_table):
            if line.image is not None and (
                _is_button(stream, line) or (share_bar and line.box.is_near(share_bar))
            ):
                continue
            if _is_link_only(stream, line):
                # The heading of a list of links goes with it, and so do the dates between them.
                if kept and not after_links and _heads_links(kept[-1].text):
                    kept.pop()
                after_links = True
                continue
            if line.image is None and not line.text:
                continue
            if line.image is None and COUNTER.match(line.text):
                continue
            if line.image is None and FURNITURE.match(line.text):
                share_bar = line.box if _SHARE.search(line.text) else None
                continue
            if after_links and is_date(line.text):
                continue
        after_links, share_bar = False, None
        kept.append(line)
    return kept


def _is_button(stream: Stream, line: Line) -> bool:
    """Tell whether an image is the sign of a button: one link with the short word below it."""
    anchor = line.image.anchor if line.image is not None else None
    following = stream.lines[line.index + 1 : line.index + 2]
    return anchor is not None and any(
        anchor in below.links and len(below.text) <= _MAX_BUTTON for below in following
    )


def _is_trailing(stream: Stream, last: Line, end: int) -> bool:
    """Tell whether the last line is what buttons leave behind, or the head of the table row that follows.

    Or a tool or a declaration of the page, or a code to scan.
    """
    if last.image is not None:
        return _is_code(stream, last)
    if EDGE.match(last.text):
        return True
    if len(last.text) <= _MAX_COUNTER and not any(character.isalpha() for character in last.text):
        return True
    following = stream.lines[end].box if end < len(stream.lines) else None
    return (
        following is not None
        and last.box.tag in ("td", "th", "dt")
        and len(last.text) <= _MAX_ROW_HEAD
        and last.box is not following
        and last.box.outer("tr") is not None
        and last.box.outer("table") is following.outer("table")
    )


def _is_code(stream: Stream, line: Line) -> bool:
    """Tell whether an image is a code to scan: so it is called, or so says the line above or below it."""
    if line.image is not None and line.image.alt is not None and _CODE.search(line.image.alt):
        return True
    above = stream.lines[max(line.index - 1, 0) : line.index]
    below = stream.lines[line.index + 1 : line.index + 3]
    if len(below) > 1 and below[1].image is not None:
        below = []  # that says it of the next
    return any(
        CALL.match(call.text)
        and (line.box in (call.box, call.box.parent) or line.box.parent is call.box.parent)
        for call in (*above, *below[:1])
    )


def _heads_links(text: str) -> bool:
    return len(text) <= 20 and bool(OTHER_HEADING.match(text) or RELATED_HEADING.match(text))


def _is_link_only(stream: Stream, line: Line) -> bool:
    """Tell whether all of a line is links: an advert, a hot list, a share bar; not a picture's own file."""
    if line.image is not None:
        anchor = line.image.anchor
        if anchor is None or anchor.url is None:
            return False
        target = urlsplit(anchor.url)
        return not _IMAGE_FILE.search(target.path) and target.netloc != urlsplit(stream.url).netloc
    unlinked = [piece.text for piece in line.pieces if piece.anchor is None]
    words = [text for text in unlinked if any(character.isalnum() for character in text)]
    return bool(line.links) and all(is_date(text) or text.isdigit() for text in words)
