"""Connections: how a database is opened, and who waits for whom in it, on SQLite and on PostgreSQL."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from newsmirror.ledger.errors import REBUILD, LedgerError, name
from newsmirror.ledger.tables import meta

# How long a writer waits for the others.
PATIENCE_SECONDS = 60
# How long a publisher waits for the others: they write files, perhaps to a slow store.
PUBLISHER_PATIENCE_SECONDS = 600
# The number by which those who open a new PostgreSQL database wait for each other.
_OPENERS = int.from_bytes(b"ledger")
# The same for takedowns and those who take anything in.
_TAKEDOWNS = int.from_bytes(b"removal")


def parse_url(url: str) -> URL:
    """Return the parts of a database's address; LedgerError if it is none, or one of no lasting place."""
    try:
        parts = make_url(url)
    except ArgumentError as error:
        # Whoever mistyped it may have typed a password, too.
        shown = re.sub(r":[^:/@]*@", ":***@", url)
        raise LedgerError(
            f"{shown!r} is no database address: write sqlite:////path/ledger.db or "
            "postgresql+psycopg://user:password@host/database"
        ) from error
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
        if url.get_backend_name() == "postgresql":
            given = f"-c lock_timeout={PATIENCE_SECONDS}s" + ("" if durable else " -c synchronous_commit=off")
            return create_engine(url, connect_args={"options": given})
        if url.get_backend_name() != "sqlite":
            raise LedgerError(f"{url.drivername}: a ledger is kept in SQLite or in PostgreSQL")
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
        _keep_a_log(connection)
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        connection.execute("PRAGMA foreign_keys=ON")
        # Ids are hashes: the longer the log (here 64 MB), the more articles share a page that is written
        # back: bench/ledger.py.
        connection.execute("PRAGMA wal_autocheckpoint=16000")

    return engine


def check_file(connection: Connection) -> None:
    """Raise LedgerError for a damaged SQLite file; other databases look after themselves."""
    if connection.dialect.name != "sqlite":
        return
    said = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if said != "ok":
        raise LedgerError(f"ledger {name(connection.engine.url)} is damaged: {said}; {REBUILD}")


def _keep_a_log(connection: sqlite3.Connection) -> None:
    """Let a database keep a log; wait for others who open it, as SQLite does not for this by itself."""
    until = monotonic() + PATIENCE_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > until:
                raise
            sleep(0.02)
        else:
            return


def begin_write(connection: Connection) -> None:
    """Begin a transaction that may write, waiting for its turn.

    In SQLite one that begins as a read cannot wait when it comes to write, and a read alone needs none.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def only_opener(connection: Connection) -> None:
    """Wait, to the end of the transaction, until nobody else makes the tables or changes them.

    In SQLite `begin_write` has waited for that.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_OPENERS)))


def before_takedowns(connection: Connection) -> None:
    """Wait for a takedown, and hold off others, to the end of the transaction; any number may do so at once.

    A takedown reads what stands and changes what is blocked; whoever takes something in does the reverse. In
    SQLite `begin_write` has waited.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock_shared(_TAKEDOWNS)))


def only_takedown(connection: Connection) -> None:
    """Wait, to the end of the transaction, until nobody takes anything in; in SQLite `begin_write` has."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_TAKEDOWNS)))


@contextmanager
def only_publisher(engine: Engine) -> Iterator[Callable[[], object]]:
    """Wait until no other process publishes, and hold them off; the system lets go if this process dies.

    What is given raises if the lock is held no more: a server lets go of it with the connection.

    While one publishes, others go on accepting, so it is no write transaction of the ledger: in SQLite the
    lock is that of an empty database beside it, `ledger.db-publisher`, elsewhere that of a row.
    """
    if engine.dialect.name == "sqlite":
        beside = f"{engine.url.database}-publisher"
        lock = sqlite3.connect(beside, timeout=PUBLISHER_PATIENCE_SECONDS, isolation_level=None)
        with closing(lock):
            lock.execute("BEGIN EXCLUSIVE")
            yield lambda: None
        return
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{PUBLISHER_PATIENCE_SECONDS}s'")
        connection.execute(select(meta.c.value).where(meta.c.key == "schema_version").with_for_update())
        yield lambda: connection.execute(select(1))
