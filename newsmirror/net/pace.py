"""How fast a host is asked: never sooner than it wishes, by Crawl-delay or by Retry-After.

Scrapy's downloader has a slot for each host, which spaces its requests. Here a slot has a least delay that
neither AutoThrottle nor jitter goes below, and a host that said when to come back is left alone until then.
"""

import asyncio
import logging
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Any

from scrapy import Request, signals
from scrapy.core.downloader import Downloader, Slot
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.pqueues import DownloaderAwarePriorityQueue
from scrapy.robotstxt import RobotParser
from scrapy.utils.asyncio import call_later

from newsmirror.net.faults import AskedInVain
from newsmirror.spiders.base import SnapshotSpider

logger = logging.getLogger(__name__)

# Statuses whose Retry-After speaks of the host (RFC 6585, 4; RFC 9110, 15.6.4).
_BUSY = {429, 503}
# A timer may fire a little early.
_TICK = 0.02


def retry_after(value: str, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for: 0 for a past date, None for nonsense.

    RFC 9110, 10.2.3: a whole number of seconds, or an HTTP-date, here against the server's own `now`.
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value)
    date = _http_date(value)
    return None if date is None else max(0.0, (date - now).total_seconds())


def _http_date(value: str) -> datetime | None:
    """Return an aware datetime for a date in any of the forms of RFC 9110, 5.6.7, or None."""
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


class _LeftAlone(IgnoreRequest):
    """Takes a request out of its slot: its host is to be left alone for a while."""


class PacedSlot(Slot):
    """The slot of a host: `least` seconds between its requests, and none before `not_before` (monotonic).

    `patience` is how many seconds we wait for a host at most.
    """

    def __init__(self, concurrency: int, delay: float, jitter: float, least: float, patience: float) -> None:
        super().__init__(concurrency, delay, jitter)
        self.least = least
        self.patience = patience
        self.not_before = 0.0

    def download_delay(self) -> float:
        """Return the seconds from one request to the next: jitter and AutoThrottle never shorten `least`."""
        return max(self.least, super().download_delay())

    @property
    def wait(self) -> float:
        """Seconds for which the host is still to be left alone; 0 or less if it is not."""
        return self.not_before - monotonic()

    @property
    def asks_too_much(self) -> bool:
        """Whether the host asks for more than our patience."""
        return max(self.least, self.wait) > self.patience

    def leave_alone(self, seconds: float) -> None:
        """Send nothing for so long; what waits in the slot goes back to the downloader."""
        self.not_before = max(self.not_before, monotonic() + seconds)
        while self.queue:
            _, waiting = self.queue.popleft()
            waiting.errback(_LeftAlone())


