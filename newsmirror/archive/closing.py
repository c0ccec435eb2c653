"""How a file of the archive ends: what is whole of it is kept, indexed and given its name."""

import fcntl
import io
import json
import os
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import file_digest
from itertools import pairwise
from pathlib import Path
from typing import Any

from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from newsmirror.archive.errors import ArchiveError, damaged
from newsmirror.archive.files import OPEN, ArchiveFile, Capture, digits, has_name, index_of, open_file
from newsmirror.disk import sync_folder, write_file
from newsmirror.normalise.urls import url_id

# What is left of a piece is copied for each record in it.
_PIECE = 1 << 16
_DIGITS = len("20250108090000")
# What an index lists.
_LISTED = (WarcRecordType.response, WarcRecordType.revisit, WarcRecordType.conversion)


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a file: how many records, and by id of their address the newest captures with a payload."""

    records: int
    captures: dict[str, Capture]


def close_file(file: io.FileIO, tell: Callable[[ArchiveFile, dict[str, Capture]], None]) -> None:
    """Close an open file of whole records, which is locked; one without a page is removed.

    `tell` is called before the file gets its name, so that it is called again if that comes to nothing.
    Raises ArchiveError.
    """
    path = Path(file.name)
    closed = path.with_name(path.name.removesuffix(OPEN))
    try:
        with file:
            contents = index_file(path, closed)
            if not contents.captures and contents.records <= 1:
                path.unlink()
                index_of(closed).unlink()
                return
            tell(describe(path, closed.name, contents.records), contents.captures)
            path.rename(closed)
        sync_folder(path.parent)
    except OSError as error:
        raise _explain(path, error) from error


def close_left_file(path: Path, tell: Callable[[ArchiveFile, dict[str, Capture]], None]) -> None:
    """Mend and close a file that a dead process has left; one that somebody writes is left alone."""
    try:
        file = path.open("r+b", buffering=0)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not has_name(file):
                raise FileNotFoundError(path)
            _mend(file)
        except BaseException:
            file.close()
            raise
    except (FileNotFoundError, BlockingIOError):  # closed meanwhile, or being written
        return
    except OSError as error:
        raise _explain(path, error) from error
    close_file(file, tell)


def _mend(file: io.FileIO) -> None:
    """Cut off what follows the last whole record."""
    whole = 0
    member = zlib.decompressobj(wbits=31)
    with suppress(zlib.error):  # what a crash left there is no gzip
        while piece := file.read(_PIECE):
            while piece:
                member.decompress(piece)
                if not member.eof:
                    break
                piece = member.unused_data
                whole = file.tell() - len(piece)
                member = zlib.decompressobj(wbits=31)
    file.truncate(whole)
    os.fsync(file.fileno())


def _explain(path: Path, error: OSError) -> ArchiveError:
    return ArchiveError(
        f"{path}: {error.strerror or error}; let this user write there, then run again: the next run closes "
        "the file"
    )


def describe(path: Path, name: str, records: int) -> ArchiveFile:
    """Return what a manifest says of a file."""
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    return ArchiveFile(name, records, path.stat().st_size, digest)


def make_index(path: Path) -> None:
    """Write the index of a closed file that has lost it; raises ArchiveError."""
    try:
        index_file(path)
    except OSError as error:
        raise damaged(path, error) from error


def index_file(path: Path, closed: Path | None = None) -> Contents:
    """Write the index of a file (CDXJ) beside it, and return what is in it; raises OSError.

    `closed`: what the file will be called. A line has the address in its sortable form (SURT), the time, and
    as JSON what pywb reads. Beyond that: `record_id`; `metadata`, the offset of what is known about a page;
    `conversion_of`, the record that was rendered in a browser.
    """
    closed = closed or path
    records, entries = read_entries(path)
    for entry in entries:
        entry["filename"] = closed.name
    captures = captures_of(entries, closed.name)
    lines = sorted(
        f"{_sortable(entry['url'])} {digits(entry.pop('date'))} {json.dumps(entry)}\n" for entry in entries
    )
    write_file(index_of(closed), "".join(lines).encode())
    return Contents(records, captures)


def _sortable(url: str) -> str:
    """Return an address in its sortable form; one that nobody can ask for, as of a port 99999, is `-`."""
    # It brings a client of the web along: only who closes a file is to wait for it.
    from surt import surt  # type: ignore[import-untyped]

    try:
        return str(surt(url))
    except ValueError:
        return "-"


def read_entries(path: Path) -> tuple[int, list[dict[str, Any]]]:
    """Return how many records a file has, and what an index says of each page; raises OSError.

    Other programs' files are read, too: what has no address is no page.
    """
    entries: list[dict[str, Any]] = []
    ends: list[int] = []
    about: dict[str | None, int] = {}
    with open_file(path) as file:
        for record in ArchiveIterator(file, parse_http=True):
            ends.append(record.stream_pos)
            if record.record_type == WarcRecordType.metadata:
                about[record.headers.get("WARC-Concurrent-To")] = record.stream_pos
            elif record.record_type in _LISTED and "WARC-Target-URI" in record.headers:
                entries.append(_describe(record))
        ends.append(os.fstat(file.fileno()).st_size)
    following = dict(pairwise(ends))
    for entry in entries:
        entry["length"] = str(following[int(entry["offset"])] - int(entry["offset"]))
        if (metadata := about.get(entry["record_id"])) is not None:
            entry["metadata"] = str(metadata)
    return len(ends) - 1, entries


def _describe(record: WarcRecord) -> dict[str, Any]:
    headers, http = record.headers, record.http_headers
    mime = (record.http_content_type or "unk") if record.is_http else "warc/conversion"
    try:
        described = {
            "url": headers["WARC-Target-URI"],
            "date": headers["WARC-Date"],
            "mime": "warc/revisit" if record.record_type == WarcRecordType.revisit else mime,
            "status": str(http.status_code) if http is not None else "-",
            "digest": headers.get("WARC-Payload-Digest") or headers.get("WARC-Block-Digest") or "-",
            "offset": str(record.stream_pos),
            "record_id": headers["WARC-Record-ID"],
        }
    except KeyError as error:
        raise OSError(f"a record without {error.args[0]}") from error
    if len(digits(described["date"])) != _DIGITS:
        raise OSError(f"a record with WARC-Date: {described['date']}")
    if record.record_type == WarcRecordType.conversion and (source := headers.get("WARC-Refers-To")):
        described["conversion_of"] = source
    return described


def captures_of(entries: Iterable[Mapping[str, Any]], name: str) -> dict[str, Capture]:
    """Return by id of their address the newest pages with a payload, from a file's entries in its order."""
    return {
        id_: Capture(entry["url"], entry["date"], entry["digest"], name, entry["record_id"])
        for entry in entries
        if entry["status"] == "200"
        and entry["mime"] != "warc/revisit"
        and (id_ := url_id(entry["url"])) is not None
    }
