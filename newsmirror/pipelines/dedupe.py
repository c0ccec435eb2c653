"""One record for each canonical address within a run."""

from typing import Any, Self

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem
from scrapy.statscollectors import StatsCollector

from newsmirror.items import Article


class DedupePipeline:
    """Drops a record whose canonical address was seen before, such as one reached through a redirect."""

    def __init__(self, stats: StatsCollector) -> None:
        self.stats = stats
        self.seen: set[str] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the pipeline, as Scrapy asks."""
        assert crawler.stats is not None  # noqa: S101 - set before components are made
        return cls(crawler.stats)

    def process_item(self, item: Any) -> Any:
        """Return the first record of an address; raise DropItem for each later one."""
        if not isinstance(item, Article):
            return item
        if item.article_id in self.seen:
            self.stats.inc_value("newsmirror/dropped/duplicate")
            raise DropItem(f"duplicate: {item.url} was fetched as {item.fetched_url}", log_level="DEBUG")
        self.seen.add(item.article_id)
        self.stats.inc_value("newsmirror/articles")
        self.stats.inc_value(f"newsmirror/category/{item.category or '(none)'}")
        return item
