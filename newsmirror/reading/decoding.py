"""How a page's bytes become text: what is declared is weighed against what the bytes say.

    byte order mark, site file, header, meta → names ─┐
                                        body → bytes ─┴→ the reading that holds → text, Encoding

A browser follows the names (HTML Standard, 13.2.3.2 "Determining the character encoding"). That does for a
page that is looked at once, not for a text that is kept: here a name is believed when the bytes can be read
by it and what comes out are the characters that texts are made of. A label means what the Encoding Standard
says (4.2 "Names and labels"): `gb2312` is gb18030, `ISO-8859-1` is windows-1252, what is not in its table
is no name.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from math import inf

from w3lib.encoding import read_bom, to_unicode
from webencodings import lookup  # type: ignore[import-untyped]

from newsmirror.items import Encoding

_LOST = "\N{REPLACEMENT CHARACTER}"

# ---- what is declared --------------------------------------------------------------------------------

_IN_HEADER = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
# Comments and scripts are consumed, so that what they quote is not found. A meta tag declares by an attribute
# of its own or, if it is the pragma, inside `content`. Each part ends at the next tag, and no run of spaces
# is given back: the search is linear.
_IN_PAGE = re.compile(
    rb"""<(?:
        !--.*?(?:-->|\Z)
      | (?P<raw>script|style)\b.*?(?:</(?P=raw)|\Z)
      | (?P<body>body\b)
      | \?xml\s[^<>]*?\bencoding\s*+=\s*+["']?+(?P<xml>[\w.:-]+)
      | meta\s(?=[^<>]*\bhttp-equiv\s*+=\s*+["']?+\s*+content-type)
        [^<>]*?\bcharset\s*+=\s*+["']?+\s*+(?P<pragma>[\w.:-]+)
      | meta(?=[\s/])(?:[^<>"']|"[^"<]*"|'[^'<]*')*?
        (?<=[\s/"'])charset\s*+=\s*+["']?+\s*+(?P<attribute>[\w.:-]+)
    )""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)


def _labels_in(body: bytes) -> Iterator[str]:
    """Yield what the head of a page declares, in order.

    The standard looks for it in the first 1,024 bytes, and follows a later tag when the parser comes to it.
    """
    for found in _IN_PAGE.finditer(body):
        if found["body"]:
            return
        label = found["xml"] or found["pragma"] or found["attribute"]
        if label:
            yield label.decode("ascii")


def _codec(label: str) -> str | None:
    """Return the Python codec that a label means, None for a name that no page may have.

    Python's own table has more, and not all of them are encodings (`rot13`) or harmless (`punycode`,
    `utf-7`). UTF-16 shows itself, and a label that could be read as ASCII cannot mean it.
    """
    encoding = lookup(label)
    if encoding is None or encoding.name in ("replacement", "x-user-defined", "utf-16le", "utf-16be"):
        return None
    # Whoever declares GBK may use all of gb18030.
    codec: str = "gb18030" if encoding.name == "gbk" else encoding.codec_info.name
    return codec


def _names(mark: str | None, site: str | None, header: str | None, body: bytes) -> Iterator[str]:
    """Yield the codecs that somebody names for a page, the most trusted first."""
    if mark is not None:
        yield mark
    for label in chain((label for label in (site, header) if label is not None), _labels_in(body)):
        codec = _codec(label)
        if codec is not None:
            yield codec


# ---- what the bytes say ------------------------------------------------------------------------------


def _rows(codec: str, *rows: tuple[int, int]) -> frozenset[str]:
    """Return the characters of a double-byte set, from a first byte to another."""
    leads = (lead for first, last in rows for lead in range(first, last + 1))
    pairs = (bytes((lead, trail)) for lead in leads for trail in range(0x40, 0xFF))
    return frozenset("".join(pair.decode(codec, "ignore") for pair in pairs))


# What texts are made of: punctuation, kana or hangul, and the first of the two levels in which a standard has
# its hanzi, by use: 3,755 in GB 2312, 5,401 in Big5, 2,965 in JIS X 0208. What is read by the wrong one falls
# among the rare characters.
_JAPANESE = _rows("euc_jp", (0xA1, 0xA5), (0xB0, 0xCF))
_COMMON = {
    "gb18030": _rows("gb2312", (0xA1, 0xA1), (0xA3, 0xA3), (0xB0, 0xD7)),
    "big5hkscs": _rows("big5", (0xA1, 0xA2), (0xA4, 0xC6)),
    "euc_jp": _JAPANESE,
    "cp932": _JAPANESE,
    "iso2022_jp": _JAPANESE,
    "cp949": _rows("euc_kr", (0xA1, 0xA1), (0xA3, 0xA3), (0xB0, 0xC8)),
}
# What Chinese sites are written in where nobody says it, or somebody says it wrong.
_GUESSES = ("utf-8", "gb18030", "big5hkscs")
# From here on a declared name is believed: under a wrong one, twenty characters of prose hardly come so high.
_SURE = 0.95
# An alphabet of single bytes has a letter for each: that it can be read says nothing.
_UNTOLD = 0.5

_FOREIGN = re.compile(r"[^\0-\x7f]+")
# Where a character of three or four bytes begins: hanzi have three, and only alphabets have two.
_BEYOND_ALPHABETS = re.compile(rb"[\xe0-\xf4]")
_UTF_16_LE = re.compile(rb"(?:[\t\n\f\r ]\0)*<\0")
_UTF_16_BE = re.compile(rb"(?:\0[\t\n\f\r ])*\0<")


def _utf_16(body: bytes) -> str | None:
    """Return the codec of UTF-16 without a byte order mark: every second byte is zero up to the first tag."""
    if _UTF_16_LE.match(body):
        return "utf-16-le"
    return "utf-16-be" if _UTF_16_BE.match(body) else None


def _split_mark(body: bytes) -> tuple[str | None, bytes]:
    """Return the codec that a byte order mark tells, and the body without the mark."""
    codec, mark = read_bom(body)
    return codec, body[len(mark or b"") :]


def _common_share(text: str, codec: str) -> float:
    """Return the share of what texts are made of, less what was lost, in the first hundred characters.

    Of those outside ASCII; 1 if there are none.
    """
    sample = "".join(run[0] for run in islice(_FOREIGN.finditer(text), 32))[:128]
    if not sample:
        return 1.0
    lost = sample.count(_LOST)
    if codec == "utf-8":  # its form alone is proof
        common = len(sample) - lost
    elif codec in _COMMON:
        common = sum(map(_COMMON[codec].__contains__, sample))
    else:
        return _UNTOLD
    return (common - lost) / len(sample)


def _strict(body: bytes, codec: str) -> str | None:
    try:
        return body.decode(codec)
    except UnicodeDecodeError:
        return None


# ---- damage ------------------------------------------------------------------------------------------

# A character of gb18030 or Big5 has none of the bytes between: no damage reaches beyond them.
_STRETCHES = re.compile(rb"[^\0-/:-?]+|[\0-/:-?]+")
# Four hanzi of UTF-8 on a page that is in something else. They could be read as six hanzi that nobody writes.
_UTF_8_ISLAND = re.compile(rb"[\xe4-\xe9][\x80-\xbf]{2}(?:[\xe4-\xe9][\x80-\xbf]{2}){3,}")
# A sentence in UTF-8 has a dozen of these bytes, a page in GBK one for a rare name: mostly the search is
# saved.
_NOT_IN_GB_2312 = bytes(range(0x80, 0xA1))
_SENTENCE = 12
# What a character costs, beside one that the undamaged part of the page has.
_COMMON_COST, _RARE_COST, _LOSS_COST = 1, 2, 4
# In bytes: damaged ones take some three microseconds each, and pages with articles are smaller.
_MAX_MENDED = 128 * 1024


def _mend(body: bytes, codec: str) -> str:
    """Read gb18030 or Big5 that is damaged in places, so that each loss costs no more than itself.

    A byte too few or too many shifts the pairs after it, and most of these can be read too: as other
    characters, with an error where the stretch ends. So each stretch with an error is read in the way that
    has the fewest losses, rare characters and characters that the rest of the page does not have.
    """
    stretches = [(stretch, _strict(stretch, codec)) for stretch in _STRETCHES.findall(body)]
    known = frozenset("".join(text for _, text in stretches if text is not None))
    return "".join(_cheapest(stretch, codec, known) if text is None else text for stretch, text in stretches)


def _cheapest(stretch: bytes, codec: str, known: frozenset[str]) -> str:
    """Return the cheapest reading of a stretch: the shortest way from its first byte to its end."""
    # For each place: what it costs to come there, and the last character on that way with its place.
    ways: list[tuple[float, str, int]] = [(0, "", 0)] + [(inf, "", 0)] * len(stretch)
    for start in range(len(stretch)):
        cost = ways[start][0]
        for width in (1,) if stretch[start] < 0x80 else (1, 2, 4):
            piece = stretch[start : start + width]
            # Alone, a byte is a loss; but gb18030 reads 0x80 as the euro sign (Encoding Standard, 10.2.1).
            text = to_unicode(piece, codec) if width == 1 else _strict(piece, codec)
            if text is None or len(piece) < width or (width == 4 and len(text) > 1):
                continue
            reached = cost + _cost(text, codec, known)
            if reached < ways[start + width][0]:
                ways[start + width] = (reached, text, start)
    characters = []
    place = len(stretch)
    while place:
        _, text, place = ways[place]
        characters.append(text)
    return "".join(reversed(characters))


def _cost(text: str, codec: str, known: frozenset[str]) -> int:
    if text == _LOST:
        return _LOSS_COST
    if text.isascii() or text in known:
        return 0
    return _COMMON_COST if text in _COMMON[codec] else _RARE_COST


# ---- the decision ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a page, and how it was found."""

    text: str
    encoding: Encoding

    @property
    def is_readable(self) -> bool:
        """Tell whether so little was lost that the text can be trusted.

        At most one in twenty of the characters outside ASCII: one in a sentence. Damage, such as excerpts cut
        in the midst of a character, stays far below; a wrong encoding is far above. Markup is ASCII and does
        not count: a page is no better for having more of it.
        """
        lost = self.encoding.replacements
        return lost == 0 or lost * 20 <= sum(map(len, _FOREIGN.findall(self.text)))


def decode(body: bytes, content_type: str | None, site_encoding: str | None = None) -> Decoded:
    """Return the text of a page, and what was declared (by the header, else by the page), used and lost.

    `content_type` is the header's value, `site_encoding` what the site file says. Raises ValueError if the
    site file names what is no encoding of pages; no body and no header makes it raise.

    1. A byte order mark of UTF-16 or UTF-32 decides, then a first tag in UTF-16.
    2. Valid UTF-8 with hanzi, or anything beyond the alphabets, is UTF-8, whatever is declared.
    3. Else the first of byte order mark, site file, header and the page's own declarations by which the bytes
       can be read without an error, nineteen of twenty characters being what texts are made of.
    4. Else whichever of these, utf-8, gb18030 and Big5 reads most characters as what texts are made of; then
       an error costs the characters that it hits and no more.

    What this cannot do. Japanese and Korean are believed when they are declared, never guessed. GBK and
    Big5 under a wrong name or none are told apart by what is common in prose: from some twenty characters
    on always, from four on nearly so. GBK whose bytes all happen to be valid UTF-8 is read as that, by step
    2 or if undeclared. Damage that leaves no error is not seen. A text that was encoded twice stays as it
    is; on a page in two encodings the text in the other one is lost. Russian in KOI8-R is taken for GBK.
    """
    if site_encoding is not None and _codec(site_encoding) is None:
        raise ValueError(f"no page is encoded in {site_encoding!r}: give the site's encoding as in 'gb18030'")
    found = _IN_HEADER.search(content_type or "")
    header = found[1] if found else None
    declared = header or next(_labels_in(body), None)
    mark, content = _split_mark(body)
    used = _utf_16(content) if mark in (None, "utf-8") else mark
    if used is not None:
        text = to_unicode(content, used)
    else:
        text, used = _read(content, _names(mark, site_encoding, header, content))
    return Decoded(text, Encoding(declared, used, text.count(_LOST)))


def _read(body: bytes, names: Iterator[str]) -> tuple[str, str]:
    """Return the text of bytes that extend ASCII, and the codec."""
    text = _strict(body, "utf-8")
    if text is not None and _BEYOND_ALPHABETS.search(body):
        return text, "utf-8"
    text, codec = _choose(body, names)
    if codec in ("gb18030", "big5hkscs"):
        suspect = len(body) - len(body.translate(None, _NOT_IN_GB_2312)) >= _SENTENCE
        if suspect and _UTF_8_ISLAND.search(body):
            body = _UTF_8_ISLAND.sub(lambda island: b"\xff" * (len(island[0]) // 3), body)
            text = to_unicode(body, codec)
        if _LOST in text and len(body) <= _MAX_MENDED:
            text = _mend(body, codec)
    return text, codec


def _choose(body: bytes, names: Iterator[str]) -> tuple[str, str]:
    """Return the reading by a name that holds, or else the best."""
    tried: list[str] = []
    for codec in names:
        if codec in tried:
            continue
        text = _strict(body, codec)
        if text is not None and _common_share(text, codec) >= _SURE:
            return text, codec
        tried.append(codec)
    readings = [(to_unicode(body, codec), codec) for codec in dict.fromkeys((*tried, *_GUESSES))]
    return max(readings, key=lambda reading: _common_share(*reading))


# ---- what is a page at all ---------------------------------------------------------------------------

# How much is looked at, in bytes; the MIME Sniffing Standard (5.2) takes 1,445.
_HEAD = 4096
_HTML_TYPES = ("text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml")
# What servers call a file that they do not know (MIME Sniffing Standard, 5.1 and 7).
_UNKNOWN_TYPES = (
    *("", "text/plain", "application/octet-stream"),
    *("unknown/unknown", "application/unknown", "*/*"),
)
# The standard's first tags (7.1), and those that pages begin with today.
_TAG = rb"""<(?:!doctype\s+html|html|head|body|title|meta|link|base|script|style|noscript|iframe|h[1-6]|div|p
    |table|tr|td|ul|ol|li|dl|a|b|br|hr|img|span|font|center|form|header|nav|main|section|article)(?=[\s/>])"""
_FIRST_TAG = re.compile(
    rb"(?>\s+|<!--.*?(?:-->|\Z)|<\?.*?(?:>|\Z))*+" + _TAG, re.IGNORECASE | re.DOTALL | re.VERBOSE
)
_ANY_TAG = re.compile(_TAG, re.IGNORECASE | re.VERBOSE)
# The standard's binary data bytes (3): no text has them.
_BINARY = re.compile(rb"[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]")
# PDF, XML whose first tag is not HTML's, JSON.
_OTHER = re.compile(rb"""\s*(?:%PDF-|<\?xml\s|\{\s*["}]|\[\s*[\[{"\]])""")


def is_html(body: bytes, content_type: str | None) -> bool:
    """Tell whether a body is HTML: its content decides, the label only where the content does not say.

    HTML is what begins with a tag of HTML, under any label. What begins as PDF, XML or JSON does, or has
    bytes that no text has, is not. The rest is HTML if it is labelled so, or if it is labelled as unknown
    and there is a tag in the first 4 KiB.
    """
    mark, content = _split_mark(body)
    head = content[:_HEAD]
    wide = _utf_16(head) if mark in (None, "utf-8") else mark
    if wide is not None:
        head = head.decode(wide, "replace").encode()
    if _FIRST_TAG.match(head):
        return True
    if _BINARY.search(head) or _OTHER.match(head):
        return False
    label = (content_type or "").partition(";")[0].strip().lower()
    return label in _HTML_TYPES or (label in _UNKNOWN_TYPES and _ANY_TAG.search(head) is not None)
