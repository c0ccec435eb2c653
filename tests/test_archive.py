"""The raw archive: what is written, what is left of it after a crash, and what is read out of it."""

import errno
import fcntl
import gzip
import hashlib
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request
from scrapy.http import HtmlResponse
from scrapy.settings import Settings
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker

from newsmirror.archive import about
from newsmirror.archive.closing import close_file, close_left_file, make_index
from newsmirror.archive.errors import ArchiveError
from newsmirror.archive.files import (
    ArchiveFile,
    Capture,
    closed_files,
    find_file,
    index_of,
    open_files,
    run_of,
)
from newsmirror.archive.memory import all_captures
from newsmirror.archive.middleware import to_exchange
from newsmirror.archive.reader import ArchiveReader, Page, entries, pages, read_info
from newsmirror.archive.writer import ArchiveWriter, Exchange
from newsmirror.items import ArchiveRef, Discovery
from newsmirror.normalise.urls import identity
from newsmirror.places import PlaceError, find_places

RUN = "hezhou-20250108T090000Z-abc123"
AT = datetime(2025, 1, 8, 9, 0, tzinfo=UTC)
URL = "http://kz.hezhou.example/gn/1.html"
GBK = "<html><p>河洲镇的早市，䶮字辈的老人还记得。</p></html>".encode("gb18030")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=gbk\r\nX-Two: 1\r\nX-Two: 2\r\n\r\n"
FOUND = Discovery("related", "http://kz.hezhou.example/gn/2.html", 3)


def exchange(url: str = URL, payload: bytes = GBK, head: bytes = HEAD, **changed: Any) -> Exchange:
    request = f"GET {url} HTTP/1.1\r\nHost: kz.hezhou.example\r\n\r\n".encode()
    fields = {"ip_address": "192.0.2.7", "about": about.to_fields(FOUND), **changed}
    return Exchange(url=url, at=AT, request=request, head=head, payload=payload, **fields)


def writer(folder: Path) -> ArchiveWriter:
    return ArchiveWriter(folder, RUN, {"software": "newsmirror", "isPartOf": "hezhou", "spider": "anysite"})


class Told:
    """What a file that closes tells the ledger."""

    def __init__(self) -> None:
        self.files: list[ArchiveFile] = []
        self.captures: dict[str, Capture] = {}

    def __call__(self, file: ArchiveFile, captures: dict[str, Capture]) -> None:
        self.files.append(file)
        self.captures |= captures


def close(file: io.FileIO | None) -> Told:
    """Close a file that the writer has left."""
    assert file is not None
    told = Told()
    close_file(file, told)
    return told


def close_what_is_left(path: Path) -> Told:
    """Close a file that a process left when it died."""
    told = Told()
    close_left_file(path, told)
    return told


def check(path: Path) -> str:
    """Return what warcio's own check of a file says: nothing where all is well."""
    checker = Checker(type("Command", (), {"inputs": [str(path)], "verbose": False})())
    said = io.StringIO()
    stdout, sys.stdout = sys.stdout, said
    try:
        checker.process_all()
    finally:
        sys.stdout = stdout
    return said.getvalue()


def blocks(path: Path) -> list[tuple[str, dict[str, str], bytes]]:
    """Every record of a file as another reader finds it: its type, headers and block."""
    with path.open("rb") as file:
        return [
            (record.rec_type, dict(record.rec_headers.headers), record.raw_stream.read())
            for record in ArchiveIterator(file, no_record_parse=True)
        ]


# --- what is written


