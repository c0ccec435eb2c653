"""A redirect leads no further than a link would, and not back to where it came from."""

import logging
import re
from typing import Any

from scrapy import Request
from scrapy.downloadermiddlewares.redirect import MetaRefreshMiddleware, RedirectMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from newsmirror.net.addresses import shown
from newsmirror.net.faults import AskedInVain
from newsmirror.net.robots import is_robots_txt
from newsmirror.normalise.urls import canonical_url
from newsmirror.spiders.base import SnapshotSpider

logger = logging.getLogger(__name__)

_OTHER_SCHEME = re.compile(rb"\s*(?!https?:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)


class RedirectedAway(IgnoreRequest):
    """A page that leads to what the spider would not follow; its message says from where and to where."""


class _Guarded:
    """Makes a redirect middleware refuse what leads away: to another host or port, a login, a file."""

    crawler: Any

    def guard(self, request: Request, target: Request) -> Request:
        """Return the request that a redirect leads to; raises RedirectedAway or, in a circle, AskedInVain."""
        spider = self.crawler.spider
        if is_robots_txt(request):
            # It may be redirected to another host (RFC 9309, 2.3.1.2).
            target.meta["allow_offsite"] = True
            return target
        if isinstance(spider, SnapshotSpider) and not spider.may_follow(target.url):
            raise self.away(request, f"{shown(target.url)}, which is no page of the site")
        if (
            isinstance(spider, SnapshotSpider)
            and request.callback == spider.parse_article
            and spider.is_like_article(request.url)
            and not spider.is_like_article(target.url)
        ):
            # Deleted: it leads to the home page. The filter of duplicates would drop that without a word.
            if spider.is_no_article(target.url):
                raise AskedInVain("soft_404", f"it leads to {shown(target.url)}, which is no article")
            target.dont_filter = True
        asked = [request.url, *request.meta.get("redirect_urls", ())]
        if target.url in asked:
            raise AskedInVain("redirect", f"{shown(request.url)} leads in a circle")
        if canonical_url(target.url) in map(canonical_url, asked):
            # Another spelling of what was asked for: the filter of duplicates would drop it without a word.
            target.dont_filter = True
        return target

    def away(self, request: Request, where: str) -> RedirectedAway:
        """Count and log a redirect that is not followed."""
        self.crawler.stats.inc_value("newsmirror/skipped/redirect_away")
        refusal = RedirectedAway(f"{shown(request.url)} leads to {where}")
        logger.info("Not followed: %s", refusal)
        return refusal


class GuardedRedirectMiddleware(_Guarded, RedirectMiddleware):
    """Scrapy's middleware for answers 3xx."""

    # Scrapy's argument `spider`, which is left out here, is deprecated.
    def process_response(  # type: ignore[override]
        self, request: Request, response: Response
    ) -> Request | Response:
        """Return the redirected request, or a response that redirects nowhere; raises RedirectedAway."""
        location = response.headers.get("Location") or b""
        if 300 <= response.status < 400 and _OTHER_SCHEME.match(location):
            raise self.away(request, "what is not http(s)")
        try:
            answer = super().process_response(request, response)
        except ValueError as error:  # such as http://[broken
            raise self.away(request, "what is no address") from error
        return self.guard(request, answer) if isinstance(answer, Request) else answer


class GuardedMetaRefreshMiddleware(_Guarded, MetaRefreshMiddleware):
    """Scrapy's middleware for `<meta http-equiv="refresh">`."""

    # Scrapy's argument `spider`, which is left out here, is deprecated.
    def process_response(  # type: ignore[override]
        self, request: Request, response: Response
    ) -> Request | Response:
        """Return the request that a page leads to, or the page if it leads nowhere; raises RedirectedAway."""
        try:
            answer = super().process_response(request, response)
        except ValueError:  # such as javascript:…: the page itself is there to be read
            return response
        try:
            return self.guard(request, answer) if isinstance(answer, Request) else answer
        except AskedInVain:  # a page that shows itself again after a while
            return response
