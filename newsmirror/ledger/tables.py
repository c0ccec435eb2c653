"""The tables of the ledger, in SQL that SQLite and PostgreSQL share. Times are UTC text, ISO 8601 with Z."""

from sqlalchemy import (
    CHAR,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

# SQLite counts up only a column whose type is exactly INTEGER.
_Serial = BigInteger().with_variant(Integer, "sqlite")

meta = Table(
    "ledger_meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False)
)

articles = Table(
    "articles",
    metadata,
    Column("article_id", CHAR(64), primary_key=True),
    Column("url", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("original_id", CHAR(64)),
    Column("content_sha256", CHAR(64)),  # null: deleted, so that whatever comes back is a revision
    Column("revision", Integer, nullable=False),
    Column("first_seen_at", Text, nullable=False),
    Column("last_seen_at", Text, nullable=False),
    Column("published_at", Text),
    Column("sightings", Integer, nullable=False),  # how often it was fetched and found unchanged
)

runs = Table(
    "runs",
    metadata,
    Column("run_id", Text, primary_key=True),
    Column("site", Text, nullable=False),
    Column("start_key", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("finished_at", Text),
    Column("close_reason", Text),
    Column("complete", Boolean, nullable=False),
    Column("note", Text, nullable=False),  # JSON: counts, reasons, versions
    Column("manifest_due", Boolean, nullable=False),  # changed since its manifest was last committed
)

parts = Table(
    "parts",
    metadata,
    Column("part_id", _Serial, primary_key=True, autoincrement=True),
    Column("run_id", Text, ForeignKey(runs.c.run_id), nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("fetch_date", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("first_seq", BigInteger),
    Column("last_seq", BigInteger),
    Column("bytes", BigInteger),
    Column("sha256", CHAR(64)),
    Column("published", Boolean, nullable=False),
    UniqueConstraint("run_id", "number"),
    Index("parts_by_published", "published", "part_id"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("run_id", Text, ForeignKey(runs.c.run_id), nullable=False),
    Column("site", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("fetch_date", Text, nullable=False),
    # No index: it would cost each article a page, and the table is short, as what is published leaves it.
    Column("part_id", BigInteger, ForeignKey(parts.c.part_id)),
    Column("payload", Text, nullable=False),  # last: a scan for the columns before it need not read it
)

counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

locks = Table(
    "locks",
    metadata,
    Column("site", Text, primary_key=True),
    Column("run_id", Text, ForeignKey(runs.c.run_id), nullable=False),
    Column("holder", Text, nullable=False),  # "host pid birth", as processes.py writes it
    Column("taken_at", Text, nullable=False),
    Column("beat_at", Text, nullable=False),
)
