"""An article page, read by its labels: every value as it is printed.

The order of the work: find the lines that carry labels; choose the row of labels that belongs to the title;
cut the page at the marks that end an article (editor, notice, snapshot time, original, further lists); read
the body between, and the lists around.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from newsmirror.items import Block, Footer, Link
from newsmirror.normalise.people import closing_byline, names, opening_byline
from newsmirror.reading.body import is_prose, read_body
from newsmirror.reading.date_cells import is_date, leading_date, split_date
from newsmirror.reading.entries import Entry, read_entries
from newsmirror.reading.footer import read_footer
from newsmirror.reading.json_ld import LinkedData, read_json_ld
from newsmirror.reading.labels import (
    FURNITURE,
    MORE,
    OTHER_HEADING,
    PAGE_FOOT,
    RELATED_HEADING,
    REMOVAL,
    Field,
    Label,
    compact,
    is_notice,
)
from newsmirror.reading.stream import Anchor, Box, Line, Stream

_META_FIELDS = frozenset(("category", "published", "source", "author", "editor", "other"))
_MAX_VALUE = {"category": 20, "source": 50, "author": 60, "editor": 40}
_MAX_LABEL_LINE = 400
# Lines of labels this near to each other are one row of labels (with their values between).
_META_GAP = 3
_HOME_WORDS = frozenset("首页 主页 网站首页 本站首页 返回首页 快照首页 站点首页 home Home HOME".split())
_NOT_A_SECTION = _HOME_WORDS | {"正文", "内容", "详情", "资讯", "资讯正文", "文章", "详细内容", "快照"}
_POSITION = re.compile(r"^(?:您?(?:现在)?(?:的|所在)?(?:的)?|你(?:现在)?(?:的|所在)?(?:的)?|当前|所在)?位置\s*[:：]?")
_TRAIL_SEPARATORS = frozenset(">»›/|→·-_＞》\\:：")
_TOOLS = re.compile(r"[\[（(【]?\s*(?:大\s*中\s*小|小\s*中\s*大|A\+|A-|字体|我要评论|分享|收藏|打印).*$")
_RELATED_WORDS = re.compile(r"^[【\[]?(?:相关|类似|相似|延伸|关联)")
_ADDRESS = re.compile(r"(?:https?://|www\.|(?:[\w-]+\.)+[a-z]{2,}/)[^\s<>\"，。；、（）()【】]*", re.IGNORECASE)
_AD = re.compile(r"^[\[【（(]?(?:广告|推广|赞助|AD)\b|^[\[【（(](?:广告|推广)")


@dataclass(frozen=True, slots=True)
class Original:
    """信息原文地址: where its link leads, and what is printed."""

    href: str | None
    text: str | None


@dataclass(slots=True)
class ReadArticle:
    """The values on an article page, as printed; None or empty where the page does not say."""

    title: str
    category: str | None = None
    breadcrumbs: list[Link] = field(default_factory=list)
    source: str | None = None
    bylines: list[str] = field(default_factory=list)
    authors: list[str] = field(default_factory=list)
    editor: str | None = None
    published_raw: str | None = None
    snapshot_raw: str | None = None
    original: Original | None = None
    blocks: list[Block] = field(default_factory=list)
    footer: Footer | None = None
    related: list[Entry] = field(default_factory=list)
    more: list[Link] = field(default_factory=list)


@dataclass(slots=True)
class _Hit:
    """A label on a line, and the value found for it."""

    line: Line
    label: Label
    value: str = ""
    last: int = 0
    anchor: Anchor | None = None


def is_article(stream: Stream) -> bool:
    """Tell whether a page is a snapshot of one article.

    It carries the notice 以上内容为资讯信息快照, or one single 快照生成时间 with a date. A list of snapshots,
    where every row has its own time, or a slogan in the page's frame, does not make an article.
    """
    if any(is_notice(line.text) for line in stream.lines):
        return True
    hits = [hit for hit in _label_hits(stream) if hit.label.field == "snapshot"]
    dated = [hit for hit in hits if leading_date(hit.value)]
    return len(dated) == 1 and not dated[0].line.links


def read_article(stream: Stream) -> ReadArticle | None:
    """Read the article on a page that `is_article`, or return None if it has no title."""
    return _Reader(stream).read()


def _label_hits(stream: Stream) -> list[_Hit]:
    hits = []
    lines = stream.lines
    for line in lines:
        text = line.text
        if not text or line.is_table or (len(text) > _MAX_LABEL_LINE and "快照" not in text):
            continue
        if not (":" in text or "：" in text or "快照" in text or len(text) <= 40):
            continue
        labels = line.labels
        for label in labels:
            hit = _Hit(line, label, label.value, line.index)
            if not label.value and label is labels[-1]:
                _take_next_line(stream, hit)
            elif label.value:
                hit.anchor = next(
                    (
                        piece.anchor
                        for piece in line.pieces
                        if piece.anchor is not None and label.value_start <= piece.start < label.value_end
                    ),
                    None,
                )
            hits.append(hit)
    return hits


def _take_next_line(stream: Stream, hit: _Hit) -> None:
    """Give a label that stands alone the value on the next line, if that is plainly its value."""
    following = stream.lines[hit.line.index + 1 : hit.line.index + 2]
    if not following or not following[0].text:
        return
    line = following[0]
    labels = line.labels
    if labels and labels[0].start == 0:
        return
    value = line.text[: labels[0].start] if labels else line.text
    match hit.label.field:
        case "published" | "snapshot":
            accepted = leading_date(value) is not None
        case "original":
            accepted = _looks_like_original(line)
        case _:
            accepted = _are_paired(hit.line.box, line.box) and len(value) <= _MAX_VALUE.get(hit.label.field, 20)
    if accepted:
        hit.value, hit.last = value.strip(" |｜"), line.index
        hit.anchor = next((piece.anchor for piece in line.pieces if piece.anchor is not None), None)


def _are_paired(label: Box, value: Box) -> bool:
    """Tell whether two boxes are the label and the value of one row: dt and dd, cells, or siblings."""
    return label is not value and (
        label.parent is value.parent
        or (label.tag in ("dt", "th", "td") and value.tag in ("dd", "td"))
        or (label.parent is not None and value.parent is not None and label.parent.parent is value.parent.parent)
    )


def _looks_like_original(line: Line) -> bool:
    anchor = line.only_link
    if anchor is None or anchor.url is None:
        return _ADDRESS.match(line.text) is not None
    return (
        _ADDRESS.match(line.text) is not None
        or len(line.text) <= 8
        or "http" in urlsplit(anchor.url).query.lower()
    )


class _Reader:
    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.lines = stream.lines
        self.linked_data: LinkedData = read_json_ld(stream.json_ld)
        self.hits = _label_hits(stream)
        self.meta = self._meta_row()
        self.inline = any(hit.last == hit.line.index and hit.value for hit in self.meta)

    def read(self) -> ReadArticle | None:
        title_line = self._title_line()
        title = title_line.text if title_line is not None else self.linked_data.headline
        if not title:
            return None
        article = ReadArticle(title=title)
        self._read_meta(article)
        head = title_line.index if title_line is not None else 0
        start = max([head, *(hit.last for hit in self.meta if hit.last - head <= 40)]) + 1
        start, end = self._body_range(start)
        article.blocks, bylines, bracketed_editor = read_body(self.stream, start, end, title)
        article.bylines += bylines
        article.editor = article.editor or bracketed_editor
        self._read_marks(article, end)
        article.breadcrumbs = self._breadcrumbs(head, article.category)
        if article.category is None:
            article.category = self.linked_data.section or next(
                (
                    crumb.title
                    for crumb in reversed(article.breadcrumbs)
                    if crumb.title and crumb.title not in _NOT_A_SECTION and crumb.title != title
                ),
                None,
            )
        self._read_bylines(article)
        self._read_lists(article, end)
        return article

    # ---- the row of labels ---------------------------------------------------------------------------

    def _meta_row(self) -> list[_Hit]:
        """Choose the labels that belong together: the row with the most different fields, the first of equals."""
        rows: list[list[_Hit]] = []
        for hit in self.hits:
            if hit.label.field not in _META_FIELDS or hit.line.box.chrome or _AD.match(hit.line.text):
                continue
            if not hit.label.has_colon and not self._is_bare_label(hit):
                continue
            if rows and hit.line.index - rows[-1][-1].last <= _META_GAP:
                rows[-1].append(hit)
            else:
                rows.append([hit])
        return max(rows, key=self._row_value, default=[])

    def _is_bare_label(self, hit: _Hit) -> bool:
        """Tell whether a word without a colon is a label: 发布时间 before a date, 记者 beside another label."""
        match hit.label.field:
            case "published":
                return leading_date(hit.value) is not None
            case "author":
                return any(
                    other.line is hit.line and other.label.field in ("published", "source", "category")
                    for other in self.hits
                )
            case _:
                return True

    @staticmethod
    def _row_value(row: list[_Hit]) -> float:
        fields = {hit.label.field for hit in row if hit.value}
        dated = any(hit.label.field == "published" and leading_date(hit.value) for hit in row)
        named = len(fields & {"category", "published", "source"}) + len(fields & {"author", "editor"}) / 2
        return named + 2 * dated

    def _value(self, name: Field) -> _Hit | None:
        limit = _MAX_VALUE.get(name, 60)
        for hit in self.meta:
            taken = hit.value and (hit.last == hit.line.index or not self.inline)
            if hit.label.field == name and taken and len(hit.value) <= limit:
                return hit
        return None

    def _read_meta(self, article: ReadArticle) -> None:
        values: dict[str, str | None] = {}
        stray_date = None
        for name in ("category", "source", "editor"):
            hit = self._value(name)  # type: ignore[arg-type]
            value = _TOOLS.sub("", hit.value).strip(" |｜/·-—") if hit is not None else ""
            if value and any(character.isdigit() for character in value):
                date, value = split_date(value)
                stray_date = stray_date or date
                value = value.strip(" |｜/·-—")
            values[name] = value or None
        article.category, article.source, article.editor = values["category"], values["source"], values["editor"]
        article.bylines += [hit.value for hit in self.meta if hit.label.field == "author" and hit.value]
        published = next(
            (
                date
                for hit in self.hits
                if hit.label.field == "published" and hit in self.meta and (date := leading_date(hit.value))
            ),
            None,
        )
        article.published_raw = (
            published or stray_date or self._unlabelled_date() or self._unreadable_date() or self.linked_data.published
        )

    def _unlabelled_date(self) -> str | None:
        """Return a date that stands in the row of labels without one of its own: `2025-01-08 16:55 来源：…`."""
        for hit in self.meta:
            if date := leading_date(hit.line.text[: hit.label.start].strip(" |｜/·")):
                return date
        if not self.meta:
            return None
        first, last = self.meta[0].line.index, self.meta[-1].last
        for line in self.lines[max(0, first - 2) : last + 3]:
            if is_date(line.text):
                return split_date(line.text)[0]
        return None

    def _unreadable_date(self) -> str | None:
        """Return what is printed after 发布时间 although it is no date: it is kept as raw text."""
        hit = self._value("published")
        return hit.value if hit is not None and hit.label.has_colon and hit.label.word not in ("时间", "日期") else None

    # ---- title ---------------------------------------------------------------------------------------

    def _title_line(self) -> Line | None:
        """Choose the headline: near the labels, a heading, and what the head of the page calls it."""
        lines = [line for line in self.lines if line.text and not line.is_table and 2 <= len(line.text) <= 150]
        anchor = self.meta[0].line.index if self.meta else next(
            (line.index for line in self.lines if is_notice(line.text)), len(self.lines)
        )
        hints = [
            hint
            for hint in (self.stream.page_title, self.stream.meta.get("og:title"), self.linked_data.headline)
            if hint
        ]
        taken = {hit.line.index for hit in self.hits if hit.label.start == 0}
        taken.update(hit.last for hit in self.meta)
        best: tuple[float, Line] | None = None
        for line in lines:
            distance = line.index - anchor
            if distance > 12 or line.index in taken or line.box.chrome or is_notice(line.text):
                continue
            named = max((len(line.text) / len(hint) for hint in hints if line.text in hint), default=0.0)
            level = line.box.heading
            score = 8 * named + (max(0, 4 - level) * 1.5 if level else 0) - min(abs(distance), 20) * 0.25
            if distance > 0:
                score -= 1
            if line.only_link is not None and line.only_link.url != self.stream.url:
                score -= 3
            if not named and not level and (is_date(line.text) or FURNITURE.match(line.text) or is_prose_sentence(line)):
                continue
            if best is None or score > best[0]:
                best = (score, line)
        return best[1] if best is not None else None

    # ---- body ----------------------------------------------------------------------------------------

    def _body_range(self, start: int) -> tuple[int, int]:
        """Return the lines of the body: the first stretch between two marks that holds prose."""
        marks = [index for index in self._marks() if index >= start]
        edges = [start - 1, *marks, len(self.lines)]
        stretches = [(left + 1, right) for left, right in zip(edges, edges[1:], strict=False) if right > left + 1]
        for left, right in stretches:
            if any(is_prose(line) for line in self.lines[left:right] if not line.box.chrome):
                return left, right
        return stretches[0] if stretches else (start, start)

    def _marks(self) -> list[int]:
        """Return the lines that cannot be body: the footer's, and headings of lists."""
        headings = {
            line.index for line in self.lines if len(line.text) <= 40 and (MORE.match(line.text) or self._heads_list(line))
        }
        return sorted(headings | self._footer_marks())

    def _footer_marks(self) -> set[int]:
        """Return the lines of editor, notice, snapshot time and original, labels with their values."""
        found = set()
        for hit in self.hits:
            if hit.label.start == 0 and (hit.label.field in ("snapshot", "original") or self._is_closing_editor(hit)):
                found.update(range(hit.line.index, hit.last + 1))
        for line in self.lines:
            if is_notice(line.text) or (len(line.text) <= 120 and REMOVAL.search(compact(line.text))):
                found.add(line.index)
        return found

    def _is_closing_editor(self, hit: _Hit) -> bool:
        """Tell whether a label of the editor stands below a body, not in the row of labels nor in a sentence."""
        return (
            hit.label.field == "editor"
            and hit not in self.meta
            and len(hit.line.text) <= 60
            and (hit.label.has_colon or hit.last > hit.line.index or (len(hit.value) <= 12 and bool(names(hit.value))))
        )

    def _heads_list(self, line: Line) -> bool:
        """Tell whether a line is the heading of the related list: links follow it."""
        return (
            RELATED_HEADING.match(line.text) is not None
            and line.only_link is None
            and self.stream.has_links(line.index + 1, line.index + 4)
        )

    # ---- after the body ------------------------------------------------------------------------------

    def _read_marks(self, article: ReadArticle, body_end: int) -> None:
        snapshot = [hit for hit in self.hits if hit.label.field == "snapshot"]
        article.snapshot_raw = next(
            (leading_date(hit.value) for hit in snapshot if leading_date(hit.value)),
            next((hit.value for hit in snapshot if hit.value and hit.label.has_colon), None),
        )
        article.original = self._original()
        if article.editor is None:
            editors = [
                hit
                for hit in self.hits
                if hit.label.field == "editor"
                and hit.value
                and len(hit.value) <= _MAX_VALUE["editor"]
                and hit.line.index >= body_end
                and (hit.last == hit.line.index or not self.inline)
            ]
            article.editor = editors[0].value.strip("（）()[]【】 ") if editors else None
        article.footer = read_footer(self._footer_lines())

    def _original(self) -> Original | None:
        for hit in self.hits:
            if hit.label.field != "original" or not hit.value:
                continue
            address = _ADDRESS.search(hit.value)
            href = hit.anchor.url if hit.anchor is not None else None
            if href is not None or address is not None:
                return Original(href, address[0] if address else None)
        return None

    def _footer_lines(self) -> list[str]:
        """Return the notice, the removal notice, and what stands between them of the same footer."""
        notice = next((line.index for line in self.lines if is_notice(line.text)), None)
        if notice is None:
            return []
        removal = next(
            (
                line.index
                for line in self.lines[notice : notice + 8]
                if REMOVAL.search(compact(line.text)) and not line.only_link
            ),
            notice,
        )
        last = max(removal, notice)
        others = {
            index
            for hit in self.hits
            if hit.label.field in ("original", "editor") and hit.label.start == 0
            for index in range(hit.line.index, hit.last + 1)
        }
        texts: dict[int, str] = {
            line.index: line.text for line in self.lines[notice : last + 1] if line.index not in others and line.text
        }
        for hit in self.hits:
            if hit.last > hit.line.index and hit.last in texts and hit.line.index in texts:
                # A label and its value in two boxes (dt and dd, two cells) are one line of the footer.
                texts[hit.line.index] += texts.pop(hit.last)
        return list(texts.values())

    def _read_bylines(self, article: ReadArticle) -> None:
        paragraphs = [block.text for block in article.blocks if block.type == "paragraph" and block.text]
        if paragraphs:
            article.bylines += [
                byline
                for byline in (opening_byline(paragraphs[0]), closing_byline(paragraphs[-1]))
                if byline is not None
            ]
        article.authors = self.linked_data.authors

    # ---- links around --------------------------------------------------------------------------------

    def _breadcrumbs(self, head: int, category: str | None) -> list[Link]:
        """Return the links of the trail: the line or box of links that says where the page stands."""
        for line in self.lines[:head]:
            links = _links(line) if len(line.text) <= 200 else []
            if not links or len(links) > 5:
                continue
            between = "".join(piece.text for piece in line.pieces if piece.anchor is None).strip()
            arrows = any(mark in between for mark in ">»›→＞》")
            if _POSITION.match(between) or arrows:
                return links
            slashes = "/" in between or "·" in between or "-" in between
            if slashes and not line.box.chrome and _is_root(links[0].url) and links[-1].title != "登录":
                return links
        return self._trail_box(head, category)

    def _trail_box(self, head: int, category: str | None) -> list[Link]:
        """Return a short run of links, one a line, just above the headline."""
        run: list[Line] = []
        for line in reversed(self.lines[max(0, head - 12) : head]):
            text = line.text.strip(" >»›/|→·＞》•")
            if line.only_link is not None and line.only_link.url is not None and len(text) <= 12:
                if run and not _same_list(run[-1].box, line.box):
                    break
                run.append(line)
            elif text and run:
                break
        crumbs = [link for line in reversed(run) for link in _links(line)]
        fits = crumbs and len(crumbs) <= 4 and (crumbs[-1].title == category or crumbs[0].title in _HOME_WORDS)
        return crumbs if fits else []

    def _read_lists(self, article: ReadArticle, body_end: int) -> None:
        more = next((line for line in self.lines if len(line.text) <= 400 and self._is_more(line)), None)
        if more is not None:
            article.more = self._more_links(more)
        headings = [line for line in self.lines if len(line.text) <= 20 and self._heads_list(line)]
        headings.sort(key=lambda line: line.index < body_end)
        named = [line for line in headings if _RELATED_WORDS.match(line.text)]
        start = max((index for index in self._footer_marks() if index >= body_end), default=body_end) + 1
        limit = more.index if more is not None and more.index >= start else len(self.lines)
        # A list under a heading that says so; else the one after the footer; else one that may be meant.
        ranges = [self._list_range(line.index + 1, line.box) for line in named]
        ranges.append(self._list_range(start, None, limit))
        ranges += [self._list_range(line.index + 1, line.box) for line in headings if line not in named]
        for position, (first, last) in enumerate(ranges):
            entries = [entry for entry in read_entries(self.stream, first, last) if self._may_be_related(entry)]
            if position == len(named):
                entries = [
                    entry for entry in entries if entry.published_raw or entry.excerpt or len(entry.title or "") >= 8
                ]
            if entries:
                article.related = entries
                return

    def _may_be_related(self, entry: Entry) -> bool:
        own = urlsplit(self.stream.url)
        return (
            bool(entry.title or entry.excerpt)
            and urlsplit(entry.url).netloc == own.netloc
            and entry.url.partition("#")[0] != self.stream.url
            and not _is_root(entry.url)
        )

    def _is_more(self, line: Line) -> bool:
        match = MORE.match(line.text)
        if match is None:
            return False
        rest = line.text[match.end() :].strip()
        linked = [piece for piece in line.pieces if piece.start >= match.end()]
        return not rest or all(piece.anchor is not None for piece in linked)

    def _more_links(self, more: Line) -> list[Link]:
        start, end = self._list_range(more.index + 1, more.box)
        found = {link.url: link for link in _links(more)}
        for entry in read_entries(self.stream, start, end):
            if entry.title is not None and len(entry.title) > 1 and self._may_be_related(entry):
                found.setdefault(entry.url, Link(entry.url, entry.title))
        return list(found.values())

    def _list_range(self, start: int, near: Box | None, limit: int | None = None) -> tuple[int, int]:
        """Return the lines of the list that begins at `start`: the box around it, up to the next mark.

        `near`: the box of its heading; the smallest box around that with links after the heading holds the list.
        """
        end = limit if limit is not None else len(self.lines)
        for index in range(start, end):
            line = self.lines[index]
            text = line.text
            if line.box.chrome and not (near is not None and near.chrome):
                end = index
                break
            if len(text) <= 120 and (
                MORE.match(text)
                or is_notice(text)
                or PAGE_FOOT.search(text)
                or (len(text) <= 20 and line.only_link is None and (RELATED_HEADING.match(text) or OTHER_HEADING.match(text)))
                or FURNITURE.match(text)
            ):
                end = index
                break
        for hit in self.hits:
            if hit.label.field in ("snapshot", "original", "editor") and start <= hit.line.index < end:
                if hit.label.start == 0 and not hit.line.links:
                    end = hit.line.index
        box = near
        while box is not None and not self.stream.has_links(start, min(box.end, end)):
            box = box.parent
        if box is not None:
            end = min(end, box.end)
        return start, max(start, end)


def is_prose_sentence(line: Line) -> bool:
    """Tell whether a line is a full sentence, not a headline."""
    return len(line.text) > 60 or line.text.endswith(("。", "；"))


def _same_list(one: Box, other: Box) -> bool:
    return one is other or one.parent is other.parent or (
        one.parent is not None and other.parent is not None and one.parent.parent is other.parent.parent
    )


def _is_root(url: str) -> bool:
    return urlsplit(url).path in ("", "/")


def _links(line: Line) -> list[Link]:
    """Return the links of a line with their texts."""
    links = []
    for anchor in line.links:
        text = "".join(piece.text for piece in line.pieces if piece.anchor is anchor).strip(" >»›/|→·＞》•:：")
        if anchor.url is not None and text:
            links.append(Link(anchor.url, text))
    return links
