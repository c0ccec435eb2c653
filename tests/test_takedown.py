"""What is left of an article that was taken down: its place in the feed, and nothing that was on its page."""

import gzip
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import archivemaker
import pytest
from fastwarc.warc import ArchiveIterator
from feedmaker import House, record
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, update

from newsmirror.archive.archive import close_left
from newsmirror.archive.closing import close_left_file
from newsmirror.archive.errors import ArchiveError
from newsmirror.archive.files import index_of
from newsmirror.archive.reader import ArchiveReader, entries
from newsmirror.archive.writer import ArchiveWriter
from newsmirror.commands import takedown as command
from newsmirror.feed import FeedError, as_of, read
from newsmirror.feed.manifest import Manifest, Rewrite, describe, read_manifest, read_manifests
from newsmirror.feed.parts import pack, unpack
from newsmirror.feed.reader import blocked, recover
from newsmirror.feed.storage import Storage
from newsmirror.feed.verify import Problem, verify
from newsmirror.items import ArchiveRef
from newsmirror.ledger.ledger import Ledger
from newsmirror.ledger.publication import Publication, RunParts
from newsmirror.ledger.rebuild import rebuild
from newsmirror.ledger.tables import runs
from newsmirror.ledger.takedowns import Block
from newsmirror.normalise.urls import identity
from newsmirror.places import Places
from newsmirror.schema import blank, deletion
from newsmirror.takedown import parts, warcs
from newsmirror.takedown.finish import Finished, finish_takedowns

FIRST = "articles/fetch_date=2025-01-08/r1-00001.jsonl.gz"
SECOND = "articles/fetch_date=2025-01-09/r1-00002.jsonl.gz"
REJECTS = "rejects/fetch_date=2025-01-08/r1-00003.jsonl.gz"
SECRET = "这一句只在被撤下的那一页上"
REASON = "权利人来信"
LATE = "2025-01-09"


def page(name: str) -> str:
    return f"http://kz.hezhou.example/{name}.html"


def id_of(name: str) -> str:
    return identity(page(name))


ORIGINAL, OTHER = identity("http://wb.hezhou.example/1"), identity("http://wb.hezhou.example/2")


def secret(
    name: str, run_id: str, text: str = "一", original: str | None = ORIGINAL, **more: Any
) -> dict[str, Any]:
    return record(name, run_id, text, title=SECRET, body_text=SECRET, original_id=original, **more)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.ledger.close()


@pytest.fixture
def full(house: House) -> House:
    return fill(house)


def fill(house: House) -> House:
    """An article of two revisions between others, and rejects that quote a page."""
    house.begin("r1")
    house.accept(record("a", "r1"), secret("b", "r1"), record("c", "r1"), secret("b", "r1", "二", day=LATE))
    house.ledger.reject("r1", "hezhou", page("b"), "invalid", f"title: {SECRET}", "2025-01-08T09:00:00Z")
    house.ledger.reject("r1", "hezhou", page("d"), "gone", "HTTP status 404", "2025-01-08T09:00:00Z")
    house.publish("r1")
    house.finish("r1")
    house.publish("r1")
    return house


def take_down(house: House, *ids: str, run_id: str = "t1", archive: Path | None = None) -> Finished:
    """What the command does."""
    house.ledger.take_down(ids, REASON, run_id, "hezhou")
    house.publish(run_id)
    return finish(house, archive)


def finish(house: House, archive: Path | None = None) -> Finished:
    return finish_takedowns(house.ledger, house.storage, archive, house.ledger.living_runs())


def lines(house: House, path: str) -> list[str]:
    return unpack(house.storage.read(f"v1/{path}"))


def manifest(house: House, run_id: str = "r1") -> Manifest:
    return read_manifest(house.storage, run_id)


def is_gone(folder: Path, text: str = SECRET) -> bool:
    """Tell whether a text is in no file of a folder, packed or not."""
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            for form in (text.encode(), json.dumps(text)[1:-1].encode()):
                if form in data or (path.suffix == ".gz" and form in gzip.decompress(data)):
                    return False
    return True


# ---- the parts --------------------------------------------------------------------------------------------


