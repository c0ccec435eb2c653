"""robots.txt, asked for once a host."""

import asyncio
from collections import defaultdict

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.robotstxt import RobotParser
from scrapy.utils.httpobj import urlparse_cached


class OneRobotsTxtMiddleware(RobotsTxtMiddleware):
    """Scrapy's middleware, with a queue for the requests that wait for a robots.txt.

    In Scrapy 2.19 several of them await one Deferred, whose result only the first one gets: the others are
    let through as if there were no robots.txt.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._queues: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """Return the parser for the request's host, or None where there is no robots.txt."""
        async with self._queues[urlparse_cached(request).netloc]:
            return await super().robot_parser(request)
