"""Pages that need a browser: which they are, and what the system's Chromium makes of them, site and all.

Every crawl of CRAWLS is run once, two at a time; the tests look at what it left.
"""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest
from newsserver import (
    POLITENESS_OFF,
    PROJECT,
    Entry,
    NewsServer,
    Page,
    Run,
    article,
    crawl,
    listing,
    scrapy,
)
from scrapy.utils.test import get_crawler
from test_archive import check

from newsmirror.archive.files import closed_files
from newsmirror.archive.reader import ArchiveReader
from newsmirror.feed import read
from newsmirror.items import ArchiveRef
from newsmirror.net.browser import find_browser
from newsmirror.net.render import BrowserMissingError, start_browser
from newsmirror.reading.decoding import decode
from newsmirror.reading.shell import is_shell
from newsmirror.spiders.anysite import AnySiteSpider

URL = "http://kuaizhao.example/guonei/"


def head(body: str) -> str:
    return (
        '<!DOCTYPE html><html><head><meta charset="utf-8"><title>河洲快照</title></head>'
        f"<body>{body}</body></html>"
    )


def title(number: int) -> str:
    return f"河洲湿地第{number}次观鸟日记录"


def row(number: int) -> Entry:
    return Entry(f"/a/{1000 + number}.html", title(number))


# ---- which pages are shells ------------------------------------------------------------------------------

NAV = '<div><a href="/">首页</a> <a href="/guonei/">国内</a> <a href="/guoji/">国际</a></div>'
JQUERY = '<script src="/static/jquery.min.js"></script><script>$(function(){$("#top").hide()})</script>'
APP_JS = '<script src="/static/app.js"></script>'
SHELLS = {
    "vue": head('<div id="app"></div>' + APP_JS),
    "module": head('<div id="root"></div><script type="module" src="/assets/index.js"></script>'),
    "noscript note": head("<noscript>请启用 JavaScript 以查看快照列表。</noscript>" + APP_JS),
    "loading": head(NAV + '<ul id="list"><li>加载中…</li></ul>' + "<script>fetch('/api/list')</script>"),
    "foreign links alone": head('<a href="https://beian.example/">京ICP备00000000号公安备案</a>' + APP_JS),
    "labels in a script": head('<div id="app"></div><script>let t = "快照生成时间：" + time;</script>'),
    "labels as data": head(
        APP_JS + '<script type="application/json">{"t": "以上内容为资讯信息快照，快照生成时间"}</script>'
    ),
}  # fmt: skip
NOT_SHELLS = {
    "listing": listing([row(1), row(2), row(3)]).text,
    "listing with scripts": listing([row(1), row(2), row(3)], nav=JQUERY).text,
    "listing with a next page alone": head(NAV + '<a href="/guonei/2.html">下一页</a>' + JQUERY),
    "article": article(title(1)).text,
    "article with scripts": article(title(1), crumbs=JQUERY).text,
    "article with a split label": head(
        f"<h1>{title(1)}</h1><p>发布时间：2025-01-08 10:00</p><p>水位比去年同期高出两指。</p>"
        "<p>快照<b>生成</b>时间：2025-01-08 12:00:00</p>" + JQUERY
    ),
    "empty category": head(NAV + "<p>该栏目暂无内容</p>" + JQUERY),
    "empty category without scripts": head(NAV + "<ul></ul>"),
    "data alone": head('<div></div><script type="application/ld+json">{"@type": "WebPage"}</script>'),
    "template alone": head('<div></div><script type="text/x-template"><a href="/a/1.html">快照</a></script>'),
    "page that is gone": head("<h1>404 页面不存在</h1>" + JQUERY),
}  # fmt: skip


@pytest.mark.parametrize("case", SHELLS)
def test_shell(case: str) -> None:
    assert is_shell(SHELLS[case], URL)


@pytest.mark.parametrize("case", NOT_SHELLS)
def test_not_a_shell(case: str) -> None:
    assert not is_shell(NOT_SHELLS[case], URL)


