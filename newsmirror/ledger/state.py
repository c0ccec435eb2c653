"""How a ledger is, without making it, lifting it or taking anything from it."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from newsmirror.ledger.engine import check_file, make_engine, parse_url
from newsmirror.ledger.errors import explain
from newsmirror.ledger.migrations import read_version
from newsmirror.ledger.processes import is_alive
from newsmirror.ledger.tables import counters, locks, runs
from newsmirror.normalise.record import format_utc


@dataclass(frozen=True, slots=True)
class Lock:
    """Which run holds a site, since when (UTC text), and whether its process lives."""

    site: str
    run_id: str
    since: str
    alive: bool


@dataclass(frozen=True, slots=True)
class State:
    """A ledger's schema version, highest seq, locks, and the newest time that a run wrote (UTC text)."""

    version: int
    seq: int
    locks: list[Lock]
    newest: str | None


def look(url: str) -> State | None:
    """Return how a ledger is, None where there is none yet.

    Raises LedgerError if it is damaged, of a newer version, or cannot be reached.
    """
    parts = parse_url(url)
    if parts.get_backend_name() == "sqlite" and not Path(str(parts.database)).exists():
        return None
    now = format_utc(datetime.now(UTC))
    newest = func.max(func.coalesce(runs.c.finished_at, runs.c.started_at))
    engine = make_engine(parts, durable=False)
    try:
        with engine.connect() as connection:
            check_file(connection)
            version = read_version(connection)
            if version is None:
                return None
            return State(
                version,
                connection.execute(select(counters.c.value).where(counters.c.name == "seq")).scalar_one(),
                [
                    Lock(held.site, held.run_id, held.taken_at, is_alive(held.holder, held.beat_at, now))
                    for held in connection.execute(select(locks).order_by(locks.c.site))
                ],
                connection.execute(select(newest)).scalar_one(),
            )
    except (DBAPIError, sqlite3.Error) as error:
        raise explain(parts, error) from error
    finally:
        engine.dispose()
