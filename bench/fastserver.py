"""A snapshot site that costs nearly nothing: a process of its own, with answers that lie ready as bytes.

    python bench/fastserver.py COPIES [--fly]

Its articles are the demo site's in its own layout, padded to 18 kB, in so many copies, each with addresses,
titles and texts of its own. Its listings show 100 of them each. `--fly` makes an answer when it is asked for,
which costs a little and holds no memory. Prints its port, and for each line on stdin a line of JSON: how many
requests and articles were asked for since the line before, and when the first article was (`monotonic`).
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Callable
from typing import cast

from reading import pages as demo_pages

START = "/guonei/"
ROBOTS = "/robots.txt"
LISTED = 100
# What the number of an article grows by from copy to copy; the demo's have four digits.
STEP = 10_000
_NUMBER = re.compile(r"(?<=/)\d{4}(?=\.html)")
_ARTICLE = re.compile(r"/[a-z]+/\d{8}/(\d+)\.html")
_TITLE = re.compile(r"(?<=<h1>).*(?=</h1>)")


class Site:
    """The pages by their paths: robots.txt, listings and articles."""

    def __init__(self, copies: int) -> None:
        found = [("/" + url.split("/", 3)[3], body.decode()) for url, body in demo_pages(18_000)]
        self._demo = {number_of(path): text for path, text in found}
        self._paths = [path for path, _ in found]
        self.articles = copies * len(found)

    def article_path(self, place: int) -> str:
        """Return the path of an article by its place in the listings, from 0."""
        copy, which = divmod(place, len(self._paths))
        return in_copy(copy, self._paths[which])

    def article(self, number: int) -> str:
        """Return the page of an article; its links stay in its copy."""
        copy, demo_number = divmod(number, STEP)
        page = in_copy(copy, self._demo[demo_number])
        page = _TITLE.sub(lambda title: f"{title[0]}（{number}）", page, count=1)
        content = '<div class="content">'
        return page.replace(content, f"{content}<p>本文编号为{number}，这句话别处没有。</p>", 1)

    def listing_path(self, page: int) -> str:
        """Return the path of a listing page by its number, from 1."""
        return f"{START}index_{page}.html" if page > 1 else START

    def listing(self, page: int) -> str:
        """Return a listing page."""
        places = range(self.articles)[(page - 1) * LISTED : page * LISTED]
        rows = "".join(
            f'<li><a href="{self.article_path(place)}">河洲今天的新鲜事之第{place}号</a>'
            f" <time>2025-01-08 10:00:00</time></li>\n"
            for place in places
        )
        more = page * LISTED < self.articles
        after = f'<nav><a href="{self.listing_path(page + 1)}">下一页</a></nav>' if more else ""
        return (
            '<!DOCTYPE html><html><head><meta charset="utf-8"><title>国内资讯</title></head><body>'
            f'<h1>国内资讯</h1><ul class="rows">{rows}</ul>{after}</body></html>'
        )

    def paths(self) -> list[str]:
        """Return the paths of all listings and articles."""
        listings = [self.listing_path(page + 1) for page in range(-(-self.articles // LISTED))]
        return listings + [self.article_path(place) for place in range(self.articles)]

    def answer(self, path: str) -> bytes:
        """Return an answer as it goes over the wire."""
        if path == ROBOTS:
            return as_http("User-agent: *\nDisallow: /admin/\n", "text/plain")
        if found := _ARTICLE.fullmatch(path):
            return as_http(self.article(int(found[1])))
        page = path.removeprefix(START).removeprefix("index_").removesuffix(".html")
        return as_http(self.listing(int(page or 1)))


def number_of(path: str) -> int:
    """Return the number of an article."""
    found = _ARTICLE.fullmatch(path)
    assert found
    return int(found[1])


def in_copy(copy: int, text: str) -> str:
    """Return a text with the numbers that its addresses have in a copy."""
    return _NUMBER.sub(lambda number: str(copy * STEP + int(number[0])), text) if copy else text


def as_http(text: str, kind: str = "text/html") -> bytes:
    """Return a text as an HTTP answer."""
    body = text.encode()
    return (
        f"HTTP/1.1 200 OK\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


class Log:
    """What was asked for since it was last told."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.articles: set[str] = set()
        self.first: float | None = None

    def add(self, path: str) -> None:
        """Note a request."""
        self.requests.append(path)
        if _ARTICLE.fullmatch(path):
            self.articles.add(path)
            self.first = self.first or time.monotonic()

    def tell(self) -> None:
        """Print it, and begin anew."""
        told = {"requests": len(self.requests), "articles": len(self.articles), "first": self.first}
        print(json.dumps(told), flush=True)
        self.__init__()  # type: ignore[misc]


class Connection(asyncio.Protocol):
    """Answers GET after GET on one connection."""

    def __init__(self, answer: Callable[[str], bytes], log: Log) -> None:
        self.answer = answer
        self.log = log
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer what was asked for."""
        *asked, self.received = (self.received + data).split(b"\r\n\r\n")
        for head in asked:
            path = head.split(b" ", 2)[1].decode()
            self.log.add(path)
            self.transport.write(self.answer(path))


async def serve(copies: int, fly: bool) -> None:
    """Serve until stdin ends."""
    site, log = Site(copies), Log()
    answer = site.answer if fly else {path: site.answer(path) for path in [ROBOTS, *site.paths()]}.__getitem__
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(answer, log), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        log.tell()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), "--fly" in sys.argv))
