"""At the end of a run: what came out, what did not and why, and where it is."""

import logging
from typing import Any, Self

from scrapy import Spider, signals
from scrapy.crawler import Crawler

from newsmirror.places import find_places

logger = logging.getLogger(__name__)


# Single counts that a person should see; what was given up is among the dropped, by its reason.
_ALSO = {
    "forbidden by robots.txt": "robotstxt/forbidden",
    "the same text under another address": "newsmirror/pages/same_text",
    "asked for again after a failure": "retry/count",
    "given up, for the next run to ask again": "newsmirror/owed",
}


class RunSummary:
    """Logs a short summary of the run at INFO."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the extension, as Scrapy asks."""
        extension = cls(crawler)
        # Engine stopped: the feed is stored by then, and its counts are in the stats.
        crawler.signals.connect(extension.closed, signals.spider_closed)
        crawler.signals.connect(extension.stopped, signals.engine_stopped)
        return extension

    def closed(self, spider: Spider, reason: str) -> None:
        """Keep how the run ended."""
        self.reason = reason

    def stopped(self) -> None:
        """Log the summary."""
        stats: dict[str, Any] = self.crawler.stats.get_stats()
        outputs = [str(uri) for uri in self.crawler.settings.getdict("FEEDS")]
        outputs.append(find_places(self.crawler.settings).feed_uri + "/v1/index.json")
        logger.info(
            "\n%s",
            # By its site, as the feed and `scrapy runs` call it.
            format_summary(
                getattr(self.crawler.spider, "site", "?"), getattr(self, "reason", "?"), stats, outputs
            ),
        )


def format_summary(site: str, reason: str, stats: dict[str, Any], outputs: list[str]) -> str:
    """Return the summary of a run from its stats and the addresses of its feeds."""
    pages = stats.get("newsmirror/pages/html", 0)
    new, revised, unchanged = (stats.get(f"newsmirror/{kind}", 0) for kind in ("new", "revised", "unchanged"))
    lines = [f"{site}: {new + revised} articles from {pages} pages ({reason})"]
    if revised or unchanged:
        lines.append(f"  new {new}, revised {revised}, unchanged {unchanged}")
    for heading, prefix in (
        ("by category", "category"),
        ("dropped", "dropped"),
        ("skipped", "skipped"),
        ("rendered in a browser", "rendered"),
        ("listing walks ended early", "chain_ended"),
        ("warnings", "warning"),
    ):
        counts = _under(stats, prefix)
        if counts:
            listed = ", ".join(f"{key} {count}" for key, count in counts)
            lines.append(f"  {heading}: {listed}")
    lines += [f"  {what}: {stats[key]}" for what, key in _ALSO.items() if stats.get(key)]
    if not stats.get("newsmirror/run/complete"):
        lines.append("  not complete: the errors above say why")
    lines += [f"  feed: {uri}" for uri in outputs]
    return "\n".join(lines)


def _under(stats: dict[str, Any], prefix: str) -> list[tuple[str, int]]:
    """Return the counts below a prefix, the largest first."""
    start = f"newsmirror/{prefix}/"
    found = [(key.removeprefix(start), count) for key, count in stats.items() if key.startswith(start)]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))
