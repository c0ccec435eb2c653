"""The crawl of a snapshot site: what each page is, its content decides; the spider only follows.

    start → home → listing → next listing …
                   listing → article → related article …

Listings and their articles come first. Related links wait until nothing else is left, hop by hop, so that
an article which a listing also shows is always reached as that: neither its place in the crawl nor the
number of hops from it depends on which answer came first.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, ClassVar, Protocol, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import scrapy
from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider, DontCloseSpider
from scrapy.http import Response
from twisted.python.failure import Failure

from newsmirror.items import Discovery, Encoding, Link, Rejected, Snapshot
from newsmirror.net.faults import Fault, RobotsUnreachable, explain, is_forbidden
from newsmirror.net.headers import content_type
from newsmirror.normalise.dates import parse_date
from newsmirror.normalise.record import format_utc
from newsmirror.normalise.urls import canonical_url, identity, is_growing, is_page, shape
from newsmirror.reading.article import is_article, read_article
from newsmirror.reading.decoding import decode
from newsmirror.reading.entries import Entry
from newsmirror.reading.listing import Listing, find_home, read_listing, read_sections
from newsmirror.reading.missing import says_empty, says_missing
from newsmirror.reading.page import HtmlPage, open_page
from newsmirror.reading.stream import Stream
from newsmirror.spiders.arguments import Arguments, Render, parse_arguments
from newsmirror.spiders.listed import Listed
from newsmirror.spiders.owed import Lost, Owed, Way
from newsmirror.spiders.walk import Walk

# Listings before articles: they find the work. A walk that found nothing yet waits for its articles.
_LISTING_PRIORITY = 20
_KNOWN_SHAPE_PRIORITY = 10
_WAITING_PRIORITY = -10
# While so many articles wait to be read, no walk goes on: each waiting request holds some 4 kB of memory.
_MOST_AHEAD = 1000
# So many texts of articles are remembered: a trap shows the few that it has soon again.
_MOST_TEXTS = 10_000
_MISSING = Fault("soft_404", "a page that says it is not there")
_NO_LABELS = Fault("soft_404", "an article's address without an article's labels")
# Why an address is given up although there may be an article.
_MAY_BE_THERE = frozenset(("server_error", "unreachable", "truncated", "told_to_wait"))


class Known(Protocol):
    """What is remembered of an article; times are RFC 3339 in UTC."""

    @property
    def published_at(self) -> str | None:
        """When the article was published, if that is known."""

    @property
    def first_seen_at(self) -> str:
        """When it was fetched for the first time."""


def _nothing_known(article_ids: Iterable[str]) -> Mapping[str, Known]:
    return {}


@dataclass(frozen=True, slots=True)
class _Page:
    """An HTML page, how its bytes became text, and its lines."""

    response: Response
    encoding: Encoding
    stream: Stream


class SnapshotSpider(scrapy.Spider):
    """The base of all spiders here.

    A site file gives `name`, `start_urls`, `timezone` (IANA name), and only where it must `allowed_domains`
    (default: the hosts of the start addresses), `categories` (name → address), `article_pattern`, a
    regular expression that the addresses of its articles match, for a site with many other links,
    `encoding`, for a site that does not declare it, `render`, which of its pages a browser renders, and
    `stale_after`, for how many days a living site may publish nothing before its runs say so.
    """

    start_urls: list[str] = []
    timezone: ClassVar[str] = "Asia/Shanghai"
    categories: ClassVar[dict[str, str]] = {}
    article_pattern: ClassVar[str | None] = None
    encoding: ClassVar[str | None] = None
    render: Render = "auto"
    stale_after: ClassVar[int | None] = None
    allowed_domains: list[str] = []

    def __init__(self, *args: Any, **given: str) -> None:
        """Check the arguments; raises ArgumentError."""
        super().__init__(*args)
        self.arguments: Arguments = parse_arguments(given, self.start_urls, self.timezone, datetime.now(UTC))
        self.render = self.arguments.render or self.render
        decode(b"", None, self.encoding)  # a name that is none is told before the first request
        self.allowed_domains = self.allowed_domains or sorted(
            {_site_host(url) for url in self.arguments.start}
        )
        self._ports = {urlsplit(canonical_url(url)).port for url in self.arguments.start} | {None}
        self._is_article = re.compile(self.article_pattern) if self.article_pattern else None
        self._wanted = dict.fromkeys(self.arguments.categories)
        self._sections_seen: dict[str, None] = {}
        self._home_tried = False
        self._shapes: set[str] = set()
        # Related articles that wait, by canonical address. And the canonical addresses of all that were asked
        # for; and the pages of listings that wait until an article of the pages before them was met, or none
        # is left that may be.
        self._waiting: dict[str, Way] = {}
        self._asked: set[str] = set()
        self._held: list[Request] = []
        # Set from outside: what earlier runs saw, by article_id; when the last one ended that walked the
        # listings of this start to their end, in UTC; and the name of this run.
        self.memory: Callable[[Iterable[str]], Mapping[str, Known]] = _nothing_known
        self.walked_until: str | None = None
        self.run_id: str | None = None
        # Articles that a run shows at its start pages and its listings' first pages: the same in every run.
        self.found: set[str] = set()
        # Why there may be more on the site than this run has met.
        self.unwalked: list[str] = []
        # Listings that show articles; and the first pages of those that show no next page.
        self._listed = Listed()
        self.unpaged: list[str] = []
        # Pages that are no articles, by canonical address.
        self._no_articles: set[str] = set()
        self.owed = Owed()
        # Canonical addresses that turned out to be articles, each with a text of its own; the texts, and the
        # lists that were walked.
        self._met: set[str] = set()
        self._texts: set[int] = set()
        self._walked: set[tuple[str, ...]] = set()
        # Articles that were asked for and have not been answered.
        self._ahead = 0
        self._articles = 0

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Create the spider, as Scrapy asks."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.release_waiting, signals.spider_idle)
        crawler.signals.connect(spider.dropped, signals.request_dropped)
        return spider

    # ---- requests ------------------------------------------------------------------------------------

    async def start(self) -> AsyncIterator[Request]:
        """Ask for the start pages, and for the categories whose address is known."""
        for name in list(self._wanted):
            address = name if "://" in name else self.categories.get(name)
            if address is None:
                continue
            del self._wanted[name]
            if self.is_on_site(address):
                yield self._listing_request(address, None)
            else:
                self.unwalked.append(f"category {address} is not on the site. Give its host in start, too.")
        if self._wanted or not self.arguments.categories:
            for url in self.arguments.start:
                yield self._start_request(url)

    def _start_request(self, url: str) -> Request:
        return Request(
            url,
            self.parse_start,
            errback=self.given_up,
            meta={"discovery": Discovery("start", None, None)},
            priority=_LISTING_PRIORITY,
        )

    def _listing_request(
        self, url: str, from_url: str | None, walk: Walk | None = None, priority: int = _LISTING_PRIORITY
    ) -> Request:
        return Request(
            url,
            self.parse_listing,
            errback=self.given_up,
            cb_kwargs={"walk": walk or Walk()},
            meta={"discovery": Discovery("listing", from_url and canonical_url(from_url), None)},
            priority=priority,
        )

    def _article_request(self, url: str, discovery: Discovery, hops: int) -> Request:
        address = canonical_url(url)
        self._asked.add(address)
        self._waiting.pop(address, None)
        self._ahead += 1
        return Request(
            url,
            self.parse_article,
            errback=self.given_up,
            cb_kwargs={"hops": hops},
            meta={"discovery": discovery},
            priority=_KNOWN_SHAPE_PRIORITY if self.is_like_article(url) else 0,
        )

    def ask_again(self, lost: Iterable[Lost]) -> None:
        """Let wait, beside the related links, what earlier runs lost."""
        self._waiting.update(self.owed.take_over(lost))

    def expect(self, listings: Mapping[str, int]) -> None:
        """Take what the run before knew of listings: these should show articles again."""
        self._listed.take_over(listings)

    def listings(self, is_whole: bool) -> dict[str, int]:
        """Return what the next run is to know of listings; `is_whole`: nothing was left to be asked for."""
        return self._listed.left(self._met, is_whole)

    def release_waiting(self, spider: scrapy.Spider) -> None:
        """Send what waited until all else was done; keeps the spider open for it."""
        released = self._take_waiting()
        for request in released:
            self.crawler.engine.crawl(request)
        if released:
            raise DontCloseSpider
        for name in self._wanted:
            seen = "、".join(self._sections_seen) or "none"
            self.unwalked.append(
                f"category {name} was not found. Names seen: {seen}. Give its address instead."
            )

    def _take_waiting(self) -> list[Request]:
        """Return the pages of listings that waited for an article in vain, else the related links."""
        if self._held:
            held, self._held = self._held, []
            return held
        waiting, self._waiting = self._waiting, {}
        due = self._not_known(address for address in waiting if address not in self._asked)
        self.owed.hear(waiting.keys() - set(due))
        return [self._article_request(*waiting[address]) for address in due]

    def _take_proven(self) -> list[Request]:
        """Return the pages of listings whose walks have met an article since they were held."""
        proven = [request for request in self._held if request.cb_kwargs["walk"].is_proven(self._met)]
        self._held = [request for request in self._held if request not in proven]
        return proven

    def dropped(self, request: Request, spider: scrapy.Spider) -> None:
        """Count a redirect to what is asked for anyway: Scrapy drops it without a word."""
        self._settle(request)
        if "redirect_urls" in request.meta:
            self._count("skipped/redirect_to_known")
            walk: Walk | None = request.cb_kwargs.get("walk")
            if walk is not None and walk.is_amid(canonical_url(_asked(request))):
                self.crawler.engine.crawl(self._probe(_asked(request), f"it leads to {request.url}", walk))
            elif walk is not None and not walk.pages and self.is_no_article(request.url):
                self._miss(request, f"it leads to {request.url}")

    # ---- callbacks -----------------------------------------------------------------------------------

    def parse_start(self, response: Response) -> Iterator[Request | Snapshot | Rejected]:
        """Read a start page, which may be a home page, a listing or an article."""
        page = self._read(response)
        if isinstance(page, Fault):
            yield from self._reject(response.request, page)
            return
        if is_article(page.stream):
            yield from self._article(page, 0)
            yield from self._wanted_categories(
                read_sections(page.stream), find_home(page.stream), response.url
            )
            return
        if says_missing(page.stream):
            yield from self._reject(response.request, _MISSING)
            return
        self._no_articles.add(canonical_url(response.url))
        listing = read_listing(page.stream)
        if self.arguments.categories:
            yield from self._wanted_categories(listing.sections, listing.home_url, response.url)
            return
        if _shows_nothing(listing) and not says_empty(page.stream):
            self.unwalked.append(f"start page {response.url} is neither an article nor a listing")
        if listing.is_home:
            for section in listing.sections:
                if self.may_follow(section.url):
                    yield self._listing_request(section.url, response.url)
        yield from self._walk(response, listing, Walk())

    def given_up(self, failure: Failure) -> Iterator[Request | Rejected]:
        """Tell of a page that was asked for in vain; what we chose not to ask for has a stat of its own."""
        request: Request = failure.request  # type: ignore[attr-defined]
        self._settle(request)
        fault = explain(failure.value) if failure.value is not None else None
        is_left_alone = isinstance(failure.value, RobotsUnreachable)
        if fault is not None:
            yield from self._reject(request, fault)
        elif request.callback == self.parse_start:
            self.unwalked.append(f"start page {request.url} was not asked for: {failure.getErrorMessage()}")
        elif "walk" in request.cb_kwargs:
            walk: Walk = request.cb_kwargs["walk"]
            if walk.gap is not None:
                if is_left_alone:
                    self._break_off(*walk.gap)
                return
            self._count("chain_ended/not_asked")
            # Sections that lead elsewhere are none of this site's; what robots.txt forbids, it always does.
            is_begun = walk.pages > 0
            if is_left_alone or (is_begun and not is_forbidden(failure.value)):
                self._break_off(request.url, failure.getErrorMessage())
            elif not is_begun:
                self._miss(request, failure.getErrorMessage())
        elif is_left_alone:
            self._lose(request)

    def parse_listing(self, response: Response, walk: Walk) -> Iterator[Request | Snapshot | Rejected]:
        """Read a page of a listing: its articles and its next page."""
        page = self._read(response)
        if isinstance(page, Fault):
            yield from self._reject(response.request, page)
        elif walk.gap is not None:
            if walk.take(self._entries(read_listing(page.stream))[0]):
                self._break_off(*walk.gap)
        elif is_article(page.stream):
            # A short link that looked like a category was a headline; one that led to a next page was not.
            if walk.pages:
                self._break_off(response.url, "it reads as an article")
            else:
                self._miss(response.request, "it reads as an article")
            yield from self._article(page, 0)
        else:
            self._no_articles.add(canonical_url(response.url))
            listing = read_listing(page.stream)
            if walk.pages and not (listing.entries or listing.next_url or _is_end(page.stream, listing)):
                self._break_off(response.url, "it shows nothing of a listing")
            yield from self._walk(response, listing, walk)

    def parse_article(self, response: Response, hops: int) -> Iterator[Request | Snapshot | Rejected]:
        """Read an article and note its related links."""
        assert response.request is not None  # noqa: S101 - Scrapy sets it before a callback
        self._settle(response.request)
        page = self._read(response)
        if isinstance(page, Fault):
            yield from self._reject(response.request, page)
        elif is_article(page.stream):
            yield from self._article(page, hops)
        elif says_missing(page.stream):
            yield from self._reject(response.request, _MISSING)
        elif self.is_like_article(_asked(response.request)) or self.is_like_article(response.url):
            # Deleted, or a 404 that says 200; or the server is busy: 系统繁忙.
            self._lose(response.request)
            yield from self._reject(response.request, _NO_LABELS)
        else:
            self._no_articles.add(canonical_url(response.url))
            self._count("pages/not_article")

    # ---- one verb each -------------------------------------------------------------------------------

    def _settle(self, request: Request) -> None:
        """Note that nothing more comes of a request."""
        if request.callback == self.parse_article:
            self._ahead -= 1
            self.owed.hear([canonical_url(_asked(request))])

    def _break_off(self, url: str, why: str) -> None:
        """Note that a walk ended before its listing did."""
        self.unwalked.append(f"the walk of a listing broke at {url}: {why}")

    def _probe(self, url: str, why: str, walk: Walk) -> Request:
        """Ask for the last page that should have followed: if it shows more, the walk broke, else it ended.

        Sites link to more pages than they have, and to their last one by another address.
        """
        return self._listing_request(walk.promised[-1], url, replace(walk, gap=(url, why)))

    def _miss(self, request: Request | None, why: str) -> None:
        """Note that a listing shows no article, if it did to earlier runs."""
        assert request is not None  # noqa: S101 - Scrapy sets it before a callback
        if self._listed.miss(canonical_url(_asked(request))):
            self.unwalked.append(f"listing {_asked(request)} showed articles before, and none now: {why}")

    def _lose(self, request: Request) -> None:
        """Note what was given up although it may be an article."""
        if request.callback == self.parse_article:
            self.owed.lose((_asked(request), request.meta["discovery"], request.cb_kwargs["hops"]))

    def _reject(self, request: Request | None, fault: Fault) -> Iterator[Request | Rejected]:
        """Tell of a page that gave nothing, and of what stays unknown for it: what a listing would show."""
        assert request is not None  # noqa: S101 - Scrapy sets it before a callback
        walk: Walk | None = request.cb_kwargs.get("walk")
        # A site may have dead links, and number its pages beyond the last.
        is_dead_link = fault.reason == "gone" or (fault.reason == "not_html" and walk and not walk.pages)
        if request.callback == self.parse_start:
            self.unwalked.append(f"start page {request.url}: {fault.detail}")
        elif walk is not None and walk.gap is not None:
            if not is_dead_link:
                self._break_off(*walk.gap)
        elif walk is not None and not is_dead_link:
            self._break_off(request.url, fault.detail)
        elif walk is not None and walk.is_amid(canonical_url(request.url)):
            yield self._probe(request.url, fault.detail, walk)
        elif walk is not None:
            self._miss(request, fault.detail)
        if fault.reason in _MAY_BE_THERE:
            self._lose(request)
        yield Rejected(_asked(request), fault.reason, fault.detail, format_utc(datetime.now(UTC)))

    def _read(self, response: Response) -> _Page | Fault:
        page = open_page(response.body, content_type(response), self.encoding, response.url)
        is_html = isinstance(page, HtmlPage) or page.reason != "not_html"
        self._count("pages/html" if is_html else "pages/not_html")
        if isinstance(page, HtmlPage):
            return _Page(response, page.encoding, page.stream)
        if is_html:
            self._count("pages/undecodable")
        return Fault(page.reason, page.detail)

    def _walk(self, response: Response, listing: Listing, walk: Walk) -> Iterator[Request]:
        """Follow the articles of a listing page, then its next page while it may show something new."""
        assert response.request is not None  # noqa: S101 - Scrapy sets it before a callback
        url = response.url
        self._count("pages/listing")
        if not walk.is_proven(self._met):
            self._count("chain_ended/no_article")
            if walk.is_proven(self.owed):
                self.unwalked.append(f"the walk of a listing ended at {url}: its articles could not be had")
            return
        entries, positions = self._entries(listing)
        fresh = walk.take(entries)
        if (listing.next_url is None or not fresh) and walk.is_amid(canonical_url(url)):
            yield self._probe(url, "it shows nothing new or no next page, and others should follow", walk)
        walk.promised = [canonical_url(page) for page in listing.behind]
        if walk.pages == 1:
            self.found.update(fresh)
            self._count("walks")
            if fresh:
                address = canonical_url(_asked(response.request))
                self._listed.show(address, fresh, listing.next_url is not None)
            else:
                self._miss(response.request, "its first page has no links to articles")
            if listing.next_url is None:
                self.unpaged.append(canonical_url(url))
        older = {address for address, entry in fresh.items() if self._is_older(entry)}
        ids = {address: identity(address) for address in fresh}
        known = self.memory(ids.values())
        for address, entry in fresh.items():
            if ids[address] in known:
                self._met.add(address)
                self._shapes.add(shape(address))
            if address in older:
                self._count("skipped/older_than_since")
            elif self._is_due(known.get(ids[address])):
                found = Discovery("listing", canonical_url(url), positions[address])
                yield self._article_request(entry.url, found, 0)
            else:
                self._count("skipped/known")
        if listing.next_url is None:
            return
        if not self.may_follow(listing.next_url):
            self._count("chain_ended/next_elsewhere")
            if not self.is_on_site(listing.next_url):
                self._break_off(url, f"its next page is {listing.next_url}, which is not on the site")
            return
        settled = [each for each in known.values() if self._is_settled(each)]
        if not fresh:
            self._count("chain_ended/nothing_new")
        elif tuple(entries) in self._walked:
            self._count("chain_ended/same_listing")
        elif len(older) == len(fresh):
            self._count("chain_ended/since")
        elif len(settled) == len(fresh) and not self.arguments.sweep:
            self._count("chain_ended/all_known")
        elif self.arguments.max_pages is not None and walk.pages >= self.arguments.max_pages:
            self._count("chain_ended/max_pages")
        elif walk.pages >= (budget := self.settings.getint("NEWSMIRROR_PAGES_PER_LISTING")):
            self._count("chain_ended/budget")
            self.unwalked.append(
                f"the walk of a listing was cut at {url} after {budget} pages: if that is no trap, "
                "raise NEWSMIRROR_PAGES_PER_LISTING"
            )
        else:
            is_proven = walk.is_proven(self._met)
            waits = self._ahead > _MOST_AHEAD or not is_proven
            priority = _WAITING_PRIORITY if waits else _LISTING_PRIORITY
            request = self._listing_request(listing.next_url, url, walk, priority)
            if is_proven:
                yield request
            else:
                self._held.append(request)
        self._walked.add(tuple(entries))

    def _entries(self, listing: Listing) -> tuple[dict[str, Entry], dict[str, int]]:
        """Return what may be articles, by canonical address, and the positions of all entries."""
        entries: dict[str, Entry] = {}
        positions: dict[str, int] = {}
        for entry in listing.entries:
            may_follow = self.may_follow(entry.url)
            address = canonical_url(entry.url) if may_follow else entry.url
            if address in positions:
                continue
            positions[address] = len(positions) + 1
            if may_follow and self._matches_article(entry.url):
                entries[address] = entry
        return entries, positions

    def _is_settled(self, known: Known) -> bool:
        """Tell whether nothing behind an article in its listings is to be fetched.

        A run that has seen it must have seen all of that: an unfinished one proves nothing, as it may never
        have read the pages behind it. And while articles are young, those behind them may be, too.
        """
        was_walked = self.walked_until is not None and known.first_seen_at <= self.walked_until
        return was_walked and not self._is_due(known)

    def _is_due(self, known: Known | None) -> bool:
        """Tell whether an article is to be fetched: unknown, or young enough to be changed by its editors."""
        if known is None or self.arguments.refresh:
            return True
        young = timedelta(days=self.arguments.revisit_days)
        return (
            known.published_at is not None
            and datetime.now(UTC) - datetime.fromisoformat(known.published_at) < young
        )

    def _not_known(self, addresses: Iterable[str]) -> list[str]:
        """Return the canonical addresses of the articles that are due."""
        ids = {identity(address): address for address in addresses}
        known = self.memory(ids)
        return [address for id_, address in ids.items() if self._is_due(known.get(id_))]

    def _article(self, page: _Page, hops: int) -> Iterator[Request | Snapshot | Rejected]:
        response = page.response
        discovery: Discovery = response.meta["discovery"]
        read = read_article(page.stream)
        if read is None:
            self._count("pages/unreadable")
            fault = Fault("unreadable", "an article without a title that could be read")
            yield from self._reject(response.request, fault)
            return
        self._articles += 1
        if discovery.kind == "start":
            self.found.add(canonical_url(response.url))
        self._shapes.add(shape(response.url))
        text = hash((read.title, read.published_raw, read.original, *(block.text for block in read.blocks)))
        if text in self._texts:
            self._count("pages/same_text")
        else:
            if len(self._texts) >= _MOST_TEXTS:
                self._texts.clear()
            self._texts.add(text)
            self._met.update(map(canonical_url, (response.url, *response.meta.get("redirect_urls", ()))))
            yield from self._take_proven()
        if hops < self.arguments.related:
            for position, entry in enumerate(read.related, 1):
                address = canonical_url(entry.url)  # on the page's own host, so there is one
                # Nearly all of them were asked for: that is looked up sooner than whether to ask.
                if address in self._asked or address in self._waiting:
                    continue
                if self.may_follow(entry.url):
                    found = Discovery("related", canonical_url(response.url), position)
                    self._waiting[address] = (entry.url, found, hops + 1)
        yield Snapshot(
            page=read,
            url=response.url,
            site=self.site,
            timezone=self.timezone,
            discovery=discovery,
            fetched_at=response.meta.get("fetched_at") or datetime.now(UTC),
            payload_sha256=sha256(response.body).hexdigest(),
            encoding=page.encoding,
            archive=response.meta.get("archive"),
            run_id=self.run_id,
        )
        if self.articles_wanted == 0:
            raise CloseSpider("max_articles")

    @property
    def articles_wanted(self) -> int | None:
        """How many more articles are wanted, or None for all."""
        limit = self.arguments.max_articles
        return None if limit is None else limit - self._articles

    @property
    def site(self) -> str:
        """What the record and the ledger call the mirrored site: the spider's name."""
        return self.name

    def _wanted_categories(
        self, sections: Iterable[Link], home_url: str | None, from_url: str
    ) -> Iterator[Request]:
        """Follow the categories asked for by name that a page links to; try the home page for others."""
        for section in sections:
            if section.title is None:
                continue
            self._sections_seen[section.title] = None
            if section.title in self._wanted and self.may_follow(section.url):
                del self._wanted[section.title]
                yield self._listing_request(section.url, from_url)
        if self._wanted and home_url is not None and not self._home_tried and self.may_follow(home_url):
            self._home_tried = True
            yield self._start_request(home_url)

    def is_like_article(self, url: str) -> bool:
        """Tell whether an address looks like those of the articles that were read."""
        return shape(url) in self._shapes

    def is_no_article(self, url: str) -> bool:
        """Tell whether an address is known to be that of a page which is no article."""
        return canonical_url(url) in self._no_articles

    def is_on_site(self, url: str) -> bool:
        """Tell whether an address is on this site, whatever is there, and asked for without a user's name."""
        try:
            # What every reader takes for the host: not as written, with look-alikes and other spellings.
            parts = urlsplit(canonical_url(url))
        except ValueError:
            return False
        host = parts.hostname or ""
        on_site = any(host == domain or host.endswith("." + domain) for domain in self.allowed_domains)
        return on_site and parts.port in self._ports and "@" not in urlsplit(url).netloc

    def may_follow(self, url: str) -> bool:
        """Tell whether an address is a page on this site."""
        followed = self.is_on_site(url) and is_page(url)
        if followed and is_growing(url):
            self._count("skipped/growing_address")
            return False
        return followed

    def _matches_article(self, url: str) -> bool:
        return self._is_article is None or self._is_article.search(url) is not None

    def _is_older(self, entry: Entry) -> bool:
        since = self.arguments.since
        if since is None or entry.published_raw is None:
            return False
        date = parse_date(entry.published_raw, datetime.now(UTC), tz=ZoneInfo(self.timezone))
        return date is not None and date.value < since

    def _count(self, name: str, count: int = 1) -> None:
        assert self.crawler.stats is not None  # noqa: S101 - set before the spider is made
        self.crawler.stats.inc_value(f"newsmirror/{name}", count)


def _asked(request: Request) -> str:
    """Return the address that was asked for first, before any redirect."""
    asked: str = request.meta.get("redirect_urls", [request.url])[0]
    return asked


def _is_end(stream: Stream, listing: Listing) -> bool:
    """Tell whether a page without entries stands behind the last one of its listing.

    There a site shows its frame, or says that there is nothing. A page that does neither is in the midst:
    访问过于频繁.
    """
    return bool(listing.sections) or says_missing(stream) or says_empty(stream)


def _shows_nothing(listing: Listing) -> bool:
    return not (listing.entries or listing.sections or listing.next_url)


def _site_host(url: str) -> str:
    return (urlsplit(canonical_url(url)).hostname or "").removeprefix("www.")
