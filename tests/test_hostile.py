"""Whole crawls of sites that break, lie and never end: what arrives, what is given up and why.

Every crawl of CRAWLS is run once, two at a time; the tests look at what it left.
"""

import gzip
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import faultserver as do
import pytest
from faultserver import Asked, FaultServer, Script, Trap, redirect_to, status
from newsserver import BODY, POLITENESS_OFF, Entry, Page, Run, article, listing, scrapy

from newsmirror.feed import read
from newsmirror.feed.verify import verify

RETRIES = 2
OPTIONS = (
    *POLITENESS_OFF,
    *("-s", f"RETRY_TIMES={RETRIES}"),
    *("-s", "NEWSMIRROR_RETRY_WAIT=0.1"),
    *("-s", "DOWNLOAD_TIMEOUT=2"),
    *("-s", "DOWNLOAD_MAXSIZE=1000000"),
    *("-s", "CONCURRENT_REQUESTS_PER_DOMAIN=16"),
    # A crawl that a trap has caught ends here, and by that fails its test.
    *("-s", "CLOSESPIDER_PAGECOUNT=400"),
)


# ---- sites and what crawls of them leave -----------------------------------------------------------------


def entry(number: int) -> Entry:
    return Entry(f"/gn/20250108/{number}.html", f"河洲新闻第{number}号：一件新鲜事")


def page(number: int) -> Page:
    return article(entry(number).title)


def record(number: int, origin: str, found_on: str, position: int) -> dict[str, Any]:
    """What the record of an article must hold, but for the time of the run and its footer."""
    own = entry(number)
    paragraphs = [text.format(title=own.title) for text in BODY]
    return {
        "op": "insert",
        "revision": 1,
        "url": origin + own.href,
        "fetched_url": origin + own.href,
        "site": "127.0.0.1",
        "category": "国内",
        "discovery": {"kind": "listing", "from_url": origin + found_on, "position": position},
        "title": own.title,
        "source": "河洲晚报",
        "authors": [],
        "editor": "贺兰溪",
        "published_at": "2025-01-08T10:00:00+08:00",
        "snapshot_at": "2025-01-08T12:00:00+08:00",
        "body_text": "\n".join(paragraphs),
        "related": [],
        "more_in_category": [],
        "payload_sha256": sha256(do.body(page(number))).hexdigest(),
        "encoding": {"declared": "utf-8", "used": "utf-8", "replacements": 0},
        "warnings": [],
    }


@dataclass
class Visit:
    """What a crawl left, and what the server was asked in it; all without the origin."""

    run: Run
    origin: str
    log: list[Asked]
    records: list[dict[str, Any]]
    rejects: list[dict[str, Any]]
    manifest: dict[str, Any]

    @property
    def asked(self) -> Counter[str]:
        return Counter(each.url for each in self.log)

    @property
    def arrived(self) -> list[str]:
        """The addresses of the records, sorted; none is left out if it is there twice."""
        return sorted(each["url"].removeprefix(self.origin) for each in self.records)

    @property
    def given_up(self) -> list[tuple[str, str]]:
        return sorted((each["url"].removeprefix(self.origin), each["reason"]) for each in self.rejects)

    def gap(self, url: str) -> float:
        """Seconds between the first two requests of an address."""
        first, second, *_ = [each.at for each in self.log if each.url == url]
        return second - first

    def stat(self, name: str) -> int:
        """A count that Scrapy has logged at the end."""
        _, _, after = self.run.stderr.partition(f"'{name}': ")
        return int(after.partition(",")[0].rstrip("}\n ")) if after else 0


def visit(server: FaultServer, kept: Path, *arguments: str, start: str = "{origin}/gn/") -> Visit:
    server.log.clear()
    given = ["-a", f"start={server.fill(start)}", "-a", "related=0", *arguments]
    run = scrapy("crawl", "anysite", *given, *OPTIONS, kept=kept)
    feed = kept / "feed"
    assert verify(str(feed)) == []
    found = [json.loads(path.read_text("utf-8")) for path in (feed / "v1/manifests").iterdir()]
    manifest = max(found, key=lambda each: each["started_at"])
    lines = [
        line
        for part in manifest["parts"]
        if part["kind"] == "rejects"
        for line in gzip.decompress((feed / "v1" / part["path"]).read_bytes()).splitlines()
    ]
    records = [each for each in read(str(feed)) if each["run_id"] == manifest["run_id"]]
    return Visit(
        run, server.origin, list(server.log), records, [json.loads(line) for line in lines], manifest
    )


