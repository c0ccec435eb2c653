"""Every answer goes into the archive as it came, and what a browser made of a page beside it."""

from datetime import UTC, datetime
from http.client import responses
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.http import Headers, Response
from scrapy.utils.httpobj import urlparse_cached

from newsmirror.archive.about import to_fields
from newsmirror.archive.writer import Exchange
from newsmirror.net.render import RENDERED
from newsmirror.ops.run import MirrorRun

# What a request may carry that is nobody else's business.
_SECRETS = (b"Authorization", b"Proxy-Authorization", b"Cookie")


class ArchiveMiddleware:
    """Next to the downloader: keeps each answer as it came.

    The request's meta then has `archive`, the record that holds the payload, and `fetched_at`, when it came.
    """

    def __init__(self, run: MirrorRun) -> None:
        self.run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the middleware, as Scrapy asks; raises NotConfigured where there is no archive."""
        run = crawler.get_extension(MirrorRun)
        if run is None or run.places.archive is None:
            raise NotConfigured
        return cls(run)

    def process_response(self, request: Request, response: Response) -> Response:
        """Return the answer; raises IgnoreRequest where it could not be kept."""
        now = datetime.now(UTC).replace(microsecond=0)
        with self.run.archiving() as archive:
            request.meta["archive"] = archive.keep(to_exchange(request, response, now))
        request.meta["fetched_at"] = now
        return response


class RenderedArchiveMiddleware(ArchiveMiddleware):
    """Outermost: keeps what a browser made of a page."""

    def process_response(self, request: Request, response: Response) -> Response:
        """Return the page; raises IgnoreRequest where it could not be kept."""
        if RENDERED in response.flags:
            exchange = to_exchange(request, response, request.meta["fetched_at"])
            with self.run.archiving() as archive:
                request.meta["archive"] = archive.keep_rendered(exchange, request.meta["archive"])
        return response


def to_exchange(request: Request, response: Response, at: datetime) -> Exchange:
    """Return a request and its answer as they are kept: without what would let somebody in."""
    address = getattr(response, "ip_address", None)
    return Exchange(
        url=request.url,
        at=at,
        request=_request_head(request),
        head=_answer_head(response),
        payload=response.body,
        ip_address=str(address) if address is not None else None,
        about=to_fields(request.meta.get("discovery")),
    )


def _request_head(request: Request) -> bytes:
    parts = urlparse_cached(request)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = request.headers.copy()
    headers.setdefault("Host", parts.netloc)
    for name in _SECRETS:
        headers.pop(name, None)
    return f"{request.method} {target} HTTP/1.1\r\n".encode() + _lines(headers)


def _answer_head(response: Response) -> bytes:
    protocol, reason = response.protocol or "HTTP/1.1", responses.get(response.status, "")
    return f"{protocol} {response.status} {reason}\r\n".encode() + _lines(response.headers)


def _lines(headers: Headers) -> bytes:
    lines = headers.to_string()
    return lines + b"\r\n\r\n" if lines else b"\r\n"
