"""Whole crawls: `scrapy crawl` in a process of its own, against the demo site and small sites on loopback.

Every crawl of CRAWLS is run once, two at a time; the tests look at what it left.
"""

import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import fields
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from newsserver import (
    BODY,
    POLITENESS_OFF,
    Entry,
    NewsServer,
    Page,
    Run,
    article,
    crawl,
    listing,
    redirect,
    scrapy,
)

from newsmirror.demo import articles as demo
from newsmirror.demo.site import ORIGIN, more, related, respond
from newsmirror.items import Article
from newsmirror.normalise.urls import canonical_url
from newsmirror.reading import PARSER_VERSION
from newsmirror.settings import RETRY_TIMES


class Crawl(NamedTuple):
    pages: Mapping[str, Page]
    arguments: Mapping[str, str]
    options: tuple[str, ...] = ()
    spider: str = "anysite"


CRAWLS: dict[str, Crawl] = {"demo": Crawl({}, {}, spider="demo")}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Run]]]:
    with ThreadPoolExecutor(2) as pool:
        yield {
            name: pool.submit(crawl, tmp_path_factory.mktemp("crawl"), *each) for name, each in CRAWLS.items()
        }
        pool.shutdown(cancel_futures=True)


# ---- the demo site, record by record ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def demo_run(runs: dict[str, Future[Run]]) -> Run:
    return runs["demo"].result()


@pytest.fixture(scope="module")
def demo_records(demo_run: Run) -> dict[str, dict[str, Any]]:
    return {record["url"]: record for record in demo_run.records}


def test_demo_gives_every_article_once(demo_run: Run) -> None:
    assert demo_run.code == 0
    assert demo_run.urls == sorted(ORIGIN + each.path for each in demo.articles())


def moment(printed: str) -> str:
    return printed.replace(" ", "T") + "+08:00"


def demo_blocks(of: demo.Article) -> list[dict[str, Any]]:
    """The blocks of a demo article without a byline that stands alone above the text."""
    blocks = list(of.blocks)
    if of.authors and re.fullmatch(rf"[^（。]*记者 {of.authors[0]}", blocks[0].text or ""):
        del blocks[0]
    return [
        {
            "type": block.type,
            "level": block.level,
            "text": "\n".join("\t".join(row) for row in block.rows)
            if block.type == "table"
            else block.text and block.text.replace("\u3000", " "),
            "image_url": block.image_url and ORIGIN + block.image_url,
            "caption": block.caption or (of.title if block.type == "image" else None),
        }
        for block in blocks
    ]


def demo_discovery(of: demo.Article) -> dict[str, Any]:
    """The home page's entries come first, in its order; then those of the category's pages, ten on each."""
    in_category = [each for each in demo.articles() if each.category == of.category]
    panels = [
        each
        for category in demo.CATEGORIES
        for each in [each for each in demo.articles() if each.category == category][:5]
    ]
    home = list(dict.fromkeys([*demo.articles()[:10], *panels]))
    if of in home:
        return {"kind": "listing", "from_url": ORIGIN + "/", "position": home.index(of) + 1}
    page, place = divmod(in_category.index(of), 10)
    folder = f"{ORIGIN}/{demo.CATEGORIES[of.category]}/"
    return {
        "kind": "listing",
        "from_url": folder + (f"index_{page + 1}.html" if page else ""),
        "position": place + 1,
    }


def demo_record(of: demo.Article) -> dict[str, Any]:
    """What the record of a demo article must hold, but for the time of the run."""
    blocks = demo_blocks(of)
    url = ORIGIN + of.path
    disclaimer = "本站未对信息做任何修改,信息内容不代表本站立场。"
    removal = "本站信息快照查询为非营利公共服务,如有侵权请联系我们进行删除。"
    notice = f"以上内容为资讯信息快照,由demo.newsmirror.example爬虫进行采集并收录,{disclaimer}"
    return {
        "schema_version": "1.0",
        "seq": None,
        "op": "insert",
        "article_id": sha256(url.encode()).hexdigest(),
        "revision": 1,
        "url": url,
        "fetched_url": url,
        "original_url": of.original_url,
        "original_id": of.original_url and sha256(canonical_url(of.original_url).encode()).hexdigest(),
        "site": "demo",
        "category": of.category,
        "breadcrumbs": [
            {"url": ORIGIN + "/", "title": "首页"},
            {"url": f"{ORIGIN}/{demo.CATEGORIES[of.category]}/", "title": of.category},
        ],
        "discovery": demo_discovery(of),
        "title": of.title,
        "source": of.source,
        "authors": list(of.authors),
        "editor": of.editor,
        "published_at": moment(of.published),
        "published_raw": of.published,
        "published_precision": "second",
        "snapshot_at": moment(of.snapshot),
        "snapshot_raw": of.snapshot,
        "body_text": "\n".join(block["text"] for block in blocks if block["text"] is not None),
        "blocks": blocks,
        "footer": {
            "text": f"{notice}\n快照生成时间:{of.snapshot}\n{removal}",
            "collector": "demo.newsmirror.example",
            "disclaimer": disclaimer,
            "removal_notice": removal,
        },
        "related": [
            {
                "url": ORIGIN + entry.path,
                "title": entry.title,
                "excerpt": entry.excerpt.replace("\u3000", " "),
                "published_at": moment(entry.published),
                "published_raw": entry.published,
            }
            for entry in related(of)
        ],
        "more_in_category": [{"url": ORIGIN + each.path, "title": each.title} for each in more(of)],
        "payload_sha256": sha256(respond(of.path).body).hexdigest(),
        "encoding": {"declared": "utf-8", "used": "utf-8", "replacements": 0},
        "warnings": [],
        "change_cause": None,
        "parser_version": PARSER_VERSION,
    }