# ---- articles that fail ----------------------------------------------------------------------------------


class Case(NamedTuple):
    """What is done with an article's address; why it is given up, if it is; how often it is asked for."""

    script: Script
    reason: str | None = None
    asked: int = 1
    skip: str | None = None


ALL = 1 + RETRIES
SESSION = ";jsessionid=0A1B2C3D4E5F60718293A4B5C6D7E8F9"


def cases(first: int) -> dict[str, Case]:
    """Every fault at an article's address; the good articles before and after them are cases without one."""
    names = iter(range(first, first + 1000))
    table: dict[str, Case] = {}

    def add(name: str, make: Any, *expected: Any, **more: Any) -> None:
        own = page(next(names))
        table[name] = Case(make(own) if callable(make) else make, *expected, **more)

    def then_fine(*answers: Any) -> Any:
        return lambda own: [*(each(own) if callable(each) else each for each in answers), own]

    for number in range(5):
        add(f"good {number}", lambda own: own)
    add("503, 503, fine", then_fine(status(503), status(503)), None, 3)
    add("500, fine", then_fine(status(500)), None, 2)
    add("504, reset, fine", then_fine(status(504), do.RESET), None, 3)
    add("truncated, fine", then_fine(do.truncated), None, 2)
    add("reset in body, fine", then_fine(do.reset_in_body), None, 2)
    add("silent, fine", then_fine(do.SILENT), None, 2)
    add("429 with seconds, fine", then_fine(status(429, retry_after="1")), None, 2)
    add("503 with a date, fine", then_fine(do.busy_until(2)), None, 2)
    add("404, fine", then_fine(status(404)), "gone", 1)
    add("503", status(503), "server_error", ALL)
    add("500", status(500), "server_error", ALL)
    add("429", status(429), "refused", ALL)
    add("404", status(404), "gone")
    add("410", status(410), "gone")
    add("403", status(403), "refused")
    add("401", status(401), "refused")
    add("451", status(451), "refused")
    add("501", status(501), "server_error")
    add("reset", do.RESET, "unreachable", ALL)
    add("closed", do.CLOSED, "unreachable", ALL)
    add("reset in headers", do.RESET_IN_HEADERS, "unreachable", ALL)
    add("reset in body", do.reset_in_body, "truncated", ALL)
    add("truncated", do.truncated, "truncated", ALL)
    add("too long a length", do.too_long, "truncated", ALL)
    add("unended chunks", do.unended_chunks, "truncated", ALL)
    add("cut", do.cut, "truncated", ALL)
    add("cut, fine", then_fine(do.cut), None, 2)
    add("too short a length", do.too_short, "truncated", ALL)
    add("silent", do.SILENT, "unreachable", ALL)
    add("silent after headers", do.SILENT_AFTER_HEADERS, "unreachable", ALL)
    add("drip", lambda own: do.drip(own, 0.05), "unreachable", ALL)
    add("slow", lambda own: do.slow(own, 0.3))
    add("huge", lambda own: do.huge(own, 3_000_000), "too_large")
    add("huge unsaid", lambda own: do.huge_unsaid(own, 3_000_000), "too_large")
    add("endless", do.endless, "too_large")
    add("gzip bomb", do.gzip_bomb, "too_large")
    add("nested bomb", do.nested_bomb, "too_large")
    add("gzip", do.gzipped)
    add("corrupt gzip", do.corrupt_gzip, "undecodable", ALL)
    add("unended gzip", do.unended_gzip, "undecodable", ALL)
    add("no gzip", do.not_gzip, "undecodable", ALL)
    add("chunked", do.chunked)
    add("until closed", do.until_closed)
    add("redirect to itself", redirect_to(entry(first + len(table)).href), "redirect")
    add("redirect loop", redirect_to("/loop"), "redirect")
    add("redirect chain", redirect_to("/chain"), "redirect")
    add("redirect to its session", redirect_to(entry(first + len(table)).href + SESSION))
    add("redirect to an error page", redirect_to("/error.html"), "soft_404")
    add("redirect to a port", redirect_to("{elsewhere}/gn/20250108/1.html"), skip="redirect_away")
    add("redirect to a host", redirect_to("{foreign}/gn/20250108/1.html"), skip="redirect_away")
    add("redirect to metadata", redirect_to("http://169.254.169.254/latest/meta-data/"), skip="redirect_away")
    add("redirect to a file", redirect_to("file:///etc/passwd"), skip="redirect_away")
    add("as text/plain", lambda own: do.typed(own, "text/plain"))
    add("as octets", lambda own: do.typed(own, "application/octet-stream"))
    add("without type", lambda own: do.typed(own, None))
    add("PNG as HTML", do.answer(do.PNG, Content_Type=do.HTML), "not_html")
    add("PNG", do.answer(do.PNG, Content_Type="image/png"), "not_html")
    add("empty", do.EMPTY, "empty", ALL)
    add("empty, fine", then_fine(do.EMPTY), None, 2)
    add("204", do.NO_CONTENT, "empty", ALL)
    add("soft 404", do.SOFT_404, "soft_404")
    add("8-bit headers", do.eight_bit_headers)
    add("two lengths", do.two_lengths)
    add("two different lengths", do.two_different_lengths, "unreachable", ALL)
    add("no reason", do.no_reason)
    add("no headers", do.no_headers, "unreachable", ALL)
    add("long header", do.long_header, "unreachable", ALL)
    for number in range(5, 8):
        add(f"good {number}", lambda own: own)
    return table


