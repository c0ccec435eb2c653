"""Pages to keep, and a folder of WARC files that a ledger knows."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from newsmirror.archive.closing import close_file
from newsmirror.archive.writer import ArchiveWriter, Exchange
from newsmirror.ledger.ledger import Ledger
from newsmirror.normalise.urls import url_id

AT = datetime(2025, 1, 8, 9, tzinfo=UTC)


def exchange(url: str, payload: str) -> Exchange:
    """A page as it was fetched."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    return Exchange(
        url, AT, b"GET / HTTP/1.1\r\n\r\n", head, payload.encode(), None, {"via": "http://a.example/"}
    )


def write(ledger: Ledger, folder: Path, run_id: str, pages: dict[str, str], close: bool = True) -> Path:
    """Keep pages in the first file of a run, and close it."""
    writer = ArchiveWriter(folder, run_id, {"software": "newsmirror"})
    for url, payload in pages.items():
        kept = exchange(url, payload)
        ref = writer.keep(kept, ledger.captured(url_id(url) or ""))
        writer.keep_rendered(kept, ref)
    file, path = writer.turn(), writer.path
    assert file is not None
    if not close:
        file.close()
        return path
    close_file(file, partial(ledger.add_archive_file, run_ids=[run_id]))
    return path.with_name(path.name.removesuffix(".open"))
