"""The links around an article: its trail, its related articles, and 更多关于…的资讯."""

import re
from bisect import bisect_left
from urllib.parse import urlsplit

from newsmirror.items import Link
from newsmirror.normalise.urls import is_root, shape
from newsmirror.normalise.variants import both
from newsmirror.reading.entries import Entry, behind_more, read_entries
from newsmirror.reading.hits import Hit
from newsmirror.reading.labels import (
    FURNITURE,
    HOME_WORDS,
    MORE,
    OTHER_HEADING,
    RELATED_HEADING,
    RULE,
    is_page_foot,
)
from newsmirror.reading.marks import heads_related
from newsmirror.reading.origins import (
    MORE_LINE,
    MORE_LIST,
    RELATED_AFTER_FOOTER,
    RELATED_NAMED,
    RELATED_OTHER,
    TRAIL_BARE,
    TRAIL_BOX,
    TRAIL_FROM_HOME,
    TRAIL_LINE,
    Found,
    Origin,
)
from newsmirror.reading.stream import Box, Line, Stream

_POSITION = re.compile(
    both(r"^(?:您?(?:现在)?(?:的|所在)?(?:的)?|你(?:现在)?(?:的|所在)?(?:的)?|当前|所在)?位置\s*[:：]?")
)
_ARROWS = frozenset(">»›→＞》")
_PLAIN_SEPARATORS = frozenset("/·-")
_RELATED_WORDS = re.compile(both(r"^[【\[]?(?:相关|类似|相似|延伸|关联)"))
# Headings of lists that the site prints beside every article, or below one: 推荐阅读 is of the article.
_RECOMMENDED = re.compile(both(r"[【\[]?推荐(?!阅读)"))
# The links to the articles before and after, which stand at times above a list without a heading.
_NEIGHBOUR = re.compile(both(r"^[\[【（(《<◄►]*[上前下后]一[篇条]"))
# Furniture that does not stand between an article and its list, but begins something else.
_IS_NO_TOOL = re.compile(both(r"\W*..(?:评论|推荐)"))
# The heading of a list that is not for the reader of this article: 国内新闻, but not 看过本文的人还看了.
_NAME_OF_A_LIST = re.compile(both(r"\W*(?!.*(?:[你您看]|喜欢|更多|同类|本文))[\u4e00-\u9fff]{2,8}\W*$"))
_MAX_NAV_DEPTH = 5
_MAX_TRAIL = 5
_MAX_PLAIN_TRAIL = 3
_MAX_CRUMB = 12
_MAX_HEADING = 20
_MAX_LINE = 400
# A title in a list without a heading has at least so many characters; a link of the page's frame has fewer.
_MIN_TITLE = 8


def read_breadcrumbs(stream: Stream, head: int, category: str | None) -> Found[list[Link]] | None:
    """Return the links of the trail: the links above `head` that say where the page stands."""
    for line in stream.lines[:head]:
        if not line.links or line.only_link is not None:
            continue  # nothing between its links
        links = _links(line)
        if not links or len(links) > _MAX_TRAIL:
            continue
        between = "".join(piece.text for piece in line.pieces if piece.anchor is None).strip()
        if _POSITION.match(between) or not _ARROWS.isdisjoint(between):
            return Found(links, Origin(TRAIL_LINE, line.index, line.index))
        behind = line.pieces[-1].text if line.pieces[-1].anchor is None else ""  # 正文
        if between == behind and _is_home_trail(links, category) and not _is_menu(stream, line.index, links):
            return Found(links, Origin(TRAIL_BARE, line.index, line.index))
        if _PLAIN_SEPARATORS.isdisjoint(between):
            continue
        is_menu = line.box.chrome and len(links) > _MAX_PLAIN_TRAIL
        if (is_root(links[0].url) and not is_menu) or (category is not None and links[-1].title == category):
            return Found(links, Origin(TRAIL_FROM_HOME, line.index, line.index))
    return _trail_box(stream, head, category)


def read_more(stream: Stream) -> Found[list[Link]] | None:
    """Return the links of the line 更多关于…的资讯: its own, then those of the list after it."""
    line = next((line for line in stream.lines if "更多" in line.text and _is_more(line)), None)
    if line is None:
        return None
    start, end = _list_range(stream, line.index + 1, line.box)
    found = {link.url: link for link in _links(line)}
    rule, last = MORE_LINE, line.index
    entries = [entry for entry in _related_in(stream, start, end) if len(entry.title or "") > 1]
    # Links of a few characters alone are the foot of the page: 帮助, 留言.
    if any(len(entry.title or "") >= _MIN_TITLE - 2 for entry in entries):
        rule, last = MORE_LIST, max(entry.line for entry in entries)
        for entry in entries:
            found.setdefault(entry.url, Link(entry.url, entry.title))
    return Found(list(found.values()), Origin(rule, line.index, last))