@pytest.mark.parametrize("key", list(demo_record(demo.articles()[0])))
def test_demo_records_hold_what_the_articles_say(demo_records: dict[str, Any], key: str) -> None:
    expected = {ORIGIN + each.path: demo_record(each)[key] for each in demo.articles()}
    found = {url: record[key] for url, record in demo_records.items()}
    assert {url: value for url, value in found.items() if value != expected[url]} == {}
    assert found.keys() == expected.keys()


def test_demo_records_of_the_run_itself(demo_records: dict[str, Any]) -> None:
    for record in demo_records.values():
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", record["fetched_at"])
        assert record["first_seen_at"] == record["fetched_at"]
        assert re.fullmatch(r"[0-9a-f]{64}", record["content_sha256"])
        assert re.fullmatch(r"demo-\d{8}T\d{6}Z-[0-9a-f]{6}", record["run_id"])
        assert record["archive"]["file"] == f"{record['run_id']}-00001.warc.gz"
        assert re.fullmatch(r"<urn:uuid:[0-9a-f-]{36}>", record["archive"]["record_id"])
    assert len({record["archive"]["record_id"] for record in demo_records.values()}) == len(demo.articles())
    assert len({record["run_id"] for record in demo_records.values()}) == 1
    assert len({record["content_sha256"] for record in demo_records.values()}) == len(demo.articles())
    run_keys = {"fetched_at", "first_seen_at", "content_sha256", "archive", "run_id"}
    assert {field.name for field in fields(Article)} == run_keys | demo_record(demo.articles()[0]).keys()


def test_feed_has_the_keys_in_order_and_text_unescaped(demo_run: Run) -> None:
    keys = [field.name for field in fields(Article)]
    for line in demo_run.feed.splitlines():
        record = json.loads(line)
        assert list(record) == keys
        assert line == json.dumps(record, ensure_ascii=False)
    assert demo_run.feed.endswith("}\n")


def test_demo_summary(demo_run: Run) -> None:
    assert demo_run.summary == (
        "demo: 76 articles from 86 pages (finished)\n"
        "  by category: 国内 22, 国际 18, 文体 18, 财经 18\n"
        "  feed: out.jsonl\n"
        "  feed: data/feed/v1/index.json\n"
    )


def test_demo_alone_works() -> None:
    run = scrapy("crawl", "demo", "-a", "max_articles=5")
    # Stopped on purpose, and yet no complete mirror.
    assert run.code == 1
    first, *_, complete, feed = run.summary.splitlines()
    assert re.fullmatch(r"demo: 5 articles from \d+ pages \(max_articles\)", first)
    assert complete == "  not complete: the errors above say why"
    assert feed == "  feed: data/feed/v1/index.json"


# ---- one site, many arguments ----------------------------------------------------------------------------

# Seven articles of 国内 on four pages, two of 国际; r1 … r7 are known from related links alone, m1 from a
# 更多 link alone. Between them stands what must never be asked for.
ALIEN = [
    Entry("{foreign}/gn/20250108/901.html", "别的主机上的新闻不属于这个站点"),
    Entry("{elsewhere}/gn/20250108/902.html", "别的端口上的新闻不属于这个站点"),
    Entry("/files/report-2025.pdf", "下载河洲二〇二五年工作报告的全文"),
    Entry("/pics/902.jpg", "图片：河洲湿地飞来一千只白鹭"),
    Entry("/style/main.css", "样式表不是可以阅读的新闻页面"),
    Entry("/user/login.html?back=/gn/", "读者登录以后可以阅读更多新闻内容"),
    Entry("javascript:void(0)", "点击这里展开今天全部的新闻内容"),
    Entry("mailto:bianji@hezhou.example", "写信给编辑部说说您身边的新闻"),
    Entry("tel:051288800000", "打电话给编辑部说说您身边的新闻"),
    Entry("file:///etc/passwd", "打开您自己电脑上的一个本地文件"),
    Entry("ftp://127.0.0.1/news.html", "从文件服务器上下载今天的全部新闻"),
    Entry("data:text/html,news", "嵌在链接里面的一整页新闻的内容"),
]