CASES = cases(1000)
PATHS = {name: entry(number).href for number, name in enumerate(CASES, 1000)}
ENTRIES = [entry(number) for number, _ in enumerate(CASES, 1000)]
ARTICLES: dict[str, Script] = {
    # A listing that recovers is no listing given up.
    "/gn/": [status(503), do.RESET, listing(ENTRIES)],
    **{PATHS[name]: case.script for name, case in CASES.items()},
    PATHS["redirect to its session"] + SESSION: page(1000 + list(CASES).index("redirect to its session")),
    "/error.html": do.SOFT_404,
    "/loop": redirect_to(PATHS["redirect loop"]),
    **do.redirect_chain("/chain", 30, PATHS["good 0"]),
}


# ---- listings that fail ----------------------------------------------------------------------------------


def link(href: str, text: str = "下一页") -> str:
    return f'<a href="{href}">{text}</a>'


def home(*folders: str) -> Page:
    return listing(
        [], nav=" ".join(link(folder, f"{name}新闻") for folder, name in zip(folders, NUMERALS, strict=False))
    )


NUMERALS = "一二三四五六七八九十"

LISTINGS: dict[str, Script] = {
    "/": home("/fine/", "/flaky/", "/half/", "/gone/"),
    "/fine/": listing([entry(1), entry(2)]),
    "/flaky/": listing([entry(3)], link("/flaky/2.html")),
    "/flaky/2.html": [do.truncated(listing([entry(4)])), listing([entry(4)])],
    "/half/": listing([entry(5)], link("/half/2.html")),
    "/half/2.html": do.RESET,
    "/gone/": status(404),
    **{entry(number).href: page(number) for number in range(1, 6)},
}
START_FAILS: dict[str, Script] = {"/gn/": status(503)}


# ---- traps -----------------------------------------------------------------------------------------------

FOLDERS = ["/same/", "/last/", "/ghost/", "/gone/", "/echo/", "/days/", "/batch/", "/a/", "/news", "/sess/"]


def trapped(folder: str) -> list[int]:
    """The numbers of the articles behind a trap."""
    first = 2000 + FOLDERS.index(folder) * 10
    return list(range(first, first + 5))


def behind(folder: str) -> list[Entry]:
    return [entry(number) for number in trapped(folder)]