def test_a_page_is_four_records_to_the_bit(tmp_path: Path) -> None:
    archive = writer(tmp_path)
    ref = archive.keep(exchange(), None)
    told = close(archive.turn())
    [path] = closed_files(tmp_path)
    assert (path.name, ref.file) == (f"{RUN}-00001.warc.gz",) * 2
    assert check(path) == ""
    info, request, metadata, response = blocks(path)
    assert [kind for kind, *_ in (info, request, metadata, response)] == [
        "warcinfo", "request", "metadata", "response",
    ]  # fmt: skip
    assert info[2].decode().split("\r\n") == [
        "software: newsmirror",
        "isPartOf: hezhou",
        "spider: anysite",
        "format: WARC File Format 1.1",
        "conformsTo: https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "",
    ]
    assert request[2] == exchange().request
    assert metadata[2] == (
        b"via: http://kz.hezhou.example/gn/2.html\r\ndiscovery: related\r\nposition: 3\r\n"
    )
    assert response[2] == HEAD + GBK
    headers = response[1]
    assert headers["WARC-Record-ID"] == ref.record_id
    assert {other[1]["WARC-Concurrent-To"] for other in (request, metadata)} == {ref.record_id}
    assert headers["WARC-Target-URI"] == URL
    assert headers["WARC-Date"] == "2025-01-08T09:00:00Z"
    assert headers["WARC-IP-Address"] == "192.0.2.7"
    assert headers["WARC-Payload-Digest"] == exchange().payload_digest
    assert path.read_bytes()[:2] == b"\x1f\x8b"
    assert gzip.decompress(path.read_bytes()).startswith(b"WARC/1.1\r\n")
    assert told.files == [
        ArchiveFile(path.name, 4, path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest())
    ]
    assert told.captures == {
        identity(URL): Capture(
            URL, "2025-01-08T09:00:00Z", exchange().payload_digest, path.name, ref.record_id
        )
    }


def test_the_same_payload_is_a_revisit_of_the_record_that_holds_it(tmp_path: Path) -> None:
    first = writer(tmp_path)
    ref = first.keep(exchange(), None)
    [known] = close(first.turn()).captures.values()
    later = ArchiveWriter(tmp_path, "hezhou-20250109T090000Z-abc123", {})
    again = replace(
        exchange(), at=datetime(2025, 1, 9, 9, 0, tzinfo=UTC), head=HEAD.replace(b"X-Two", b"X-Too")
    )
    assert later.keep(again, known) == ref
    other = later.keep(replace(again, payload=GBK + b"\n"), known)
    assert other.file.startswith("hezhou-20250109")
    told = close(later.turn())
    path = closed_files(tmp_path)[1]
    assert check(path) == ""
    revisit, response = (block for block in blocks(path) if block[0] in ("revisit", "response"))
    headers = revisit[1]
    assert headers["WARC-Profile"] == "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
    assert headers["WARC-Refers-To"] == ref.record_id
    assert headers["WARC-Refers-To-Target-URI"] == URL
    assert headers["WARC-Refers-To-Date"] == "2025-01-08T09:00:00Z"
    assert headers["WARC-Payload-Digest"] == known.payload_digest
    assert revisit[2] == again.head
    assert response[2] == again.head + GBK + b"\n"
    # What later runs are to compare with is what has bytes of its own.
    assert [capture.record_id for capture in told.captures.values()] == [other.record_id]


def test_what_a_browser_made_is_a_conversion_and_is_what_is_read(tmp_path: Path) -> None:
    archive = writer(tmp_path)
    shell = archive.keep(exchange(payload=b"<script src=a.js></script>"), None)
    html = "<p>浏览器里才看得见的一段</p>".encode()
    ref = archive.keep_rendered(exchange(payload=html), shell)
    close(archive.turn())
    [path] = closed_files(tmp_path)
    assert check(path) == ""
    [conversion] = [block for block in blocks(path) if block[0] == "conversion"]
    assert conversion[1]["WARC-Refers-To"] == shell.record_id
    assert conversion[1]["Content-Type"] == "text/html; charset=utf-8"
    assert conversion[2] == html
    reader = ArchiveReader(tmp_path)
    assert reader.rendered(shell) == ref
    assert reader.rendered(ref) == ref
    page = reader.read(ref)
    assert (page.body, page.status, page.content_type) == (html, None, "text/html; charset=utf-8")
    assert (page.conversion_of, about.from_fields(page.about)) == (shell.record_id, FOUND)


def test_secrets_are_not_kept() -> None:
    headers = {"Authorization": "Basic c2VjcmV0", "Cookie": "id=secret", "Proxy-Authorization": "secret"}
    request = Request("http://kz.hezhou.example:8080?a=1", headers={**headers, "Referer": URL})
    response = HtmlResponse(request.url, status=404, headers={"Server": "a"}, body=b"x", protocol="HTTP/1.0")
    made = to_exchange(request, response, AT)
    assert made.request == (
        b"GET /?a=1 HTTP/1.1\r\nReferer: http://kz.hezhou.example/gn/1.html\r\n"
        b"Host: kz.hezhou.example:8080\r\n\r\n"
    )
    assert made.head == b"HTTP/1.0 404 Not Found\r\nServer: a\r\n\r\n"
    assert (made.about, made.ip_address) == ({}, None)