def entry(name: str, date: str = "2025-01-08 10:00:00") -> Entry:
    return Entry(f"/{name[0]}n/20250108/{name}.html", f"河洲新闻第{name}号：一件新鲜事", date)


def news(name: str, *related_names: str, crumbs: str = "", more_names: tuple[str, ...] = ()) -> Page:
    own = entry(name)
    return article(own.title, [*map(entry, related_names), *ALIEN], [*map(entry, more_names), *ALIEN], crumbs)


def page_link(href: str, text: str = "下一页") -> str:
    return f'<a href="{href}">{text}</a>'


NAV = page_link("/gn/", "国内") + " " + page_link("/gj/", "国际")
CRUMB = page_link("/gn/", "国内")
ARTICLES = {
    "g1": news("g1", "r1", crumbs=CRUMB, more_names=("g3", "m1")),
    "g2": news("g2", "g3", crumbs=CRUMB),
    "g3": news("g3", crumbs=CRUMB),
    "g4": news("g4", "r5", crumbs=CRUMB),
    "g5": news("g5", "g1", crumbs=CRUMB),
    "g6": news("g6", crumbs=CRUMB),
    "g7": news("g7", "r7", crumbs=CRUMB),
    "j1": news("j1"),
    "j2": news("j2", "r4"),
    "r1": news("r1", "r2", "j2", "r5"),
    "r2": news("r2", "r3"),
    "r3": news("r3"),
    "r4": news("r4"),
    "r5": news("r5", "r6"),
    "r6": news("r6"),
    "r7": news("r7", "r1"),
    "m1": news("m1"),
}
SITE = {
    "/": listing(
        [entry("g1"), *ALIEN, entry("j1")],
        nav=f"{NAV} {page_link('/user/login.html', '登录')} {page_link('/about.html', '关于我们')} "
        f"{page_link('{foreign}/ty/', '体育')} {page_link('javascript:;', '财经')}",
    ),
    "/gn/": listing(
        [entry("g1"), *ALIEN, entry("g2", "2025-01-07 09:30:00"), entry("g3", "2025-01-06 09:30:00")],
        page_link("/gn/index_2.html"),
    ),
    "/gn/index_2.html": listing(
        [entry("g4", "2025-01-05 00:00:00"), entry("g5", "2025-01-04 23:59:59")],
        page_link("/gn/index_3.html"),
    ),
    "/gn/index_3.html": listing([entry("g6", "2025-01-03 08:00:00")], page_link("/gn/index_4.html")),
    # The last page's link to the next one leads to itself.
    "/gn/index_4.html": listing([entry("g7", "2025-01-02 08:00:00")], page_link("/gn/index_4.html")),
    "/gj/": listing([entry("j1"), entry("j2", "2025-01-06 07:00:00")]),
    "/about.html": listing([]),
    **{entry(name).href: page for name, page in ARTICLES.items()},
}
GN = ["/gn/", "/gn/index_2.html", "/gn/index_3.html", "/gn/index_4.html"]
G = "g1 g2 g3 g4 g5 g6 g7"


class Case(NamedTuple):
    """Arguments, the articles that they give, the other pages that are asked for, and the exit code."""

    arguments: dict[str, str]
    articles: str
    others: list[str]
    code: int = 0


G1, J2 = "{origin}" + entry("g1").href, "{origin}" + entry("j2").href
CASES = {
    "home": Case({"start": "{origin}/"}, f"{G} j1 j2 r1 r4 r5 r7", ["/", *GN, "/gj/"]),
    "home, related=0": Case({"start": "{origin}/", "related": "0"}, f"{G} j1 j2", ["/", *GN, "/gj/"]),
    "home, related=2": Case(
        {"start": "{origin}/", "related": "2"}, f"{G} j1 j2 r1 r2 r4 r5 r6 r7", ["/", *GN, "/gj/"]
    ),
    "listing, related=0": Case({"start": "{origin}/gn/", "related": "0"}, G, GN),
    "listing, related=1": Case({"start": "{origin}/gn/", "related": "1"}, f"{G} r1 r5 r7", GN),
    # j2 and r5 are reached over r1, too: r5 is one hop from g4, so r6 is two; j2 is two, so r4 is too far.
    "listing, related=2": Case({"start": "{origin}/gn/", "related": "2"}, f"{G} r1 r2 r5 r6 r7 j2", GN),
    "article, related=0": Case({"start": G1, "related": "0"}, "g1", []),
    "article": Case({"start": G1}, "g1 r1", []),
    "article, related=2": Case({"start": G1, "related": "2"}, "g1 r1 r2 r5 j2", []),
    "two starts": Case({"start": f"{G1},{J2}"}, "g1 r1 j2 r4", []),
    "category from home": Case(
        {"start": "{origin}/", "categories": "国际", "related": "0"}, "j1 j2", ["/", "/gj/"]
    ),
    "both categories from home": Case(
        {"start": "{origin}/", "categories": "国际，国内", "related": "0"}, f"{G} j1 j2", ["/", *GN, "/gj/"]
    ),
    "category from a listing by its home": Case(
        {"start": "{origin}/gn/index_3.html", "categories": "国际", "related": "0"},
        "j1 j2",
        ["/gn/index_3.html", "/", "/gj/"],
    ),
    "category from the breadcrumb of an article": Case(
        {"start": G1, "categories": "国内", "related": "0"}, G, GN
    ),
    "category by address": Case(
        {"start": "{origin}/", "categories": "{origin}/gj/", "related": "0"}, "j1 j2", ["/gj/"]
    ),
    "categories that are not there": Case(
        {"start": "{origin}/", "categories": "体育,国际,财经", "related": "0"}, "j1 j2", ["/", "/gj/"], code=1
    ),
    "category by address, elsewhere": Case(
        {"start": "{origin}/", "categories": "{origin}/gj/,{foreign}/gn/", "related": "0"},
        "j1 j2",
        ["/gj/"],
        code=1,
    ),
    "max_pages=2": Case(
        {"start": "{origin}/", "max_pages": "2", "related": "0"},
        "g1 g2 g3 g4 g5 j1 j2",
        ["/", *GN[:2], "/gj/"],
    ),
    "since": Case({"start": "{origin}/gn/", "since": "2025-01-05", "related": "0"}, "g1 g2 g3 g4", GN[:3]),
}
CRAWLS |= {name: Crawl(SITE, case.arguments) for name, case in CASES.items()}