NEWS = ["/news", "/news/", "/index.html", "/news?sort=1", "/list-1.html"]
TRAPPED: dict[str, Script] = {
    "/": listing(
        behind("/news"),
        nav=" ".join(
            link(folder, f"第{number}版") for number, folder in enumerate([*FOLDERS, *NEWS[1:]], 11)
        ),
    ),
    **do.many_names(NEWS, listing(behind("/news"))),
    **{each.href: article(each.title) for folder in FOLDERS if folder != "/sess/" for each in behind(folder)},
}
TRAPS: list[Trap] = [
    do.same_for_ever("/same/", behind("/same/")),
    do.last_for_ever("/last/", [behind("/last/")[:3], behind("/last/")[3:]]),
    do.new_for_ever("/ghost/", behind("/ghost/"), do.SOFT_404),
    do.new_for_ever("/gone/", behind("/gone/"), Page("没有这个页面", 404)),
    do.new_for_ever("/echo/", behind("/echo/"), article(behind("/echo/")[0].title)),
    do.calendar("/days/", behind("/days/")),
    do.other_batch("/batch/", behind("/batch/")),
    do.growing("/a/", behind("/a/")),
    do.with_sessions(
        "/sess/", behind("/sess/"), {each.href: article(each.title) for each in behind("/sess/")}
    ),
]


# ---- robots.txt ------------------------------------------------------------------------------------------

LONG_ROBOTS = (
    "User-agent: *\nDisallow: /gn/20250108/3\n" + "# 一行说明\n" * 40_000 + "Disallow: /gn/20250108/2\n"
)
ROBOTS: dict[str, tuple[dict[str, Script], list[int]]] = {
    "200": ({"/robots.txt": do.robots("User-agent: *\nDisallow: /gn/20250108/2")}, [1, 3]),
    "404": ({}, [1, 2, 3]),
    "403": ({"/robots.txt": status(403)}, [1, 2, 3]),
    "503": ({"/robots.txt": status(503)}, []),
    "503, fine": (
        {"/robots.txt": [status(503), do.robots("User-agent: *\nDisallow: /gn/20250108/2")]},
        [1, 3],
    ),
    "reset": ({"/robots.txt": do.RESET}, []),
    "redirect": (
        {
            "/robots.txt": redirect_to("/real/robots.txt", 301),
            "/real/robots.txt": do.robots("User-agent: *\nDisallow: /gn/20250108/2"),
        },
        [1, 3],
    ),
    "long": ({"/robots.txt": do.robots(LONG_ROBOTS)}, [1, 2]),
}


# ---- the crawls ------------------------------------------------------------------------------------------


def crawl_once(
    kept: Path, scripts: Mapping[str, Script], traps: Sequence[Trap] = (), start: str = "/"
) -> Visit:
    with FaultServer(scripts, *traps) as server:
        return visit(server, kept, start="{origin}" + start)


def crawl_twice(kept: Path) -> list[Visit]:
    """A site, and the same after two articles were deleted and one is out of reach for the night."""
    numbers = [1, 2, 3, 4, 5]
    pages: dict[str, Script] = {"/gn/": listing([entry(number) for number in numbers])}
    pages |= {entry(number).href: page(number) for number in numbers}
    later = {entry(2).href: status(404), entry(3).href: status(410), entry(4).href: status(503)}
    with FaultServer(pages) as server:
        first = visit(server, kept)
        server.play(pages | later)
        return [first, visit(server, kept, "-a", "refresh=true")]


def crawl_all_robots(kept: Path) -> dict[str, Visit]:
    """One crawl that starts on many ports, each with another robots.txt."""
    pages: dict[str, Script] = {
        "/gn/": listing([entry(number) for number in (1, 2, 3)]),
        **{entry(number).href: page(number) for number in (1, 2, 3)},
    }
    servers = {name: FaultServer(pages | scripts) for name, (scripts, _) in ROBOTS.items()}
    for server in servers.values():
        server.__enter__()
    starts = ",".join(server.origin + "/gn/" for server in servers.values())
    done = visit(next(iter(servers.values())), kept, start=starts)
    for server in servers.values():
        server.__exit__()
    return {
        name: Visit(
            done.run,
            server.origin,
            server.log,
            [each for each in done.records if each["url"].startswith(server.origin + "/")],
            [each for each in done.rejects if each["url"].startswith(server.origin + "/")],
            done.manifest,
        )
        for name, server in servers.items()
    }


CRAWLS: dict[str, Any] = {
    "articles": lambda kept: crawl_once(kept, ARTICLES, start="/gn/"),
    "traps": lambda kept: crawl_once(kept, TRAPPED, TRAPS),
    "twice": crawl_twice,
    "robots": crawl_all_robots,
    "listings": lambda kept: crawl_once(kept, LISTINGS),
    "start fails": lambda kept: crawl_once(kept, START_FAILS, start="/gn/"),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Any]]]:
    with ThreadPoolExecutor(2) as pool:
        yield {name: pool.submit(make, tmp_path_factory.mktemp("kept")) for name, make in CRAWLS.items()}
        pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="module")
