"""An article page, read by its labels: every value as it is printed.

The order of the work: find the lines that carry labels; choose the row of labels that belongs to the title;
cut the page at the marks that end an article (editor, notice, snapshot time, original, further lists); read
the body between, and the lists around.
"""

from dataclasses import dataclass

from newsmirror.items import Block, Footer, Link
from newsmirror.normalise.people import closing_byline, opening_byline
from newsmirror.reading.around import read_breadcrumbs, read_more, read_related
from newsmirror.reading.body import read_body
from newsmirror.reading.date_cells import leading_date
from newsmirror.reading.entries import Entry
from newsmirror.reading.footer import footer_lines, read_footer
from newsmirror.reading.hits import ADDRESS, Hit, find_hits
from newsmirror.reading.json_ld import read_json_ld
from newsmirror.reading.labels import HOME_WORDS
from newsmirror.reading.marks import body_range, closing_editor, footer_marks
from newsmirror.reading.meta import date_line, read_meta
from newsmirror.reading.stream import Stream
from newsmirror.reading.title import find_title

# Last links of a trail that name no category.
_NOT_A_CATEGORY = HOME_WORDS | {"正文", "内容", "详情", "资讯", "资讯正文", "文章", "详细内容", "快照"}


@dataclass(frozen=True, slots=True)
class Original:
    """信息原文地址: where its link leads, and the address that is printed; one of them may be None."""

    href: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class ReadArticle:
    """The values on an article page, as printed; None or empty where the page does not say.

    `bylines` are texts that name people (`本网记者 张三`), `authors` names that the page's JSON-LD gives.
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


def is_article(stream: Stream) -> bool:
    """Tell whether a page is a snapshot of one article.

    It carries the notice 以上内容为资讯信息快照, or one single 快照生成时间 with a date. A list of snapshots,
    where every row has its own time, or a slogan in the page's frame, does not make an article.
    """
    if stream.notices:
        return True
    hits = [hit for hit in find_hits(stream) if hit.field == "snapshot" and leading_date(hit.value)]
    return len(hits) == 1 and not hits[0].line.links


def read_article(stream: Stream) -> ReadArticle | None:
    """Read the article on a page that `is_article`, or return None if it has no title."""
    hits = find_hits(stream)
    meta = read_meta(stream, hits)
    linked_data = read_json_ld(stream.json_ld)
    hints = [hint for hint in (stream.page_title, stream.meta.get("og:title"), linked_data.headline) if hint]
    taken = {hit.line.index for hit in hits if hit.opens_line} | {hit.last for hit in meta.hits}
    title_lines = find_title(stream, _anchor(stream, meta.first), hints, taken)
    title = " ".join(line.text for line in title_lines) or linked_data.headline
    if not title:
        return None
    head = title_lines[0].index if title_lines else 0
    footer = footer_marks(stream, hits, meta)
    published_raw = meta.published_raw
    if published_raw is None and (dated := date_line(stream, head)) is not None:
        published_raw = leading_date(dated.text)
        footer.add(dated.index)
    start, end = body_range(stream, head + len(title_lines) - 1, meta, footer)
    blocks, bylines, bracketed_editor = read_body(stream, start, end, title)
    breadcrumbs = read_breadcrumbs(stream, head, meta.category)
    more_line, more = read_more(stream)
    return ReadArticle(
        title=title,
        category=meta.category or linked_data.section or _category_of(breadcrumbs, title),
        breadcrumbs=breadcrumbs,
        source=meta.source or linked_data.source,
        bylines=[*meta.bylines, *bylines, *_bylines_in(blocks)],
        authors=linked_data.authors,
        editor=meta.editor or bracketed_editor or closing_editor(hits, meta, end),
        published_raw=published_raw or linked_data.published,
        snapshot_raw=_snapshot_raw(hits),
        original=_original(hits),
        blocks=blocks,
        footer=read_footer(footer_lines(stream, hits)),
        related=read_related(stream, hits, end, footer, more_line),
        more=more,
    )


def _anchor(stream: Stream, meta_first: int | None) -> int:
    """Return the line near which the title stands: the row of labels, or else the notice."""
    if meta_first is not None:
        return meta_first
    return stream.notices[0].index if stream.notices else len(stream.lines)


def _category_of(breadcrumbs: list[Link], title: str) -> str | None:
    return next(
        (
            crumb.title
            for crumb in reversed(breadcrumbs)
            if crumb.title and crumb.title not in _NOT_A_CATEGORY and crumb.title != title
        ),
        None,
    )


def _bylines_in(blocks: list[Block]) -> list[str]:
    """Return the bylines in the dateline of the first paragraph and at the end of the last."""
    paragraphs = [block.text for block in blocks if block.type == "paragraph" and block.text]
    if not paragraphs:
        return []
    found = (opening_byline(paragraphs[0]), closing_byline(paragraphs[-1]))
    return [byline for byline in found if byline is not None]


def _snapshot_raw(hits: list[Hit]) -> str | None:
    values = [hit for hit in hits if hit.field == "snapshot" and hit.value]
    dates = (date for hit in values if (date := leading_date(hit.value)))
    unreadable = (hit.value for hit in values if hit.label.has_colon)
    return next(dates, next(unreadable, None))


def _original(hits: list[Hit]) -> Original | None:
    for hit in hits:
        if hit.field == "original" and hit.value:
            address = ADDRESS.search(hit.value)
            href = hit.anchor.url if hit.anchor is not None else None
            if href is not None or address is not None:
                return Original(href, address[0] if address else None)
    return None
