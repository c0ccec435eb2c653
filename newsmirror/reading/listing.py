"""A listing or home page: its entries, its next page, and the categories it leads to."""

import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import urlsplit

from newsmirror.items import Link
from newsmirror.normalise.urls import is_page, is_root, shape
from newsmirror.normalise.variants import both, one_of
from newsmirror.reading.entries import Entry, behind_more, read_entries
from newsmirror.reading.labels import FOOT, FURNITURE, HOT_HEADING, MORE, compact
from newsmirror.reading.stream import Box, Choice, Line, Stream

# What the links of a site's frame are made of, which lead to no listing and to no article: one of the first
# words, and nothing but them and the second ones. 联系我们 is such a link, 联系我们的那座桥 is a headline.
_FRAME_WORD = one_of(
    "登[录陆入出] 注册 会员 [个用][人户]中心 我的 退出 [找忘][回记]密码 关于(?:我们|本[站网])? 联[系络] 帮助 "
    "常见问题 订阅 RSS 客户端 APP app 下载 手机[版站网] 移动版 电脑版 触屏版 网站地图 友情[链连] 投稿 广告 "
    "版权 声明 隐私 协议 条款 招聘 诚聘 加盟 合作 反馈 建议 留言 举报 投诉 纠错 收藏 设为首页 搜[索寻] "
    "换一[批组换] 刷新 English EN 繁体 简体 微博 微信 公众号 二维码 分享 [打列]印 返回 顶部 回到 备案 "
    "公网安备 [上下]一[页篇条] 尾页 末页 首页 主页 [前后]页 发表 购物 捐助 赞助 移除 删除 申请 站长 "
    "统计 服务中心 使用说明 全文 原文 详情 条评论 更多评论 全部评论 网友评论"
)
_FRAME_REST = one_of(
    "我们 我要 本[站网] 网站 站点 站内 中心 服务 信息 用户 账号 密码 方式 电话 热线 邮箱 地址 平台 入口 政策 "
    "指南 须知 更多 查看 点击 进入 立即 免费 在线 网上 页面 列表 文章 新闻 内容 网友 意见 问题 [链连][接结] "
    "所有 法律 免责 保护 违法 不良 侵权 人才 英才 商务 业务 投放 刊登 加入 官方 新浪 手机 电脑 安卓 苹果 "
    "设为 使用 客服 新用户 招商 本页 高级 阅读 继续 全站 快速 扫码 有害 授权 转载 "
    "[与及和或的到至为请] [站网页版接结]"
)
_FRAME = re.compile(rf"(?:{_FRAME_REST})*{_FRAME_WORD}(?:{_FRAME_WORD}|{_FRAME_REST})*")
_NO_LETTER = re.compile(r"[\W\d_]+")
_MAX_FRAME = 12
# The links to the articles before and after: 上一篇：…
_NEIGHBOUR = re.compile(both(r"^[\[【（(《<◄►]*[上前下后]一[篇条页]"))
_NEXT_WORD = one_of(
    r"下一?页 后一?页 向后 [Nn]ext(?:\s?[Pp]age)? NEXT > › » >> ＞ → 点击加载更多 加载更多 "
    "[较更]早的?(?:文章|内容|资讯)"
)
_NEXT = re.compile(rf"^{_NEXT_WORD}$")
_HOME = re.compile(both(r"(?<!设为)首页$|^(?:主页|门户|[Hh]ome|HOME)$"))
_PAGER = re.compile(both(r"[上下尾末]一?\s?页|第\s?\d+\s?页"))
_FRONT = re.compile(r"^/?$|^/(?:index|default|home|main)\.\w+$", re.IGNORECASE)
_PAGER_LINES = 3
_MIN_SECTIONS = 2
_MAX_HEADING = 20
_MIN_ALIKE = 3
# An entry has at most so many lines.
_MAX_ENTRY = 8
_PAGE_NUMBER = re.compile(both(r"^第?\s?([1-9][0-9]{0,3})\s?页?$"))
_LAST = re.compile(both(r"[尾末]\s?页|最[后末]一?页|[Ll]ast(?:\s?[Pp]age)?|LAST"))
_MAX_NUMBER = 12
_FIRST_YEAR = 1900
# A day or a month in an address.
_DATE = re.compile(r"(?<!\d)(?:19|20)\d\d[-/_]?(?:0[1-9]|1[0-2])(?:[-/_]?[0-3]\d)?(?!\d)")
_TRIM = " \u3000[]【】()（）<>‹›«»＞→←>.…"
_ARROWS = frozenset((">", "›", "»", ">>", "＞", "→"))
_MAX_SECTION = 8
_MIN_TITLE = 6


