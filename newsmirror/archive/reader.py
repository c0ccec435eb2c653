"""Pages out of the archive, as the spider had them: unpacked, with what was known about them."""

import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from fastwarc.warc import ArchiveIterator, WarcRecord, WarcRecordType

from newsmirror.archive.closing import read_entries
from newsmirror.archive.errors import ArchiveError, NotKeptError, damaged
from newsmirror.archive.files import OPEN, digits, find_file, index_of, open_file
from newsmirror.items import ArchiveRef

# What has bytes of its own.
_WITH_BYTES = (WarcRecordType.response, WarcRecordType.conversion)
# Indexes that are kept at hand: those who ask go from file to file.
_INDEXES = 4


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its bytes as the spider had them, and the fields of its metadata record.

    `fetched_at` is aware, to the second; `status` None for a page from a browser, which is a conversion of
    the record `conversion_of`.
    """

    ref: ArchiveRef
    url: str
    fetched_at: datetime
    status: int | None
    content_type: str | None
    body: bytes
    about: Mapping[str, str]
    conversion_of: str | None


@dataclass(frozen=True, slots=True)
class _Index:
    """Where the records of a file begin, and where what is known about each does; `stamp`: of which file."""

    stamp: tuple[int, ...] | None
    places: Mapping[str, tuple[int, int | None]]


class ArchiveReader:
    """Pages by the record that holds their bytes, in the files of a folder."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; nothing is opened yet."""
        self.folder = folder
        self._indexes: OrderedDict[Path, _Index] = OrderedDict()

    def read(self, ref: ArchiveRef) -> Page:
        """Return a page; raises NotKeptError if its file is not there, ArchiveError if it cannot be read."""
        path = find_file(self.folder, ref.file)
        try:
            return self._read(path, ref)
        except ArchiveError:
            # It may have grown, been closed, or been written again without what was taken down.
            if path == find_file(self.folder, ref.file) and self._is_fresh(path):
                raise
            self._indexes.pop(path, None)
        return self._read(find_file(self.folder, ref.file), ref)

    def _read(self, path: Path, ref: ArchiveRef) -> Page:
        if not path.exists():
            raise NotKeptError(f"{self.folder / ref.file}: not there; put it back to have its pages")
        place = self._index(path).places.get(ref.record_id)
        if place is None:
            raise ArchiveError(f"{path}: no record {ref.record_id}; restore the file from a backup")
        offset, metadata = place
        try:
            with path.open("rb") as file:
                about = {}
                if metadata is not None:
                    about = _fields(_record_at(file, metadata, "WARC-Concurrent-To", ref.record_id))
                return read_page(_record_at(file, offset, "WARC-Record-ID", ref.record_id), ref, about)
        except OSError as error:
            raise damaged(path, error) from error

    def rendered(self, ref: ArchiveRef) -> ArchiveRef:
        """Return the record of what a browser made of a page, if its file has one, else its own."""
        path = find_file(self.folder, ref.file)
        for entry in entries(path) if path.exists() else ():
            if entry.get("conversion_of") == ref.record_id:
                return ArchiveRef(ref.file, entry["record_id"])
        return ref

    def _index(self, path: Path) -> _Index:
        if path not in self._indexes:
            stamp = _stamp(path)  # before the index is read: what is written meanwhile makes it an old one
            places = {
                entry["record_id"]: (
                    int(entry["offset"]),
                    int(entry["metadata"]) if "metadata" in entry else None,
                )
                for entry in entries(path)
            }
            self._indexes[path] = _Index(stamp, places)
            if len(self._indexes) > _INDEXES:
                self._indexes.popitem(last=False)
        return self._indexes[path]

    def _is_fresh(self, path: Path) -> bool:
        """Tell whether the index at hand, if there is one, is of the file as it is now."""
        return path not in self._indexes or self._indexes[path].stamp == _stamp(path)


