"""What the raw archive costs a crawl, and how fast its pages are read again.

    python bench/archive.py [--rounds 5]

Crawls the pages of the fast server without and with the archive, in turn; then reads the pages that were
kept again: one process alone, beside lxml's parse of the same bytes and beside trafilatura, and
`scrapy reread --dry-run` on all cores. Medians; ratios with the least and the greatest. In rereading,
processor time counts for what one process does.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import trafilatura
from fastserver import Site
from lxml import etree
from speed import ARCHIVED, NO_ARCHIVE, OURS, PROJECT, Server, in_copies, measure, newsmirror

from newsmirror.archive.about import from_fields
from newsmirror.archive.files import closed_files
from newsmirror.archive.reader import Page, pages
from newsmirror.archive.sites import Site as PagesOf
from newsmirror.archive.sites import SiteFile
from newsmirror.reread.pages import Rereader

PAGES = 2052
MOST_SHARE = 0.15
LEAST_PAGES = 1000


def spread(numbers: list[float], digits: int = 2) -> str:
    low, high = min(numbers), max(numbers)
    return f"{statistics.median(numbers):.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


def crawls(copies: int, rounds: int, kept: Path) -> bool:
    """Print what archiving costs; the last crawl is kept. Return whether the aim is reached."""
    articles = Site(copies).articles
    costs, shares, walls = [], [], []
    with Server(copies) as server:
        for number in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                without = measure(server, [newsmirror(OURS, NO_ARCHIVE)], Path(folder), articles)
            place = kept / str(number)
            place.mkdir()
            archived = measure(server, [newsmirror(ARCHIVED)], place, articles)
            costs.append(archived.processor - without.processor)
            shares.append(archived.processor / without.processor - 1)
            walls.append(without.pages_a_second / archived.pages_a_second - 1)
    size = sum(path.stat().st_size for path in (kept / "0" / "archive").iterdir()) / articles
    print(f"archiving {articles} pages, {size / 1000:.1f} kB kept of each")
    print(f"  {spread(costs)} ms of processor time a page more; of a crawl without: {spread(shares)}")
    print(f"  of the time that the crawl takes: {spread(walls)}, aim: at most {MOST_SHARE}")
    return statistics.median(walls) <= MOST_SHARE


def read_archived(path: Path) -> None:
    """Read a file's pages as a worker of `scrapy reread` does."""
    site, reader = PagesOf("127.0.0.1", SiteFile("Asia/Shanghai", None)), Rereader("bench")
    for page in pages(path):
        discovery = from_fields(page.about)
        if discovery is not None:
            reader.read(page, site, discovery, page.ref)


def timed(work: Callable[[], object], count: int) -> float:
    """Return how many pages a second of processor time are done."""
    began = time.process_time()
    work()
    return count / (time.process_time() - began)


def rereading(rounds: int, kept: Path) -> bool:
    """Print how fast pages are read again. Return whether the aim is reached."""
    [path] = closed_files(kept / "archive")
    bodies = [page.body for page in pages(path) if is_article(page)]
    size = statistics.mean(map(len, bodies)) / 1000
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
    part = bodies[: len(bodies) // 10]
    own, parsed, others = [], [], []
    for _ in range(rounds):
        own.append(timed(lambda: read_archived(path), len(bodies)))
        parsed.append(timed(lambda: [etree.fromstring(body, parser) for body in bodies], len(bodies)))
        others.append(timed(lambda: [trafilatura.bare_extraction(body.decode()) for body in part], len(part)))
    print(f"rereading {len(bodies)} pages of {size:.1f} kB, one process, pages a second of processor time")
    print(f"  newsmirror, from the file to the checked record  {spread(own, 0)}, aim {LEAST_PAGES}")
    for name, found in (("lxml, its parse alone", parsed), ("trafilatura, from the bytes", others)):
        ratios = [mine / other for mine, other in zip(own, found, strict=True)]
        print(f"  {name:<47}  {spread(found, 0)}; newsmirror {spread(ratios)} x")
    command = [sys.executable, "-m", "scrapy", "reread", "--dry-run"]
    environment = {**os.environ, "NEWSMIRROR_DIR": str(kept)}
    walls = []
    for _ in range(rounds):
        began = time.monotonic()
        subprocess.run(command, cwd=PROJECT, env=environment, check=True, stdout=subprocess.DEVNULL)
        walls.append(len(bodies) / (time.monotonic() - began))
    cores = len(os.sched_getaffinity(0))
    print(f"  scrapy reread --dry-run on {cores} cores, start-up included: {spread(walls, 0)} pages a second")
    return statistics.median(own) >= LEAST_PAGES


def is_article(page: Page) -> bool:
    return page.about.get("discovery") is not None and "以上内容为资讯信息快照".encode() in page.body


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pages", type=int, default=PAGES)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder)
        reached = [crawls(in_copies(given.pages), given.rounds, kept), rereading(given.rounds, kept / "0")]
    if not all(reached):
        sys.exit("an aim is missed")


if __name__ == "__main__":
    main()