@dataclass(frozen=True, slots=True)
class _Number:
    """The number of a page; the current one has no link, or one to the page itself: then `url` is None."""

    value: int
    url: str | None
    line: int


_Row = list[_Number]


@dataclass(frozen=True, slots=True)
class Listing:
    """What a listing page gives: `entries` may be articles, `sections` may be categories."""

    entries: list[Entry]
    next_url: str | None
    sections: list[Link]
    home_url: str | None
    is_home: bool
    # The pages of the list behind this one that it links to by number or as the last one, in order.
    behind: list[str]


def read_listing(stream: Stream) -> Listing:
    """Read a page that is no article."""
    own = _bare(stream.url)
    home_url = find_home(stream)
    rows = _number_rows(stream)
    next_url = _next_url(stream, rows)
    sections = read_sections(stream)
    is_front = _is_front(stream.url, home_url, sections)
    pages = _pages(stream, rows)
    others = {own, _bare(next_url) if next_url else own, *pages}
    hot = set() if is_front else _hot_lines(stream)
    return Listing(
        entries=_entries(stream, others, hot) or _entries(stream, others, set()),
        next_url=next_url,
        sections=sections,
        home_url=home_url,
        is_home=is_front or _is_apart(stream.url, home_url, next_url, sections),
        behind=_pages(stream, [_behind(row, next_url) for row in rows]),
    )


def find_home(stream: Stream) -> str | None:
    """Return where the link 首页 leads; not the one among the page numbers, which leads to page one."""
    pager = {
        index
        for line in stream.lines
        if _PAGER.search(line.text)
        for index in range(line.index - _PAGER_LINES, line.index + _PAGER_LINES + 1)
    }
    for line in stream.lines:
        for anchor, text in line.link_texts():
            if anchor.url is None or not _HOME.search(text):
                continue
            if line.index not in pager or _FRONT.match(urlsplit(anchor.url).path):
                return anchor.url
    return None


def read_sections(stream: Stream) -> list[Link]:
    """Return the links with short texts that may lead to a category: navigation, trails, boxes."""
    found: dict[str, Link] = {}
    own_host = urlsplit(stream.url).netloc
    for line in stream.lines:
        more = MORE.match(line.text)
        for anchor, text in line.link_texts():
            name = more["topic"] if more is not None and MORE.match(text) else text
            if anchor.url is None or not 2 <= len(name) <= _MAX_SECTION:
                continue
            if urlsplit(anchor.url).netloc != own_host or not is_page(anchor.url):
                continue
            if is_root(anchor.url) and not urlsplit(anchor.url).query:
                continue
            if not _PAGE_NUMBER.match(name) and not _is_frame(name) and not _NEXT.match(name):
                found.setdefault(_bare(anchor.url), Link(anchor.url, name))
    return list(found.values())


def _is_front(url: str, home_url: str | None, sections: list[Link]) -> bool:
    """Tell whether a page is the site's front page: the root, where 首页 leads, or above its sections."""
    if _FRONT.match(urlsplit(url).path):
        return True
    if home_url is not None:
        return _bare(home_url) == _bare(url)
    return sum(_is_below(section.url, url) for section in sections) >= _MIN_SECTIONS


def _is_apart(url: str, home_url: str | None, next_url: str | None, sections: list[Link]) -> bool:
    """Tell whether a page leads to sections without being one: a front page, if nothing says otherwise."""
    return (
        home_url is None
        and next_url is None
        and len(sections) >= _MIN_SECTIONS
        and all(_bare(section.url) != _bare(url) for section in sections)
    )


def _is_below(url: str, own: str) -> bool:
    """Tell whether an address lies in the page's folder, or is the page with a query."""
    below, above = urlsplit(url), urlsplit(own)
    if above.query:
        return False
    if below.path == above.path:
        return bool(below.query)
    return above.path.endswith("/") and below.path.startswith(above.path)


