"""Headers as text."""

from scrapy.http import Response


def content_type(response: Response) -> str | None:
    """Return the Content-Type of a response, byte for character; None where it has none."""
    header = response.headers.get("Content-Type")
    return header.decode("latin-1") if header else None
