"""robots.txt by RFC 9309, whatever it answers; Crawl-delay; and who we say we are."""

import codecs
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, get_args

import faultserver as do
import pytest
from faultserver import Asked, FaultServer, Script, redirect_to, status
from newsserver import POLITENESS_OFF, Entry, Page, article, listing, scrapy
from probe import Probe, probe
from scrapy.utils.project import get_project_settings

from newsmirror.items import Reason
from newsmirror.net.contact import is_somebodys
from newsmirror.net.robots import bad_crawl_delays, in_ascii, is_unreachable

PAGE = article("河洲湿地飞来一千只白鹭")
RULES = "User-agent: *\nDisallow: /closed\n"
ROBOTS = do.robots(RULES)

# ---- pure ------------------------------------------------------------------------------------------------


def test_what_forbids_everything_for_now() -> None:
    assert [code for code in range(200, 600) if is_unreachable(code)] == [429, *range(500, 600)]


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (b"", b""),
        (RULES.encode(), RULES.encode()),
        (codecs.BOM_UTF8 + RULES.encode(), RULES.encode()),
        (codecs.BOM_UTF16_LE + RULES.encode("utf-16-le"), RULES.encode()),
        (codecs.BOM_UTF16_BE + RULES.encode("utf-16-be"), RULES.encode()),
        ("Disallow: /新".encode(), b"Disallow: /%E6%96%B0"),
        ("Disallow: /新".encode("gbk"), b"Disallow: /%D0%C2"),
        ("Disallow: /新".encode("utf-16"), b"Disallow: /%E6%96%B0"),
        (b"x" * 600_000, b"x" * 512_000),
    ],
)
def test_what_is_parsed_of_a_robots_txt(body: bytes, read: bytes) -> None:
    assert in_ascii(body) == read


def test_crawl_delays_that_are_no_numbers() -> None:
    text = "crawl-delay: soon\nCrawl-Delay : 1\nCRAWL-DELAY: 2.5 # s\nCrawl-delay: 1,5\r\nCrawl-delay: -1\n"
    text += "Crawl-delay: inf\nCrawl-delay: nan\nCrawl-delay:\n# Crawl-delay: many\n"
    assert bad_crawl_delays(text.encode()) == ["soon", "1,5", "-1", "inf", "nan", ""]


# ---- every answer ----------------------------------------------------------------------------------------


class Case(NamedTuple):
    """What the host answers; which of `/open` and `/closed` may be asked for; how often robots.txt is."""

    scripts: dict[str, Script]
    allowed: set[str]
    asked: int = 1


def case(script: Script, allowed: set[str], asked: int = 1) -> Case:
    return Case({"/robots.txt": script}, allowed, asked)


def chain(hops: int) -> dict[str, Script]:
    return {**do.redirect_chain("/robots.txt", hops, "/rules"), "/rules": ROBOTS}


