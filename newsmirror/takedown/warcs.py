"""WARC files without what was taken down: the other records stay as they are, byte for byte.

Every record is a gzip member of its own, so a file without some of them is a copy of the others. A file whose
index is missing is one that was being rewritten: the index goes first, and is made again at the end.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from fastwarc.warc import ArchiveIterator

from newsmirror.archive.closing import describe, index_file
from newsmirror.archive.errors import ArchiveError, damaged
from newsmirror.archive.files import ArchiveFile, closed_files, index_of, run_of
from newsmirror.archive.reader import entries
from newsmirror.disk import UNFINISHED, sync_folder
from newsmirror.feed.layout import manifest_path
from newsmirror.feed.manifest import Manifest, encode, read_manifest, read_manifests
from newsmirror.feed.storage import Storage
from newsmirror.ledger.ledger import Ledger
from newsmirror.normalise.urls import url_id
from newsmirror.takedown.parts import rewriting

_PIECE = 1 << 20
_GZIP = b"\x1f\x8b\x08"


@dataclass(frozen=True, slots=True)
class _Member:
    """A record of a file: where it is, and the id of the address that it is about."""

    offset: int
    length: int
    record_id: str
    url_id: str | None


def search(folder: Path, gone: Mapping[str, str]) -> list[Path]:
    """Return the closed files that hold pages of what is gone, or whose rewriting was broken off.

    The index names every page; requests and what is known about them stand beside a page. Raises
    ArchiveError.
    """
    return [path for path in closed_files(folder) if _may_hold(path, gone)]


def rewrite(ledger: Ledger, storage: Storage, path: Path, gone: Mapping[str, str]) -> bool:
    """Write a file again without the records of what is gone; False if there are none in it any more.

    Raises ArchiveError, FeedError and LedgerError; done again it goes on.
    """
    with ledger.publishing():
        try:
            members = _members(path)
            if not members:
                raise damaged(path, ValueError("no WARC record is in it"))
            kept = [member for member in members if member.url_id not in gone]
            if len(kept) == len(members):
                if not index_of(path).exists():
                    index_file(path)
                return False
            by = next(by for member in members if (by := gone.get(member.url_id or "")))
            unfinished = path.with_name(path.name + UNFINISHED)
            try:
                file = _copy(path, unfinished, kept)
                _tell(ledger, storage, path, file, by)
                index_of(path).unlink(missing_ok=True)
                unfinished.replace(path)
            except BaseException:
                with suppress(OSError):  # the first error is the one to tell
                    unfinished.unlink(missing_ok=True)
                raise
            sync_folder(path.parent)
            index_file(path)
        except OSError as error:
            raise ArchiveError(
                f"{path}: {error.strerror or error}; free some space or let this user write there, then run "
                "again: nothing is lost"
            ) from error
    return True


def _may_hold(path: Path, gone: Mapping[str, str]) -> bool:
    return not index_of(path).exists() or any(url_id(entry["url"]) in gone for entry in entries(path))


def _members(path: Path) -> list[_Member]:
    """Return the records of a file in order.

    Raises ArchiveError where it cannot be read as one of WARC records, each a gzip member of its own.
    """
    try:
        with path.open("rb") as file:
            found = [
                (
                    record.stream_pos,
                    record.headers["WARC-Record-ID"],
                    url_id(str(record.headers.get("WARC-Target-URI"))),
                )
                for record in ArchiveIterator(file, parse_http=False)
            ]
    except KeyError as error:
        raise damaged(path, ValueError(f"a record without {error.args[0]}")) from error
    except OSError as error:
        raise damaged(path, error) from error
    with path.open("rb") as file:
        bounds = pairwise([*(offset for offset, _, _ in found), path.stat().st_size])
        members = [
            _Member(offset, end - offset, record_id, id_)
            for (_, record_id, id_), (offset, end) in zip(found, bounds, strict=True)
        ]
        for member in members:
            file.seek(member.offset)
            if member.length <= 0 or file.read(len(_GZIP)) != _GZIP:
                raise ArchiveError(
                    f"{path}: record {member.record_id} is no gzip member of its own, so the file cannot be "
                    "rewritten; newsmirror writes none like that: move it elsewhere"
                )
    return members


def _copy(path: Path, to: Path, members: list[_Member]) -> ArchiveFile:
    """Write some records of a file to another, durably; return what a manifest says of it."""
    with path.open("rb") as source, to.open("wb") as target:
        for member in members:
            source.seek(member.offset)
            _pass_on(source, target, member.length)
        target.flush()
        os.fsync(target.fileno())
    if [member.record_id for member in _members(to)] != [member.record_id for member in members]:
        raise ArchiveError(f"{path}: could not be copied record by record; it is as it was: report it")
    return describe(to, path.name, len(members))


def _pass_on(source: BinaryIO, target: BinaryIO, length: int) -> None:
    while length:
        piece = source.read(min(length, _PIECE))
        if not piece:
            raise OSError("the file became shorter while it was read")
        target.write(piece)
        length -= len(piece)


def _tell(ledger: Ledger, storage: Storage, path: Path, file: ArchiveFile, by: str) -> None:
    """Say in ledger and manifest what a file will be; a file that no manifest names yet, in the ledger."""
    manifest = _naming(storage, file.file)
    run_id = manifest.run_id if manifest else run_of(path.name)
    archive = manifest.archive if manifest else [describe(path, file.file, 0)]
    [before] = [each for each in archive if each.file == file.file]
    change = rewriting(file.file, by, (before.bytes, before.sha256), (file.bytes, file.sha256))
    if change.sha256_before == change.sha256_after:
        return  # it was written down before: this was begun before
    ledger.rewrote(run_id, asdict(change), file)
    if manifest is not None:
        archive = [file if each is before else each for each in archive]
        told = replace(manifest, archive=archive, rewrites=[*manifest.rewrites, change])
        storage.write(manifest_path(run_id), encode(told))


def _naming(storage: Storage, file: str) -> Manifest | None:
    """Return the manifest that names a file, as it is now; None if none does yet.

    Mostly that of its own run: only what a dead one left may be in another's.
    """
    own = run_of(file)
    if storage.exists(manifest_path(own)) and _names(manifest := read_manifest(storage, own), file):
        return manifest
    return next((each for each in read_manifests(storage) if _names(each, file)), None)


def _names(manifest: Manifest, file: str) -> bool:
    return any(each.file == file for each in manifest.archive)
