"""The footer of the source: the sentences that say who collected the page and what the site vouches for."""

import re

from newsmirror.items import Footer
from newsmirror.normalise.variants import both
from newsmirror.reading.hits import Hit
from newsmirror.reading.labels import is_notice, is_removal
from newsmirror.reading.origins import FOOTER, FOOTER_NOTICE, Found, Origin
from newsmirror.reading.stream import Stream

# The removal notice stands at most so many lines below the notice.
_MAX_LINES = 8

_COLLECTOR = re.compile(
    both(
        r"由\s*(?P<who>.{1,80}?)\s*(?:爬虫|蜘蛛|机器人|程序|系统)?\s*(?:进行|自动){0,4}\s*(?:采集|抓取|收录)"
    )
)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)+(?::\d+)?")
_DISCLAIMER = re.compile(both(r"本\s?站\s?(?:未|不|对|仅).*?(?:[。!！]|$)"), re.DOTALL)
# A snapshot time on the same line, before the sentence.
_OPENING = re.compile(r"^.*?(?:\d\s+(?=\D)|:\d\d(?=[一-鿿]))")
_SENTENCE = re.compile(r"[^。!！]+[。!！]?")


def read_footer(stream: Stream, hits: list[Hit]) -> Found[Footer] | None:
    """Read the footer: the notice, the removal notice, and what of the same footer stands between them.

    A label and its value in two boxes (dt and dd, two cells) are one line; editor and original are no part.
    """
    if not stream.notices:
        return None
    notice = stream.notices[0].index
    near = stream.lines[notice : notice + _MAX_LINES]
    removal = next((line.index for line in near if is_removal(line.text) and not line.only_link), None)
    last = notice if removal is None else removal
    others = {
        index
        for hit in hits
        if hit.field in ("original", "editor") and hit.opens_line
        for index in range(hit.line.index, hit.last + 1)
    }
    texts = {
        line.index: line.text
        for line in stream.lines[notice : last + 1]
        if line.index not in others and line.text
    }
    for hit in hits:
        if hit.last > hit.line.index and hit.last in texts and hit.line.index in texts:
            texts[hit.line.index] += texts.pop(hit.last)
    if not texts:
        return None
    rule = FOOTER_NOTICE if removal is None else FOOTER
    return Found(_footer(list(texts.values())), Origin(rule, notice, last))


def _footer(lines: list[str]) -> Footer:
    """Read the footer out of its lines (from 以上内容为资讯信息快照 to the removal notice), as printed."""
    notice = " ".join(line for line in lines if not is_removal(line) or is_notice(line))
    removal = next(
        (
            _OPENING.sub("", sentence).strip()
            for line in lines
            for sentence in _SENTENCE.findall(line)
            if is_removal(sentence)
        ),
        None,
    )
    who = _COLLECTOR.search(notice)
    host = _HOST.search(who["who"]) if who else None
    disclaimer = _DISCLAIMER.search(notice)
    return Footer(
        text="\n".join(lines),
        collector=host[0] if host else None,
        disclaimer=disclaimer[0].strip() if disclaimer else None,
        removal_notice=removal,
    )