def test_an_article_is_blank_wherever_it_stood(full: House, tmp_path: Path) -> None:
    before = {path: (lines(full, path), full.storage.read(f"v1/{path}")) for path in (FIRST, SECOND, REJECTS)}
    old = manifest(full)
    assert not is_gone(tmp_path)
    assert take_down(full, id_of("b")) == Finished(parts=3, files=0, is_due=False)
    a, b, c = before[FIRST][0]
    assert lines(full, FIRST) == [
        a,
        json.dumps(blank(json.loads(b)), ensure_ascii=False, separators=(",", ":")),
        c,
    ]
    [b2] = before[SECOND][0]
    assert [json.loads(line) for line in lines(full, SECOND)] == [blank(json.loads(b2))]
    quoting, other = before[REJECTS][0]
    assert lines(full, REJECTS)[1] == other
    assert json.loads(lines(full, REJECTS)[0]) == {**json.loads(quoting), "detail": None}

    new = manifest(full)
    for path, (_, data) in before.items():
        [was] = [part for part in old.parts if part.path == path]
        [part] = [part for part in new.parts if part.path == path]
        [rewrite] = [each for each in new.rewrites if each.file == path]
        now = full.storage.read(f"v1/{path}")
        assert (part.bytes, part.sha256) == (len(now), sha256(now).hexdigest())
        assert (part.rows, part.first_seq, part.committed_at) == (was.rows, was.first_seq, was.committed_at)
        assert rewrite == Rewrite(
            path, "t1", rewrite.at, len(data), sha256(data).hexdigest(), part.bytes, part.sha256
        )
    assert len(new.rewrites) == 3
    told = manifest(full, "t1")
    assert [(each.id, each.reason) for each in told.takedowns] == [(id_of("b"), REASON)]
    assert (told.site, told.start, told.complete, told.counts) == ("hezhou", "takedown", True, {"deleted": 1})

    assert verify(full.uri) == []
    assert [(each["seq"], each["op"], each["revision"], each["body_text"]) for each in read(full.uri)] == [
        (1, "insert", 1, None), (2, "delete", 1, None), (3, "insert", 1, None), (4, "delete", 2, None),
        (5, "delete", 3, None),
    ]  # fmt: skip
    last = list(read(full.uri, since=4))
    assert last == [
        {
            **deletion(
                article_id=id_of("b"), revision=3, url=page("b"), site="hezhou", run_id="t1",
                first_seen_at="2025-01-08T09:00:00Z", fetched_at=last[0]["fetched_at"],
            ),
            "seq": 5,
        }
    ]  # fmt: skip
    assert is_gone(tmp_path)


