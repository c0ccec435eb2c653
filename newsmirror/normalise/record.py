"""One snapshot, as read → one article, record v1. A pure function; every doubt becomes a warning code."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from newsmirror.items import SCHEMA_VERSION, Article, Block, Link, Related, Snapshot
from newsmirror.normalise.dates import FORMS, ParsedDate, parse_date
from newsmirror.normalise.people import names
from newsmirror.normalise.text import fold
from newsmirror.normalise.urls import canonical_url, http_url, identity, unwrap_redirector, without_grant
from newsmirror.reading import PARSER_VERSION
from newsmirror.reading.article import Original
from newsmirror.reading.body import body_text

# Clocks of two machines differ a little; only more than this is told.
CLOCK_TOLERANCE = timedelta(minutes=10)

_RELATIVE = frozenset(form.name for form in FORMS if form.kind == "relative")
_SPAN = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}

# Every warning that a record can carry, and what it means. `docs/record.md` is checked against this.
WARNINGS: dict[str, str] = {
    "published_missing": "the page prints no publication time",
    "published_unreadable": "a publication time is printed, but it cannot be read as a date",
    "snapshot_missing": "the page prints no snapshot time",
    "snapshot_unreadable": "a snapshot time is printed, but it cannot be read as a date",
    "snapshot_before_published": "the snapshot time is before the publication time",
    "fetched_before_snapshot": "the snapshot time is after the time of fetching",
    "fetched_before_published": "the publication time is after the time of fetching",
    "original_shortened": "the original's address is printed with an ellipsis and has no link",
    "original_unresolved": "the original's link leads through a redirector that does not name its target",
    "original_unreadable": "what is printed or linked as the original's address is no address",
    "original_without_scheme": "the original's address is printed without http://, which was put before it",
    "body_missing": "no body was found on the page",
    "encoding_replacements": "some bytes of the page could not be decoded",
}


class Resolved(NamedTuple):
    """An original's address, how it was found or why not, for a person, and the warning that this earns."""

    url: str | None
    how: str
    warning: str | None


def build_article(snapshot: Snapshot) -> Article:
    """Return the record of a snapshot.

    Raises ValueError if its own address is not an http(s) address; anything else that cannot be read is
    None in the record, with its raw text kept and a code in `warnings`.
    """
    page = snapshot.page
    zone = ZoneInfo(snapshot.timezone)
    warnings: list[str] = []
    published, snapshotted = read_clocks(snapshot, warnings)
    _compare_clocks(published, snapshotted, snapshot.fetched_at, warnings)
    original_url = None
    if page.original is not None:
        original_url, _, doubt = resolve_original(page.original, snapshot.url)
        warnings += [doubt] if doubt is not None else []
    if snapshot.encoding.replacements:
        warnings.append("encoding_replacements")
    text = body_text(page.blocks)
    if not page.blocks:
        warnings.append("body_missing")
    url = canonical_url(snapshot.url)
    original_id = identity(canonical_url(original_url)) if original_url is not None else None
    authors = list(dict.fromkeys(name for byline in page.bylines for name in names(byline))) or page.authors
    fetched_at = format_utc(snapshot.fetched_at)
    # A relative date (3小时前) changes with the clock, not with the article.
    stable = published is not None and published.rule not in _RELATIVE
    return Article(
        schema_version=SCHEMA_VERSION,
        seq=None,
        op="insert",
        article_id=identity(url),
        revision=1,
        change_cause=None,
        url=url,
        fetched_url=snapshot.url,
        original_url=original_url,
        original_id=original_id,
        site=snapshot.site,
        category=page.category,
        breadcrumbs=[Link(link.url, link.title) for link in page.breadcrumbs],
        discovery=snapshot.discovery,
        title=page.title,
        source=page.source,
        authors=authors,
        editor=page.editor,
        published_at=format_local(published),
        published_raw=page.published_raw,
        published_precision=published.precision if published is not None else None,
        snapshot_at=format_local(snapshotted),
        snapshot_raw=page.snapshot_raw,
        body_text=text,
        blocks=page.blocks,
        footer=page.footer,
        related=[
            Related(
                entry.url,
                entry.title,
                entry.excerpt,
                format_local(
                    parse_date(entry.published_raw, snapshot.fetched_at, tz=zone)
                    if entry.published_raw
                    else None
                ),
                entry.published_raw,
            )
            for entry in page.related
        ],
        more_in_category=page.more,
        fetched_at=fetched_at,
        first_seen_at=fetched_at,
        content_sha256=content_hash(
            page.title,
            page.category,
            page.source,
            authors,
            page.editor,
            format_local(published) if stable else None,
            page.blocks,
            original_url,
        ),
        payload_sha256=snapshot.payload_sha256,
        encoding=snapshot.encoding,
        warnings=warnings,
        archive=snapshot.archive,
        run_id=snapshot.run_id,
        parser_version=PARSER_VERSION,
    )


