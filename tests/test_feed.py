"""The feed: what is published, what its manifests say, and what verify finds."""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from feedmaker import House, record
from hypothesis import given
from hypothesis import strategies as st

import newsmirror.feed.publish as publish_module
from newsmirror.feed import FeedError, read, status
from newsmirror.feed.guard import judge
from newsmirror.feed.layout import MANIFESTS
from newsmirror.feed.parts import pack, unpack
from newsmirror.feed.reader import as_of, recover
from newsmirror.feed.schemas import files
from newsmirror.feed.storage import Storage
from newsmirror.feed.verify import Problem, verify
from newsmirror.ledger import publication
from newsmirror.normalise.urls import identity

FIRST = "v1/articles/fetch_date=2025-01-08/r1-00001.jsonl.gz"
SECOND = "v1/articles/fetch_date=2025-01-09/r1-00002.jsonl.gz"
REJECTS = "v1/rejects/fetch_date=2025-01-08/r1-00003.jsonl.gz"
MANIFEST = "v1/manifests/r1.json"
INDEX = "v1/index.json"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.ledger.close()


@pytest.fixture
def full(house: House) -> House:
    """Two parts of articles, one of rejects, a second revision."""
    house.begin("r1")
    house.accept(record("a", "r1"), record("b", "r1"), record("a", "r1", "二", day="2025-01-09"))
    house.reject("r1")
    house.publish("r1")
    house.finish("r1", found=2)
    house.publish("r1")
    return house


def plain(house: House, path: str) -> Any:
    return json.loads(house.storage.read(path))


# ---- publish ----------------------------------------------------------------------------------------------


def test_a_run_is_published(full: House) -> None:
    assert full.storage.list("v1") == sorted([FIRST, SECOND, REJECTS, INDEX, MANIFEST, *files()])
    data = {path: full.storage.read(path) for path in (FIRST, SECOND, REJECTS)}
    first, second, rejects = (
        {"bytes": len(content), "sha256": sha256(content).hexdigest()} for content in data.values()
    )
    schema = full.storage.read("v1/schema/article-1.0.json")
    manifest = plain(full, MANIFEST)
    committed = {part.pop("committed_at") for part in manifest["parts"]}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", at) for at in committed)
    assert manifest == {
        "feed_version": "1.0",
        "run_id": "r1",
        "site": "hezhou",
        "start": "http://kz.hezhou.example/",
        "started_at": "2025-01-08T08:00:00Z",
        "finished_at": "2025-01-08T10:00:00Z",
        "close_reason": "finished",
        "complete": True,
        "reasons": [],
        "counts": {"found": 2},
        "rejects": {},
        "fill": {},
        "newest": None,
        "findings": [],
        "archive": [],
        "takedowns": [],
        "rewrites": [],
        "schema": {"name": "article-1.0.json", "sha256": sha256(schema).hexdigest()},
        "parser_version": "1",
        "parts": [
            {"kind": "articles", "path": FIRST[3:], "rows": 2, **first, "first_seq": 1, "last_seq": 2,
             "fetch_date": "2025-01-08"},
            {"kind": "articles", "path": SECOND[3:], "rows": 1, **second, "first_seq": 3, "last_seq": 3,
             "fetch_date": "2025-01-09"},
            {"kind": "rejects", "path": REJECTS[3:], "rows": 1, **rejects, "first_seq": None,
             "last_seq": None, "fetch_date": "2025-01-08"},
        ],
    }  # fmt: skip
    index = plain(full, INDEX)
    assert (index["last_seq"], index["newest_run"], index["feed_version"]) == (3, "r1", "1.0")
    assert [json.loads(line) for line in gzip.decompress(data[REJECTS]).splitlines()] == [
        {
            "url": "http://kz.hezhou.example/gone.html",
            "article_id": "672d756e122d87954d581e04a78a92c25ff85adc0a5e8ede6beebaf0c14692d7",
            "site": "hezhou",
            "reason": "soft_404",
            "detail": None,
            "fetched_at": "2025-01-08T09:00:00Z",
            "run_id": "r1",
        }
    ]
    assert list(read(full.uri)) == [
        {**record("a", "r1"), "seq": 1},
        {**record("b", "r1"), "seq": 2},
        {
            **record("a", "r1", "二", day="2025-01-09"),
            "seq": 3,
            "op": "revise",
            "revision": 2,
            "change_cause": "source",
            "first_seen_at": "2025-01-08T09:00:00Z",
        },
    ]
    assert verify(full.uri) == []


