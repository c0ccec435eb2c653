"""Strings as read → record v1."""

from typing import Any, Self

from scrapy.crawler import Crawler
from scrapy.statscollectors import StatsCollector

from newsmirror.items import Article, Snapshot
from newsmirror.normalise.record import build_article


class NormalisePipeline:
    """Turns a `Snapshot` into an `Article` and counts the warnings it carries."""

    def __init__(self, stats: StatsCollector) -> None:
        self.stats = stats

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the pipeline, as Scrapy asks."""
        assert crawler.stats is not None  # noqa: S101 - set before components are made
        return cls(crawler.stats)

    def process_item(self, item: Any) -> Any:
        """Return the record of a snapshot; pass other items on."""
        if not isinstance(item, Snapshot):
            return item
        article: Article = build_article(item)
        for code in article.warnings:
            self.stats.inc_value(f"newsmirror/warning/{code}")
        return article
