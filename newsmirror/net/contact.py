"""Who crawls: the user agent names the project and whom a site's owner can write to."""

import logging
from ipaddress import ip_address
from typing import Self
from urllib.parse import urlsplit

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.settings import BaseSettings

from newsmirror.spiders.base import SnapshotSpider

logger = logging.getLogger(__name__)

# Top domains that nobody can be behind (RFC 2606, RFC 6761, RFC 6762, RFC 8375, ICANN on .internal).
_RESERVED = ("test", "example", "invalid", "localhost", "local", "internal", "home.arpa")
_EXAMPLES = ("example.com", "example.net", "example.org")


def is_public_host(host: str) -> bool:
    """Tell whether a host belongs to somebody: no loopback or private address, no reserved name."""
    try:
        return ip_address(host).is_global
    except ValueError:
        name = "." + host.rstrip(".").lower()
    return name.count(".") > 1 and not name.endswith(tuple("." + each for each in (*_RESERVED, *_EXAMPLES)))


class ContactAddon:
    """Puts NEWSMIRROR_CONTACT, wherever it was set, into the user agent (`ADDONS`)."""

    def update_settings(self, settings: BaseSettings) -> None:
        """Set USER_AGENT, unless the project or the command line did."""
        contact = settings["NEWSMIRROR_CONTACT"]
        settings.set("USER_AGENT", f"newsmirror/0.1 ({contact})" if contact else "newsmirror/0.1", "addon")


class ContactCheck:
    """Warns once in a run that crawls the site of somebody who could not write to us."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the extension, as Scrapy asks; raises NotConfigured where there is a contact."""
        if crawler.settings["NEWSMIRROR_CONTACT"] or not isinstance(crawler.spider, SnapshotSpider):
            raise NotConfigured
        extension = cls()
        crawler.signals.connect(extension.opened, signals.spider_opened)
        return extension

    def opened(self, spider: SnapshotSpider) -> None:
        """Look at the hosts of the start."""
        hosts = [urlsplit(url).hostname or "" for url in spider.arguments.start]
        public = [host for host in hosts if is_public_host(host)]
        if public:
            logger.warning(
                "Nobody at %s can tell who crawls: set NEWSMIRROR_CONTACT to your mailbox or address.",
                public[0],
            )
