"""What breaks the published schema never reaches the feed."""

from typing import Any, Self

from scrapy.crawler import Crawler
from scrapy.statscollectors import StatsCollector

from newsmirror.items import Article, Rejected
from newsmirror.schema import ArticleValidator, to_plain


class ValidatePipeline:
    """Rejects records that do not match the JSON Schema, one stat for each field that broke it."""

    def __init__(self, stats: StatsCollector) -> None:
        self.stats = stats
        self.validator = ArticleValidator()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the pipeline, as Scrapy asks."""
        assert crawler.stats is not None  # noqa: S101 - set before components are made
        return cls(crawler.stats)

    def process_item(self, item: Any) -> Any:
        """Return a valid record; for any other a reject that names the first violation."""
        if not isinstance(item, Article):
            return item
        violations = self.validator.violations(to_plain(item))
        if not violations:
            return item
        for path, _ in violations:
            self.stats.inc_value(f"newsmirror/invalid/{path.partition('/')[0]}")
        path, message = violations[0]
        return Rejected(item.url, "invalid", f"{path}: {message[:200]}", item.fetched_at)
