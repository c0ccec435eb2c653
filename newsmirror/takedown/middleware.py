"""What was taken down is not asked for again."""

from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest, NotConfigured

from newsmirror.ledger.errors import LedgerError
from newsmirror.normalise.urls import url_id
from newsmirror.ops.run import MirrorRun


class TakedownMiddleware:
    """Drops requests for articles and originals that were taken down, also where a redirect leads to them."""

    def __init__(self, crawler: Crawler, run: MirrorRun) -> None:
        self.stats = crawler.stats
        self.run = run
        self._blocked: frozenset[str] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the middleware, as Scrapy asks."""
        run = crawler.get_extension(MirrorRun)
        if run is None:
            raise NotConfigured
        return cls(crawler, run)

    def process_request(self, request: Request) -> None:
        """Raise IgnoreRequest for what was taken down when the first request was made."""
        if self._blocked is None:
            self._blocked = self._load()
        if self._blocked and url_id(request.url) in self._blocked:
            self.stats.inc_value("newsmirror/skipped/taken_down")
            raise IgnoreRequest(f"taken down: {request.url}")

    def _load(self) -> frozenset[str]:
        try:
            return frozenset(each.id for each in self.run.ledger.blocked())
        except LedgerError as error:
            self.run.ledger_failed(error)
            raise IgnoreRequest(f"it is not known whether it was taken down: {error}") from error
