"""The archive of a run: what dead runs left is closed, pages are kept, full files are closed on the way."""

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from newsmirror.archive.closing import close_file, close_left_file, make_index
from newsmirror.archive.errors import ArchiveError
from newsmirror.archive.files import Capture, closed_files, index_of, open_files, run_of
from newsmirror.archive.writer import ArchiveWriter, Exchange
from newsmirror.items import ArchiveRef
from newsmirror.ledger.ledger import Ledger
from newsmirror.normalise.urls import canonical_url, identity

logger = logging.getLogger(__name__)


def close_left(folder: Path, ledger: Ledger, run_id: str, *, adopts: bool) -> None:
    """Close the files that dead processes left, and make indexes that are missing.

    A file of a run that the ledger does not know, as after a rebuild, is named in the manifest of `run_id` if
    this house `adopts` it, else left alone: it may be another house's. Raises ArchiveError and LedgerError.
    """
    left = open_files(folder)
    known = ledger.begun([run_of(path.name) for path in left])
    for path in left:
        if adopts or run_of(path.name) in known:
            close_left_file(path, partial(ledger.add_archive_file, run_ids=[run_of(path.name), run_id]))
    if any(not index_of(path).exists() for path in closed_files(folder)):
        with ledger.publishing():  # whoever rewrites a file takes its index away
            for path in closed_files(folder):
                if not index_of(path).exists():
                    _make_index_or_tell(path)


def _make_index_or_tell(path: Path) -> None:
    try:
        make_index(path)
    except ArchiveError as error:
        # Somebody else's file, perhaps: no reason to keep no pages.
        logger.error("A file of the archive has no index: %s", error)


class RawArchive:
    """Keeps the pages of one run. Every method raises ArchiveError where nothing can be written."""

    def __init__(
        self, folder: Path, ledger: Ledger, run_id: str, about: Mapping[str, str], max_bytes: int
    ) -> None:
        """Take where it is, the fields of each file's warcinfo, and the size at which a file is full."""
        self._folder = folder
        self._ledger = ledger
        self._run_id = run_id
        self._writer = ArchiveWriter(folder, run_id, about)
        self._max_bytes = max_bytes
        # A first run need not ask for each page.
        self._has_captures = ledger.has_captures()
        self._there: dict[str, bool] = {}
        # How many answers were kept, and how many of them had the payload that they had before.
        self.kept = 0
        self.revisits = 0
        self._closing: list[asyncio.Task[None]] = []

    def keep(self, exchange: Exchange) -> ArchiveRef:
        """Write a request and its answer; return the record that holds the payload."""
        known = self._known(exchange.url)
        ref = self._writer.keep(exchange, known)
        self.kept += 1
        self.revisits += known is not None and known.record_id == ref.record_id
        self._turn_if_full()
        return ref

    def keep_rendered(self, exchange: Exchange, of: ArchiveRef) -> ArchiveRef:
        """Write what a browser made of a page; return its record."""
        ref = self._writer.keep_rendered(exchange, of)
        self._turn_if_full()
        return ref

    async def close(self) -> None:
        """Close all files, name them in the manifest, and let later runs know what they hold."""
        self._turn()
        closing, self._closing = self._closing, []
        # One that fails is closed by the next run; the others are closed now.
        for failure in filter(None, await asyncio.gather(*closing, return_exceptions=True)):
            raise failure

    def _known(self, url: str) -> Capture | None:
        """Return an earlier capture of an address, if its file is still there."""
        known = self._ledger.captured(identity(canonical_url(url))) if self._has_captures else None
        if known is None:
            return None
        if known.file not in self._there:
            self._there[known.file] = (self._folder / known.file).exists()
        return known if self._there[known.file] else None

    def _turn_if_full(self) -> None:
        if self._writer.size >= self._max_bytes:
            self._turn()

    def _turn(self) -> None:
        file = self._writer.turn()
        if file is not None:
            tell = partial(self._ledger.add_archive_file, run_ids=[self._run_id])
            self._closing.append(asyncio.ensure_future(asyncio.to_thread(close_file, file, tell)))
