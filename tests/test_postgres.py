"""The ledger on PostgreSQL: what it does on SQLite, and what only several writers at once bring."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import feedmaker
import psycopg
import pytest
import test_ledger
import test_takedown
import test_two_sites
from feedmaker import House
from newsserver import NewsServer
from sqlalchemy import Connection, create_engine, insert
from test_ledger import LATER, PATIENCE, TIME, digest, publish, record, revisions, rows
from test_signals import ADDRESSES, Gate, crawl, published, told

from newsmirror.feed import read
from newsmirror.feed.storage import Storage
from newsmirror.feed.verify import verify
from newsmirror.ledger import engine
from newsmirror.ledger import ledger as ledger_module
from newsmirror.ledger.errors import LedgerError
from newsmirror.ledger.ledger import Known, Ledger
from newsmirror.ledger.migrations import migrate
from newsmirror.ledger.rebuild import rebuild
from newsmirror.ledger.tables import articles

# Debian keeps the server's programs out of the path.
PROGRAMS = [*sorted(Path("/usr/lib/postgresql").glob("*/bin")), shutil.which("postgres")]
# It refuses to run as root.
AS_USER: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
NUMBERS = count()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server of our own on a socket in its own folder, which is returned."""
    assert any(PROGRAMS), "PostgreSQL is missing: make test installs it where there is apt"
    programs = Path(next(filter(None, PROGRAMS)))
    programs = programs if programs.is_dir() else programs.resolve().parent
    with TemporaryDirectory() as folder, Path(folder, "log").open("wb") as log:
        if AS_USER:
            shutil.chown(folder, **AS_USER)
        data = f"{folder}/data"
        make = [programs / "initdb", "-D", data, "-U", "mirror", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(make, check=True, stdout=log, cwd=folder, **AS_USER)
        start = [programs / "postgres", "-D", data, "-k", folder, "-h", "", "-F"]
        with subprocess.Popen(start, stderr=log, cwd=folder, **AS_USER) as process:
            while not answers(folder):
                assert process.poll() is None, Path(log.name).read_text("utf-8")
                time.sleep(0.02)
            yield folder
            process.send_signal(signal.SIGQUIT)  # nothing of it is kept


def answers(server: str, command: Any = "SELECT 1") -> bool:
    """Give a server a command; return whether it took it, False while it still starts."""
    try:
        with psycopg.connect(f"host={server} user=mirror dbname=postgres", autocommit=True) as connection:
            connection.execute(command)
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture
def url(server: str) -> str:
    """A database of its own."""
    name = f"ledger{next(NUMBERS)}"
    assert answers(server, f"CREATE DATABASE {name}")
    return f"postgresql+psycopg://mirror@/{name}?host={quote(server, safe='')}"


@pytest.fixture
def path(url: str) -> str:
    """What the shared tests ask beside the ledger: see `rows`."""
    return url


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger.open(url) as opened:
        yield opened


SHARED = """
    test_a_new_article_is_an_insert
    test_back_and_forth_are_three_records
    test_a_sighting_counts_and_moves_last_seen_only_forward
    test_seen_of_nothing_and_of_more_than_one_statement_takes
    test_it_is_remembered
    test_parts_by_kind_date_and_rows
    test_a_failed_publication_is_repeated_with_the_same_rows
    test_manifests_are_due_until_told
    test_accepting_and_assigning_go_on_while_one_publishes
    test_a_run_that_ends_while_it_is_told_is_told_again
    test_a_file_that_is_closed_while_its_run_is_told_is_told_again
    test_manifests_that_nobody_asked_for_stay_due
    test_rows_of_the_other_site_are_not_assigned_but_its_parts_are_published
    test_a_dead_run_leaves_its_rows_to_the_next_one
    test_an_unknown_run
    test_last_complete
    test_a_second_run_is_refused_while_the_first_one_lives
    test_the_same_process_is_refused_too
    test_who_is_dead
    test_beat
    test_a_newer_schema_is_refused
    test_an_older_schema_is_lifted_once
    test_two_sites_publish_at_once
    test_threads_share_a_ledger
""".split()
globals().update({name: getattr(test_ledger, name) for name in SHARED})


# --- what is said


def refusal(call: Any, *given: Any) -> str:
    with pytest.raises(LedgerError) as refused:
        call(*given)
    return str(refused.value)


def test_a_record_of_no_run_is_refused_whole(ledger: Ledger, url: str) -> None:
    said = refusal(ledger.accept, record("1", run_id="nobody"))
    assert said.startswith(
        f'ledger {url}: insert or update on table "outbox" violates foreign key constraint'
    )
    assert said.endswith("; begin the run with take_run first")
    assert rows(url, "SELECT count(*) FROM articles") == [(0,)]


def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    said = refusal(Ledger.open, "postgresql+psycopg://me:secret@localhost:1/db")
    assert said.startswith("ledger postgresql+psycopg://me:***@localhost:1/db: connection ")
    assert said.endswith("see that the database can be reached and used")
    assert "secret" not in said


def test_a_writer_that_waits_too_long(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Ledger.open(url) as ledger, ledger._alone():
        monkeypatch.setattr(engine, "PATIENCE_SECONDS", 0.05)
        with Ledger(engine.parse_url(url)) as hasty:
            said = refusal(hasty.take_run, "r1", "fyun", "start")
    assert said.startswith(f"ledger {url}: canceling statement due to lock timeout ")
    assert said.endswith(f'in relation "counters"; {PATIENCE}')


def test_a_publisher_waits_for_the_one_before(
    ledger: Ledger, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "PUBLISHER_PATIENCE_SECONDS", 0.05)
    with Ledger.open(url) as hasty, ledger.publishing():
        said = refusal(publish, hasty)
    assert said.startswith(f"ledger {url}: canceling statement due to lock timeout ")
    assert said.endswith(f'in relation "ledger_meta"; {PATIENCE}')


# --- several at once


def lock_of_the_publisher(url: str) -> int:
    """The process of the server that the publisher's lock hangs on."""
    [(pid,)] = rows(
        url,
        "SELECT pid FROM pg_locks JOIN pg_class ON pg_class.oid = relation "
        "WHERE relname = 'ledger_meta' AND mode = 'RowShareLock'",
    )
    return int(pid)


@pytest.mark.parametrize("written", ["articles/", "manifests/r1"])
def test_a_publisher_that_lost_its_lock_commits_nothing_more(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    """While it writes a file another one publishes: what it would say of that one's run is of the past."""
    first, second = house(tmp_path, url), house(tmp_path, url)
    first.begin("r1")
    first.accept(feedmaker.record("a", "r1"))
    second.begin("r2", "jiangcheng")
    write = Storage.write

    def lose_the_lock(storage: Storage, path: str, data: bytes) -> None:
        if f"v1/{written}" in path:
            monkeypatch.undo()
            rows(url, f"SELECT pg_terminate_backend({lock_of_the_publisher(url)}, 5000)")
            second.accept(feedmaker.record("b", "r2", site="jiangcheng"))
            second.finish("r2")
            second.publish("r2")
        write(storage, path, data)

    monkeypatch.setattr(Storage, "write", lose_the_lock)
    said = refusal(first.publish, "r1")
    assert said.startswith(f"ledger {url}: terminating connection due to administrator command")
    for _ in range(2):
        assert verify(first.uri) == []
        assert [each["url"][-6:] for each in read(first.uri)] == ["a.html", "b.html"]
        first.publish("r1")
    first.ledger.close()
    second.ledger.close()


def beside(waiting: Callable[[], object], url: str, change: Callable[[Connection], object]) -> None:
    """Make a change, and commit it when something that was begun after it waits for it."""
    other = create_engine(url)
    with ThreadPoolExecutor(1) as threads:
        with other.begin() as connection:
            change(connection)
            waited = threads.submit(waiting)
            while rows(url, "SELECT count(*) FROM pg_locks WHERE NOT granted") == [(0,)]:
                assert not waited.done()
                time.sleep(0.01)
        waited.result()
    other.dispose()


def test_a_new_one_is_opened_by_two_at_once(url: str) -> None:
    def make(connection: Connection) -> None:
        engine.only_opener(connection)
        migrate(connection)

    beside(lambda: Ledger.open(url).close(), url, make)
    assert rows(url, "SELECT value FROM counters") == [(0,)]


def test_an_article_that_another_process_brings_at_the_same_time(ledger: Ledger, url: str) -> None:
    ledger.take_run("r1", "fyun", "start")
    kinds = []
    beside(
        lambda: kinds.append(ledger.accept(record("1", "B", LATER)).kind),
        url,
        lambda connection: connection.execute(insert(articles).values(row_of_another())),
    )
    assert kinds == ["revise"]


def row_of_another() -> dict[str, Any]:
    """The row of an article as another process has it."""
    given = record("1")
    kept = {column.name: given[column.name] for column in articles.c if column.name in given}
    return kept | {"last_seen_at": TIME, "sightings": 0}


@contextmanager
def beside_step(
    waiting: Callable[[], object], url: str, monkeypatch: pytest.MonkeyPatch, module: Any, step: str
) -> Iterator[None]:
    """Begin something in a thread as soon as a step is done; what follows the step goes on when it waits."""
    inner = getattr(module, step)
    begun: list[Future[object]] = []
    with ThreadPoolExecutor(1) as threads:

        def then(*given: Any) -> None:
            inner(*given)
            if not begun:
                begun.append(threads.submit(waiting))
                while rows(url, "SELECT count(*) FROM pg_locks WHERE NOT granted") == [(0,)]:
                    assert not begun[0].done()
                    time.sleep(0.01)

        monkeypatch.setattr(module, step, then)
        yield
        begun[0].result()


def published_ops(ledger: Ledger) -> list[tuple[str, int, str | None]]:
    """Publish all; return what a reader sees of each record: op, revision and title."""
    ledger.assign("t1", 10)
    return [
        (each["op"], each["revision"], each["title"])
        for _, first, _, records in publish(ledger)
        if first is not None  # of rejects it is
        for each in records
    ]


def test_a_takedown_waits_for_what_is_being_taken_in(
    ledger: Ledger, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.take_run("r1", "hezhou", "start")
    ledger.accept(feedmaker.record("b", "r1"))
    article = feedmaker.record("b", "r1", "二")

    def take_down() -> None:
        ledger.take_down([article["article_id"]], "asked for", "t1", "hezhou")

    with beside_step(take_down, url, monkeypatch, ledger_module, "_put_out_article"):
        assert ledger.accept(article).kind == "revise"
    assert published_ops(ledger) == [("delete", 1, None), ("delete", 2, None), ("delete", 3, None)]


TAKE_IN = {
    "accept": lambda ledger, article: ledger.accept(article),
    "amend": lambda ledger, article: ledger.amend(article, 1),
    "reject": lambda ledger, article: ledger.reject("r1", "hezhou", article["url"], "invalid", "二", TIME),
}


@pytest.mark.parametrize("take_in", TAKE_IN.values(), ids=TAKE_IN.keys())
def test_what_is_taken_in_waits_for_a_takedown(
    ledger: Ledger, url: str, monkeypatch: pytest.MonkeyPatch, take_in: Callable[[Ledger, Any], object]
) -> None:
    ledger.take_run("r1", "hezhou", "start")
    ledger.accept(feedmaker.record("b", "r1"))
    article = feedmaker.record("b", "r1", "二")
    with beside_step(lambda: take_in(ledger, article), url, monkeypatch, ledger_module.takedowns, "block"):
        ledger.take_down([article["article_id"]], "asked for", "t1", "hezhou")
    assert published_ops(ledger) == [("delete", 1, None), ("delete", 2, None)]
    assert rows(url, "SELECT kind FROM outbox WHERE position('二' in payload) > 0") == []


def test_a_lost_ledger_is_made_from_the_feed(url: str) -> None:
    rebuild(url, iter(revisions()))
    article_id = digest("http://kuaizhao.example/1")
    with Ledger.open(url) as ledger:
        assert ledger.seen([article_id]) == {article_id: Known(digest("B"), 2, TIME, LATER, TIME)}
        with ledger.publishing() as publication:
            assert publication.last_seq == 9
    assert refusal(rebuild, url, iter(revisions())).startswith(f"ledger {url}: it knows articles already")


def house(folder: Path, url: str) -> House:
    made = House(folder)
    made.ledger.close()
    made.ledger = Ledger.open(url)
    return made


def test_a_takedown(url: str, tmp_path: Path) -> None:
    filled = test_takedown.fill(house(tmp_path, url))
    test_takedown.test_an_original_takes_all_its_mirrors_with_it(filled, tmp_path)
    filled.ledger.close()


# --- real crawls


def test_two_crawls_at_once(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSMIRROR_LEDGER_URL", url)
    test_two_sites.test_a_reader_with_a_cursor_misses_nothing(tmp_path)
    assert not (tmp_path / "ledger.db").exists()
    assert rows(url, "SELECT count(*) FROM articles") == [(60,)]


def test_a_killed_crawl_leaves_nothing_held(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSMIRROR_LEDGER_URL", url)
    pages = Gate()
    with NewsServer(pages) as site:
        with crawl(site, tmp_path) as killed:
            pages.wait()
            killed.kill()
            killed.communicate(timeout=30)
        pages.opened.set()
        with crawl(site, tmp_path) as again:
            again.communicate(timeout=30)
        assert again.returncode == 0
        assert told(tmp_path) == [("died", False), ("finished", True)]
        assert sorted(published(site, tmp_path)) == ADDRESSES
