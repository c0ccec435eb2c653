"""A run that fetches nothing: what is published is read again, and pages that no run took in are taken in."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from newsmirror.archive.archive import close_left
from newsmirror.archive.files import closed_files, digits, index_of, open_files
from newsmirror.archive.reader import entries, read_info
from newsmirror.feed.layout import part_path
from newsmirror.feed.manifest import read_index, read_manifests
from newsmirror.feed.publish import publish
from newsmirror.feed.reader import article_parts, newest_seqs
from newsmirror.feed.storage import Storage
from newsmirror.items import ArchiveRef
from newsmirror.ledger.ledger import Ledger
from newsmirror.normalise.urls import canonical_url, identity
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

# How many pages make a job: enough to keep a process busy, few enough to be held in memory.
_PAGES_A_JOB = 200
_BEAT_SECONDS = 30


@dataclass(slots=True)
class Outcome:
    """What a rereading came to, in records.

    `unkept`: published without an archive; `lost`: their pages give none now, the first of them are examples.
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

    def lose(self, unread: Unread) -> None:
        """Count a page that gives no record any more."""
        self.lost += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(unread)


def sites_of(folder: Path) -> list[str]:
    """Return the sites that an archive has pages of, by name."""
    files = [*closed_files(folder), *open_files(folder)]
    return sorted({read_info(path).get("isPartOf", "") for path in files} - {""})


def look(house: House, site: str, ledger: Ledger) -> Outcome:
    """Return what rereading a site would change; nothing is written. Raises as `reread` does."""
    return _Reread(house, site, ledger, 0, publishes=False).run()


def reread(house: House, site: str, ledger: Ledger, part_rows: int) -> Outcome:
    """Read the pages of a site again, and publish what is different, as a run of its own.

    Raises ArchiveError, FeedError and LedgerError; the run is then not complete, and what was found until
    then is published.
    """
    storage = Storage(house.feed_uri)
    ledger.take_run(house.run_id, site, "reread", {"parser_version": PARSER_VERSION})
    work = _Reread(house, site, ledger, part_rows, publishes=True)
    reasons: list[str] = []
    try:
        close_left(house.archive, ledger, house.run_id)
        publish(ledger, storage, house.run_id, part_rows)
        outcome = work.run()
        reasons = [f"{outcome.lost} pages are no longer read"] if outcome.lost else []
    except BaseException as error:
        reasons = [str(error) or type(error).__name__]
        raise
    finally:
        ledger.finish_run(
            house.run_id, "finished" if not reasons else "failed", not reasons, work.outcome.counts(), reasons
        )
        publish(ledger, storage, house.run_id, part_rows)
    return outcome


class _Reread:
    """The pages of one site. Where nothing is to be published, nothing is written."""

    def __init__(self, house: House, site: str, ledger: Ledger, part_rows: int, publishes: bool) -> None:
        """Take what is read and where it goes; nothing is read yet."""
        self._house = house
        self._site = site
        self._ledger = ledger
        self._part_rows = part_rows
        self._publishes = publishes
        self._storage = Storage(house.feed_uri)
        self._waiting = 0
        self._beaten_at = monotonic()
        self.outcome = Outcome()

    def run(self) -> Outcome:
        """Read everything; raises ArchiveError, FeedError and LedgerError."""
        with workers(self._house) as pool:
            # What is published first: new pages are then compared with what today's reader makes of it.
            for compared in in_order(pool, compare_published, self._published_jobs()):
                self._take_compared(compared)
            for found in in_order(pool, read_kept, self._kept_jobs()):
                for record in found:
                    if not isinstance(record, Unread):
                        self._take_new(record)
                    elif record.is_article:
                        self.outcome.lose(record)
        return self.outcome

    def _take_compared(self, compared: Compared) -> None:
        outcome = self.outcome
        outcome.same += len(compared.same)
        outcome.unkept += compared.unkept
        for unread in compared.lost:
            outcome.lose(unread)
        for changed in compared.changed:
            outcome.changes.add(changed.record["url"], changed.differences)
            if self._publishes and self._ledger.amend(changed.record, changed.revision).record is None:
                continue  # it has changed since, or was taken down
            outcome.revised += 1
            self._row_waits()
        if self._publishes:
            self._ledger.confirm(compared.same, PARSER_VERSION)
            self._beat()

    def _take_new(self, record: dict[str, Any]) -> None:
        if not self._publishes or self._ledger.accept(record).record:
            self.outcome.new += 1
            self._row_waits()
        else:
            self.outcome.same += 1

    def _published_jobs(self) -> Iterator[PublishedRecords]:
        """Yield the newest record of each article of the site, part by part."""
        index = read_index(self._storage)
        if index is None:
            return
        manifests = [each for each in read_manifests(self._storage) if each.site == self._site]
        parts = article_parts(manifests, 0, index.last_seq)
        newest = sorted(filter(None, newest_seqs(self._storage, parts, index.last_seq).values()))
        for part in parts:
            assert part.first_seq is not None  # noqa: S101 - a part of articles has some
            assert part.last_seq is not None  # noqa: S101
            seqs = newest[bisect_left(newest, part.first_seq) : bisect_right(newest, part.last_seq)]
            places = [seq - part.first_seq for seq in seqs]
            for start in range(0, len(places), _PAGES_A_JOB):
                yield PublishedRecords(part_path(part.path), tuple(places[start : start + _PAGES_A_JOB]))

    def _kept_jobs(self) -> Iterator[KeptPages]:
        """Yield the pages that no run took in: the ledger does not know them, or only as they were before."""
        files = [
            path
            for path in closed_files(self._house.archive)
            if read_info(path).get("isPartOf") == self._site
        ]
        rendered = {
            entry["conversion_of"]
            for path in files
            for entry in entries(index_of(path))
            if "conversion_of" in entry
        }
        for path in files:
            captures = [
                entry
                for entry in entries(index_of(path))
                if (entry["status"].startswith("2") or "conversion_of" in entry)
                and entry["mime"] != "warc/revisit"
                and entry["record_id"] not in rendered
            ]
            captures.sort(key=lambda entry: int(entry["offset"]))
            for start in range(0, len(captures), _PAGES_A_JOB):
                yield KeptPages(tuple(self._unknown(path, captures[start : start + _PAGES_A_JOB])))

    def _unknown(self, path: Path, captures: Sequence[Mapping[str, str]]) -> Iterator[ArchiveRef]:
        ids = [identity(canonical_url(entry["url"])) for entry in captures]
        seen = self._ledger.seen(ids)
        for id_, entry in zip(ids, captures, strict=True):
            known = seen.get(id_)
            if known is None or entry["timestamp"] > digits(known.last_seen_at):
                yield ArchiveRef(path.name, entry["record_id"])

    def _row_waits(self) -> None:
        self._waiting += 1
        if self._publishes and self._waiting >= self._part_rows:
            self._waiting = 0
            publish(self._ledger, self._storage, self._house.run_id, self._part_rows)

    def _beat(self) -> None:
        """Say that this run is alive, as often as a ledger wants to hear it."""
        if monotonic() - self._beaten_at > _BEAT_SECONDS:
            self._ledger.beat(self._house.run_id)
            self._beaten_at = monotonic()