@given(
    st.builds(
        Discovery,
        st.sampled_from(["start", "listing", "related", "more"]),
        st.none() | st.just("http://kz.hezhou.example/gn/?a=1&b=%E6%B2%B3"),
        st.none() | st.integers(1, 10**6),
    )
)
def test_how_a_page_was_found_comes_back(discovery: Discovery) -> None:
    assert about.from_fields(about.to_fields(discovery)) == discovery


# --- what is read out of it


def test_pages_come_back_to_the_bit_in_order_and_by_record(tmp_path: Path) -> None:
    archive = writer(tmp_path)
    kept = [
        (archive.keep(exchange(f"{URL}?n={number}", payload), None), payload)
        for number, payload in enumerate(
            [GBK, b"", "北京".encode("big5"), bytes(range(256)) * 9, b"\r\n\r\nHTTP/1.1"]
        )
    ]
    open_path = archive.path
    expected = [
        Page(
            ref, f"{URL}?n={number}", AT, 200, "text/html; charset=gbk", payload, about.to_fields(FOUND), None
        )
        for number, (ref, payload) in enumerate(kept)
    ]
    assert list(pages(open_path)) == expected
    assert [ArchiveReader(tmp_path).read(ref) for ref, _ in reversed(kept)] == expected[::-1]
    close(archive.turn())
    [path] = closed_files(tmp_path)
    assert list(pages(path)) == expected
    assert [ArchiveReader(tmp_path).read(ref) for ref, _ in reversed(kept)] == expected[::-1]
    assert read_info(path)["isPartOf"] == "hezhou"


def test_a_packed_page_comes_back_unpacked(tmp_path: Path) -> None:
    archive = writer(tmp_path)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: text/html\r\n\r\n"
    ref = archive.keep(exchange(payload=gzip.compress(GBK), head=head), None)
    close(archive.turn())
    page = ArchiveReader(tmp_path).read(ref)
    assert (page.body, page.content_type) == (GBK, "text/html")


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    archive = writer(tmp_path)
    ref = archive.keep(exchange(), None)
    close(archive.turn())
    reader = ArchiveReader(tmp_path)
    with pytest.raises(ArchiveError, match=f"{ref.file}: no record <urn:x>; restore the file from a backup"):
        reader.read(ArchiveRef(ref.file, "<urn:x>"))
    with pytest.raises(ArchiveError, match=r"gone\.warc\.gz: not there; put it back to have its pages"):
        reader.read(ArchiveRef("gone.warc.gz", ref.record_id))


@pytest.mark.parametrize("key", ["offset", "metadata"])
def test_no_page_is_taken_for_another(tmp_path: Path, key: str) -> None:
    """Where an index is of what the file was before."""
    archive = writer(tmp_path)
    ref = archive.keep(exchange(), None)
    archive.keep(exchange(URL + "?n=2"), None)
    close(archive.turn())
    path = tmp_path / ref.file
    one, two = (entry[key] for entry in entries(path))
    index = index_of(path)
    index.write_text(index.read_text("utf-8").replace(f'"{key}": "{one}"', f'"{key}": "{two}"'), "utf-8")
    with pytest.raises(ArchiveError) as told:
        ArchiveReader(tmp_path).read(ref)
    assert str(told.value) == (
        f"{path}: another record is where its index says; put the file there again from a backup, or move it "
        "away"
    )


def test_a_page_is_read_while_its_file_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = writer(tmp_path)
    ref = archive.keep(exchange(), None)

    def find_and_close(folder: Path, name: str) -> Path:
        monkeypatch.undo()
        found = find_file(folder, name)
        close(archive.turn())
        return found

    monkeypatch.setattr("newsmirror.archive.reader.find_file", find_and_close)
    assert ArchiveReader(tmp_path).read(ref).body == GBK


def test_a_file_that_was_closed_is_read_by_the_name_that_it_had(tmp_path: Path) -> None:
    archive = writer(tmp_path)
    archive.keep(exchange(), None)
    path = archive.path

    def read() -> list[object]:
        return [read_info(path), list(pages(path)), list(entries(path))]

    before = read()
    [closed] = [tmp_path / file.file for file in close(archive.turn()).files]
    index_of(closed).unlink()  # as if it was looked for before it was there
    assert read() == before
    closed.unlink()
    with pytest.raises(ArchiveError, match=rf"{path}: No such file or directory; put the file there again"):
        read_info(path)


