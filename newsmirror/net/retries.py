"""What failed is asked for again, a few times and ever later; and what arrived half is no page."""

import random
import re
from collections import defaultdict
from typing import Self, cast
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.http import Response
from scrapy.utils.response import response_status_message

from newsmirror.items import Reason
from newsmirror.net.compression import BROKEN
from newsmirror.net.faults import AskedInVain
from newsmirror.net.headers import content_type
from newsmirror.net.pace import PacedDownloader
from newsmirror.net.robots import is_robots_txt
from newsmirror.reading.decoding import is_html

# No wait before a retry is longer, however many retries the settings allow.
_LONGEST_WAIT = 60.0
# How much of a page's end tells how a site ends its pages: a few closing tags.
_ENDING = 32


def backoff(retry: int, first: float) -> float:
    """Return the seconds to wait before a retry (counted from 1): at random up to `first`, twice that, …

    Exponential backoff with full jitter, as in Marc Brooker, "Exponential Backoff And Jitter", AWS
    Architecture Blog, 2015: those who failed together do not come back together.
    """
    return random.uniform(0, min(_LONGEST_WAIT, first * 2 ** (retry - 1)))  # noqa: S311 - no secret


def unended(body: bytes) -> bytes | None:
    """Return how an HTML page ends that opens `<html` and never closes it; None for any other page.

    What changes from answer to answer, such as the time it took, is left out: numbers are all the same.
    """
    lower = body.lower()
    if b"<html" not in lower or b"</html" in lower:
        return None
    return re.sub(rb"\d+", b"0", lower.rstrip()[-_ENDING:])


class BackoffRetryMiddleware(RetryMiddleware):
    """Scrapy's middleware, which waits before it retries and looks whether a page is there to its end.

    An empty page is retried, and so is one that ends before its `</html>`. If the next answer ends the same
    way, that is how the site writes its pages: it is remembered for the host, so the habit costs one request.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler.settings)
        self.crawler = crawler
        self._first_wait = crawler.settings.getfloat("NEWSMIRROR_RETRY_WAIT")
        self._habits: defaultdict[str, set[bytes]] = defaultdict(set)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the middleware, as Scrapy asks; raises NotConfigured without RETRY_ENABLED."""
        return cls(crawler)

    # Scrapy's argument `spider`, which is left out here, is deprecated.
    async def process_response(  # type: ignore[override]
        self, request: Request, response: Response
    ) -> Request | Response:
        """Return a whole page or a final error, or the retry; raises AskedInVain for half a page or none."""
        if request.meta.get("dont_retry"):
            return response
        if response.status in self.retry_http_codes:
            return await self._again(request, response_status_message(response.status)) or response
        if not 200 <= response.status < 300:
            return response
        if BROKEN in response.flags:
            return await self._again_or_raise(request, "undecodable", "its compressed body is broken")
        if is_robots_txt(request):
            return response
        if not response.body.strip():
            return await self._again_or_raise(
                request, "empty", f"HTTP status {response.status} without a body"
            )
        ending = unended(response.body) if is_html(response.body, content_type(response)) else None
        # No habit is to stop in the midst of a sentence.
        if ending is None or (ending.endswith(b">") and self._is_habit(request, ending)):
            return response
        retry = await self._again_or_raise(request, "truncated", "the page ends before its </html>")
        retry.meta["unended"] = ending
        return retry

    # Scrapy's argument `spider`, which is left out here, is deprecated.
    async def process_exception(  # type: ignore[override]
        self, request: Request, exception: Exception
    ) -> Request | None:
        """Return the retry after an error of the network, or None when there were enough."""
        if request.meta.get("dont_retry") or not isinstance(exception, self.exceptions_to_retry):
            return None
        return await self._again(request, exception)

    async def _again_or_raise(self, request: Request, reason: Reason, detail: str) -> Request:
        """Return the next retry when its time has come; raises AskedInVain when there were enough."""
        retry = await self._again(request, reason)
        if retry is None:
            raise AskedInVain(reason, detail)
        return retry

    def _is_habit(self, request: Request, ending: bytes) -> bool:
        """Tell whether a host ends its pages this way."""
        habits = self._habits[urlsplit(request.url).netloc]
        if ending == request.meta.get("unended") and ending not in habits:
            self.crawler.stats.inc_value("newsmirror/retries/unended_habit")
            habits.add(ending)
        return ending in habits

    async def _again(self, request: Request, reason: str | Exception) -> Request | None:
        """Return the next retry when its time has come, or None when there were enough."""
        retry = self._retry(request, reason)
        downloader = cast("PacedDownloader", self.crawler.engine.downloader)
        # A host that said itself when to come back is asked then.
        if retry is not None and downloader.slot_of(request).wait <= 0:
            await downloader.rest(backoff(retry.meta["retry_times"], self._first_wait))
        return retry
