"""What newsmirror is measured against: a Scrapy project in one file, its settings in capitals.

`Bare` downloads the pages whose addresses it is given and looks at none of them. `Vanilla` is what a good
user writes in an hour for this one site: it follows the listings and takes most of a record's fields out of
its pages with XPaths and regular expressions. The others follow the same links and give each page to a
general extractor.
"""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import scrapy
from scrapy import Request
from scrapy.http import Response

BOT_NAME = "contestants"
SPIDER_MODULES = ["contestants"]
# As `scrapy startproject` writes it.
ROBOTSTXT_OBEY = True
FEED_EXPORT_ENCODING = "utf-8"
# By default Scrapy would print each item with its text.
LOG_LEVEL = "INFO"


class Bare(scrapy.Spider):
    """Downloads."""

    name = "bare"

    async def start(self) -> AsyncIterator[Request]:
        for url in Path(self.addresses).read_text().splitlines():
            yield Request(url)

    def parse(self, response: Response) -> None:
        pass


class Vanilla(scrapy.Spider):
    """Reads this one site."""

    name = "vanilla"

    async def start(self) -> AsyncIterator[Request]:
        yield Request(self.listing)

    def parse(self, response: Response) -> Iterator[Request]:
        yield from response.follow_all(css="ul.rows a", callback=self.parse_article)
        yield from response.follow_all(xpath='//a[text()="下一页"]')

    def parse_article(self, response: Response) -> Iterator[dict[str, Any]]:
        meta = " ".join(response.xpath('//p[@class="meta"]/span/text()').getall())
        content = response.xpath('//div[@class="content"]')
        footer = "\n".join(response.xpath('//section[@class="snapshot"]/p//text()').getall())
        yield {
            "url": response.url,
            "title": response.xpath("//h1/text()").get(),
            "category": first(r"类别:(\S+)", meta),
            "published": first(r"发布时间:(\S+ \S+)", meta),
            "source": first(r"来源:(\S+)", meta),
            "editor": response.xpath('//p[@class="editor"]/text()').re_first("责任编辑:(.+)"),
            "body": "\n".join(content.xpath("./p[not(@class)]/text()|./h2/text()").getall()),
            "images": content.xpath(".//img/@src").getall(),
            "snapshot": first(r"快照生成时间:(\S+ \S+)", footer),
            "footer": footer,
            "original": response.xpath('//section[@class="snapshot"]//a/@href').get(),
            "related": [
                {
                    "url": response.urljoin(entry.xpath("./a/@href").get("")),
                    "title": entry.xpath(".//h3/text()").get(),
                    "excerpt": entry.xpath(".//p/text()").get(),
                    "published": entry.xpath("./time/text()").get(),
                }
                for entry in response.xpath('//ul[@class="related"]/li')
            ],
        }


class Trafilatura(Vanilla):
    """Reads any site."""

    name = "trafilatura"

    def parse_article(self, response: Response) -> Iterator[dict[str, Any]]:
        from trafilatura import bare_extraction

        read = bare_extraction(response.text, url=response.url).as_dict()
        yield {name: value for name, value in read.items() if name not in ("body", "commentsbody")}


class NewsPlease(Vanilla):
    """Reads any site."""

    name = "news-please"

    def parse_article(self, response: Response) -> Iterator[dict[str, Any]]:
        from newsplease import NewsPlease as Reader

        yield Reader.from_html(response.text, url=response.url).get_serializable_dict()


def first(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text)
    return found[1] if found else None
