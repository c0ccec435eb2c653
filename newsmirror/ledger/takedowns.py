"""What was taken down: statements for the table `takedowns`, and how an article leaves the ledger."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, insert, or_, select, update

from newsmirror.ledger import captures
from newsmirror.ledger.tables import articles, outbox, runs, takedowns
from newsmirror.normalise.urls import url_id
from newsmirror.schema import blank, deletion

_BLOCKED = select(takedowns.c.id).where(takedowns.c.id.in_(bindparam("ids", expanding=True)))
# Asked for every record: a list of ids would take three times as long.
_EITHER = select(takedowns.c.id).where(takedowns.c.id.in_((bindparam("article"), bindparam("original"))))
_REASON = select(takedowns.c.reason, takedowns.c.run_id).where(takedowns.c.id == bindparam("id"))


class Block(NamedTuple):
    """An article or an original that was taken down, by its id; why, and by which run."""

    id: str
    reason: str
    run_id: str


class Standing(NamedTuple):
    """An article that has content."""

    article_id: str
    original_id: str | None
    site: str
    url: str


@dataclass(frozen=True, slots=True)
class Due:
    """What files may still hold: why it was taken down, by which run, and which runs went on then.

    `during` is None where that is not known: of a new address of a blocked original, which is found when its
    page was kept, and in a ledger made anew from the feed.
    """

    reason: str
    run_id: str
    during: list[str] | None


def is_blocked(connection: Connection, record: dict[str, Any]) -> bool:
    """Tell whether a record was taken down; a new address of a blocked original is blocked from now on."""
    article_id, original_id = record["article_id"], record["original_id"]
    ids = {"article": article_id, "original": original_id or article_id}
    blocked = connection.scalars(_EITHER, ids).all()
    if blocked and article_id not in blocked:
        # Its page was kept before it was read: now there are files to rewrite.
        reason, run_id = connection.execute(_REASON, {"id": original_id}).one()
        block(connection, [article_id], reason, run_id)
    return bool(blocked)


def is_blocked_address(connection: Connection, url: str) -> bool:
    """Tell whether the page at an address was taken down."""
    return bool(connection.scalars(_BLOCKED, {"ids": [url_id(url) or ""]}).all())


def block(connection: Connection, ids: Iterable[str], reason: str, run_id: str) -> None:
    """Block ids; the files that hold them are due for rewriting, again if they were blocked before."""
    wanted = list(dict.fromkeys(ids))
    blocked = set(connection.scalars(_BLOCKED, {"ids": wanted}))
    connection.execute(update(takedowns).where(takedowns.c.id.in_(blocked)).values(is_due=True))
    row = {"reason": reason, "run_id": run_id, "is_due": True}
    if rows := [{"id": id_, **row} for id_ in wanted if id_ not in blocked]:
        connection.execute(insert(takedowns), rows)


def due(connection: Connection) -> dict[str, Due]:
    """Return what files may still hold, by id."""
    rows = (
        select(takedowns.c.id, takedowns.c.reason, takedowns.c.run_id, runs.c.note)
        .outerjoin(runs, runs.c.run_id == takedowns.c.run_id)
        .where(takedowns.c.is_due)
        .order_by(takedowns.c.id)
    )
    return {
        id_: Due(reason, run_id, _during(id_, note)) for id_, reason, run_id, note in connection.execute(rows)
    }


def _during(id_: str, note: str | None) -> list[str] | None:
    plain = msgspec.json.decode(note or "{}")
    named = [each["id"] for each in plain.get("takedowns", [])]
    return plain.get("during") if id_ in named else None


def standing(ids: Collection[str]) -> Select[Any]:
    """Return the query for the articles with content, by their ids or their originals', by address."""
    named = or_(articles.c.article_id.in_(ids), articles.c.original_id.in_(ids))
    return (
        select(articles).where(and_(named, articles.c.content_sha256.is_not(None))).order_by(articles.c.url)
    )


def remove(connection: Connection, ids: Iterable[str], run_id: str, now: str) -> list[dict[str, Any]]:
    """Take the content of articles, by their ids or their originals', out of the ledger.

    Returns a `delete` for each that had some.
    """
    wanted = set(ids)
    # An article that waits may have stood under another original before.
    waiting = (record for _, record in _waiting(connection, "articles"))
    wanted |= {record["article_id"] for record in waiting if record["original_id"] in wanted}
    found = connection.execute(standing(wanted)).all()
    gone = wanted | {row.article_id for row in found}
    captures.forget(connection, gone)
    _blank_waiting(connection, gone)
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


def _blank_waiting(connection: Connection, gone: Collection[str]) -> None:
    """Take content out of what waits for a part: of articles, and what rejects quote of their pages.

    A part keeps its rows: readers may have it already, so it is rewritten like one that is published.
    """
    free = outbox.c.part_id.is_(None)
    waiting = _waiting(connection, "articles", free)
    texts = {id_: blank(each) for id_, each in waiting if each["article_id"] in gone}
    quoting = (
        (id_, each)
        for id_, each in _waiting(connection, "rejects", free)
        if each["detail"] and url_id(each["url"]) in gone
    )
    texts |= {id_: {**each, "detail": None} for id_, each in quoting}
    for id_, plain in texts.items():
        text = msgspec.json.encode(plain).decode()
        connection.execute(update(outbox).where(outbox.c.id == id_).values(payload=text))


def _waiting(
    connection: Connection, kind: str, *conditions: ColumnElement[bool]
) -> Iterator[tuple[int, dict[str, Any]]]:
    rows = select(outbox.c.id, outbox.c.payload).where(outbox.c.kind == kind, *conditions)
    for id_, payload in connection.execute(rows):
        yield id_, msgspec.json.decode(payload)