def test_what_was_told_of_a_file_is_learned_again_from_its_index(tmp_path: Path) -> None:
    archive = writer(tmp_path)
    other = f"{URL}?n=2"
    first = archive.keep(exchange(), None)
    archive.keep(exchange(other, head=HEAD.replace(b"200 OK", b"404 Not Found")), None)
    archive.keep_rendered(exchange(), first)
    told = [close(archive.turn())]
    archive.keep(exchange(other, b"old"), None)
    archive.keep(exchange(other, b"new"), None)  # in the same second
    archive.keep(exchange(), told[0].captures[identity(URL)])
    told.append(close(archive.turn()))
    archive.keep(exchange(other, b"of a run that goes on"), None)
    still_open = archive.turn()
    assert still_open is not None
    still_open.close()
    assert [set(each.captures) for each in told] == [{identity(URL)}, {identity(other)}]
    assert list(all_captures(tmp_path)) == [each.captures for each in told]
    one, two = closed_files(tmp_path)
    index_of(one).unlink()
    assert list(all_captures(tmp_path)) == [each.captures for each in told]
    for damage in (
        b"no index\n",
        b"com,example)/ 20250108090000 {}\n",
        b"com,example)/ gestern {\n",
        index_of(two).read_bytes().replace(b" 2025", b" 20x5"),
        b"\xff",
    ):
        index_of(two).write_bytes(damage)
        with pytest.raises(ArchiveError) as error:
            list(all_captures(tmp_path))
        assert str(error.value).startswith(f"{index_of(two)}: cannot be read: ")


def test_an_archive_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert list(all_captures(tmp_path / "nothing")) == []


def test_the_index_is_what_other_tools_read(tmp_path: Path) -> None:
    archive = writer(tmp_path)
    refs = [
        archive.keep(exchange(url, payload), None)
        for url, payload in ((URL, GBK), ("http://a.example/", b"1"))
    ]
    close(archive.turn())
    [path] = closed_files(tmp_path)
    lines = index_of(path).read_text("utf-8").splitlines()
    assert [line.split(" ")[:2] for line in lines] == [
        ["example,a)/", "20250108090000"],
        ["example,hezhou,kz)/gn/1.html", "20250108090000"],
    ]
    found = {entry["record_id"]: entry for entry in entries(path)}
    for ref, url, payload in zip(refs, (URL, "http://a.example/"), (GBK, b"1"), strict=True):
        entry = found[ref.record_id]
        offset, length = int(entry["offset"]), int(entry["length"])
        member = gzip.decompress(path.read_bytes()[offset : offset + length])
        assert member.endswith(HEAD + payload + b"\r\n\r\n")
        assert (entry["url"], entry["status"], entry["mime"]) == (url, "200", "text/html")
        assert entry["filename"] == path.name
        assert entry["digest"] == exchange(url, payload).payload_digest


# --- what is left of it


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[int]]:
    """An open file with three pages, and where its records end."""
    archive = writer(tmp_path_factory.mktemp("whole"))
    for number in range(3):
        archive.keep(exchange(f"{URL}?n={number}", GBK * number), None)
    file = archive.turn()
    assert file is not None
    file.close()
    path = archive.path
    data = path.read_bytes()
    with path.open("rb") as file:
        iterator = ArchiveIterator(file)
        ends = [
            iterator.get_record_offset() + iterator.get_record_length()
            for _ in iterator
            if not iterator.read_to_end()
        ]
    assert ends[-1] == len(data)
    return data, ends


def left(folder: Path, data: bytes) -> Path:
    path = folder / f"{RUN}-00001.warc.gz.open"
    path.write_bytes(data)
    return path


def test_cut_anywhere_the_whole_records_stay(whole: tuple[bytes, list[int]], tmp_path: Path) -> None:
    data, ends = whole
    near = {end + step for end in [0, *ends] for step in (-1, 0, 1)}
    for cut in sorted(near & set(range(len(data) + 1)) | set(range(0, len(data), 61))):
        told = close_what_is_left(left(tmp_path, data[:cut]))
        kept = max((end for end in ends if end <= cut), default=0)
        closed = closed_files(tmp_path)
        assert open_files(tmp_path) == []
        if kept <= ends[0]:  # not even a request was whole
            assert (closed, told.files, list(tmp_path.iterdir())) == ([], [], [])
            continue
        [path] = closed
        assert path.read_bytes() == data[:kept]
        assert [file.records for file in told.files] == [ends.index(kept) + 1]
        path.unlink()
        index_of(path).unlink()