def paths(names: str) -> list[str]:
    return sorted(entry(name).href for name in names.split())


@pytest.mark.parametrize("name", CASES)
def test_arguments_give_exactly_these_articles_by_exactly_these_requests(
    runs: dict[str, Future[Run]], name: str
) -> None:
    run = runs[name].result()
    assert run.code == CASES[name].code
    assert run.urls == paths(CASES[name].articles)
    assert run.requests == sorted(paths(CASES[name].articles) + CASES[name].others)


def test_discovery_says_how_each_article_was_found(runs: dict[str, Future[Run]]) -> None:
    def found(name: str) -> dict[str, tuple[str, str | None, int | None]]:
        return {record["url"]: tuple(record["discovery"].values()) for record in runs[name].result().records}

    assert found("max_pages=2") == {
        # A home page's headlines come before those of the categories that it leads to. The two links to
        # another host and port are links of the page, too; the ones that lead to no page are not counted.
        entry("g1").href: ("listing", "/", 1),
        entry("j1").href: ("listing", "/", 4),
        entry("g2").href: ("listing", "/gn/", 4),
        entry("g3").href: ("listing", "/gn/", 5),
        entry("g4").href: ("listing", "/gn/index_2.html", 1),
        entry("g5").href: ("listing", "/gn/index_2.html", 2),
        entry("j2").href: ("listing", "/gj/", 2),
    }
    assert found("article, related=2") == {
        entry("g1").href: ("start", None, None),
        entry("r1").href: ("related", entry("g1").href, 1),
        entry("r2").href: ("related", entry("r1").href, 1),
        entry("j2").href: ("related", entry("r1").href, 2),
        entry("r5").href: ("related", entry("r1").href, 3),
    }


def test_summary_of_a_small_site(runs: dict[str, Future[Run]]) -> None:
    assert runs["since"].result().summary == (
        "127.0.0.1: 4 articles from 7 pages (finished)\n"
        "  by category: 国内 4\n"
        "  skipped: older_than_since 2\n"
        "  listing walks ended early: since 1\n"
        "  feed: out.jsonl\n"
        "  feed: data/feed/v1/index.json\n"
    )
    assert runs["max_pages=2"].result().summary == (
        "127.0.0.1: 7 articles from 11 pages (finished)\n"
        "  by category: 国内 7\n"
        "  listing walks ended early: max_pages 1\n"
        "  feed: out.jsonl\n"
        "  feed: data/feed/v1/index.json\n"
    )


def test_log_names_a_category_that_is_elsewhere(runs: dict[str, Future[Run]]) -> None:
    [reason] = runs["category by address, elsewhere"].result().reasons
    assert re.fullmatch(
        r"category http://localhost:\d+/gn/ is not on the site\. Give its host in start, too\.", reason
    )


def test_log_names_a_category_that_is_not_there(runs: dict[str, Future[Run]]) -> None:
    run = runs["categories that are not there"].result()
    errors = [
        line.partition("is not complete: ")[2] for line in run.stderr.splitlines() if " ERROR: " in line
    ]
    assert errors == [
        "category 体育 was not found. Names seen: 国内、国际. Give its address instead.",
        "category 财经 was not found. Names seen: 国内、国际. Give its address instead.",
    ]
    assert run.code == 1


