"""From the ledger's outbox to the feed: parts, then manifests, then the index, then the ledger's commit.

A crash at any point leaves parts that the ledger still holds as pending; the next publisher, of whichever
run, writes the same bytes at the same paths again.
"""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import msgspec

from newsmirror.archive.writer import sync_open_files
from newsmirror.disk import UNFINISHED
from newsmirror.feed import schemas
from newsmirror.feed.errors import FeedError
from newsmirror.feed.layout import INDEX, ROOT, is_part, manifest_path, part_path, run_of
from newsmirror.feed.manifest import (
    FEED_VERSION,
    Index,
    describe,
    encode,
    read_index,
    read_manifests,
)
from newsmirror.feed.parts import pack, unpack
from newsmirror.feed.storage import Storage
from newsmirror.ledger.ledger import Ledger
from newsmirror.ledger.publication import Publication
from newsmirror.normalise.record import format_utc


def publish(
    ledger: Ledger,
    storage: Storage,
    archive: Path | None,
    run_id: str,
    max_rows: int = 2000,
) -> None:
    """Publish all that waits for a run's site, what a takedown left, and what any other run left assigned.

    What its records name in the files of `archive` is carried to the disk before, also where another run
    keeps it; what is accepted meanwhile waits for the next time. Raises FeedError if the storage cannot be
    written or is ahead of the ledger, ArchiveError and LedgerError; nothing is lost then, and the next call
    completes it.
    """
    until = ledger.last_waiting()
    if archive is not None:
        sync_open_files(archive)
    remain = True
    while remain:  # so that others may publish in between
        remain = ledger.assign(run_id, max_rows, until)
        with ledger.publishing() as publication:
            publish_pending(publication, storage)


def publish_pending(publication: Publication, storage: Storage) -> None:
    """Write what was assigned, by whichever run, and the manifests that are due; raises as `publish` does."""
    _check_not_behind(publication, storage)
    for part in publication.pending():
        data = pack(part.payloads())
        storage.write(part_path(part.path), data)
        publication.published(part, len(data), sha256(data).hexdigest())
    manifests = [describe(told) for told in publication.manifests()]
    if not manifests:
        return
    _write_schemas(storage)
    updated_at = format_utc(datetime.now(UTC))
    newest = Index(FEED_VERSION, publication.last_seq, manifests[-1].run_id, updated_at)
    files = {manifest_path(manifest.run_id): encode(manifest) for manifest in manifests}
    for path, data in {**files, INDEX: encode(newest)}.items():
        publication.check_lock()
        storage.write(path, data)


def sweep(storage: Storage, ledger: Ledger) -> list[str]:
    """Delete the unfinished files and the uncommitted parts of runs that are not alive; return their paths.

    Inside of a publication, so that no living publisher is between its part and its manifest.
    """
    with ledger.publishing():
        living = ledger.living_runs()
        manifests = read_manifests(storage)
        index = read_index(storage)
        named = {part_path(part.path) for manifest in manifests for part in manifest.parts}
        last_seq = max([index.last_seq if index else 0, *(manifest.last_seq for manifest in manifests)])
        swept = [
            path
            for path in storage.list(ROOT)
            if path not in named
            and run_of(path) not in living
            and (path.endswith(UNFINISHED) or (is_part(path) and not _was_committed(storage, path, last_seq)))
        ]
        for path in swept:
            storage.delete(path)
    return swept


def _check_not_behind(publication: Publication, storage: Storage) -> None:
    """Raise FeedError for a ledger that does not know what is in the feed: it would give a seq twice."""
    index = read_index(storage)
    if index is not None and index.last_seq > publication.highest_seq:
        raise FeedError(
            f"{storage.uri}/{INDEX}: the feed is at seq {index.last_seq}, the ledger only at "
            f"{publication.highest_seq}: it is not the ledger of this feed, or an old copy. "
            "Make it anew: scrapy feed rebuild-ledger"
        )


def _write_schemas(storage: Storage) -> None:
    for path, content in schemas.files().items():
        if not storage.exists(path) or storage.read(path) != content:
            storage.write(path, content)


def _was_committed(storage: Storage, path: str, last_seq: int) -> bool:
    """Tell whether a part that no manifest names is one whose manifest was lost: its seq is in the past."""
    try:
        first = msgspec.json.decode(unpack(storage.read(path))[0])
    except (ValueError, IndexError):
        return False
    return "seq" in first and first["seq"] <= last_seq