BOTH, OPEN, NONE = {"/open", "/closed"}, {"/open"}, set[str]()
RETRIES = 2
ALL = 1 + RETRIES
HTML = Page("<!DOCTYPE html><html><body><h1>404</h1><p>Disallow: /open</p><p>User-agent: *</p></body></html>")
LONG = RULES + "# 一行说明\n" * 40_000 + "Disallow: /open\n"
CASES = {
    "200": case(ROBOTS, OPEN),
    "200, all": case(do.robots("User-agent: *\nDisallow: /"), NONE),
    "200, own group": case(do.robots(RULES + "\nUser-agent: newsmirror\nDisallow: /open"), {"/closed"}),
    # The user agent has a contact at otherbot.example, which is not our name.
    "200, other group": case(do.robots("User-agent: otherbot\nDisallow: /\n\n" + RULES), OPEN),
    "200, empty": case(do.answer(b"", Content_Type="text/plain"), BOTH),
    "200, BOM": case(do.answer(codecs.BOM_UTF8 + RULES.encode()), OPEN),
    "200, UTF-16": case(do.answer(RULES.encode("utf-16")), OPEN),
    "200, GBK": case(do.answer(("# 禁止\n" + RULES + "Disallow: /新闻\n").encode("gbk")), OPEN),
    "200, HTML": case(HTML, BOTH),
    "200, HTML without end": case(Page(HTML.text.removesuffix("</html>")), BOTH),
    "200, binary": case(do.answer(do.PNG, Content_Type="image/png"), BOTH),
    "200, gzip": case(do.answer(gzip.compress(RULES.encode()), Content_Encoding="gzip"), OPEN),
    "200, broken gzip": case(
        do.answer(gzip.compress(RULES.encode())[:-9], Content_Encoding="gzip"), NONE, ALL
    ),
    "200, long": case(do.robots(LONG), OPEN),
    "200, endless": case(do.do(do.head(), RULES.encode(), do.Forever(b"# more\n" * 1000)), OPEN),
    "204": case(do.NO_CONTENT, BOTH),
    "304": case(do.do(do.head("304 Not Modified")), BOTH),
    "301 once": Case(chain(1), OPEN),
    "301 five times": Case(chain(5), OPEN),
    "301 six times": Case(chain(6), BOTH),
    "301 in a circle": case(redirect_to("/robots.txt", 301), BOTH, 6),
    "301 to another host": case(redirect_to("{other}/real", 301), OPEN),
    "301 to a refused address": case(redirect_to("http://169.254.169.254/robots.txt", 301), BOTH),
    "400": case(status(400), BOTH),
    "401": case(status(401), BOTH),
    "403": case(status(403), BOTH),
    "404 with rules": case(Page(RULES, 404, "text/plain"), BOTH),
    "410": case(status(410), BOTH),
    "429": case(status(429), NONE, ALL),
    "429, fine": case([status(429), ROBOTS], OPEN, 2),
    "500": case(status(500), NONE, ALL),
    "501": case(status(501), NONE),
    "503": case(status(503), NONE, ALL),
    "503, 503, fine": case([status(503), status(503), ROBOTS], OPEN, 3),
    "reset": case(do.RESET, NONE, ALL),
    "reset, fine": case([do.RESET, ROBOTS], OPEN, 2),
    "closed": case(do.CLOSED, NONE, ALL),
    "silent": case(do.SILENT, NONE, ALL),
    "truncated": case(do.truncated(Page(RULES)), NONE, ALL),
    "no HTTP": case(do.no_headers(HTML), NONE, ALL),
    # Those who wait for it while it comes are not let through.
    "slow": case(do.slow(Page(RULES, content_type="text/plain"), 0.5), OPEN),
}


class Visit(NamedTuple):
    probe: Probe
    origins: dict[str, str]
    logs: dict[str, Counter[str]]


@pytest.fixture(scope="module")
def visit() -> Iterator[Visit]:
    other = FaultServer({})
    servers = {name: FaultServer({}) for name in CASES}
    for server in (other, *servers.values()):
        server.__enter__()
    other.play({other.foreign + "/real": ROBOTS, other.foreign + "/open": PAGE})
    for name, server in servers.items():
        scripts = dict(CASES[name].scripts)
        first = scripts["/robots.txt"]
        if isinstance(first, Page) and first.location is not None:
            scripts["/robots.txt"] = first._replace(location=first.location.replace("{other}", other.foreign))
        server.play({"/open": PAGE, "/closed": PAGE, **scripts})
    settings = {
        "RETRY_TIMES": RETRIES,
        "DOWNLOAD_TIMEOUT": 3,
        "CONCURRENT_REQUESTS": 200,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 200,
        "NEWSMIRROR_CONTACT": "me@otherbot.example",
    }
    urls = [server.origin + path for path in ("/open", "/closed") for server in servers.values()]
    # Another host is asked for a robots.txt only where a crawl may go there: it is one of the start's.
    done = probe([*urls, other.foreign + "/open"], settings)
    yield Visit(
        done,
        {name: server.origin for name, server in servers.items()},
        {name: Counter(server.asked) for name, server in servers.items()},
    )
    for server in (other, *servers.values()):
        server.__exit__()


@pytest.mark.parametrize("name", CASES)
def test_a_robots_txt_is_kept_however_it_answers(visit: Visit, name: str) -> None:
    case, origin = CASES[name], visit.origins[name]
    allowed = {path for path in BOTH if origin + path in visit.probe.pages}
    skipped = {path for path in BOTH if origin + path in visit.probe.skipped}
    assert (allowed, skipped) == (case.allowed, BOTH - case.allowed)
    asked = visit.logs[name]
    assert {path: asked[path] for path in BOTH} == {path: int(path in case.allowed) for path in BOTH}
    assert asked["/robots.txt"] == case.asked


