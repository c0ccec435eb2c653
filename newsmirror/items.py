"""The two items that flow through the pipelines: what was read, and the record that is published.

A spider yields a `Snapshot`: the strings of one article page as they are printed, and how it was fetched.
The Normalise pipeline turns it into an `Article`, record v1. The published JSON Schema and `docs/record.md`
are derived from `Article`; its field order is the order of the keys in the feed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, Literal

from msgspec import Meta

if TYPE_CHECKING:
    from newsmirror.reading.article import ReadArticle

SCHEMA_VERSION: Final = "1.0"

Text = Annotated[str, Meta(min_length=1)]
Url = Annotated[str, Meta(pattern="^https?://[^/]")]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
LocalTime = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$")]
UtcTime = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
Count = Annotated[int, Meta(ge=0)]
Ordinal = Annotated[int, Meta(ge=1)]

# Why an address was given up. Asked for in vain: gone (404, 410), refused (other 4xx), server_error (5xx,
# after all retries), unreachable (no answer), truncated, empty, too_large, redirect (a loop, or too many),
# undecodable (broken compression, or bytes that are no text), told_to_wait (longer than we do), and render_…
# by a browser. Read in vain: not_html, unreadable, soft_404; invalid is a record that breaks its schema.
Reason = Literal[
    "gone",
    "refused",
    "server_error",
    "unreachable",
    "truncated",
    "empty",
    "too_large",
    "redirect",
    "undecodable",
    "not_html",
    "told_to_wait",
    "render_hung",
    "render_failed",
    "render_too_large",
    "unreadable",
    "soft_404",
    "invalid",
]


# Links, related entries and blocks are not frozen: a page has dozens, and frozen ones are slow to make.
@dataclass(slots=True)
class Link:
    """A link with its text."""

    url: Url
    title: Text | None


@dataclass(slots=True)
class Related:
    """One entry of the related list; `published_at` as in the record, against the time of fetching."""

    url: Url
    title: Text | None
    excerpt: Text | None
    published_at: LocalTime | None
    published_raw: Text | None


@dataclass(frozen=True, slots=True)
class Discovery:
    """How the page was found: by which kind of link, on which page, as which link there (from 1)."""

    kind: Literal["start", "listing", "related", "more"]
    from_url: Url | None
    position: Ordinal | None


@dataclass(slots=True)
class Block:
    """One block of the body: headings have `level` 1-6, images `image_url` and `caption`, others `text`.

    A table's text has a tab between cells and a line feed between rows.
    """

    type: Literal["paragraph", "heading", "image", "table"]
    level: Annotated[int, Meta(ge=1, le=6)] | None
    text: Text | None
    image_url: Url | None
    caption: Text | None


@dataclass(frozen=True, slots=True)
class Footer:
    """The footer of the source: `text` verbatim, lines joined by a line feed; the rest is cut from it."""

    text: Text
    collector: Text | None
    disclaimer: Text | None
    removal_notice: Text | None


@dataclass(frozen=True, slots=True)
class Encoding:
    """Which encoding the page declared, which one was used, and how many characters could not be decoded."""

    declared: Text | None
    used: Text
    replacements: Count


@dataclass(frozen=True, slots=True)
class ArchiveRef:
    """Where the bytes of the page are kept."""

    file: Text
    record_id: Text


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An article page as it was read: strings as printed, nothing normalised yet.

    `url` is the address in the request's answer (after redirects), `timezone` an IANA name,
    `fetched_at` an aware datetime, `archive` where its bytes are kept.
    """

    page: "ReadArticle"
    url: str
    site: str
    timezone: str
    discovery: Discovery
    fetched_at: datetime
    payload_sha256: str
    encoding: Encoding
    archive: ArchiveRef | None
    run_id: str | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """What was asked for and cannot be published: `reason` is a stable code, `detail` for a person.

    `fetched_at` is UTC text, as in the record.
    """

    url: str
    reason: Reason
    detail: str
    fetched_at: str


