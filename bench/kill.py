"""What SIGKILL costs: crawls are killed at random instants, over one ledger and one feed, then one is not.

    python bench/kill.py [KILLS [SEED]]

The site is on loopback: a hundred articles to begin with; before every run two more are published and ten
are edited. Every run fetches them all and publishes parts of ten rows. The instant is drawn from the whole
life of a process, its start included; a run that ends before its instant does not count as killed.

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

PROJECT = Path(__file__).parent.parent
sys.path.append(str(PROJECT / "tests"))

from newsserver import BODY, POLITENESS_OFF, Entry, NewsServer, Page, article, listing  # noqa: E402

from newsmirror.feed import read  # noqa: E402
from newsmirror.feed.verify import verify  # noqa: E402

FIRST, NEW, EDITED = 100, 2, 10
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


def begin(server: NewsServer, folder: str) -> "subprocess.Popen[bytes]":
    """Begin a crawl in a process of its own."""
    server.log.clear()
    arguments = ["start=" + server.origin + "/gn/", "related=0", "refresh=true"]
    settings = ["NEWSMIRROR_PART_ROWS=10", "LOG_LEVEL=ERROR", f"NEWSMIRROR_DIR={folder}"]
    given = [part for argument in arguments for part in ("-a", argument)]
    given += [part for setting in settings for part in ("-s", setting)]
    command = [sys.executable, "-m", "scrapy", "crawl", "anysite", *given, *POLITENESS_OFF]
    return subprocess.Popen(command, cwd=PROJECT)


def kill(server: NewsServer, folder: str, instant: float) -> str | None:
    """Begin a crawl and kill it after so many seconds; return where it was, None if it had ended."""
    crawl = begin(server, folder)
    try:
        crawl.wait(instant)
    except subprocess.TimeoutExpired:
        crawl.kill()
        crawl.wait()
    if crawl.returncode >= 0:
        return None
    asked = len(server.log)
    if asked == 0:
        return "before its first request"
    return "at work" if asked < len(server.pages) else "after its last request"


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


def main() -> bool:
    """Print the figures; return whether the feed is as it should be."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1_000_000)
    print(f"seed {seed}")
    chance = random.Random(seed)
    site = Site(chance)
    with NewsServer(site.pages()) as server, tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        begin(server, f"{folder}/measured").wait()
        life = time.perf_counter() - start
        found: Counter[str] = Counter()
        while found.total() < kills:
            site.publish(NEW)
            site.edit(EDITED)
            server.pages = site.pages()
            if where := kill(server, f"{folder}/kept", chance.uniform(0, life)):
                found[where] += 1
        for where, count in found.most_common():
            print(f"{count:>6} killed {where}")
        code = begin(server, f"{folder}/kept").wait()
        wrong = compare(site, server, f"{folder}/kept/feed")
        records = sum(1 for _ in read(f"{folder}/kept/feed"))
    print(f"{len(site.editions):>6} articles, {records} records; the last run ended with {code}")
    for what, count in wrong.items():
        print(f"{count:>6} {what}")
    return code == 0 and not any(wrong.values())


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
