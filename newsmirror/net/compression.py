"""A compressed body is whole or no body: half of one is half a page."""

import zlib

from scrapy import Request
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.http import Response

# Among a response's `flags`: its body could not be decompressed to its end.
BROKEN = "broken_compression"


def is_whole_gzip(body: bytes) -> bool:
    """Tell whether a gzip stream is there to its end, with the checksum that it carries (RFC 1952, 2.3.1).

    What follows the stream is left out, as browsers do.
    """
    stream = zlib.decompressobj(wbits=31)
    try:
        stream.decompress(body)
    except zlib.error:
        return False
    return stream.eof


class WholeCompressionMiddleware(HttpCompressionMiddleware):
    """Scrapy's middleware takes whatever it could decompress; this one marks what is broken."""

    # Scrapy's argument `spider`, which is left out here and below, is deprecated.
    def process_request(self, request: Request) -> None:  # type: ignore[override]
        """Ask for the one coding with a checksum."""
        request.headers.setdefault("Accept-Encoding", b"gzip")

    def process_response(self, request: Request, response: Response) -> Response:  # type: ignore[override]
        """Return the decompressed response, marked BROKEN if not whole; raises IgnoreRequest for a bomb."""
        codings = (response.headers.get("Content-Encoding") or b"").lower()
        body = response.body
        try:
            decoded = super().process_response(request, response)
            assert isinstance(decoded, Response)  # noqa: S101 - Scrapy's returns no request
            # Checked last: a bomb was refused by then.
            broken = b"gzip" in codings and not is_whole_gzip(body)
        except (OSError, EOFError, zlib.error):
            decoded, broken = response, True
        return decoded.replace(flags=[*decoded.flags, BROKEN]) if broken else decoded
