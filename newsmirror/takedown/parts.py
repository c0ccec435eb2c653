"""Parts of the feed without what was taken down: the same rows, those of an article blank.

`gone` is what was taken down everywhere here: the id of an article or an original → the run that told it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import msgspec

from newsmirror.feed.errors import FeedError
from newsmirror.feed.layout import manifest_path, part_path
from newsmirror.feed.manifest import Manifest, ManifestPart, Rewrite, encode, read_manifest
from newsmirror.feed.parts import pack, unpack
from newsmirror.feed.storage import Storage
from newsmirror.ledger.ledger import Ledger
from newsmirror.normalise.record import format_utc
from newsmirror.normalise.urls import url_id
from newsmirror.schema import blank


@dataclass(frozen=True, slots=True)
class Holding:
    """A part that holds something of what was taken down."""

    run_id: str
    path: str


class _Row(msgspec.Struct):
    """As much of an article as tells whether it was taken down."""

    op: str
    article_id: str
    original_id: str | None


def search(
    storage: Storage, manifests: Sequence[Manifest], gone: Mapping[str, str]
) -> tuple[dict[str, str], list[Holding]]:
    """Return `gone` with the articles that ever stood under an original in it, and the parts to rewrite.

    Raises FeedError if a part is missing or damaged.
    """
    known = dict(gone)
    while True:
        before, holding = len(known), []
        for manifest in manifests:
            for part in manifest.parts:
                lines = _read(storage, part)
                if part.kind == "articles":
                    known |= {row.article_id: known[of] for row in _rows(lines) if (of := _cause(row, known))}
                if _blanked(part, lines, known)[1]:
                    holding.append(Holding(manifest.run_id, part.path))
        # What was read before an article was found by its original may hold its other revisions.
        if len(known) == before:
            return known, holding


def rewrite(ledger: Ledger, storage: Storage, held: Holding, gone: Mapping[str, str]) -> bool:
    """Write a part again with blank rows for what is gone; False if nothing of it is in there any more.

    First ledger and manifest say what the part will be, then it is that: whoever finds other bytes than
    the manifest names finds in it what they were. Raises FeedError and LedgerError; done again it goes on.
    """
    with ledger.publishing():
        manifest = read_manifest(storage, held.run_id)
        [part] = [part for part in manifest.parts if part.path == held.path]
        lines, by = _blanked(part, _read(storage, part), gone)
        if by is None:
            return False
        data = pack(lines)
        change = rewriting(part.path, by, (part.bytes, part.sha256), (len(data), sha256(data).hexdigest()))
        # It was written down before, if this was begun before.
        if change.sha256_before != change.sha256_after:
            ledger.rewrote(manifest.run_id, asdict(change))
            written = replace(part, bytes=change.bytes_after, sha256=change.sha256_after)
            parts = [written if each is part else each for each in manifest.parts]
            told = replace(manifest, parts=parts, rewrites=[*manifest.rewrites, change])
            storage.write(manifest_path(manifest.run_id), encode(told))
        storage.write(part_path(part.path), data)
    return True


def rewriting(file: str, run_id: str, before: tuple[int, str], after: tuple[int, str]) -> Rewrite:
    """Return what a manifest says of a file that is written again: bytes and SHA-256, before and after."""
    return Rewrite(file, run_id, format_utc(datetime.now(UTC)), *before, *after)


def _blanked(part: ManifestPart, lines: list[str], gone: Mapping[str, str]) -> tuple[list[str], str | None]:
    """Return the lines as they are to be, and which run wanted the first change, None if none is needed."""
    blank_line = _blank_article if part.kind == "articles" else _blank_reject
    changes = {place: change for place, line in enumerate(lines) if (change := blank_line(line, gone))}
    blanked = [changes[place][0] if place in changes else line for place, line in enumerate(lines)]
    return blanked, next((by for _, by in changes.values()), None)


def _blank_article(line: str, gone: Mapping[str, str]) -> tuple[str, str] | None:
    row = msgspec.json.decode(line, type=_Row)
    if row.op == "delete" or not (cause := _cause(row, gone)):
        return None
    return msgspec.json.encode(blank(msgspec.json.decode(line))).decode(), gone[cause]


def _blank_reject(line: str, gone: Mapping[str, str]) -> tuple[str, str] | None:
    """Return a reject of an article's address without its detail, which may quote the page."""
    row: dict[str, Any] = msgspec.json.decode(line)
    by = gone.get(url_id(row["url"]) or "")
    if row["detail"] is None or by is None:
        return None
    return msgspec.json.encode({**row, "detail": None}).decode(), by


def _cause(row: _Row, gone: Mapping[str, str]) -> str | None:
    """Return the id for which a row is gone."""
    return next((id_ for id_ in (row.article_id, row.original_id) if id_ in gone), None)


def _rows(lines: list[str]) -> Iterator[_Row]:
    return (msgspec.json.decode(line, type=_Row) for line in lines)


def _read(storage: Storage, part: ManifestPart) -> list[str]:
    path = part_path(part.path)
    try:
        return unpack(storage.read(path))
    except ValueError as error:
        raise FeedError(
            f"{storage.uri}/{path}: cannot be unpacked: {error}; restore it from a backup, then run again"
        ) from error
