"""`scrapy crawl`, which checks the spider's arguments before anything starts."""

import argparse
from datetime import UTC, datetime

from scrapy.commands.crawl import Command as CrawlCommand
from scrapy.exceptions import UsageError

from newsmirror.spiders.arguments import ArgumentError, parse_arguments
from newsmirror.spiders.base import SnapshotSpider


class Command(CrawlCommand):
    """Scrapy's own command; a wrong argument ends in one clear line and exit code 2, not in a traceback."""

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Check, then crawl; raises UsageError for a spider or an argument that is wrong."""
        assert self.crawler_process is not None  # noqa: S101 - set by Scrapy before run
        if len(args) == 1:
            loader = self.crawler_process.spider_loader
            try:
                spider = loader.load(args[0])
            except KeyError:
                known = ", ".join(sorted(loader.list()))
                raise UsageError(
                    f"no spider is named {args[0]!r}; there are: {known}", print_help=False
                ) from None
            if issubclass(spider, SnapshotSpider):
                try:
                    parse_arguments(opts.spargs, spider.start_urls, spider.timezone, datetime.now(UTC))
                except ArgumentError as error:
                    raise UsageError(str(error), print_help=False) from error
        super().run(args, opts)
