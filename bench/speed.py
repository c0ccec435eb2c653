"""How fast a whole crawl is, beside Scrapy itself, a spider for one site, and general extractors.

    python bench/speed.py [--pages 2052] [--rounds 5]
    python bench/speed.py --long [--pages 100000]

All crawl the same pages of a fast server on loopback (bench/fastserver.py), each in a process of its own, in
turn, round by round, with the same number of requests at a time and no delay. Pages a second count from the
first article that is asked for to the end of the process: what is fetched but not yet read, written or
published is not done. The whole time counts from the start of the process. A ratio is the median of the
ratios of the rounds, with the least and the greatest. Processor time is less disturbed by what else the
machine does. Ends with 1 if a crawl did not do all of its work, or if an aim is missed.

With the default pages and rounds the table in README.md is written. `--long` is one crawl that prints how
much memory it holds after 10,000, 50,000 and 100,000 articles.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, Self

from fastserver import START, Site

from newsmirror.demo.articles import articles as demo_articles

BENCH = Path(__file__).resolve().parent
PROJECT = BENCH.parent
# It brings some fifty packages, so it has an environment of its own, which `make bench` makes.
NEWS_PLEASE = PROJECT / ".venv-news-please" / "bin" / "python"
ROUNDS = 5
PAGES = 2052
# A general extractor takes so long that a part of the pages tells enough.
PEER_COPIES = 4
LONG = 100_000
MARKS = (10_000, 50_000, 100_000)
MOST_MEGABYTES = 200
MOST_START_SECONDS = 1.2
# Scrapy's own defaults: newsmirror's are lower, and are raised to these.
SAME = ["CONCURRENT_REQUESTS=16", "CONCURRENT_REQUESTS_PER_DOMAIN=8", "DOWNLOAD_DELAY=0"]
IMPOLITE = [*SAME, "AUTOTHROTTLE_ENABLED=False"]
UVLOOP = "ASYNCIO_EVENT_LOOP=uvloop.Loop"


def in_copies(pages: int) -> int:
    """Return how many copies of the demo's articles are at least so many pages."""
    return -(-pages // len(demo_articles()))


class Server:
    """The fast server, while its `with` block lasts."""

    def __init__(self, copies: int, *options: str) -> None:
        command = [sys.executable, str(BENCH / "fastserver.py"), str(copies), *options]
        environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        assert self._process.stdin
        assert self._process.stdout
        self._in, self._out = self._process.stdin, self._process.stdout
        self.port = int(self._out.readline())

    def asked(self) -> dict[str, Any]:
        """Return what was asked for since the last time: `requests`, `articles`, `first`."""
        self._in.write("\n")
        self._in.flush()
        told: dict[str, Any] = json.loads(self._out.readline())
        return told

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._in.close()
        self._process.wait()


class Crawl(NamedTuple):
    """What a crawl took: `seconds` in all, `processor` milliseconds a page, `megabytes` at most."""

    pages_a_second: float
    seconds: float
    processor: float
    megabytes: float
    requests: int


class Contestant(NamedTuple):
    """A command of Scrapy's, and what is printed about it; `out`: does it write records?"""

    name: str
    arguments: list[str]
    settings: list[str]
    command: tuple[str, ...] = (sys.executable, "-m", "scrapy")
    ours: bool = False
    out: bool = True
    host: str = "127.0.0.1"


def newsmirror(name: str, *settings: str, host: str = "127.0.0.1") -> Contestant:
    return Contestant(name, ["anysite"], [*IMPOLITE, *settings], ours=True, host=host)


BARE, BEST, VANILLA, OURS, ARCHIVED = (
    "Scrapy alone",
    "Scrapy alone, at its best",
    "a spider for this site",
    "newsmirror",
    "newsmirror, with raw archive",
)
AGAIN = "newsmirror again, nothing changed"
TWO = "newsmirror, two sites at once"
NO_ARCHIVE = "NEWSMIRROR_ARCHIVE=off"


def contestants(addresses: Path) -> list[Contestant]:
    """Return who crawls the whole site."""
    bare = ["bare", "-a", f"addresses={addresses}"]
    # Scrapy's default; all others ask for robots.txt.
    plain = [*SAME, "ROBOTSTXT_OBEY=False"]
    best = ["CONCURRENT_ITEMS=4", *([UVLOOP] if find_spec("uvloop") else [])]
    return [
        Contestant(BARE, bare, plain, out=False),
        Contestant(BEST, bare, [*plain, *best], out=False),
        Contestant(VANILLA, ["vanilla"], SAME),
        newsmirror(OURS, NO_ARCHIVE),
        newsmirror(ARCHIVED),
    ]


def peers() -> Iterator[Contestant]:
    """Yield the general extractors that are installed."""
    if find_spec("trafilatura"):
        yield Contestant("Scrapy with trafilatura", ["trafilatura"], SAME)
    if NEWS_PLEASE.exists():
        yield Contestant("Scrapy with news-please", ["news-please"], SAME, (str(NEWS_PLEASE), "-m", "scrapy"))


def begin(who: Contestant, port: int, folder: Path) -> "subprocess.Popen[bytes]":
    """Begin a crawl whose records and memory are kept in a folder."""
    start = f"http://{who.host}:{port}{START}"
    given = ["-a", f"start={start}" if who.ours else f"listing={start}"]
    given += [part for setting in who.settings for part in ("-s", setting)]
    given += ["-O", str(folder / f"{who.host}.jsonl")] if who.out else []
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "NEWSMIRROR_DIR": str(folder)}
    if not who.ours:
        environment |= {"PYTHONPATH": str(BENCH), "SCRAPY_SETTINGS_MODULE": "contestants"}
    command = [*who.command, "crawl", *who.arguments, *given]
    with open(folder / "log", "ab") as log:
        cwd = PROJECT if who.ours else folder
        return subprocess.Popen(command, cwd=cwd, env=environment, stderr=log)


