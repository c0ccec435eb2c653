"""What was taken down: statements for the table `takedowns`, and how an article leaves the ledger."""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, bindparam, insert, or_, select, update

from newsmirror.ledger import captures
from newsmirror.ledger.tables import articles, outbox, takedowns
from newsmirror.schema import blank, deletion

_BLOCKED = select(takedowns.c.id).where(takedowns.c.id.in_(bindparam("ids", expanding=True)))
_REASON = select(takedowns.c.reason, takedowns.c.run_id).where(takedowns.c.id == bindparam("id"))


def is_blocked(connection: Connection, record: dict[str, Any]) -> bool:
    """Tell whether a record was taken down; a new address of a blocked original is blocked from now on."""
    article_id, original_id = record["article_id"], record["original_id"]
    blocked = connection.scalars(_BLOCKED, {"ids": [article_id, original_id or article_id]}).all()
    if blocked and article_id not in blocked:
        # Its page was kept before it was read: now there are files to rewrite.
        reason, run_id = connection.execute(_REASON, {"id": original_id}).one()
        block(connection, [article_id], reason, run_id)
    return bool(blocked)


def block(connection: Connection, ids: Iterable[str], reason: str, run_id: str) -> None:
    """Block ids; the files that hold them are due for rewriting, again if they were blocked before."""
    wanted = list(dict.fromkeys(ids))
    blocked = set(connection.scalars(_BLOCKED, {"ids": wanted}))
    connection.execute(update(takedowns).where(takedowns.c.id.in_(blocked)).values(is_due=True))
    row = {"reason": reason, "run_id": run_id, "is_due": True}
    if rows := [{"id": id_, **row} for id_ in wanted if id_ not in blocked]:
        connection.execute(insert(takedowns), rows)


def remove(connection: Connection, ids: Iterable[str], run_id: str, now: str) -> list[dict[str, Any]]:
    """Take the content of articles, by their ids or their originals', out of the ledger.

    Returns a `delete` for each that had some.
    """
    wanted = list(ids)
    named = or_(articles.c.article_id.in_(wanted), articles.c.original_id.in_(wanted))
    found = connection.execute(
        select(articles).where(and_(named, articles.c.content_sha256.is_not(None))).order_by(articles.c.url)
    ).all()
    gone = {row.article_id for row in found}
    captures.forget(connection, {*wanted, *gone})
    waiting = select(outbox.c.id, outbox.c.payload).where(outbox.c.kind == "articles")
    for row_id, payload in connection.execute(waiting).all():
        record = msgspec.json.decode(payload)
        if record["article_id"] in gone:
            text = msgspec.json.encode(blank(record)).decode()
            connection.execute(update(outbox).where(outbox.c.id == row_id).values(payload=text))
    return [
        deletion(
            article_id=row.article_id,
            revision=row.revision + 1,
            url=row.url,
            site=row.site,
            first_seen_at=row.first_seen_at,
            fetched_at=now,
            run_id=run_id,
        )
        for row in found
    ]
