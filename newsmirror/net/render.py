"""A browser for the pages that need one: when a page is rendered, and how often.

The page itself is fetched as any other; the browser is shown its bytes. So robots.txt, the address guard,
the pace, the redirects and the bounds on what is downloaded hold for a rendered page without a second copy
of them, and no page is asked for twice. What is done in the browser stands in `browser.py`.
"""

import asyncio
import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Self

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider, NotConfigured
from scrapy.http import HtmlResponse, Response
from scrapy.http.request import NO_CALLBACK

from newsmirror.net.faults import AskedInVain
from newsmirror.net.headers import content_type
from newsmirror.normalise.urls import shape
from newsmirror.reading.decoding import decode
from newsmirror.reading.shell import is_shell, shows_pages
from newsmirror.reading.stream import read_stream
from newsmirror.spiders.base import SnapshotSpider

if TYPE_CHECKING:
    from newsmirror.net.browser import Browser

logger = logging.getLogger(__name__)

# Among a response's `flags`: its body is what a browser made of the page.
RENDERED = "rendered"

INSTALL = (
    "To have one: pip install 'newsmirror[browser]', and apt-get install chromium or playwright install "
    "chromium; or say where it is: -s NEWSMIRROR_BROWSER=/path/to/chromium. To do without: -a render=never"
)


class BrowserMissingError(Exception):
    """There is no browser that could be started; the message says why and what to install."""


class RenderError(AskedInVain):
    """A page that could not be rendered: `render_hung`, `render_failed` or `render_too_large`."""


class RenderMiddleware:
    """Renders pages in a browser, as the spider's `render` says.

    `always`: every HTML page. `auto`: a page that is a shell, and from then on every page whose address has
    the same shape; where rendering brought nothing, no page of that shape is tried again.
    """

    def __init__(self, crawler: Crawler, spider: SnapshotSpider) -> None:
        self.crawler = crawler
        self.spider = spider
        self._budget = crawler.settings.getint("NEWSMIRROR_RENDERED_PAGES")
        self._rendered = 0
        # By shape of address: whether rendering brought anything.
        self._helps: dict[str, bool] = {}
        self._trying: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._opening = asyncio.Lock()
        self._browser: Browser | None = None
        self._is_missing = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the middleware, as Scrapy asks."""
        spider = crawler.spider
        if not isinstance(spider, SnapshotSpider) or spider.render == "never":
            raise NotConfigured
        middleware = cls(crawler, spider)
        if spider.render == "always":
            crawler.signals.connect(middleware.opened, signals.spider_opened)
        crawler.signals.connect(middleware.closed, signals.spider_closed)
        return middleware

    async def opened(self) -> None:
        """Start the browser before the first request; raises CloseSpider where there is none."""
        if await self._open() is None:
            self.crawler.stats.set_value("newsmirror/run/failure", "no_browser")
            raise CloseSpider("no_browser")

    async def closed(self) -> None:
        """End the browser."""
        if self._browser is not None:
            await self._browser.close()

    async def process_response(self, request: Request, response: Response) -> Response:
        """Return the page as it is, or rendered; raises RenderError."""
        # What no callback reads is robots.txt, or what a rendered page asked for.
        if (
            not isinstance(response, HtmlResponse)
            or response.status != 200
            or request.callback is NO_CALLBACK
        ):
            return response
        if self.spider.render == "always":
            return await self._render(response, "always") or response
        kind = shape(response.url)
        if kind not in self._helps and is_shell(self._text(response), response.url):
            async with self._trying[kind]:
                if kind not in self._helps:
                    return await self._try(response, kind)
        if self._helps.get(kind):
            return await self._render(response, "known_shape") or response
        return response

    async def _try(self, response: HtmlResponse, kind: str) -> HtmlResponse:
        """Render the first page of its shape, and remember whether that helped."""
        rendered = await self._render(response, "auto")
        if rendered is None:
            return response
        self._helps[kind] = shows_pages(read_stream(self._text(rendered), rendered.url))
        if self._helps[kind]:
            return rendered
        self._count("nothing_more")
        return response

    async def _render(self, response: HtmlResponse, why: str) -> HtmlResponse | None:
        """Return the page as a browser shows it; None if there is no browser, or it was used enough."""
        if self._rendered >= self._budget:
            self._count("over_budget")
            self._give_up(f"more than {self._budget} pages need a browser: raise NEWSMIRROR_RENDERED_PAGES")
            return None
        browser = await self._open()
        if browser is None:
            self._count("no_browser")
            return None
        self._rendered += 1
        try:
            html = await browser.render(response)
        except RenderError as error:
            self._count(error.reason)
            raise
        self._count(why)
        rendered = response.replace(body=html.encode(), encoding="utf-8", flags=[*response.flags, RENDERED])
        rendered.headers["Content-Type"] = "text/html; charset=utf-8"
        return rendered

    def _text(self, response: Response) -> str:
        return decode(response.body, content_type(response), self.spider.encoding).text

    async def _open(self) -> "Browser | None":
        """Return the browser, started when it is first needed; None if there is none."""
        async with self._opening:
            if self._browser is None and not self._is_missing:
                try:
                    self._browser = await start_browser(self.crawler, self.spider)
                except BrowserMissingError as error:
                    self._is_missing = True
                    self._give_up(str(error))
        return self._browser

    def _give_up(self, why: str) -> None:
        """Say once why pages are read as they came: what their scripts would show is not known."""
        if why not in self.spider.unwalked:
            self.spider.unwalked.append(why)
            logger.error("%s", why)

    def _count(self, name: str) -> None:
        self.crawler.stats.inc_value(f"newsmirror/rendered/{name}")


async def start_browser(crawler: Crawler, spider: SnapshotSpider) -> "Browser":
    """Start a browser; raises BrowserMissingError. Playwright is imported here: most crawls never need it."""
    try:
        from newsmirror.net.browser import Browser
    except ModuleNotFoundError as error:
        raise BrowserMissingError(
            f"A page needs a browser, but {error.name} is not installed. {INSTALL}"
        ) from error
    return await Browser.start(crawler, spider)
