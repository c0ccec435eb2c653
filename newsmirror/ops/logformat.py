"""Log lines that name an article instead of printing it."""

from typing import Any

from scrapy import Spider
from scrapy.http import Response
from scrapy.logformatter import LogFormatter, LogFormatterResult
from twisted.python.failure import Failure

from newsmirror.items import Article, Rejected, Snapshot


class ArticleLogFormatter(LogFormatter):
    """Scrapy's log lines, with an item's address and title in place of all its fields."""

    def scraped(self, item: Any, response: Response | Failure | None, spider: Spider) -> LogFormatterResult:
        """Say which article was scraped."""
        return super().scraped(_name(item), response, spider)

    def dropped(
        self, item: Any, exception: BaseException, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult:
        """Say which article was dropped and why."""
        return super().dropped(_name(item), exception, response, spider)

    def item_error(
        self, item: Any, exception: BaseException, response: Response | Failure | None, spider: Spider
    ) -> LogFormatterResult:
        """Say which article a pipeline failed on."""
        return super().item_error(_name(item), exception, response, spider)


def _name(item: Any) -> Any:
    match item:
        case Rejected():
            return f"<{item.url} {item.reason}>"
        case Article():
            return f"<{item.url} {item.title}>"
        case Snapshot():
            return f"<{item.url} {item.page.title}>"
        case _:
            return item
