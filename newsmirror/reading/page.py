"""The bytes of an answer → a page that can be read, or why it cannot."""

from dataclasses import dataclass

from newsmirror.items import Encoding, Reason
from newsmirror.reading.decoding import decode, is_html
from newsmirror.reading.stream import Stream, read_stream


@dataclass(frozen=True, slots=True)
class HtmlPage:
    """The lines of an HTML page, and how its bytes became text."""

    stream: Stream
    encoding: Encoding


@dataclass(frozen=True, slots=True)
class Illegible:
    """Bytes that are no page: a stable code, and a few words for a person."""

    reason: Reason
    detail: str


def open_page(
    body: bytes, content_type: str | None, encoding: str | None, url: str, *, places: bool = False
) -> HtmlPage | Illegible:
    """Return the page in an answer's body; `encoding` is what the site file says of its pages.

    With `places` its lines know where in the page they stand.
    """
    if not is_html(body, content_type):
        return Illegible("not_html", f"no HTML page, whatever its type says: {content_type}")
    decoded = decode(body, content_type, encoding)
    if not decoded.is_readable:
        lost, used = decoded.encoding.replacements, decoded.encoding.used
        return Illegible("undecodable", f"{lost} characters could not be read as {used}")
    return HtmlPage(read_stream(decoded.text, url, places=places), decoded.encoding)