def _hot_lines(stream: Stream) -> set[int]:
    """Return the lines under headings such as 热门文章: other articles than the page lists."""
    hot: set[int] = set()
    done = 0
    # The lines of each level of heading.
    headings: dict[int, list[int]] = {}
    for line in stream.lines:
        if line.box.heading:
            headings.setdefault(line.box.heading, []).append(line.index)
    for line in stream.lines:
        if len(line.text) > _MAX_HEADING or line.only_link is not None:
            continue
        if not HOT_HEADING.match(compact(line.text)) or _is_of_an_entry(stream, line):
            continue
        box: Box | None = line.box
        first = behind_more(stream, line.index + 1)
        while box is not None and not stream.has_links(first, box.end):
            box = box.parent
        end = box.end if box is not None else len(stream.lines)
        alike = headings.get(line.box.heading, [])
        if (after := bisect_right(alike, line.index)) < len(alike):
            end = min(end, alike[after])
        hot.update(range(max(done, line.index), end))
        done = max(done, end)
    return hot


def _is_of_an_entry(stream: Stream, line: Line) -> bool:
    """Tell whether a line such as 推荐 or 本周热点 is a tag or an excerpt: its box has one title alone."""
    if line.box.heading or line.links:
        return False
    box = line.box
    while box.parent is not None and not stream.has_links(box.start, box.end):
        box = box.parent
    if stream.only_url(box.start, box.end) is None or box.end - box.start > _MAX_ENTRY:
        return False
    return any(len(other.text) >= _MIN_TITLE for other in stream.lines[box.start : box.end] if other.links)


def _all_entries(stream: Stream, hot: set[int]) -> list[Entry]:
    """Return the entries of the page outside of its hot lists, each address once."""
    edges = [-1, *sorted(hot), len(stream.lines)]
    found: dict[str, Entry] = {}
    for left, right in pairwise(edges):
        for entry in read_entries(stream, left + 1, right):
            found.setdefault(entry.url, entry)
    return list(found.values())


def _entries(stream: Stream, own: set[str], hot: set[int]) -> list[Entry]:
    """Return the entries that may be articles: with a date, an excerpt, a long title, or their shape.

    A picture with a title in its `alt` is one by its shape, too: alone, it may be a banner.
    """
    candidates: list[Entry] = []
    short: list[Entry] = []
    pictures: list[Entry] = []
    for entry in _all_entries(stream, hot):
        line = stream.lines[entry.line]
        title = entry.title or (line.image.alt if line.image is not None else None) or ""
        if _bare(entry.url) in own or not is_page(entry.url) or is_root(entry.url):
            continue
        if (
            not (title or (entry.excerpt or "").startswith((".", "…")))
            or _PAGE_NUMBER.match(title)
            or _NEXT.match(title)
            or _NEIGHBOUR.match(title)
        ):
            continue
        if line.box.chrome and line.box.tag != "aside" and not entry.published_raw:
            continue
        is_frame = _is_frame(title) or FURNITURE.match(title) or FOOT.search(title)
        if entry.published_raw or (not is_frame and (entry.excerpt or len(title) >= _MIN_TITLE)):
            is_picture = not (entry.title or entry.excerpt or entry.published_raw)
            (pictures if is_picture else candidates).append(entry)
        elif len(title) >= 2:
            short.append(entry)
    shapes = Counter(shape(entry.url) for entry in candidates)
    candidates += [entry for entry in short if shapes[shape(entry.url)] >= 2]
    shapes.update(shape(entry.url) for entry in pictures)
    candidates += [entry for entry in pictures if shapes[shape(entry.url)] >= _MIN_ALIKE]
    return sorted(candidates, key=lambda entry: entry.line)


def _is_frame(text: str) -> bool:
    """Tell whether a link's text is made of the words of a site's frame alone."""
    letters = _NO_LETTER.sub("", text)
    return len(letters) <= _MAX_FRAME and _FRAME.fullmatch(letters) is not None


def _next_url(stream: Stream, rows: list[_Row]) -> str | None:
    """Return the next page's address: by rel=next, by the words for it, else by the numbers of the pages."""
    own = _bare(stream.url)
    arrow = None
    for line in stream.lines:
        if line.image is not None:
            anchor, sign = line.image.anchor, compact(line.image.alt or "")
            if anchor is not None and anchor.url is not None and _NEXT.match(sign) and sign not in _ARROWS:
                return anchor.url
        for anchor, text in line.link_texts():
            if anchor.url is None or _bare(anchor.url) == own:
                continue
            if "next" in anchor.rel.split():
                return anchor.url
            word = compact(text or anchor.label)
            if _NEXT.match(word) or _NEXT.match(word.strip(_TRIM)):
                if word not in _ARROWS:
                    return anchor.url
                if arrow is None and _is_sibling(anchor.url, own):
                    arrow = anchor.url
    if stream.next_url is not None and _bare(stream.next_url) != own:
        return stream.next_url
    return _next_number(stream, rows) or arrow