def test_what_is_accepted_after_the_bytes_were_synced_waits_for_the_next_time(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.begin("r1")
    house.accept(record("a", "r1"))
    monkeypatch.setattr(publish_module, "sync_open_files", lambda folder: house.accept(record("b", "r1")))
    publish_module.publish(house.ledger, house.storage, tmp_path, "r1")
    assert [each["url"] for each in read(house.uri)] == [record("a", "r1")["url"]]
    house.publish("r1")
    assert [each["url"] for each in read(house.uri)] == [record(name, "r1")["url"] for name in "ab"]


def test_a_going_run_without_articles_has_a_manifest(house: House) -> None:
    house.begin("r1")
    house.publish("r1")
    said = plain(house, MANIFEST)
    assert (said["complete"], said["close_reason"], said["finished_at"], said["parts"]) == (
        False,
        None,
        None,
        [],
    )
    assert (list(read(house.uri)), verify(house.uri)) == ([], [])


def test_nothing_is_written_where_nothing_is_new(full: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Storage, "write", None)
    full.publish("r1")


def test_parts_have_at_most_so_many_rows(house: House) -> None:
    house.begin("r1")
    house.accept(*[record(f"a{number}", "r1") for number in range(5)])
    house.publish("r1", max_rows=2)
    assert [part["rows"] for part in plain(house, MANIFEST)["parts"]] == [2, 2, 1]
    assert [each["seq"] for each in read(house.uri)] == [1, 2, 3, 4, 5]


def test_two_sites_publish_in_turn(house: House) -> None:
    house.begin("r1")
    house.begin("r2", "linzhou")
    house.accept(record("a", "r1"), record("b", "r2", site="linzhou"), record("c", "r1"))
    house.ledger.assign("r2", 10)
    house.publish("r1")  # what the other run has assigned, too
    assert [(each["seq"], each["run_id"]) for each in read(house.uri)] == [(1, "r2"), (2, "r1"), (3, "r1")]
    house.publish("r2")
    assert verify(house.uri) == []
    sites = status(house.uri).sites
    assert [(each.site, each.runs, each.articles, each.rejects) for each in sites] == [
        ("hezhou", 1, 2, 0),
        ("linzhou", 1, 1, 0),
    ]
    assert [each.newest and each.newest.run_id for each in sites] == ["r1", "r2"]


def test_the_status_of_a_site_is_that_of_its_newest_crawl(full: House) -> None:
    full.ledger.take_down([identity("http://kz.hezhou.example/a.html")], "x", "t1", "hezhou")
    full.publish("t1")
    full.ledger.take_down(["0" * 64], "x", "t2", "takedown")
    full.publish("t2")
    full.ledger.take_run("r3", "hezhou", "reread")
    full.publish("r3")
    sites = {each.site: each for each in status(full.uri).sites}
    assert {site: (each.runs, each.newest and each.newest.run_id) for site, each in sites.items()} == {
        "hezhou": (3, "r1"),
        "takedown": (1, None),
    }


def test_the_index_names_of_the_runs_it_tells_of_the_one_that_began_last(full: House) -> None:
    for run_id, began in (("r2", "10:00"), ("r3", "12:00"), ("r4", "11:00")):
        full.ledger.take_run(run_id, run_id, "a start", now=f"2025-01-08T{began}:00Z")
    full.publish("r2")
    assert plain(full, INDEX)["newest_run"] == "r3"


def test_a_ledger_that_is_behind_its_feed_is_refused(full: House, tmp_path: Path) -> None:
    before = {path: full.storage.read(path) for path in full.storage.list("v1")}
    (tmp_path / "new").mkdir()
    other = House(tmp_path / "new", full.uri)
    other.begin("r2")
    other.accept(record("a", "r2"))
    with pytest.raises(FeedError) as caught:
        other.publish("r2")
    other.ledger.close()
    assert str(caught.value) == (
        f"{full.uri}/{INDEX}: the feed is at seq 3, the ledger only at 1: it is not the ledger of this feed, "
        "or an old copy. Make it anew: scrapy feed rebuild-ledger"
    )
    assert {path: full.storage.read(path) for path in full.storage.list("v1")} == before


def test_a_changed_schema_is_replaced_with_the_next_run(full: House) -> None:
    full.storage.write("v1/schema/duckdb.sql", b"older")
    full.begin("r2")
    full.publish("r2")
    assert full.storage.read("v1/schema/duckdb.sql") == files()["v1/schema/duckdb.sql"]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"))))
def test_a_part_gives_its_lines_back(lines: list[str]) -> None:
    data = pack(lines)
    assert unpack(data) == lines
    assert data[3:8] == bytes(5)  # no name, no clock


# ---- the reader -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("since", "seqs"), [(0, [1, 2, 3]), (1, [2, 3]), (2, [3]), (3, []), (9, [])])
def test_read_goes_on_after_a_cursor(full: House, since: int, seqs: list[int]) -> None:
    assert [each["seq"] for each in read(full.uri, since)] == seqs


def test_read_stops_at_the_index(full: House) -> None:
    index = plain(full, INDEX)
    full.storage.write(INDEX, json.dumps({**index, "last_seq": 1}).encode())
    assert [each["seq"] for each in read(full.uri)] == [1]
    assert [each["seq"] for each in recover(full.uri)] == [1, 2, 3]


def test_read_refuses_other_bytes(full: House) -> None:
    full.storage.write(SECOND, pack(["{}"]))
    records = read(full.uri)
    assert [each["seq"] for each in islice(records, 2)] == [1, 2]
    with pytest.raises(FeedError, match="not the bytes that its manifest names; restore it from a backup"):
        next(records)


def test_a_feed_without_its_manifests_is_told(full: House) -> None:
    for path in full.storage.list(MANIFESTS):
        full.storage.delete(path)
    said = (
        f"{full.uri}/v1/manifests: no manifest is here, and the feed is at seq 3; restore them from a backup"
    )
    for ask in (read, status, partial(as_of, instant=datetime.now(UTC))):
        with pytest.raises(FeedError) as caught:
            ask(full.uri)
        assert str(caught.value) == said


def test_a_place_without_a_feed_is_told(tmp_path: Path) -> None:
    said = (
        f"{tmp_path}/v1/index.json: no feed is here; name the folder that holds v1/: NEWSMIRROR_FEED_URI, "
        "or NEWSMIRROR_DIR, the one above it"
    )
    for ask in (read, status, recover):
        with pytest.raises(FeedError) as caught:
            ask(str(tmp_path))
        assert str(caught.value) == said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "damaged: Input data was truncated; restore it from a backup"),
        (b"\xff", "damaged: "),
        (b"[]", "damaged: Expected `object`, got `array`; restore it from a backup"),
        (b'{"feed_version": "2.0"}', "feed version 2.0 is of a newer newsmirror; install that one"),
    ],
)
def test_an_index_that_cannot_be_read_is_told(full: House, content: bytes, said: str) -> None:
    full.storage.write(INDEX, content)
    with pytest.raises(FeedError) as caught:
        read(full.uri)
    assert str(caught.value).startswith(f"{full.uri}/{INDEX}: {said}")


