"""How many pages one host may be asked for in a run: the last bound on a site without an end."""

from collections import Counter
from typing import Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest

from newsmirror.spiders.base import SnapshotSpider


class HostBudgetMiddleware:
    """Drops the requests to a host beyond `NEWSMIRROR_PAGES_PER_HOST`; the run is then not complete."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.budget = crawler.settings.getint("NEWSMIRROR_PAGES_PER_HOST")
        self._asked: Counter[str] = Counter()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the middleware, as Scrapy asks."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Let a request pass, or raise IgnoreRequest."""
        host = urlsplit(request.url).hostname or ""
        self._asked[host] += 1
        if self._asked[host] <= self.budget:
            return
        self.crawler.stats.inc_value("newsmirror/skipped/host_budget")
        spider = self.crawler.spider
        if isinstance(spider, SnapshotSpider) and self._asked[host] == self.budget + 1:
            spider.unwalked.append(
                f"{host} was asked for {self.budget} pages: if it is no trap, raise NEWSMIRROR_PAGES_PER_HOST"
            )
        raise IgnoreRequest(f"more than {self.budget} pages of {host}")
