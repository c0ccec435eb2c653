"""Sites without an end: each walk ends by what its pages show, and no article is lost or read twice."""

from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path
from string import Template
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from newsserver import Entry, Page, Run, article, crawl, listing, redirect, rows
from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import HtmlResponse
from scrapy.utils.test import get_crawler
from twisted.python.failure import Failure

from newsmirror.reading.entries import Entry as Read
from newsmirror.spiders.anysite import AnySiteSpider
from newsmirror.spiders.walk import LEAD, Walk


class Endless(dict[str, Page]):
    """Pages that are written down, and pages that are made up when they are asked for."""

    def __init__(self, pages: dict[str, Page], invent: Callable[[str], Page | None]) -> None:
        super().__init__(pages)
        self.invent = invent

    def get(self, path: str, default: Any = None) -> Any:
        if path in self or path == "/robots.txt":
            return super().get(path, default)
        return self.invent(path) or default


def entries(first: int, count: int = 4, form: str = "/a/$n.html") -> list[Entry]:
    """Articles by number, each with a title and a time of its own."""
    return [
        Entry(Template(form).substitute(n=n), f"河洲新闻第{n}号：一件新鲜事", f"2025-01-08 10:{n % 60:02}:00")
        for n in range(first, first + count)
    ]


def articles(count: int) -> dict[str, Page]:
    return {entry.href: article(entry.title) for entry in entries(0, count)}


def forward(address: str) -> str:
    return f'<a href="{address}">下一页</a>'


def walk(folder: Path, pages: dict[str, Page], start: str = "/gn/?page=1", *options: str) -> Run:
    return crawl(folder, pages, {"start": "{origin}" + start, "related": "0"}, options)


def page_number(path: str) -> int:
    return int(path.rpartition("page=")[2])


def ended(run: Run) -> list[str]:
    return [line.strip() for line in run.summary.splitlines() if "walks ended" in line]


def listings(run: Run) -> list[str]:
    return [path for path in run.log if path.startswith(("/gn/", "/news")) and "/a/" not in path]


def test_a_last_page_that_repeats_for_ever(tmp_path: Path) -> None:
    def page(path: str) -> Page | None:
        number = page_number(path)
        return listing(entries(4 * min(number - 1, 2)), forward(f"/gn/?page={number + 1}"))

    run = walk(tmp_path, Endless(articles(12), page))
    assert run.urls == sorted(articles(12))
    assert listings(run) == [f"/gn/?page={number}" for number in (1, 2, 3, 4)]
    assert ended(run) == ["listing walks ended early: nothing_new 1"]
    assert run.code == 0


def test_the_same_articles_under_ever_new_addresses(tmp_path: Path) -> None:
    def page(path: str) -> Page | None:
        if path.startswith("/a/"):
            return articles(4).get("/a/" + path.split("/")[-1])
        number = page_number(path)
        return listing(entries(0, form=f"/a/{number}/$n.html"), forward(f"/gn/?page={number + 1}"))

    run = walk(tmp_path, Endless({}, page))
    assert run.urls == [f"/a/1/{n}.html" for n in range(4)]
    assert listings(run) == ["/gn/?page=1", "/gn/?page=2"]
    assert ended(run) == ["listing walks ended early: nothing_new 1"]


def test_sessions_and_random_numbers_in_links(tmp_path: Path) -> None:
    """Every page gives every link another session and another number."""
    asked = count(1)

    def noise() -> str:
        return f"?sid={next(asked):032x}&t=0.{next(asked)}"

    def page(path: str) -> Page | None:
        path = path.partition("?")[0]
        if path.startswith("/a/"):
            known = articles(8)
            name = path.partition(";")[0]
            links = [each._replace(href=each.href + noise()) for each in entries(0, 8)]
            return (
                article(known[name].text.partition("<h1>")[2].partition("</h1>")[0], links)
                if name in known
                else None
            )
        number = int(path.strip("/gn.html_") or 1)
        form = "/a/$n.html;jsessionid=" + f"{next(asked):032X}" + noise()
        return listing(entries(4 * (number - 1), 4, form), forward(f"/gn/{2}.html{noise()}"))

    run = crawl(tmp_path, Endless({}, page), {"start": "{origin}/gn/1.html"})
    assert run.urls == sorted(articles(8))
    assert run.code == 0


