"""The work of rereading, in jobs that a process does by itself: it reads files and returns records."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from newsmirror.archive.about import from_fields
from newsmirror.archive.errors import ArchiveError, NotKeptError
from newsmirror.archive.files import find_file
from newsmirror.archive.reader import ArchiveReader
from newsmirror.archive.sites import Site, SiteFile, site_of
from newsmirror.feed.parts import unpack
from newsmirror.feed.storage import Storage
from newsmirror.items import ArchiveRef, Discovery
from newsmirror.reread.compare import differences
from newsmirror.reread.pages import Rereader, Unread


@dataclass(frozen=True, slots=True)
class House:
    """What a worker needs: the feed, the archive's folder, the spiders by name, and the run's id."""

    feed_uri: str
    archive: Path
    spiders: Mapping[str, SiteFile]
    run_id: str


@dataclass(frozen=True, slots=True)
class PublishedRecords:
    """Records of a part of the feed, by their place in it, to be compared with what is read now."""

    path: str
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """A record as it would be now, the revision that it would change, and what is different by key."""

    record: dict[str, Any]
    revision: int
    differences: dict[str, str]


@dataclass(slots=True)
class Compared:
    """What came of published records: those that read the same (id, revision), changes, what is lost."""

    same: list[tuple[str, int]] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    lost: list[Unread] = field(default_factory=list)
    # Without bytes: the archive was off, or their file was moved away.
    unkept: int = 0


@dataclass(frozen=True, slots=True)
class KeptPages:
    """Pages of a file of the archive that the ledger knows nothing of."""

    refs: tuple[ArchiveRef, ...]


_Job = TypeVar("_Job")
_Result = TypeVar("_Result")
_house: House


@contextmanager
def workers(house: House) -> Iterator[ProcessPoolExecutor]:
    """Give processes that do jobs, one for each core that this process may use."""
    # Not forked: this process has connections and threads that a copy of it must not have.
    with ProcessPoolExecutor(
        len(os.sched_getaffinity(0)), get_context("spawn"), initializer=_move_in, initargs=(house,)
    ) as pool:
        yield pool


def in_order(
    pool: ProcessPoolExecutor, work: Callable[[_Job], _Result], jobs: Iterable[_Job]
) -> Iterator[_Result]:
    """Yield the results of jobs in their order, with a few of them under way at a time."""
    under_way: deque[Future[_Result]] = deque()
    for job in jobs:
        under_way.append(pool.submit(work, job))
        if len(under_way) > 2 * len(os.sched_getaffinity(0)):
            yield under_way.popleft().result()
    while under_way:
        yield under_way.popleft().result()


def compare_published(job: PublishedRecords) -> Compared:
    """Read the bytes of published records again; raises FeedError, and ArchiveError if a spider is gone."""
    found = Compared()
    lines = _part(job.path)
    for place in job.places:
        old: dict[str, Any] = msgspec.json.decode(lines[place])
        if old["archive"] is None:
            found.unkept += 1
            continue
        ref = ArchiveRef(**old["archive"])
        fetched_at, discovery = datetime.fromisoformat(old["fetched_at"]), Discovery(**old["discovery"])
        try:
            new = _read(ref, old["fetched_url"], discovery, fetched_at)
        except NotKeptError:
            found.unkept += 1
            continue
        if isinstance(new, Unread):
            found.lost.append(new)
        elif different := differences(old, new):
            found.changed.append(Changed(new, old["revision"], different))
        else:
            found.same.append((old["article_id"], old["revision"]))
    return found


def read_kept(job: KeptPages) -> list[dict[str, Any] | Unread]:
    """Read pages as a crawl would have; raises ArchiveError if a spider is gone."""
    return [_read(ref) for ref in job.refs]


def _read(
    ref: ArchiveRef,
    url: str | None = None,
    discovery: Discovery | None = None,
    fetched_at: datetime | None = None,
) -> dict[str, Any] | Unread:
    """Read a page; what is not given is as the archive has it.

    The bytes of a record may be older than it, and fetched by another spelling of its address.
    """
    try:
        page = _archive().read(ref)
    except NotKeptError:
        raise
    except ArchiveError as error:
        return Unread(url or ref.file, str(error))
    discovery = discovery or from_fields(page.about)
    if discovery is None:
        return Unread(page.url, "no page of the site: a script, or robots.txt")
    page = replace(page, url=url or page.url, fetched_at=fetched_at or page.fetched_at)
    return _rereader().read(page, _site(ref.file), discovery, ref)


def _move_in(house: House) -> None:
    global _house
    _house = house


# The jobs of one part follow each other.
@lru_cache(maxsize=1)
def _part(path: str) -> list[str]:
    return unpack(Storage(_house.feed_uri).read(path))


@cache
def _archive() -> ArchiveReader:
    return ArchiveReader(_house.archive)


@cache
def _rereader() -> Rereader:
    return Rereader(_house.run_id)


@cache
def _site(file: str) -> Site:
    return site_of(find_file(_house.archive, file), _house.spiders)