class PacedDownloader(Downloader):
    """Scrapy's downloader (`DOWNLOADER`) with slots that keep to what their hosts ask for."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._patience = self.settings.getfloat("NEWSMIRROR_MAX_WAIT")
        self._least = self.settings.getfloat("DOWNLOAD_DELAY")
        self._paced: dict[str, PacedSlot] = {}
        self._resting = 0
        crawler.signals.connect(self.robots_parsed, signals.robots_parsed)
        crawler.signals.connect(self.response_downloaded, signals.response_downloaded)

    # ---- what hosts ask for ---------------------------------------------------------------------------

    def robots_parsed(self, robotparser: RobotParser, request: Request) -> None:
        """Take the Crawl-delay of a host as the least delay of its slot."""
        asked = robotparser.crawl_delay(self.settings["ROBOTSTXT_USER_AGENT"]) or 0.0
        self.slot_of(request).least = max(self._least, asked)

    def response_downloaded(self, response: Response, request: Request) -> None:
        """Leave a host alone for as long as it says; runs before the slot sends its next request."""
        header = response.headers.get("Retry-After")
        if header is None or response.status not in _BUSY:
            return
        # Against the server's clock, if it tells: ours may differ from it.
        said = _http_date((response.headers.get("Date") or b"").decode("latin-1"))
        seconds = retry_after(header.decode("latin-1"), said or datetime.now(UTC))
        if seconds:
            host = self.get_slot_key(request)
            logger.info("%s says to come back in %.0f s", host, seconds)
            self.crawler.stats.inc_value("newsmirror/pace/retry_after")
            self.slot_of(request).leave_alone(seconds)
            # Till then the queue gives out nothing, and Scrapy by itself asks it every five seconds only.
            call_later(min(seconds, self._patience) + _TICK, self._look_again)

    def _look_again(self) -> None:
        """Let the engine ask the queue for requests, if the spider is still open."""
        engine = self.crawler.engine
        if engine is not None and engine._slot is not None:
            engine._slot.nextcall.schedule()

    # ---- how it is kept -------------------------------------------------------------------------------

    def slot_of(self, request: Request) -> PacedSlot:
        """Return the slot of a request's host."""
        _, slot = self._get_slot(request)
        return slot

    def _get_slot(self, request: Request) -> tuple[str, PacedSlot]:  # type: ignore[override]
        """Scrapy forgets a slot that was idle for a minute, and with it what its host asked for; not here."""
        key = self.get_slot_key(request)
        if key not in self._paced:
            _, slot = super()._get_slot(request)
            self._paced[key] = PacedSlot(
                slot.concurrency, slot.delay, slot.jitter, self._least, self._patience
            )
        self.slots[key] = self._paced[key]
        return key, self._paced[key]

    async def _enqueue_request(self, request: Request) -> Response:
        """Send a request when its host may be asked; raises AskedInVain if that would be too late."""
        slot = self.slot_of(request)
        while True:
            if slot.asks_too_much:
                host, seconds = self.get_slot_key(request), max(slot.least, slot.wait)
                raise AskedInVain(
                    "told_to_wait", f"{host} asks for a wait of {seconds:.0f} s, over NEWSMIRROR_MAX_WAIT"
                )
            await self.rest(slot.wait)
            if self._is_closing() and slot.wait > 0:
                raise IgnoreRequest("the spider closes before the host may be asked")
            try:
                return await super()._enqueue_request(request)
            except _LeftAlone:
                continue

    async def rest(self, seconds: float) -> None:
        """Wait without a place among CONCURRENT_REQUESTS; ends early when the spider closes."""
        until = monotonic() + seconds
        self._resting += 1
        try:
            while (left := until - monotonic()) > 0 and not self._is_closing():
                # Nobody is told that a spider begins to close: look once a second.
                await asyncio.sleep(min(left, 1))
        finally:
            self._resting -= 1

    def needs_backout(self) -> bool:
        """Tell whether CONCURRENT_REQUESTS are under way: a request that rests keeps no other one waiting."""
        return self._has_enough() or 0 < self.total_concurrency <= len(self.active) - self._resting

    def _has_enough(self) -> bool:
        """Tell whether as many pages are under way as articles are wanted: each may turn out to be one.

        Under way until they were read. What was fetched beyond that would be archived, but not published.
        """
        spider: Any = self.crawler.spider
        wanted = spider.articles_wanted if isinstance(spider, SnapshotSpider) else None
        engine: Any = self.crawler.engine
        return wanted is not None and len(engine._slot.inprogress) >= wanted

    def _is_closing(self) -> bool:
        engine = self.crawler.engine
        assert engine is not None  # noqa: S101 - it has made this downloader
        return not engine.running or engine._slot is None or engine._slot.closing is not None


class PatientQueue(DownloaderAwarePriorityQueue):
    """Scrapy's queue (`SCHEDULER_PRIORITY_QUEUE`), which gives out no request for a host that is left alone.

    Such requests would take the place of others, and wait.
    """

    def pop(self) -> Request | None:
        """Return the next request for a host that may be asked, or None while there is none."""
        slots = self.crawler.engine.downloader.slots
        alone = {
            key: self.pqueues.pop(key)
            for key in list(self.pqueues)
            if isinstance(slot := slots.get(key), PacedSlot) and slot.wait > 0 and not slot.asks_too_much
        }
        try:
            return super().pop()
        finally:
            self.pqueues.update(alone)