def test_addresses_that_grow(tmp_path: Path) -> None:
    """Links without a leading slash, on a server that answers at any depth."""

    def page(path: str) -> Page | None:
        if path.endswith(".html"):
            number = int(path.rpartition("/")[2].partition(".")[0])
            return article(entries(number)[0].title, entries(number + 1, 1, "news/a/$n.html"))
        return listing(entries(0, 3, "/a/$n.html"), forward("news/a/"))

    run = crawl(tmp_path, Endless({}, page), {"start": "{origin}/", "related": "20"})
    depths = ("/a/", "/a/news/a/", "/a/news/a/news/a/")
    assert run.urls == sorted(
        f"{path}{n + depth}.html" for depth, path in enumerate(depths) for n in range(3)
    )
    assert "skipped: growing_address 3" in run.summary
    assert run.code == 0


@pytest.mark.parametrize("status", [200, 404])
def test_ever_new_links_to_articles_that_do_not_exist(tmp_path: Path, status: int) -> None:
    """The walk is at most so many pages ahead of what came of them."""

    def page(path: str) -> Page | None:
        if path.startswith("/a/"):
            return Page("<html><body><h1>信息不存在或已删除</h1></body></html>", status)
        number = page_number(path)
        return listing(entries(4 * (number - 1)), forward(f"/gn/?page={number + 1}"))

    run = walk(tmp_path, Endless(articles(8), page))
    assert run.urls == sorted(articles(8))
    assert ended(run) == ["listing walks ended early: no_article 1"]
    assert len(listings(run)) <= 2 + 2 * LEAD + 1


@pytest.mark.parametrize(
    ("fails_for_good", "pages_read", "reasons"),
    [
        (False, 9, []),
        (
            True,
            LEAD + 1,
            [
                "no article was found: has the site changed, or does it refuse to answer?",
                "the walk of a listing ended at /gn/?page=6: its articles could not be had",
                "5 of 11 requests were given up: server_error 5",
            ],
        ),
    ],
)
def test_a_walk_waits_for_articles_that_rest_between_retries(
    tmp_path: Path, fails_for_good: bool, pages_read: int, reasons: list[str]
) -> None:
    """Such an article is neither met nor lost until its last retry was answered."""
    asked: Counter[str] = Counter()

    def page(path: str) -> Page | None:
        if path.startswith("/gn/"):
            number = page_number(path)
            return listing(entries(number - 1, 1), forward(f"/gn/?page={number + 1}") if number < 9 else "")
        asked[path] += 1
        return articles(9)[path] if asked[path] > 1 and not fails_for_good else Page("", 503)

    options = ("-s", "NEWSMIRROR_RETRY_WAIT=1", "-s", "RETRY_TIMES=1")
    run = walk(tmp_path, Endless({}, page), "/gn/?page=1", *options)
    assert (run.reasons, len(listings(run))) == (reasons, pages_read)
    assert run.urls == ([] if fails_for_good else sorted(articles(9)))


def test_a_listing_under_many_names_is_walked_once(tmp_path: Path) -> None:
    names = ["/news/", "/news/index.html", "/news/?sort=time", "/news/list-1.html"]
    nav = "".join(f'<a href="{name}">栏目{n}</a> ' for n, name in enumerate(names))
    first = listing(entries(0), forward("/news/page=2"), nav)
    pages = {"/": listing([], nav=nav), **dict.fromkeys(names, first), **articles(8)}

    def page(path: str) -> Page | None:
        # Each name would lead through pages of its own.
        return listing(entries(4), forward("/news/page=3")) if path == "/news/page=2" else None

    run = walk(tmp_path, Endless(pages, page), "/")
    assert run.urls == sorted(articles(8))
    assert sorted(listings(run)) == sorted([*names, "/news/page=2", "/news/page=3"])
    assert ended(run) == ["listing walks ended early: same_listing 3"]


