"""What SIGKILL costs: crawls are killed at random instants, over one ledger and one feed, then one is not.

    python bench/kill.py [KILLS [SEED]]

The site is on loopback and begins with a hundred articles. Half of the kills fall on scheduled runs as they
are by default, before each of which twenty articles are published; half on runs that fetch everything again,
before each of which ten articles are edited. Parts have ten rows. The instant is drawn from the whole life of
a process, its start included; a run that ends before its instant does not count as killed.

Prints where the kills fell, and what the feed is after the last run. Ends with 1 if an article is lost (its
newest record is not what the site says), if one is there twice (a record like the one before it), if a part
disagrees with its manifest, or if there is a file that no manifest names.
"""

import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).parent.parent
sys.path.append(str(PROJECT / "tests"))

from newsserver import BODY, POLITENESS_OFF, Entry, NewsServer, Page, article, listing  # noqa: E402

from newsmirror.feed import read  # noqa: E402
from newsmirror.feed.verify import verify  # noqa: E402


class Series(NamedTuple):
    """Runs with these arguments, and what happens to the site before each of them."""

    name: str
    arguments: list[str]
    published: int
    edited: int


SERIES = [
    Series("only what is new", [], published=20, edited=0),
    Series("everything again", ["refresh=true", "sweep=true"], published=0, edited=10),
]
FIRST = 100
LISTED = 25  # on a page
UNNAMED = "no manifest names it"
# A client that was killed is no error of the site.
ThreadingHTTPServer.handle_error = lambda *_: None  # type: ignore[method-assign]


class Site:
    """Articles by path, each with the number of its edition; the newest is listed first."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.editions: dict[str, int] = {}
        self.publish(FIRST)

    def publish(self, count: int) -> None:
        """Publish more."""
        for number in range(len(self.editions), len(self.editions) + count):
            self.editions[f"/gn/20250108/{number}.html"] = 1

    def edit(self, count: int) -> None:
        """Change the text of some."""
        for path in self.chance.sample(sorted(self.editions), count):
            self.editions[path] += 1

    def pages(self) -> dict[str, Page]:
        """Return the pages of the site as it is."""
        entries = [Entry(path, f"河洲新闻：{path}") for path in reversed(self.editions)]
        pages = {
            each.href: article(each.title, body=[*BODY, last_words(self.editions[each.href])])
            for each in entries
        }
        for start in range(0, len(entries), LISTED):
            following = address(start + LISTED)
            after = f'<a href="{following}">下一页</a>' if start + LISTED < len(entries) else ""
            pages[address(start)] = listing(entries[start : start + LISTED], after)
        return pages


def last_words(edition: int) -> str:
    """Return what the text of an edition ends with."""
    return f"本文为第{edition}版。"


def address(start: int) -> str:
    """Return the path of the listing page that begins with that place."""
    return f"/gn/index_{start // LISTED + 1}.html" if start else "/gn/"


def begin(server: NewsServer, folder: str, series: Series) -> "subprocess.Popen[bytes]":
    """Begin a crawl in a process of its own."""
    server.log.clear()
    arguments = [f"start={server.origin}/gn/", "related=0", *series.arguments]
    settings = ["NEWSMIRROR_PART_ROWS=10", "LOG_LEVEL=ERROR", f"NEWSMIRROR_DIR={folder}"]
    given = [part for argument in arguments for part in ("-a", argument)]
    given += [part for setting in settings for part in ("-s", setting)]
    command = [sys.executable, "-m", "scrapy", "crawl", "anysite", *given, *POLITENESS_OFF]
    return subprocess.Popen(command, cwd=PROJECT)


def kill(crawl: "subprocess.Popen[bytes]", instant: float) -> bool:
    """Kill a crawl after so many seconds; return whether it was still there."""
    try:
        crawl.wait(instant)
    except subprocess.TimeoutExpired:
        crawl.kill()
        crawl.wait()
    return crawl.returncode < 0


def compare(site: Site, server: NewsServer, feed: str) -> dict[str, int]:
    """Return how many articles and files are not as they should be."""
    newest: dict[str, str] = {}
    twice = 0
    for record in read(feed):
        path = record["url"].removeprefix(server.origin)
        twice += newest.get(path) == record["body_text"]
        newest[path] = record["body_text"]
    problems = verify(feed)
    return {
        "articles lost": sum(
            not newest.get(path, "").endswith(last_words(edition)) for path, edition in site.editions.items()
        ),
        "records twice": twice,
        "parts that disagree": sum(problem.what != UNNAMED for problem in problems),
        "files without a name": sum(problem.what == UNNAMED for problem in problems),
    }


def run(series: Series, kills: int, chance: random.Random) -> bool:
    """Print the figures of a series; return whether the feed is as it should be."""
    site = Site(chance)
    with NewsServer(site.pages()) as server, tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        begin(server, f"{folder}/measured", series).wait()
        life = time.perf_counter() - start
        found: Counter[str] = Counter()
        while found.total() < kills:
            site.publish(series.published)
            site.edit(series.edited)
            server.pages = site.pages()
            if kill(begin(server, f"{folder}/kept", series), chance.uniform(0, life)):
                found["at work" if server.log else "before its first request"] += 1
        code = begin(server, f"{folder}/kept", series).wait()
        wrong = compare(site, server, f"{folder}/kept/feed")
        records = sum(1 for _ in read(f"{folder}/kept/feed"))
    print(f"{series.name}: {len(site.editions)} articles, {records} records; the last run ended with {code}")
    for where, count in found.most_common():
        print(f"{count:>6} killed {where}")
    for what, count in wrong.items():
        print(f"{count:>6} {what}")
    return code == 0 and not any(wrong.values())


def main() -> bool:
    """Run all series; return whether all feeds are as they should be."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1_000_000)
    print(f"seed {seed}")
    chance = random.Random(seed)
    right = [run(series, kills // len(SERIES), chance) for series in SERIES]
    return all(right)


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