@pytest.mark.parametrize("piece", ["<script ", "<script>", "<script></script ", "<script type="])
def test_a_large_page_of_broken_scripts_is_a_shell(piece: str) -> None:
    assert is_shell(APP_JS + piece * (250_000 // len(piece)), URL)


def test_a_front_page_with_sections_is_none() -> None:
    page = head(NAV + JQUERY)
    assert not is_shell(page, "http://kuaizhao.example/")
    assert is_shell(page, URL)


FIXTURES = sorted((Path(__file__).parent.parent / "fixtures").glob("*/*"))


@pytest.mark.parametrize("folder", FIXTURES, ids=lambda folder: folder.name)
def test_no_fixture_is_a_shell(folder: Path) -> None:
    meta = json.loads((folder / "meta.json").read_text("utf-8"))
    text = decode((folder / "page.html").read_bytes(), meta["headers"].get("Content-Type")).text
    assert not is_shell(text + JQUERY, meta["url"])


# ---- crawls ----------------------------------------------------------------------------------------------


class Crawl(NamedTuple):
    pages: Mapping[str, Page]
    start: str
    arguments: Mapping[str, str] = {}
    options: tuple[str, ...] = ()


def script(text: str) -> Page:
    return Page(text, content_type="text/javascript")


def data(value: object) -> Page:
    return Page(json.dumps(value), content_type="application/json")


def rows(*numbers: int) -> Page:
    return data([[row(number).href, row(number).title] for number in numbers])


def filled(body: str, code: str, file: str = "/static/app.js") -> Page:
    """A page that scripts fill: `file` is one that pages share, `code` its own."""
    return Page(head(f'{body}<script src="{file}"></script><script>{code}</script>'))


APP = script("""
    const list = () => document.getElementById('list');
    const add = ([href, text]) => {
        const item = document.createElement('li');
        item.innerHTML = `<a href="${href}">${text}</a> <span>2025-01-08 10:00:00</span>`;
        list().append(item);
    };
    const load = async path => { for (const row of await (await fetch(path)).json()) add(row) };
    let page = 1;
    const more = () => load('/api/more?page=' + page++);
""")
ARTICLES = {row(number).href: article(title(number)) for number in range(1, 40)}


def filled_article(number: int) -> Page:
    html = article(title(number)).text.partition("<body>")[2].partition("</body>")[0]
    return filled("<div id='app'></div>", f"document.getElementById('app').innerHTML = {json.dumps(html)}")


def shows(number: int) -> str:
    """A script that puts one article on the page's list."""
    return f"add({json.dumps([row(number).href, row(number).title])});"


LIST = '<ul id="list"></ul>'
SITE = {
    "/robots.txt": Page("User-agent: *\nDisallow: /private/\n", content_type="text/plain"),
    "/static/app.js": APP,
    # A button; what it brings ends by itself.
    "/button/": filled(LIST + '<div onclick="more()">点击加载更多 »</div>', "more()"),
    "/api/more?page=1": rows(1, 2, 3),
    "/api/more?page=2": rows(4, 5),
    "/api/more?page=3": rows(),
    # A list that grows at its end; the page is addressed by number, so that its shape differs.
    "/scroll/1": filled(
        LIST,
        "let n = 0; const next = () => n < 3 && load('/api/scroll?page=' + ++n); next();"
        "addEventListener('scroll', () => {"
        "  if (innerHeight + scrollY >= document.documentElement.scrollHeight - 5) next() })",
    ),
    "/api/scroll?page=1": rows(*range(11, 19)),
    "/api/scroll?page=2": rows(19, 20),
    "/api/scroll?page=3": rows(21),
    # Articles that scripts fill, on a plain list; of another shape than the others, which come in any order.
    "/plain/1.html": listing([Entry(f"/js-{n}.html", title(n)) for n in (31, 32, 33)]),
    "/plain/2.html": listing([row(34), row(35)]),
    "/js-31.html": filled_article(31),
    "/js-32.html": filled_article(32),
    "/js-33.html": filled_article(33),
    # Two pages of one shape that show nothing either way.
    "/nothing/?id=1": filled("<p>关于我们</p>", "1"),
    "/nothing/?id=2": filled("<p>联系我们</p>", "1"),
    # What robots.txt forbids is not to be had in a page either.
    "/secret?a=1": filled(LIST, "load('/private/rows');" + shows(38)),
    "/private/rows": rows(39),
    **ARTICLES,
}  # fmt: skip
STARTS = ("/button/", "/scroll/1", "/plain/1.html", "/nothing/?id=1", "/nothing/?id=2", "/secret?a=1")


# A site that has one answer for all that it does not know.
SPA = SITE | {"/robots.txt": filled("", "1")}
HUNG = SITE | {"/hung.html": filled("", "while (true) {}")}


class Foreign:
    """A host that nobody may speak to: counts connections and datagrams on one port."""

    def __init__(self) -> None:
        self.met: list[str] = []
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        for listen in (self._accept, self._receive):
            Thread(target=listen, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._tcp.accept()
            self.met.append(f"TCP {connection.recv(80)!r}")
            connection.close()

    def _receive(self) -> None:
        while True:
            self.met.append(f"UDP {self._udp.recv(80)!r}")


def escapes(port: int) -> str:
    """A script that tries every way out of a page that is known."""
    return """
        const there = 'http://127.0.0.1:PORT/';
        const put = (tag, what) =>
            document.body.appendChild(Object.assign(document.createElement(tag), what));
        const tries = [
            () => fetch(there + 'fetch', {mode: 'no-cors'}),
            () => fetch('http://localhost:PORT/name', {mode: 'no-cors'}),
            () => { const x = new XMLHttpRequest(); x.open('GET', there + 'xhr'); x.send() },
            () => new WebSocket('ws://127.0.0.1:PORT/socket'),
            () => new WebSocket('ws://localhost:PORT/socket'),
            () => new EventSource(there + 'events'),
            () => navigator.sendBeacon(there + 'beacon', 'x'),
            () => new Worker(URL.createObjectURL(new Blob([`fetch('${there}worker')`]))),
            () => navigator.serviceWorker.register('/static/app.js'),
            () => window.open(there + 'popup'),
            () => ['preconnect', 'dns-prefetch', 'prefetch', 'preload', 'stylesheet', 'icon'].forEach(
                rel => put('link', {rel, href: there + rel, as: 'script'})),
            () => ['img', 'script', 'iframe', 'embed', 'video', 'audio'].forEach(
                tag => put(tag, {src: there + tag})),
            () => put('a', {href: there + 'click', target: '_blank', ping: there + 'ping'}).click(),
            () => put('form', {action: there + 'form', method: 'post', target: '_blank'}).submit(),
            () => {
                const peer = new RTCPeerConnection({iceServers: [
                    {urls: 'stun:127.0.0.1:PORT'},
                    {urls: 'turn:127.0.0.1:PORT?transport=tcp', username: 'a', credential: 'b'}]});
                peer.createDataChannel('x');
                peer.createOffer().then(offer => peer.setLocalDescription(offer)) },
            () => { location = there + 'away' },
        ];
        for (const attempt of tries) try { Promise.resolve(attempt()).catch(() => 0) } catch (error) {}
    """.replace("PORT", str(port))


HOSTILE = {
    "/static/app.js": APP,
    # Everything that asks a person, opens a window, leaves, or starts a download.
    "/noise.html": filled(
        LIST,
        shows(2) + "alert(1); confirm(1); prompt(1); onbeforeunload = () => 'stay'; print();"
        "const a = document.createElement('a'); a.download = 'x'; a.href = 'data:text/plain,x';"
        "document.body.append(a); a.click(); for (let i = 0; i < 9; i++) window.open('/elsewhere');"
        "document.cookie = 'seen=1; path=/'; localStorage.seen = 1; location = '/elsewhere'",
    ),
    "/kept.html": filled(LIST, f"if (!document.cookie && !localStorage.seen) {shows(3)}"),
    "/polling.html": filled(LIST, shows(4) + "const again = () => fetch('/api/poll').then(again); again()"),
    "/api/poll": data({}),
    "/heap.html": filled("", "const all = []; while (true) all.push(new Array(1e6).fill(1))"),
    "/large.html": filled("<p></p>", "document.querySelector('p').append('沙'.repeat(400000))"),
    **ARTICLES,
}
HOSTILE_STARTS = ("/escape.html", "/noise.html", "/kept.html", "/polling.html", "/heap.html", "/large.html")


def starts(paths: tuple[str, ...]) -> str:
    return ",".join("{origin}" + path for path in paths)


class Deadly(dict[str, Page]):
    """Pages of which one kills the browser when it is first asked for; `pid` is a file with its process."""

    def __init__(self, pages: Mapping[str, Page], path: str, pid: Path) -> None:
        super().__init__(pages)
        self._path = path
        self._pid = pid

    def get(self, path: str, default: Page) -> Page:  # type: ignore[override]
        if path == self._path:
            self._path = ""
            os.kill(int(self._pid.read_text()), signal.SIGKILL)
        return super().get(path, default)


@pytest.fixture(scope="module")
def foreign() -> Foreign:
    return Foreign()


HASTE = ("-s", "NEWSMIRROR_RENDER_SECONDS=3")
NOWHERE = ("-s", "NEWSMIRROR_BROWSER=/nowhere/chromium")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the crawl of the site keeps what lasts."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def runs(
    tmp_path_factory: pytest.TempPathFactory, foreign: Foreign, kept: Path
) -> Iterator[dict[str, Future[Run]]]:
    folder = tmp_path_factory.mktemp("render")
    pid = folder / "pid"
    chromium = folder / "chromium"
    chromium.write_text(f'#!/bin/sh\necho $$ > {pid}\nexec {find_browser("")} "$@"\n')
    chromium.chmod(0o755)
    escape = {"/escape.html": filled(LIST, shows(1) + escapes(foreign.port))}
    crawls = {
        "hostile": Crawl(HOSTILE | escape, starts(HOSTILE_STARTS), {}, ("-s", "DOWNLOAD_MAXSIZE=300000")),
        "site": Crawl(SITE, starts(STARTS), {}, ("-s", f"NEWSMIRROR_DIR={kept}")),
        "hung": Crawl(HUNG, starts(("/hung.html", "/plain/2.html")), {}, HASTE),
        "killed": Crawl(
            Deadly(SITE, "/api/more?page=2", pid),
            starts(("/button/", "/scroll/1")),
            {},
            ("-s", f"NEWSMIRROR_BROWSER={chromium}"),
        ),
        "bounded": Crawl(
            SITE,
            starts(("/button/", "/scroll/1")),
            {"max_pages": "2"},
            ("-s", "NEWSMIRROR_RENDERED_PAGES=1", "-s", "CONCURRENT_REQUESTS=1"),
        ),
        "always": Crawl(SPA, starts(("/plain/2.html",)), {"render": "always"}),
        "never": Crawl(SITE, starts(("/button/", "/plain/2.html")), {"render": "never"}, NOWHERE),
        "missing": Crawl(SITE, starts(("/button/", "/scroll/1", "/plain/2.html")), {}, NOWHERE),
        "missing, always": Crawl(SITE, starts(STARTS), {"render": "always"}, NOWHERE),
    }
    with ThreadPoolExecutor(2) as pool:
        yield {
            name: pool.submit(
                crawl, tmp_path_factory.mktemp("crawl"), each.pages, {"start": each.start, **each.arguments},
                (*each.options, "-s", "LOG_LEVEL=INFO"),
            )
            for name, each in crawls.items()
        }  # fmt: skip
        pool.shutdown(cancel_futures=True)


def rendered(run: Run) -> str:
    """What the summary says of rendered pages."""
    found = re.search(r"rendered in a browser: (.*)", run.summary)
    return found[1] if found else ""


def articles(*numbers: int) -> list[str]:
    return [row(number).href for number in numbers]


def test_lists_are_loaded_to_their_end_and_articles_read(runs: dict[str, Future[Run]]) -> None:
    run = runs["site"].result()
    found = [*articles(*range(1, 6), *range(11, 22), 38), "/js-31.html", "/js-32.html", "/js-33.html"]
    assert run.urls == found
    assert {record["url"]: record["title"] for record in run.records}["/js-32.html"] == title(32)
    # Each page, script and piece of data once; what robots.txt forbids not at all.
    lists = [f"/api/{name}?page={number}" for name in ("more", "scroll") for number in (1, 2, 3)]
    # Two pages that are shown at the same time may both ask for their script.
    scripts = [path for path in run.requests if path == "/static/app.js"]
    assert 1 <= len(scripts) <= 2
    assert [path for path in run.requests if path not in scripts] == sorted([*STARTS, *found, *lists])
    nothing = "start page /nothing/?id={} is neither an article nor a listing"
    assert (run.code, sorted(run.reasons)) == (1, [nothing.format(1), nothing.format(2)])


def test_what_the_browser_made_is_kept_and_read_again(
    runs: dict[str, Future[Run]], kept: Path, tmp_path: Path
) -> None:
    assert runs["site"].result().code == 1  # as above
    live = {record["url"]: record for record in read(str(kept / "feed"))}
    reader = ArchiveReader(kept / "archive")
    made = [url for url, record in live.items() if reader.read(ArchiveRef(**record["archive"])).conversion_of]
    assert sorted(url.partition("/js-")[2] for url in made) == ["31.html", "32.html", "33.html"]
    for path in closed_files(kept / "archive"):
        assert check(path) == ""
    again = scrapy("reread", kept=kept)
    assert (
        again.stdout
        == f"127.0.0.1: {len(live)} pages read by reader 1: {len(live)} unchanged, 0 revised, 0 new\n"
    )
    anew = scrapy("reread", "-s", f"NEWSMIRROR_ARCHIVE={kept}/archive", kept=tmp_path)
    assert (again.code, anew.code) == (0, 0)
    own = {"seq", "run_id"}
    for record in read(str(tmp_path / "feed")):
        assert {key for key in record if record[key] != live[record["url"]][key]} <= own
    assert len(list(read(str(tmp_path / "feed")))) == len(live)


def test_what_was_rendered_and_why_is_told(runs: dict[str, Future[Run]]) -> None:
    # Two lists, an article, the page with the secret, and one that showed nothing; then two more articles.
    assert rendered(runs["site"].result()) == "auto 5, known_shape 2, nothing_more 1"


def test_no_page_gets_out(runs: dict[str, Future[Run]], foreign: Foreign) -> None:
    run = runs["hostile"].result()
    assert foreign.met == []
    parts = [path for path in run.requests if path in ("/static/app.js", "/api/poll")]
    assert sorted([*HOSTILE_STARTS, *articles(1, 2, 3, 4), *parts]) == run.requests
    # Nothing else was even handed to the downloader.
    assert f"'newsmirror/browser/fetched': {len(parts)}," in run.stderr


def test_noise_is_survived_and_nothing_kept(runs: dict[str, Future[Run]]) -> None:
    run = runs["hostile"].result()
    assert run.urls == articles(1, 2, 3, 4)
    assert sorted(rendered(run).split(", ")) == ["auto 4", "render_failed 1", "render_too_large 1"]
    assert re.search(r"crashed!?: /heap\.html", run.stderr)
    assert "more than 300000 characters: /large.html" in run.stderr
    assert run.requests.count("/api/poll") < 100


def test_a_hung_page_is_ended(runs: dict[str, Future[Run]]) -> None:
    run = runs["hung"].result()
    assert run.urls == articles(34, 35)
    assert rendered(run) == "render_hung 1"
    assert "a page that does not come to rest: /hung.html" in run.stderr


def test_a_killed_browser_is_started_again(runs: dict[str, Future[Run]]) -> None:
    run = runs["killed"].result()
    assert run.requests.count("/api/more?page=1") == 2
    assert run.urls == articles(*range(1, 6), *range(11, 22))
    assert run.code == 0


def test_the_number_of_rendered_pages_and_of_list_pages_is_bounded(runs: dict[str, Future[Run]]) -> None:
    run = runs["bounded"].result()
    assert run.urls == articles(1, 2, 3, 4, 5)
    assert "/api/more?page=3" not in run.requests
    assert sorted(rendered(run).split(", ")) == ["auto 1", "over_budget 1"]
    assert run.stderr.count("is not complete: more than 1 pages need a browser") == 1
    assert run.code == 1


def test_always_renders_every_page(runs: dict[str, Future[Run]]) -> None:
    run = runs["always"].result()
    assert run.urls == articles(34, 35)
    assert rendered(run) == "always 3"


def test_never_renders_none(runs: dict[str, Future[Run]]) -> None:
    run = runs["never"].result()
    assert run.urls == articles(34, 35)
    assert rendered(run) == ""
    assert "needs a browser" not in run.stderr
    # The empty frame of its start is all that there is to see.
    assert (run.code, run.reasons) == (1, ["start page /button/ is neither an article nor a listing"])


def test_without_a_browser_the_crawl_goes_on(runs: dict[str, Future[Run]]) -> None:
    run = runs["missing"].result()
    assert run.urls == articles(34, 35)
    assert rendered(run) == "no_browser 2"
    assert run.stderr.count("but /nowhere/chromium does not start") == 2  # once in the log, once at its end
    assert "pip install 'newsmirror[browser]'" in run.stderr
    assert run.code == 1


def test_always_without_a_browser_asks_for_nothing(runs: dict[str, Future[Run]]) -> None:
    run = runs["missing, always"].result()
    assert run.log == []
    assert "but /nowhere/chromium does not start" in run.stderr
    assert run.code == 1


def test_without_the_package_the_message_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "newsmirror.net.browser", raising=False)
    monkeypatch.setitem(sys.modules, "scrapy_playwright.handler", None)
    crawler = get_crawler(AnySiteSpider)
    with pytest.raises(
        BrowserMissingError, match=r"scrapy_playwright\.handler is not installed\. To have one: pip"
    ):
        asyncio.run(start_browser(crawler, AnySiteSpider(start=URL)))


def test_a_plain_crawl_imports_no_browser(tmp_path: Path) -> None:
    with NewsServer(SITE) as server:
        command = [
            "-m",
            "scrapy",
            "crawl",
            "anysite",
            "-a",
            f"start={server.origin}/plain/2.html",
            *POLITENESS_OFF,
        ]
        done = subprocess.run(
            [sys.executable, "-X", "importtime", *command],
            cwd=PROJECT, capture_output=True, text=True, timeout=60, check=True,
            env={**os.environ, "NEWSMIRROR_DIR": str(tmp_path)},
        )  # fmt: skip
    assert "127.0.0.1: 2 articles from 3 pages" in done.stderr
    assert "newsmirror.net.render" in done.stderr
    assert "playwright" not in done.stderr