@pytest.fixture
def careless() -> Iterator[None]:
    """An SQLite that leaves in its file what was deleted: most systems build it so, Debian does not."""

    def configure(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA secure_delete=OFF")

    event.listen(Engine, "connect", configure)
    yield
    event.remove(Engine, "connect", configure)


@pytest.mark.usefixtures("careless")
def test_nothing_is_left_in_the_file_of_the_ledger(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.begin("r1")
    for number in range(20):  # more than is written over by what follows
        house.accept(secret("b", "r1", str(number), authors=[SECRET * 500]))
    house.publish("r1")
    house.finish("r1")
    house.publish("r1")
    house.ledger.close()  # which empties the log
    assert SECRET.encode() in (tmp_path / "ledger.db").read_bytes()
    house = House(tmp_path)
    take_down(house, id_of("b"))
    assert is_gone(tmp_path)
    house.ledger.close()


def test_the_ledger_writes_the_same_manifest_again(full: House) -> None:
    take_down(full, id_of("b"))
    said = full.storage.read("v1/manifests/r1.json")
    [run] = [each for each in all_runs(full.ledger) if each.run.run_id == "r1"]
    assert describe(run) == manifest(full)
    assert full.storage.read("v1/manifests/r1.json") == said


def all_runs(ledger: Ledger) -> list[RunParts]:
    """What the ledger would write into the manifests of all runs."""
    with ledger._writing(ledger._quick) as connection:
        connection.execute(update(runs).values(manifest_due=True))
    with ledger.publishing() as publication:
        return publication.manifests()


def test_done_again_nothing_changes(full: House) -> None:
    take_down(full, id_of("b"))
    before = {path: full.storage.read(path) for path in full.storage.list("v1")}
    assert finish(full) == Finished(0, 0, is_due=False)
    assert take_down(full, id_of("b"), run_id="t2") == Finished(0, 0, is_due=False)
    after = {path: full.storage.read(path) for path in full.storage.list("v1")}
    assert {path for path in after if after[path] != before.get(path)} == {
        "v1/manifests/t2.json",
        "v1/index.json",
    }
    assert (manifest(full, "t2").counts, verify(full.uri)) == ({"deleted": 0}, [])


def test_an_original_takes_all_its_mirrors_with_it(full: House, tmp_path: Path) -> None:
    full.begin("r2", "linzhou")
    full.accept(
        secret("e", "r2", site="linzhou"),
        secret("e", "r2", "二", original=OTHER, site="linzhou"),  # it stood under the original only before
        secret("f", "r2", site="linzhou"),
        record("g", "r2", site="linzhou", original_id=OTHER),
    )
    full.publish("r2")
    full.finish("r2")
    full.publish("r2")
    assert take_down(full, ORIGINAL) == Finished(parts=4, files=0, is_due=False)
    assert verify(full.uri) == []
    assert is_gone(tmp_path)
    last = {each["article_id"]: each["op"] for each in read(full.uri)}
    assert last == {
        id_of("a"): "insert", id_of("b"): "delete", id_of("c"): "insert", id_of("e"): "delete",
        id_of("f"): "delete", id_of("g"): "insert",
    }  # fmt: skip
    assert {each.id for each in full.ledger.blocked()} == {ORIGINAL, id_of("b"), id_of("e"), id_of("f")}
    assert full.ledger.due_takedowns() == {}


def test_what_comes_of_an_article_while_it_is_found_by_its_old_original_is_gone_too(
    full: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full.begin("r2")
    full.accept(secret("b", "r2", "三", original=OTHER))
    full.publish("r2")
    full.ledger.take_down([ORIGINAL], REASON, "t1", "hezhou")
    full.publish("t1")
    search = parts.search

    def accept_then(*given: Any) -> Any:
        found = search(*given)
        if full.ledger.accept(secret("b", "r2", "四", original=OTHER)).kind == "revise":
            full.ledger.assign("r2", 10)
        return found

    monkeypatch.setattr(parts, "search", accept_then)
    assert finish(full).is_due is False
    assert verify(full.uri) == []
    assert [each["op"] for each in read(full.uri) if each["article_id"] == id_of("b")] == ["delete"] * 5
    assert is_gone(tmp_path)


def test_what_waits_of_another_site_goes_before_its_delete(full: House) -> None:
    full.begin("r2", "linzhou")
    full.accept(secret("e", "r2", site="linzhou"), record("g", "r2", site="linzhou"))
    take_down(full, ORIGINAL)
    full.finish("r2")
    full.publish("r2")
    finish(full)
    assert verify(full.uri) == []
    assert [(each["seq"], each["op"], each["revision"]) for each in read(full.uri, since=4)] == [
        (5, "delete", 1), (6, "insert", 1), (7, "delete", 3), (8, "delete", 2),
    ]  # fmt: skip
    assert [each["article_id"] for each in read(full.uri, since=4)] == list(map(id_of, "egbe"))


def same_command(house: House) -> None:
    # Its article has no content any more, so it finds nothing, and is of no site.
    assert house.ledger.take_down([ORIGINAL], REASON, "t2", "takedown") == []
    house.publish("t2", max_rows=1)


def run_of_one_of_its_sites(house: House) -> None:
    house.begin("r3", "hezhou")
    house.publish("r3", max_rows=1)


def run_of_another_site(house: House) -> None:
    house.begin("r3", "luzhou")
    house.publish("r3", max_rows=1)


@pytest.mark.parametrize("go_on", [same_command, run_of_one_of_its_sites, run_of_another_site])
def test_deletes_that_were_left_waiting_are_published_by_whoever_is_next(
    full: House, go_on: Callable[[House], None]
) -> None:
    full.begin("r2", "linzhou")
    full.accept(secret("e", "r2", site="linzhou"), record("g", "r2", site="linzhou"))
    assert len(full.ledger.take_down([ORIGINAL], REASON, "t1", "hezhou")) == 2
    go_on(full)
    finish(full)
    assert verify(full.uri) == []
    assert [
        (each["seq"], each["article_id"], each["op"], each["revision"]) for each in read(full.uri, since=4)
    ] == [
        (5, id_of("e"), "delete", 1), (6, id_of("g"), "insert", 1), (7, id_of("b"), "delete", 3),
        (8, id_of("e"), "delete", 2),
    ]  # fmt: skip


def test_what_waits_is_published_blank(house: House, tmp_path: Path) -> None:
    house.begin("r1")
    house.accept(record("a", "r1"), secret("b", "r1"), secret("b", "r1", "二", original=OTHER))
    house.ledger.reject("r1", "hezhou", page("b"), "invalid", SECRET, "2025-01-08T09:00:00Z")
    house.ledger.assign("r1", 2)
    take_down(house, ORIGINAL)
    house.ledger.reject("r1", "hezhou", page("b"), "invalid", SECRET, "2025-01-08T09:00:00Z")
    house.publish("r1")
    assert verify(house.uri) == []
    assert [(each["op"], each["revision"]) for each in read(house.uri)] == [
        ("insert", 1), ("delete", 1), ("delete", 2), ("delete", 3),
    ]  # fmt: skip
    house.finish("r1")
    house.publish("r1")
    finish(house)
    assert is_gone(tmp_path)


def test_an_unknown_address_is_blocked(full: House) -> None:
    full.begin("r2")
    take_down(full, ORIGINAL, id_of("new"))
    assert full.ledger.accept(record("new", "r2")).kind == "taken_down"
    # A new address of the original, which was fetched before anybody could know.
    assert full.ledger.accept(secret("newer", "r2")).kind == "taken_down"
    assert list(full.ledger.due_takedowns()) == [id_of("newer")]
    full.publish("r2")
    assert [each["op"] for each in read(full.uri) if each["run_id"] == "r2"] == []


def test_a_known_article_that_comes_under_a_blocked_original_is_removed_too(full: House) -> None:
    take_down(full, OTHER)
    full.begin("r2")
    assert full.ledger.accept(record("a", "r2", "二", original_id=OTHER)).kind == "taken_down"
    full.finish("r2")
    full.publish("r2")
    assert finish(full) == Finished(1, 0, is_due=False)
    assert verify(full.uri) == []
    assert [each["op"] for each in read(full.uri) if each["article_id"] == id_of("a")] == ["delete", "delete"]


def test_a_damaged_part_is_told(full: House) -> None:
    full.storage.write(f"v1/{FIRST}", b"no gzip")
    with pytest.raises(FeedError, match=f"{FIRST}: cannot be unpacked: .*; restore it from a backup"):
        take_down(full, id_of("b"))
    assert list(full.ledger.due_takedowns()) == [id_of("b")]


# ---- readers ----------------------------------------------------------------------------------------------


def test_a_reader_that_began_before_goes_on(full: House) -> None:
    records = read(full.uri)
    assert [each["seq"] for each in islice(records, 1)] == [1]
    later = read(full.uri, since=3)
    take_down(full, id_of("b"))
    assert [(each["seq"], each["op"]) for each in later] == [(4, "delete")]
    assert [(each["seq"], each["op"]) for each in records] == [(2, "insert"), (3, "insert"), (4, "delete")]


class CrashError(Exception):
    pass


def test_a_part_that_readers_see_already_is_not_blanked_under_them(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its manifest and the index were written, but its publisher died before the ledger knew."""
    house.begin("r1")
    house.accept(record("a", "r1"), secret("b", "r1"))
    house.ledger.reject("r1", "hezhou", page("b"), "invalid", SECRET, "2025-01-08T09:00:00Z")
    with monkeypatch.context() as patch:
        patch.setattr(Publication, "settle", crash)
        with pytest.raises(CrashError):
            house.publish("r1")
    shown, before = list(read(house.uri)), {part.path: part.sha256 for part in manifest(house).parts}
    house.ledger.take_down([id_of("b")], REASON, "t1", "hezhou")
    with monkeypatch.context() as patch:
        patch.setattr(Publication, "manifests", crash)
        with pytest.raises(CrashError):
            house.publish("t1")
    assert list(read(house.uri)) == shown
    # It is gone from there also if nobody has published it again before.
    assert finish(house) == Finished(2, 0, is_due=False)
    assert {each.file: each.sha256_before for each in manifest(house).rewrites} == before
    house.publish("t1")
    assert [each["op"] for each in read(house.uri)] == ["insert", "delete", "delete"]
    assert (verify(house.uri), is_gone(tmp_path)) == ([], True)


def crash(*_: object) -> None:
    raise CrashError


def test_between_manifest_and_part_all_is_read_as_it_was(
    full: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = list(read(full.uri))
    full.ledger.take_down([id_of("b")], REASON, "t1", "hezhou")
    full.publish("t1")
    with monkeypatch.context() as patch:
        patch.setattr(Storage, "write", without_parts(Storage.write))
        with pytest.raises(CrashError):
            finish(full)
    assert list(read(full.uri))[:4] == shown
    assert verify(full.uri) == [
        Problem(
            f"v1/{FIRST}",
            "holds what was taken down, its manifest is ahead of it",
            "if no run is publishing now, the next one puts it right",
        )
    ]
    assert finish(full) == Finished(3, 0, is_due=False)
    assert (verify(full.uri), len(manifest(full).rewrites)) == ([], 3)


def without_parts(write: Callable[[Storage, str, bytes], None]) -> Callable[[Storage, str, bytes], None]:
    def limited(self: Storage, path: str, data: bytes) -> None:
        if path.endswith(".gz"):
            raise CrashError
        write(self, path, data)

    return limited


# ---- verify -----------------------------------------------------------------------------------------------


def edit(house: House, run_id: str, change: Callable[[dict[str, Any]], None]) -> None:
    path = f"v1/manifests/{run_id}.json"
    plain = json.loads(house.storage.read(path))
    change(plain)
    house.storage.write(path, json.dumps(plain).encode())


def edit_rows(house: House, path: str, change: Callable[[list[dict[str, Any]]], None]) -> None:
    """Change the rows of a part of the first run, and what its manifest says of them."""
    rows = [json.loads(line) for line in lines(house, path)]
    change(rows)
    data = pack(json.dumps(row) for row in rows)
    house.storage.write(f"v1/{path}", data)

    def told(plain: dict[str, Any]) -> None:
        for part in plain["parts"]:
            if part["path"] == path:
                part |= {"bytes": len(data), "sha256": sha256(data).hexdigest()}
        plain["rewrites"] = []

    edit(house, "r1", told)


REPORT = "keep the feed as it is and report it: newsmirror never writes this"
NEXT = "if no run is publishing now, the next one puts it right"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        # A blank first record, and what it was made blank for does not follow.
        (0, [Problem(f"v1/{FIRST}", f"seq 1: article {id_of('a')}: blank, and no delete follows", NEXT)]),
        (1, [Problem(f"v1/{SECOND}", f"seq 4: article {id_of('b')}: op revise at revision 2", REPORT)]),
    ],
)
def test_verify_wants_a_delete_after_a_blank_row(full: House, row: int, expected: list[Problem]) -> None:
    def blank_it(rows: list[dict[str, Any]]) -> None:
        rows[row] = blank(rows[row])

    edit_rows(full, FIRST, blank_it)
    assert verify(full.uri) == expected


def test_verify_wants_the_delete_of_a_takedown_after_the_last_blank_row(full: House) -> None:
    full.ledger.take_down([id_of("b")], REASON, "t1", "hezhou")
    finish(full)  # before its delete was published
    untold = f"seq 4: article {id_of('b')}: blank, and no delete follows"
    assert verify(full.uri) == [Problem(f"v1/{SECOND}", untold, NEXT)]
    full.publish("t1")
    assert verify(full.uri) == []


def test_verify_wants_no_content_in_a_delete(full: House) -> None:
    take_down(full, id_of("b"))
    edit_rows(full, FIRST, lambda rows: rows[1].update(title=SECRET))
    assert verify(full.uri)[0] == Problem(f"v1/{FIRST}", "line 2: title: null was expected", REPORT)


def test_verify_compares_rewrites_with_the_files(full: House) -> None:
    take_down(full, id_of("b"))
    digest = next(part.sha256 for part in manifest(full).parts if part.path == FIRST)

    def spoil(plain: dict[str, Any]) -> None:
        [first] = [each for each in plain["rewrites"] if each["file"] == FIRST]
        plain["rewrites"] += [{**first, "sha256_after": "0" * 64}, {**first, "file": "elsewhere"}]

    edit(full, "r1", spoil)
    where = "v1/manifests/r1.json"
    assert verify(full.uri) == [
        Problem(where, f"rewrites: {FIRST}: from other bytes than the last time", REPORT),
        Problem(where, f"rewrites: {FIRST}: sha256 {'0' * 64}, but the file's is {digest}", REPORT),
        Problem(where, "rewrites: elsewhere: no file of this run", REPORT),
    ]


def test_verify_compares_the_files_of_the_archive(full: House, tmp_path: Path) -> None:
    path = keep(full, tmp_path)
    [told] = manifest(full).archive
    assert verify(full.uri, path.parent) == []
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"x")
    found = sha256(path.read_bytes()).hexdigest()
    changed = Problem(
        str(path), f"sha256 {found}, its manifest says {told.sha256}", "restore it from a backup"
    )
    assert verify(full.uri, path.parent) == [changed]
    assert verify(full.uri) == []
    path.write_bytes(b"")
    assert [each.what for each in verify(full.uri, path.parent)] == [
        f"0 bytes, its manifest says {told.bytes}",
        f"sha256 {sha256(b'').hexdigest()}, its manifest says {told.sha256}",
    ]
    path.unlink()
    path.mkdir()
    unreadable = Problem(str(path), "cannot be read: Is a directory", "restore it from a backup")
    assert verify(full.uri, path.parent) == [unreadable]
    path.rmdir()  # it was moved away
    assert verify(full.uri, path.parent) == []
    path.write_bytes(whole)
    assert take_down(full, id_of("b"), archive=path.parent).files == 1
    assert verify(full.uri, path.parent) == []
    path.write_bytes(whole)
    ahead = Problem(str(path), "holds what was taken down, its manifest is ahead of it", NEXT)
    assert verify(full.uri, path.parent) == [ahead]


# ---- a new ledger -----------------------------------------------------------------------------------------


def test_a_new_ledger_knows_what_was_taken_down(full: House, tmp_path: Path) -> None:
    take_down(full, id_of("b"), id_of("unknown"))
    full.ledger.close()
    (tmp_path / "ledger.db").unlink()
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    rebuild(url, recover(full.uri), blocked(full.uri))
    full.ledger = Ledger.open(url)
    ids = sorted([id_of("b"), id_of("unknown")])
    assert full.ledger.blocked() == [Block(id_, REASON, "t1") for id_ in ids]
    assert list(full.ledger.due_takedowns()) == ids
    assert finish(full) == Finished(0, 0, is_due=False)
    full.begin("r2")
    assert full.ledger.accept(secret("b", "r2")).kind == "taken_down"


def test_a_rewriting_that_an_old_ledger_began_a_new_one_finishes(full: House, tmp_path: Path) -> None:
    full.ledger.take_down([id_of("b")], REASON, "t1", "hezhou")
    full.ledger.close()
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    # Its delete waited in the outbox, which is not in the feed; that it is blocked the old ledger knows.
    rebuild(url, recover(full.uri), blocked(full.uri))
    for left in tmp_path.glob("ledger.db.old*"):
        left.unlink()
    full.ledger = Ledger.open(url)
    assert full.ledger.blocked() == [Block(id_of("b"), REASON, "t1")]
    assert finish(full) == Finished(3, 0, is_due=False)
    assert [each["op"] for each in read(full.uri)][-1] == "delete"
    assert (verify(full.uri), is_gone(tmp_path)) == ([], True)
    [run] = [each for each in read_manifests(full.storage) if each.takedowns]
    assert [(each.id, each.reason) for each in run.takedowns] == [(id_of("b"), REASON)]


# ---- as of a date -----------------------------------------------------------------------------------------


def commit_at(house: House, run_id: str, *times: str | None) -> None:
    def told(plain: dict[str, Any]) -> None:
        for part, at in zip(plain["parts"], times, strict=True):
            part["committed_at"] = at

    edit(house, run_id, told)


@pytest.fixture
def dated(full: House) -> House:
    """Its parts were published on three days, and a second run's without a date, before there were any."""
    commit_at(full, "r1", "2025-01-08T09:30:00Z", "2025-01-09T09:30:00Z", "2025-01-09T09:30:00Z")
    full.begin("r2")
    full.accept(record("a", "r2", "三"), record("h", "r2"))
    full.publish("r2")
    full.ledger.finish_run("r2", "finished", True, {}, [], "2025-01-10T00:00:00Z")
    full.publish("r2")
    commit_at(full, "r2", None)
    return full


@pytest.mark.parametrize(
    ("at", "seqs"),
    [
        ("2025-01-08T09:29:59Z", []),
        ("2025-01-08T09:30:00Z", [1, 2, 3]),
        ("2025-01-08T17:30:00+08:00", [1, 2, 3]),
        ("2025-01-09T09:30:00Z", [1, 3, 4]),
        ("2025-01-09T23:59:59Z", [1, 3, 4]),
        ("2025-01-10T00:00:00Z", [3, 4, 5, 6]),
        ("2099-01-01T00:00:00Z", [3, 4, 5, 6]),
        # In UTC these are in no year that Python has.
        ("9999-12-31T23:59:59-14:00", [3, 4, 5, 6]),
        ("0001-01-01T00:00:00+08:00", []),
    ],
)
def test_as_of(dated: House, at: str, seqs: list[int]) -> None:
    all_records = {each["seq"]: each for each in read(dated.uri)}
    assert list(as_of(dated.uri, datetime.fromisoformat(at))) == [all_records[seq] for seq in seqs]


def test_what_was_taken_down_is_not_shown_as_of_before(dated: House) -> None:
    take_down(dated, id_of("b"))
    before = datetime(2025, 1, 9, 12, tzinfo=UTC)
    assert [each["seq"] for each in as_of(dated.uri, before)] == [1, 3]
    assert [each["seq"] for each in as_of(dated.uri, datetime.now(UTC))] == [3, 5, 6]


def test_as_of_wants_a_time_zone_and_a_feed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2025-01-08 00:00:00 has no time zone"):
        as_of(str(tmp_path), datetime(2025, 1, 8))
    with pytest.raises(FeedError, match="no feed is here"):
        as_of(str(tmp_path), datetime.now(UTC))


# ---- the archive ------------------------------------------------------------------------------------------


def keep(house: House, folder: Path, run_id: str = "r1") -> Path:
    pages = {page("a"): "<p>甲", page("b") + "#top": f"<p>{SECRET}", page("c"): "<p>丙"}
    path = archivemaker.write(house.ledger, folder / "archive", run_id, pages)
    house.publish(run_id)
    return path


def members(path: Path) -> dict[str, tuple[str | None, bytes]]:
    """The records of a file by their id: their address, and the bytes of their gzip member."""
    data = path.read_bytes()
    with path.open("rb") as file:
        found = [
            (record.stream_pos, record.headers["WARC-Record-ID"], record.headers.get("WARC-Target-URI"))
            for record in ArchiveIterator(file, parse_http=False)
        ]
    ends = [*(offset for offset, _, _ in found[1:]), len(data)]
    return {id_: (url, data[offset:end]) for (offset, id_, url), end in zip(found, ends, strict=True)}


def test_the_archive_loses_the_page_and_nothing_else(full: House, tmp_path: Path) -> None:
    path = keep(full, tmp_path)
    [was] = manifest(full).archive
    before = members(path)
    assert [url for url, _ in before.values()] == [
        None, *[page("a")] * 5, *[page("b") + "#top"] * 5, *[page("c")] * 5,
    ]  # fmt: skip
    assert take_down(full, id_of("b"), archive=path.parent) == Finished(parts=3, files=1, is_due=False)
    assert members(path) == {id_: kept for id_, kept in before.items() if kept[0] != page("b") + "#top"}
    check = subprocess.run(
        [sys.executable, "-m", "warcio.cli", "check", "-v", str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (check.returncode, check.stderr, check.stdout.count("digest pass")) == (0, "", 11)
    [now] = manifest(full).archive
    assert (now.file, now.records, now.bytes, now.sha256) == (
        path.name, 11, path.stat().st_size, sha256(path.read_bytes()).hexdigest(),
    )  # fmt: skip
    [rewrite] = [each for each in manifest(full).rewrites if each.file == path.name]
    assert rewrite == Rewrite(path.name, "t1", rewrite.at, was.bytes, was.sha256, now.bytes, now.sha256)
    assert [entry["url"] for entry in entries(path)] == [page("a")] * 2 + [page("c")] * 2
    reader = ArchiveReader(path.parent)
    for entry in entries(path):
        assert reader.read(ArchiveRef(path.name, entry["record_id"])).url == entry["url"]
    assert [full.ledger.captured(id_of(name)) is None for name in "abc"] == [False, True, False]
    assert sorted(each.name for each in path.parent.iterdir()) == [index_of(path).name, path.name]
    assert (verify(full.uri), is_gone(tmp_path)) == ([], True)
    [run] = [each for each in all_runs(full.ledger) if each.run.run_id == "r1"]
    assert describe(run) == manifest(full)


def test_a_reader_goes_on_while_its_file_is_written_again(
    full: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it knows the index already, or is just reading it."""
    path = keep(full, tmp_path)
    left = [ArchiveRef(path.name, entry["record_id"]) for entry in entries(path) if entry["url"] != page("a")]
    expected = list(map(ArchiveReader(path.parent).read, left))
    early, late = ArchiveReader(path.parent), ArchiveReader(path.parent)
    assert early.read(left[-1]) == expected[-1]

    def entries_of_before(path: Path) -> Iterator[dict[str, str]]:
        found = list(entries(path))
        monkeypatch.undo()
        assert take_down(full, id_of("a"), archive=path.parent).files == 1
        yield from found

    monkeypatch.setattr("newsmirror.archive.reader.entries", entries_of_before)
    assert list(map(late.read, left)) == expected
    assert list(map(early.read, left)) == expected


def test_an_index_that_was_not_made_anew_is(full: House, tmp_path: Path) -> None:
    path = keep(full, tmp_path)
    said = index_of(path).read_bytes()
    index_of(path).unlink()
    assert take_down(full, OTHER, archive=path.parent) == Finished(0, 0, is_due=False)
    assert index_of(path).read_bytes() == said


@pytest.mark.parametrize("began_at", [None, "2999-01-01T00:00:00Z"])
def test_a_run_that_began_before_keeps_it_due(full: House, tmp_path: Path, began_at: str | None) -> None:
    archive = tmp_path / "archive"
    full.ledger.take_run("r2", "hezhou", "start", now=began_at)
    assert take_down(full, id_of("b"), archive=archive) == Finished(3, 0, is_due=True)
    # It did not know, and has fetched it.
    path = archivemaker.write(full.ledger, archive, "r2", {page("b"): f"<p>{SECRET}"})
    full.finish("r2")
    full.publish("r2")
    assert finish(full, archive) == Finished(0, 1, is_due=False)
    assert [url for url, _ in members(path).values()] == [None]
    assert full.ledger.captured(id_of("b")) is None
    assert is_gone(tmp_path)


def test_a_run_that_began_later_does_not(full: House, tmp_path: Path) -> None:
    full.ledger.take_down([id_of("b")], REASON, "t1", "hezhou")
    # Its clock went back meanwhile, which is not to be told from a run that began before.
    full.ledger.take_run("r2", "hezhou", "start", now="1999-01-01T00:00:00Z")
    archivemaker.write(full.ledger, tmp_path / "archive", "r2", {page("a"): "<p>甲"}, close=False)
    full.publish("t1")
    assert finish(full, tmp_path / "archive") == Finished(3, 0, is_due=False)


def test_a_run_keeps_due_what_was_found_under_a_blocked_original(full: House, tmp_path: Path) -> None:
    """Nobody could know its address, so it was kept by a run that began after the takedown."""
    archive = tmp_path / "archive"
    take_down(full, ORIGINAL, archive=archive)
    full.ledger.take_run("r2", "hezhou", "start", now="2999-01-01T00:00:00Z")
    open_file = archivemaker.write(full.ledger, archive, "r2", {page("new"): f"<p>{SECRET}"}, close=False)
    assert full.ledger.accept(secret("new", "r2")).kind == "taken_down"
    assert finish(full, archive) == Finished(0, 0, is_due=True)
    full.finish("r2")
    close_left_file(open_file, partial(full.ledger.add_archive_file, run_ids=["r2"]))
    full.publish("r2")
    assert finish(full, archive) == Finished(0, 1, is_due=False)
    assert is_gone(tmp_path)


def test_what_a_dead_run_left_open_stays_due_until_it_is_closed(full: House, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archivemaker.write(full.ledger, archive, "r1", {page("b"): f"<p>{SECRET}"}, close=False)
    assert take_down(full, id_of("b"), archive=archive) == Finished(3, 0, is_due=True)
    close_left(archive, full.ledger, "t1", adopts=True)
    full.publish("t1")
    assert finish(full, archive) == Finished(0, 1, is_due=False)
    assert is_gone(tmp_path)


def test_a_file_that_is_closed_while_others_are_looked_into_stays_due(
    full: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, search = tmp_path / "archive", warcs.search
    archivemaker.write(full.ledger, archive, "r1", {page("b"): f"<p>{SECRET}"}, close=False)

    def close_then(folder: Path, gone: Mapping[str, str]) -> list[Path]:
        found = search(folder, gone)
        close_left(folder, full.ledger, "t1", adopts=True)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(warcs, "search", close_then)
        assert take_down(full, id_of("b"), archive=archive) == Finished(3, 0, is_due=True)
    assert finish(full, archive) == Finished(0, 1, is_due=False)
    assert is_gone(tmp_path)


def test_what_a_going_run_has_kept_is_on_the_disk_before_a_takedown_publishes_it(
    full: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full.begin("r2")
    writer = ArchiveWriter(tmp_path / "archive", "r2", {})
    ref = writer.keep(archivemaker.exchange(page("d"), "<p>丁"), None)
    full.accept(record("d", "r2", archive=asdict(ref)))
    done = []
    fsync, write = os.fsync, Storage.write

    def note_sync(descriptor: int) -> None:
        fsync(descriptor)
        done.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)

    def note_write(self: Storage, path: str, data: bytes) -> None:
        done.append(path)
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fsync)
            write(self, path, data)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(Storage, "write", note_write)
    places = Places(f"sqlite:///{tmp_path}/ledger.db", full.uri, tmp_path / "archive")
    list(command._take_down(places, page("b"), REASON, 2000))
    left = writer.turn()
    assert left is not None
    left.close()
    assert [path.partition("/fetch_date=")[0] for path in done[:2]] == [writer.path.name, "v1/articles"]
    assert [each["archive"] for each in read(full.uri) if each["run_id"] == "r2"] == [asdict(ref)]


def test_a_file_that_no_manifest_names_is_rewritten_too(full: House, tmp_path: Path) -> None:
    path = archivemaker.write(full.ledger, tmp_path / "archive", "r1", {page("b"): SECRET, page("a"): "甲"})
    full.ledger.take_down([id_of("b")], REASON, "t1", "hezhou")
    assert finish(full, path.parent).files == 1
    full.publish("t1")
    [told] = manifest(full).archive
    assert (told.sha256, told.records) == (sha256(path.read_bytes()).hexdigest(), 6)
    assert (verify(full.uri), finish(full, path.parent).is_due) == ([], False)


@pytest.mark.parametrize("adopted", [False, True])
def test_a_file_that_is_published_while_it_is_looked_for(
    full: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, adopted: bool
) -> None:
    """The crawl closes it after the manifests were read; or names what a run left that nobody knows."""
    archive, search = tmp_path / "archive", warcs.search
    full.ledger.take_down([id_of("b")], REASON, "t1", "hezhou")
    full.publish("t1")

    def publish_first(folder: Path, gone: Mapping[str, str]) -> list[Path]:
        owner = "unknown" if adopted else "r1"
        archivemaker.write(
            full.ledger, folder, owner, {page("b"): SECRET, page("a"): "甲"}, close=not adopted
        )
        close_left(folder, full.ledger, "r1", adopts=True)
        full.publish("r1")
        return search(folder, gone)

    monkeypatch.setattr(warcs, "search", publish_first)
    assert finish(full, archive) == Finished(3, 1, is_due=False)
    [path] = archive.glob("*.warc.gz")
    [told] = manifest(full).archive
    assert (told.file, told.records, told.sha256) == (path.name, 6, sha256(path.read_bytes()).hexdigest())
    assert [each.sha256_after for each in manifest(full).rewrites if each.file == path.name] == [told.sha256]
    [run] = [each for each in all_runs(full.ledger) if each.run.run_id == "r1"]
    assert describe(run) == manifest(full)
    assert (verify(full.uri), is_gone(tmp_path)) == ([], True)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"garbage\n", "Invalid WARC header"),
        (gzip.compress(b"garbage\n", mtime=0), "Invalid WARC header"),
        (b"", "no WARC record is in it"),
        (
            gzip.compress(b"WARC/1.1\r\nWARC-Type: resource\r\nContent-Length: 1\r\n\r\na\r\n\r\n", mtime=0),
            "a record without WARC-Record-ID",
        ),
    ],
)
def test_a_file_that_is_no_warc_is_told(full: House, tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "archive" / "foreign.warc.gz"
    path.parent.mkdir()
    path.write_bytes(data)
    with pytest.raises(ArchiveError) as caught:
        take_down(full, id_of("b"), archive=path.parent)
    assert str(caught.value) == f"{path}: {said}; put the file there again from a backup, or move it away"
    path.rename(tmp_path / path.name)
    assert finish(full, path.parent) == Finished(0, 0, is_due=False)


@pytest.mark.parametrize(
    ("data", "said"),
    [("no index", "not enough values to unpack (expected 3, got 2)"), ("a b {}\n", "a line says too little")],
)
def test_an_index_that_cannot_be_read_is_named(full: House, tmp_path: Path, data: str, said: str) -> None:
    path = keep(full, tmp_path)
    index_of(path).write_text(data)
    with pytest.raises(ArchiveError) as caught:
        take_down(full, id_of("b"), archive=path.parent)
    assert str(caught.value) == f"{index_of(path)}: cannot be read: {said}; remove it, and it is made anew"
    index_of(path).unlink()
    assert finish(full, path.parent) == Finished(0, 1, is_due=False)


def test_a_file_that_is_no_gzip_a_record_is_told(full: House, tmp_path: Path) -> None:
    path = keep(full, tmp_path)
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())))
    before = path.read_bytes()
    with pytest.raises(ArchiveError, match="is no gzip member of its own"):
        take_down(full, id_of("b"), archive=path.parent)
    assert path.read_bytes() == before


def test_a_full_disk_is_told_and_the_next_run_completes(full: House, tmp_path: Path) -> None:
    path = keep(full, tmp_path)
    before = path.read_bytes()
    path.with_name(path.name + ".part").symlink_to("/dev/full")
    with pytest.raises(ArchiveError) as caught:
        take_down(full, id_of("b"), archive=path.parent)
    assert str(caught.value) == (
        f"{path}: No space left on device; free some space or let this user write there, then run again: "
        "nothing is lost"
    )
    assert path.read_bytes() == before
    assert list(full.ledger.due_takedowns()) == [id_of("b")]
    assert finish(full, path.parent) == Finished(0, 1, is_due=False)
    assert is_gone(tmp_path)


# ---- any feed, any takedown -------------------------------------------------------------------------------

NAMES = st.sampled_from("abcdef")
STEPS = st.lists(
    st.tuples(NAMES, st.sampled_from("一二三"), st.sampled_from([None, ORIGINAL, OTHER]), st.booleans()),
    max_size=12,
)


@given(STEPS, st.sets(st.sampled_from([*"abc", ORIGINAL, OTHER]), min_size=1))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_takedown_leaves_the_others_as_they_are(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[str, str, str | None, bool]],
    targets: set[str],
) -> None:
    house = House(tmp_path_factory.mktemp("any"))
    house.begin("r1")
    touched = {id_of(each) if len(each) == 1 else each for each in targets}
    gone = set()
    for name, text, original, then_publish in steps:
        marked = secret(name, "r1", text, original)
        marked |= {"title": f"{SECRET}{name}", "body_text": f"{SECRET}{name}"}
        # What the ledger accepted under an original in question, ever: the same text again it does not.
        if house.ledger.accept(marked).record and {id_of(name), original} & touched:
            gone.add(id_of(name))
        if then_publish:
            house.publish("r1", max_rows=2)
    published = [line for part in _parts(house) for line in lines(house, part)]
    take_down(house, *touched)
    house.publish("r1")
    finish(house)
    assert verify(house.uri) == []
    after = [line for part in _parts(house) for line in lines(house, part)]
    kept = [line for line in published if json.loads(line)["article_id"] not in gone]
    assert [line for line in after if line in set(kept)] == kept
    for each in map(json.loads, after):
        if each["article_id"] in gone:
            assert each == blank(each)
    assert {each["article_id"] for each in map(json.loads, after) if each["op"] == "delete"} == gone
    assert house.ledger.due_takedowns() == {}
    house.ledger.close()


def _parts(house: House) -> list[str]:
    found = [part for each in read_manifests(house.storage) for part in each.parts if part.kind == "articles"]
    return [part.path for part in sorted(found, key=lambda part: part.first_seq or 0)]