def test_log_at_info_holds_no_body(runs: dict[str, Future[Run]]) -> None:
    run = runs["home"].result()
    bodies = [line for record in run.records for line in record["body_text"].splitlines()]
    assert len(bodies) == 4 * 13
    assert "INFO" in run.stderr
    assert [line for line in bodies if line in run.stderr] == []
    assert "纷纷来信" not in run.stderr
    assert run.stdout == ""


@pytest.mark.parametrize("name", CASES)
def test_log_holds_no_traceback(runs: dict[str, Future[Run]], name: str) -> None:
    assert "Traceback" not in runs[name].result().stderr


# ---- the ways through a listing --------------------------------------------------------------------------


def chain(folder: str, forms: list[tuple[str, str]]) -> dict[str, Page]:
    """Pages of one article each, at these addresses, each with this pagination."""
    return {
        folder + address: listing([Entry(f"{folder}a{number}.html", f"河洲新闻{folder}第{number}篇")], after)
        for number, (address, after) in enumerate(forms, 1)
    } | {
        f"{folder}a{number}.html": article(f"河洲新闻{folder}第{number}篇")
        for number in range(1, len(forms) + 1)
    }


def numbered(current: int, *names: str) -> str:
    """A row of page numbers in which the current one has no link."""
    return " ".join(
        f"<b>{number}</b>" if number == current else page_link(name, str(number))
        for number, name in enumerate(names, 1)
    )


FILES = ("index.html", "index_2.html", "index_3.html")
QUERIES = ("", "?page=2", "?page=3")
PAGINATIONS = {
    "/words/": chain(
        "/words/", [("", page_link("p2")), ("p2", page_link("p3")), ("p3", "<span>下一页</span>")]
    ),
    "/arrow/": chain(
        "/arrow/", [("", page_link("2", "&gt;")), ("2", page_link("3", "»")), ("3", page_link("2", "&lt;"))]
    ),
    "/rel/": chain(
        "/rel/",
        [
            ("", '<a rel="prev" href="x">前</a> <a rel="next" href="2">后</a>'),
            ("2", '<a rel="next" href="3">后</a>'),
            ("3", ""),
        ],
    ),
    "/numbers/index.html": chain(
        "/numbers/", [(name, numbered(number, *FILES)) for number, name in enumerate(FILES, 1)]
    ),
    "/query/": chain(
        "/query/", [(name, numbered(number, "./", *QUERIES[1:])) for number, name in enumerate(QUERIES, 1)]
    ),
    # No page is the last one: its link leads to itself, to the first one, or on to the same page for ever.
    "/self/": chain("/self/", [("", page_link("2")), ("2", page_link("2"))]),
    "/ring/": chain("/ring/", [("", page_link("2")), ("2", page_link("./"))]),
    "/ever/?p=1": {
        f"/ever/?p={n}": listing([Entry("/ever/a1.html", "河洲新闻/ever/第1篇")], page_link(f"?p={n + 1}"))
        for n in range(1, 9)
    }
    | {"/ever/a1.html": article("河洲新闻/ever/第1篇")},
    "/abroad/": chain("/abroad/", [("", page_link("{foreign}/words/"))]),
    "/port/": chain("/port/", [("", page_link("{elsewhere}/words/"))]),
}
# Of the page that is the same for ever, one copy shows that there is nothing new.
NEVER_ASKED = {f"/ever/?p={n}" for n in range(3, 9)}
CRAWLS["paginations"] = Crawl(
    {path: page for pages in PAGINATIONS.values() for path, page in pages.items()},
    {"start": ",".join("{origin}" + start for start in PAGINATIONS)},
)


@pytest.mark.parametrize("start", PAGINATIONS)
def test_every_form_of_pagination_is_walked_to_its_end(runs: dict[str, Future[Run]], start: str) -> None:
    run = runs["paginations"].result()
    folder = start[: start.rindex("/") + 1]
    pages = [path for path in PAGINATIONS[start] if path not in NEVER_ASKED]
    assert [url for url in run.urls if url.startswith(folder)] == sorted(
        page for page in pages if re.search(r"/a\d+\.html$", page)
    )
    assert [url for url in run.requests if url.startswith(folder)] == sorted(pages)


def test_no_pagination_leads_away(runs: dict[str, Future[Run]]) -> None:
    assert [url for url in runs["paginations"].result().requests if url.startswith("http")] == []


# ---- one page, many addresses ----------------------------------------------------------------------------

