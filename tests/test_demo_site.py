"""The demo site: what it serves, how it is reached, and a real crawl through its middleware."""

import http.client
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
from parsel import Selector
from scrapy import Request
from scrapy.utils.test import get_crawler

from newsmirror.demo.articles import article
from newsmirror.demo.middleware import DemoSiteMiddleware
from newsmirror.demo.server import DemoServer
from newsmirror.demo.site import (
    CATEGORIES,
    HOST,
    NOTICES,
    ORIGIN,
    Article,
    articles,
    more,
    paths,
    related,
    respond,
)

HTML = [path for path in paths() if path.endswith(("/", ".html"))]


def page(path: str) -> Selector:
    return Selector(respond(path).body.decode("utf-8"))


def links(path: str) -> set[str]:
    """The addresses on this site that a page names."""
    named = page(path).xpath("//@href | //@src").getall()
    return {address for address in named if address.startswith("/")}


def text(selector: Selector, query: str) -> list[str]:
    return [" ".join(node.xpath("string()").get("").split()) for node in selector.css(query)]


# The articles


def test_articles_are_enough_of_each_category_and_sane() -> None:
    assert Counter(each.category for each in articles()) == {"国内": 22, "国际": 18, "财经": 18, "文体": 18}
    assert len({each.id for each in articles()}) == len({each.title for each in articles()}) == 76
    assert [each.published for each in articles()] == sorted((a.published for a in articles()), reverse=True)
    for each in articles():
        published, snapshot = (datetime.fromisoformat(time) for time in (each.published, each.snapshot))
        assert timedelta(hours=1) <= snapshot - published <= timedelta(hours=9)
        assert sum(block.type == "paragraph" for block in each.blocks) >= 4
        assert 7 <= len(each.related) == len(set(each.related) - {each.id}) <= 9
        assert all(article(other) for other in each.related)
        assert all(author in each.text for author in each.authors)
        assert each.original_url is None or re.fullmatch(r"https?://[a-z.-]+\.example/\S+", each.original_url)


def test_some_articles_lack_what_sites_often_lack() -> None:
    assert sum(each.source is None for each in articles()) == 2
    assert sum(each.editor is None for each in articles()) == 6
    assert sum(each.original_url is None for each in articles()) == 3
    assert {block.type for each in articles() for block in each.blocks} == {
        "paragraph",
        "heading",
        "image",
        "table",
    }


# The pages


def test_every_article_is_reachable_from_home() -> None:
    seen, waiting = {"/"}, ["/"]
    while waiting:
        new = links(waiting.pop()) - seen
        seen |= new
        waiting += [path for path in new if path in HTML]
    # No page names the two that only robots.txt and its readers know.
    assert seen == set(paths()) - {"/robots.txt", "/admin/"}
    assert {each.path for each in articles()} <= seen


@pytest.mark.parametrize("path", HTML)
def test_every_link_answers(path: str) -> None:
    assert {link: respond(link).status for link in links(path)} == dict.fromkeys(links(path), 200)


@pytest.mark.parametrize("category", CATEGORIES)
def test_listings_page_through_a_category(category: str) -> None:
    expected = [[each.title, each.published, each.path] for each in articles() if each.category == category]
    rows: list[list[str | None]] = []
    path: str | None = f"/{CATEGORIES[category]}/"
    sizes = []
    while path:
        listing = page(path)
        items = listing.css("main .rows li")
        sizes.append(len(items))
        rows += [
            [li.css("a::text").get(), li.css("time::text").get(), li.css("a::attr(href)").get()]
            for li in items
        ]
        path = listing.xpath("//*[@class='pager']/a[.='下一页']/@href").get()
    assert rows == expected
    assert sizes == ([10, 10, 2] if category == "国内" else [10, 8])


def test_pager_links_every_page_but_its_own() -> None:
    def pager(path: str) -> list[tuple[str | None, str | None]]:
        steps = page(path).css(".pager > *")
        return [(step.css("::text").get(), step.attrib.get("href")) for step in steps]

    first, second, third = "/guonei/", "/guonei/index_2.html", "/guonei/index_3.html"
    assert pager(first) == [("上一页", None), ("1", None), ("2", second), ("3", third), ("下一页", second)]
    assert pager(second) == [("上一页", first), ("1", first), ("2", None), ("3", third), ("下一页", third)]
    assert pager(third) == [("上一页", second), ("1", first), ("2", second), ("3", None), ("下一页", None)]
    assert respond("/guonei/index_4.html").status == 404


