"""What the ledger costs an article, at 0, 100 k and 1 M known addresses, in one run.

    python bench/ledger.py [ROWS …]

An article is a record of 8 kB. For a page of 30 links the ledger is asked which it has seen; one page's
worth of records is then accepted, each in its own transaction: half new, a quarter changed, a quarter
seen before. Prints the median of nine rounds in milliseconds an article, all of it and its two halves,
as the figure to watch the ratio to the empty ledger, and the peak memory of the process that
measured, which has to stay where it is while the known addresses grow.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from newsmirror.ledger.ledger import Ledger

SIZES = (0, 100_000, 1_000_000)
PAGE = 30
PAGES = 30
ROUNDS = 9
BODY = "新闻快照" * 600
TIME = "2025-01-08T08:55:00Z"


def digest(*parts: object) -> str:
    """Return a hash, as ids and contents have it."""
    return sha256(repr(parts).encode()).hexdigest()


def record(number: int, content: int = 0) -> dict[str, Any]:
    """Return a record, cut to the keys that the ledger looks at and a body."""
    url = f"http://kuaizhao.example/guonei/20250108/{number}.html"
    return {
        "schema_version": "1.0",
        "seq": number + 1,
        "op": "insert",
        "article_id": digest(url),
        "revision": 1,
        "url": url,
        "original_id": digest("original", number),
        "site": "bench",
        "published_at": "2025-01-08T16:55:00+08:00",
        "body_text": BODY,
        "fetched_at": TIME,
        "first_seen_at": TIME,
        "content_sha256": digest("content", number, content),
        "run_id": "bench",
    }


def visits(known: int, round_: int) -> Iterator[list[dict[str, Any]]]:
    """Yield the records of a round, page by page: half new, a quarter changed, a quarter as before."""
    fresh = known + 10_000_000 + round_ * PAGES * PAGE
    for page in range(PAGES):
        # Spread over all that is known; in an empty ledger over what the pages before have brought.
        old = [
            (page * 7919 + place * 104_729) % known if known else fresh - 1 - place for place in range(PAGE)
        ]
        yield [
            record(fresh + page * PAGE + place)
            if place % 2 or not (known or round_)
            else record(old[place], content=round_ + 1 if place % 4 else 0)
            for place in range(PAGE)
        ]


def measure(folder: str, known: int) -> dict[str, float]:
    """Return milliseconds an article and the peak of memory in MB, in a ledger that knows so many."""
    asked: list[float] = []
    taken: list[float] = []
    with Ledger.open(f"sqlite:///{folder}/{known}.db") as ledger:
        ledger.take_run("bench", "bench", "")
        for round_ in range(-1, ROUNDS):  # the first one warms up
            pages = list(visits(known, round_))
            seen = accepted = 0.0
            for page in pages:
                ids = [visit["article_id"] for visit in page]
                start = time.perf_counter()
                ledger.seen(ids)
                middle = time.perf_counter()
                for visit in page:
                    ledger.accept(visit)
                accepted += time.perf_counter() - middle
                seen += middle - start
            if round_ >= 0:
                asked.append(seen * 1000 / (PAGES * PAGE))
                taken.append(accepted * 1000 / (PAGES * PAGE))
    return {
        "seen": statistics.median(asked),
        "accept": statistics.median(taken),
        "all": statistics.median(map(sum, zip(asked, taken, strict=True))),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Print the table; each size is measured in a process of its own."""
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    print(f"{'known':>10}{'seen':>9}{'accept':>9}{'ms/article':>12}{'ratio':>8}{'peak MB':>9}{'open s':>8}")
    with tempfile.TemporaryDirectory() as folder:
        first = None
        for known in sizes:
            with Ledger.open(f"sqlite:///{folder}/{known}.db") as ledger:
                ledger.restore(record(number) for number in range(known))
            os.sync()  # what the filling left to be written is not what is measured
            start = time.perf_counter()
            Ledger.open(f"sqlite:///{folder}/{known}.db").close()
            opened = time.perf_counter() - start
            told = subprocess.run(
                [sys.executable, __file__, "--measure", folder, str(known)], check=True, capture_output=True
            )
            found = json.loads(told.stdout)
            first = first or found["all"]
            print(
                f"{known:>10,}{found['seen']:>9.3f}{found['accept']:>9.3f}{found['all']:>12.3f}"
                f"{found['all'] / first:>8.2f}{found['peak']:>9.1f}{opened:>8.2f}",
                flush=True,
            )
            Path(folder, f"{known}.db").unlink()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(sys.argv[2], int(sys.argv[3]))))
    else:
        main()
