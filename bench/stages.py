"""Where the time of one page goes: a crawl of the fast server with a clock at each stage.

    python bench/stages.py [--pages 2052] [--rounds 3]

Processor time, so that what else the machine does is not counted; each stage without the stages within it.
The least of the rounds counts. What no clock stands at is Scrapy: its engine, downloader and middlewares.
Start-up is left out. With the default pages and rounds the table in docs/performance.md is written.
"""

import argparse
import inspect
import json
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from importlib import import_module
from pathlib import Path
from typing import Any

from fastserver import Site
from speed import PAGES, PROJECT, Server, in_copies, measure, new_folder, newsmirror, write

ROUNDS = 3
CRAWL = "--crawl"
REST = "Scrapy: engine, downloader, its middlewares"
# Where the clocks stand: stage → functions and methods, each by the module that calls or holds it.
STAGES = {
    "our downloader middlewares": [
        "net.robots:Rfc9309Middleware.robot_parser",
        "net.render:RenderMiddleware.process_response",
        "net.retries:BackoffRetryMiddleware.process_response",
        "net.redirects:GuardedMetaRefreshMiddleware.process_response",
        "net.redirects:GuardedRedirectMiddleware.process_response",
        "net.compression:WholeCompressionMiddleware.process_request",
        "net.compression:WholeCompressionMiddleware.process_response",
        "net.addresses:AddressGuardMiddleware.process_request",
        "net.budget:HostBudgetMiddleware.process_request",
        "net.pace:PatientQueue.pop",
        "takedown.middleware:TakedownMiddleware.process_request",
    ],
    "raw archive": [
        "archive.middleware:ArchiveMiddleware.process_response",
        "archive.middleware:RenderedArchiveMiddleware.process_response",
    ],
    "raw archive: closing files, in a thread": ["archive.archive:close_file"],
    "decoding": ["reading.page:is_html", "reading.page:decode", "spiders.base:sha256"],
    "stream: parse and walk": ["reading.page:read_stream"],
    "article": ["spiders.base:is_article", "spiders.base:read_article"],
    "listing": ["spiders.base:read_listing"],
    "links: what to ask for next": [
        "spiders.base:SnapshotSpider.parse_start",
        "spiders.base:SnapshotSpider.parse_listing",
        "spiders.base:SnapshotSpider.parse_article",
        "spiders.base:SnapshotSpider.release_waiting",
    ],
    "normalise": ["pipelines.normalise:build_article"],
    "plain values": ["pipelines.validate:to_plain", "pipelines.ledger:to_plain"],
    "validate": ["schema:ArticleValidator.violations"],
    "ledger": ["ledger.ledger:Ledger.accept", "ledger.ledger:Ledger.seen"],
    "publish, in a thread": ["ops.run:publish"],
    "export: -O": ["export:RecordLinesExporter.export_item"],
}


class Clock:
    """Seconds by stage; of stages within each other only the innermost runs."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._running = threading.local()

    @contextmanager
    def at(self, stage: str) -> Iterator[None]:
        """Count what is done meanwhile, in this thread, as this stage's."""
        outer = getattr(self._running, "within", 0.0)
        self._running.within = 0.0
        began = time.thread_time()
        try:
            yield
        finally:
            took = time.thread_time() - began
            self.seconds[stage] += took - self._running.within
            self._running.within = outer + took

    def stand_at(self, place: str, stage: str) -> None:
        """Put a clock at a function or method, `room.module:Class.method`."""
        module, _, path = place.partition(":")
        owner: Any = import_module(f"newsmirror.{module}")
        *outer, name = path.split(".")
        for each in outer:
            owner = getattr(owner, each)
        setattr(owner, name, self._timed(getattr(owner, name), stage))

    def _timed(self, call: Callable[..., Any], stage: str) -> Callable[..., Any]:
        @wraps(call)
        def plain(*args: Any, **named: Any) -> Any:
            with self.at(stage):
                return call(*args, **named)

        @wraps(call)
        def generator(*args: Any, **named: Any) -> Iterator[Any]:
            return self._steps(call(*args, **named), stage)

        @wraps(call)
        async def coroutine(*args: Any, **named: Any) -> Any:
            return await _Awaited(self._steps(call(*args, **named).__await__(), stage))

        if inspect.iscoroutinefunction(call):
            return coroutine
        return generator if inspect.isgeneratorfunction(call) else plain

    def _steps(self, steps: Any, stage: str) -> Generator[Any, Any, Any]:
        """Go through the steps of a generator, timing each."""
        go_on: Callable[[], Any] = partial(next, steps)
        while True:
            try:
                with self.at(stage):
                    step = go_on()
            except StopIteration as end:
                return end.value
            try:
                yield step
            except BaseException as error:  # noqa: BLE001 - handed on
                go_on = partial(steps.throw, error)
            else:
                go_on = partial(next, steps)


class _Awaited:
    """Makes a generator awaitable."""

    def __init__(self, steps: Generator[Any, Any, Any]) -> None:
        self._steps = steps

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._steps


def crawl(told: Path) -> None:
    """Do as `scrapy` does with the arguments of this process, with clocks; write the seconds to a file."""
    from scrapy.cmdline import execute

    from newsmirror.spiders.base import SnapshotSpider

    clock = Clock()
    for stage, places in STAGES.items():
        for place in places:
            clock.stand_at(place, stage)
    start = SnapshotSpider.start
    began = 0.0

    def first(spider: SnapshotSpider) -> Any:
        nonlocal began
        began = time.process_time()
        return start(spider)

    SnapshotSpider.start = first  # type: ignore[assignment, method-assign]
    try:
        execute()
    finally:
        clock.seconds[REST] = time.process_time() - began - sum(clock.seconds.values())
        told.write_text(json.dumps(clock.seconds))


def table(rounds: list[dict[str, float]], pages: int) -> str:
    """Return the table as Markdown: of each stage the least of the rounds."""
    stages = [REST, *STAGES]
    least = {stage: min(each[stage] for each in rounds) * 1000 / pages for stage in stages}
    whole = sum(least.values())
    rows = ["| stage | ms a page | % |", "|---|---|---|"]
    rows += [f"| {stage} | {least[stage]:.2f} | {100 * least[stage] / whole:.0f} |" for stage in stages]
    return "\n".join([*rows, f"| all | {whole:.2f} | 100 |"])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pages", type=int)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    copies = in_copies(given.pages or PAGES)
    pages = Site(copies).articles
    rounds = []
    with Server(copies) as server:
        for _ in range(given.rounds):
            with new_folder() as folder:
                told = folder / "seconds"
                who = newsmirror("newsmirror, with clocks")
                command = (sys.executable, __file__, CRAWL, str(told))
                measure(server, [who._replace(command=command)], folder, pages)
                rounds.append(json.loads(told.read_text()))
    print(table(rounds, pages))
    if given.pages is None and given.rounds == ROUNDS:
        write(PROJECT / "docs" / "performance.md", "stages", table(rounds, pages))


if __name__ == "__main__":
    if sys.argv[1:2] == [CRAWL]:
        told = Path(sys.argv[2])
        sys.argv[:3] = ["scrapy"]
        crawl(told)
    else:
        main()
