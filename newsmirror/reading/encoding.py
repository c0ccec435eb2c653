"""How a page's bytes became text."""

import re

from newsmirror.items import Encoding

_IN_HEADER = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_IN_PAGE = re.compile(rb"<(?:meta|\?xml)[^>]*?(?:charset|encoding)\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_HEAD = 4096


def read_encoding(content_type: str | None, body: bytes, used: str, text: str) -> Encoding:
    """Return what the header or, failing that, the first 4 KiB of the page declare, and what was used.

    `replacements` counts the characters U+FFFD that decoding brought in.
    """
    declared = _IN_HEADER.search(content_type or "")
    in_page = _IN_PAGE.search(body[:_HEAD]) if declared is None else None
    name = declared[1] if declared else in_page[1].decode("ascii", "replace") if in_page else None
    return Encoding(name, used, text.count("\N{REPLACEMENT CHARACTER}"))
