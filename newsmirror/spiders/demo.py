"""The bundled demo site, served on a free loopback port inside the run."""

from scrapy.settings import BaseSettings

from newsmirror.demo.site import ORIGIN
from newsmirror.spiders.base import SnapshotSpider


class DemoSpider(SnapshotSpider):
    """Mirrors the demo site: no politeness is owed to a server of one's own."""

    name = "demo"
    start_urls = [ORIGIN + "/"]
    custom_settings = {"AUTOTHROTTLE_ENABLED": False, "DOWNLOAD_DELAY": 0}

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Add the way to the site to the project's middlewares."""
        super().update_settings(settings)
        own = settings.getdict("DOWNLOADER_MIDDLEWARES")
        demo = {"newsmirror.demo.middleware.DemoSiteMiddleware": 740}
        settings.set("DOWNLOADER_MIDDLEWARES", {**own, **demo}, "spider")