@pytest.mark.parametrize("tail", [b"\0" * 512, b"\x1f\x8b\x08\0garbage", GBK], ids=["zeros", "half", "text"])
def test_what_is_no_record_is_cut_off(whole: tuple[bytes, list[int]], tmp_path: Path, tail: bytes) -> None:
    close_what_is_left(left(tmp_path, whole[0] + tail))
    [path] = closed_files(tmp_path)
    assert path.read_bytes() == whole[0]
    assert check(path) == ""


def test_a_file_is_told_again_until_it_has_its_name(whole: tuple[bytes, list[int]], tmp_path: Path) -> None:
    def fail(file: ArchiveFile, captures: dict[str, Capture]) -> None:
        raise RuntimeError("the ledger is gone")

    path = left(tmp_path, whole[0])
    with pytest.raises(RuntimeError, match="the ledger is gone"):
        close_left_file(path, fail)
    assert open_files(tmp_path) == [path]
    told = close_what_is_left(path)
    assert [file.bytes for file in told.files] == [len(whole[0])]
    assert run_of(path.name) == RUN == run_of(told.files[0].file)


def test_a_file_that_is_written_is_left_alone(tmp_path: Path) -> None:
    """Whatever a ledger says: another house may share the folder."""
    archive = writer(tmp_path)
    archive.keep(exchange(), None)
    told = close_what_is_left(archive.path)
    assert (told.files, open_files(tmp_path)) == ([], [archive.path])
    archive.keep(exchange(URL + "?n=2"), None)
    file = archive.turn()
    assert close_what_is_left(archive.path).files == []  # it is being closed
    assert [each.records for each in close(file).files] == [7]
    assert close_what_is_left(archive.path).files == []  # it is closed


