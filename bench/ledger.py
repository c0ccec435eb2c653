"""What the ledger costs an article, at 0, 100 k and 1 M known addresses, in one run.

    python bench/ledger.py [ROWS …]

An article is a record of 8 kB. For a page of 30 links the ledger is asked which it has seen; one page's
worth of records is then accepted, each in its own transaction: half new, a quarter changed, a quarter
seen before. Each ledger is measured in a process of its own, all of them round by round in turn, so that
what else the machine does falls on all alike. Prints the mean in milliseconds an article, the writing
back of the log included; its two halves; the ratio to the first ledger; the peak memory of the process;
and how long opening takes. Ends with 1 if an article costs more than 0.3 ms or 1.3 times the first.
"""

import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256
from typing import Any

from newsmirror.ledger.ledger import Ledger

SIZES = (0, 100_000, 1_000_000)
PAGE = 30
PAGES = 30
ROUNDS = 24
MOST_MILLISECONDS = 0.3
MOST_RATIO = 1.3
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
    chance = random.Random(round_)
    for first in range(0, PAGES * PAGE, PAGE):
        page = []
        for number in range(first, first + PAGE):
            if number % 2 or round_ == 0:
                page.append(record(fresh + number))
                continue
            # Anywhere in what is known; in an empty ledger what the round before has brought.
            old = chance.randrange(known) if known else fresh - PAGES * PAGE + number + 1
            page.append(record(old, content=round_ if number % 4 else 0))
        yield page


def measure(path: str, known: int) -> None:
    """Measure a round of a ledger for each line of stdin, and print it as JSON: milliseconds an article."""
    with Ledger.open(f"sqlite:///{path}") as ledger:
        ledger.take_run("bench", "bench", "")
        for round_, _ in enumerate(sys.stdin):
            seen = accept = 0.0
            for page in list(visits(known, round_)):
                start = time.perf_counter()
                ledger.seen([visit["article_id"] for visit in page])
                middle = time.perf_counter()
                for visit in page:
                    ledger.accept(visit)
                accept += time.perf_counter() - middle
                seen += middle - start
            told = {"seen": seen, "accept": accept, "all": seen + accept}
            told = {name: seconds * 1000 / (PAGES * PAGE) for name, seconds in told.items()}
            told["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(json.dumps(told), flush=True)


def fill(path: str, known: int) -> float:
    """Make a ledger that knows so many articles; return how long it takes to open, in seconds."""
    with Ledger.open(f"sqlite:///{path}") as ledger:
        ledger.restore(record(number) for number in range(known))
    os.sync()  # what the filling left to be written is not what is measured
    start = time.perf_counter()
    Ledger.open(f"sqlite:///{path}").close()
    return time.perf_counter() - start


def ask(child: "subprocess.Popen[str]") -> dict[str, float]:
    """Let a child measure one round."""
    assert child.stdin
    assert child.stdout
    child.stdin.write("\n")
    child.stdin.flush()
    found: dict[str, float] = json.loads(child.stdout.readline())
    return found


def main() -> bool:
    """Print the table; return whether it is within the limits."""
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    with tempfile.TemporaryDirectory() as folder, ExitStack() as children:
        opened, measuring = [], []
        for known in sizes:
            path = f"{folder}/{known}.db"
            opened.append(fill(path, known))
            command = [sys.executable, __file__, "--measure", path, str(known)]
            child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            measuring.append(children.enter_context(child))
        rounds = [[ask(child) for child in measuring] for _ in range(1 + ROUNDS)]
    print(f"{'known':>10}{'seen':>9}{'accept':>9}{'ms/article':>12}{'ratio':>8}{'peak MB':>9}{'open s':>8}")
    costs = []
    for known, seconds, found in zip(sizes, opened, zip(*rounds[1:], strict=True), strict=True):
        mean = {name: statistics.mean(each[name] for each in found) for name in found[0]}
        costs.append(mean["all"])
        print(
            f"{known:>10,}{mean['seen']:>9.3f}{mean['accept']:>9.3f}{mean['all']:>12.3f}"
            f"{mean['all'] / costs[0]:>8.2f}{found[-1]['peak']:>9.1f}{seconds:>8.2f}"
        )
    return max(costs) <= MOST_MILLISECONDS and max(costs) <= costs[0] * MOST_RATIO


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(0 if main() else 1)
