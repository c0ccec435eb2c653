"""The browser: Chromium without a network, within bounds.

It resolves no name, connects to no address and sends no UDP: flags see to that. What a page asks for is
intercepted, and what it may have is fetched by the crawl's own downloader, as any request is (`visit.py`).
Interception alone would not do: pop-ups, preconnects and WebRTC pass by it.
"""

import asyncio
import os
import re
import shutil
from contextlib import suppress
from itertools import count
from typing import Any, Self

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Request as Asked
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import HtmlResponse, Response
from scrapy.http.request import NO_CALLBACK
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from newsmirror.net.render import INSTALL, BrowserMissingError, RenderError
from newsmirror.net.visit import Visit
from newsmirror.spiders.base import SnapshotSpider

_NAMES = ("chromium", "chromium-browser", "google-chrome")
# Playwright's own flags switch off the first run, updates and background networking.
_FLAGS = (
    "--host-resolver-rules=MAP * ~NOTFOUND",  # addresses written as numbers, too
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-quic",
    "--disable-sync",
    "--no-pings",
    "--js-flags=--max-old-space-size=256",  # MiB; a page beyond it crashes, alone
)
_PAGES_AT_ONCE = 2
_CLOSING_SECONDS = 5
# The scripts of a site are the same on its pages: they are fetched once a run, as far as they fit in 100 MiB.
_KEPT_SCRIPTS = 100
_KEPT_SCRIPT_BYTES = 1024 * 1024
# What Scrapy sends itself, or nobody does.
_NOT_SENT = re.compile(r"user-agent|cookie|accept-encoding|host|connection|content-length|upgrade-.*|sec-.*")


def find_browser(given: str) -> str | None:
    """Return the path that was given, else that of the system's browser; None stands for Playwright's own."""
    return given or next(filter(None, map(shutil.which, _NAMES)), None)


