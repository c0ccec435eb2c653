"""A crawl that is told to stop: asked once it commits what it has, asked twice it goes at once."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from newsserver import POLITENESS_OFF, PROJECT, Entry, NewsServer, Page, article, listing

from newsmirror.feed import read
from newsmirror.feed.verify import verify

ENTRIES = [Entry(f"/gn/20250108/a{number}.html", f"河洲新闻第{number}号：一件新鲜事") for number in range(8)]
ADDRESSES = [entry.href for entry in ENTRIES]
ANSWERED = 3


def site(entries: Sequence[Entry]) -> dict[str, Page]:
    return {"/gn/": listing(entries)} | {entry.href: article(entry.title) for entry in entries}


class Gate(dict[str, Page]):
    """A site; when so many of its articles were answered, the next one waits until the gate is opened."""

    def __init__(self, answered: int = ANSWERED) -> None:
        super().__init__(site(ENTRIES))
        self.answered = answered
        self.asked: list[str] = []
        self.opened = Event()

    def get(self, path: str, default: Any = None) -> Any:
        if path in ADDRESSES:
            self.asked.append(path)
            if len(self.asked) > self.answered:
                self.opened.wait(60)
        return super().get(path, default)

    def wait(self) -> None:
        """Wait until an article waits."""
        while len(self.asked) <= self.answered:
            time.sleep(0.01)


@contextmanager
def crawl(server: NewsServer, kept: Path, *launcher: str) -> "Iterator[subprocess.Popen[str]]":
    """A crawl in a process of its own, that asks for one page at a time."""
    given = ["-a", f"start={server.origin}/gn/", "-a", "related=0", *POLITENESS_OFF]
    command = [*launcher, sys.executable, "-W", "error", "-m", "scrapy", "crawl", "anysite", *given]
    command += ["-s", "CONCURRENT_REQUESTS=1"]
    environment = {**os.environ, "NEWSMIRROR_DIR": str(kept)}
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ask_to_stop(process: "subprocess.Popen[str]", by: signal.Signals, said: str) -> None:
    """Send a signal, and wait until it was heard: two at once may arrive as one."""
    process.send_signal(by)
    assert process.stderr is not None
    assert any(said in line for line in process.stderr)


def accepted(kept: Path) -> int:
    with closing(sqlite3.connect(f"file:{kept}/ledger.db?mode=ro", uri=True)) as ledger:
        count: int = ledger.execute("SELECT count(*) FROM articles").fetchone()[0]
    return count


def wait_at_the_gate(pages: Gate, kept: Path) -> None:
    pages.wait()
    while accepted(kept) < ANSWERED:
        time.sleep(0.01)


def told(kept: Path) -> list[tuple[str | None, bool]]:
    found = [json.loads(path.read_text("utf-8")) for path in (kept / "feed/v1/manifests").iterdir()]
    found.sort(key=lambda manifest: manifest["started_at"])
    return [(manifest["close_reason"], manifest["complete"]) for manifest in found]


def published(server: NewsServer, kept: Path) -> list[str]:
    assert verify(str(kept / "feed")) == []
    return [record["url"].removeprefix(server.origin) for record in read(str(kept / "feed"))]


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_asked_once_it_commits_what_it_has(tmp_path: Path, by: signal.Signals) -> None:
    pages = Gate()
    with NewsServer(pages) as server:
        with crawl(server, tmp_path) as stopped:
            wait_at_the_gate(pages, tmp_path)
            ask_to_stop(stopped, by, f"Received {by.name}, shutting down gracefully")
            pages.opened.set()
            stopped.communicate(timeout=30)
        assert stopped.returncode == 1
        assert told(tmp_path) == [("shutdown", False)]
        assert published(server, tmp_path) == pages.asked  # what was under way is kept
        with crawl(server, tmp_path) as again:
            again.communicate(timeout=30)
        assert again.returncode == 0
        assert told(tmp_path) == [("shutdown", False), ("finished", True)]
        assert sorted(published(server, tmp_path)) == ADDRESSES


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_asked_twice_it_goes_at_once_and_the_next_run_publishes_all(
    tmp_path: Path, by: signal.Signals
) -> None:
    pages = Gate()
    with NewsServer(pages) as server:
        with crawl(server, tmp_path) as stopped:
            wait_at_the_gate(pages, tmp_path)
            ask_to_stop(stopped, by, f"Received {by.name}, shutting down gracefully")
            ask_to_stop(stopped, by, f"Received {by.name} twice, forcing unclean shutdown")
            stopped.communicate(timeout=30)  # with the gate shut
        assert stopped.returncode == 1
        assert (told(tmp_path), published(server, tmp_path)) == ([(None, False)], [])
        assert accepted(tmp_path) == ANSWERED
        pages.opened.set()
        with crawl(server, tmp_path) as again:
            again.communicate(timeout=30)
        assert again.returncode == 0
        assert told(tmp_path) == [("died", False), ("finished", True)]
        assert sorted(published(server, tmp_path)) == ADDRESSES
        assert [record["seq"] for record in read(str(tmp_path / "feed"))] == [*range(1, 9)]
