"""A run that fetches nothing: what is published is read again, and pages that no run took in are taken in."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from newsmirror.archive.archive import close_left
from newsmirror.archive.files import OPEN, closed_files, digits, open_files
from newsmirror.archive.reader import entries, read_info
from newsmirror.feed.layout import part_path
from newsmirror.feed.manifest import read_index, read_manifests
from newsmirror.feed.publish import publish
from newsmirror.feed.reader import article_parts, newest_seqs
from newsmirror.feed.storage import Storage
from newsmirror.items import ArchiveRef
from newsmirror.ledger.ledger import Known, Ledger
from newsmirror.normalise.urls import url_id
from newsmirror.reading import PARSER_VERSION
from newsmirror.reread.compare import EXAMPLES, Changes
from newsmirror.reread.pages import Unread
from newsmirror.reread.workers import (
    Compared,
    House,
    KeptPages,
    PublishedRecords,
    compare_published,
    in_order,
    read_kept,
    workers,
)
from newsmirror.takedown.finish import finish_takedowns

# What is known of articles, by their ids; as `Ledger.seen`.
Seen = Callable[[Iterable[str]], Mapping[str, Known]]
# How many pages make a job: enough to keep a process busy, few enough to be held in memory.
_PAGES_A_JOB = 200
_BEAT_SECONDS = 30


@dataclass(slots=True)
class Outcome:
    """What a rereading came to, in records.

    `unkept`: their bytes are not in the archive; `lost`: their pages give none now, the first of them are
    examples.
    """

    same: int = 0
    revised: int = 0
    unkept: int = 0
    new: int = 0
    changes: Changes = field(default_factory=Changes)
    lost: int = 0
    examples: list[Unread] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Return what the manifest says of the run."""
        read = self.same + self.revised + self.new + self.lost
        counts = {"pages": read, "new": self.new, "revised": self.revised, "unchanged": self.same}
        return counts | {"lost": self.lost}

    def add(self, found: Compared) -> None:
        """Count what came of published records, but for what was revised."""
        self.same += len(found.same)
        self.unkept += found.unkept
        self.lost += len(found.lost)
        self.examples += found.lost[: EXAMPLES - len(self.examples)]
        for changed in found.changed:
            self.changes.add(changed.record["url"], changed.differences)


def sites_of(feed_uri: str, archive: Path) -> list[str]:
    """Return the sites of a feed and of an archive, by name; raises FeedError and ArchiveError."""
    published = {manifest.site for manifest in read_manifests(Storage(feed_uri)) if manifest.last_seq}
    kept = {read_info(path).get("isPartOf", "") for path in _files(archive)}
    return sorted((published | kept) - {""})


def look(house: House, site: str, seen: Seen) -> Outcome:
    """Return what rereading a site would change; nothing is written. Raises as `reread` does."""
    outcome = Outcome()

    def compared(found: Compared) -> None:
        outcome.add(found)
        outcome.revised += len(found.changed)

    def taken(record: dict[str, Any]) -> None:
        outcome.new += 1

    _read_all(house, site, seen, compared, taken)
    return outcome


def reread(house: House, site: str, ledger: Ledger, part_rows: int) -> Outcome:
    """Read the pages of a site again, and publish what is different, as a run of its own.

    Raises ArchiveError, FeedError and LedgerError; the run is then not complete, and what was found until
    then is published.
    """
    storage = Storage(house.feed_uri)
    ledger.take_run(house.run_id, site, "reread", {"parser_version": PARSER_VERSION})
    with _beating(ledger, house.run_id) as beats:
        work = _Publishing(ledger, storage, house, part_rows, beats)
        reasons: list[str] = []
        try:
            close_left(house.archive, ledger, house.run_id, adopts=False)
            publish(ledger, storage, house.archive, house.run_id, part_rows)
            _read_all(house, site, ledger.seen, work.compared, work.taken)
            if work.outcome.lost:
                reasons = [f"{work.outcome.lost} pages are no longer read"]
        except BaseException as error:
            reasons = [str(error) or type(error).__name__]
            raise
        finally:
            ended = "failed" if reasons else "finished"
            ledger.finish_run(house.run_id, ended, not reasons, work.outcome.counts(), reasons)
            publish(ledger, storage, house.archive, house.run_id, part_rows)
    # What was taken down meanwhile waited for this run.
    finish_takedowns(ledger, storage, house.archive, ledger.living_runs())
    return work.outcome


