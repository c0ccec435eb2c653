"""robots.txt by RFC 9309, asked for once a host and day."""

import asyncio
import logging
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from math import isfinite
from time import monotonic
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest, StopDownload
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from scrapy.robotstxt import RobotParser
from scrapy.utils.misc import build_from_crawler
from w3lib.encoding import read_bom

from newsmirror.net.faults import AskedInVain, RobotsUnreachable
from newsmirror.spiders.base import SnapshotSpider

logger = logging.getLogger(__name__)

# 2.4: "Crawlers SHOULD NOT use the cached version for more than 24 hours".
_LIFETIME = 24 * 60 * 60
# 2.5: "Crawlers … MUST [parse] at least 500 kibibytes".
_MOST_BYTES = 500 * 1024
# 2.3.1.2: "Crawlers SHOULD follow at least five consecutive redirects, even across authorities".
_MOST_REDIRECTS = 5

_CRAWL_DELAY = re.compile(rb"^[ \t]*crawl-delay[ \t]*:[ \t]*([^#\r\n]*)", re.IGNORECASE | re.MULTILINE)

_NOT_ASCII = re.compile(rb"[\x80-\xff]")


def is_robots_txt(request: Request) -> bool:
    """Tell whether a request is for robots.txt, also where it was redirected: it alone needs no leave."""
    return bool(request.meta.get("dont_obey_robotstxt"))


def is_unreachable(status: int) -> bool:
    """Tell whether an answer to robots.txt forbids everything for now (2.3.1.4): a server error, or 429.

    The RFC's "unavailable" (2.3.1.3), which allows everything, names all of 400-499. But 429 says that
    there may well be rules and that we were too fast to read them (RFC 6585, 4): it is taken for temporary.
    """
    return status == 429 or status >= 500


def in_ascii(body: bytes) -> bytes:
    """Return the part of a robots.txt that is parsed (2.5), with %XX for all that is not ASCII (2.2.2).

    Whatever its encoding: to leave such bytes out, as the parser would, makes `Disallow: /新闻` in GBK forbid
    everything. What its byte order mark calls UTF-16 is read as that.
    """
    body = body[:_MOST_BYTES]
    encoding, mark = read_bom(body)
    if encoding is not None and mark is not None:
        body = body[len(mark) :].decode(encoding, "replace").encode()
    return _NOT_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], body)


def bad_crawl_delays(body: bytes) -> list[str]:
    """Return the values of Crawl-delay that are no number of seconds; the parser leaves them out."""
    values = [value.decode("utf-8", "replace").strip() for value in _CRAWL_DELAY.findall(body)]
    return [value for value in values if not _is_delay(value)]


def _is_delay(value: str) -> bool:
    try:
        return isfinite(float(value)) and float(value) >= 0
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a host: its rules (None: all is allowed), could they be read, and since when."""

    rules: RobotParser | None
    reachable: bool
    since: float


class Rfc9309Middleware(RobotsTxtMiddleware):
    """Scrapy's middleware with the answers of RFC 9309 to what may happen to a robots.txt (2.3.1).

    2xx: its rules hold, for a day (2.4). 3xx: five redirects are followed, then it is unavailable. 4xx:
    unavailable, all is allowed. 5xx, 429 and no answer, after the retries: unreachable, nothing is allowed
    unless its rules were read before (2.4). A host is asked once, and requests for it wait meanwhile: in
    Scrapy 2.19 they share a Deferred whose result only the first one gets, and the others are let through.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._known: dict[str, _Known] = {}
        self._queues: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._received: WeakKeyDictionary[Request, int] = WeakKeyDictionary()
        self._alone: set[str] = set()
        self._closing: asyncio.Task[None] | None = None
        crawler.signals.connect(self.bytes_received, signals.bytes_received)

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """Return the rules for a request's host, None where there are none; raises RobotsUnreachable."""
        host = _origin(request.url)
        async with self._queues[host]:
            known = self._known.get(host)
            if known is None or monotonic() - known.since > _LIFETIME:
                known = self._known[host] = await self._ask(host, request)
        if not known.reachable:
            self.crawler.stats.inc_value("newsmirror/skipped/robots_unreachable")
            raise RobotsUnreachable(f"the robots.txt of {host} could not be read")
        return known.rules

    def bytes_received(self, data: bytes, request: Request) -> None:
        """Stop the download of a robots.txt when there is as much of it as is parsed; raises StopDownload."""
        if is_robots_txt(request):
            self._received[request] = self._received.get(request, 0) + len(data)
            if self._received[request] > _MOST_BYTES:
                raise StopDownload(fail=False)

    async def _ask(self, host: str, request: Request) -> _Known:
        """Ask for the robots.txt of a request's host."""
        asked = Request(
            f"{host}/robots.txt",
            callback=NO_CALLBACK,
            priority=self.DOWNLOAD_PRIORITY,
            meta={"dont_obey_robotstxt": True, "redirect_ttl": _MOST_REDIRECTS},
        )
        self.crawler.stats.inc_value("robotstxt/request_count")
        try:
            response = await self.crawler.engine.download_async(asked)
        except AskedInVain as error:
            return self._unreachable(host, str(error))
        except IgnoreRequest:
            # Too many redirects, or one to where we do not go: unavailable (2.3.1.2).
            return _Known(None, True, monotonic())
        except Exception as error:  # noqa: BLE001 - whatever kept us from the rules, they are not known
            return self._unreachable(host, f"{type(error).__name__}: {error}")
        self.crawler.stats.inc_value(f"robotstxt/response_status_count/{response.status}")
        if is_unreachable(response.status):
            return self._unreachable(host, f"HTTP status {response.status}")
        rules = await self._read(request, response) if 200 <= response.status < 300 else None
        return _Known(rules, True, monotonic())

    async def _read(self, request: Request, response: Response) -> RobotParser:
        """Parse a robots.txt, and hand it to those who wait for the signal `robots_parsed`."""
        body = in_ascii(response.body)
        for value in bad_crawl_delays(body):
            logger.warning("%s: Crawl-delay %r is no number of seconds, and left out", response.url, value)
        rules: RobotParser = build_from_crawler(self._parserimpl, self.crawler, body)
        await self.crawler.signals.send_catch_log_async(
            signal=signals.robots_parsed, robotparser=rules, request=request
        )
        return rules

    def _unreachable(self, host: str, why: str) -> _Known:
        """Return the rules as they were before, or leave the host alone; closes where no start is left."""
        before = self._known.get(host)
        if before is not None and before.reachable:
            return replace(before, since=monotonic())
        logger.error("The robots.txt of %s could not be read (%s): the host is left alone.", host, why)
        spider = self.crawler.spider
        if isinstance(spider, SnapshotSpider):
            starts = {_origin(url) for url in spider.arguments.start}
            if host in starts:
                spider.unwalked.append(f"the robots.txt of {host} could not be read: {why}")
            self._alone.add(host)
            if starts <= self._alone:
                closing: Any = self.crawler.engine.close_spider_async(reason="robots_unreachable")
                self._closing = asyncio.ensure_future(closing)
        return _Known(None, False, monotonic())


def _origin(url: str) -> str:
    """Return what a robots.txt speaks for: scheme, host and port (2.3)."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