def test_a_walk_ends_where_we_may_not_ask(tmp_path: Path) -> None:
    robots = Page("User-agent: *\nDisallow: /gn/?page=3\n", content_type="text/plain")

    def page(path: str) -> Page | None:
        number = page_number(path)
        return listing(entries(4 * (number - 1)), forward(f"/gn/?page={number + 1}"))

    run = walk(tmp_path, Endless({"/robots.txt": robots, **articles(12)}, page))
    assert run.urls == sorted(articles(8))
    assert listings(run) == ["/gn/?page=1", "/gn/?page=2"]
    assert ended(run) == ["listing walks ended early: not_asked 1"]
    assert run.code == 0


FRAME = '<div><a href="/gn/">国内</a> <a href="/gj/">国际</a> <a href="/cj/">财经</a></div>'


@pytest.mark.parametrize(
    ("third", "expected"),
    [
        (
            Page("<html><body><p>您的访问过于频繁，请稍后再试。</p></body></html>"),
            ["the walk of a listing broke at /gn/?page=3: it shows nothing of a listing"],
        ),
        (
            article("河洲新闻第99号：一件新鲜事"),
            ["the walk of a listing broke at /gn/?page=3: it reads as an article"],
        ),
        (
            redirect("/login"),
            ["the walk of a listing broke at /gn/?page=3: "],
        ),
        # Pages behind the last one.
        (Page("<html><body><p>没有更多数据了。</p></body></html>"), []),
        (Page("<html><body><p>您访问的页面不存在。</p></body></html>"), []),
        (Page(f"<html><body>{FRAME}<p>国内</p></body></html>"), []),
        (Page("<html><body></body></html>", 404), []),
    ],
    ids=["refused", "article", "login", "says empty", "says missing", "frame", "404"],
)
def test_a_page_in_the_midst_that_is_none_of_the_listing(
    tmp_path: Path, third: Page, expected: list[str]
) -> None:
    """Nobody knows what stands behind it: the run is not complete. Behind the last page there is nothing."""
    pages = {f"/gn/?page={n}": listing(entries(4 * (n - 1)), forward(f"/gn/?page={n + 1}")) for n in (1, 2)}
    run = walk(tmp_path, {**articles(8), **pages, "/gn/?page=3": third})
    told = run.reasons
    assert len(told) == len(expected)
    assert all(reason.startswith(start) for reason, start in zip(told, expected, strict=True)), told
    assert run.code == (1 if expected else 0)
    assert [url for url in run.urls if url.startswith("/a/")] == sorted(articles(8))


def numbers(current: int) -> str:
    return " ".join(
        str(number) if number == current else f'<a href="/gn/?page={number}">{number}</a>'
        for number in range(1, 6)
    )


def last(current: int) -> str:
    return '<a href="/gn/?page=5">尾页</a>'


@pytest.mark.parametrize(
    ("third", "pager"),
    [
        (Page("<html><body><p>暂无信息</p></body></html>"), last),
        (Page(f"<html><body>{FRAME}<p>国内</p></body></html>"), numbers),
        (Page("<html><body></body></html>", 404), numbers),
        (
            Page(
                f"<html><body><p>暂无信息</p><div><h3>热门排行</h3>{rows(entries(0, 3))}</div></body></html>"
            ),
            numbers,
        ),
    ],
    ids=["says empty", "frame", "404", "hot list"],
)
def test_an_empty_page_is_in_the_midst_where_others_should_follow(
    tmp_path: Path, third: Page, pager: Callable[[int], str]
) -> None:
    """The page before it has links to pages behind it, and the last of these shows more."""
    pages = {
        f"/gn/?page={n}": listing(entries(4 * (n - 1)), pager(n) + forward(f"/gn/?page={n + 1}"))
        for n in (1, 2)
    }
    fifth = {"/gn/?page=5": listing(entries(16), pager(5))}
    run = walk(tmp_path, {**articles(20), **pages, **fifth, "/gn/?page=3": third})
    [reason] = run.reasons
    assert reason.startswith("the walk of a listing broke at /gn/?page=3: ")
    assert (run.code, run.urls) == (1, sorted(articles(8)))


