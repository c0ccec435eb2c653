"""The archive of a run: what dead runs left is closed, pages are kept, full files are closed on the way."""

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from newsmirror.archive.closing import close_file, mend_file
from newsmirror.archive.files import Capture, open_files, run_of
from newsmirror.archive.writer import ArchiveWriter, Exchange
from newsmirror.items import ArchiveRef
from newsmirror.ledger.ledger import Ledger
from newsmirror.normalise.urls import canonical_url, identity


def close_left(folder: Path, ledger: Ledger, run_id: str) -> None:
    """Close the files of runs that are no longer alive; raises ArchiveError and LedgerError.

    A file of a run that the ledger does not know, as after a rebuild, is named in the manifest of `run_id`.
    """
    with ledger.publishing():  # so that two runs that begin together do not close the same file
        living = ledger.living_runs()
        for path in open_files(folder):
            if (left_by := run_of(path.name)) in living:
                continue
            mend_file(path)
            close_file(path, partial(ledger.add_archive_file, run_ids=[left_by, run_id]))


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
        self._closing: list[asyncio.Task[None]] = []

    def keep(self, exchange: Exchange) -> ArchiveRef:
        """Write a request and its answer; return the record that holds the payload."""
        ref = self._writer.keep(exchange, self._known(exchange.url))
        self._turn_if_full()
        return ref

    def keep_rendered(self, exchange: Exchange, of: ArchiveRef) -> ArchiveRef:
        """Write what a browser made of a page; return its record."""
        ref = self._writer.keep_rendered(exchange, of)
        self._turn_if_full()
        return ref

    async def sync(self) -> None:
        """Carry what was written to the disk: what is published names it."""
        await asyncio.to_thread(self._writer.sync)

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
        path = self._writer.turn()
        if path is not None:
            tell = partial(self._ledger.add_archive_file, run_ids=[self._run_id])
            self._closing.append(asyncio.ensure_future(asyncio.to_thread(close_file, path, tell)))