@contextmanager
def _beating(ledger: Ledger, run_id: str) -> Iterator[Future[None]]:
    """Say that a run is alive, from a thread, as its own steps may take long; give what ends with the lock.

    It raises LedgerError then: the lock was lost, or given back.
    """
    is_over = Event()

    def beat() -> None:
        while not is_over.wait(_BEAT_SECONDS):
            ledger.beat(run_id)

    with ThreadPoolExecutor(1) as pool:
        try:
            yield pool.submit(beat)
        finally:
            is_over.set()


class _Publishing:
    """What becomes of what was read, while a run holds the lock of its site."""

    def __init__(
        self, ledger: Ledger, storage: Storage, house: House, part_rows: int, beats: Future[None]
    ) -> None:
        self._ledger = ledger
        self._storage = storage
        self._archive = house.archive
        self._run_id = house.run_id
        self._part_rows = part_rows
        self._waiting = 0
        self._beats = beats
        self.outcome = Outcome()

    def compared(self, found: Compared) -> None:
        """Publish what is read in another way now."""
        self.outcome.add(found)
        for changed in found.changed:
            # None: it has changed since, or was taken down.
            if self._ledger.amend(changed.record, changed.revision).record is not None:
                self.outcome.revised += 1
                self._row_waits()
        self._ledger.confirm(found.same, PARSER_VERSION)
        self._check_lock()

    def taken(self, record: dict[str, Any]) -> None:
        """Take in a page that no run has."""
        if self._ledger.accept(record).record is not None:
            self.outcome.new += 1
            self._row_waits()
        else:
            self.outcome.same += 1
        self._check_lock()

    def _row_waits(self) -> None:
        self._waiting += 1
        if self._waiting >= self._part_rows:
            self._waiting = 0
            publish(self._ledger, self._storage, self._archive, self._run_id, self._part_rows)

    def _check_lock(self) -> None:
        if self._beats.done():
            self._beats.result()


def _read_all(
    house: House,
    site: str,
    seen: Seen,
    compared: Callable[[Compared], None],
    taken: Callable[[dict[str, Any]], None],
) -> None:
    """Read the pages of a site on all cores: of published records, then those that were never `seen`."""
    with workers(house) as pool:
        for found in in_order(pool, compare_published, _published_jobs(Storage(house.feed_uri), site)):
            compared(found)
        for pages in in_order(pool, read_kept, _kept_jobs(house.archive, site, seen)):
            for page in pages:
                if not isinstance(page, Unread):  # most of those are listings
                    taken(page)


def _published_jobs(storage: Storage, site: str) -> Iterator[PublishedRecords]:
    """Yield the newest record of each article of a site, part by part."""
    index = read_index(storage)
    if index is None:
        return
    manifests = [each for each in read_manifests(storage) if each.site == site]
    parts = article_parts(manifests, 0, index.last_seq)
    newest = sorted(filter(None, newest_seqs(storage, parts, index.last_seq).values()))
    for part in parts:
        first, last = part.first_seq or 0, part.last_seq or 0
        places = [seq - first for seq in newest[bisect_left(newest, first) : bisect_right(newest, last)]]
        for start in range(0, len(places), _PAGES_A_JOB):
            yield PublishedRecords(part_path(part.path), tuple(places[start : start + _PAGES_A_JOB]))


def _kept_jobs(archive: Path, site: str, seen: Seen) -> Iterator[KeptPages]:
    """Yield the pages that no run took in: they are not known, or only as they were before."""
    files = [path for path in _files(archive) if read_info(path).get("isPartOf") == site]
    rendered = {
        entry["conversion_of"] for path in files for entry in entries(path) if "conversion_of" in entry
    }
    for path in files:
        captures = [
            entry
            for entry in entries(path)
            if (entry["status"].startswith("2") or "conversion_of" in entry)
            and entry["mime"] != "warc/revisit"
            and entry["record_id"] not in rendered
        ]
        captures.sort(key=lambda entry: int(entry["offset"]))
        for start in range(0, len(captures), _PAGES_A_JOB):
            yield KeptPages(tuple(_unknown(path, captures[start : start + _PAGES_A_JOB], seen)))


def _unknown(path: Path, captures: Sequence[Mapping[str, str]], seen: Seen) -> Iterator[ArchiveRef]:
    name = path.name.removesuffix(OPEN)
    pages = [(id_, entry) for entry in captures if (id_ := url_id(entry["url"])) is not None]
    known = seen(id_ for id_, _ in pages)
    for id_, entry in pages:
        if id_ not in known or entry["timestamp"] > digits(known[id_].last_seen_at):
            yield ArchiveRef(name, entry["record_id"])


def _files(archive: Path) -> list[Path]:
    """Return the files of an archive; of those that are open only what is whole is read."""
    return [*closed_files(archive), *open_files(archive)]
