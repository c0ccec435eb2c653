"""What a publisher is given: the parts that wait, their rows, and the runs whose manifests are due."""

import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from newsmirror.ledger.tables import counters, outbox, parts, runs


@dataclass(frozen=True, slots=True)
class Run:
    """A row of `runs`. While it goes on: `finished_at` and `close_reason` None, `complete` False.

    `note` is what take_run and finish_run were told: `{"counts": {…}, "reasons": […], …}`.
    """

    run_id: str
    site: str
    start_key: str
    started_at: str
    finished_at: str | None
    close_reason: str | None
    complete: bool
    note: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """A row of `parts`: one file of the feed. `path` is relative to the folder that holds `articles/`.

    `first_seq` and `last_seq` are None for rejects, `bytes` and `sha256` until it is published.
    """

    part_id: int
    run_id: str
    number: int
    kind: str
    fetch_date: str
    path: str
    rows: int
    first_seq: int | None
    last_seq: int | None
    bytes: int | None
    sha256: str | None
    _connection: Connection = field(repr=False, compare=False)

    def payloads(self) -> list[str]:
        """Return the JSON of its rows in order, seq set; empty once it is published."""
        waiting = select(outbox.c.payload).where(outbox.c.part_id == self.part_id).order_by(outbox.c.id)
        return list(self._connection.scalars(waiting))


@dataclass(frozen=True, slots=True)
class RunParts:
    """What a manifest says: a run and its published parts, in order."""

    run: Run
    parts: list[Part]


class Publication:
    """One write transaction in which all that waits is published; made by `Ledger.publishing`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._told: list[str] = []

    def pending(self) -> list[Part]:
        """Return the unpublished parts of all sites in order: the order of their seq, too."""
        return self._parts(parts.c.published.is_(False))

    def published(self, part: Part, bytes: int, sha256: str) -> None:
        """Mark a part as published, with the size and the hash of its file; its rows leave the outbox."""
        row = parts.c.part_id == part.part_id
        self._connection.execute(update(parts).where(row).values(bytes=bytes, sha256=sha256, published=True))
        self._connection.execute(delete(outbox).where(outbox.c.part_id == part.part_id))
        self._connection.execute(update(runs).where(runs.c.run_id == part.run_id).values(manifest_due=True))

    def manifests(self) -> list[RunParts]:
        """Return every run whose manifest is due, in order of their start, each with its published parts.

        Due are runs that were taken, finished, found dead or had a part published since their manifest was
        last committed, runs without any part included. Call it after the last `published`; what it
        returns counts as told once the publication is committed.
        """
        columns = [column for column in runs.c if column.name != "manifest_due"]
        due = select(*columns).where(runs.c.manifest_due).order_by(runs.c.started_at, runs.c.run_id)
        found = []
        for row in self._connection.execute(due).mappings():
            run = Run(**{**row, "note": json.loads(row["note"])})
            found.append(RunParts(run, self._parts(parts.c.published, parts.c.run_id == run.run_id)))
        self._told = [manifest.run.run_id for manifest in found]
        return found

    @property
    def last_seq(self) -> int:
        """The highest seq that is published, 0 if none is: what was marked in this publication counts."""
        waiting = select(func.min(parts.c.first_seq)).where(parts.c.published.is_(False))
        first: int | None = self._connection.scalar(waiting)
        given = select(counters.c.value).where(counters.c.name == "seq")
        return first - 1 if first is not None else int(self._connection.execute(given).scalar_one())

    def settle(self) -> None:
        """Take the manifests that were handed out as told; `Ledger.publishing` calls it at the end."""
        told = runs.c.run_id.in_(self._told)
        self._connection.execute(update(runs).where(told).values(manifest_due=False))

    def _parts(self, *conditions: ColumnElement[bool]) -> list[Part]:
        columns = [column for column in parts.c if column.name != "published"]
        found = self._connection.execute(select(*columns).where(*conditions).order_by(parts.c.part_id))
        return [Part(**row, _connection=self._connection) for row in found.mappings()]
