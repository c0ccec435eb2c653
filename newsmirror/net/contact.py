"""Who crawls: the user agent names the project and whom a site's owner can write to."""

import logging
from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.settings import BaseSettings

from newsmirror.net.addresses import is_public, place, spelled_address
from newsmirror.spiders.base import SnapshotSpider

logger = logging.getLogger(__name__)

# Names that nobody can be behind (RFC 2606, RFC 6761, RFC 6762, RFC 8375, ICANN on .internal).
_RESERVED = (
    *(".test", ".example", ".invalid", ".example.com", ".example.net", ".example.org"),
    *(".localhost", ".local", ".internal", ".home.arpa"),
)


def is_somebodys(host: str) -> bool:
    """Tell whether a host may belong to somebody else: no private address, no reserved name."""
    address = spelled_address(host)
    if address is not None:
        return is_public(address)
    return "." in host and not f".{host}".endswith(_RESERVED)


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
        for host, _ in map(place, spider.arguments.start):
            if is_somebodys(host):
                logger.warning(
                    "Nobody at %s can tell who crawls: set NEWSMIRROR_CONTACT to your mailbox.", host
                )
                return
