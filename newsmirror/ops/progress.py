"""A live line in the terminal: pages, articles, queue, rate."""

import logging
import sys
from contextlib import ExitStack
from logging import StreamHandler
from typing import Any, Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm


class ProgressLine:
    """Counts pages on standard error while it is a terminal; log lines scroll above it."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self._open = ExitStack()
        self._line: tqdm[Any] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the extension, as Scrapy asks; raises NotConfigured where nobody looks at a terminal."""
        if (
            not sys.stderr.isatty()
            or not crawler.settings.getbool("LOG_ENABLED")
            or crawler.settings.get("LOG_FILE")
        ):
            raise NotConfigured
        extension = cls(crawler)
        crawler.signals.connect(extension.opened, signals.spider_opened)
        crawler.signals.connect(extension.advanced, signals.response_received)
        crawler.signals.connect(extension.closed, signals.spider_closed)
        return extension

    def opened(self) -> None:
        """Show the line."""
        levels = {handler.level for handler in logging.root.handlers if isinstance(handler, StreamHandler)}
        self._open.enter_context(logging_redirect_tqdm())
        for handler in logging.root.handlers:
            # The handler that stands in for Scrapy's own knows its format, but not its level.
            handler.setLevel(max(handler.level, *levels))
        self._line = self._open.enter_context(
            tqdm(desc="pages", unit=" pages", dynamic_ncols=True, leave=False)
        )

    def advanced(self) -> None:
        """Count a page."""
        if self._line is None:
            return
        articles = self.crawler.stats.get_value("newsmirror/articles", 0)
        enqueued = self.crawler.stats.get_value("scheduler/enqueued", 0)
        queue = enqueued - self.crawler.stats.get_value("scheduler/dequeued", 0)
        self._line.set_postfix(articles=articles, queue=queue, refresh=False)
        self._line.update()

    def closed(self) -> None:
        """Take the line away."""
        self._open.close()
        self._line = None