def test_a_storage_without_a_driver_is_told() -> None:
    with pytest.raises(FeedError, match="install the driver of this storage"):
        Storage("nowhere://bucket/feed")


# ---- verify -----------------------------------------------------------------------------------------------


def edit_rows(house: House, path: str, change: Callable[[list[dict[str, Any]]], None]) -> None:
    """Change the rows of a part, and its manifest so that only their content is wrong."""
    rows = [json.loads(line) for line in unpack(house.storage.read(path))]
    change(rows)
    data = pack(json.dumps(row) for row in rows)
    house.storage.write(path, data)
    manifest = plain(house, MANIFEST)
    for part in manifest["parts"]:
        if part["path"] == path[3:]:
            part |= {"bytes": len(data), "sha256": sha256(data).hexdigest()}
    house.storage.write(MANIFEST, json.dumps(manifest).encode())


def set_row(place: int, **values: Any) -> Callable[[list[dict[str, Any]]], None]:
    return lambda rows: rows[place].update(values)


A = sha256(b"http://kz.hezhou.example/a.html").hexdigest()
BACKUP = "restore it from a backup"
NEXT = "if no run is publishing now, the next one puts it right"
REPORT = "keep the feed as it is and report it: newsmirror never writes this"


@pytest.mark.parametrize(
    ("path", "change", "expected"),
    [
        (FIRST, lambda rows: rows.pop(), [
            (FIRST, "1 rows, its manifest says 2", BACKUP),
            (FIRST, "seq 1–1, its manifest says 1–2", REPORT),
        ]),
        (FIRST, set_row(1, seq=1), [
            (FIRST, "seq 1 follows seq 1", REPORT),
            (FIRST, "seq 1–1, its manifest says 1–2", REPORT),
        ]),
        (FIRST, set_row(1, seq=None), [
            (FIRST, "line 2: seq: null", REPORT),
            (FIRST, "seq 1–1, its manifest says 1–2", REPORT),
        ]),
        (FIRST, set_row(0, revision=2), [
            (FIRST, f"seq 1: article {A}: revision 2 instead of 1", REPORT),
            (SECOND, f"seq 3: article {A}: revision 2 instead of 3", REPORT),
        ]),
        (SECOND, set_row(0, op="insert"), [
            (SECOND, f"seq 3: article {A}: op insert at revision 2", REPORT),
        ]),
        (REJECTS, set_row(0, reason=""), [
            (REJECTS, 'line 1: reason: "" is shorter than 1 character', REPORT),
        ]),
    ],
)  # fmt: skip
def test_verify_reads_every_row(
    full: House,
    path: str,
    change: Callable[[list[dict[str, Any]]], None],
    expected: list[tuple[str, str, str]],
) -> None:
    edit_rows(full, path, change)
    assert verify(full.uri) == [Problem(*each) for each in expected]


