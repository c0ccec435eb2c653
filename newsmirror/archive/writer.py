"""The WARC files of one run (WARC 1.1, ISO 28500:2017): every record is a gzip member of its own."""

import fcntl
import io
import os
import zlib
from base64 import b32encode
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha1
from pathlib import Path

from fastwarc.stream_io import GzipWriter
from fastwarc.warc import WarcRecord, WarcRecordType

from newsmirror.archive.errors import ArchiveError
from newsmirror.archive.files import OPEN, Capture, file_name, has_name, open_files
from newsmirror.disk import make_folder, sync_folder
from newsmirror.items import ArchiveRef
from newsmirror.normalise.record import format_utc

# Level 9 makes pages of 20 kB 3 % smaller, and takes half as long again: bench/archive.py.
_LEVEL = 6
# Each member costs fastwarc's packer 0.05 ms more: what is shorter is left to zlib.
_SMALL = 4096
_SAME_PAYLOAD = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
_FIELDS = "application/warc-fields"
_FORMAT = {
    "format": "WARC File Format 1.1",
    "conformsTo": "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
}
_REQUEST = "application/http; msgtype=request"
_ANSWER = "application/http; msgtype=response"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and what came back: both heads as bytes, up to and with their empty line, and the payload.

    `at` is an aware datetime; `about` are fields of the metadata record, such as `via`.
    """

    url: str
    at: datetime
    request: bytes
    head: bytes
    payload: bytes
    ip_address: str | None
    about: Mapping[str, str]

    @property
    def payload_digest(self) -> str:
        """The digest of the payload as WARC has it."""
        return "sha1:" + b32encode(sha1(self.payload, usedforsecurity=False).digest()).decode()


class Packer:
    """Packs records as gzip members, one after the other."""

    def __init__(self) -> None:
        """Begin once what is slow to begin: fastwarc's packer, twice as fast as zlib with a page."""
        self._packed = io.BytesIO()
        self._writer = GzipWriter(self._packed, _LEVEL)

    def pack(self, records: Iterable[WarcRecord]) -> bytes:
        """Return the members of records."""
        return b"".join(map(self._pack, records))

    def _pack(self, record: WarcRecord) -> bytes:
        plain = io.BytesIO()
        record.write(plain, checksum_data=True)
        if plain.tell() < _SMALL:
            packer = zlib.compressobj(_LEVEL, wbits=31)
            return packer.compress(plain.getbuffer()) + packer.flush()
        self._packed.seek(0)
        self._packed.truncate()
        self._writer.write(plain.getvalue())
        self._writer.finish()
        return self._packed.getvalue()


class ArchiveWriter:
    """Writes records to `<run_id>-00001.warc.gz.open` and so on; a new file for each `turn`.

    A file holds whole records: each group of records is one write, and what of it failed is cut off, at the
    latest before the next write and before the file is left. It is locked (`flock`) as long as it is written:
    whoever finds one that is not closes it.
    Raises ArchiveError where nothing can be written.
    """

    def __init__(self, folder: Path, run_id: str, about: Mapping[str, str]) -> None:
        """Take the folder, which is made when it is needed, and the fields of each file's warcinfo."""
        self._folder = folder
        self._run_id = run_id
        self._about = about
        self._packer = Packer()
        self._number = 0
        self._file: io.FileIO | None = None
        self.size = 0

    @property
    def path(self) -> Path:
        """The open file."""
        return self._folder / (file_name(self._run_id, self._number) + OPEN)

    def keep(self, exchange: Exchange, known: Capture | None) -> ArchiveRef:
        """Write a request, what is known about it, and its response; return where its payload is.

        `known`: an earlier capture of the address. If it has the same payload, a revisit is written.
        """
        digest = exchange.payload_digest
        if known is not None and known.payload_digest == digest:
            answer = _record(WarcRecordType.revisit, exchange, exchange.head, _ANSWER)
            answer.headers["WARC-Profile"] = _SAME_PAYLOAD
            answer.headers["WARC-Refers-To"] = known.record_id
            answer.headers["WARC-Refers-To-Target-URI"] = known.url
            answer.headers["WARC-Refers-To-Date"] = known.captured_at
        else:
            known = None
            answer = _record(WarcRecordType.response, exchange, exchange.head + exchange.payload, _ANSWER)
        answer.headers["WARC-Payload-Digest"] = digest
        if exchange.ip_address is not None:
            answer.headers["WARC-IP-Address"] = exchange.ip_address
        request = _record(WarcRecordType.request, exchange, exchange.request, _REQUEST)
        name = self._write([*_beside(answer, request, *_about(exchange)), answer])
        return ArchiveRef(known.file, known.record_id) if known is not None else ArchiveRef(name, _id(answer))

    def keep_rendered(self, exchange: Exchange, of: ArchiveRef) -> ArchiveRef:
        """Write what a browser made of a page, the payload in UTF-8, as a conversion of its record."""
        record = _record(WarcRecordType.conversion, exchange, exchange.payload, "text/html; charset=utf-8")
        record.headers["WARC-Refers-To"] = of.record_id
        return ArchiveRef(self._write([*_beside(record, *_about(exchange)), record]), _id(record))

    def turn(self) -> io.FileIO | None:
        """Leave the open file, and return it, on the disk and locked; None if there is none.

        The next record begins a new one.
        """
        if self._file is not None:
            try:
                self._cut(self._file)
                os.fsync(self._file.fileno())
            except OSError as error:
                raise _explain(self.path, error) from error
        left, self._file = self._file, None
        self.size = 0
        return left

    def _write(self, records: Sequence[WarcRecord]) -> str:
        """Write records with one call; return the name that the file will have when it is closed."""
        file = self._file or self._begin()
        self._append(file, self._packer.pack(records))
        return file_name(self._run_id, self._number)

    def _begin(self) -> io.FileIO:
        """Begin a file with its warcinfo, or none: a file without it is of no site."""
        self._number += 1
        self.size = 0
        info = self._packer.pack([warcinfo(file_name(self._run_id, self._number), self._about)])
        try:
            make_folder(self._folder)
            file = _create(self.path)
            try:
                self._append(file, info)
                sync_folder(self._folder)
            except BaseException:
                with file, suppress(OSError):  # the first error is the one to tell
                    self.path.unlink()
                raise
        except OSError as error:
            raise _explain(self.path, error) from error
        self._file = file
        return file

    def _append(self, file: io.FileIO, data: bytes) -> None:
        rest = memoryview(data)
        try:
            self._cut(file)
            while rest:
                rest = rest[file.write(rest) :]
        except OSError as error:
            with suppress(OSError):  # the first error is the one to tell, and the next write tries again
                self._cut(file)
            raise _explain(self.path, error) from error
        self.size += len(data)

    def _cut(self, file: io.FileIO) -> None:
        """Cut off what is there of a write that failed; raises OSError."""
        if file.tell() != self.size:
            file.truncate(self.size)
            file.seek(self.size)


