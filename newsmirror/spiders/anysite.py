"""Any snapshot site, by its address: `scrapy crawl anysite -a start=URL`."""

from urllib.parse import urlsplit

from newsmirror.spiders.base import SnapshotSpider


class AnySiteSpider(SnapshotSpider):
    """Mirrors the site of its start addresses; in the record the site is named by the host of the first."""

    name = "anysite"

    @property
    def site(self) -> str:
        """The host of the first start address."""
        return urlsplit(self.arguments.start[0]).hostname or self.name