@dataclass(frozen=True, slots=True)
class Article:
    """Record v1: one snapshot of one article. Unknown is `null` (or `[]`), never an empty string.

    A `delete` is a record without content: only its identity, its clocks and its run are told.
    """

    schema_version: Annotated[Literal["1.0"], Meta(description="Version of this record's shape.")]
    seq: Annotated[
        Ordinal | None,
        Meta(description="Cursor of the published feed, strictly increasing; null outside of it."),
    ]
    op: Annotated[
        Literal["insert", "revise", "delete"], Meta(description="What this record does to the article.")
    ]
    article_id: Annotated[Sha256, Meta(description="SHA-256 of `url`; never reused.")]
    revision: Annotated[Ordinal, Meta(description="1 for the first record of an article, then counted up.")]
    change_cause: Annotated[
        Literal["source", "parser"] | None,
        Meta(description="Of a `revise`: the site's page changed, or our reading; null if it may be both."),
    ]
    url: Annotated[Url, Meta(description="Canonical address of the snapshot page: its identity.")]
    fetched_url: Annotated[Url, Meta(description="The address as it was fetched, after redirects.")]
    original_url: Annotated[
        Url | None,
        Meta(description="信息原文地址: the original's address, redirectors of the site resolved."),
    ]
    original_id: Annotated[
        Sha256 | None, Meta(description="SHA-256 of the canonical `original_url`: joins mirrors of one text.")
    ]
    site: Annotated[Text, Meta(description="Name of the mirrored site: the spider's, or the host.")]
    category: Annotated[Text | None, Meta(description="类别 as printed.")]
    breadcrumbs: Annotated[list[Link], Meta(description="The links of the page's trail, in order.")]
    discovery: Annotated[Discovery | None, Meta(description="How the page was found.")]
    title: Annotated[Text | None, Meta(description="The headline as printed.")]
    source: Annotated[Text | None, Meta(description="来源 as printed, without its label.")]
    authors: Annotated[
        list[Text], Meta(description="Names of 记者, 通讯员 and 作者, without labels and brackets.")
    ]
    editor: Annotated[Text | None, Meta(description="责任编辑 as printed, without its label.")]
    published_at: Annotated[
        LocalTime | None,
        Meta(description="发布时间 with the site's offset; read it together with `published_precision`."),
    ]
    published_raw: Annotated[Text | None, Meta(description="The publication time as printed.")]
    published_precision: Annotated[
        Literal["second", "minute", "hour", "day"] | None,
        Meta(description="What was printed; the rest of `published_at` is filled with zeros."),
    ]
    snapshot_at: Annotated[LocalTime | None, Meta(description="快照生成时间 with the site's offset.")]
    snapshot_raw: Annotated[Text | None, Meta(description="The snapshot time as printed.")]
    body_text: Annotated[
        Text | None,
        Meta(description="Texts of the paragraph, heading and table blocks, joined by line feeds."),
    ]
    blocks: Annotated[list[Block], Meta(description="The body in order.")]
    footer: Annotated[Footer | None, Meta(description="The footer of the source.")]
    related: Annotated[list[Related], Meta(description="The related articles, in order.")]
    more_in_category: Annotated[list[Link], Meta(description="The links of 更多关于…的资讯, in order.")]
    fetched_at: Annotated[UtcTime, Meta(description="When the page was fetched.")]
    first_seen_at: Annotated[UtcTime, Meta(description="When the article was fetched for the first time.")]
    content_sha256: Annotated[
        Sha256 | None,
        Meta(description="Of the article's own content: not its related list, snapshot time or whitespace."),
    ]
    payload_sha256: Annotated[
        Sha256 | None, Meta(description="Of the page's bytes, after transfer and content decoding.")
    ]
    encoding: Annotated[Encoding | None, Meta(description="How the bytes became text.")]
    warnings: Annotated[list[Text], Meta(description="Stable codes for what looks wrong on the page.")]
    archive: Annotated[ArchiveRef | None, Meta(description="Where the page's bytes are kept.")]
    run_id: Annotated[Text | None, Meta(description="Which run made this record.")]
    parser_version: Annotated[Text, Meta(description="Which reader made this record.")]
