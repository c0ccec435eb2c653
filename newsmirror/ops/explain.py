"""Why a record says what it says: for each key the raw text, the rule that read it, and its place.

The page is read anew by the reader itself, which keeps account of what it does: nothing is looked for here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from newsmirror.items import ArchiveRef, Article, Discovery, Snapshot
from newsmirror.normalise.dates import FORMS, ParsedDate
from newsmirror.normalise.people import names
from newsmirror.normalise.record import WARNINGS, build_article, read_clocks, resolve_original
from newsmirror.ops.terminal import printable, shorten
from newsmirror.reading.article import is_article, read_article
from newsmirror.reading.origins import Found
from newsmirror.reading.page import HtmlPage, open_page
from newsmirror.reading.places import Place, find_place, raw_text
from newsmirror.reading.stream import Stream
from newsmirror.schema import to_plain

_LABEL_COLUMN = 20
# What an object is shown by, if it has it: the first of these.
_NAMES = ("title", "text", "caption", "excerpt", "image_url", "url")
_FORMS = {form.name: form for form in FORMS}

# The keys that are read off the page: the field of ReadArticle, and where it was looked for in vain.
_READ: dict[str, tuple[str, str]] = {
    "category": ("category", "no label 类别, no articleSection in JSON-LD, no trail that names a category"),
    "breadcrumbs": ("breadcrumbs", "no links above the headline look like a trail"),
    "title": ("title", ""),
    "source": ("source", "no label 来源 in the row of labels, no sourceOrganization in JSON-LD"),
    "editor": (
        "editor",
        "no label 责任编辑 in the row of labels or below the body, none in brackets at its end",
    ),
    "published_raw": (
        "published_raw",
        "no label 发布时间, no date at the row of labels or below the headline, no datePublished in JSON-LD",
    ),
    "snapshot_raw": ("snapshot_raw", "no label 快照生成时间"),
    "blocks": ("blocks", "no lines between title and labels and the first mark of the end"),
    "footer": ("footer", "no notice 以上内容为资讯信息快照"),
    "related": ("related", "no list under a heading such as 相关资讯, none right after the article"),
    "more_in_category": ("more", "no line 更多关于…的资讯"),
}
# The keys that are not read off the page, and what they follow from.
_FOLLOWS: dict[str, str] = {
    "schema_version": "the version of the record's shape",
    "seq": "counted when the record is published",
    "op": "the ledger's: insert for the first record of an article, then revise",
    "article_id": "SHA-256 of url",
    "revision": "the ledger's: counted up with each record of the article",
    "change_cause": "the ledger's: whether the page changed, or the reader",
    "url": "canonical form of fetched_url",
    "fetched_url": "the address in the answer, after redirects",
    "original_id": "SHA-256 of the canonical form of original_url",
    "site": "the spider's name for the site, or the host of its start",
    "discovery": "the link that led the crawl to the page",
    "published_precision": "what is printed in published_raw",
    "body_text": "the texts of blocks, joined",
    "fetched_at": "the clock at the time of the answer",
    "first_seen_at": "the ledger's: fetched_at of the first record of the article",
    "content_sha256": "SHA-256 of title, category, source, authors, editor, published_at unless relative, "
    "blocks and original_url, without whitespace",
    "payload_sha256": "SHA-256 of the page's bytes",
    "encoding": "header, byte order mark and <meta> weighed against the bytes themselves",
    "archive": "the archive's record of the page's bytes",
    "run_id": "the run that made the record",
    "parser_version": "the version of the reader",
}


class ExplainError(Exception):
    """A page that no record can be made of now; the message says why."""


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page whose bytes are kept, and what was known when it was fetched.

    `url` is the address in the answer, `fetched_at` an aware datetime, `timezone` and `encoding` what the
    site's spider says. `given`: the keys of the stored record that ledger and feed have set, such as `seq`.
    """

    body: bytes
    content_type: str | None
    url: str
    fetched_at: datetime
    site: str
    timezone: str
    encoding: str | None
    discovery: Discovery
    run_id: str | None
    archive: ArchiveRef | None
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule, the text that it was applied to, and where that stands; None for what is on no page."""

    rule: str
    raw: str | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A key of the record with its value, as plain JSON, and the reasons for it, at least one."""

    key: str
    value: Any
    reasons: list[Reason]


def explain_page(page: KeptPage) -> list[Row]:
    """Read a kept page as the spider does, and explain the record; raises ExplainError if it makes none."""
    opened = open_page(page.body, page.content_type, page.encoding, page.url, places=True)
    if not isinstance(opened, HtmlPage):
        raise ExplainError(f"what is kept is no page: {opened.detail}")
    stream = opened.stream
    read = read_article(stream) if is_article(stream) else None
    if read is None:
        raise ExplainError("what is kept is no article with a title, as pages are read now")
    snapshot = Snapshot(
        page=read,
        url=page.url,
        site=page.site,
        timezone=page.timezone,
        discovery=page.discovery,
        fetched_at=page.fetched_at,
        payload_sha256=sha256(page.body).hexdigest(),
        encoding=opened.encoding,
        archive=page.archive,
        run_id=page.run_id,
    )
    article = replace(build_article(snapshot), **page.given)
    return explain(article, snapshot, stream)


