"""A redirect leads no further than a link would."""

from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest

from newsmirror.spiders.base import SnapshotSpider


class RedirectGuardMiddleware:
    """Drops a redirect to what the spider would not follow: another host or port, a login, a file."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the middleware, as Scrapy asks."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Let a request pass; raise IgnoreRequest for a redirect that leads away."""
        spider = self.crawler.spider
        if "redirect_urls" not in request.meta or not isinstance(spider, SnapshotSpider):
            return
        if not spider.may_follow(request.url):
            self.crawler.stats.inc_value("newsmirror/skipped/redirect_away")
            source = request.meta["redirect_urls"][0]
            raise IgnoreRequest(f"{source} redirects to {request.url}, which is no page of the site")
