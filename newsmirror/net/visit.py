"""One page in the browser: what it may ask for, how long it may take, how its list is loaded to the end."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, Route
from playwright.async_api import Request as Asked
from scrapy import Request
from scrapy.http import HtmlResponse, Response

from newsmirror.normalise.variants import both
from newsmirror.reading.article import is_article
from newsmirror.reading.stream import read_stream

_KINDS = frozenset({"script", "xhr", "fetch"})
_METHODS = frozenset({"GET", "POST"})
_MAX_PARTS = 100
# How often a list is asked for more.
_MAX_ROUNDS = 50
# However slowly the site answers: scripts and data wait for their turn as all requests do.
_MAX_SECONDS = 300
# A page that asks for nothing for so long shows what it has; Playwright's `networkidle` is 0.5, too.
_QUIET_SECONDS = 0.5
_KEPT_HEADERS = re.compile(r"content-type|access-control-.*")

# The words of buttons, in what Python and JavaScript both understand (there, \W is every Chinese character).
_MORE = re.compile(
    both(
        r"^[\s>»▼↓+]*(?:(?:点击|上拉|继续|再)?(?:加载|查看|显示|浏览|获取|看)?更多(?:资讯|新闻|文章|内容|快照|信息)?|点击加载"
        r"|(?:(?:load|show|view|see|read) )?more(?: news| articles)?)[\s>»▼↓+.…。]*$"
    ),
    re.IGNORECASE,
)
_MAX_BUTTONS = 5
_BUTTON_MS = 1000
# A link to a page is left to the crawl.
_IS_BUTTON = "element => /^(#|javascript:|$)/.test(element.closest('a[href]')?.getAttribute('href') ?? '')"
# Up and down, and told: a list that is there at its end, or fits the window, is not scrolled otherwise.
_SCROLL = """() => {
    scrollTo(0, 0);
    requestAnimationFrame(() => {
        scrollTo(0, document.documentElement.scrollHeight);
        dispatchEvent(new Event('scroll'));
    });
}"""


class Visit:
    """A page that is shown in the browser; `is_cut` tells that its list may have more than it showed.

    `fetch` gets what the page may ask for. `max_pages` counts what the list is loaded with and what it is
    then asked for; None: as far as it goes. `seconds` bounds how long the page itself may take to show
    something new; its waiting for `fetch` does not count.
    """

    def __init__(
        self,
        response: HtmlResponse,
        fetch: Callable[[Asked], Awaitable[Response | None]],
        max_pages: int | None,
        seconds: float,
    ) -> None:
        self.is_cut = False
        self._response = response
        self._fetch = fetch
        self._max_pages = max_pages
        self._seconds = seconds
        self._now = asyncio.get_running_loop().time
        self._end = self._now() + _MAX_SECONDS
        self._own_left = seconds
        self._quiet_since = self._now()
        self._is_shown = False
        self._parts = 0
        self._waiting_for = 0

    @property
    def left(self) -> float:
        """How many seconds the page has left."""
        own = 0 if self._waiting_for else self._now() - self._quiet_since
        return min(self._own_left - own, self._end - self._now())

    async def prepare(self, page: Page, request: Request) -> None:
        """Stand between a new page and the network."""
        self._is_shown = False
        await page.route("**", self._answer)

    async def work(self, page: Page) -> str:
        """Wait until the page is at rest, load its list until nothing new shows, and return its HTML."""
        await page.wait_for_function("document.readyState != 'loading'", timeout=0)
        await self._rest()
        html = await page.content()
        if is_article(read_stream(html, self._response.url)):
            return html
        await self._load_list(page)
        return await page.content()

    async def _load_list(self, page: Page) -> None:
        links = page.locator("a[href]")
        shown = await links.count()
        pages = 1
        while not self.is_cut and pages != self._max_pages:
            await self._ask_for_more(page)
            await self._rest()
            before, shown = shown, await links.count()
            if shown <= before:
                return
            pages += 1
            self.is_cut |= pages > _MAX_ROUNDS
            self._quiet_since = self._now()
            self._own_left = self._seconds

    async def _rest(self) -> None:
        """Wait until the page has asked for nothing for a while, or half its time is gone."""
        started = self._now()
        while self._waiting_for or self._now() - max(started, self._quiet_since) < _QUIET_SECONDS:
            if self.left < self._seconds / 2:
                self.is_cut = True
                return
            await asyncio.sleep(0.05)

    async def _ask_for_more(self, page: Page) -> None:
        buttons = await page.get_by_text(_MORE).filter(visible=True).all()
        for button in buttons[:_MAX_BUTTONS]:
            with suppress(PlaywrightError):  # gone since
                if await button.evaluate(_IS_BUTTON, timeout=_BUTTON_MS):
                    await button.dispatch_event("click", timeout=_BUTTON_MS)
        await page.evaluate(_SCROLL)

    async def _answer(self, route: Route) -> None:
        """Answer what the page asks for: itself, its scripts and data; no other page, and nothing else."""
        asked = route.request
        with suppress(PlaywrightError):  # the page is closed since
            if asked.is_navigation_request():
                if self._is_shown:
                    await route.abort("aborted")  # any other error would take the page's place
                else:
                    self._is_shown = True
                    await route.fulfill(headers=_headers(self._response), body=self._response.body)
                return
            answer = await self._part(asked)
            if answer is None:
                await route.abort()
            else:
                await route.fulfill(status=answer.status, headers=_headers(answer), body=answer.body)

    async def _part(self, asked: Asked) -> Response | None:
        if asked.resource_type not in _KINDS or asked.method not in _METHODS or self._parts >= _MAX_PARTS:
            return None
        self._parts += 1
        if not self._waiting_for:
            self._own_left -= self._now() - self._quiet_since
        self._waiting_for += 1
        try:
            return await self._fetch(asked)
        finally:
            self._waiting_for -= 1
            self._quiet_since = self._now()


def _headers(response: Response) -> dict[str, str]:
    """Return the headers that the browser is to know; not cookies, redirects or downloads."""
    headers = response.headers.to_unicode_dict()
    return {str(name): str(headers[name]) for name in headers if _KEPT_HEADERS.fullmatch(str(name).lower())}