def test_verify_reads_every_byte(full: House) -> None:
    data = full.storage.read(FIRST)
    full.storage.write(FIRST, data[:-1])
    [size, digest, packed] = verify(full.uri)
    assert size == Problem(FIRST, f"{len(data) - 1} bytes, its manifest says {len(data)}", BACKUP)
    said = f"sha256 {sha256(data[:-1]).hexdigest()}, its manifest says {sha256(data).hexdigest()}"
    assert digest == Problem(FIRST, said, BACKUP)
    assert (packed.path, packed.what[:20], packed.cure) == (FIRST, "cannot be unpacked: ", BACKUP)


def test_verify_compares_the_files(full: House) -> None:
    full.storage.delete(SECOND)
    full.storage.delete("v1/schema/pandas.json")
    for path in ("v1/articles/fetch_date=2025-01-08/r9-00001.jsonl.gz", "v1/index.json.part", "v1/notes.txt"):
        full.storage.write(path, b"")
    assert verify(full.uri) == [
        Problem(SECOND, "missing: a manifest names it", BACKUP),
        Problem("v1/articles/fetch_date=2025-01-08/r9-00001.jsonl.gz", "no manifest names it", NEXT),
        Problem("v1/index.json.part", "no manifest names it", NEXT),
        Problem("v1/notes.txt", "not a file of the feed", "move it elsewhere"),
        Problem("v1/schema/pandas.json", "missing", NEXT),
    ]


def test_verify_misses_a_lost_manifest(full: House) -> None:
    full.storage.delete(MANIFEST)
    assert verify(full.uri) == [
        *[Problem(path, "no manifest names it", NEXT) for path in (FIRST, SECOND, REJECTS)],
        Problem(MANIFEST, "missing: the index names it", BACKUP),
        Problem("v1/manifests", "seq 1–3 are in no part that one names", BACKUP),
    ]