def faulty(runs: dict[str, Future[Visit]]) -> Visit:
    return runs["articles"].result()


@pytest.fixture(scope="module")
def trapped_run(runs: dict[str, Future[Visit]]) -> Visit:
    return runs["traps"].result()


@pytest.fixture(scope="module")
def listings(runs: dict[str, Future[Visit]]) -> Visit:
    return runs["listings"].result()


@pytest.fixture(scope="module")
def twice(runs: dict[str, Future[list[Visit]]]) -> list[Visit]:
    return runs["twice"].result()


@pytest.fixture(scope="module")
def robots(runs: dict[str, Future[dict[str, Visit]]]) -> dict[str, Visit]:
    return runs["robots"].result()


# ---- articles that fail ----------------------------------------------------------------------------------

GOOD = [name for name, case in CASES.items() if case.reason is None and case.skip is None]


def test_every_article_that_can_be_had_arrives_once(faulty: Visit) -> None:
    assert faulty.arrived == sorted(PATHS[name] for name in GOOD)


@pytest.mark.parametrize("name", GOOD)
def test_what_arrives_is_exact(faulty: Visit, name: str) -> None:
    place = list(CASES).index(name)
    expected = record(1000 + place, faulty.origin, "/gn/", place + 1)
    if name == "redirect to its session":
        expected["fetched_url"] += SESSION
    [found] = [each for each in faulty.records if each["url"] == expected["url"]]
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize("name", CASES)
def test_what_is_given_up_has_its_reason(faulty: Visit, name: str) -> None:
    reasons = [reason for url, reason in faulty.given_up if url == PATHS[name]]
    assert reasons == ([CASES[name].reason] if CASES[name].reason else [])


def test_nothing_else_is_given_up(faulty: Visit) -> None:
    assert {url for url, _ in faulty.given_up} <= set(PATHS.values())
    assert faulty.manifest["counts"]["rejects"] == len(faulty.rejects)


@pytest.mark.parametrize("name", [name for name in CASES if name != "redirect to itself"])
def test_what_fails_is_asked_for_again_as_often_as_it_may_help(faulty: Visit, name: str) -> None:
    assert faulty.asked[PATHS[name]] == CASES[name].asked


def test_redirects_end(faulty: Visit) -> None:
    followed = [url for url in faulty.asked.elements() if url.startswith("/chain")]
    assert 0 < len(followed) <= 20
    assert len(followed) == len(set(followed))
    assert faulty.asked["/loop"] <= 20
    assert faulty.asked[PATHS["redirect to itself"]] <= 21


def test_nothing_foreign_is_asked_for(faulty: Visit) -> None:
    session = PATHS["redirect to its session"] + SESSION
    own = {"/robots.txt", "/gn/", "/loop", "/error.html", session, *PATHS.values()}
    assert {url for url in faulty.asked if not url.startswith("/chain")} == own
    # What was sent is what this site was asked: nothing went to any other machine.
    assert faulty.stat("downloader/request_count") == len(faulty.log)
    away = sum(case.skip == "redirect_away" for case in CASES.values())
    assert faulty.stat("newsmirror/skipped/redirect_away") == away


@pytest.mark.parametrize("name", ["429 with seconds, fine", "503 with a date, fine"])
def test_retry_after_is_kept(faulty: Visit, name: str) -> None:
    assert faulty.gap(PATHS[name]) >= 1


def test_given_up_articles_break_no_walk_but_so_many_are_told(faulty: Visit) -> None:
    assert faulty.asked["/gn/"] == 3
    assert (faulty.run.code, faulty.manifest["complete"]) == (1, False)
    assert [finding["monitor"] for finding in faulty.manifest["findings"]] == [
        "PagesMonitor",
        "RequestsMonitor",
    ]
    assert faulty.manifest["reasons"] == [finding["message"] for finding in faulty.manifest["findings"]]
    assert "Traceback" not in faulty.run.stderr


# ---- listings and start pages that fail ------------------------------------------------------------------


