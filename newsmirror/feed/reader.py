"""The reader's side: records by cursor, and how the feed is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from newsmirror.feed.errors import FeedError
from newsmirror.feed.layout import INDEX, MANIFESTS, part_path, run_of
from newsmirror.feed.manifest import (
    Index,
    Manifest,
    ManifestPart,
    read_index,
    read_manifest,
    read_manifests,
)
from newsmirror.feed.parts import unpack
from newsmirror.feed.storage import Storage
from newsmirror.ledger.takedowns import Block


@dataclass(frozen=True, slots=True)
class SiteStatus:
    """One site of the feed: how much there is of it, and its newest crawl; None if it was never crawled."""

    site: str
    runs: int
    articles: int
    rejects: int
    bytes: int
    newest: Manifest | None


@dataclass(frozen=True, slots=True)
class Status:
    """How the feed is: its index, and its sites by name."""

    index: Index
    sites: list[SiteStatus]


def read(uri: str, since: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the records after a cursor, in order of their seq; the last one's seq is the next cursor.

    Up to what is committed at the time of the call. Raises FeedError if there is no feed, or a file of it
    is missing or not as its manifest says.
    """
    storage = Storage(uri)
    index, manifests = _committed(storage)
    return _records(storage, manifests, since, index.last_seq)


def recover(uri: str) -> Iterator[dict[str, Any]]:
    """Yield all records that a manifest names, also where the index was not written: for a new ledger.

    A seq that is in the feed must not be given again, even if no reader has been shown it yet. Raises
    FeedError if there is no feed: a ledger that knows nothing must not take the place of one that does.
    """
    storage = Storage(uri)
    manifests = read_manifests(storage)
    if not manifests and read_index(storage) is None:
        raise _no_feed(storage)
    last_seq = max((manifest.last_seq for manifest in manifests), default=0)
    return _records(storage, manifests, 0, last_seq)


def newest_record(uri: str, article_id: str) -> dict[str, Any] | None:
    """Return the last record of an article, None if the feed has none; raises FeedError as `read` does.

    Newest parts first, and none that is older than the record.
    """
    storage = Storage(uri)
    index = read_index(storage)
    if index is None:
        return None
    for part in reversed(article_parts(read_manifests(storage), 0, index.last_seq)):
        for line in reversed(_lines(storage, part)):
            # Few lines are worth decoding.
            if article_id in line:
                record: dict[str, Any] = msgspec.json.decode(line)
                if record["article_id"] == article_id and record["seq"] <= index.last_seq:
                    return record
    return None


def blocked(uri: str) -> list[Block]:
    """Return what the manifests say was taken down: for a new ledger."""
    return [
        Block(each.id, each.reason, manifest.run_id)
        for manifest in read_manifests(Storage(uri))
        for each in manifest.takedowns
    ]


def as_of(uri: str, instant: datetime) -> Iterator[dict[str, Any]]:
    """Yield the state of the feed at an instant: of each article its last record then, in order of their seq.

    Articles that were removed by then are left out, and so is, at any instant, what was taken down since.
    Nothing is yielded for an instant before the first part. Raises ValueError for an instant without a time
    zone, and FeedError as `read` does.
    """
    if instant.tzinfo is None:
        raise ValueError(f"{instant} has no time zone")
    storage = Storage(uri)
    index, manifests = _committed(storage)
    then = [
        replace(manifest, parts=[part for part in manifest.parts if _was_there(part, manifest, instant)])
        for manifest in manifests
    ]
    return _last_records(storage, then, index.last_seq)


def status(uri: str) -> Status:
    """Return how the feed is; raises FeedError if there is none, or only its index."""
    index, manifests = _committed(Storage(uri))
    by_site: dict[str, list[Manifest]] = {}
    for manifest in manifests:
        by_site.setdefault(manifest.site, []).append(manifest)
    return Status(index, [_site_status(site, by_site[site]) for site in sorted(by_site)])