def _number_rows(stream: Stream) -> list[_Row]:
    """Return the rows of page numbers, in order; a calendar or a row of years looks the same."""
    own = _bare(stream.url)
    rows: list[_Row] = []
    last_line = -9
    for line in stream.lines:
        for piece in line.pieces:
            text, anchor = piece.text, piece.anchor
            match = _PAGE_NUMBER.match(text.strip(_TRIM)) if len(text) <= _MAX_NUMBER else None
            if match is None and anchor is None and text:
                # What is not linked may stand in one text with others: 共3页 1.
                match = _PAGE_NUMBER.match(text.rsplit(None, 1)[-1])
            if match is None:
                continue
            if line.index - last_line > 2:
                rows.append([])
            last_line = line.index
            url = anchor.url if anchor is not None else None
            is_current = url is None or _bare(url) == own
            rows[-1].append(_Number(int(match[1]), None if is_current else url, line.index))
    chosen = (_chosen_row(stream, choices) for choices in stream.choices)
    return [*rows, *(row for row in chosen if row)]


def _chosen_row(stream: Stream, choices: list[Choice]) -> _Row:
    """Return the page numbers of a menu to choose from: the current one is this page's, or what it shows."""
    own = _bare(stream.url)
    current = next((choice for choice in choices if _bare(choice.url) == own), None)
    current = current or next((choice for choice in choices if choice.is_chosen), choices[0])
    return [
        _Number(int(match[1]), None if choice is current else choice.url, len(stream.lines))
        for choice in choices
        if (match := _PAGE_NUMBER.match(choice.text.partition("/")[0]))  # 2/10
    ]


def _next_number(stream: Stream, rows: list[_Row]) -> str | None:
    """Return the link of the page after the current one in a row of page numbers."""
    own = _bare(stream.url)
    for row in rows:
        current: set[int] = set()
        for number in row:
            if number.url is None:
                current.add(number.value)
            elif number.value - 1 in current and _is_sibling(number.url, own):
                return number.url
    return None


def _behind(row: _Row, next_url: str | None) -> _Row:
    """Return the numbers in a row behind the current one; where that is not known, from the next page on."""
    current = next((number.value for number in row if number.url is None), None)
    if current is None:
        following = next((number.value for number in row if next_url and number.url == next_url), None)
        return [number for number in row if following is not None and number.value >= following]
    return [number for number in row if number.url is None or number.value > current]


def _pages(stream: Stream, rows: list[_Row]) -> list[str]:
    """Return the other pages of a list that are linked by number or as the last one, in order.

    The numbers of pages stand beside that of the current page or beside words such as 下一页. Those of a
    calendar lead to other days, and years are no pages; nor is what has a link with a title.
    """
    own = _bare(stream.url)
    found: dict[str, int] = {}
    for row in rows:
        if all(number.value >= _FIRST_YEAR for number in row):  # of an empty row, too
            continue
        around = stream.lines[max(0, row[0].line - _PAGER_LINES) : row[-1].line + _PAGER_LINES + 1]
        if any(number.url is None for number in row) or any(_PAGER.search(line.text) for line in around):
            for number in row:
                if number.url is not None:
                    found.setdefault(_bare(number.url), number.line)
    for line in stream.lines:
        if line.links and _LAST.search(line.text):
            for anchor, text in line.link_texts():
                if anchor.url is not None and _LAST.fullmatch(text.strip(_TRIM)):
                    found.setdefault(_bare(anchor.url), line.index)
    if not found:
        return []
    titled = {
        _bare(anchor.url)
        for line in stream.lines
        for anchor, text in line.link_texts()
        if anchor.url is not None and len(text) >= _MIN_TITLE and not _is_pager(text.strip(_TRIM))
    }
    dates = _DATE.findall(own)
    return [
        url
        for url in sorted(found, key=lambda url: found[url])
        if url != own and url not in titled and _is_sibling(url, own) and _DATE.findall(url) == dates
    ]


def _is_pager(text: str) -> bool:
    return _NEXT.match(text) is not None or _LAST.fullmatch(text) is not None


def _is_sibling(url: str, own: str) -> bool:
    """Tell whether an address lies in the page's own folder or has its shape: a calendar's days do not."""
    path = urlsplit(own).path or "/"
    folder, below = path.rpartition("/")[0] + "/", path.rstrip("/") + "/"
    return urlsplit(url).path.startswith((folder, below)) or shape(url) == shape(own)


def _bare(url: str) -> str:
    return url.partition("#")[0]
