"""The ledger: which articles are known, what is still to be published, and which run may work.

One `Ledger` may be used by several threads, one database by several processes. Times are UTC text,
`2025-01-08T08:55:00Z`. Every method raises LedgerError where the database cannot do what is asked.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import Any, Literal, Self

import msgspec
from sqlalchemy import Connection, Engine, Row, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, IntegrityError

from newsmirror.archive.files import ArchiveFile, Capture
from newsmirror.ledger import captures, takedowns
from newsmirror.ledger.engine import (
    before_takedowns,
    begin_write,
    check_file,
    make_engine,
    only_opener,
    only_publisher,
    only_takedown,
    parse_url,
)
from newsmirror.ledger.errors import LedgerError, RunLocked, explain, name
from newsmirror.ledger.migrations import migrate
from newsmirror.ledger.processes import is_alive, this_process
from newsmirror.ledger.publication import Publication
from newsmirror.ledger.tables import articles, counters, locks, outbox, parts, runs
from newsmirror.ledger.tables import takedowns as takedowns_table
from newsmirror.ledger.takedowns import Block, Due, Standing
from newsmirror.normalise.record import format_utc
from newsmirror.normalise.urls import url_id
from newsmirror.reading import PARSER_VERSION


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger knows of an article; `content_sha256` is None for a deleted one.

    `published_at` is the article's own publication time, in UTC.
    """

    content_sha256: str | None
    revision: int
    first_seen_at: str
    last_seen_at: str
    published_at: str | None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What a record was: new, changed, seen before or blocked; `record` as stored, None if it was not."""

    kind: Literal["insert", "revise", "sighting", "taken_down"]
    record: dict[str, Any] | None


class Ledger:
    """The memory of all runs: identity, revisions, outbox, parts, runs and locks."""

    def __init__(self, url: URL) -> None:
        """Make the engines; `open` also checks what is there."""
        self._url = url
        self._quick = make_engine(url, durable=False)
        # What is published cannot be taken back, so its seq must not be undone by a loss of power.
        self._durable = make_engine(url, durable=True)

    @classmethod
    def open(cls, url: str) -> Self:
        """Open a ledger, `sqlite:////path/ledger.db`; a missing file and its folders are made.

        Raises LedgerError if it is damaged, made by a newer version, or cannot be written.
        """
        ledger = cls(parse_url(url))
        try:
            with ledger._reading() as connection:
                check_file(connection)
            with ledger._writing(ledger._durable) as connection:
                only_opener(connection)
                migrate(connection)
        except BaseException:
            ledger.close()
            raise
        return ledger

    def close(self) -> None:
        """Close all connections."""
        self._quick.dispose()
        self._durable.dispose()

    def __enter__(self) -> Self:
        """Return the ledger."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def seen(self, url_ids: Iterable[str]) -> dict[str, Known]:
        """Return what is known of articles, by their id; unknown ids are left out."""
        ids = list(url_ids)
        found = {}
        with self._reading() as connection:
            for start in range(0, len(ids), _BATCH):
                rows = connection.execute(_SEEN, {"ids": ids[start : start + _BATCH]})
                found.update({article_id: Known(*known) for article_id, *known in rows})
        return found

    def accept(self, record: dict[str, Any]) -> Acceptance:
        """Take in a plain record: the article and its outbox row in one transaction, or a sighting.

        The stored copy has `op`, `revision`, `change_cause` and `first_seen_at` set; `seq` stays None until
        it is assigned. The record's `run_id` must be a run that was taken.
        """
        with self._telling():
            try:
                return self._accept(record)
            except IntegrityError:
                # Another process has just brought the same article: now it is known.
                return self._accept(record)

    def _accept(self, record: dict[str, Any]) -> Acceptance:
        with self._quick.begin() as connection:
            begin_write(connection)
            before_takedowns(connection)
            if takedowns.is_blocked(connection, record):
                return Acceptance("taken_down", None)
            article_id, now = record["article_id"], record["fetched_at"]
            known = connection.execute(_CURRENT, {"id": article_id}).one_or_none()
            if known is not None and known.content_sha256 == record["content_sha256"]:
                last = max(known.last_seen_at, now)
                read = {"payload": record["payload_sha256"], "version": record["parser_version"]}
                connection.execute(_SIGHTING, {"id": article_id, "last": last, **read})
                return Acceptance("sighting", None)
            if known is not None:
                return _revise(connection, known, record, _cause(known, record))
            stored = {**record, "op": "insert", "revision": 1, "change_cause": None, "first_seen_at": now}
            connection.execute(_INSERT, _article_row(stored))
            _put_out_article(connection, stored)
        return Acceptance("insert", stored)

    def amend(self, record: dict[str, Any], revision: int) -> Acceptance:
        """Publish as a `revise` what another reader reads in the bytes that an article's `revision` is from.

        A sighting, if the article has changed since or is gone: these are no longer its bytes.
        """
        with self._writing(self._quick) as connection:
            before_takedowns(connection)
            if takedowns.is_blocked(connection, record):
                return Acceptance("taken_down", None)
            known = connection.execute(_CURRENT, {"id": record["article_id"]}).one_or_none()
            if known is None or known.revision != revision or known.content_sha256 is None:
                return Acceptance("sighting", None)
            return _revise(connection, known, record, "parser")

    def confirm(self, revisions: Iterable[tuple[str, int]], parser_version: str) -> None:
        """Say that this reader reads what is known in the bytes of articles, by their ids and revisions."""
        rows = [{"id": id_, "of": revision, "version": parser_version} for id_, revision in revisions]
        if rows:
            with self._writing(self._quick) as connection:
                connection.execute(_CONFIRM, rows)

    def reject(
        self, run_id: str, site: str, url: str, reason: str, detail: str | None, fetched_at: str
    ) -> None:
        """Put what is not publishable into the outbox: {url, article_id, site, reason, detail, …}."""
        with self._writing(self._quick) as connection:
            before_takedowns(connection)
            payload = {
                "url": url,
                "article_id": url_id(url),
                "site": site,
                "reason": reason,
                # It may quote the page.
                "detail": None if takedowns.is_blocked_address(connection, url) else detail,
                "fetched_at": fetched_at,
                "run_id": run_id,
            }
            _put_out(connection, run_id, site, "rejects", fetched_at, payload)

    def captured(self, url_id: str) -> Capture | None:
        """Return where the archive holds the newest bytes of an address, by its article_id, or None."""
        with self._reading() as connection:
            return captures.find(connection, url_id)

    def has_captures(self) -> bool:
        """Tell whether the archive holds anything that a run has told of."""
        with self._reading() as connection:
            return captures.are_there(connection)

    def add_archive_file(
        self, file: ArchiveFile, found: Mapping[str, Capture], run_ids: Sequence[str]
    ) -> None:
        """Name a closed file of the archive in a manifest, once, and keep its captures, by ids of addresses.

        The manifest is that of the first of the runs that the ledger knows.
        """
        with self._alone() as (connection, _):
            captures.learn(connection, found)
            for run_id in run_ids:
                note = connection.execute(select(runs.c.note).where(runs.c.run_id == run_id)).scalar()
                if note is not None:
                    plain = json.loads(note)
                    others = [each for each in plain.get("archive", []) if each["file"] != file.file]
                    files = sorted([*others, asdict(file)], key=itemgetter("file"))
                    self._note(connection, run_id, plain | {"archive": files})
                    return

    def take_down(self, ids: Sequence[str], reason: str, run_id: str, site: str) -> list[dict[str, Any]]:
        """Block articles and originals by their ids, and put out a `delete` for each known article.

        One transaction, and a run of its own, of `site`. Returns the deletes. What the published files hold
        is due until `took_down` says that it is gone.
        """
        now = _utc_now()
        with self._alone() as (connection, _):
            only_takedown(connection)
            deletes = takedowns.remove(connection, ids, run_id, now)
            blocked = list(dict.fromkeys([*ids, *(record["article_id"] for record in deletes)]))
            takedowns.block(connection, blocked, reason, run_id)
            note = {
                "counts": {"deleted": len(deletes)},
                "takedowns": [{"id": id_, "reason": reason} for id_ in blocked],
                # Whoever begins later asks what is blocked. By name, as a clock may go back.
                "during": connection.scalars(select(locks.c.run_id).order_by(locks.c.run_id)).all(),
                "parser_version": PARSER_VERSION,
            }
            connection.execute(
                insert(runs).values(
                    run_id=run_id,
                    site=site,
                    start_key="takedown",
                    started_at=now,
                    finished_at=now,
                    close_reason="finished",
                    complete=True,
                    note=json.dumps(note, ensure_ascii=False),
                    manifest_due=True,
                )
            )
            for record in deletes:
                connection.execute(_REVISE, {**_article_row(record), "id": record["article_id"]})
                _put_out_article(connection, record)
        return deletes

    def blocked(self) -> list[Block]:
        """Return all articles and originals that were taken down, in order of their ids."""
        rows = select(takedowns_table.c.id, takedowns_table.c.reason, takedowns_table.c.run_id)
        with self._reading() as connection:
            return [Block(*row) for row in connection.execute(rows.order_by(takedowns_table.c.id))]

    def due_takedowns(self) -> dict[str, Due]:
        """Return, by their ids, those among them that files may still hold."""
        with self._reading() as connection:
            return takedowns.due(connection)

    def standing(self, ids: Collection[str]) -> list[Standing]:
        """Return the articles that have content, by their ids or their originals', in order of address."""
        with self._reading() as connection:
            found = connection.execute(takedowns.standing(ids))
            return [Standing(row.article_id, row.original_id, row.site, row.url) for row in found]

    def rewrote(self, run_id: str, rewrite: Mapping[str, Any], file: ArchiveFile | None = None) -> None:
        """Keep for a run's manifest that one of its files is written again: a part, or `file` of the archive.

        `rewrite` as the manifest has it. Told twice it is kept once; a run that the ledger does not know has
        its manifest alone.
        """
        with self._alone() as (connection, _):
            text = connection.execute(select(runs.c.note).where(runs.c.run_id == run_id)).scalar()
            if text is None:
                return
            note = json.loads(text)
            change = [rewrite[key] for key in _CHANGE]
            others = [each for each in note.get("rewrites", []) if [each[key] for key in _CHANGE] != change]
            note["rewrites"] = [*others, dict(rewrite)]
            if file is not None:
                note["archive"] = [
                    asdict(file) if each["file"] == file.file else each for each in note.get("archive", [])
                ]
            # Its manifest is not due: whoever rewrites a file writes that, too.
            kept = json.dumps(note, ensure_ascii=False)
            connection.execute(update(runs).where(runs.c.run_id == run_id).values(note=kept))
            part = update(parts).where(parts.c.run_id == run_id, parts.c.path == rewrite["file"])
            connection.execute(part.values(bytes=rewrite["bytes_after"], sha256=rewrite["sha256_after"]))

    def scrub(self) -> bool:
        """Take out of an SQLite file, and its log, what is left there of rows that were deleted.

        False if others were reading it all the time. Elsewhere that is the database's own to do: True.
        """
        if self._url.get_backend_name() != "sqlite":
            return True
        with self._telling(), self._durable.connect() as connection:
            connection.exec_driver_sql("VACUUM")
            is_busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        return not is_busy

    def took_down(self, ids: Iterable[str]) -> None:
        """Say that no file holds these any more."""
        done = list(ids)
        with self._writing(self._durable) as connection:
            connection.execute(
                update(takedowns_table).where(takedowns_table.c.id.in_(done)).values(is_due=False)
            )
            # A run that had begun before may have told of them since.
            captures.forget(connection, done)

    def take_run(
        self,
        run_id: str,
        site: str,
        start_key: str,
        note: Mapping[str, Any] | None = None,
        now: str | None = None,
    ) -> None:
        """Begin a run and take the lock of its site; `note` is kept for its manifest (parser version …).

        A dead run's lock is taken over, and that run is closed as `died`. Raises RunLocked when a living run
        holds the lock, and LedgerError when the run id was used before.
        """
        clock = _utc_now()
        with self._alone() as (connection, _):
            held = connection.execute(select(locks).where(locks.c.site == site)).one_or_none()
            if held is not None:
                if is_alive(held.holder, held.beat_at, clock):
                    raise RunLocked(site, held.holder, held.run_id, held.taken_at)
                connection.execute(delete(locks).where(locks.c.site == site))
                died = update(runs).where(runs.c.run_id == held.run_id, runs.c.finished_at.is_(None))
                connection.execute(
                    died.values(finished_at=held.beat_at, close_reason="died", manifest_due=True)
                )
            if connection.execute(select(runs.c.run_id).where(runs.c.run_id == run_id)).one_or_none():
                raise LedgerError(f"ledger {name(self._url)}: run {run_id} was begun before; take another id")
            connection.execute(
                insert(runs).values(
                    run_id=run_id,
                    site=site,
                    start_key=start_key,
                    started_at=now or clock,
                    complete=False,
                    note=json.dumps(dict(note or {}), ensure_ascii=False),
                    manifest_due=True,
                )
            )
            connection.execute(
                insert(locks).values(
                    site=site, run_id=run_id, holder=this_process(), taken_at=clock, beat_at=clock
                )
            )

    def beat(self, run_id: str) -> None:
        """Say that a run is alive, at least once a minute; raises LedgerError if its lock was taken over."""
        with self._writing(self._quick) as connection:
            beaten = connection.execute(
                update(locks).where(locks.c.run_id == run_id).values(beat_at=_utc_now())
            )
            if beaten.rowcount == 0:
                raise LedgerError(
                    f"ledger {name(self._url)}: run {run_id} no longer holds its site's lock; stop it, "
                    "the site is crawled by another run or by none"
                )

    def finish_run(
        self,
        run_id: str,
        reason: str,
        complete: bool,
        counts: Mapping[str, int],
        reasons: Sequence[str] = (),
        now: str | None = None,
        figures: Mapping[str, Any] | None = None,
    ) -> None:
        """Close a run and free its lock; `counts`, `reasons` and `figures` are kept for its manifest.

        `reasons` say why it is not complete. Publish once more afterwards: the manifest is due.
        """
        with self._alone() as (connection, _):
            note = json.loads(self._run(connection, run_id).note)
            note |= {"counts": dict(counts), "reasons": list(reasons), **(figures or {})}
            ended = {"finished_at": now or _utc_now(), "close_reason": reason, "complete": complete}
            connection.execute(update(runs).where(runs.c.run_id == run_id).values(ended))
            self._note(connection, run_id, note)
            connection.execute(delete(locks).where(locks.c.run_id == run_id))

    def living_runs(self) -> set[str]:
        """Return the ids of the runs that hold a lock and are alive."""
        clock = _utc_now()
        with self._reading() as connection:
            held = connection.execute(select(locks.c.run_id, locks.c.holder, locks.c.beat_at)).all()
        return {run_id for run_id, holder, beat_at in held if is_alive(holder, beat_at, clock)}

    def begun(self, run_ids: Collection[str]) -> dict[str, str]:
        """Return when runs began, UTC text, by their ids."""
        rows = select(runs.c.run_id, runs.c.started_at).where(runs.c.run_id.in_(run_ids))
        with self._reading() as connection:
            return dict(connection.execute(rows).all())

    def last_complete(self, site: str, start_key: str, count: int) -> list[dict[str, Any]]:
        """Return what the last complete runs on a start kept, the newest first: counts, reasons, figures.

        None that is older than the last one with the note `baseline`.
        """
        notes = (
            select(runs.c.note)
            .where(runs.c.site == site, runs.c.start_key == start_key, runs.c.complete)
            .order_by(runs.c.started_at.desc(), runs.c.run_id.desc())
            .limit(count)
        )
        found = []
        with self._reading() as connection:
            for text in connection.scalars(notes):
                found.append(json.loads(text))
                if found[-1].get("baseline"):
                    break
        return found

    def left(self, site: str, start_key: str) -> dict[str, Any]:
        """Return the note of the last run on a start that was not killed: what it left to the next; or {}."""
        notes = (
            select(runs.c.note)
            .where(runs.c.site == site, runs.c.start_key == start_key, runs.c.finished_at.is_not(None))
            .order_by(runs.c.started_at.desc(), runs.c.run_id.desc())
        )
        with self._reading() as connection:
            plain = (json.loads(text) for text in connection.scalars(notes))
            return next((note for note in plain if "owed" in note), {})

    def newest(self, site: str, until: str) -> str | None:
        """Return when the newest article of a site was published, of those not dated after `until`."""
        newest = select(func.max(articles.c.published_at)).where(
            articles.c.site == site, articles.c.published_at <= until
        )
        with self._reading() as connection:
            found: str | None = connection.scalar(newest)
        return found

    def walked_until(self, site: str, start_key: str, parser_version: str, since: str | None) -> str | None:
        """Return when the last run ended that walked a start's listings as far back as `since`, or None.

        Only complete runs count, and of these the ones that read with the same parser.
        """
        ended = (
            select(runs.c.finished_at, runs.c.note)
            .where(runs.c.site == site, runs.c.start_key == start_key, runs.c.complete)
            .order_by(runs.c.finished_at.desc())
        )
        with self._reading() as connection:
            for finished_at, text in connection.execute(ended):
                note = json.loads(text)
                if "since" not in note or note["parser_version"] != parser_version:
                    continue
                if note["since"] is None or (since is not None and note["since"] <= since):
                    return str(finished_at)
        return None

    def last_waiting(self) -> int:
        """Return the number of the newest row of the outbox, 0 if it is empty."""
        with self._reading() as connection:
            newest: int = connection.scalar(select(func.coalesce(func.max(outbox.c.id), 0))) or 0
        return newest

    def assign(self, run_id: str, max_rows: int, until: int | None = None) -> bool:
        """Make parts of at most `max_rows` rows that wait; return whether rows remain.

        Those of the run's site, and while a takedown waits all up to its last one: it may be of several
        sites, and no run of theirs may come. `until`: no row with a higher number than this one, by
        `last_waiting`. Takes the oldest rows first, those of dead runs included. A part has one kind and one
        fetch date; its articles get the next seq, in the order of acceptance. Nothing else gives a seq.
        """
        with self._alone() as (connection, seq):
            site = self._run(connection, run_id).site
            wanted = {"site": site, "until": _ANY if until is None else until}
            waiting = connection.execute(_WAITING, {**wanted, "rows": max_rows + 1}).all()
            taken = sorted(waiting[:max_rows], key=lambda row: row.kind)
            last = select(func.coalesce(func.max(parts.c.number), 0)).where(parts.c.run_id == run_id)
            number: int = connection.execute(last).scalar_one()
            # A part ends where the date changes, even if it changes back: seq keeps the order of acceptance.
            for (kind, fetch_date), group in groupby(taken, key=lambda row: (row.kind, row.fetch_date)):
                rows = list(group)
                number += 1
                first = None
                if kind == "articles":
                    first = seq + 1
                    seq += len(rows)
                part = insert(parts).values(
                    run_id=run_id,
                    number=number,
                    kind=kind,
                    fetch_date=fetch_date,
                    path=f"{kind}/fetch_date={fetch_date}/{run_id}-{number:05}.jsonl.gz",
                    rows=len(rows),
                    first_seq=first,
                    last_seq=first and seq,
                    published=False,
                )
                part_id = connection.execute(part.returning(parts.c.part_id)).scalar_one()
                connection.execute(_ASSIGN, [{"row": row.id, "part": part_id} for row in rows])
            connection.execute(update(counters).where(counters.c.name == "seq").values(value=seq))
        return len(waiting) > max_rows

    @contextmanager
    def publishing(self) -> Iterator[Publication]:
        """Return a context in which everything assigned, by whichever run, is published.

        One publisher at a time, so that parts are published in the order of their seq; others accept and
        assign meanwhile. What was published is marked at the end, in one transaction; after an exception
        nothing of it is, nor where the publisher is found to be no longer alone.
        """
        with self._telling(), only_publisher(self._durable) as check_lock:
            with self._alone() as (connection, seq):
                publication = Publication(self._reading, connection, seq, check_lock)
            yield publication
            check_lock()
            with self._alone() as (connection, _):
                publication.settle(connection)

    def restore(
        self,
        records: Iterable[dict[str, Any]],
        blocked: Iterable[Block] = (),
        found: Iterable[Mapping[str, Capture]] = (),
    ) -> None:
        """Learn the articles and the highest seq of a feed's records, given in order of their seq.

        `blocked` is what was taken down; so is an article whose last record is a `delete`. Whether all files
        were rewritten for them is not known, so they are due. `found`: for each file of the archive its
        captures, by ids of addresses.
        Raises LedgerError if articles are known already: this is for a new ledger.
        """
        records = iter(records)
        removed: dict[str, Block] = {}
        with self._alone() as (connection, seq):
            if connection.execute(select(articles.c.article_id).limit(1)).one_or_none() is not None:
                raise LedgerError(f"ledger {name(self._url)}: it knows articles already; take a new one")
            while batch := list(islice(records, _BATCH)):
                rows = {record["article_id"]: _article_row(record) for record in batch}
                connection.execute(_FORGET, [{"id": article_id} for article_id in rows])
                connection.execute(_INSERT, list(rows.values()))
                seq = max(seq, *(record["seq"] for record in batch))
                for record in batch:
                    removed.pop(record["article_id"], None)
                    if record["op"] == "delete":
                        removed[record["article_id"]] = Block(
                            record["article_id"], "removed before this ledger was made", record["run_id"]
                        )
            for captured in found:
                captures.learn(connection, captured)
            for id_, reason, run_id in chain(blocked, removed.values()):
                takedowns.block(connection, [id_], reason, run_id)
                captures.forget(connection, [id_])
            connection.execute(update(counters).where(counters.c.name == "seq").values(value=seq))

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """Give a connection for queries of their own; raise what the database says as LedgerError."""
        with self._telling(), self._quick.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self, engine: Engine) -> Iterator[Connection]:
        """Begin a write and commit it at the end; raise what the database says as LedgerError."""
        with self._telling(), engine.begin() as connection:
            begin_write(connection)
            yield connection

    @contextmanager
    def _alone(self) -> Iterator[tuple[Connection, int]]:
        """Begin a durable write that waits for all others of its kind; with it, the highest seq given."""
        with self._writing(self._durable) as connection:
            # In SQLite any write is alone; elsewhere this row is what they wait for.
            row = select(counters.c.value).where(counters.c.name == "seq").with_for_update()
            yield connection, connection.execute(row).scalar_one()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Raise what the database says as LedgerError."""
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            raise explain(self._url, error) from error

    def _note(self, connection: Connection, run_id: str, note: Mapping[str, Any]) -> None:
        """Keep what a run's manifest is to say; it is then due."""
        text = json.dumps(note, ensure_ascii=False)
        connection.execute(update(runs).where(runs.c.run_id == run_id).values(note=text, manifest_due=True))

    def _run(self, connection: Connection, run_id: str) -> Row[Any]:
        """Return a run; raises LedgerError if it was never taken."""
        found = connection.execute(select(runs).where(runs.c.run_id == run_id)).one_or_none()
        if found is None:
            raise LedgerError(f"ledger {name(self._url)}: no run {run_id}; begin it with take_run")
        return found


