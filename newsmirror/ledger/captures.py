"""Where the bytes of an address are that the archive holds: statements for the table `captures`."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict

from sqlalchemy import Connection, bindparam, delete, insert, select

from newsmirror.archive.files import Capture
from newsmirror.ledger.tables import captures

# How many addresses one statement is about.
_BATCH = 500

_FIND = select(
    captures.c.url,
    captures.c.captured_at,
    captures.c.payload_digest,
    captures.c.file,
    captures.c.record_id,
).where(captures.c.url_id == bindparam("id"))
_TIMES = select(captures.c.url_id, captures.c.captured_at).where(
    captures.c.url_id.in_(bindparam("ids", expanding=True))
)
_FORGET = delete(captures).where(captures.c.url_id == bindparam("id"))
_LEARN = insert(captures)


def find(connection: Connection, url_id: str) -> Capture | None:
    """Return the newest capture of an address that has a payload of its own, or None."""
    row = connection.execute(_FIND, {"id": url_id}).one_or_none()
    return Capture(*row) if row is not None else None


def are_there(connection: Connection) -> bool:
    """Tell whether there is any capture."""
    return connection.execute(select(captures.c.url_id).limit(1)).one_or_none() is not None


def learn(connection: Connection, found: Mapping[str, Capture]) -> None:
    """Keep captures by the id of their address, unless a newer one is known."""
    ids = list(found)
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        known = dict(connection.execute(_TIMES, {"ids": batch}).all())
        newer = [id_ for id_ in batch if found[id_].captured_at >= known.get(id_, "")]
        if newer:
            forget(connection, newer)
            connection.execute(_LEARN, [{"url_id": id_, **asdict(found[id_])} for id_ in newer])


def forget(connection: Connection, ids: Iterable[str]) -> None:
    """Forget the captures of addresses."""
    if rows := [{"id": id_} for id_ in ids]:
        connection.execute(_FORGET, rows)