@pytest.mark.parametrize("of", articles(), ids=lambda of: str(of.id))
def test_article_page_prints_the_article(of: Article) -> None:
    shown = page(of.path)
    assert text(shown, ".crumb") == [f"首页 › {of.category}"]
    assert text(shown, "h1") == [of.title]
    assert text(shown, ".meta") == [f"类别:{of.category} 发布时间:{of.published} 来源:{of.source or ''}"]
    blocks = [block.text for block in of.blocks if block.text]
    editor = [f"责任编辑:{of.editor}"] if of.editor else []
    # Not by way of `text`: what the page prints is what the article says, spaces too.
    assert shown.css(".content > :is(p, h2, h3)::text").getall() == blocks + editor
    assert shown.css(".content img::attr(src)").getall() == [b.image_url for b in of.blocks if b.image_url]
    assert shown.css("figcaption::text").getall() == [b.caption for b in of.blocks if b.caption]
    assert [tuple(row.css("th::text, td::text").getall()) for row in shown.css("tr")] == [
        row for block in of.blocks for row in block.rows
    ]
    assert text(shown, ".snapshot p") == [
        f"以上内容为资讯信息快照,由{HOST}爬虫进行采集并收录,本站未对信息做任何修改,信息内容不代表本站立场。",
        f"快照生成时间:{of.snapshot}",
        "本站信息快照查询为非营利公共服务,如有侵权请联系我们进行删除。",
        f"信息原文地址:{of.original_url or ''}",
    ]
    assert [
        (
            li.css("a::attr(href)").get(),
            li.css("h3::text").get(),
            li.css("p::text").get(),
            li.css("time::text").get(),
        )
        for li in shown.css(".related li")
    ] == list(related(of))
    assert text(shown, ".more h2") == [f"更多关于{of.category}的资讯:"]
    assert shown.css(".more a::text").getall() == [each.title for each in more(of)]


def test_related_entries_are_excerpts_and_some_have_lost_their_title() -> None:
    entries = [
        (article(i), entry) for of in articles() for i, entry in zip(of.related, related(of), strict=True)
    ]
    assert 0.1 < sum(entry.title is None for _, entry in entries) / len(entries) < 0.3
    for other, entry in entries:
        assert entry.title in (None, other.title)
        assert (entry.path, entry.published) == (other.path, other.published)
        assert entry.excerpt.startswith("...")
        assert entry.excerpt[3:] in other.text
        assert len(entry.excerpt) == 87


def test_more_is_six_others_of_the_category_next_in_time() -> None:
    newest, *others = (each for each in articles() if each.category == "国际")
    assert more(newest) == tuple(others[:6])
    assert more(others[-1]) == (newest, *others[:5])


@pytest.mark.parametrize("path", HTML)
def test_every_page_has_the_chrome(path: str) -> None:
    shown = page(path)
    assert text(shown, "header li") == ["首页", *CATEGORIES, "我的订阅"]
    assert text(shown, "footer a") == ["关于我们", "登录"]
    assert "ICP备" in text(shown, "footer")[0]
    assert text(shown, ".ad small") == ["广告"]
    assert len(shown.css("script")) == 1


def test_what_is_not_news() -> None:
    assert respond("/robots.txt") == (
        200,
        {"Content-Type": "text/plain; charset=utf-8"},
        b"User-agent: *\nDisallow: /admin/\n",
    )
    for path, (title, *_) in NOTICES.items():
        assert text(page(path), "h1") == [title]
    missing = respond("/guonei/20250108/1.html")
    assert (missing.status, text(page("/nowhere"), "h1")) == (404, ["页面不存在"])
    assert respond("/about.html?from=home") == respond("/about.html")


# The server


@pytest.fixture(scope="module")
def server() -> Iterator[DemoServer]:
    with DemoServer() as running:
        yield running


@pytest.fixture
def connection(server: DemoServer) -> Iterator[http.client.HTTPConnection]:
    opened = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=5)
    yield opened
    opened.close()


