"""What a publisher is given: the parts that wait, their rows, and the runs whose manifests are due."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, or_, select, update

from newsmirror.ledger.tables import outbox, parts, runs
from newsmirror.normalise.record import format_utc

# A part has thousands of rows, each as large as an article.
_ROWS_AT_A_TIME = 50
_Reading = Callable[[], AbstractContextManager[Connection]]


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

    `first_seq` and `last_seq` are None for rejects; `bytes`, `sha256` and `committed_at` until it is
    published.
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
    committed_at: str | None
    _reading: _Reading = field(repr=False, compare=False)

    def payloads(self) -> Iterator[str]:
        """Yield the JSON of its rows in order, seq set; nothing once it was published."""
        waiting = select(outbox.c.payload).where(outbox.c.part_id == self.part_id).order_by(outbox.c.id)
        with self._reading() as connection:
            texts = connection.execution_options(yield_per=_ROWS_AT_A_TIME).scalars(waiting)
            if self.first_seq is None:
                yield from texts
                return
            # Not written into the rows, which would be written twice then. No value holds this text: in it a
            # quote is escaped.
            for seq, text in enumerate(texts, self.first_seq):
                yield text.replace('"seq":null', f'"seq":{seq}', 1)


@dataclass(frozen=True, slots=True)
class RunParts:
    """What a manifest says: a run and its published parts, in order."""

    run: Run
    parts: list[Part]


class Publication:
    """What one publisher does, alone, while others accept and assign; made by `Ledger.publishing`.

    What it publishes is what was assigned when it began. `highest_seq` is the last seq given by then.
    """

    def __init__(
        self, reading: _Reading, connection: Connection, highest_seq: int, check_lock: Callable[[], object]
    ) -> None:
        """Take what waits; `connection` is only used here, so that parts and seq are of one instant."""
        self._reading = reading
        # Raises where another one may publish by now: to be called before a file that others write, too.
        self.check_lock = check_lock
        self._pending = self._parts(connection, parts.c.published.is_(False))
        self._published: dict[int, Part] = {}
        self._told: list[tuple[Run, str]] = []  # with the text of its note
        self.highest_seq = highest_seq

    def pending(self) -> list[Part]:
        """Return the unpublished parts of all sites in order: the order of their seq, too."""
        return [part for part in self._pending if part.part_id not in self._published]

    def published(self, part: Part, bytes: int, sha256: str) -> None:
        """Say that a part's file is there; at the end it is marked, and its rows leave the outbox."""
        now = format_utc(datetime.now(UTC))
        self._published[part.part_id] = replace(part, bytes=bytes, sha256=sha256, committed_at=now)

    def manifests(self) -> list[RunParts]:
        """Return every run whose manifest is due, in order of their start, each with its published parts.

        Due are runs that were taken, finished, found dead or had a part published since their manifest was
        last committed, runs without any part included. Call it after the last `published`; what it
        returns counts as told once the publication has ended.
        """
        columns = [column for column in runs.c if column.name != "manifest_due"]
        of_parts = {part.run_id for part in self._published.values()}
        due = select(*columns).where(or_(runs.c.manifest_due, runs.c.run_id.in_(of_parts)))
        with self._reading() as connection:
            rows = connection.execute(due.order_by(runs.c.started_at, runs.c.run_id)).mappings().all()
            self._told = [(Run(**{**row, "note": json.loads(row["note"])}), row["note"]) for row in rows]
            return [RunParts(run, self._parts_of(connection, run.run_id)) for run, _ in self._told]

    @property
    def last_seq(self) -> int:
        """The highest seq below which all is published, 0 if nothing is."""
        return min(
            (part.first_seq - 1 for part in self.pending() if part.first_seq), default=self.highest_seq
        )

    def settle(self, connection: Connection) -> None:
        """Mark what was published and told; `Ledger.publishing` calls it at the end."""
        for part in self._published.values():
            row = update(parts).where(parts.c.part_id == part.part_id)
            written = {"bytes": part.bytes, "sha256": part.sha256, "committed_at": part.committed_at}
            connection.execute(row.values(**written, published=True))
            connection.execute(delete(outbox).where(outbox.c.part_id == part.part_id))
            connection.execute(update(runs).where(runs.c.run_id == part.run_id).values(manifest_due=True))
        for run, note in self._told:
            # One that has ended since it was told, or a file of which was closed, has more to tell.
            as_told = (
                runs.c.run_id == run.run_id,
                runs.c.note == note,
                runs.c.close_reason.is_not_distinct_from(run.close_reason),
            )
            connection.execute(update(runs).where(*as_told).values(manifest_due=False))

    def _parts_of(self, connection: Connection, run_id: str) -> list[Part]:
        own = or_(parts.c.published, parts.c.part_id.in_(list(self._published)))
        found = self._parts(connection, parts.c.run_id == run_id, own)
        return [self._published.get(part.part_id, part) for part in found]

    def _parts(self, connection: Connection, *conditions: ColumnElement[bool]) -> list[Part]:
        columns = [column for column in parts.c if column.name != "published"]
        found = connection.execute(select(*columns).where(*conditions).order_by(parts.c.part_id))
        return [Part(**row, _reading=self._reading) for row in found.mappings()]
