"""Any snapshot site, by its address: `scrapy crawl anysite -a start=URL`."""

from urllib.parse import urlsplit

from newsmirror.spiders.base import SnapshotSpider


class AnySiteSpider(SnapshotSpider):
    """Mirrors the site of its start addresses; in the record the site is named by its host."""

    name = "anysite"

    def site_name(self, url: str) -> str:
        """Return the host of an address."""
        return urlsplit(url).hostname or self.name
