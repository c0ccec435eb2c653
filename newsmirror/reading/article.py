"""An article page, read by its labels: every value as it is printed.

The order of the work: find the lines that carry labels; choose the row of labels that belongs to the title;
cut the page at the marks that end an article (editor, notice, snapshot time, original, further lists); read
the body between, and the lists around.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from newsmirror.items import Block, Footer, Link
from newsmirror.normalise.urls import is_root
from newsmirror.normalise.variants import spellings
from newsmirror.reading.around import read_breadcrumbs, read_more, read_related
from newsmirror.reading.body import is_prose, read_body
from newsmirror.reading.date_cells import leading_date
from newsmirror.reading.entries import Entry, read_entries
from newsmirror.reading.footer import read_footer
from newsmirror.reading.hits import ADDRESS, Hit, find_hits
from newsmirror.reading.json_ld import read_json_ld
from newsmirror.reading.labels import HOME_WORDS, begins_notice, is_page_foot, is_removal
from newsmirror.reading.marks import body_range, closing_editor, footer_marks
from newsmirror.reading.meta import date_behind, date_below, read_meta
from newsmirror.reading.origins import (
    LABEL,
    LAST_CRUMB,
    NO_DATE,
    Found,
    Origin,
    value_of,
)
from newsmirror.reading.stream import Anchor, Line, Stream
from newsmirror.reading.title import find_title, is_headline

# Last links of a trail that name no category.
_NOT_A_CATEGORY = HOME_WORDS.union(
    spellings("正文", "内容", "详情", "资讯", "资讯正文", "文章", "详细内容", "快照")
)
# A link of fewer characters is a button or a category, and no title.
_MIN_TITLE = 6
# An entry has at most so many lines: title, excerpt, and one for each label. An unclosed link has more.
_MAX_ENTRY = 6
# A list of so many dated titles is more than what an article without labels and text would show.
_MIN_ENTRIES = 3
# What the head of a page calls an article is looked through for many lines.
_MAX_NAME = 500


@dataclass(frozen=True, slots=True)
class Original:
    """信息原文地址: where its link leads, and the address that is printed; one of them may be None."""

    href: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class ReadArticle:
    """The values on an article page, as printed; None or empty where the page does not say.

    `bylines` are texts that name people (`本网记者 张三`), `authors` names that the page's JSON-LD gives.
    `found` has each of these once more, with its origin: of `bylines` every one, of the others the whole, or
    None.
    """

    title: str
    category: str | None
    breadcrumbs: list[Link]
    source: str | None
    bylines: list[str]
    authors: list[str]
    editor: str | None
    published_raw: str | None
    snapshot_raw: str | None
    original: Original | None
    blocks: list[Block]
    footer: Footer | None
    related: list[Entry]
    more: list[Link]
    found: dict[str, Sequence[Found[Any] | None]]


def is_article(stream: Stream) -> bool:
    """Tell whether a page is a snapshot of one article.

    It carries the notice 以上内容为资讯信息快照, or one single 快照生成时间 with a date. A list of snapshots,
    where every row has its own time or an excerpt its notice, or a slogan in the page's frame, does not make
    an article; nor does the notice in the frame of a page that shows a list of dated titles and nothing else.
    """
    notices = [line for line in stream.notices if begins_notice(line.text)]
    if any(_entry_title(stream, line) is None for line in notices):
        return not _is_list_alone(stream)
    hits = find_hits(stream)
    times = [hit.line for hit in hits if hit.field == "snapshot" and leading_date(hit.value)]
    if len(times) == 1 and not times[0].links:
        notices += times
    # What is the value of a label, is no title.
    values = {None, *(hit.anchor for hit in hits)}
    return any(_entry_title(stream, line) in values for line in notices)


def _is_list_alone(stream: Stream) -> bool:
    """Tell whether a page has no text, image or label of its own beside a list of dated titles."""
    for line in stream.lines:
        is_linked = line.image is not None and line.image.anchor is not None
        if is_linked or not is_prose(line) or is_removal(line.text) or is_page_foot(line.text):
            continue
        if not line.is_notice and _entry_title(stream, line) is None:
            return False
    if any(hit.value and _entry_title(stream, hit.line) is None for hit in find_hits(stream)):
        return False
    entries = read_entries(stream, 0, len(stream.lines))
    dated = [entry for entry in entries if entry.title and entry.published_raw]
    return len(dated) >= _MIN_ENTRIES


def _entry_title(stream: Stream, line: Line) -> Anchor | None:
    """Return the title of the entry that a line stands in: a link to another page, the only one of its box.

    A box with a heading that is no link is an article's own.
    """
    box = line.box
    while box.parent is not None and not stream.has_links(box.start, box.end):
        box = box.parent
    url = stream.only_url(box.start, box.end)
    if url is None or not _leads_to_another(url, stream.url):
        return None
    while box.parent is not None and stream.only_url(box.parent.start, box.parent.end) == url:
        box = box.parent
    if box.end - box.start > _MAX_ENTRY:
        return None
    around = stream.lines[box.start : box.end]
    if any(other.box.heading and not other.links for other in around):
        return None
    opening = (other.link_texts()[0] for other in around if other.pieces and other.pieces[0].anchor)
    return next((anchor for anchor, text in opening if len(text) >= _MIN_TITLE), None)


def _leads_to_another(url: str, own: str) -> bool:
    """Tell whether an address is that of another page of the same site, not of its front."""
    return (
        urlsplit(url).netloc == urlsplit(own).netloc
        and not is_root(url)
        and url.partition("#")[0] != own.partition("#")[0]
    )


def read_article(stream: Stream) -> ReadArticle | None:
    """Read the article on a page that `is_article`, or return None if it has no title."""
    hits = find_hits(stream)
    meta = read_meta(stream, hits)
    linked_data = read_json_ld(stream.json_ld)
    called = {
        "<title>": stream.page_title,
        "og:title": stream.meta.get("og:title"),
        "JSON-LD": value_of(linked_data.headline),
    }
    hints = {where: hint[:_MAX_NAME] for where, hint in called.items() if hint}
    taken = {hit.line.index for hit in hits if hit.opens_line}
    # Labels in a heading may stand behind the headline.
    taken |= {
        hit.last
        for hit in meta.hits
        if (hit.last > hit.line.index or not hit.line.box.heading)
        and not (hit.field == "other" and is_headline(stream.lines[hit.last], hints.values()))
    }
    headline = find_title(stream, _anchor(stream, meta.first), hints, taken)
    if headline is not None:
        lines = headline.value
        ending = lines[-1].text[: headline.origin.end]
        title = Found(" ".join([*(line.text for line in lines[:-1]), ending]), headline.origin)
        head, last = lines[0].index, lines[-1].index
    elif linked_data.headline is not None:
        title, head, last = linked_data.headline, 0, -1
    else:
        return None
    marks = footer_marks(stream, hits, meta)
    published = meta.published_raw
    if published is None and headline is not None and headline.origin.end is not None:
        published = date_behind(headline.value[-1], headline.origin.end)
    if published is None and (published := date_below(stream, head)) is not None:
        marks.update(published.origin.lines)
    start, end, rule = body_range(stream, last, meta, marks)
    body = read_body(stream, start, end, title.value)
    bylines = [*meta.bylines, *body.bylines]
    blocks = body.found(rule)
    breadcrumbs = read_breadcrumbs(stream, head, value_of(meta.category))
    category = meta.category or linked_data.section or _category_of(breadcrumbs, title.value)
    source = meta.source or linked_data.source
    editor = meta.editor or body.editor or closing_editor(hits, meta, end)
    published = published or linked_data.published
    snapshot = _snapshot_raw(hits)
    original = _original(hits)
    footer = read_footer(stream, hits)
    more = read_more(stream)
    related = read_related(stream, hits, end, marks, more.origin.first if more is not None else None)
    return ReadArticle(
        title=title.value,
        category=value_of(category),
        breadcrumbs=value_of(breadcrumbs) or [],
        source=value_of(source),
        bylines=[byline.value for byline in bylines],
        authors=value_of(linked_data.authors) or [],
        editor=value_of(editor),
        published_raw=value_of(published),
        snapshot_raw=value_of(snapshot),
        original=value_of(original),
        blocks=body.blocks,
        footer=value_of(footer),
        related=value_of(related) or [],
        more=value_of(more) or [],
        found={
            "title": [title],
            "category": [category],
            "breadcrumbs": [breadcrumbs],
            "source": [source],
            "bylines": bylines,
            "authors": [linked_data.authors],
            "editor": [editor],
            "published_raw": [published],
            "snapshot_raw": [snapshot],
            "original": [original],
            "blocks": [blocks],
            "footer": [footer],
            "related": [related],
            "more": [more],
        },
    )


def _anchor(stream: Stream, meta_first: int | None) -> int:
    """Return the line near which the title stands: the row of labels, or else the notice."""
    if meta_first is not None:
        return meta_first
    return stream.notices[0].index if stream.notices else len(stream.lines)


def _category_of(breadcrumbs: Found[list[Link]] | None, title: str) -> Found[str] | None:
    if breadcrumbs is None:
        return None
    for crumb in reversed(breadcrumbs.value):
        if crumb.title and crumb.title not in _NOT_A_CATEGORY and crumb.title != title:
            return Found(crumb.title, Origin(LAST_CRUMB, breadcrumbs.origin.first, breadcrumbs.origin.last))
    return None


def _snapshot_raw(hits: list[Hit]) -> Found[str] | None:
    values = [hit for hit in hits if hit.field == "snapshot" and hit.value]
    dates = (hit.found(LABEL, date) for hit in values if (date := leading_date(hit.value)))
    unreadable = (hit.found(NO_DATE, hit.value) for hit in values if hit.is_plainly_time)
    return next(dates, next(unreadable, None))


def _original(hits: list[Hit]) -> Found[Original] | None:
    for hit in hits:
        if hit.field == "original" and hit.value:
            address = ADDRESS.search(hit.value)
            href = hit.anchor.url if hit.anchor is not None else None
            if href is not None or address is not None:
                return hit.found(LABEL, Original(href, address[0] if address else None))
    return None
