"""What the site files say of how the pages of their sites are read."""

from scrapy.settings import BaseSettings
from scrapy.spiderloader import get_spider_loader

from newsmirror.archive.sites import SiteFile
from newsmirror.spiders.base import SnapshotSpider


def load_site_files(settings: BaseSettings) -> dict[str, SiteFile]:
    """Return what each spider of a snapshot site says, by its name."""
    loader = get_spider_loader(settings)
    return {
        name: SiteFile(spider.timezone, spider.encoding)
        for name in loader.list()
        if issubclass(spider := loader.load(name), SnapshotSpider)
    }