def read_clocks(snapshot: Snapshot, warnings: list[str]) -> tuple[ParsedDate | None, ParsedDate | None]:
    """Return when an article was published and when the snapshot was made; what is missing is warned of."""
    page, zone = snapshot.page, ZoneInfo(snapshot.timezone)
    # What the page says of time is true at the time of the snapshot.
    snapshotted = _read_date(page.snapshot_raw, snapshot.fetched_at, zone, "snapshot", warnings)
    reference = snapshotted.value if snapshotted is not None else snapshot.fetched_at
    return _read_date(page.published_raw, reference, zone, "published", warnings), snapshotted


def content_hash(
    title: str,
    category: str | None,
    source: str | None,
    authors: list[str],
    editor: str | None,
    published: str | None,
    blocks: list[Block],
    original_url: str | None,
) -> str:
    """Return the SHA-256 of an article's own content, blind to whitespace.

    The related list, the snapshot time, the footer and the way the page was found are not part of it, nor is
    what grants access to an image for a while.
    """
    own = [
        *map(fold, (title, category, source, editor)),
        authors,
        published,
        [
            (
                block.type,
                block.level,
                fold(block.text),
                block.image_url and without_grant(block.image_url),
                fold(block.caption),
            )
            for block in blocks
        ],
        original_url,
    ]
    return sha256(msgspec.json.encode(own)).hexdigest()


def format_utc(moment: datetime) -> str:
    """Return an aware datetime as RFC 3339 in UTC, to the second: `2025-01-08T08:55:00Z`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


def format_local(date: ParsedDate | None) -> str | None:
    """Return a date as RFC 3339 with its offset: `2025-01-08T16:55:00+08:00`; None for None."""
    return date.value.isoformat(timespec="seconds") if date is not None else None


def _read_date(
    raw: str | None, reference: datetime, zone: ZoneInfo, name: str, warnings: list[str]
) -> ParsedDate | None:
    if raw is None:
        warnings.append(f"{name}_missing")
        return None
    date = parse_date(raw, reference, tz=zone)
    if date is None:
        warnings.append(f"{name}_unreadable")
    return date


def _compare_clocks(
    published: ParsedDate | None, snapshotted: ParsedDate | None, fetched_at: datetime, warnings: list[str]
) -> None:
    """Tell where published ≤ snapshot ≤ fetched does not hold; a day counts as all of its hours."""
    if (
        published is not None
        and snapshotted is not None
        and published.value >= snapshotted.value + _SPAN[snapshotted.precision]
    ):
        warnings.append("snapshot_before_published")
    if snapshotted is not None and snapshotted.value > fetched_at + CLOCK_TOLERANCE:
        warnings.append("fetched_before_snapshot")
    if published is not None and published.value > fetched_at + CLOCK_TOLERANCE:
        warnings.append("fetched_before_published")


def resolve_original(original: Original, page_url: str) -> Resolved:
    """Resolve 信息原文地址: the link's target, out of the site's own redirector, else the printed address."""
    shortened = original.text is None or "..." in original.text or "…" in original.text
    printed = None if shortened else original.text
    if original.href is not None:
        url = http_url(original.href)
        if url is not None and urlsplit(url).netloc != urlsplit(page_url).netloc:
            return Resolved(url, "its link leads there", None)
        if url is not None and (target := unwrap_redirector(url)) is not None:
            return Resolved(target, "its link leads there through a redirector that names it", None)
        if url is not None and printed is None:
            return Resolved(None, "its link stays on the site and names no target", "original_unresolved")
    elif printed is None:
        return Resolved(None, "it is cut short and has no link", "original_shortened")
    if printed is not None:
        if (url := http_url(printed)) is not None:
            return Resolved(url, "as printed", None)
        if "://" not in printed and (url := http_url("http://" + printed)) is not None:
            return Resolved(url, "as printed, with http:// before it", "original_without_scheme")
    return Resolved(None, "it is no address", "original_unreadable")