def explain(article: Article, snapshot: Snapshot, stream: Stream) -> list[Row]:
    """Return a row for each key of a record, in its order.

    `snapshot` is what the record was built from, `stream` the page that this was read from, with its places.
    """
    page = snapshot.page
    published, snapshotted = read_clocks(snapshot, [])

    def reasons(name: str, none: str) -> list[Reason]:
        return [_reason(stream, each) for each in page.found[name] if each] or [Reason(f"none: {none}")]

    def authors() -> list[Reason]:
        named = [_reason(stream, each) for each in page.found["bylines"] if each and names(each.value)]
        return named or reasons(
            "authors", "no label 作者 or 记者, no byline in the body, no author in JSON-LD"
        )

    def original() -> list[Reason]:
        found = reasons("original", "no label 信息原文地址 with an address or a link")
        if page.original is None:
            return found
        how = resolve_original(page.original, snapshot.url).how
        return [replace(each, rule=f"{each.rule}: {how}") for each in found]

    special: dict[str, Callable[[], list[Reason]]] = {
        "original_url": original,
        "authors": authors,
        "published_at": lambda: [_date_reason("published_raw", published, snapshotted is not None)],
        "snapshot_at": lambda: [_date_reason("snapshot_raw", snapshotted, False)],
        "warnings": lambda: (
            [Reason(f"{code}: {WARNINGS[code]}") for code in article.warnings]
            or [Reason("none: nothing looks wrong")]
        ),
    }
    rows = []
    for key, value in to_plain(article).items():
        if key in special:
            because = special[key]()
        elif key in _READ:
            because = reasons(*_READ[key])
        else:
            because = [Reason(_FOLLOWS[key])]
        rows.append(Row(key, value, because))
    return rows


def _reason(stream: Stream, found: Found[Any]) -> Reason:
    origin = found.origin
    return Reason(str(origin), raw_text(stream, origin), find_place(stream, origin))


def _date_reason(key: str, date: ParsedDate | None, has_snapshot: bool) -> Reason:
    if date is None:
        return Reason(f"none: {key} is missing, or no date")
    form = _FORMS[date.rule]
    rule = f"{key}, read by the date form {form.name} (such as {form.example})"
    if form.kind == "absolute":
        return Reason(rule)
    return Reason(f"{rule}, seen from {'snapshot_at' if has_snapshot else 'fetched_at'}")


def format_rows(rows: Sequence[Row], columns: int) -> str:
    """Return the rows for a terminal of so many columns: raw text and value are cut, rule and place never."""
    room = max(columns - _LABEL_COLUMN, 20)
    return "".join(f"{line}\n" for row in rows for line in _lines(row, room))


def _lines(row: Row, room: int) -> Iterator[str]:
    value = _shown(row.value)
    yield f"{row.key:{_LABEL_COLUMN}}{shorten(printable(value), room)}"
    margin = " " * _LABEL_COLUMN
    for reason in row.reasons:
        raw = None if reason.raw is None else _one_line(reason.raw)
        if raw is not None and raw != value:
            yield f"{margin}raw    {shorten(printable(raw), room - 7)}"
        yield f"{margin}rule   {printable(reason.rule)}"
        if reason.place is not None:
            yield f"{margin}place  {printable(_where(reason.place))}"


def _where(place: Place) -> str:
    """Name a place: its line of text, counted from 1, its element, and the line of the page's source."""
    where = f"{place.path}, source line {place.source_line}"
    if place.first is None or place.last is None:
        return where
    if place.first == place.last:
        return f"line {place.first + 1}, {where}"
    return f"lines {place.first + 1}-{place.last + 1}, {where}"


def _shown(value: Any) -> str:
    """Return a value in one line: of a list, or of a text of several lines, how many and the first."""
    match value:
        case None:
            return "null"
        case []:
            return "[]"
        case [str(), *_]:
            return ", ".join(map(_one_line, value))
        case [first, *_]:
            return f"{len(value)}, the first: {_shown(first)}"
        case dict():
            told = {key: each for key, each in value.items() if each is not None}
            named = next((told[key] for key in _NAMES if key in told), None)
            if named is not None:
                return _shown(named)
            return ", ".join(f"{key} {_shown(each)}" for key, each in told.items())
        case str() if "\n" in value:
            lines = value.split("\n")
            return f"{len(lines)} lines, the first: {_one_line(lines[0])}"
        case _:
            return _one_line(str(value))


def _one_line(text: str) -> str:
    return " ".join(text.split())
