"""A run, or a rereading, holds the lock of its site as long as it works, and gives back what it took."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from feedmaker import record
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider
from scrapy.utils.project import get_project_settings

from newsmirror.feed.errors import FeedError
from newsmirror.feed.manifest import Manifest, read_manifests
from newsmirror.feed.storage import Storage
from newsmirror.ledger.errors import LedgerError
from newsmirror.ledger.ledger import Ledger
from newsmirror.ops import run as run_module
from newsmirror.ops.run import MirrorRun
from newsmirror.reread import reread as reread_module
from newsmirror.reread.reread import reread
from newsmirror.reread.workers import House
from newsmirror.spiders.demo import DemoSpider


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MirrorRun:
    """A run of the demo that has no engine but for a note of who asked to close it."""
    monkeypatch.setenv("SCRAPY_SETTINGS_MODULE", "newsmirror.settings")
    settings = get_project_settings()
    settings.set("NEWSMIRROR_DIR", str(tmp_path))
    settings.set("TWISTED_REACTOR_ENABLED", False)
    crawler = Crawler(DemoSpider, settings)
    crawler.spider = DemoSpider.from_crawler(crawler)
    crawler._apply_settings()
    made = MirrorRun.from_crawler(crawler)
    made.crawler._engine = Engine()  # type: ignore[assignment]
    return made


class Engine(SimpleNamespace):
    running = False

    async def close_spider_async(self, reason: str) -> None:
        self.closed_for = reason


def failure(run: MirrorRun) -> Any:
    return run.crawler.stats.get_value("newsmirror/run/failure")


def manifests(run: MirrorRun) -> list[Manifest]:
    return read_manifests(Storage(run.places.feed_uri))


def lose_lock(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "ledger.db")) as ledger, ledger:
        ledger.execute("DELETE FROM locks")


def refusals(monkeypatch: pytest.MonkeyPatch) -> Event:
    """What is set at each beat that is refused."""
    refused = Event()
    beat = Ledger.beat

    def beaten(ledger: Ledger, run_id: str) -> None:
        try:
            beat(ledger, run_id)
        except LedgerError:
            refused.set()
            raise

    monkeypatch.setattr(Ledger, "beat", beaten)
    return refused


def locks(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "ledger.db")) as ledger:
        return [run_id for (run_id,) in ledger.execute("SELECT run_id FROM locks")]


class Beats:
    """The beats of a run, as often as can be; `awaited` names the steps that were held up until the next."""

    def __init__(self, module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        self.awaited: list[str] = []
        self._came = Event()
        self._module = module
        self._patch = monkeypatch
        beat = Ledger.beat

        def beaten(ledger: Ledger, run_id: str) -> None:
            beat(ledger, run_id)
            self._came.set()

        monkeypatch.setattr(Ledger, "beat", beaten)
        monkeypatch.setattr(module, "_BEAT_SECONDS", 0.001)

    def hold(self, name: str, unless: Callable[[], bool] = lambda: False) -> None:
        """Hold up a step of the run until a beat has come."""
        step = getattr(self._module, name)

        def held(*given: Any, **named: Any) -> Any:
            if not unless():
                self._came.clear()
                assert self._came.wait(10), f"no beat during {name}"
                self.awaited.append(name)
            return step(*given, **named)

        self._patch.setattr(self._module, name, held)


def test_a_run_says_that_it_is_alive_while_it_opens_and_closes(
    run: MirrorRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats = Beats(run_module, monkeypatch)
    beats.hold("sweep")
    beats.hold("close_left")
    beats.hold("publish", unless=lambda: locks(tmp_path) == [])

    async def crawl() -> None:
        await run.opened()
        run.crawler.engine.running = True
        await run.closed("finished")

    asyncio.run(crawl())
    assert beats.awaited == ["sweep", "close_left", "publish", "publish"]
    # A beat without the lock, which is given back before the last publishing, is a failure.
    assert failure(run) is None
    assert [manifest.close_reason for manifest in manifests(run)] == ["finished"]


def test_a_lock_that_is_lost_while_the_run_opens_closes_nothing_that_is_not_open(
    run: MirrorRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = refusals(monkeypatch)

    def lose(*_: Any) -> None:
        lose_lock(tmp_path)
        assert refused.wait(10)

    monkeypatch.setattr(run_module, "_BEAT_SECONDS", 0.001)
    monkeypatch.setattr(run_module, "sweep", lose)

    async def crawl() -> str | None:
        await run.opened()
        while_opening = failure(run)
        run.crawler.engine.running = True
        refused.clear()
        await asyncio.to_thread(refused.wait, 10)
        await run.closed("ledger_failed")
        return while_opening and str(while_opening)

    assert asyncio.run(crawl()) is None
    assert (failure(run), run.crawler.engine.closed_for) == ("ledger", "ledger_failed")


@pytest.mark.parametrize("step", ["walked_until", "sweep", "close_left", "publish"])
def test_a_run_that_cannot_open_gives_its_lock_back(
    run: MirrorRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise FeedError("no") if step == "publish" else LedgerError("no")

    async def crawl() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Ledger if step == "walked_until" else run_module, step, fail)
            with pytest.raises(CloseSpider):
                await run.opened()
        assert locks(tmp_path) == [run.run_id]
        await run.closed("ledger_or_feed_unusable")

    asyncio.run(crawl())
    assert (failure(run), locks(tmp_path)) == ("unusable", [])
    assert [manifest.close_reason for manifest in manifests(run)] == ["ledger_or_feed_unusable"]


def test_a_run_that_is_refused_closes_its_ledger(
    run: MirrorRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    close = Ledger.close

    def closed(ledger: Ledger) -> None:
        done.append("closed")
        close(ledger)

    async def crawl() -> None:
        with pytest.raises(CloseSpider):
            await run.opened()
        monkeypatch.setattr(Ledger, "close", closed)
        await run.closed("locked")

    with Ledger.open(run.places.ledger_url) as other:
        other.take_run("another", run.site, "[]")
        asyncio.run(crawl())
        assert (done, failure(run), locks(tmp_path)) == (["closed"], "locked", ["another"])


# ---- a rereading -------------------------------------------------------------------------------------------


@pytest.fixture
def house(tmp_path: Path) -> House:
    (tmp_path / "archive").mkdir()
    return House(str(tmp_path / "feed"), tmp_path / "archive", {}, "r1")


def test_a_rereading_says_that_it_is_alive_while_it_publishes(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats = Beats(reread_module, monkeypatch)
    beats.hold("close_left")
    beats.hold("publish", unless=lambda: locks(tmp_path) == [])

    def read(house: House, site: str, seen: Any, compared: Any, taken: Callable[[Any], None]) -> None:
        taken(record("a1", house.run_id))

    monkeypatch.setattr(reread_module, "_read_all", read)
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        outcome = reread(house, "hezhou", ledger, part_rows=1)
    # On the way what was left, then the row; at the end the lock is given back, and nothing waits for a beat.
    assert beats.awaited == ["close_left", "publish", "publish"]
    assert outcome.counts() == {"pages": 1, "new": 1, "revised": 0, "unchanged": 0, "lost": 0}
    assert [each.complete for each in read_manifests(Storage(house.feed_uri))] == [True]


def test_a_rereading_that_has_lost_its_lock_stops(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = refusals(monkeypatch)

    def read(house: House, site: str, seen: Any, compared: Any, taken: Callable[[Any], None]) -> None:
        taken(record("a1", house.run_id))
        lose_lock(tmp_path)
        assert refused.wait(10)
        while True:
            taken(record("a2", house.run_id))

    monkeypatch.setattr(reread_module, "_BEAT_SECONDS", 0.001)
    monkeypatch.setattr(reread_module, "_read_all", read)
    with (
        Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger,
        pytest.raises(LedgerError, match="no longer holds its site's lock"),
    ):
        reread(house, "hezhou", ledger, part_rows=1)
    assert [each.close_reason for each in read_manifests(Storage(house.feed_uri))] == ["failed"]