def test_what_is_not_asked_for_is_counted_and_told_once(visit: Visit) -> None:
    unreachable = [name for name, case in CASES.items() if case.allowed == NONE and name != "200, all"]
    refused = sum(len(BOTH - case.allowed) for name, case in CASES.items() if name not in unreachable)
    assert visit.probe.stats["newsmirror/skipped/robots_unreachable"] == 2 * len(unreachable)
    assert visit.probe.stats["robotstxt/forbidden"] == refused
    assert visit.probe.faults == {}
    told = [line for line in visit.probe.log.splitlines() if "the host is left alone" in line]
    assert len(told) == len(unreachable)


def test_a_robots_txt_is_read_again_after_a_day() -> None:
    other_rules = do.robots("User-agent: *\nDisallow: /b")
    rules = [ROBOTS, other_rules, status(503)]
    with FaultServer(
        {"/robots.txt": rules, **dict.fromkeys(("/a", "/b1", "/b2", "/closed"), PAGE)}
    ) as server:
        urls = [server.origin + path for path in ("/a", "/b1", "/closed", "/b2")]
        done = probe(urls, {"CONCURRENT_REQUESTS": 1, "RETRY_TIMES": 0}, robots_lifetime=0)
        asked = server.asked
    # While it is out of reach, the rules that were read last hold.
    assert asked == ["/robots.txt", "/a", "/robots.txt", "/robots.txt", "/closed", "/robots.txt"]
    assert sorted(done.pages) == sorted(server.origin + path for path in ("/a", "/closed"))
    assert sorted(done.skipped) == sorted(server.origin + path for path in ("/b1", "/b2"))
    assert "newsmirror/skipped/robots_unreachable" not in done.stats


def test_retry_after_of_a_robots_txt_is_kept() -> None:
    with FaultServer({"/robots.txt": [status(429, "1"), ROBOTS], "/open": PAGE}) as server:
        done = probe([server.origin + "/open"])
        first, second, page = server.log
    assert [each.url for each in (first, second, page)] == ["/robots.txt", "/robots.txt", "/open"]
    assert second.at - first.at >= 1
    assert list(done.pages) == [server.origin + "/open"]


def test_a_robots_txt_that_is_to_be_asked_for_tomorrow_forbids_today() -> None:
    with FaultServer({"/robots.txt": status(503, "86400")}) as server:
        done = probe([server.origin + "/open"])
        assert server.asked == ["/robots.txt"]
    assert (done.skipped, done.faults) == ([server.origin + "/open"], {})
    assert "127.0.0.1 asks for a wait of 86400 s" in done.log


# ---- the end of a run ------------------------------------------------------------------------------------


def crawl_starts(server: FaultServer, *starts: str) -> tuple[int, str, list[str]]:
    """Crawl from these starts; return the exit code, the log, and what was asked for."""
    options = ("AUTOTHROTTLE_ENABLED=False", "DOWNLOAD_DELAY=0", "NEWSMIRROR_RETRY_WAIT=0", "RETRY_TIMES=1")
    given = [part for option in options for part in ("-s", option)]
    run = scrapy("crawl", "anysite", "-a", "start=" + ",".join(starts), *given)
    return run.code, run.stderr, server.asked


def test_a_run_ends_where_no_start_is_left() -> None:
    with FaultServer({"/robots.txt": status(503), "/": PAGE}) as server:
        code, log, asked = crawl_starts(server, server.origin + "/")
    assert (code, asked) == (1, ["/robots.txt"] * 2)
    assert "Spider closed (robots_unreachable)" in log
    assert f"the robots.txt of {server.origin} could not be read: HTTP status 503" in log
    assert "Traceback" not in log


def test_a_run_goes_on_where_a_start_is_left_and_is_not_complete() -> None:
    pages = {
        "/": listing([Entry("/a/1.html", "河洲湿地飞来一千只白鹭")]),
        "/a/1.html": PAGE,
    }
    with FaultServer({"/robots.txt": status(503), **pages}) as dead, FaultServer(pages) as server:
        code, log, asked = crawl_starts(server, dead.origin + "/", server.origin + "/")
        assert dead.asked == ["/robots.txt"] * 2
    assert (code, asked) == (1, ["/robots.txt", "/", "/a/1.html"])
    assert "Spider closed (finished)" in log
    assert f"not complete: the robots.txt of {dead.origin} could not be read: HTTP status 503" in log


NAMES = {"hezhou.example": [["8.8.4.4"]], "gj.hezhou.example": [["8.8.4.4"]]}