def measure(server: Server, crawling: Sequence[Contestant], folder: Path, pages: int) -> Crawl:
    """Crawl, all of these at once, and return what it took; exits if one did not do its work."""
    server.asked()
    began = time.monotonic()
    running = [begin(who, server.port, folder) for who in crawling]
    usages = [wait(process) for process in running]
    ended = time.monotonic()
    asked = server.asked()
    for who, process in zip(crawling, running, strict=True):
        out = folder / f"{who.host}.jsonl"
        records = lines_of(out) if who.out else pages
        if process.returncode or records != pages or asked["articles"] != pages:
            told = f"{asked['articles']} pages and {records} records of {pages}"
            sys.exit(f"{who.name}: {told}\n{(folder / 'log').read_text()[-4000:]}")
    processor = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    pages *= len(crawling)
    return Crawl(
        pages_a_second=pages / (ended - (asked["first"] or began)),
        seconds=ended - began,
        processor=processor * 1000 / max(pages, 1),
        megabytes=max(usage.ru_maxrss for usage in usages) / 1024,
        requests=asked["requests"],
    )


def lines_of(file: Path) -> int:
    """Return how many lines a file has, none if it is missing.

    Not read at once: the most memory that a process had begins with what the one that started it has.
    """
    if not file.exists():
        return 0
    with file.open("rb") as lines:
        return sum(1 for _ in lines)


def wait(process: "subprocess.Popen[bytes]") -> resource.struct_rusage:
    """Wait for the end of a process; return what it used."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage


def ended(process: "subprocess.Popen[bytes]") -> resource.struct_rusage | None:
    """Return what a process used, or None while it runs."""
    pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    if pid:
        process.returncode = os.waitstatus_to_exitcode(status)
    return usage if pid else None


def start_up() -> float:
    """Return how many seconds `scrapy list` takes."""
    began = time.monotonic()
    command = [sys.executable, "-m", "scrapy", "list"]
    subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def run(copies: int, rounds: int) -> dict[str, list[Crawl]]:
    """Return what each contestant took in each round."""
    site, part = Site(copies), Site(min(copies, PEER_COPIES))
    found: defaultdict[str, list[Crawl]] = defaultdict(list)
    with Server(copies) as server, Server(min(copies, PEER_COPIES)) as small, new_folder() as kept:
        addresses = kept / "addresses"
        addresses.write_text("".join(f"http://127.0.0.1:{server.port}{path}\n" for path in site.paths()))
        for _ in range(rounds):
            for who in contestants(addresses):
                with new_folder() as folder:
                    found[who.name].append(measure(server, [who], folder, site.articles))
                    if who.name == OURS:
                        found[AGAIN].append(measure(server, [who], folder, 0))
            with new_folder() as folder:
                both = [newsmirror(TWO, NO_ARCHIVE, host=host) for host in ("127.0.0.1", "localhost")]
                found[TWO].append(measure(server, both, folder, site.articles))
            for who in peers():
                with new_folder() as folder:
                    found[who.name].append(measure(small, [who], folder, part.articles))
    return found


@contextmanager
def new_folder() -> Iterator[Path]:
    """Yield a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def middle(numbers: Iterable[float]) -> float:
    return statistics.median(numbers)


def ratios(found: list[Crawl], others: list[Crawl]) -> list[float]:
    """Return how much faster one is than the other, round by round."""
    return [one.pages_a_second / other.pages_a_second for one, other in zip(found, others, strict=True)]


def spread(numbers: list[float]) -> str:
    return f"{middle(numbers):.2f} ({min(numbers):.2f}–{max(numbers):.2f})"