@pytest.mark.parametrize(
    ("pager", "fifth"), [(numbers, None), (last, listing(entries(4)))], ids=["404", "repeats"]
)
def test_a_list_that_links_to_more_pages_than_it_has_is_whole(
    tmp_path: Path, pager: Callable[[int], str], fifth: Page | None
) -> None:
    """Its last page, or the one that it calls so by another address, shows nothing more."""
    pages = {
        f"/gn/?page={n}": listing(entries(4 * (n - 1)), pager(n) + forward(f"/gn/?page={n + 1}"))
        for n in (1, 2)
    }
    pages |= {"/gn/?page=5": fifth} if fifth is not None else {}
    run = walk(tmp_path, {**articles(8), **pages, "/gn/?page=3": Page("", 404)})
    assert (run.code, run.reasons, run.urls) == (0, [], sorted(articles(8)))


def test_a_page_in_the_midst_that_leads_to_another_of_the_list(tmp_path: Path) -> None:
    pages = {f"/gn/?page={n}": listing(entries(4 * (n - 1)), numbers(n)) for n in (1, 2, 4, 5)}
    run = walk(tmp_path, {**articles(20), **pages, "/gn/?page=3": redirect("/gn/?page=1")})
    [reason] = run.reasons
    assert reason.startswith("the walk of a listing broke at /gn/?page=3: it leads to ")
    assert (run.code, run.urls) == (1, sorted(articles(8)))


def test_an_empty_page_behind_the_last_number_is_none(tmp_path: Path) -> None:
    first = listing(entries(0), f"1 <a href='/gn/?page=2'>2</a> {forward('/gn/?page=2')}")
    second = listing(entries(4), f"<a href='/gn/'>1</a> 2 {forward('/gn/?page=3')}")
    empty = Page("<html><body><p>暂无信息</p></body></html>")
    run = walk(tmp_path, {**articles(8), "/gn/?page=1": first, "/gn/?page=2": second, "/gn/?page=3": empty})
    assert (run.code, run.reasons, run.urls) == (0, [], sorted(articles(8)))


def test_a_next_page_on_another_host(tmp_path: Path) -> None:
    first = listing(entries(0), forward("{foreign}/gn/?page=2"))
    run = walk(tmp_path, {**articles(4), "/gn/?page=1": first})
    [reason] = run.reasons
    assert reason.startswith("the walk of a listing broke at /gn/?page=1: its next page is http://localhost:")
    assert reason.endswith("/gn/?page=2, which is not on the site")
    assert ended(run) == ["listing walks ended early: next_elsewhere 1"]
    assert (run.code, run.urls) == (1, sorted(articles(4)))


def test_a_page_that_refreshes_after_a_minute_is_read(tmp_path: Path) -> None:
    refresh = '<meta http-equiv="refresh" content="60;url=/gn/?page=1">'
    pages = {f"/gn/?page={n}": listing(entries(4 * (n - 1)), forward(f"/gn/?page={n + 1}")) for n in (1, 3)}
    second = listing(entries(4), forward("/gn/?page=3"))
    pages["/gn/?page=2"] = second._replace(text=second.text.replace("<head>", f"<head>{refresh}"))
    run = walk(tmp_path, {**articles(12), **pages})
    assert (run.code, run.urls) == (0, sorted(articles(12)))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("您访问的页面不存在", "start page /x.html: a page that says it is not there"),
        ("欢迎光临", "start page /x.html is neither an article nor a listing"),
    ],
)
def test_a_start_page_that_gives_nothing_beside_one_that_gives_an_article(
    tmp_path: Path, text: str, reason: str
) -> None:
    pages = {**articles(1), "/x.html": Page(f"<html><body><p>{text}</p></body></html>")}
    run = crawl(tmp_path, pages, {"start": "{origin}/a/0.html,{origin}/x.html"})
    assert run.reasons == [reason]
    assert (run.code, run.urls) == (1, ["/a/0.html"])