def _site_status(site: str, manifests: list[Manifest]) -> SiteStatus:
    parts = [part for manifest in manifests for part in manifest.parts]
    return SiteStatus(
        site,
        runs=len(manifests),
        articles=sum(part.rows for part in parts if part.kind == "articles"),
        rejects=sum(part.rows for part in parts if part.kind == "rejects"),
        bytes=sum(part.bytes for part in parts),
        newest=next((each for each in reversed(manifests) if each.is_crawl), None),
    )


def _committed(storage: Storage) -> tuple[Index, list[Manifest]]:
    """Return the index, and the manifests, which are at least as new; raises FeedError without either."""
    index = read_index(storage)
    if index is None:
        raise _no_feed(storage)
    manifests = read_manifests(storage)
    if index.last_seq and not manifests:
        raise FeedError(
            f"{storage.uri}/{MANIFESTS}: no manifest is here, and the feed is at seq {index.last_seq}; "
            "restore them from a backup"
        )
    return index, manifests


def _no_feed(storage: Storage) -> FeedError:
    cure = "name the folder that holds v1/: NEWSMIRROR_FEED_URI, or NEWSMIRROR_DIR, the one above it"
    return FeedError(f"{storage.uri}/{INDEX}: no feed is here; {cure}")


def _was_there(part: ManifestPart, manifest: Manifest, until: datetime) -> bool:
    """Tell whether a part was published by then; where that was not told, its run had ended."""
    at = part.committed_at or manifest.finished_at
    return at is not None and datetime.fromisoformat(at) <= until


class _Row(msgspec.Struct):
    """As much of a record as tells whether another one of its article follows."""

    article_id: str
    seq: int
    op: str


def newest_seqs(storage: Storage, parts: Iterable[ManifestPart], last_seq: int) -> dict[bytes, int]:
    """Return for each article the seq of its last record in parts given in order, 0 if that is a `delete`.

    By its id as bytes, and no records, as all are too many. Raises FeedError.
    """
    newest: dict[bytes, int] = {}
    for part in parts:
        for line in _lines(storage, part):
            row = msgspec.json.decode(line, type=_Row)
            if row.seq <= last_seq:
                newest[bytes.fromhex(row.article_id)] = 0 if row.op == "delete" else row.seq
    return newest


def article_parts(manifests: Iterable[Manifest], since: int, last_seq: int) -> list[ManifestPart]:
    """Return the parts that hold articles after `since` and up to `last_seq`, in order of their seq."""
    parts = [
        (part.first_seq, part)
        for manifest in manifests
        for part in manifest.parts
        if part.first_seq is not None and part.last_seq is not None
        if part.first_seq <= last_seq and part.last_seq > since
    ]
    return [part for _, part in sorted(parts, key=lambda found: found[0])]


def _last_records(storage: Storage, manifests: list[Manifest], last_seq: int) -> Iterator[dict[str, Any]]:
    """Yield of each article its last record, unless that is a `delete`."""
    newest = newest_seqs(storage, article_parts(manifests, 0, last_seq), last_seq)
    for record in _records(storage, manifests, 0, last_seq):
        if newest[bytes.fromhex(record["article_id"])] == record["seq"]:
            yield record


def _records(
    storage: Storage, manifests: list[Manifest], since: int, last_seq: int
) -> Iterator[dict[str, Any]]:
    for part in article_parts(manifests, since, last_seq):
        for line in _lines(storage, part):
            record = msgspec.json.decode(line)
            if since < record["seq"] <= last_seq:
                yield record


def _lines(storage: Storage, part: ManifestPart) -> list[str]:
    path = part_path(part.path)
    data = storage.read(path)
    digest = sha256(data).hexdigest()
    if digest != part.sha256 and digest not in _digests(storage, path, part):
        raise FeedError(
            f"{storage.uri}/{path}: not the bytes that its manifest names; restore it from a backup, "
            "and look for more with: scrapy feed verify"
        )
    return unpack(data)


def _digests(storage: Storage, path: str, part: ManifestPart) -> set[str]:
    """Return what a part may be if it is being rewritten: its manifest is first, and names both."""
    manifest = read_manifest(storage, run_of(path) or "")
    now = {each.sha256 for each in manifest.parts if each.path == part.path}
    return now | {each.sha256_before for each in manifest.rewrites if each.file == part.path}