COPIES = {
    "/": listing(
        [
            Entry("/a/1.html", "河洲大桥昨夜合龙全长九百米"),
            Entry("/a/1.html?utm_source=home&utm_medium=banner", "河洲大桥昨夜合龙（头条推荐）"),
            Entry("/a/1.html#comments", "河洲大桥昨夜合龙，读者留言选登"),
            Entry("/a/./1.html?from=timeline", "河洲大桥昨夜合龙（朋友圈分享）"),
            Entry("/a/2.html?id=7&cat=3", "河洲渡口恢复夜航每晚两班"),
            Entry("/a/2.html?cat=3&id=7&spm=a1.b2", "河洲渡口恢复夜航（渡口频道）"),
            Entry("/a/2.html?cat=3&id=8", "河洲渡口的老船工交出了船桨"),
            Entry("/go/1", "河洲大桥昨夜合龙（短地址一）"),
            Entry("/go/old3", "河洲灯会搬进了新落成的展厅"),
            Entry("/a/%E6%B2%B3%E6%B4%B2.html", "河洲县志新编本开放查阅了"),
            Entry("/a/%e6%b2%b3%e6%b4%b2.html?share=wechat", "河洲县志新编本（扫码阅读）"),
        ]
    ),
    "/a/1.html": article("河洲大桥昨夜合龙全长九百米"),
    "/a/2.html?id=7&cat=3": article("河洲渡口恢复夜航每晚两班"),
    "/a/2.html?cat=3&id=8": article("河洲渡口的老船工交出了船桨"),
    "/a/3.html": article("河洲灯会搬进了新落成的展厅"),
    "/a/%E6%B2%B3%E6%B4%B2.html": article("河洲县志新编本开放查阅了"),
    "/go/1": redirect("/a/1.html?utm_source=go"),
    "/go/old3": redirect("{origin}/a/3.html"),
}
CRAWLS["copies"] = Crawl(COPIES, {"start": "{origin}/"})
CRAWLS["copies, max_articles=3"] = Crawl(
    {
        "/": listing(
            [Entry(f"/go/{n}", f"河洲新闻的短地址第{n}个") for n in (1, 2)]
            + [Entry(f"/a/{n}.html", f"河洲新闻第{n}篇全文") for n in (1, 2, 3, 4)]
        ),
        **{f"/go/{n}": redirect("/a/1.html?utm_source=go") for n in (1, 2)},
        **{f"/a/{n}.html": article(f"河洲新闻第{n}篇全文") for n in (1, 2, 3, 4)},
    },
    {"start": "{origin}/", "max_articles": "3"},
    ("-s", "CONCURRENT_REQUESTS=1"),
)


def test_one_record_for_each_article_whatever_leads_to_it(runs: dict[str, Future[Run]]) -> None:
    run = runs["copies"].result()
    assert run.urls == [
        "/a/%E6%B2%B3%E6%B4%B2.html",
        "/a/1.html",
        "/a/2.html?cat=3&id=7",
        "/a/2.html?cat=3&id=8",
        "/a/3.html",
    ]
    fetched = {record["url"]: record["fetched_url"] for record in run.records}
    assert fetched["/a/2.html?cat=3&id=7"] == "/a/2.html?id=7&cat=3"
    assert fetched["/a/3.html"] == "/a/3.html"
    # A redirect is followed, but what it leads to is not asked for twice.
    assert run.requests == sorted(COPIES)


def test_max_articles_counts_records_not_copies(runs: dict[str, Future[Run]]) -> None:
    run = runs["copies, max_articles=3"].result()
    assert len(run.urls) == len(set(run.urls)) == 3


@pytest.mark.parametrize("count", [4, 13, 14])
def test_max_articles_is_exact(runs: dict[str, Future[Run]], count: int) -> None:
    run = runs[f"max_articles={count}"].result()
    assert len(run.urls) == len(set(run.urls)) == min(count, 13)
    assert set(run.urls) <= set(paths(CASES["home"].articles))
    reason = "finished" if count == 14 else "max_articles"
    assert run.summary.splitlines()[0].startswith(f"127.0.0.1: {min(count, 13)} articles from ")
    assert run.summary.splitlines()[0].endswith(f" ({reason})")
    # Nothing is fetched that is not published: a rereading of the archive would bring it later.
    assert [path for path in run.requests if path in paths(" ".join(ARTICLES))] == run.urls


def test_what_gives_no_article_makes_room_for_the_next(runs: dict[str, Future[Run]]) -> None:
    """Dead links, pages that are none, retries and redirects to what is known: all five articles are had."""
    run = runs["max_articles among others"].result()
    assert run.urls == [f"/a/{n}.html" for n in range(5)]
    assert run.summary.splitlines()[0].endswith(" (max_articles)")


def test_of_many_starts_no_more_are_asked_for_than_are_wanted(runs: dict[str, Future[Run]]) -> None:
    run = runs["max_articles of starts"].result()
    assert len(run.urls) == 2
    assert run.requests == run.urls