def test_a_listing_that_is_given_up_makes_a_run_incomplete(listings: Visit) -> None:
    assert listings.arrived == [entry(number).href for number in range(1, 6)]
    assert listings.given_up == [("/gone/", "gone"), ("/half/2.html", "unreachable")]
    assert (listings.asked["/half/2.html"], listings.asked["/gone/"]) == (ALL, 1)
    assert listings.asked["/flaky/2.html"] == 2
    assert (listings.run.code, listings.manifest["complete"]) == (1, False)
    assert listings.manifest["close_reason"] == "finished"
    [reason] = listings.manifest["reasons"]
    assert "2" in reason
    assert "listing" in reason


def test_a_start_page_that_is_given_up_fails_the_run(runs: dict[str, Future[Visit]]) -> None:
    done = runs["start fails"].result()
    assert (done.run.code, done.manifest["complete"], done.records) == (1, False, [])
    assert done.given_up == [("/gn/", "server_error")]
    assert done.asked == {"/robots.txt": 1, "/gn/": ALL}


# ---- deleted later ---------------------------------------------------------------------------------------


def test_what_is_deleted_later_is_told(twice: list[Visit]) -> None:
    first, second = twice
    assert first.arrived == [entry(number).href for number in range(1, 6)]
    assert (first.run.code, first.rejects) == (0, [])
    assert second.given_up == [
        (entry(2).href, "gone"),
        (entry(3).href, "gone"),
        (entry(4).href, "server_error"),
    ]
    assert second.records == []
    assert (second.run.code, second.manifest["complete"]) == (0, True)


# ---- traps -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_behind_a_trap_arrives_once(trapped_run: Visit, folder: str) -> None:
    numbers = {each.href for each in behind(folder)}
    assert [url for url in trapped_run.arrived if url in numbers] == sorted(numbers)


def test_nothing_else_arrives_from_traps(trapped_run: Visit) -> None:
    """But for the pages that say at made up addresses what another one says: they are articles, too."""
    real = {each.href: each.title for folder in FOLDERS for each in behind(folder)}
    assert [url for url in trapped_run.arrived if url not in real and not url.startswith("/echo/")] == []
    for each in trapped_run.records:
        title = real.get(each["url"].removeprefix(trapped_run.origin), behind("/echo/")[0].title)
        text = "\n".join(part.format(title=title) for part in BODY)
        assert (each["title"], each["body_text"], each["warnings"]) == (title, text, [])


# Pages are asked for up to five ahead of what came of their articles, so a trap may take a few more.
@pytest.mark.parametrize(
    ("folder", "most"),
    [
        ("/same/", 2),
        ("/last/", 3),
        ("/ghost/", 40),
        ("/gone/", 40),
        ("/echo/", 40),
        ("/days/", 20),
        ("/batch/", 2),
        ("/a/", 2),
    ],
)
def test_a_trap_is_left(trapped_run: Visit, folder: str, most: int) -> None:
    asked = [url for url in trapped_run.asked.elements() if url.startswith(folder)]
    assert 0 < len(asked) <= most


def test_sessions_make_no_new_articles(trapped_run: Visit) -> None:
    """An article is asked for once, whatever its address carries."""
    for each in behind("/sess/"):
        assert sum(url.startswith(each.href) for url in trapped_run.asked.elements()) == 1


def test_a_trapped_run_ends_by_itself(trapped_run: Visit) -> None:
    assert trapped_run.manifest["close_reason"] == "finished"


# ---- robots.txt ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROBOTS)
def test_robots_txt_is_kept_however_it_answers(robots: dict[str, Visit], name: str) -> None:
    own = robots[name]
    _, allowed = ROBOTS[name]
    assert own.arrived == [entry(number).href for number in allowed]
    pages = {url for url in own.asked if "robots.txt" not in url}
    assert pages == ({"/gn/", *own.arrived} if allowed else set())
    assert own.log[0].url == "/robots.txt"
    assert own.given_up == []


def test_a_host_whose_robots_txt_is_out_of_reach_makes_a_run_incomplete(robots: dict[str, Visit]) -> None:
    done = robots["200"]
    assert (done.run.code, done.manifest["complete"], done.manifest["close_reason"]) == (1, False, "finished")
    unread = [robots[name].origin for name in ("503", "reset")]
    told = [origin for why in done.manifest["reasons"] for origin in unread if origin in why]
    assert set(told) == set(unread)
    assert len(told) == len(done.manifest["reasons"])
