"""`scrapy crawl`, which checks the spider's arguments before anything starts."""

import argparse
import gc
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from scrapy import Spider, signals
from scrapy.commands.crawl import Command as CrawlCommand
from scrapy.crawler import Crawler
from scrapy.exceptions import UsageError
from scrapy.spiderloader import SpiderLoaderProtocol
from w3lib.url import file_uri_to_path

from newsmirror.ops.command import only
from newsmirror.places import PlaceError, find_places
from newsmirror.spiders.arguments import ArgumentError, parse_arguments
from newsmirror.spiders.base import SnapshotSpider


class Command(CrawlCommand):
    """Scrapy's own command, with exit codes that tell how it went.

    0: the run is complete and its manifest committed. 1: it is not; the log and the manifest say why.
    2: a wrong argument or setting, told in one line before anything starts.
    """

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Check, then crawl; raises UsageError for a spider or an argument that is wrong."""
        assert self.crawler_process is not None  # noqa: S101 - set by Scrapy before run
        assert self.settings is not None  # noqa: S101
        try:
            find_places(self.settings)
        except PlaceError as error:
            raise UsageError(str(error), print_help=False) from error
        name = only(args, "spider; its arguments are written with -a, such as -a related=0")
        check_spider(self.crawler_process.spider_loader, name, opts.spargs)
        check_outputs(self.settings.getdict("FEEDS"))
        super().run(args, opts)
        if not self.crawler.stats.get_value("newsmirror/run/complete"):
            # Scrapy ends with 0 whatever happened; a schedule must know.
            self.exitcode = 1

    def _create_crawler(self, spidercls: type[Spider] | str) -> Crawler:
        self.crawler = super()._create_crawler(spidercls)
        self.crawler.signals.connect(spare_collector, signals.engine_started)
        return self.crawler


def spare_collector() -> None:
    """Keep what start-up has made from the garbage collector: it lives as long as the crawl does."""
    gc.collect()
    gc.freeze()


def check_outputs(uris: Iterable[str]) -> None:
    """Raise UsageError for a file of -O, -o or FEEDS that cannot be written.

    Scrapy finds that out at the first record, and goes on without it.
    """
    for uri in map(str, uris):
        path = file_uri_to_path(uri) if uri.startswith("file:") else uri
        if ":" in path.partition("/")[0] or "%(" in path:
            continue  # no file, or one whose name is not known yet
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).open("ab").close()
        except OSError as error:
            raise UsageError(
                f"records cannot be written to {uri}: {error.strerror}; name a file that this user may write",
                print_help=False,
            ) from error


def check_spider(loader: SpiderLoaderProtocol, name: str, given: Mapping[str, str]) -> None:
    """Raise UsageError unless there is a spider of this name that takes these arguments."""
    try:
        spider = loader.load(name)
    except KeyError:
        known = ", ".join(sorted(loader.list()))
        raise UsageError(f"no spider is named {name!r}; there are: {known}", print_help=False) from None
    if issubclass(spider, SnapshotSpider):
        try:
            parse_arguments(given, spider.start_urls, spider.timezone, datetime.now(UTC))
        except ArgumentError as error:
            raise UsageError(str(error), print_help=False) from error
