"""A new ledger from the feed, where the old one is lost or damaged."""

import os
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from newsmirror.archive.files import Capture
from newsmirror.ledger.engine import parse_url
from newsmirror.ledger.errors import LedgerError
from newsmirror.ledger.ledger import Ledger
from newsmirror.ledger.takedowns import Block

# SQLite's own files beside a database.
_BESIDE = ("-wal", "-shm")


def rebuild(
    ledger_url: str,
    records: Iterable[dict[str, Any]],
    blocked: Iterable[Block] = (),
    captures: Iterable[Mapping[str, Capture]] = (),
) -> None:
    """Make a new ledger that knows the articles of the feed's records, given in order of their seq.

    `blocked` is what the feed says was taken down; what the old ledger says is added, if it can be opened.
    `captures`: for each file of the archive what it holds, by ids of addresses; the newest are known then.

    The articles stand at their last revision, the next seq follows the highest one. A file that is there is
    kept as `ledger.db.old`, and is replaced only when the new one is complete. What waited in its outbox
    is not in the feed, hence not known, and will be fetched again.
    Raises LedgerError while a run is alive on it, or if a database that is no file holds articles.
    """
    url = parse_url(ledger_url)
    if url.get_backend_name() != "sqlite":
        with Ledger.open(ledger_url) as ledger:
            ledger.restore(records, blocked, captures)
        return
    path = Path(str(url.database))
    living, before = _look(ledger_url) if path.exists() else (set(), [])
    if living:
        raise LedgerError(f"ledger {path}: in use by run {', '.join(sorted(living))}; wait for it or stop it")
    new = path.with_name(path.name + ".new")
    try:
        _remove(new)
        with Ledger.open(url.set(database=str(new)).render_as_string(hide_password=False)) as ledger:
            ledger.restore(records, chain(blocked, before), captures)
        _replace(path, new)
    except OSError as error:
        raise LedgerError(
            f"ledger {path}: {error}; let this user write there, and free some space if the disk is full"
        ) from error


def _look(ledger_url: str) -> tuple[set[str], list[Block]]:
    """Return which runs are alive on a ledger, and what was taken down."""
    try:
        with Ledger.open(ledger_url) as ledger:
            return ledger.living_runs(), ledger.blocked()
    except LedgerError:
        return set(), []  # it cannot be opened, which is why it is made anew


def _remove(path: Path) -> None:
    for end in ("", *_BESIDE):
        path.with_name(path.name + end).unlink(missing_ok=True)


def _replace(path: Path, new: Path) -> None:
    """Put a new ledger in the place of the old one, which keeps a name; there is one at any instant."""
    if path.exists():
        old = path.with_name(path.name + ".old")
        _remove(old)
        for end in _BESIDE:
            if (beside := path.with_name(path.name + end)).exists():
                beside.rename(old.with_name(old.name + end))
        os.link(path, old)
    new.replace(path)