class Browser:
    """Started once a run, and again after a crash; scrapy-playwright looks after it and its pages."""

    def __init__(self, crawler: Crawler, spider: SnapshotSpider) -> None:
        self._crawler = crawler
        self._spider = spider
        self._seconds = crawler.settings.getfloat("NEWSMIRROR_RENDER_SECONDS")
        self._max_size = crawler.settings.getint("DOWNLOAD_MAXSIZE")
        self._executable = find_browser(crawler.settings["NEWSMIRROR_BROWSER"])
        self._handler = ScrapyPlaywrightDownloadHandler.from_crawler(crawler)
        self._handler.config.launch_options = {
            "executable_path": self._executable,
            "args": list(_FLAGS),
            "chromium_sandbox": os.geteuid() != 0,  # Chromium has none for root
            "ignore_default_args": ["--disable-popup-blocking"],
        }
        self._handler.config.navigation_timeout_ms = 0  # no clock but ours
        self._context: dict[str, Any] = {
            "service_workers": "block",
            "accept_downloads": False,
            "user_agent": crawler.settings["USER_AGENT"],
            # What scripts print, dates above all, is printed for the readers of the site.
            "locale": "zh-CN",
            "timezone_id": spider.timezone,
            "viewport": {"width": 1024, "height": 320},  # low: a short list, too, must reach beyond it
        }
        self._pages = asyncio.Semaphore(_PAGES_AT_ONCE)
        self._numbers = count(1)
        self._scripts: dict[str, Response] = {}

    @classmethod
    async def start(cls, crawler: Crawler, spider: SnapshotSpider) -> Self:
        """Start the browser; raises BrowserMissingError."""
        browser = cls(crawler, spider)
        try:
            # The handler itself would do the one when the engine starts, the other with its first page.
            await browser._handler._launch()
            await browser._handler._maybe_launch_browser()
        except PlaywrightError as error:
            await browser.close()
            path = browser._executable or "Playwright's own"
            why = error.message.partition("\n")[0]
            raise BrowserMissingError(
                f"A page needs a browser, but {path} does not start ({why}). {INSTALL}"
            ) from error
        return browser

    async def close(self) -> None:
        """End the browser and Playwright; a browser that hangs ends with this process."""
        with suppress(TimeoutError, PlaywrightError):
            await asyncio.wait_for(self._handler.close(), _CLOSING_SECONDS)

    async def render(self, response: HtmlResponse) -> str:
        """Return the HTML that a page shows after its scripts have run; raises RenderError."""
        async with self._pages:
            try:
                try:
                    return await self._visit(response)
                except PlaywrightError:
                    # The browser may have died of another page; the handler needs a moment to notice.
                    await asyncio.sleep(1)
                    return await self._visit(response)
            except PlaywrightError as error:
                why = error.message.partition("\n")[0].strip()
                raise RenderError("render_failed", f"{why}: {response.url}") from error

    async def _visit(self, response: HtmlResponse) -> str:
        visit = Visit(response, self._fetch, self._spider.arguments.max_pages, self._seconds)
        # A context of its own: no cookie, no storage goes from page to page.
        context = f"page {next(self._numbers)}"
        meta = {
            "playwright": True,
            "playwright_include_page": True,  # so that it is we who close it, also when it hangs
            "playwright_context": context,
            "playwright_context_kwargs": self._context,
            "playwright_page_init_callback": visit.prepare,
            "playwright_page_goto_kwargs": {"wait_until": "commit"},
        }
        request = Request(response.url, callback=NO_CALLBACK, meta=meta)
        shown = asyncio.ensure_future(self._show(request, visit))
        try:
            # Not a Playwright timeout: several of its calls have none, and hang with the page.
            while not shown.done() and visit.left > 0:
                await asyncio.wait({shown}, timeout=visit.left)
            if not shown.done():
                raise RenderError("render_hung", f"a page that does not come to rest: {response.url}")
            html = await shown
        finally:
            shown.cancel()
            await self._close_context(context)
        if len(html) > self._max_size:
            raise RenderError("render_too_large", f"more than {self._max_size} characters: {response.url}")
        if visit.is_cut:
            self._spider.unwalked.append(
                f"the list on {response.url} was not loaded to its end: raise NEWSMIRROR_RENDER_SECONDS"
            )
        return html

    async def _show(self, request: Request, visit: Visit) -> str:
        await self._handler.download_request(request)
        # Not as a `PageMethod`: after each of them the handler waits until the page is loaded, and a page
        # that tried to leave while it was read never is.
        return await visit.work(request.meta["playwright_page"])

    async def _close_context(self, name: str) -> None:
        opened = self._handler.context_wrappers.get(name)
        if opened is not None:
            with suppress(TimeoutError, PlaywrightError):
                await asyncio.wait_for(opened.context.close(), _CLOSING_SECONDS)

    async def _fetch(self, asked: Asked) -> Response | None:
        """Fetch what a page asks for if the site itself has it; None if it is not to be had."""
        if not self._spider.is_on_site(asked.url):
            self._count("refused")
            return None
        if asked.resource_type == "script" and asked.url in self._scripts:
            return self._scripts[asked.url]
        request = Request(
            asked.url,
            NO_CALLBACK,
            method=asked.method,
            headers={
                name: value for name, value in asked.headers.items() if not _NOT_SENT.fullmatch(name.lower())
            },
            body=asked.post_data_buffer or b"",
        )
        self._count("fetched")
        # Whatever it fails of, robots.txt or the network: the page goes without, as in any browser.
        [answer] = await asyncio.gather(self._crawler.engine.download_async(request), return_exceptions=True)
        if not isinstance(answer, Response):
            return None
        if asked.resource_type == "script" and len(answer.body) <= _KEPT_SCRIPT_BYTES:
            if len(self._scripts) >= _KEPT_SCRIPTS:
                del self._scripts[next(iter(self._scripts))]
            self._scripts[asked.url] = answer
        return answer

    def _count(self, name: str) -> None:
        self._crawler.stats.inc_value(f"newsmirror/browser/{name}")