def read_related(
    stream: Stream, hits: list[Hit], body_end: int, footer: set[int], more: int | None
) -> Found[list[Entry]] | None:
    """Return the related articles: under 相关…, else right after the footer, else under 推荐… and its kin."""
    headings = [
        line for line in stream.short if len(line.text) <= _MAX_HEADING and heads_related(stream, line)
    ]
    headings.sort(key=lambda line: line.index < body_end)
    named = [line for line in headings if _RELATED_WORDS.match(line.text)]
    others = [line for line in headings if not _RELATED_WORDS.match(line.text)]
    for line in named:
        if entries := _related_in(stream, *_list_range(stream, line.index + 1, line.box)):
            return _found(entries, RELATED_NAMED, line.text)
    start = max((index for index in footer if index >= body_end), default=body_end) + 1
    limit = more if more is not None and more >= start else len(stream.lines)
    behind = _behind_tools(stream, start, limit)
    if behind == start or not _is_headed(stream, behind):
        start, end = _list_range(stream, behind, None, _next_label(hits, behind, limit))
        if entries := _without_frame(_related_in(stream, start, end)):
            return _found(entries, RELATED_AFTER_FOOTER)
    for line in _of_the_article(stream, others, body_end):
        if entries := _related_in(stream, *_list_range(stream, line.index + 1, line.box)):
            return _found(entries, RELATED_OTHER, line.text)
    return None


def _of_the_article(stream: Stream, headings: list[Line], body_end: int) -> list[Line]:
    """Return the headings without 推荐内容 in a column beside the article that has other lists, too."""
    if not any(_RECOMMENDED.match(heading.text) for heading in headings):
        return headings
    others = [
        line.index
        for line in stream.short
        if line.only_link is None and OTHER_HEADING.match(line.text) and not RELATED_HEADING.match(line.text)
    ]
    kept = []
    for heading in headings:
        column = heading.box
        while (around := column.parent) is not None and not around.start < body_end <= around.end:
            column = around
        has_others = bisect_left(others, column.start) < bisect_left(others, column.end)
        if not (has_others and _RECOMMENDED.match(heading.text)):
            kept.append(heading)
    return kept


def _behind_tools(stream: Stream, start: int, limit: int) -> int:
    """Return the line behind the last tool between an article and its list: 打印, 分享, 上一篇, 标签."""
    host = urlsplit(stream.url).netloc
    for line in stream.lines[start:limit]:
        if _is_tool(line.text) or _is_in_nav(line.box):
            start = line.index + 1
        elif _ends_list(line) or any(link.url and _is_below(link.url, host) for link in line.links):
            break
    return start


def _is_tool(text: str) -> bool:
    if _NEIGHBOUR.match(text):
        return True
    return FURNITURE.match(text) is not None and not _IS_NO_TOOL.match(text)


def _is_in_nav(box: Box) -> bool:
    """Tell whether a box is one of a few in a `nav`, which below an article leads to its neighbours."""
    around = box if box.chrome else None
    for _ in range(_MAX_NAV_DEPTH):
        if around is None or around.tag == "nav":
            break
        around = around.parent
    return around is not None and around.tag == "nav"


def _is_headed(stream: Stream, start: int) -> bool:
    """Tell whether the first link from a line on has a heading that names another list: 国内新闻."""
    position = bisect_left(stream.link_lines, start)
    if position == len(stream.link_lines) or stream.link_lines[position] == start:
        return False
    line = stream.lines[stream.link_lines[position] - 1]
    return not line.links and _NAME_OF_A_LIST.match(line.text) is not None


def _without_frame(entries: list[Entry]) -> list[Entry]:
    """Return the entries without the links of the page's frame: short ones of an address like no other."""
    plain = [
        bool(entry.published_raw or entry.excerpt or len(entry.title or "") >= _MIN_TITLE)
        for entry in entries
    ]
    shapes = {shape(entry.url) for entry, is_plain in zip(entries, plain, strict=True) if is_plain}
    return [entry for entry in entries if shape(entry.url) in shapes]


def _found(entries: list[Entry], rule: str, heading: str = "") -> Found[list[Entry]]:
    lines = [entry.line for entry in entries]
    return Found(entries, Origin(rule, min(lines), max(lines), word=heading))


