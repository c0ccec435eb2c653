"""Connections: how a database is opened, and how a transaction begins in it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from newsmirror.ledger.errors import LedgerError
from newsmirror.ledger.tables import meta

# How long a writer waits for the others.
PATIENCE_SECONDS = 60
# How long a publisher waits for the others: they write files, perhaps to a slow store.
PUBLISHER_PATIENCE_SECONDS = 600


def parse_url(url: str) -> URL:
    """Return the parts of a database's address; LedgerError if it is none, or one of no lasting place."""
    try:
        parts = make_url(url)
    except ArgumentError as error:
        raise LedgerError(f"{url!r} is no database address: write sqlite:////path/ledger.db") from error
    if parts.get_backend_name() == "sqlite" and parts.database in (None, "", ":memory:"):
        raise LedgerError(f"{url!r} names no file: write sqlite:////path/ledger.db")
    return parts


def make_engine(url: URL, durable: bool) -> Engine:
    """Return the engine of a ledger.

    A commit that is not durable may be undone by a loss of power, wholly and only together with all that
    followed it; a durable one carries all earlier ones to the disk. Raises LedgerError if the folder
    cannot be made or the driver is missing.
    """
    try:
        if url.get_backend_name() != "sqlite":
            return create_engine(url)
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerError(
            f"ledger {url.database}: {error}; let this user write there, or set NEWSMIRROR_LEDGER_URL"
        ) from error
    except (ArgumentError, ImportError) as error:
        raise LedgerError(f"{url.drivername}: {error}; install the driver of this database") from error
    # Without an isolation level sqlite3 begins nothing by itself: see `begin_write`.
    engine = create_engine(url, connect_args={"timeout": PATIENCE_SECONDS, "isolation_level": None})

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        connection.execute("PRAGMA foreign_keys=ON")
        # Ids are hashes: the longer the log (here 64 MB), the more articles share a page that is written
        # back: bench/ledger.py.
        connection.execute("PRAGMA wal_autocheckpoint=16000")

    return engine


def begin_write(connection: Connection) -> None:
    """Begin a transaction that may write, waiting for its turn.

    In SQLite one that begins as a read cannot wait when it comes to write, and a read alone needs none.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def only_publisher(engine: Engine) -> Iterator[None]:
    """Wait until no other process publishes, and hold them off; the system lets go if this process dies.

    While one publishes, others go on accepting, so it is no write transaction of the ledger: in SQLite the
    lock is that of an empty database beside it, `ledger.db-publisher`, elsewhere that of a row.
    """
    if engine.dialect.name == "sqlite":
        beside = f"{engine.url.database}-publisher"
        lock = sqlite3.connect(beside, timeout=PUBLISHER_PATIENCE_SECONDS, isolation_level=None)
        with closing(lock):
            lock.execute("BEGIN EXCLUSIVE")
            yield
        return
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{PUBLISHER_PATIENCE_SECONDS}s'")
        connection.execute(select(meta.c.value).where(meta.c.key == "schema_version").with_for_update())
        yield