def _article_row(record: dict[str, Any]) -> dict[str, Any]:
    """Return the row of an article that stands at a record; a deleted one has no content."""
    published_at, is_gone = record["published_at"], record["op"] == "delete"
    return {
        "article_id": record["article_id"],
        "url": record["url"],
        "site": record["site"],
        "original_id": record["original_id"],
        "content_sha256": None if is_gone else record["content_sha256"],
        "revision": record["revision"],
        "first_seen_at": record["first_seen_at"],
        "last_seen_at": record["fetched_at"],
        "published_at": published_at and format_utc(datetime.fromisoformat(published_at)),
        "sightings": 0,
        "payload_sha256": None if is_gone else record["payload_sha256"],
        "parser_version": record["parser_version"],
    }


def _cause(known: Any, record: dict[str, Any]) -> Literal["source", "parser"] | None:
    """Return why a record is not what is known: other bytes, or another reader; None if both are."""
    if record["payload_sha256"] == known.payload_sha256:
        return "parser"
    return "source" if record["parser_version"] == known.parser_version else None


def _revise(
    connection: Connection,
    known: Any,
    record: dict[str, Any],
    cause: Literal["source", "parser"] | None,
) -> Acceptance:
    """Keep a record as the next revision of an article, and put it out."""
    stored = {
        **record,
        "op": "revise",
        "revision": known.revision + 1,
        "change_cause": cause,
        "first_seen_at": known.first_seen_at,
    }
    row = _article_row(stored)
    last_seen_at = max(known.last_seen_at, row["last_seen_at"])
    connection.execute(_REVISE, {**row, "last_seen_at": last_seen_at, "id": row["article_id"]})
    _put_out_article(connection, stored)
    return Acceptance("revise", stored)