def _trail_box(stream: Stream, head: int, category: str | None) -> Found[list[Link]] | None:
    """Return a short run of links, one a line, just above the headline."""
    run: list[Line] = []
    for line in reversed(stream.lines[max(0, head - 12) : head]):
        text = line.text.strip(" >»›/|→·＞》•")
        if line.only_link is not None and line.only_link.url is not None and len(text) <= _MAX_CRUMB:
            if run and not run[-1].box.is_near(line.box):
                break
            run.append(line)
            if text in HOME_WORDS:
                break
        elif text and run:
            break
    crumbs = [link for line in reversed(run) for link in _links(line)]
    if not crumbs or len(crumbs) >= _MAX_TRAIL:
        return None
    # A menu begins with the home page, too, but it has more to offer than a trail.
    is_trail = crumbs[0].title in HOME_WORDS and len(crumbs) <= _MAX_PLAIN_TRAIL
    if not is_trail and crumbs[-1].title != category:
        return None
    if _is_menu(stream, run[-1].index, crumbs):
        return None
    return Found(crumbs, Origin(TRAIL_BOX, run[-1].index, run[0].index))


def _is_home_trail(links: list[Link], category: str | None) -> bool:
    from_home = links[0].title in HOME_WORDS or is_root(links[0].url)
    return from_home and links[-1].title == category and len(links) > 1


def _is_menu(stream: Stream, first: int, links: list[Link]) -> bool:
    """Tell whether links that begin in a line lead to categories beside each other, not below each other.

    Their addresses are alike. So may be those of a trail, but it stands below the menu with its last link.
    """
    last = links[-1].url
    if all(shape(link.url) != shape(last) for link in links[1:-1]):
        return False
    above = bisect_left(stream.link_lines, first)
    return last.partition("#")[0] not in stream.link_urls[:above]


def _related_in(stream: Stream, start: int, end: int) -> list[Entry]:
    """Return the entries that may be other articles of the site."""
    host = urlsplit(stream.url).netloc
    return [
        entry
        for entry in read_entries(stream, start, end)
        if (entry.title or entry.excerpt)
        and _is_below(entry.url, host)
        and entry.url.partition("#")[0] != stream.url
    ]


def _is_below(url: str, host: str) -> bool:
    """Tell whether an address is one of a host, and not its front page."""
    _, _, own, *path = url.split("/", 3)
    return own == host and path != [] and path[0][:1] not in ("", "?", "#")


def _is_more(line: Line) -> bool:
    """Tell whether a line is 更多关于…的资讯, with nothing behind it but links."""
    match = MORE.match(line.text)
    if match is None or len(line.text) > _MAX_LINE:
        return False
    behind = [piece for piece in line.pieces if piece.start >= match.end()]
    return not line.text[match.end() :].strip() or all(piece.anchor is not None for piece in behind)


def _next_label(hits: list[Hit], start: int, end: int) -> int:
    """Return the first line from `start` on that begins with a label of the footer, or `end`."""
    return next(
        (
            hit.line.index
            for hit in hits
            if start <= hit.line.index < end
            and hit.opens_line
            and hit.field in ("snapshot", "original", "editor")
            and not hit.line.links
        ),
        end,
    )


def _list_range(stream: Stream, start: int, near: Box | None, limit: int | None = None) -> tuple[int, int]:
    """Return the lines of the list that begins at `start`: the box around it, up to the next mark.

    `near`: the box of its heading; the smallest box around that with links after the heading holds the list.
    """
    end = len(stream.lines) if limit is None else limit
    in_chrome = near is not None and near.chrome
    end = next(
        (
            index
            for index in range(start, end)
            if _ends_list(stream.lines[index]) or (stream.lines[index].box.chrome and not in_chrome)
        ),
        end,
    )
    box = near
    first = behind_more(stream, start)
    while box is not None and not stream.has_links(first, min(box.end, end)):
        box = box.parent
    if box is not None:
        end = min(end, box.end)
    return start, max(start, end)


def _ends_list(line: Line) -> bool:
    text = line.text
    if line.is_notice or MORE.match(text) or RULE.match(text):
        return True
    if line.only_link is not None or line.image is not None:
        return False
    if len(text) <= _MAX_HEADING and (RELATED_HEADING.match(text) or OTHER_HEADING.match(text)):
        return True
    return FURNITURE.match(text) is not None or is_page_foot(text[:200])


def _links(line: Line) -> list[Link]:
    """Return the links of a line with their texts, without the marks around them."""
    if len(line.text) > _MAX_LINE:
        return []
    texts = ((anchor, text.strip(" >»›/|→·＞》•:：")) for anchor, text in line.link_texts())
    return [Link(anchor.url, text) for anchor, text in texts if anchor.url is not None and text]