@pytest.mark.parametrize("prefix", ["", ORIGIN, f"{ORIGIN}:80", "http://DEMO.newsmirror.example"])
def test_both_forms_of_request_on_one_kept_connection(
    connection: http.client.HTTPConnection, prefix: str
) -> None:
    ports = set()
    for path in ("/", "/nowhere", "/guonei/index_2.html?a=1", "/style.css", articles()[0].path):
        connection.request("GET", prefix + path)
        answer = connection.getresponse()
        expected = respond(path)
        assert (answer.status, answer.read()) == (expected.status, expected.body)
        assert answer.version == 11
        assert answer.headers["Content-Type"] == expected.headers["Content-Type"]
        assert answer.headers["Content-Length"] == str(len(expected.body))
        assert connection.sock, "the server must keep the connection"
        ports.add(connection.sock.getsockname())
    assert len(ports) == 1


def test_html_says_utf8(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", ORIGIN)
    answer = connection.getresponse()
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.read() == respond("/").body


def test_head_has_no_body(connection: http.client.HTTPConnection) -> None:
    connection.request("HEAD", "/about.html")
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(respond("/about.html").body))


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "http://news.other.example/"),
        ("GET", f"https://{HOST}/"),
        ("GET", f"http://{HOST}.other.example/"),
        ("CONNECT", f"{HOST}:443"),
    ],
)
def test_any_other_host_gets_502(connection: http.client.HTTPConnection, method: str, target: str) -> None:
    connection.request(method, target)
    answer = connection.getresponse()
    assert answer.status == 502
    assert answer.read().decode() == (
        f"The demo site is a proxy for http://demo.newsmirror.example/ only, not for {target}\n"
    )


def test_port_is_given_back() -> None:
    with DemoServer() as first:
        port = urlsplit(first.address).port
        assert port
        with pytest.raises(OSError, match="in use"):
            DemoServer(port)
    with DemoServer(port) as second:
        assert second.address == first.address


# The middleware


def test_middleware_starts_at_the_first_demo_request_only() -> None:
    middleware = DemoSiteMiddleware.from_crawler(get_crawler())
    other = Request("http://news.other.example/")
    middleware.process_request(other)
    assert other.meta == {}
    middleware.engine_stopped()

    first, second = Request(ORIGIN), Request(f"{ORIGIN}/robots.txt")
    middleware.process_request(first)
    middleware.process_request(second)
    assert first.meta == second.meta
    assert first.meta["proxy"].startswith("http://127.0.0.1:")
    middleware.engine_stopped()
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection(urlsplit(first.meta["proxy"]).netloc, timeout=5).connect()


CRAWL = """
import json, sys
import scrapy
from scrapy.crawler import AsyncCrawlerProcess

class Demo(scrapy.Spider):
    name = "demo"
    custom_settings = {
        "TELNETCONSOLE_ENABLED": False,
        "ROBOTSTXT_OBEY": True,
        "DOWNLOAD_DELAY": 0,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
        "DOWNLOADER_MIDDLEWARES": {"newsmirror.demo.middleware.DemoSiteMiddleware": 740},
    }
    pages = []

    async def start(self):
        yield scrapy.Request("http://demo.newsmirror.example/")
        yield scrapy.Request("http://demo.newsmirror.example/admin/")

    def parse(self, response):
        self.pages.append([response.url, response.status])
        yield from response.follow_all(css="header a, .pager a")

process = AsyncCrawlerProcess({"LOG_LEVEL": "WARNING"})
crawler = process.create_crawler(Demo)
process.crawl(crawler)
process.start()
json.dump({"pages": sorted(Demo.pages), "stats": crawler.stats.get_stats()}, sys.stdout, default=str)
"""


def test_a_real_crawl_goes_through_it() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CRAWL], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    crawl = json.loads(done.stdout)
    listings = [
        path for path in HTML if re.fullmatch(r"/(guonei|guoji|caijing|wenti)/(index_\d\.html)?", path)
    ]
    expected = sorted([f"{ORIGIN}{path}", 200] for path in ["/", "/subscriptions.html", *listings])
    assert crawl["pages"] == expected
    assert crawl["stats"]["robotstxt/response_status_count/200"] == 1
    assert crawl["stats"]["robotstxt/forbidden"] == 1
    assert crawl["stats"]["downloader/response_status_count/200"] == len(expected) + 1
    assert crawl["stats"]["finish_reason"] == "finished"
