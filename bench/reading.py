"""How long reading and normalising one page takes, beside general extractors, on the same pages in one run.

    python bench/reading.py

Pages: the demo site's articles, padded to 20 kB with their own longest paragraph. Prints milliseconds of
processor time a page and, as the figure to watch, the ratio to ours. Of each page the least of the rounds
counts: what else the machine does only ever adds to it.
"""

import re
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from newsmirror.demo.articles import articles
from newsmirror.demo.site import ORIGIN, paths, respond
from newsmirror.items import Discovery, Snapshot
from newsmirror.normalise.record import build_article
from newsmirror.reading.article import read_article
from newsmirror.reading.decoding import decode
from newsmirror.reading.stream import read_stream

PAGE_BYTES = 20_000
ROUNDS = 15
# Of the body: the excerpts of related articles begin with dots.
PARAGRAPH = re.compile(rb"<p>(?!\.\.\.)[^<]{60,}</p>")


def pages(least: int = PAGE_BYTES) -> list[tuple[str, bytes]]:
    """Return the address and the bytes of every demo article, at least so many bytes each."""
    found = []
    for path in paths():
        body = respond(path).body
        if "以上内容为资讯信息快照".encode() not in body:
            continue
        paragraph = max(PARAGRAPH.findall(body), key=len)
        padding = paragraph * ((least - len(body)) // len(paragraph) + 1)
        found.append((ORIGIN + path, body.replace(paragraph, paragraph + padding, 1)))
    if len(found) != len(articles()):
        sys.exit(f"{len(found)} pages for {len(articles())} articles")
    return found


def newsmirror(url: str, body: bytes) -> None:
    """Read a page to its record, from its bytes, as the spider does."""
    decoded = decode(body, "text/html; charset=utf-8")
    page = read_article(read_stream(decoded.text, url))
    if page is None:
        raise ValueError(url)
    now = datetime(2025, 6, 1, tzinfo=UTC)
    start = Discovery("start", None, None)
    build_article(
        Snapshot(page, url, "demo", "Asia/Shanghai", start, now, "0" * 64, decoded.encoding, None, None)
    )


def peers() -> dict[str, Callable[[str, bytes], object]]:
    """Return the general extractors; exits with a hint where they are not installed."""
    try:
        import gne
        import trafilatura
    except ImportError as error:
        print(f"{error}: install the peers with: pip install -c constraints.txt -e '.[bench]'")
        sys.exit(2)
    extractor = gne.GeneralNewsExtractor()
    return {
        "trafilatura": lambda _, body: trafilatura.bare_extraction(body.decode()),
        "GNE": lambda _, body: extractor.extract(body.decode()),
    }


def measure(read: Callable[[str, bytes], object], corpus: list[tuple[str, bytes]]) -> list[float]:
    """Return for each page the milliseconds of processor time that it took."""
    times = []
    for url, body in corpus:
        started = time.process_time()
        read(url, body)
        times.append((time.process_time() - started) * 1000)
    return times


def main() -> None:
    """Print the table."""
    corpus = pages()
    readers: dict[str, Callable[[str, bytes], object]] = {"newsmirror": newsmirror, **peers()}
    rounds: dict[str, list[list[float]]] = {name: [] for name in readers}
    for _ in range(ROUNDS):
        for name, read in readers.items():
            rounds[name].append(measure(read, corpus))
    size = statistics.mean(len(body) for _, body in corpus) / 1000
    print(f"{len(corpus)} pages of {size:.1f} kB, each page the least of {ROUNDS} rounds")
    least = {name: statistics.mean(map(min, zip(*times, strict=True))) for name, times in rounds.items()}
    for name, time_a_page in least.items():
        print(f"  {name:12} {time_a_page:7.2f} ms a page   {time_a_page / least['newsmirror']:5.1f} x")


if __name__ == "__main__":
    main()