def _stamp(path: Path) -> tuple[int, ...] | None:
    """Return what is different once a file is written again or goes on; None where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def entries(path: Path) -> Iterator[dict[str, str]]:
    """Yield what the index of a file says of each page, with `timestamp` (14 digits); raises ArchiveError.

    A file that has none, as it is open or being rewritten, is read through.
    """
    index = index_of(path)
    try:
        with index.open(encoding="utf-8") as lines:
            for line in lines:
                _, timestamp, text = line.split(" ", 2)
                plain = json.loads(text)
                if (
                    len(timestamp) != 14
                    or not timestamp.isdecimal()
                    or not plain.keys() >= {"url", "offset", "record_id", "status", "mime"}
                ):
                    raise ValueError("a line says too little")
                yield {**plain, "timestamp": timestamp}
            return
    except FileNotFoundError:
        pass
    except ValueError as error:
        raise ArchiveError(f"{index}: cannot be read: {error}; remove it, and it is made anew") from error
    except OSError as error:
        raise damaged(index, error) from error
    try:
        for entry in read_entries(path)[1]:
            yield {**entry, "timestamp": digits(entry["date"])}
    except OSError as error:
        raise damaged(path, error) from error


def pages(path: Path) -> Iterator[Page]:
    """Yield the pages of a file that have bytes of their own, in order; it may be open.

    Raises ArchiveError if it cannot be read. What follows the last whole record is left out.
    """
    name = path.name.removesuffix(OPEN)
    about: dict[str, Mapping[str, str]] = {}
    try:
        with open_file(path) as file:
            for record in ArchiveIterator(file, parse_http=False):
                if record.record_type == WarcRecordType.metadata:
                    about[record.headers["WARC-Concurrent-To"]] = _fields(record)
                elif record.record_type in _WITH_BYTES:
                    ref = ArchiveRef(name, record.headers["WARC-Record-ID"])
                    yield read_page(record, ref, about.pop(ref.record_id, {}))
    except OSError as error:
        raise damaged(path, error) from error


def read_info(path: Path) -> Mapping[str, str]:
    """Return the fields of a file's warcinfo, such as `run-id`, `isPartOf` and `spider`; none without one.

    Raises ArchiveError if it cannot be read.
    """
    try:
        with open_file(path) as file:
            for record in ArchiveIterator(file, record_types=WarcRecordType.warcinfo, parse_http=False):
                return _fields(record)
    except OSError as error:
        raise damaged(path, error) from error
    return {}


def _record_at(file: Any, offset: int, header: str, record_id: str) -> WarcRecord:
    """Return the record at an offset, which names `record_id` in a header; raises OSError if it does not."""
    file.seek(offset)
    for record in ArchiveIterator(file, parse_http=False):
        if record.headers.get(header) != record_id:
            raise OSError("another record is where its index says")
        return record
    raise OSError("it ends before its index does")


def _fields(record: WarcRecord) -> dict[str, str]:
    lines = record.reader.read().decode("utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line)


def read_page(record: WarcRecord, ref: ArchiveRef, about: Mapping[str, str]) -> Page:
    """Return the page in a response or a conversion; raises ArchiveError if it is not whole."""
    headers, block = record.headers, record.reader.read()
    if len(block) != int(headers["Content-Length"]):
        raise ArchiveError(f"{ref.file}: record {ref.record_id} is cut off; restore the file from a backup")
    status, declared, body = None, headers.get("Content-Type"), block
    if record.record_type == WarcRecordType.response:
        status, declared, body = _answer(headers["WARC-Target-URI"], block)
    return Page(
        ref=ref,
        url=headers["WARC-Target-URI"],
        fetched_at=datetime.fromisoformat(headers["WARC-Date"]),
        status=status,
        content_type=declared,
        body=body,
        about=about,
        conversion_of=headers.get("WARC-Refers-To"),
    )


def _answer(url: str, block: bytes) -> tuple[int, str | None, bytes]:
    """Return status, Content-Type and body of an HTTP answer, unpacked as in a crawl."""
    head, _, body = block.partition(b"\r\n\r\n")
    status_line, *lines = head.split(b"\r\n")
    status = int(status_line.split(b" ")[1])
    named = [(name, value) for name, colon, value in (line.partition(b": ") for line in lines) if colon]
    headers = {name.lower(): value for name, value in reversed(named)}
    declared = headers.get(b"content-type")
    if b"content-encoding" in headers:
        body = _unpack(url, status, named, body)
    return status, declared.decode("latin-1") if declared else None, body


def _unpack(url: str, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes:
    """Return a body as the middleware of the crawl unpacks it; raises ArchiveError if it is not whole."""
    # Few pages came packed, and who reads the others need not wait for Scrapy.
    from scrapy import Request
    from scrapy.exceptions import IgnoreRequest
    from scrapy.http import Response
    from scrapy.settings import Settings
    from scrapy.signalmanager import SignalManager

    from newsmirror.net.compression import BROKEN, WholeCompressionMiddleware

    # Of a crawler it looks at nothing but these.
    crawler: Any = SimpleNamespace(stats=None, settings=Settings(), signals=SignalManager())
    unpacker = WholeCompressionMiddleware.from_crawler(crawler)
    try:
        response = unpacker.process_response(Request(url), Response(url, status, headers, body))
    except IgnoreRequest as error:
        raise ArchiveError(f"{url}: {error}") from error
    if BROKEN in response.flags:
        raise ArchiveError(f"{url}: its body is not whole: it cannot be unpacked")
    return response.body