OTHERS = {
    "/dead/{n}.html": Page("没有这个页面", 404),
    "/busy/{n}.html": Page("", 503),
    "/odd/{n}.html": listing([]),
    "/file/{n}.html": Page("%PDF-1.7", content_type="application/pdf"),
    "/go/{n}.html": redirect("/a/0.html?utm_source=go"),
}
AMONG = {
    path.format(n=n): article(f"河洲新闻第{n}号：一件新鲜事") if path.startswith("/a/") else page
    for n in range(5)
    for path, page in {**OTHERS, "/a/{n}.html": Page("")}.items()
}
CRAWLS["max_articles among others"] = Crawl(
    {"/": listing([Entry(path, f"河洲的一条消息在{path}") for path in AMONG]), **AMONG},
    {"start": "{origin}/", "max_articles": "5"},
    ("-s", "RETRY_TIMES=1"),
)
CRAWLS["max_articles of starts"] = Crawl(
    SITE, {"start": ",".join("{origin}" + entry(name).href for name in G.split()), "max_articles": "2"}
)
CRAWLS |= {
    f"max_articles={count}": Crawl(SITE, {"start": "{origin}/", "max_articles": str(count)})
    for count in (4, 13, 14)
}


# ---- sites as they are -----------------------------------------------------------------------------------

GBK = {
    path: Page(
        page.text.replace('charset="utf-8"', 'charset="gb2312"'), content_type="text/html", encoding="gb18030"
    )
    for path, page in {
        "/": listing([Entry("/a/1.html", "喆喆与堃堃的镕炉：河洲铁匠铺")], page_link("/2.html")),
        "/2.html": listing([Entry("/a/2.html", "河洲“囍”字剪纸进了课堂")]),
        "/a/1.html": article("喆喆与堃堃的镕炉：河洲铁匠铺", [Entry("/a/3.html", "河洲㙍口的渡船一天两班")]),
        "/a/2.html": article("河洲“囍”字剪纸进了课堂"),
        "/a/3.html": article("河洲㙍口的渡船一天两班"),
    }.items()
}
CRAWLS["gbk"] = Crawl(GBK, {"start": "{origin}/"})


def test_site_in_gbk_that_says_gb2312(runs: dict[str, Future[Run]]) -> None:
    run = runs["gbk"].result()
    assert {record["url"]: record["title"] for record in run.records} == {
        "/a/1.html": "喆喆与堃堃的镕炉：河洲铁匠铺",
        "/a/2.html": "河洲“囍”字剪纸进了课堂",
        "/a/3.html": "河洲㙍口的渡船一天两班",
    }
    for record in run.records:
        assert record["encoding"] == {"declared": "gb2312", "used": "gb18030", "replacements": 0}
        assert record["body_text"] == "\n".join(BODY).format(title=record["title"])
        assert record["payload_sha256"] == sha256(GBK[record["url"]].text.encode("gb18030")).hexdigest()


TROUBLED = {
    "/robots.txt": Page("User-agent: *\nDisallow: /closed/\n", content_type="text/plain"),
    "/": listing(
        [
            Entry("/a/1.html", "河洲湿地飞来一千只白鹭"),
            Entry("/closed/1.html", "这一篇不许机器人来读取"),
            Entry("/a/gone.html", "这一篇已经从站点上删除了"),
            Entry("/a/broken.html", "这一篇的服务器总是出错误"),
            Entry("/a/empty.html", "这一篇的页面上什么都没有"),
            Entry("/a/data.html", "这一篇其实是一段机器的数据"),
            Entry("/a/plain.html", "这一篇没有任何快照的标签字样"),
            Entry("/a/vip.html", "这一篇要求先登录才可以读"),
            Entry("/a/away.html", "这一篇搬到了别的主机上面"),
            Entry("/a/port.html", "这一篇搬到了别的端口上面"),
            Entry("/a/loop.html", "这一篇的地址一直转向自己"),
            Entry("/a/2.html", "河洲渡口恢复夜航每晚两班"),
        ],
        nav=f"{page_link('/json/', '数据')} {page_link('/closed/', '内部')} {page_link('/nowhere/', '旧闻')}",
    ),
    "/json/": Page('{"articles": ["/a/9.html"]}', content_type="application/json"),
    "/a/1.html": article("河洲湿地飞来一千只白鹭", [Entry("/closed/2.html", "这一篇也不许机器人来读取")]),
    "/a/2.html": article("河洲渡口恢复夜航每晚两班", [Entry("/a/gone2.html", "这一篇也从站点上删除了")]),
    "/a/broken.html": Page("出错了", 500),
    "/a/empty.html": Page(""),
    "/a/data.html": Page('{"title": "以上内容为资讯信息快照"}', content_type="application/json"),
    "/a/plain.html": Page(
        "<html><body><h1>这一篇没有任何快照的标签字样</h1><p>只有一段话。</p></body></html>"
    ),
    "/a/vip.html": redirect("/login.html?back=/a/vip.html"),
    "/a/away.html": redirect("{foreign}/a/1.html"),
    "/a/port.html": redirect("{elsewhere}/a/1.html"),
    "/a/loop.html": redirect("/a/loop.html"),
}
CRAWLS["troubled"] = Crawl(TROUBLED, {"start": "{origin}/"})