def crawl_two_hosts(
    monkeypatch: pytest.MonkeyPatch, pages: dict[str, Page], categories: str = ""
) -> tuple[int, list[str], list[str]]:
    """Crawl hezhou.example, while gj.hezhou.example is out of reach; return code, reasons and requests."""
    monkeypatch.setenv("SMALL_WORLD", json.dumps(NAMES))
    with FaultServer({}) as server:
        port = server.origin.rpartition(":")[2]
        scripts: dict[str, Script] = {f"http://gj.hezhou.example:{port}/robots.txt": status(503)}
        for path, page in pages.items():
            text = page.text.replace("PORT", port)
            scripts[f"http://hezhou.example:{port}{path}"] = page._replace(text=text)
        server.play(scripts)
        run = scrapy(
            "crawl", "anysite", "-a", f"start=http://hezhou.example:{port}/", *POLITENESS_OFF,
            "-a", "categories=" + categories.replace("PORT", port), "-s", "RETRY_TIMES=0",
            "-s", "TWISTED_DNS_RESOLVER=tests.smallworld.SmallWorld",
        )  # fmt: skip
        asked = [url.replace(f":{port}", "").removeprefix("http://hezhou.example") for url in server.asked]
        return run.code, [reason.replace(f":{port}", "") for reason in run.reasons], asked


