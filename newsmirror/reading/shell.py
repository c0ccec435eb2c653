"""A page that its scripts fill: what the server sent shows nothing to read or to follow."""

import re
from urllib.parse import urlsplit

from newsmirror.normalise.variants import both
from newsmirror.reading.article import is_article
from newsmirror.reading.listing import read_listing
from newsmirror.reading.missing import says_empty, says_missing
from newsmirror.reading.stream import Stream, read_stream

# Matches wherever it begins, also a tag that is cut off: the search is linear.
_SCRIPT = re.compile(r"<script\b([^>]*).*?(?:</script\s*>|\Z)", re.IGNORECASE | re.DOTALL)
# HTML, 4.12.1: a script runs without a type, or with one of JavaScript; others are data.
_DATA = re.compile(
    r"\btype\s*=\s*[\"']?(?!(?:text|application)/(?:x-)?(?:java|ecma)script|module)\w", re.IGNORECASE
)
_LABELS = re.compile(both("快照生成时间|以上内容为"))
_MIN_SECTIONS = 2


def is_shell(html: str, url: str) -> bool:
    """Tell whether a page has scripts that run, and shows nothing that `shows_pages`.

    Not a shell: a page that says of itself that it is empty or not there, and a front page with sections.
    """
    if all(_DATA.search(script[1]) for script in _SCRIPT.finditer(html)):
        return False
    # Most pages of a crawl are articles: they need not be read twice.
    if _LABELS.search(_SCRIPT.sub("", html)):
        return False
    stream = read_stream(html, url)
    return not shows_pages(stream) and not says_missing(stream) and not says_empty(stream)


def shows_pages(stream: Stream) -> bool:
    """Tell whether a page is an article, or leads to entries, to a further page, or to a site's sections."""
    if is_article(stream):
        return True
    listing = read_listing(stream)
    own_host = urlsplit(stream.url).netloc
    return (
        any(urlsplit(entry.url).netloc == own_host for entry in listing.entries)
        or listing.next_url is not None
        or (listing.is_home and len(listing.sections) >= _MIN_SECTIONS)
    )