def before_the_lock(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let something happen between the opening of a file and its lock, once."""
    lock, waiting = fcntl.flock, [act]

    def flock(file: Any, operation: int) -> None:
        if waiting:
            waiting.pop()()
        lock(file, operation)

    monkeypatch.setattr(fcntl, "flock", flock)


def test_a_new_file_that_is_taken_for_a_dead_runs_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = writer(tmp_path)
    before_the_lock(monkeypatch, lambda: close_what_is_left(archive.path))
    ref = archive.keep(exchange(), None)
    assert open_files(tmp_path) == [archive.path]
    told = close(archive.turn())
    assert [path.name for path in closed_files(tmp_path)] == [file.file for file in told.files] == [ref.file]
    assert ArchiveReader(tmp_path).read(ref).body == GBK


def test_a_file_that_its_owner_closes_meanwhile_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = writer(tmp_path)
    ref = archive.keep(exchange(), None)
    owners: list[Told] = []
    before_the_lock(monkeypatch, lambda: owners.append(close(archive.turn())))
    assert close_what_is_left(archive.path).files == []
    assert [file.file for told in owners for file in told.files] == [ref.file]
    assert sorted(tmp_path.iterdir()) == [index_of(tmp_path / ref.file), tmp_path / ref.file]


def test_a_lost_index_is_done_without_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    archive = writer(tmp_path)
    ref = archive.keep(exchange(), None)
    shown = archive.keep_rendered(exchange(payload=b"<p>1"), ref)
    close(archive.turn())
    [path] = closed_files(tmp_path)
    index = index_of(path)
    whole = index.read_bytes()
    expected = ArchiveReader(tmp_path).read(ref), sorted(entry["record_id"] for entry in entries(path))
    index.unlink()
    assert (
        ArchiveReader(tmp_path).read(ref),
        sorted(entry["record_id"] for entry in entries(path)),
    ) == expected
    assert ArchiveReader(tmp_path).rendered(ref) == shown
    make_index(path)
    assert index.read_bytes() == whole
    index.write_bytes(whole[:-100])
    with pytest.raises(ArchiveError, match=f"{index}: cannot be read: .*; remove it, and it is made anew"):
        ArchiveReader(tmp_path).read(ref)


def test_what_is_no_archive_is_named(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.warc.gz"
    foreign.write_text("garbage")
    said = f"{foreign}: Invalid WARC header; put the file there again from a backup, or move it away"
    for read in (read_info, make_index, lambda path: list(pages(path)), lambda path: list(entries(path))):
        with pytest.raises(ArchiveError) as told:
            read(foreign)
        assert str(told.value) == said


def somebody_elses(path: Path, **headers: str | None) -> list[str]:
    """Write a file of pages as other programs do, and return their ids; the second page has other headers."""
    ids = [f"<urn:uuid:00000000-0000-4000-8000-{number:012}>" for number in range(3)]
    data = b""
    for id_, changed in zip(ids, ({}, headers, {}), strict=True):
        named = {
            "WARC-Type": "response",
            "WARC-Record-ID": id_,
            "WARC-Date": "2025-01-08T09:00:00Z",
            "WARC-Target-URI": f"http://a.example/{id_[-2]}.html",
            "WARC-Payload-Digest": "sha1:3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ",
            "Content-Type": "application/http; msgtype=response",
            "Content-Length": str(len(HEAD)),
            **changed,
        }
        lines = [f"{name}: {value}" for name, value in named.items() if value is not None]
        data += gzip.compress("\r\n".join(["WARC/1.0", *lines, "", ""]).encode() + HEAD + b"\r\n\r\n")
    path.write_bytes(data)
    return ids


@pytest.mark.parametrize(
    ("headers", "listed", "known"),
    [
        ({"WARC-Target-URI": "<http://a.example/>"}, [0, 1, 2], [0, 2]),
        ({"WARC-Target-URI": "dns:a.example"}, [0, 1, 2], [0, 2]),
        ({"WARC-Target-URI": "http://a.example:99999/"}, [0, 1, 2], [0, 2]),
        ({"WARC-Target-URI": None}, [0, 2], [0, 2]),
        ({"WARC-Payload-Digest": None}, [0, 1, 2], [0, 1, 2]),
        ({"WARC-Date": "2025-01-08T09:00:00.123456Z"}, [0, 1, 2], [0, 1, 2]),
        ({"WARC-Type": "conversion", "Content-Type": "text/plain"}, [0, 1, 2], [0, 2]),
        ({"WARC-Type": "metadata", "Content-Type": "application/warc-fields"}, [0, 2], [0, 2]),
    ],
    ids=["brackets", "dns", "port", "no-address", "no-digest", "fractions", "conversion", "metadata"],
)
def test_what_others_write_is_indexed_as_far_as_it_goes(
    tmp_path: Path, headers: dict[str, str | None], listed: list[int], known: list[int]
) -> None:
    path = tmp_path / "foreign.warc.gz"
    ids = somebody_elses(path, **headers)
    read_through = sorted(entry["record_id"] for entry in entries(path))
    make_index(path)
    assert sorted(entry["record_id"] for entry in entries(path)) == [ids[number] for number in listed]
    assert read_through == [ids[number] for number in listed]
    [captures] = all_captures(tmp_path)
    assert [capture.record_id for capture in captures.values()] == [ids[number] for number in known]


@pytest.mark.parametrize(
    ("date", "why"),
    [(None, "without WARC-Date"), ("2025-01", "with WARC-Date: 2025-01")],
    ids=["none", "month"],
)
def test_what_others_write_and_cannot_be_indexed_is_named(tmp_path: Path, date: str | None, why: str) -> None:
    path = tmp_path / "foreign.warc.gz"
    somebody_elses(path, **{"WARC-Date": date})
    said = f"{path}: a record {why}; put the file there again from a backup, or move it away"
    for read in (make_index, lambda path: list(entries(path))):
        with pytest.raises(ArchiveError) as told:
            read(path)
        assert str(told.value) == said


FULL = """
import resource, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from test_archive import writer, exchange, URL
from newsmirror.archive.errors import ArchiveError
archive = writer(Path(sys.argv[1]))
archive.keep(exchange(), None)
size = archive.path.stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 700, resource.RLIM_INFINITY))
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    archive.keep(exchange(URL + "?n=2"), None)
except ArchiveError as error:
    print(error)
