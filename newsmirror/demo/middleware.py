"""Lets a crawl visit http://demo.newsmirror.example/ with no network: the pages come from this process."""

from typing import Self

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.utils.httpobj import urlparse_cached

from newsmirror.demo.server import DemoServer
from newsmirror.demo.site import HOST


class DemoSiteMiddleware:
    """A downloader middleware that sends requests for the demo host, robots.txt too, through a `DemoServer`.

    It stands before Scrapy's HttpProxyMiddleware, which lets a proxy that is already set be. The server
    starts with the first request for the demo host: a crawl of any other site opens no port.
    """

    def __init__(self) -> None:
        """Start nothing yet."""
        self._server: DemoServer | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Make one whose server stops with the engine, after the last request that a component can make."""
        middleware = cls()
        crawler.signals.connect(middleware.engine_stopped, signals.engine_stopped)
        return middleware

    def process_request(self, request: Request) -> None:
        """Give a request for the demo host its proxy; leave any other as it is."""
        if urlparse_cached(request).hostname == HOST:
            request.meta["proxy"] = self._running().address

    def engine_stopped(self) -> None:
        """Stop the server, if there was one."""
        if self._server:
            self._server.stop()
            self._server = None

    def _running(self) -> DemoServer:
        if not self._server:
            self._server = DemoServer()
            self._server.start()
        return self._server
