"""Schema versions: a new ledger is made as `tables.py` says, an older one is lifted step by step."""

from collections.abc import Callable

from sqlalchemy import Connection, insert, inspect, select, update

from newsmirror.ledger.errors import LedgerError, name
from newsmirror.ledger.tables import counters, meta, metadata


def _know_where_the_bytes_are(connection: Connection) -> None:
    """1 → 2: what an article was read from and by which reader, captures, takedowns, dates of parts."""
    for statement in (
        "ALTER TABLE articles ADD COLUMN payload_sha256 CHAR(64)",
        "ALTER TABLE articles ADD COLUMN parser_version TEXT",
        "ALTER TABLE parts ADD COLUMN committed_at TEXT",
        "CREATE TABLE captures (url_id CHAR(64) PRIMARY KEY, url TEXT NOT NULL, captured_at TEXT NOT NULL, "
        "payload_digest TEXT NOT NULL, file TEXT NOT NULL, record_id TEXT NOT NULL)",
        "CREATE TABLE takedowns (id CHAR(64) PRIMARY KEY, reason TEXT NOT NULL, run_id TEXT NOT NULL, "
        "is_due BOOLEAN NOT NULL)",
    ):
        connection.exec_driver_sql(statement)


# The first lifts a ledger from version 1 to 2, and so on. Each in its own words, as tables.py moves on.
MIGRATIONS: list[Callable[[Connection], None]] = [_know_where_the_bytes_are]


def migrate(connection: Connection) -> None:
    """Bring a ledger to the present version, in the transaction of the caller.

    Raises LedgerError if it was made by a newer version of newsmirror.
    """
    found, present = read_version(connection), present_version()
    if found is None:
        metadata.create_all(connection)
        connection.execute(insert(meta).values(key="schema_version", value=str(present)))
        connection.execute(insert(counters).values(name="seq", value=0))
        return
    if found < present:
        for lift in MIGRATIONS[found - 1 :]:
            lift(connection)
        connection.execute(update(meta).where(meta.c.key == "schema_version").values(value=str(present)))


def present_version() -> int:
    """Return the version that ledgers are made with, and lifted to."""
    return 1 + len(MIGRATIONS)


def read_version(connection: Connection) -> int | None:
    """Return the version of a ledger, None for an empty database; raises LedgerError for a newer one."""
    if not inspect(connection).has_table(meta.name):
        return None
    found = int(connection.execute(select(meta.c.value).where(meta.c.key == "schema_version")).scalar_one())
    if found > present_version():
        raise LedgerError(
            f"ledger {name(connection.engine.url)}: schema version {found} is of a newer newsmirror; "
            f"this one knows up to {present_version()}. Install that version, or move the file away and make "
            "a new one from the feed: scrapy feed rebuild-ledger"
        )
    return found