def test_a_category_on_a_host_that_is_left_alone_makes_the_run_not_complete(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pages = {"/gn/": listing([Entry("/a/1.html", "河洲湿地飞来一千只白鹭")]), "/a/1.html": PAGE}
    categories = "http://hezhou.example:PORT/gn/,http://gj.hezhou.example:PORT/gj/"
    code, told, asked = crawl_two_hosts(monkeypatch, pages, categories)
    robots = "http://gj.hezhou.example/robots.txt"
    assert (code, sorted(asked)) == (1, ["/a/1.html", "/gn/", "/robots.txt", robots])
    assert told == [
        "the walk of a listing broke at http://gj.hezhou.example/gj/: the robots.txt of "
        "http://gj.hezhou.example could not be read"
    ]


def test_a_listing_whose_articles_are_on_a_host_that_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside it one whose articles are had, so that not all of the run is in vain."""

    def rows(letter: str, page: int) -> list[Entry]:
        host = "//gj.hezhou.example:PORT" if letter == "j" else ""
        return [Entry(f"{host}/{letter}/{page}.html", f"河洲新闻第{letter}{page}号：一件新鲜事")]

    pages = {
        "/": listing([], nav='<a href="/gn/">国内</a> <a href="/gj/1.html">国际</a>'),
        "/gn/": listing(rows("n", 1)),
        "/n/1.html": PAGE,
    }
    for number in range(1, 9):
        forward = f'<a href="/gj/{number + 1}.html">下一页</a>'
        pages[f"/gj/{number}.html"] = listing(rows("j", number), forward)
    code, told, asked = crawl_two_hosts(monkeypatch, pages)
    assert told == [
        "the walk of a listing ended at http://hezhou.example/gj/6.html: its articles could not be had"
    ]
    assert (code, len([url for url in asked if url.startswith("/gj/")])) == (1, 6)


# ---- Crawl-delay -----------------------------------------------------------------------------------------


def gaps(log: list[Asked]) -> list[float]:
    return [after.at - before.at for before, after in pairwise(log)]


@pytest.mark.parametrize(
    ("settings", "least"),
    [
        ({}, 0.6),
        ({"AUTOTHROTTLE_ENABLED": True, "AUTOTHROTTLE_START_DELAY": 0.1, "DOWNLOAD_DELAY_JITTER": 1}, 0.6),
        ({"DOWNLOAD_DELAY": 0.8, "DOWNLOAD_DELAY_JITTER": 0.9}, 0.8),
    ],
    ids=["alone", "with AutoThrottle", "with a longer delay"],
)
def test_crawl_delay_is_the_least_delay(settings: dict[str, float], least: float) -> None:
    pages = {f"/{number}": PAGE for number in range(4)}
    rules = do.robots("User-agent: *\nCrawl-delay: 0.6\n\nUser-agent: other\nCrawl-delay: 100")
    with FaultServer({"/robots.txt": rules, **pages}) as server:
        done = probe([server.origin + path for path in pages], settings)
        log = server.log
    assert len(done.pages) == 4
    assert log[0].url == "/robots.txt"
    # One gap may look shorter at the server, as a request took a while to get there; all of them cannot.
    assert sum(gaps(log)) >= least * len(pages) - 0.2


def test_autothrottle_still_lengthens_the_delay() -> None:
    pages = {f"/{number}": do.slow(PAGE, 0.6) for number in range(6)}
    settings = {"AUTOTHROTTLE_ENABLED": True, "AUTOTHROTTLE_START_DELAY": 0.01, "DOWNLOAD_DELAY_JITTER": 0}
    with FaultServer(pages) as server:
        done = probe([server.origin + path for path in pages], settings)
        log = server.log
    assert len(done.pages) == 6
    # The last two were sent long after the first answer.
    assert sum(gaps(log)[-2:]) >= 1


def test_crawl_delay_that_is_no_number_is_left_out_with_a_warning() -> None:
    rules = do.robots("User-agent: *\nCrawl-delay: soon\nDisallow: /closed")
    with FaultServer({"/robots.txt": rules, "/open": PAGE}) as server:
        done = probe([server.origin + "/open", server.origin + "/closed"])
    assert (list(done.pages), done.skipped) == ([server.origin + "/open"], [server.origin + "/closed"])
    [warning] = [line for line in done.log.splitlines() if " WARNING: " in line]
    assert warning.endswith(
        f"{server.origin}/robots.txt: Crawl-delay 'soon' is no number of seconds, and left out"
    )


def test_crawl_delay_beyond_our_patience_gives_the_host_up() -> None:
    rules = do.robots("User-agent: *\nCrawl-delay: 3600")
    with FaultServer({"/robots.txt": rules, "/open": PAGE}) as server:
        done = probe([server.origin + "/open"])
        assert server.asked == ["/robots.txt"]
    assert done.reasons() == {server.origin + "/open": "told_to_wait"}


# ---- who we are ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contact", "agent"),
    [("", "newsmirror/0.1"), ("me@hezhou.example", "newsmirror/0.1 (me@hezhou.example)")],
)
def test_the_user_agent_names_the_contact_wherever_it_was_set(contact: str, agent: str) -> None:
    with FaultServer({"/open": PAGE}) as server:
        done = probe([server.origin + "/open"], {"NEWSMIRROR_CONTACT": contact})
        assert [each.headers["User-Agent"] for each in server.log] == [agent] * 2
    assert "NEWSMIRROR_CONTACT" not in done.log.partition("Overridden settings")[0]
    assert "can tell who crawls" not in done.log


@pytest.mark.parametrize(
    ("host", "somebodys"),
    [
        ("www.hezhou.cn", True),
        ("hezhou.com", True),
        ("8.8.8.8", True),
        ("myexample.com", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("::1", False),
        ("localhost", False),
        ("intranet", False),
        ("hezhou.example", False),
        ("hezhou.test", False),
        ("www.example.com", False),
        ("example.com", False),
        ("printer.local", False),
    ],
)
def test_whose_host_it_is(host: str, somebodys: bool) -> None:
    assert is_somebodys(host) is somebodys


@pytest.mark.parametrize(("contact", "warnings"), [("", 1), ("me@hezhou.example", 0)])
def test_who_crawls_the_site_of_somebody_says_who_they_are(
    monkeypatch: pytest.MonkeyPatch, contact: str, warnings: int
) -> None:
    """Two public hosts behind a proxy that is not there: nothing is asked, and one warning is given."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    urls = ["http://hezhou.cn/", "http://wb.hezhou.cn/"]
    done = probe(urls, {"NEWSMIRROR_CONTACT": contact, "RETRY_TIMES": 0})
    assert done.log.count("Nobody at hezhou.cn can tell who crawls: set NEWSMIRROR_CONTACT") == warnings
    assert done.log.count("can tell who crawls") == warnings
    assert (done.pages, sorted(done.skipped)) == ({}, urls)


# ---- what is promised ------------------------------------------------------------------------------------

PROMISES = Path(__file__).parent.parent / "docs" / "politeness.md"


def test_the_promises_are_the_settings() -> None:
    given = get_project_settings()
    told = re.findall(r"`([A-Z_]{4,})(?: = ([\d.]+))?`", PROMISES.read_text("utf-8"))
    assert len(told) > 10
    assert [(name, value) for name, value in told if value and str(given[name]) != value] == []
    assert [name for name, _ in told if name not in given] == []


def test_the_retried_statuses_and_the_reasons_are_all_told() -> None:
    text = PROMISES.read_text("utf-8")
    statuses = re.search(r"so many times: ([\d, ]+), an error", text)
    assert statuses is not None
    codes = sorted(int(code) for code in statuses[1].split(", "))
    assert codes == sorted(get_project_settings().getlist("RETRY_HTTP_CODES"))
    assert re.findall(r"^\| `(\w+)` \| ", text, re.MULTILINE) == list(get_args(Reason))
