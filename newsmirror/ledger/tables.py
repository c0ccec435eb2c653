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
    # What it was read from, and by which reader; null where that was not kept.
    Column("payload_sha256", CHAR(64)),
    Column("parser_version", Text),
)

# Where the bytes of an address are that the archive holds: its newest capture with a payload of its own.
captures = Table(
    "captures",
    metadata,
    Column("url_id", CHAR(64), primary_key=True),  # as article_id: SHA-256 of the canonical address
    Column("url", Text, nullable=False),  # as it was fetched
    Column("captured_at", Text, nullable=False),
    Column("payload_digest", Text, nullable=False),  # as WARC has it: sha1:…, of the payload as it came
    Column("file", Text, nullable=False),
    Column("record_id", Text, nullable=False),
)

# What must not be fetched or published again, and whether the files that held it were rewritten.
takedowns = Table(
    "takedowns",
    metadata,
    Column("id", CHAR(64), primary_key=True),  # an article_id or an original_id
    Column("reason", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("is_due", Boolean, nullable=False),
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
    Column("committed_at", Text),  # when it was published
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
