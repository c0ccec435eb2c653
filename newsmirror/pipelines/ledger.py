"""The ledger decides: new, revised, or seen before."""

from dataclasses import replace
from typing import Any, Self

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem, NotConfigured

from newsmirror.items import Article, Rejected
from newsmirror.ledger.errors import LedgerError
from newsmirror.ops.run import MirrorRun
from newsmirror.schema import to_plain


class LedgerPipeline:
    """Gives every record to the ledger and passes on the new and the revised, as the ledger stored them."""

    def __init__(self, crawler: Crawler, run: MirrorRun) -> None:
        self.stats = crawler.stats
        self.run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the pipeline, as Scrapy asks."""
        run = crawler.get_extension(MirrorRun)
        if run is None:
            raise NotConfigured
        return cls(crawler, run)

    def process_item(self, item: Any) -> Any:
        """Return a new or revised record; raise DropItem for an unchanged one and for a reject."""
        try:
            match item:
                case Article():
                    return self._accept(item)
                case Rejected():
                    self._reject(item)
        except LedgerError as error:
            self.run.ledger_failed(error)
            raise DropItem(f"not kept: {item.url}: {error}", log_level="ERROR") from error
        return item

    def _accept(self, article: Article) -> Article:
        acceptance = self.run.ledger.accept(to_plain(article))
        if acceptance.kind == "taken_down":
            self.stats.inc_value("newsmirror/skipped/taken_down")
            raise DropItem(f"taken down: {article.url}", log_level="INFO")
        self.run.figures.add(article)
        if acceptance.record is None:
            self.stats.inc_value("newsmirror/unchanged")
            raise DropItem(f"unchanged: {article.url}", log_level="DEBUG")
        if acceptance.record["first_seen_at"] == self.run.started_at:
            self.run.taken_at_once.add(article.article_id)
        self.stats.inc_value("newsmirror/new" if acceptance.kind == "insert" else "newsmirror/revised")
        self.stats.inc_value("newsmirror/articles")
        self.stats.inc_value(f"newsmirror/category/{article.category or '(none)'}")
        self.run.row_waits()
        stored = {key: acceptance.record[key] for key in ("op", "revision", "change_cause", "first_seen_at")}
        return replace(article, **stored)

    def _reject(self, rejected: Rejected) -> None:
        self.run.ledger.reject(
            self.run.run_id,
            self.run.site,
            rejected.url,
            rejected.reason,
            rejected.detail,
            rejected.fetched_at,
        )
        self.run.row_waits()
        self.run.rejects[rejected.reason] += 1
        self.stats.inc_value(f"newsmirror/dropped/{rejected.reason}")
        raise DropItem(f"rejected: {rejected.url}: {rejected.reason}: {rejected.detail}", log_level="WARNING")
