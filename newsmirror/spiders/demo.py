"""The bundled demo site, served on a free loopback port inside the run."""

from newsmirror.demo.site import ORIGIN
from newsmirror.spiders.base import SnapshotSpider


class DemoSpider(SnapshotSpider):
    """Mirrors the demo site: no politeness is owed to a server of one's own."""

    name = "demo"
    start_urls = [ORIGIN + "/"]
    custom_settings = {
        "DOWNLOADER_MIDDLEWARES": {"newsmirror.demo.middleware.DemoSiteMiddleware": 740},
        "AUTOTHROTTLE_ENABLED": False,
        "DOWNLOAD_DELAY": 0,
    }