def test_a_walk_waits_while_very_many_articles_wait_to_be_read() -> None:
    """Each request that waits is held in memory; whatever becomes of it, it no longer counts."""
    crawler = get_crawler(AnySiteSpider, {"NEWSMIRROR_PAGES_PER_LISTING": 9})
    spider = crawler._create_spider(start="http://kz.hezhou.example/gn/")
    crawler.spider = spider

    def listed(number: int) -> list[Request]:
        """The requests that a listing page with a thousand articles leads to; the next page is the last."""
        page = listing(entries(1000 * number, 1000), forward(f"/gn/?page={number + 1}"))
        asked = Request(f"http://kz.hezhou.example/gn/?page={number}", spider.parse_listing)
        response = HtmlResponse(asked.url, body=page.text.encode(), request=asked)
        found = list(spider.parse_listing(response, Walk()))
        assert len(found) == 1001
        return [request for request in found if isinstance(request, Request)]

    def failed(request: Request) -> Failure:
        failure = Failure(IgnoreRequest("robots.txt"))
        failure.request = request  # type: ignore[attr-defined]
        return failure

    *articles, next_page = listed(1)
    assert next_page.priority > articles[0].priority
    *further, next_page = listed(2)
    assert next_page.priority < articles[0].priority
    spider.dropped(next_page, spider)  # a listing, which does not count
    for request in articles[:500]:
        assert list(spider.given_up(failed(request))) == []
    for request in articles[500:]:
        spider.dropped(request, spider)
    nothing = b"<html><body><p>\xe6\xb2\xa1\xe6\x9c\x89</p></body></html>"
    for request in further:
        assert list(spider.parse_article(HtmlResponse(request.url, body=nothing, request=request), 0)) == []
    *articles, next_page = listed(3)
    assert next_page.priority > articles[0].priority
    assert listed(4)[-1].priority < articles[0].priority


def test_a_budget_bounds_what_nothing_tells(tmp_path: Path) -> None:
    def page(path: str) -> Page | None:
        if path.startswith("/a/"):
            return article(f"河洲新闻第{path[3:-5]}号：一件新鲜事")
        number = page_number(path)
        return listing(entries(4 * (number - 1)), forward(f"/gn/?page={number + 1}"))

    run = walk(tmp_path, Endless({}, page), "/gn/?page=1", "-s", "NEWSMIRROR_PAGES_PER_LISTING=7")
    assert run.urls == sorted(articles(28))
    assert ended(run) == ["listing walks ended early: budget 1"]
    assert run.code == 1
    assert "after 7 pages: if that is no trap, raise NEWSMIRROR_PAGES_PER_LISTING" in run.stderr


def test_a_host_has_a_budget(tmp_path: Path) -> None:
    pages = {"/gn/?page=1": listing(entries(0, 8)), **articles(8)}
    run = walk(tmp_path, pages, "/gn/?page=1", "-s", "NEWSMIRROR_PAGES_PER_HOST=6")
    # One of the six is robots.txt, one the listing.
    assert (len(run.log), len(run.records), run.code) == (6, 4, 1)
    assert "skipped: host_budget 4" in run.summary
    assert "127.0.0.1 was asked for 6 pages: if it is no trap, raise NEWSMIRROR_PAGES_PER_HOST" in run.stderr


def read(number: int, date: str | None = "2025-01-08") -> Read:
    return Read(f"http://a.example/{number}", f"第{number}号", None, date, number)


@given(st.lists(st.lists(st.integers(0, 30), max_size=8), max_size=12))
def test_a_walk_shows_each_address_once_and_in_order(pages: list[list[int]]) -> None:
    walk = Walk()
    shown = [
        address
        for numbers in pages
        for address in walk.take({str(number): read(number) for number in numbers})
    ]
    assert shown == list(dict.fromkeys(str(number) for numbers in pages for number in numbers))


def test_entries_without_a_date_are_told_apart_by_address() -> None:
    walk = Walk()
    assert list(walk.take({"1": read(7, None)})) == ["1"]
    assert list(walk.take({"2": read(7, None)})) == ["2"]
    assert list(walk.take({"3": read(7)})) == ["3"]
    assert list(walk.take({"4": read(7)})) == []