def test_trouble_with_one_page_stops_nothing(runs: dict[str, Future[Run]]) -> None:
    run = runs["troubled"].result()
    assert run.code == 0
    assert run.urls == ["/a/1.html", "/a/2.html"]
    assert "Traceback" not in run.stderr


def test_robots_txt_is_obeyed_and_redirects_lead_nowhere_else(runs: dict[str, Future[Run]]) -> None:
    asked = set(TROUBLED) - {"/robots.txt"} | {"/nowhere/", "/a/gone.html", "/a/gone2.html"}
    # A server's error and an empty page are asked for again.
    again = ["/a/broken.html", "/a/empty.html"] * RETRY_TIMES
    assert runs["troubled"].result().requests == sorted([*asked, *again])


STARTS = {
    "/json/": "start page /json/: no HTML page, whatever its type says: application/json",
    "/gone/": "start page /gone/: HTTP status 404",
    "/closed/": "start page /closed/ was not asked for: Forbidden by robots.txt",
}
CRAWLS["starts"] = Crawl(TROUBLED, {"start": ",".join("{origin}" + path for path in [*STARTS, "/a/2.html"])})


def test_start_page_that_cannot_be_read_is_told(runs: dict[str, Future[Run]]) -> None:
    run = runs["starts"].result()
    errors = [
        line.partition(" is not complete: ")[2] for line in run.stderr.splitlines() if " ERROR: " in line
    ]
    assert sorted(errors) == sorted(STARTS.values())
    assert run.urls == ["/a/2.html"]
    assert run.requests == ["/a/2.html", "/a/gone2.html", "/gone/", "/json/"]


BRIEF = {
    "/": listing([Entry(f"/a/{n}.html", f"河洲快讯第{n}号：只有几句话") for n in (1, 2, 3)]),
    **{
        f"/a/{n}.html": article(
            f"河洲快讯第{n}号：只有几句话", [Entry("/a/1.html", "河洲快讯第1号：只有几句话")], body=BODY[:n]
        )
        for n in (1, 2, 3)
    },
}
CRAWLS["brief"] = Crawl(BRIEF, {"start": "{origin}/"})


@pytest.mark.parametrize("count", [1, 2, 3])
def test_brief_article_keeps_its_body(runs: dict[str, Future[Run]], count: int) -> None:
    record = next(each for each in runs["brief"].result().records if each["url"] == f"/a/{count}.html")
    assert record["body_text"] == "\n".join(BODY[:count]).format(title=record["title"])
    assert record["editor"] == "贺兰溪"
    # The article itself is no related one.
    assert [entry["url"] for entry in record["related"]] == ["/a/1.html"] * (count != 1)


# ---- what was typed --------------------------------------------------------------------------------------


def test_starts_from_a_file(tmp_path: Path) -> None:
    with NewsServer(SITE) as server:
        starts = tmp_path / "starts.txt"
        starts.write_text(server.fill(f"# two of them\n{G1}\n\n  {J2}\n{G1}\n"), "utf-8")
        run = scrapy(
            "crawl", "anysite", "-a", f"start=@{starts}", "-a", "related=0", *POLITENESS_OFF,
            "-O", str(tmp_path / "out.jsonl"),
        )  # fmt: skip
        assert run.code == 0
        found = [json.loads(line)["url"] for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
        assert sorted(found) == [server.fill(G1), server.fill(J2)]
        assert sorted(server.log) == [entry("g1").href, entry("j2").href, "/robots.txt"]


HOME = {"start": "{origin}/"}
# What each argument may be, the tests of the arguments say; here is how it is told.
WRONG = {
    "no start": ({}, "start is missing: say where to begin, such as -a start=http://td.fyun.cc/"),
    "start without a scheme": (
        {"start": "td.fyun.cc"},
        "start='td.fyun.cc' is not an http(s) address: write it whole, such as http://td.fyun.cc/",
    ),
    "file that is not there": (
        {"start": "@nowhere.txt"},
        "start=@nowhere.txt: cannot read nowhere.txt: [Errno 2] No such file or directory: 'nowhere.txt'; "
        "write @ and the path of a text file",
    ),
    "related": (
        HOME | {"related": "-1"},
        "related='-1' is not a whole number from 0: write such as related=1",
    ),
    "since": (HOME | {"since": "soon"}, "since='soon' is not a date: write such as since=2025-01-08"),
    "unknown": (HOME | {"max_page": "3"}, "unknown argument 'max_page'. The arguments are:"),
}
CRAWLS |= {f"wrong: {name}": Crawl(SITE, arguments) for name, (arguments, _) in WRONG.items()}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_argument_ends_in_one_message_before_the_first_request(
    runs: dict[str, Future[Run]], name: str
) -> None:
    run = runs[f"wrong: {name}"].result()
    told = run.stderr.splitlines()
    assert run.code == 2
    assert [line.partition("error: ")[2] for line in told if "error: " in line] == [WRONG[name][1]]
    assert "Traceback" not in run.stderr
    assert (run.feed, run.log) == ("", [])
