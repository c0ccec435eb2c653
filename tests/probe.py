"""Asks for addresses with the project's own settings, and tells what became of each.

The spider has no part in it: what is seen is what the middlewares and the downloader do. Run as a program it
is the crawl itself, in a process of its own.
"""

import json
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

PROJECT = Path(__file__).parent.parent
POLITENESS_OFF = {"AUTOTHROTTLE_ENABLED": False, "DOWNLOAD_DELAY": 0, "NEWSMIRROR_RETRY_WAIT": 0}


@dataclass
class Probe:
    """What a crawl left: the text of each page, the fault of each address in vain, and what was not asked."""

    pages: dict[str, str]
    faults: dict[str, list[str]]
    skipped: list[str]
    stats: dict[str, Any]
    log: str

    def reasons(self) -> dict[str, str]:
        return {url: reason for url, (reason, _) in self.faults.items()}


def probe(
    urls: Sequence[str], settings: Mapping[str, Any] | None = None, robots_lifetime: float = 86_400
) -> Probe:
    """Ask for these addresses, in this order; `robots_lifetime` in seconds takes the place of a day."""
    given = {
        "urls": urls,
        "settings": {**POLITENESS_OFF, "LOG_LEVEL": "INFO", **(settings or {})},
        "robots_lifetime": robots_lifetime,
    }
    with TemporaryDirectory() as nothing:
        out = Path(nothing, "out.json")
        done = subprocess.run(
            [sys.executable, "-W", "error", __file__, str(out)],
            cwd=PROJECT, input=json.dumps(given), capture_output=True, text=True, timeout=45, check=False,
            env={**os.environ, "NEWSMIRROR_DIR": nothing, "SCRAPY_SETTINGS_MODULE": "newsmirror.settings"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return Probe(**json.loads(out.read_text("utf-8")), log=done.stderr)


def main() -> None:
    from scrapy import Request
    from scrapy.crawler import AsyncCrawlerProcess
    from scrapy.http import Response
    from scrapy.utils.project import get_project_settings
    from twisted.python.failure import Failure

    from newsmirror.net import robots
    from newsmirror.net.faults import explain
    from newsmirror.spiders.base import SnapshotSpider

    given = json.load(sys.stdin)
    found: dict[str, Any] = {"pages": {}, "faults": {}, "skipped": []}
    robots._LIFETIME = given["robots_lifetime"]
    random.seed(2)  # the first wait is 0.96 of what it may be

    class ProbeSpider(SnapshotSpider):
        name = "probe"

        async def start(self) -> AsyncIterator[Request]:
            for place, url in enumerate(given["urls"]):
                yield Request(
                    url, self.arrived, errback=self.failed, priority=-10 * place, cb_kwargs={"asked": url}
                )

        def arrived(self, response: Response, asked: str) -> Iterator[Any]:
            found["pages"][asked] = response.body.decode("utf-8", "replace")
            yield from ()

        def failed(self, failure: Failure) -> None:
            url = failure.request.cb_kwargs["asked"]  # type: ignore[attr-defined]
            assert failure.value is not None
            fault = explain(failure.value)
            if fault is None:
                found["skipped"].append(url)
            else:
                found["faults"][url] = list(fault)

    settings = get_project_settings()
    settings.update(given["settings"], "cmdline")
    process = AsyncCrawlerProcess(settings)
    crawler = process.create_crawler(ProbeSpider)
    process.crawl(crawler, start=",".join(given["urls"]))
    process.start()
    stats = {name: value for name, value in crawler.stats.get_stats().items() if isinstance(value, int | str)}
    Path(sys.argv[1]).write_text(json.dumps({**found, "stats": stats}), "utf-8")


if __name__ == "__main__":
    main()