def table(found: dict[str, list[Crawl]]) -> str:
    """Return the table as Markdown: ratios first."""
    rows = [
        "| | against Scrapy at its best | against a spider for this site | pages/s | processor ms a page "
        "| whole run, s | memory, MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, crawls in found.items():
        if name == AGAIN:
            continue
        figures = [
            spread(ratios(crawls, found[BEST])),
            spread(ratios(crawls, found[VANILLA])),
            f"{middle(each.pages_a_second for each in crawls):.0f}",
            f"{middle(each.processor for each in crawls):.2f}",
            f"{middle(each.seconds for each in crawls):.1f}",
            f"{middle(each.megabytes for each in crawls):.0f}",
        ]
        rows.append(f"| {name} | {' | '.join(figures)} |")
    return "\n".join(rows)


def rerun(found: dict[str, list[Crawl]]) -> str:
    """Return what a second run costs on a site that has not changed."""
    requests = max(each.requests for each in found[AGAIN])
    seconds = middle(each.seconds for each in found[AGAIN])
    return f"{AGAIN}: {requests} requests, {seconds:.1f} s"


def aims(found: dict[str, list[Crawl]], start_seconds: float) -> Iterator[tuple[str, bool]]:
    """Yield what is aimed at, with what was measured, and whether it was reached."""
    for name, other, least in [(OURS, VANILLA, 1.2), (OURS, BEST, 0.65), (ARCHIVED, BEST, 0.55)]:
        measured = middle(ratios(found[name], found[other]))
        yield f"{name}: {measured:.2f} x {other}, aim {least}", measured >= least
    yield (
        f"`scrapy list`: {start_seconds:.2f} s, aim {MOST_START_SECONDS}",
        start_seconds <= MOST_START_SECONDS,
    )
    # robots.txt and the first page of the listing.
    yield f"{rerun(found)}, aim 2 requests", max(each.requests for each in found[AGAIN]) <= 2


def resident(pid: int) -> float:
    """Return how many MB of memory a process holds."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024 if "VmRSS:" in status else 0.0


def long_run(copies: int) -> Iterator[tuple[int, float]]:
    """Crawl a large site; yield the memory in MB after so many articles, and at last the greatest."""
    articles = Site(copies).articles
    marks = [mark for mark in MARKS if mark < articles]
    who = newsmirror(OURS, NO_ARCHIVE, f"NEWSMIRROR_PAGES_PER_LISTING={articles}")
    with Server(copies, "--fly") as server, new_folder() as folder:
        process = begin(who, server.port, folder)
        done = 0
        while (usage := ended(process)) is None:
            done += server.asked()["articles"]
            if marks and done >= marks[0]:
                yield marks.pop(0), resident(process.pid)
            time.sleep(1)
        records = lines_of(folder / f"{who.host}.jsonl")
        if process.returncode or records != articles:
            sys.exit(f"{records} records of {articles}\n{(folder / 'log').read_text()[-4000:]}")
        yield articles, usage.ru_maxrss / 1024


def write(page: Path, mark: str, text: str) -> None:
    """Put a text between two marks of a page."""
    before, begin_mark, rest = page.read_text("utf-8").partition(f"<!-- {mark} -->\n")
    _, end_mark, after = rest.partition(f"<!-- end of {mark} -->")
    if not end_mark:
        sys.exit(f"{page} has no marks of {mark}")
    page.write_text(f"{before}{begin_mark}{text}\n{end_mark}{after}", "utf-8")


def main() -> bool:
    """Measure and print; return whether all aims are reached."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pages", type=int)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--long", action="store_true")
    given = parser.parse_args()
    readme = PROJECT / "README.md"
    if given.long:
        held = []
        for articles, megabytes in long_run(in_copies(given.pages or LONG)):
            held.append((articles, megabytes))
            print(f"{articles:>8,} articles {megabytes:>8.0f} MB", flush=True)
        *marks, (articles, most) = held
        if given.pages is None:
            after = ", ".join(f"{megabytes:.0f} MB after {mark:,} articles" for mark, megabytes in marks)
            write(readme, "memory", f"Memory: {after}, at most {most:.0f} MB in a run of {articles:,}.")
        return most <= MOST_MEGABYTES
    found = run(in_copies(given.pages or PAGES), given.rounds)
    started = middle(start_up() for _ in range(ROUNDS))
    print(table(found))
    reached = dict(aims(found, started))
    for aim, is_reached in reached.items():
        print(("reached  " if is_reached else "missed   ") + aim)
    if given.pages is None and given.rounds == ROUNDS:
        write(readme, "speed", f"{table(found)}\n\n{rerun(found).capitalize()}.")
    return all(reached.values())


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