def test_verify_tells_overlaps_and_gaps(full: House) -> None:
    manifest = plain(full, MANIFEST)
    manifest["parts"][1] |= {"first_seq": 2, "last_seq": 3}
    full.storage.write(MANIFEST, json.dumps(manifest).encode())
    assert verify(full.uri) == [
        Problem(SECOND, "seq 3–3, its manifest says 2–3", REPORT),
        Problem(SECOND, "seq 2 was given before: up to 2", REPORT),
    ]
    del manifest["parts"][0]
    manifest["parts"][0] |= {"first_seq": 3}
    full.storage.write(MANIFEST, json.dumps(manifest).encode())
    assert verify(full.uri) == [
        Problem(FIRST, "no manifest names it", NEXT),
        Problem(SECOND, f"seq 3: article {A}: revision 2 instead of 1", REPORT),
        Problem("v1/manifests", "seq 1–2 are in no part that one names", BACKUP),
    ]


def test_verify_tells_an_index_that_is_behind_or_gone(full: House) -> None:
    index = plain(full, INDEX)
    full.storage.write(INDEX, json.dumps({**index, "last_seq": 2}).encode())
    assert verify(full.uri) == [Problem(INDEX, "seq 2, the manifests go up to 3", NEXT)]
    full.storage.delete(INDEX)
    assert verify(full.uri) == [Problem(INDEX, "missing", f"name the folder that holds v1/; or {NEXT}")]


def test_verify_compares_the_schema(full: House) -> None:
    path = "v1/schema/article-1.0.json"
    full.storage.write(path, b"{}")
    digests = sha256(b"{}").hexdigest(), sha256(files()[path]).hexdigest()
    assert verify(full.uri) == [
        Problem(path, "sha256 {}, the newest manifest says {}".format(*digests), NEXT)
    ]


# ---- a crash after the index, and the guard ---------------------------------------------------------------


def test_the_next_publisher_writes_the_same_bytes(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.begin("r1")
    house.accept(record("a", "r1"), record("b", "r1"))

    class CrashError(Exception):
        pass

    # A manifest says when its parts were published, to the second.
    monkeypatch.setattr(publication, "format_utc", lambda _: "2025-01-08T10:00:00Z")
    write = Storage.write

    def crash_after_the_index(storage: Storage, path: str, data: bytes) -> None:
        write(storage, path, data)
        if path == INDEX:
            raise CrashError

    with monkeypatch.context() as patch:
        patch.setattr(publish_module.Storage, "write", crash_after_the_index)
        with pytest.raises(CrashError):
            house.publish("r1")
    before = {path: house.storage.read(path) for path in house.storage.list("v1")}
    shown = list(read(house.uri))
    assert [each["seq"] for each in shown] == [1, 2]
    house.publish("r1")
    after = {path: house.storage.read(path) for path in house.storage.list("v1")}
    assert {**after, INDEX: b""} == {**before, INDEX: b""}
    assert list(read(house.uri)) == shown


ENDED = "the run ended early: shutdown"
NONE = "no article was found: has the site changed, or does it refuse to answer?"


@pytest.mark.parametrize(
    ("found", "last_found", "close_reason", "reasons"),
    [
        (1, [], "finished", []),
        (50, [100, 90, 110], "finished", []),
        (49, [100, 90, 110], "finished",
         ["49 articles were found, under half of the 100 of the last complete runs"]),
        (50, [100, 103], "finished",
         ["50 articles were found, under half of the 101.5 of the last complete runs"]),
        (0, [], "finished", [NONE]),
        (0, [100], "shutdown", [ENDED, NONE]),
        (100, [100], "shutdown", [ENDED]),
    ],
)  # fmt: skip
def test_guard(found: int, last_found: list[int], close_reason: str, reasons: list[str]) -> None:
    assert judge(found, last_found, close_reason) == (not reasons, reasons)