# How many articles one statement is about.
_BATCH = 500
# What tells one rewriting of a file from another.
_CHANGE = ("file", "sha256_before", "sha256_after")

_SEEN = select(
    articles.c.article_id,
    articles.c.content_sha256,
    articles.c.revision,
    articles.c.first_seen_at,
    articles.c.last_seen_at,
    articles.c.published_at,
).where(articles.c.article_id.in_(bindparam("ids", expanding=True)))
_CURRENT = (
    select(
        articles.c.content_sha256,
        articles.c.revision,
        articles.c.first_seen_at,
        articles.c.last_seen_at,
        articles.c.payload_sha256,
        articles.c.parser_version,
    )
    .where(articles.c.article_id == bindparam("id"))
    .with_for_update()
)
_INSERT = insert(articles)
_FORGET = delete(articles).where(articles.c.article_id == bindparam("id"))
_REVISE = (
    update(articles)
    .where(articles.c.article_id == bindparam("id"))
    .values(
        {
            column: bindparam(column)
            for column in (
                *("content_sha256", "revision", "original_id", "last_seen_at", "published_at"),
                *("payload_sha256", "parser_version"),
            )
        }
    )
)
_CONFIRM = (
    update(articles)
    .where(articles.c.article_id == bindparam("id"), articles.c.revision == bindparam("of"))
    .values(parser_version=bindparam("version"))
)
_SIGHTING = (
    update(articles)
    .where(articles.c.article_id == bindparam("id"))
    .values(
        sightings=articles.c.sightings + 1,
        last_seen_at=bindparam("last"),
        payload_sha256=bindparam("payload"),
        parser_version=bindparam("version"),
    )
)
_OUT = insert(outbox)
_ANY = 2**63 - 1
# The newest row of a takedown that waits.
_REMOVALS = outbox.alias()
_LAST_REMOVAL = (
    select(func.max(_REMOVALS.c.id))
    .join(runs, runs.c.run_id == _REMOVALS.c.run_id)
    .where(_REMOVALS.c.part_id.is_(None), runs.c.start_key == "takedown")
    .correlate(None)
    .scalar_subquery()
)
_WAITING = (
    select(outbox.c.id, outbox.c.kind, outbox.c.fetch_date)
    .join(runs, runs.c.run_id == outbox.c.run_id)
    .where(
        outbox.c.part_id.is_(None),
        outbox.c.id <= bindparam("until"),
        # What waits of the articles that were removed goes before their removal.
        or_(runs.c.site == bindparam("site"), outbox.c.id <= _LAST_REMOVAL),
    )
    .order_by(outbox.c.id)
    .limit(bindparam("rows"))
)
_ASSIGN = update(outbox).where(outbox.c.id == bindparam("row")).values(part_id=bindparam("part"))


def _put_out_article(connection: Connection, stored: dict[str, Any]) -> None:
    _put_out(connection, stored["run_id"], stored["site"], "articles", stored["fetched_at"], stored)


def _put_out(
    connection: Connection, run_id: str, site: str, kind: str, fetched_at: str, payload: dict[str, Any]
) -> None:
    connection.execute(
        _OUT,
        {
            "run_id": run_id,
            "site": site,
            "kind": kind,
            "fetch_date": fetched_at[:10],
            "payload": msgspec.json.encode(payload).decode(),
        },
    )


def _utc_now() -> str:
    return format_utc(datetime.now(UTC))
