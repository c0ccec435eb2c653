"""Requests are the same when their canonical addresses are: a link with `?from=timeline` is fetched once."""

from hashlib import sha1

from scrapy import Request

from newsmirror.normalise.urls import canonical_url


class CanonicalFingerprinter:
    """A request fingerprinter (`REQUEST_FINGERPRINTER_CLASS`) by method and canonical address."""

    def fingerprint(self, request: Request) -> bytes:
        """Return 20 bytes that are equal for requests to the same page."""
        return sha1(f"{request.method} {canonical_url(request.url)}".encode(), usedforsecurity=False).digest()