print(archive.path.stat().st_size == size)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(archive.keep(exchange(URL + "?n=3"), None).file)
"""


def test_a_full_disk_leaves_whole_records(tmp_path: Path) -> None:
    run = [sys.executable, "-c", FULL, str(tmp_path / "archive"), str(Path(__file__).parent)]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    told, is_whole, name = done.stdout.splitlines()
    assert told == (
        f"{tmp_path}/archive/{name}.open: File too large; free some space or let this user write there, "
        "or set NEWSMIRROR_ARCHIVE to another folder or to off, then run again; nothing is lost"
    )
    assert is_whole == "True"
    [path] = open_files(tmp_path / "archive")
    assert [page.url for page in pages(path)] == [URL, URL + "?n=3"]
    close_what_is_left(path)
    assert check(closed_files(tmp_path / "archive")[0]) == ""


class BadFile(io.FileIO):
    """A file on a disk that takes only the beginning of some writes, and cuts off nothing when it should."""

    # Which of the next calls fail.
    writes: ClassVar[list[bool]] = []
    cuts: ClassVar[list[bool]] = []
    opened: ClassVar[list[io.FileIO]] = []

    def write(self, data: Any, /) -> int:
        if self.writes and self.writes.pop(0):
            super().write(data[:10])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(data)

    def truncate(self, size: int | None = None, /) -> int:
        if self.cuts and self.cuts.pop(0):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return super().truncate(size)


@pytest.fixture
def bad_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[BadFile]]:
    """What becomes of the files that are begun."""
    open_file = Path.open

    def begin(path: Path, mode: str = "r", *given: Any, **named: Any) -> Any:
        if mode != "x+b":
            return open_file(path, mode, *given, **named)
        BadFile.opened.append(BadFile(str(path), mode))
        return BadFile.opened[-1]

    monkeypatch.setattr(Path, "open", begin)
    for name in ("writes", "cuts", "opened"):
        monkeypatch.setattr(BadFile, name, [])
    yield BadFile
    for file in BadFile.opened:
        file.close()


def test_a_file_that_has_not_its_first_record_is_none(tmp_path: Path, bad_disk: type[BadFile]) -> None:
    archive = writer(tmp_path)
    bad_disk.writes += [True]
    with pytest.raises(ArchiveError, match=r"-00001\.warc\.gz\.open: No space left on device; free some"):
        archive.keep(exchange(), None)
    assert list(tmp_path.iterdir()) == []
    archive.keep(exchange(), None)
    assert open_files(tmp_path) == [archive.path]
    assert read_info(archive.path)["spider"] == "anysite"
    assert [page.url for page in pages(archive.path)] == [URL]
    assert [file.records for file in close(archive.turn()).files] == [4]


def test_what_cannot_be_cut_off_is_before_the_next_record(tmp_path: Path, bad_disk: type[BadFile]) -> None:
    archive = writer(tmp_path)
    archive.keep(exchange(), None)
    bad_disk.writes += [True]
    bad_disk.cuts += [True, True, True]
    for said in ("No space left on device", "Input/output error"):
        with pytest.raises(ArchiveError, match=rf"-00001\.warc\.gz\.open: {said}; free some space"):
            archive.keep(exchange(URL + "?n=2"), None)
    archive.keep(exchange(URL + "?n=3"), None)
    close(archive.turn())
    [path] = closed_files(tmp_path)
    assert [page.url for page in pages(path)] == [URL, URL + "?n=3"]
    assert check(path) == ""


def test_what_cannot_be_cut_off_at_all_is_by_the_next_run(tmp_path: Path, bad_disk: type[BadFile]) -> None:
    archive = writer(tmp_path)
    archive.keep(exchange(), None)
    whole = archive.path.read_bytes()
    bad_disk.writes += [True]
    bad_disk.cuts += [True, True]
    with pytest.raises(ArchiveError, match="No space left on device"):
        archive.keep(exchange(URL + "?n=2"), None)
    with pytest.raises(ArchiveError, match="Input/output error"):
        archive.turn()
    [file] = bad_disk.opened
    file.close()  # as when its process ends
    assert [file.records for file in close_what_is_left(archive.path).files] == [4]
    assert [path.read_bytes() for path in closed_files(tmp_path)] == [whole]


# --- where it is


def test_the_folder_is_in_the_house_or_where_it_is_said(tmp_path: Path) -> None:
    def place(named: str) -> Path | None:
        return find_places(Settings({"NEWSMIRROR_DIR": str(tmp_path), "NEWSMIRROR_ARCHIVE": named})).archive

    assert (place(""), place("off"), place("/srv/warc")) == (tmp_path / "archive", None, Path("/srv/warc"))
    with pytest.raises(
        PlaceError, match="NEWSMIRROR_ARCHIVE='on' is neither off nor an absolute path: write off"
    ):
        place("on")
