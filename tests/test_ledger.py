"""The ledger: what is known, what waits, which run may work, and that a crash leaves it whole.

Every ledger here is a file; other processes are real ones, and are killed.
"""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, event

from newsmirror.archive.files import ArchiveFile, Capture
from newsmirror.ledger import engine, migrations
from newsmirror.ledger.engine import make_engine, parse_url
from newsmirror.ledger.errors import LedgerError, RunLocked
from newsmirror.ledger.ledger import Acceptance, Known, Ledger
from newsmirror.ledger.processes import this_process
from newsmirror.ledger.publication import Run
from newsmirror.ledger.rebuild import rebuild
from newsmirror.ledger.state import look

TIME = "2025-01-08T08:55:00Z"
LATER = "2025-01-08T09:00:00Z"
NEXT_DAY = "2025-01-09T00:00:01Z"
CURE = "make a new one from the feed: scrapy feed rebuild-ledger"
PATIENCE = "another process has been writing for too long: wait for it or stop it, then run again"


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def record(page: str, content: str = "A", at: str = TIME, run_id: str = "r1", **more: Any) -> dict[str, Any]:
    """A record, cut to the keys that the ledger looks at, one that it does not, and the place of `seq`."""
    url = f"http://kuaizhao.example/{page}"
    return {
        "schema_version": "1.0",
        "seq": None,
        "op": "insert",
        "article_id": digest(url),
        "revision": 1,
        "change_cause": None,
        "url": url,
        "original_id": None,
        "site": "fyun",
        "title": f"快照 {content}",
        "published_at": "2025-01-08T16:55:00+08:00",
        "fetched_at": at,
        "first_seen_at": at,
        "content_sha256": digest(content),
        "payload_sha256": digest(f"<p>{content}"),
        "parser_version": "1",
        "run_id": run_id,
        **more,
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "ledger.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger.open(url) as opened:
        yield opened


def rows(place: Path | str, query: str) -> list[tuple[Any, ...]]:
    """Ask the database itself, beside the ledger: a file of SQLite, or the address of another."""
    if isinstance(place, str):
        engine = create_engine(place)
        with engine.begin() as asking:
            found = [tuple(row) for row in asking.exec_driver_sql(query)]
        engine.dispose()
        return found
    with sqlite3.connect(place) as connection:
        found = connection.execute(query).fetchall()
    connection.close()
    return found


def publish(
    ledger: Ledger, feed: list[str] | None = None
) -> list[tuple[str, int | None, int | None, list[Any]]]:
    """Publish what is assigned, into `feed`; return path, first and last seq, and the rows of each part."""
    found = []
    with ledger.publishing() as publication:
        for part in publication.pending():
            payloads = list(part.payloads())
            assert len(payloads) == part.rows
            if feed is not None:
                feed.extend(payloads)
            found.append((part.path, part.first_seq, part.last_seq, [json.loads(text) for text in payloads]))
            publication.published(part, len("".join(payloads)), digest("".join(payloads)))
        publication.manifests()
    return found


def python(code: str, *arguments: str) -> "subprocess.Popen[str]":
    """Start a program beside this test, with the ledger's address as its first argument."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *arguments],
        stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True, cwd=Path(__file__).parent,
    )  # fmt: skip


# --- identity and revisions


def test_a_new_article_is_an_insert(ledger: Ledger, path: Path) -> None:
    ledger.take_run("r1", "fyun", "start")
    given = record("1", original_id=digest("o"))
    before = dict(given)
    assert ledger.accept(given) == Acceptance("insert", before)
    assert given == before
    assert ledger.seen([given["article_id"], digest("unknown")]) == {
        given["article_id"]: Known(digest("A"), 1, TIME, TIME, "2025-01-08T08:55:00Z")
    }
    assert rows(path, "SELECT * FROM articles") == [
        (
            *(given["article_id"], given["url"], "fyun", digest("o"), digest("A"), 1, TIME, TIME, TIME, 0),
            *(digest("<p>A"), "1"),
        )
    ]
    payload = json.dumps(before, ensure_ascii=False, separators=(",", ":"))
    assert rows(path, "SELECT * FROM outbox") == [(1, "r1", "fyun", "articles", "2025-01-08", None, payload)]


def test_back_and_forth_are_three_records(ledger: Ledger) -> None:
    ledger.take_run("r1", "fyun", "start")
    times = [f"2025-01-08T08:55:0{second}Z" for second in range(5)]
    accepted = [
        ledger.accept(record("1", content, at))
        for content, at in zip("AABBA", times, strict=True)
    ]  # fmt: skip
    assert [acceptance.kind for acceptance in accepted] == [
        "insert",
        "sighting",
        "revise",
        "sighting",
        "revise",
    ]
    stored = [acceptance.record for acceptance in accepted]
    assert stored == [
        record("1", "A", times[0]),
        None,
        record("1", "B", times[2], op="revise", revision=2, change_cause="source", first_seen_at=times[0]),
        None,
        record("1", "A", times[4], op="revise", revision=3, change_cause="source", first_seen_at=times[0]),
    ]
    assert list(stored[2] or ()) == list(record("1"))
    assert not ledger.assign("r1", 10)
    [(_, first, last, payloads)] = publish(ledger)
    assert (first, last) == (1, 3)
    assert payloads == [{**kept, "seq": seq} for seq, kept in enumerate(filter(None, stored), 1)]


def test_a_sighting_counts_and_moves_last_seen_only_forward(ledger: Ledger, path: Path) -> None:
    ledger.take_run("r1", "fyun", "start")
    for at in (TIME, LATER, TIME):
        ledger.accept(record("1", at=at))
    assert rows(path, "SELECT sightings, first_seen_at, last_seen_at FROM articles") == [(2, TIME, LATER)]
    assert rows(path, "SELECT count(*) FROM outbox") == [(1,)]


def test_seen_of_nothing_and_of_more_than_one_statement_takes(ledger: Ledger) -> None:
    ledger.take_run("r1", "fyun", "start")
    for number in range(3):
        ledger.accept(record(f"{number * 600}", published_at=None))
    assert ledger.seen([]) == {}
    ids = (digest(f"http://kuaizhao.example/{number}") for number in range(1300))
    known = Known(digest("A"), 1, TIME, TIME, None)
    assert ledger.seen(ids) == {
        digest(f"http://kuaizhao.example/{number}"): known for number in (0, 600, 1200)
    }


def test_it_is_remembered(url: str) -> None:
    with Ledger.open(url) as ledger:
        ledger.take_run("r1", "fyun", "start")
        ledger.accept(record("1"))
    with Ledger.open(url) as ledger:
        assert ledger.accept(record("1", at=LATER)).kind == "sighting"
        assert ledger.accept(record("1", "B", LATER)).record == record(
            "1", "B", LATER, op="revise", revision=2, change_cause="source", first_seen_at=TIME
        )


def test_a_record_of_no_run_is_refused_whole(ledger: Ledger, path: Path) -> None:
    with pytest.raises(LedgerError, match="FOREIGN KEY constraint failed; begin the run with take_run"):
        ledger.accept(record("1", run_id="nobody"))
    assert rows(path, "SELECT count(*) FROM articles") == [(0,)]


# --- parts and publishing


def test_parts_by_kind_date_and_rows(ledger: Ledger) -> None:
    ledger.take_run("r1", "fyun", "start")
    ledger.accept(record("1"))
    ledger.reject("r1", "fyun", "http://kuaizhao.example/x", "soft_404", None, TIME)
    ledger.accept(record("2", at=NEXT_DAY))
    ledger.accept(record("3"))
    ledger.accept(record("4"))
    assert ledger.assign("r1", 4)
    assert not ledger.assign("r1", 1)
    parts = publish(ledger)
    assert [(path, first, last, [row["url"][-1] for row in found]) for path, first, last, found in parts] == [
        ("articles/fetch_date=2025-01-08/r1-00001.jsonl.gz", 1, 1, ["1"]),
        ("articles/fetch_date=2025-01-09/r1-00002.jsonl.gz", 2, 2, ["2"]),
        ("articles/fetch_date=2025-01-08/r1-00003.jsonl.gz", 3, 3, ["3"]),
        ("rejects/fetch_date=2025-01-08/r1-00004.jsonl.gz", None, None, ["x"]),
        ("articles/fetch_date=2025-01-08/r1-00005.jsonl.gz", 4, 4, ["4"]),
    ]
    assert parts[3][3] == [
        {
            "url": "http://kuaizhao.example/x",
            "article_id": "9fa82ee46cce0399e784930e5eb38542ee62583707a7f8c60220cfcb3d6844ac",
            "site": "fyun",
            "reason": "soft_404",
            "detail": None,
            "fetched_at": TIME,
            "run_id": "r1",
        }
    ]
    assert publish(ledger) == []
    assert not ledger.assign("r1", 1)


def test_a_failed_publication_is_repeated_with_the_same_rows(ledger: Ledger) -> None:
    ledger.take_run("r1", "fyun", "start")
    ledger.accept(record("1"))
    ledger.assign("r1", 10)
    feed: list[str] = []

    def fail() -> None:
        with ledger.publishing() as publication:
            [part] = publication.pending()
            feed.extend(list(part.payloads()))
            publication.published(part, 1, digest(""))
            assert (publication.pending(), publication.last_seq) == ([], 1)
            assert len(publication.manifests()) == 1
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail()
    with ledger.publishing() as publication:
        assert publication.last_seq == 0
    again: list[str] = []
    assert len(publish(ledger, again)) == 1
    assert again == feed


def test_manifests_are_due_until_told(ledger: Ledger) -> None:
    def due() -> list[tuple[Run, list[tuple[int, int | None, str | None]]]]:
        with ledger.publishing() as publication:
            for part in publication.pending():
                publication.published(part, 7, digest("file"))
            return [
                (told.run, [(part.number, part.bytes, part.sha256) for part in told.parts])
                for told in publication.manifests()
            ]

    ledger.take_run("r1", "fyun", "start", {"parser_version": "1"}, TIME)
    begun = Run("r1", "fyun", "start", TIME, None, None, False, {"parser_version": "1"})
    assert due() == [(begun, [])]
    assert due() == []
    ledger.accept(record("1"))
    ledger.assign("r1", 10)
    assert due() == [(begun, [(1, 7, digest("file"))])]
    assert due() == []
    ledger.finish_run("r1", "shutdown", False, {"found": 1}, ["stopped by a signal"], LATER)
    note = {"parser_version": "1", "counts": {"found": 1}, "reasons": ["stopped by a signal"]}
    ended = Run("r1", "fyun", "start", TIME, LATER, "shutdown", False, note)
    assert due() == [(ended, [(1, 7, digest("file"))])]
    assert due() == []
    with ledger.publishing() as publication:
        assert publication.last_seq == 1


def test_accepting_and_assigning_go_on_while_one_publishes(ledger: Ledger) -> None:
    ledger.take_run("r1", "fyun", "start")
    ledger.accept(record("1"))
    ledger.assign("r1", 10)
    with ledger.publishing() as publication:
        ledger.accept(record("2"))
        ledger.assign("r1", 10)
        ledger.accept(record("3"))
        [part] = publication.pending()
        publication.published(part, 1, digest(""))
        assert [len(told.parts) for told in publication.manifests()] == [1]
        assert (publication.last_seq, publication.highest_seq) == (1, 1)
    with ledger.publishing() as publication:
        [part] = publication.pending()
        assert (part.first_seq, publication.last_seq, publication.highest_seq) == (2, 1, 2)


def test_a_run_that_ends_while_it_is_told_is_told_again(ledger: Ledger) -> None:
    ledger.take_run("r1", "fyun", "start")
    reasons = []
    for number in range(3):
        with ledger.publishing() as publication:
            reasons += [told.run.close_reason for told in publication.manifests()]
            if number == 0:
                ledger.finish_run("r1", "finished", True, {"found": 0})
    assert reasons == [None, "finished"]


def test_a_file_that_is_closed_while_its_run_is_told_is_told_again(ledger: Ledger) -> None:
    ledger.take_run("r1", "fyun", "start")
    file = ArchiveFile("r1-00001.warc.gz", 1, 2, "0" * 64)
    told = []
    for number in range(3):
        with ledger.publishing() as publication:
            told += [each.run.note.get("archive") for each in publication.manifests()]
            if number == 0:
                ledger.add_archive_file(file, {}, ["r1"])
    assert told == [None, [asdict(file)]]


def test_a_publisher_waits_for_the_one_before(
    ledger: Ledger, url: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PUBLISHER_PATIENCE_SECONDS", 0.05)
    with Ledger.open(url) as hasty, ledger.publishing(), pytest.raises(LedgerError) as refused:
        publish(hasty)
    assert str(refused.value) == f"ledger {path}: database is locked; {PATIENCE}"


def test_manifests_that_nobody_asked_for_stay_due(ledger: Ledger) -> None:
    ledger.take_run("r1", "fyun", "start")
    with ledger.publishing():
        pass
    with ledger.publishing() as publication:
        assert [told.run.run_id for told in publication.manifests()] == ["r1"]


def test_rows_of_the_other_site_are_not_assigned_but_its_parts_are_published(ledger: Ledger) -> None:
    ledger.take_run("r1", "fyun", "start")
    ledger.take_run("r2", "hezhou", "start")
    ledger.accept(record("1"))
    ledger.accept(record("2", run_id="r2", site="hezhou"))
    ledger.accept(record("3", run_id="r2", site="a host of it"))
    assert not ledger.assign("r2", 10)
    assert not ledger.assign("r1", 10)
    assert [(path[-17:], first, last) for path, first, last, _ in publish(ledger)] == [
        ("r2-00001.jsonl.gz", 1, 2),
        ("r1-00001.jsonl.gz", 3, 3),
    ]


def test_a_dead_run_leaves_its_rows_to_the_next_one(ledger: Ledger) -> None:
    ledger.take_run("r1", "fyun", "start")
    ledger.accept(record("1"))
    ledger.finish_run("r1", "shutdown", False, {"found": 1})
    ledger.take_run("r2", "fyun", "start")
    assert not ledger.assign("r2", 10)
    [(path, *_, [payload])] = publish(ledger)
    assert path == "articles/fetch_date=2025-01-08/r2-00001.jsonl.gz"
    assert payload["run_id"] == "r1"


def test_an_unknown_run(ledger: Ledger) -> None:
    for call in (
        lambda: ledger.assign("nobody", 1),
        lambda: ledger.finish_run("nobody", "finished", True, {"found": 0}),
    ):
        with pytest.raises(LedgerError, match="no run nobody; begin it with take_run"):
            call()


def test_last_complete(ledger: Ledger) -> None:
    found = [
        (5, True, "start"),
        (6, True, "start"),
        (7, False, "start"),
        (8, True, "other"),
        (9, True, "start"),
    ]
    for number, (articles, complete, start) in enumerate(found):
        ledger.take_run(f"r{number}", "fyun", start, now=f"2025-01-0{number + 1}T00:00:00Z")
        ledger.finish_run(f"r{number}", "finished", complete, {"found": articles})
    found = [note["counts"]["found"] for note in ledger.last_complete("fyun", "start", 3)]
    assert found == [9, 6, 5]
    assert [note["counts"]["found"] for note in ledger.last_complete("fyun", "start", 2)] == [9, 6]
    assert ledger.last_complete("hezhou", "start", 3) == []


def test_a_baseline_hides_the_complete_runs_before_it(ledger: Ledger) -> None:
    for number, (baseline, complete) in enumerate([(0, 1), (1, 1), (0, 1), (1, 0), (0, 1)]):
        now = f"2025-01-0{number + 1}T00:00:00Z"
        ledger.take_run(f"r{number}", "fyun", "start", {"baseline": bool(baseline)}, now)
        ledger.finish_run(f"r{number}", "finished", bool(complete), {"found": number})
    found = [note["counts"]["found"] for note in ledger.last_complete("fyun", "start", 9)]
    assert found == [4, 2, 1]


def test_newest_of_a_site(ledger: Ledger) -> None:
    ledger.take_run("r1", "fyun", "start")
    assert ledger.newest("fyun", "2025-01-09T00:00:00Z") is None
    dated = {"a": "2025-01-08T07:59:59+08:00", "b": "2025-01-08T08:00:00+08:00", "c": None}
    for name, published_at in dated.items():
        ledger.accept(record(name) | {"published_at": published_at})
    ledger.accept(record("d") | {"published_at": "2025-01-09T08:00:00+08:00", "site": "hezhou"})
    assert ledger.newest("fyun", "2025-01-09T00:00:00Z") == "2025-01-08T00:00:00Z"
    # A date that is still to come is a misprint: it would hide that nothing is published.
    assert ledger.newest("fyun", "2025-01-07T23:59:59Z") == "2025-01-07T23:59:59Z"
    assert ledger.newest("fyun", "2025-01-07T23:59:58Z") is None


# --- one run on a site

HOLD = """
    import sys
    from newsmirror.ledger.ledger import Ledger
    ledger = Ledger.open(sys.argv[1])
    ledger.take_run("held", "fyun", "start")
    print("taken", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_refused_while_the_first_one_lives(ledger: Ledger, url: str, path: Path) -> None:
    with python(HOLD, url) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "taken\n"
        [(holder, since)] = rows(path, "SELECT holder, taken_at FROM locks")
        with pytest.raises(RunLocked) as refused:
            ledger.take_run("r2", "fyun", "start")
        assert (refused.value.holder, refused.value.run_id, refused.value.since) == (holder, "held", since)
        assert str(refused.value) == (
            f"fyun is being crawled by run held: process {other.pid} on {socket.gethostname()}, "
            f"since {since}. Wait for it to end, or stop it."
        )
        assert ledger.living_runs() == {"held"}
        ledger.take_run("r3", "hezhou", "start")
        assert ledger.living_runs() == {"held", "r3"}

        other.kill()
        # Not waited for: a zombie is dead.
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        assert ledger.living_runs() == {"r3"}
        [beat] = rows(path, "SELECT beat_at FROM locks WHERE site = 'fyun'")
        ledger.take_run("r2", "fyun", "start")
    assert rows(path, "SELECT finished_at, close_reason, complete FROM runs WHERE run_id = 'held'") == [
        (*beat, "died", 0)
    ]
    assert ledger.living_runs() == {"r2", "r3"}


def test_the_same_process_is_refused_too(ledger: Ledger) -> None:
    ledger.take_run("r1", "fyun", "start")
    with pytest.raises(RunLocked):
        ledger.take_run("r2", "fyun", "other start")
    ledger.finish_run("r1", "finished", True, {"found": 0})
    with pytest.raises(LedgerError, match="run r1 was begun before; take another id"):
        ledger.take_run("r1", "fyun", "start")
    ledger.take_run("r2", "fyun", "start")


def test_a_process_is_named_with_the_container_that_counts_it() -> None:
    host, pid, _ = this_process().split(" ")
    counted = Path("/proc/self/ns/pid").readlink().name.strip("pid:[]")
    assert (host, pid) == (f"{socket.gethostname()}:{counted}", str(os.getpid()))


HERE = this_process().partition(" ")[0]


@pytest.mark.parametrize(
    ("holder", "beat_at", "alive"),
    [
        pytest.param(this_process(), "2025-01-08T08:55:00Z", True, id="this-process-however-long-silent"),
        pytest.param(
            f"{HERE} {os.getpid()} boot/1",
            "9999-01-01T00:00:00Z",
            False,
            id="number-used-again",
        ),
        pytest.param(f"{HERE} 4194305 boot/1", "9999-01-01T00:00:00Z", False, id="no-process"),
        pytest.param(
            f"{socket.gethostname()}:1 {os.getpid()} boot/1",
            "2025-01-08T08:55:00Z",
            False,
            id="other-container-silent",
        ),
        pytest.param(
            f"{socket.gethostname()}:1 4194305 boot/1",
            "9999-01-01T00:00:00Z",
            True,
            id="other-container-beating",
        ),
        pytest.param("elsewhere 1 boot/1", "2025-01-08T08:55:00Z", False, id="other-host-silent"),
        pytest.param("elsewhere 1 boot/1", "9999-01-01T00:00:00Z", True, id="other-host-beating"),
    ],
)
def test_who_is_dead(ledger: Ledger, path: Path, holder: str, beat_at: str, alive: bool) -> None:
    ledger.take_run("r1", "fyun", "start")
    rows(path, f"UPDATE locks SET holder = '{holder}', beat_at = '{beat_at}' RETURNING 1")
    assert ledger.living_runs() == ({"r1"} if alive else set())
    if alive:
        with pytest.raises(RunLocked):
            ledger.take_run("r2", "fyun", "start")
    else:
        ledger.take_run("r2", "fyun", "start")
        assert ledger.living_runs() == {"r2"}


def test_beat(ledger: Ledger, path: Path) -> None:
    ledger.take_run("r1", "fyun", "start")
    rows(path, "UPDATE locks SET holder = 'elsewhere 1 boot/1', beat_at = '2025-01-08T08:55:00Z' RETURNING 1")
    assert ledger.living_runs() == set()
    ledger.beat("r1")
    assert ledger.living_runs() == {"r1"}
    rows(path, "UPDATE locks SET beat_at = '2025-01-08T08:55:00Z' RETURNING 1")
    ledger.take_run("r2", "fyun", "start")
    with pytest.raises(LedgerError, match="run r1 no longer holds its site's lock"):
        ledger.beat("r1")
    ledger.finish_run("r1", "finished", True, {"found": 0})
    assert ledger.living_runs() == {"r2"}


# --- opening


@pytest.mark.parametrize("damage", ["header", "page", "text"])
def test_a_damaged_file_is_refused(url: str, path: Path, damage: str) -> None:
    with Ledger.open(url) as ledger:
        ledger.take_run("r1", "fyun", "start")
        for number in range(200):
            ledger.accept(record(str(number)))
    whole = path.read_bytes()
    at = {"header": 0, "page": 4096 * 12, "text": 0}[damage]
    path.write_bytes(
        b"not a ledger" if damage == "text" else whole[:at] + b"\xff" * 4096 + whole[at + 4096 :]
    )
    said = []
    for ask in (Ledger.open, look):
        with pytest.raises(LedgerError) as refused:
            ask(url)
        said.append(str(refused.value))
    assert said[0].startswith(f"ledger {path}")
    assert said[0].endswith(CURE)
    assert said == [said[0]] * 2


def test_a_newer_schema_is_refused(url: str, path: Path) -> None:
    Ledger.open(url).close()
    rows(path, "UPDATE ledger_meta SET value = '99' RETURNING 1")
    with pytest.raises(LedgerError) as refused:
        Ledger.open(url)
    assert str(refused.value) == (
        f"ledger {path}: schema version 99 is of a newer newsmirror; this one knows up to 2. Install that "
        "version, or move the file away and make a new one from the feed: scrapy feed rebuild-ledger"
    )


def test_an_older_schema_is_lifted_once(url: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Ledger.open(url) as ledger:
        ledger.take_run("r1", "fyun", "start")
        ledger.accept(record("1"))

    def add_column(connection: Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE articles ADD COLUMN extra TEXT DEFAULT 'x'")

    monkeypatch.setattr(migrations, "MIGRATIONS", [*migrations.MIGRATIONS, add_column])
    for _ in range(2):
        Ledger.open(url).close()
        assert rows(path, "SELECT value FROM ledger_meta WHERE key = 'schema_version'") == [("3",)]
        assert rows(path, "SELECT revision, extra FROM articles") == [(1, "x")]


def test_a_failed_migration_changes_nothing(url: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Ledger.open(url).close()
    before = rows(path, "SELECT sql FROM sqlite_master ORDER BY name")

    def fail(connection: Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE articles ADD COLUMN extra TEXT")
        raise RuntimeError("half way")

    monkeypatch.setattr(migrations, "MIGRATIONS", [*migrations.MIGRATIONS, fail])
    with pytest.raises(RuntimeError, match="half way"):
        Ledger.open(url)
    assert rows(path, "SELECT sql FROM sqlite_master ORDER BY name") == before


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("data/ledger.db", "'data/ledger.db' is no database address: write sqlite:////path/ledger.db or "),
        ("postgresql//me:secret@host/db", "'postgresql//me:***@host/db' is no database address: "),
        ("mysql://host/db", "mysql: a ledger is kept in SQLite or in PostgreSQL"),
        ("sqlite://", "'sqlite://' names no file: write sqlite:////path/ledger.db"),
        ("sqlite:///:memory:", "'sqlite:///:memory:' names no file: write sqlite:////path/ledger.db"),
        ("nosuch://host/db", "nosuch: a ledger is kept in SQLite or in PostgreSQL"),
    ],
)
def test_an_address_of_no_ledger(given: str, said: str) -> None:
    with pytest.raises(LedgerError) as refused:
        Ledger.open(given)
    assert str(refused.value).startswith(said)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(LedgerError) as refused:
        Ledger.open(f"sqlite:///{tmp_path}/data/ledger.db")
    assert str(refused.value) == (
        f"ledger {tmp_path}/data/ledger.db: [Errno 17] File exists: '{tmp_path}/data'; "
        "let this user write there, or set NEWSMIRROR_LEDGER_URL"
    )


def test_a_file_that_cannot_be_written(ledger: Ledger, path: Path) -> None:
    ledger.take_run("r1", "fyun", "start")
    # The limit of a file's size stands in for a full disk; it is this process's, hence a process of its own.
    limited = python(
        """
        import resource, signal, sys
        from test_ledger import record
        from newsmirror.ledger.errors import LedgerError
        from newsmirror.ledger.ledger import Ledger
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        ledger = Ledger.open(sys.argv[1])
        ledger.accept(record("1"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        try:
            ledger.accept(record("2", body_text="x" * 300_000))
        except LedgerError as error:
            print(error)
        """,
        f"sqlite:///{path}",
    )
    said, _ = limited.communicate()
    assert limited.returncode == 0
    assert said in (
        f"ledger {path}: disk I/O error; look at the disk and its limits, then run again; nothing that was "
        "committed is lost\n",
        f"ledger {path}: database or disk is full; free some space and run again; nothing that was "
        "committed is lost\n",
    )
    assert rows(path, "SELECT count(*) FROM articles") == rows(path, "SELECT count(*) FROM outbox") == [(1,)]
    assert ledger.accept(record("2")).kind == "insert"


def test_a_writer_that_waits_too_long(
    ledger: Ledger, url: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PATIENCE_SECONDS", 0.05)
    ledger.take_run("r1", "fyun", "start")
    with Ledger.open(url) as hasty, ledger._writing(ledger._quick), pytest.raises(LedgerError) as refused:
        hasty.accept(record("1"))
    assert str(refused.value) == f"ledger {path}: database is locked; {PATIENCE}"


def test_it_is_opened_by_many_at_once(tmp_path: Path) -> None:
    openers = python(
        """
        import os, sys
        from newsmirror.ledger.ledger import Ledger
        for turn in range(5):
            children = []
            for _ in range(4):
                if child := os.fork():
                    children.append(child)
                else:
                    Ledger.open(f"sqlite:///{sys.argv[1]}/{turn}.db").close()
                    os._exit(0)
            print([os.waitpid(child, 0)[1] for child in children])
        """,
        str(tmp_path),
    )
    assert openers.communicate()[0] == "[0, 0, 0, 0]\n" * 5


def test_the_file_is_safe_by_its_settings(url: str) -> None:
    for durable, level in ((False, 1), (True, 2)):
        made = make_engine(parse_url(url), durable)
        with made.connect() as connection:
            asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in asked]
        made.dispose()
        assert found == ["wal", level, 1, 60_000]


def test_no_scrapy_is_needed() -> None:
    asked = python("import sys, newsmirror.ledger.rebuild; print('scrapy' in sys.modules)")
    assert asked.communicate()[0] == "False\n"


# --- rebuilding


def revisions() -> list[dict[str, Any]]:
    """A feed: one article revised, one as it was, one deleted."""
    return [
        record("1", "A", TIME, seq=4),
        record("2", "A", TIME, seq=5),
        record("1", "B", LATER, op="revise", revision=2, first_seen_at=TIME, seq=6),
        record("3", "A", TIME, seq=7),
        record("3", "A", LATER, op="delete", revision=2, first_seen_at=TIME, seq=9),
    ]


def test_rebuild_knows_the_last_revision_and_the_last_seq(url: str, path: Path) -> None:
    rebuild(url, iter(revisions()))
    assert [file.name for file in path.parent.iterdir()] == ["ledger.db"]
    ids = [digest(f"http://kuaizhao.example/{number}") for number in (1, 2, 3)]
    with Ledger.open(url) as ledger:
        assert ledger.seen(ids) == {
            ids[0]: Known(digest("B"), 2, TIME, LATER, TIME),
            ids[1]: Known(digest("A"), 1, TIME, TIME, TIME),
            ids[2]: Known(None, 2, TIME, LATER, TIME),
        }
        ledger.take_run("r1", "fyun", "start")
        assert ledger.accept(record("1", "B")).kind == "sighting"
        # Nothing but a takedown deletes.
        assert ledger.accept(record("3", "A", NEXT_DAY)) == Acceptance("taken_down", None)
        assert list(ledger.due_takedowns()) == [ids[2]]
        ledger.accept(record("4", run_id="r1"))
        with ledger.publishing() as publication:
            assert publication.last_seq == 9
        ledger.assign("r1", 10)
        assert [first for _, first, *_ in publish(ledger)] == [10]


def test_rebuild_knows_the_newest_bytes_that_are_kept(url: str) -> None:
    ids = [digest(f"http://kuaizhao.example/{number}") for number in (1, 3, 4)]
    old, new = (Capture("http://kuaizhao.example/1", at, "sha1:A", "f", "<urn:x>") for at in (TIME, LATER))
    files = [{ids[0]: new, ids[1]: new}, {ids[0]: old, ids[2]: old}]
    rebuild(url, iter(revisions()), captures=files)
    with Ledger.open(url) as ledger:
        # The second one is gone.
        assert [ledger.captured(id_) for id_ in ids] == [new, None, old]


def test_rebuild_keeps_what_was_there(url: str, path: Path) -> None:
    Ledger.open(url).close()
    path.write_bytes(b"damaged")
    path.with_name("ledger.db.new").write_bytes(b"left by a rebuild that was killed")
    rebuild(url, [])
    assert sorted(file.name for file in path.parent.iterdir()) == ["ledger.db", "ledger.db.old"]
    assert path.with_name("ledger.db.old").read_bytes() == b"damaged"
    with Ledger.open(url) as ledger, ledger.publishing() as publication:
        assert publication.last_seq == 0


def test_rebuild_moves_the_log_of_the_old_one_with_it(url: str, path: Path) -> None:
    Ledger.open(url).close()
    # Somebody looks at the old one, so that its log stays.
    looking = sqlite3.connect(path)
    looking.execute("SELECT * FROM runs").fetchall()
    rebuild(url, [record("1", seq=1)])
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "ledger.db", "ledger.db.old", "ledger.db.old-shm", "ledger.db.old-wal",
    ]  # fmt: skip
    looking.close()
    assert rows(path, "SELECT url FROM articles") == [("http://kuaizhao.example/1",)]


def test_rebuild_that_fails_leaves_the_old_one(url: str, path: Path) -> None:
    with Ledger.open(url) as ledger:
        ledger.take_run("r1", "fyun", "start")
        ledger.accept(record("1"))
        ledger.finish_run("r1", "finished", True, {"found": 1})

    def unreadable() -> Iterator[dict[str, Any]]:
        yield record("2", seq=1)
        raise ValueError("the feed")

    with pytest.raises(ValueError, match="the feed"):
        rebuild(url, unreadable())
    assert rows(path, "SELECT url FROM articles") == [("http://kuaizhao.example/1",)]
    rebuild(url, [record("2", seq=1)])
    assert rows(path, "SELECT url FROM articles") == [("http://kuaizhao.example/2",)]


def test_rebuild_waits_for_a_living_run(ledger: Ledger, url: str, path: Path) -> None:
    ledger.take_run("r1", "fyun", "start")
    with pytest.raises(LedgerError) as refused:
        rebuild(url, [])
    assert str(refused.value) == f"ledger {path}: in use by run r1; wait for it or stop it"


def test_a_ledger_that_knows_articles_is_not_restored(ledger: Ledger, path: Path) -> None:
    ledger.restore(revisions())
    with pytest.raises(LedgerError, match=f"ledger {path}: it knows articles already"):
        ledger.restore(revisions())


# --- crashes

# Kills a process at each step of some work: before each statement, after it, and before each commit.
KILLED = """
    import os, shutil, signal, sys
    from sqlalchemy import Engine, event
    from test_ledger import WORK
    from newsmirror.ledger.ledger import Ledger

    folder, what = sys.argv[1:]
    left = 0

    def count_down(*_):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for moment in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(Engine, moment, count_down)
    step, status = 0, -1
    while status:
        step += 1
        shutil.copyfile(f"{folder}/0.db", f"{folder}/{step}.db")
        if not (child := os.fork()):
            ledger = Ledger.open(f"sqlite:///{folder}/{step}.db")
            left = step
            for work in WORK[what]:
                work(ledger)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(step, status, flush=True)
"""
WORK: dict[str, list[Callable[[Ledger], object]]] = {
    "accept": [lambda ledger: ledger.accept(record("1", "B"))],
    "assign": [lambda ledger: ledger.assign("r1", 10)],
    "publish": [lambda ledger: publish(ledger)],
    "take": [
        lambda ledger: ledger.finish_run("r1", "finished", True, {"found": 1}),
        lambda ledger: ledger.take_run("r2", "fyun", "start"),
    ],
}


def prepare(url: str, what: str) -> None:
    with Ledger.open(url) as ledger:
        ledger.take_run("r1", "fyun", "start")
        ledger.accept(record("1"))
        if what == "publish":
            ledger.assign("r1", 10)


def state(path: Path) -> list[list[tuple[Any, ...]]]:
    """All that a ledger says, but for when it said it."""
    return [
        rows(path, query)
        for query in (
            "SELECT article_id, revision, content_sha256 FROM articles",
            "SELECT id, payload, part_id FROM outbox",
            "SELECT part_id, first_seq, published FROM parts",
            "SELECT run_id, close_reason, complete, manifest_due FROM runs",
            "SELECT value FROM counters",
            "SELECT site, run_id FROM locks",
        )
    ]


@pytest.mark.parametrize("what", WORK)
def test_killed_at_any_statement_all_or_nothing(tmp_path: Path, what: str) -> None:
    whole = tmp_path / "whole.db"
    prepare(f"sqlite:///{whole}", what)
    shutil.copyfile(whole, tmp_path / "0.db")
    states = [state(whole)]
    for work in WORK[what]:
        with Ledger.open(f"sqlite:///{whole}") as ledger:
            work(ledger)
        states.append(state(whole))

    run = python(KILLED, str(tmp_path), what)
    told, _ = run.communicate()
    outcomes = [tuple(map(int, line.split())) for line in told.splitlines()]
    *killed, survived = outcomes
    assert len(killed) >= 9
    assert {status for _, status in killed} == {signal.SIGKILL}
    assert survived[1] == run.returncode == 0
    # First nothing is there, then all of it; never a part.
    reached = [states.index(state(tmp_path / f"{step}.db")) for step, _ in outcomes]
    assert reached == sorted(reached)
    assert {*reached} == {*range(len(states))}


# --- two at once

TWO = """
    import json, sys
    from test_ledger import publish, record
    from newsmirror.ledger.ledger import Ledger

    url, site, feed = sys.argv[1:]
    ledger = Ledger.open(url)
    ledger.take_run(site, site, "start")
    for number in range(60):
        ledger.accept(record(f"{site}/{number}", run_id=site, site=site))
        if number % 7 == 0:
            while ledger.assign(site, 3):
                pass
            with ledger.publishing() as publication, open(feed, "a") as file:
                for part in publication.pending():
                    file.writelines(payload + "\\n" for payload in list(part.payloads()))
                    file.flush()
                    publication.published(part, 1, "0" * 64)
    ledger.finish_run(site, "finished", True, {"found": 60})
"""


def test_two_sites_publish_at_once(ledger: Ledger, url: str, tmp_path: Path) -> None:
    feed = tmp_path / "feed.jsonl"
    sites = [python(TWO, url, site, str(feed)) for site in ("fyun", "hezhou")]
    for site in sites:
        site.communicate()
        assert site.returncode == 0
    left: list[str] = []
    for site_name in ("fyun", "hezhou"):
        ledger.assign(site_name, 100)
    publish(ledger, left)
    records = [json.loads(line) for line in [*feed.read_text("utf-8").splitlines(), *left]]
    assert [found["seq"] for found in records] == list(range(1, 121))
    for site_name in ("fyun", "hezhou"):
        assert [found["url"] for found in records if found["site"] == site_name] == [
            f"http://kuaizhao.example/{site_name}/{number}" for number in range(60)
        ]


def test_threads_share_a_ledger(ledger: Ledger) -> None:
    feed: list[str] = []
    sites = ("fyun", "hezhou")

    def crawl(site: str) -> None:
        ledger.take_run(site, site, "start")
        for number in range(60):
            ledger.accept(record(f"{site}/{number}", run_id=site, site=site))
            if number % 7 == 0:
                ledger.assign(site, 100)
                publish(ledger, feed)

    threads = [threading.Thread(target=crawl, args=(site,)) for site in sites]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for site in sites:
        ledger.assign(site, 100)
    publish(ledger, feed)
    assert [json.loads(text)["seq"] for text in feed] == list(range(1, 121))
    assert len({json.loads(text)["article_id"] for text in feed}) == 120


def test_a_page_is_asked_for_in_one_query(ledger: Ledger) -> None:
    asked: list[str] = []
    event.listen(
        ledger._quick, "before_cursor_execute", lambda *given: asked.append(given[2])
    )  # fmt: skip
    ledger.seen(digest(str(number)) for number in range(30))
    assert len(asked) == 1