def _create(path: Path) -> io.FileIO:
    """Return a new file, locked; raises OSError.

    Until it is locked another process may take it for one that a dead run left, and remove it.
    """
    while True:
        with ExitStack() as unless_locked:
            file = unless_locked.enter_context(path.open("x+b", buffering=0))
            fcntl.flock(file, fcntl.LOCK_EX)
            if has_name(file):
                unless_locked.pop_all()
                return file


def sync_open_files(folder: Path) -> None:
    """Carry to the disk what any run has written to its open file; what was left before is there.

    Any thread may call it. Raises ArchiveError.
    """
    for path in open_files(folder):
        try:
            with path.open("rb") as file:
                os.fsync(file.fileno())
        except FileNotFoundError:  # left meanwhile
            continue
        except OSError as error:
            raise _explain(path, error) from error


def warcinfo(name: str, about: Mapping[str, str]) -> WarcRecord:
    """Return the first record of a file of that name: fields about it, such as `software`, and its format."""
    info = WarcRecord()
    info.init_headers(WarcRecordType.warcinfo)
    info.headers["WARC-Filename"] = name
    info.headers["Content-Type"] = _FIELDS
    info.set_bytes_content(_fields({**about, **_FORMAT}))
    return info


def _record(kind: WarcRecordType, exchange: Exchange, block: bytes, content_type: str) -> WarcRecord:
    record = WarcRecord()
    record.init_headers(kind)
    record.headers["WARC-Target-URI"] = exchange.url
    record.headers["WARC-Date"] = format_utc(exchange.at)
    record.headers["Content-Type"] = content_type
    record.set_bytes_content(block)
    return record


def _about(exchange: Exchange) -> list[WarcRecord]:
    """Return the metadata record, if there is anything to say."""
    if not exchange.about:
        return []
    return [_record(WarcRecordType.metadata, exchange, _fields(exchange.about), _FIELDS)]


def _beside(record: WarcRecord, *others: WarcRecord) -> Sequence[WarcRecord]:
    for other in others:
        other.headers["WARC-Concurrent-To"] = _id(record)
    return others


def _id(record: WarcRecord) -> str:
    return record.headers["WARC-Record-ID"]


def _fields(fields: Mapping[str, str]) -> bytes:
    """Return fields as lines (application/warc-fields); a value cannot hold a line end."""
    return "".join(f"{name}: {' '.join(value.split())}\r\n" for name, value in fields.items()).encode()


def _explain(path: Path, error: OSError) -> ArchiveError:
    return ArchiveError(
        f"{path}: {error.strerror or error}; free some space or let this user write there, or set "
        "NEWSMIRROR_ARCHIVE to another folder or to off, then run again; nothing is lost"
    )
