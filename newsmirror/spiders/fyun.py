"""td.fyun.cc."""

from newsmirror.spiders.base import SnapshotSpider


class FyunSpider(SnapshotSpider):
    """Mirrors td.fyun.cc."""

    name = "fyun"
    start_urls = ["http://td.fyun.cc/"]
    timezone = "Asia/Shanghai"
    stale_after = 7
