"""Two sites, crawled and published at once by two processes on one ledger and one feed, beside a reader."""

import os
import subprocess
import sys
from pathlib import Path
from threading import Barrier
from typing import Any

from newsserver import POLITENESS_OFF, PROJECT, Entry, NewsServer, Page, article, listing

from newsmirror.feed import read
from newsmirror.feed.verify import verify

ENTRIES = [Entry(f"/gn/20250108/a{number}.html", f"河洲新闻第{number}号：一件新鲜事") for number in range(30)]
PART_ROWS = 3


class Together(dict[str, Page]):
    """Pages of which the listing is only answered when both crawls ask for it."""

    def __init__(self) -> None:
        super().__init__({"/gn/": listing(ENTRIES)} | {e.href: article(e.title) for e in ENTRIES})
        self.both = Barrier(2, timeout=60)

    def get(self, path: str, default: Any = None) -> Any:
        if path == "/gn/":
            self.both.wait()
        return super().get(path, default)


def crawl(origin: str, kept: Path) -> "subprocess.Popen[bytes]":
    given = ["-a", f"start={origin}/gn/", "-a", "related=0", *POLITENESS_OFF]
    given += ["-s", f"NEWSMIRROR_PART_ROWS={PART_ROWS}", "-s", "LOG_LEVEL=ERROR"]
    command = [sys.executable, "-W", "error", "-m", "scrapy", "crawl", "anysite", *given]
    return subprocess.Popen(command, cwd=PROJECT, env={**os.environ, "NEWSMIRROR_DIR": str(kept)})


def test_a_reader_with_a_cursor_misses_nothing(tmp_path: Path) -> None:
    feed = tmp_path / "feed"
    got: list[dict[str, Any]] = []

    def poll() -> None:
        if (feed / "v1/index.json").exists():
            got.extend(read(str(feed), since=got[-1]["seq"] if got else 0))

    with NewsServer(Together()) as server:
        crawls = [crawl(origin, tmp_path) for origin in (server.origin, server.foreign)]
        while any(each.poll() is None for each in crawls):
            poll()
        assert [each.returncode for each in crawls] == [0, 0]
        poll()
        expected = [origin + e.href for origin in (server.origin, server.foreign) for e in ENTRIES]
    assert [record["seq"] for record in got] == [*range(1, len(expected) + 1)]
    assert sorted(record["url"] for record in got) == sorted(expected)
    assert got == list(read(str(feed)))
    assert verify(str(feed)) == []
