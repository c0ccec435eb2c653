"""The address guard: what is public, which links are on the site, and what whole crawls connect to.

The crawls run in a small world, where every address leads to a server on loopback.
"""

import json
import ssl
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import example, given
from hypothesis import strategies as st
from newsserver import (
    POLITENESS_OFF,
    PROJECT,
    Entry,
    NewsServer,
    Page,
    Run,
    article,
    listing,
    redirect,
    scrapy,
)
from scrapy.settings import Settings
from smallworld import SmallWorld

from newsmirror import settings as project
from newsmirror.net.addresses import GuardedResolver, is_public, shown, spelled_address, start_places
from newsmirror.spiders.anysite import AnySiteSpider

PUBLIC = "93.184.215.14"
ALSO_PUBLIC = "93.184.215.15"

# ---- what is public --------------------------------------------------------------------------------------

# The IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and what updates it): block, and whether
# it is globally reachable. Within a block the longest prefix decides. N/A is taken for no.
REGISTRY = {
    "0.0.0.0/8": False, "0.0.0.0/32": False, "10.0.0.0/8": False, "100.64.0.0/10": False,
    "127.0.0.0/8": False,
    "169.254.0.0/16": False, "172.16.0.0/12": False, "192.0.0.0/24": False, "192.0.0.0/29": False,
    "192.0.0.8/32": False, "192.0.0.9/32": True, "192.0.0.10/32": True, "192.0.0.170/32": False,
    "192.0.0.171/32": False, "192.0.2.0/24": False, "192.31.196.0/24": True, "192.52.193.0/24": True,
    "192.88.99.0/24": False, "192.168.0.0/16": False, "192.175.48.0/24": True, "198.18.0.0/15": False,
    "198.51.100.0/24": False, "203.0.113.0/24": False, "240.0.0.0/4": False, "255.255.255.255/32": False,
    "::1/128": False, "::/128": False, "::ffff:0:0/96": False, "64:ff9b::/96": True, "64:ff9b:1::/48": False,
    "100::/64": False, "100:0:0:1::/64": False, "2001::/23": False, "2001::/32": False, "2001:1::1/128": True,
    "2001:1::2/128": True, "2001:1::3/128": True, "2001:2::/48": False, "2001:3::/32": True,
    "2001:4:112::/48": True, "2001:10::/28": False, "2001:20::/28": True, "2001:30::/28": True,
    "2001:db8::/32": False, "2002::/16": False, "2620:4f:8000::/48": True, "3fff::/20": False,
    "5f00::/16": False, "fc00::/7": False, "fe80::/10": False,
}  # fmt: skip
# Reachable in the registry, but refused: no site is there.
NO_SITES = ["192.0.0.0/24", "2001::/23"]
# Not in these registries: multicast (RFC 5771, RFC 4291), Azure's host, and IPv6 that IANA has not given out.
OTHERS = ["224.0.0.0/4", "ff00::/8", "168.63.129.16/32"]
NETWORKS = {ip_network(block): reachable for block, reachable in REGISTRY.items()}
REFUSED = [ip_network(block) for block in [*NO_SITES, *OTHERS]]


def expected(ip: IPv4Address | IPv6Address) -> bool:
    """Whether an address is public, from the registries."""
    if ip in ip_network("64:ff9b::/96"):
        return expected(IPv4Address(int(ip) & 0xFFFFFFFF))
    if any(ip in block for block in REFUSED) or (ip.version == 6 and ip not in ip_network("2000::/3")):
        return False
    rows = [block for block in NETWORKS if ip in block]
    return NETWORKS[max(rows, key=lambda block: block.prefixlen)] if rows else True


def edges() -> list[str]:
    """First and last address of every block, and the ones next to it."""
    found = set()
    for block in [*NETWORKS, *REFUSED, ip_network("2000::/3")]:
        kind = type(block.network_address)
        for number in (int(block[0]) - 1, int(block[0]), int(block[-1]), int(block[-1]) + 1):
            if 0 <= number < 2**block.max_prefixlen:
                found.add(str(kind(number)))
    return sorted(found)


@pytest.mark.parametrize("address", edges())
def test_the_edges_of_every_special_block(address: str) -> None:
    assert is_public(address) is expected(ip_address(address))


def inside(block: Any) -> st.SearchStrategy[IPv4Address | IPv6Address]:
    return st.integers(int(block[0]), int(block[-1])).map(type(block[0]))


ADDRESSES = (
    st.integers(0, 2**32 - 1).map(IPv4Address)
    | st.integers(0, 2**128 - 1).map(IPv6Address)
    | inside(ip_network("2000::/3"))
    | st.sampled_from([*NETWORKS, *REFUSED]).flatmap(inside)
)


@given(ADDRESSES)
@example(IPv4Address("8.8.8.8"))
@example(IPv6Address("2606:4700::1111"))
def test_public_is_what_the_registries_leave(ip: IPv4Address | IPv6Address) -> None:
    assert is_public(str(ip)) is expected(ip)


def wrapped(ip: IPv4Address) -> list[str]:
    """An IPv4 address as IPv6 wraps it: mapped, compatible, 6to4, NAT64, local NAT64, Teredo (inverted)."""
    number = int(ip)
    high, low = f"{number >> 16:x}", f"{number & 0xFFFF:x}"
    teredo = IPv6Address((0x20010000 << 96) | (number ^ 0xFFFFFFFF))
    return [
        f"::ffff:{ip}", f"::{ip}", f"2002:{high}:{low}::1", f"64:ff9b::{ip}", f"64:ff9b:1::{ip}", str(teredo)
    ]  # fmt: skip


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
@example(IPv4Address("127.0.0.1"))
@example(IPv4Address("169.254.169.254"))
def test_wrapped_is_as_private_as_what_it_wraps(ip: IPv4Address) -> None:
    assert [is_public(address) for address in wrapped(ip)] == [
        False,
        False,
        False,
        expected(ip),
        False,
        False,
    ]


METADATA = (
    "169.254.169.254 169.254.170.2 169.254.0.23 100.100.100.200 192.0.0.192 168.63.129.16 "
    "fd00:ec2::254 fd20:ce::254 fe80::a9fe:a9fe fe80::1%eth0"
).split()


@pytest.mark.parametrize("address", METADATA)
def test_metadata_of_clouds_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "2130706433", "010.0.0.1", "10.0.0.0/8"])
def test_public_takes_addresses_only(text: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be an IPv4 or IPv6 address"):
        is_public(text)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0X7F000001", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("0177.0.0.01", "127.0.0.1"),
        ("0xa9.0xfe.43518", "169.254.169.254"),
        ("0", "0.0.0.0"),
        ("010.8.8.8", "8.8.8.8"),
        ("::ffff:7f00:1", "::ffff:7f00:1"),
        ("1.2.3.4.5", None),
        ("256.1.1.1", None),
        ("0x7g.1", None),
        ("127.0.0.1.nip.example", None),
        ("news.example", None),
    ],
)
def test_an_address_is_known_in_any_spelling(host: str, address: str | None) -> None:
    assert spelled_address(host) == address


# ---- what is on the site ---------------------------------------------------------------------------------

SITE = "http://td.fyun.cc"


@pytest.mark.parametrize(
    ("url", "follows"),
    [
        (f"{SITE}/a.html", True),
        ("https://td.fyun.cc/a.html", True),
        (f"{SITE}:80/a.html", True),
        ("HTTP://TD.FYUN.CC/a.html", True),
        ("http://td.fyun.cc./a.html", True),
        ("http://m.td.fyun.cc/a.html", True),
        ("http://ｔｄ.fyun.cc/a.html", True),
        ("http://td。fyun。cc/a.html", True),
        ("http://td.fyun.cc@evil.example/a.html", False),
        ("http://td.fyun.cc:80@evil.example/a.html", False),
        ("http://who:secret@td.fyun.cc/a.html", False),
        ("http://who@td.fyun.cc/a.html", False),
        ("http://@td.fyun.cc/a.html", False),
        ("http://evil.example\\@td.fyun.cc/a.html", False),
        ("http://evil.example\\.td.fyun.cc/a.html", False),
        ("http://evil.example/.td.fyun.cc/a.html", False),
        ("http://evil.example?.td.fyun.cc/a.html", False),
        ("http://evil.example#.td.fyun.cc/a.html", False),
        ("http://evil.example／.td.fyun.cc/a.html", False),
        ("http://evil.example%2f.td.fyun.cc/a.html", False),
        ("http://evil.example%00.td.fyun.cc/a.html", False),
        ("http://evil.example\0.td.fyun.cc/a.html", False),
        ("http://td.fyun.cc.evil.example/a.html", False),
        ("http://td.fyun.cc。evil.example/a.html", False),
        ("http://eviltd.fyun.cc/a.html", False),
        ("http://fyun.cc/a.html", False),
        ("http://td.fуun.cc/a.html", False),  # a Cyrillic у
        ("http://td.fyun.ⅽⅽ/a.html", True),  # Roman numerals: IDNA reads them as cc
        ("http://td.fyun.cc:22/a.html", False),
        ("http://td.fyun.cc:99999/a.html", False),
        ("http://[::1/a.html", False),
        ("http://2130706433/a.html", False),
        ("//td.fyun.cc/a.html", False),
        ("ftp://td.fyun.cc/a.html", False),
        ("file://td.fyun.cc/etc/passwd", False),
        ("javascript://td.fyun.cc/%0aalert(1)", False),
        ("data:text/html,td.fyun.cc", False),
        ("", False),
    ],
)
def test_look_alikes_are_not_on_the_site(url: str, follows: bool) -> None:
    spider = AnySiteSpider(start=f"{SITE}/")
    assert spider.may_follow(url) is follows


@pytest.mark.parametrize("start", ["http://快照.例子/", "http://xn--66t220b.xn--fsqu00a/"])
def test_a_host_is_the_same_in_both_its_spellings(start: str) -> None:
    spider = AnySiteSpider(start=start)
    assert spider.may_follow("http://快照.例子/a.html")
    assert spider.may_follow("http://xn--66t220b.xn--fsqu00a/a.html")


def test_a_log_shows_neither_passwords_nor_control_characters() -> None:
    assert shown("http://who:secret@a.example/@b?c=@d") == "http://a.example/@b?c=@d"
    assert shown("http://a.example/\x1b[31m\r\nfake: line") == "http://a.example/\\x1b[31m\\r\\nfake: line"


# ---- the resolver ----------------------------------------------------------------------------------------


class Receiver:
    """What a connection is told."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.complete = False

    def resolutionBegan(self, resolution: Any) -> None:  # noqa: N802
        assert not self.complete

    def addressResolved(self, address: Any) -> None:  # noqa: N802
        self.addresses.append(address.host)

    def resolutionComplete(self) -> None:  # noqa: N802
        self.complete = True


def answers(resolver: GuardedResolver, name: str, port: int = 80) -> list[str]:
    receiver = Receiver()
    resolver.resolveHostName(receiver, name, port)
    assert receiver.complete
    return receiver.addresses


def test_private_addresses_of_a_name_are_left_out() -> None:
    resolver = GuardedResolver(
        SmallWorld({"a.example": [["10.0.0.1", PUBLIC, "::ffff:10.0.0.1"]], "b.example": [["10.0.0.1"]]})
    )
    assert answers(resolver, "a.example") == [PUBLIC]
    assert resolver.refused == {}
    assert answers(resolver, "b.example") == []
    assert answers(resolver, "c.example") == []
    assert resolver.refused == {"b.example": "10.0.0.1"}


def test_names_of_any_script_are_checked() -> None:
    resolver = GuardedResolver(SmallWorld({"快照.例子": [["10.0.0.1"]]}))
    assert answers(resolver, "快照.例子") == []
    assert resolver.refused == {"xn--66t220b.xn--fsqu00a": "10.0.0.1"}


def test_a_name_that_was_refused_may_be_gone_the_next_time() -> None:
    resolver = GuardedResolver(SmallWorld({"a.example": [["10.0.0.1"], [], [PUBLIC], ["10.0.0.1"]]}))
    seen = [(answers(resolver, "a.example"), dict(resolver.refused)) for _ in range(4)]
    refused = {"a.example": "10.0.0.1"}
    assert seen == [([], refused), ([], {}), ([PUBLIC], {}), ([], refused)]


@pytest.mark.parametrize(
    ("given_answers", "passed"),
    [
        pytest.param([["10.0.0.1"], ["10.0.0.1"]], [["10.0.0.1"], ["10.0.0.1"]], id="private-stays"),
        pytest.param([["10.0.0.1"], ["10.0.0.2"]], [["10.0.0.1"], []], id="private-moves"),
        pytest.param(
            [["10.0.0.1"], [PUBLIC], ["10.0.0.1"]], [["10.0.0.1"], [PUBLIC], ["10.0.0.1"]], id="both"
        ),
        pytest.param([["10.0.0.1"], ["169.254.169.254"]], [["10.0.0.1"], []], id="private-to-metadata"),
        pytest.param([[PUBLIC], ["10.0.0.1"], [PUBLIC]], [[PUBLIC], [], [PUBLIC]], id="public-rebound"),
        pytest.param([[PUBLIC, "10.0.0.1"], ["10.0.0.1"]], [[PUBLIC], []], id="public-and-private-is-public"),
        pytest.param([[], ["10.0.0.1"]], [[], ["10.0.0.1"]], id="no-answer-decides-nothing"),
        pytest.param(
            [["10.0.0.1", "10.0.0.2"], ["10.0.0.2"], ["10.0.0.3", "10.0.0.1"]],
            [["10.0.0.1", "10.0.0.2"], ["10.0.0.2"], ["10.0.0.1"]],
            id="round-robin",
        ),
    ],
)
def test_a_start_stays_what_it_was_at_first(given_answers: list[list[str]], passed: list[list[str]]) -> None:
    resolver = GuardedResolver(SmallWorld({"start.example": given_answers}))
    resolver.starts.add(("start.example", 80))
    assert [answers(resolver, "start.example") for _ in passed] == passed


def test_a_start_is_one_name_and_one_port() -> None:
    names = {name: [["10.0.0.1"]] for name in ("start.example", "www.start.example", "example")}
    resolver = GuardedResolver(SmallWorld(names))
    resolver.starts.add(("start.example", 80))
    assert answers(resolver, "START.example.") == []  # the world knows no such name, which is no refusal
    assert answers(resolver, "start.example", 6379) == []
    assert answers(resolver, "www.start.example") == []
    assert answers(resolver, "example") == []
    assert answers(resolver, "start.example") == ["10.0.0.1"]


def test_a_start_on_a_usual_port_may_change_between_http_and_https() -> None:
    assert start_places(["http://A.example./x", "http://b.example:8080/", "https://c.example/"]) == {
        ("a.example", 80), ("a.example", 443), ("b.example", 8080), ("c.example", 443), ("c.example", 80)
    }  # fmt: skip


def test_a_proxy_may_be_and_go_anywhere() -> None:
    resolver = GuardedResolver(SmallWorld({"proxy.example": [["10.0.0.1"], ["10.0.0.2"]]}))
    resolver.proxies.add(("proxy.example", 3128))
    assert answers(resolver, "proxy.example", 3128) == ["10.0.0.1"]
    assert answers(resolver, "proxy.example", 3128) == ["10.0.0.2"]
    assert answers(resolver, "proxy.example", 80) == []


RESOLVE = """
import json, sys
from scrapy.utils.reactor import install_reactor
install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
from twisted.internet import reactor
from newsmirror.net.addresses import guarded_resolver, resolve_public
from tests.smallworld import SmallWorld
reactor.installNameResolver(SmallWorld(json.loads(sys.argv[1])))
async def main():
    guarded_resolver().starts.add(("start.example", 80))
    for host in sys.argv[2:]:
        try:
            print(host, await resolve_public(host, 80))
        except Exception as error:
            print(host, type(error).__name__, error)
    reactor.stop()
reactor.callWhenRunning(lambda: asyncio.ensure_future(main()))
import asyncio
reactor.run()
"""


def test_other_clients_can_ask_what_to_connect_to() -> None:
    names = {"a.example": [[PUBLIC]], "b.example": [["10.0.0.1"]], "start.example": [["10.0.0.2"]]}
    hosts = ["a.example", "b.example", "c.example", "start.example", "127.0.0.1"]
    told = subprocess.run(
        [sys.executable, "-W", "error", "-c", RESOLVE, json.dumps(names), *hosts],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.splitlines() == [
        f"a.example {PUBLIC}",
        "b.example AddressRefused b.example is at 10.0.0.1, which is not public",
        "c.example CannotResolveHostError no address for c.example",
        "start.example 10.0.0.2",
        "127.0.0.1 AddressRefused 127.0.0.1 is at 127.0.0.1, which is not public",
    ]


# ---- whole crawls ----------------------------------------------------------------------------------------


class SmallServer(NewsServer):
    """Closes each connection, so that each request needs a new one; may be a proxy.

    A page's key is a path, on all hosts, or an address without its port.
    """

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self
        handler: Any = super()._handler()

        class Handler(handler):  # type: ignore[misc]
            protocol_version = "HTTP/1.0"

            def do_GET(self) -> None:  # noqa: N802
                address = f"http://{self.headers['Host'].partition(':')[0]}{self.path}"
                if address in site.pages:
                    self.path = address
                super().do_GET()

            do_CONNECT = do_GET  # noqa: N815

        return Handler


@dataclass
class Visit:
    """What a crawl did, without the server's port."""

    run: Run
    asked: list[str]
    connected: list[str]

    @property
    def refused(self) -> list[str]:
        return sorted(told(self.run.stderr, "newsmirror.net.addresses"))

    @property
    def away(self) -> list[str]:
        return sorted(told(self.run.stderr, "newsmirror.net.redirects"))

    @property
    def skipped(self) -> str:
        return self.run.summary.partition("skipped: ")[2].partition("\n")[0]


def told(log: str, name: str) -> list[str]:
    """The lines of a logger, without time and level."""
    found = [line.partition(f" [{name}] ")[2] for line in log.splitlines()]
    return [line.partition(": ")[2] for line in found if line]


def visit(
    pages: Mapping[str, Page],
    names: Mapping[str, Sequence[Sequence[str]]],
    monkeypatch: pytest.MonkeyPatch,
    start: str = "http://news.example:PORT/",
    environment: Mapping[str, str] | None = None,
    world: NewsServer | None = None,
) -> Visit:
    """Crawl these pages, which are the same on every host of the world; `:PORT` is their server's."""
    with world or SmallServer({}) as server:
        port = server.origin.rpartition(":")[2]
        server.pages = {
            path: page._replace(
                text=page.text.replace("PORT", port),
                location=page.location and page.location.replace("PORT", port),
            )
            for path, page in pages.items()
        }
        monkeypatch.setenv("SMALL_WORLD", json.dumps(names))
        for name, value in (environment or {}).items():
            monkeypatch.setenv(name, value.replace("PORT", port))
        run = scrapy(
            "crawl", "anysite", "-a", f"start={start.replace('PORT', port)}", *POLITENESS_OFF,
            "-s", "TWISTED_DNS_RESOLVER=tests.smallworld.SmallWorld", "-s", "RETRY_TIMES=1",
        )  # fmt: skip
        log = [line.removeprefix("connects to ") for line in run.stderr.splitlines() if "connects to" in line]
        run.stderr = run.stderr.replace(f":{port}", "")
        # A whole address, of a proxy's request or a page's key, follows that of the Host header.
        asked = ["http://" + line.replace(f":{port}", "").rpartition("http://")[2] for line in server.log]
        return Visit(run, asked, log)


HOME = "http://news.example/"
METADATA_PAGE = Page("ami-id")
HOSTILE_LINKS = [
    "http://inner.news.example:PORT/a/2.html",
    "http://mapped.news.example:PORT/a/3.html",
    "http://who:secret@news.example:PORT/a/4.html",
    "http://169.254.169.254:PORT/a/5.html",
    "http://evil.example:PORT\\@news.example:PORT/a/6.html",
    "http://news.example:PORT@evil.example:PORT/a/7.html",
    "http://2852039166:PORT/a/8.html",
    "http://[::ffff:169.254.169.254]:PORT/a/9.html",
    "file:///etc/passwd",
    "data:text/html,a",
    "http://[broken/a/10.html",
]
REDIRECTS = {
    "metadata": "http://169.254.169.254:PORT/latest/meta-data/",
    "decimal": "http://2852039166:PORT/latest/",
    "inner": "http://inner.news.example:PORT/a/2.html",
    "secret": "http://who:secret@news.example:PORT/a/1.html",
    "userinfo": "http://news.example:PORT@evil.example:PORT/",
    "backslash": "http://evil.example:PORT\\@news.example:PORT/",
    "slashes": "//evil.example:PORT/a/1.html",
    "file": "file:///etc/passwd",
    "data": "data:text/html,<h1>x</h1>",
    "javascript": "javascript:alert(1)",
    "ftp": "ftp://news.example/a/1.html",
    "broken": "http://[broken",
    "port": "http://news.example:99999/",
    "bytes": "/a/\xff\x01\x1b[31m.html",
}
REFRESHES = {
    "refresh-metadata": "http://169.254.169.254:PORT/latest/",
    "refresh-file": "file:///etc/passwd",
    "refresh-javascript": "javascript:alert(1)",
    "refresh-broken": "http://[broken",
}
HOSTILE = {
    "/": listing(
        [
            Entry("/a/1.html", "河洲湿地飞来一千只白鹭"),
            *(Entry(href, f"别处的第{n}条快讯写在这里") for n, href in enumerate(HOSTILE_LINKS)),
            *(Entry(f"/go/{name}.html", f"转到别处的快讯：{name}") for name in [*REDIRECTS, *REFRESHES]),
        ]
    ),
    "/a/1.html": article("河洲湿地飞来一千只白鹭"),
    **{f"/go/{name}.html": redirect(where) for name, where in REDIRECTS.items()},
    **{
        f"/go/{name}.html": Page(f'<meta http-equiv="refresh" content="0;url={where}">')
        for name, where in REFRESHES.items()
    },
    "/latest/": METADATA_PAGE,
    "/latest/meta-data/": METADATA_PAGE,
}
WORLD = {
    "news.example": [[PUBLIC]],
    "inner.news.example": [["10.0.0.5"]],
    "mapped.news.example": [["::ffff:127.0.0.1"]],
    "evil.example": [[ALSO_PUBLIC]],
}


@pytest.fixture(scope="module")
def hostile() -> Visit:
    with pytest.MonkeyPatch.context() as monkeypatch:
        return visit(HOSTILE, WORLD, monkeypatch)


def test_a_hostile_page_leads_to_no_other_host(hostile: Visit) -> None:
    assert set(hostile.connected) == {PUBLIC}
    own = ["robots.txt", "", "a/1.html", *(f"go/{name}.html" for name in [*REDIRECTS, *REFRESHES])]
    assert sorted(hostile.asked) == sorted([*(HOME + path for path in own), HOME + "a/%FF%01%1B%5B31m.html"])


def test_each_refusal_is_told(hostile: Visit) -> None:
    inner = "inner.news.example is at 10.0.0.5, which is not public"
    mapped = "mapped.news.example is at ::ffff:127.0.0.1, which is not public"
    assert hostile.refused == [
        f"Not asked for http://inner.news.example/a/2.html: {inner}",
        f"Not asked for http://inner.news.example/robots.txt: {inner}",
        f"Not asked for http://mapped.news.example/a/3.html: {mapped}",
        f"Not asked for http://mapped.news.example/robots.txt: {mapped}",
    ]
    elsewhere = {
        "metadata": "http://169.254.169.254/latest/meta-data/",
        "decimal": "http://2852039166/latest/",
        "secret": "http://news.example/a/1.html",
        "userinfo": "http://evil.example/",
        "backslash": "http://evil.example/@news.example/",
        "slashes": "http://evil.example/a/1.html",
        "refresh-metadata": "http://169.254.169.254/latest/",
    }
    reasons = {
        **{name: f"{where}, which is no page of the site" for name, where in elsewhere.items()},
        **dict.fromkeys(["file", "data", "javascript", "ftp"], "what is not http(s)"),
        **dict.fromkeys(["broken", "port"], "what is no address"),
    }
    assert hostile.away == sorted(
        f"Not followed: {HOME}go/{name}.html leads to {reason}" for name, reason in reasons.items()
    )
    assert hostile.skipped == f"redirect_away {len(reasons)}, address_refused 4, redirect_to_known 1"


def test_a_refusal_is_no_error(hostile: Visit) -> None:
    assert hostile.run.code == 0
    assert "Traceback" not in hostile.run.stderr
    assert " ERROR: " not in hostile.run.stderr
    assert "retry/" not in hostile.run.stderr
    assert "secret@" not in hostile.run.stderr


def asked(visit: Visit) -> list[str]:
    """What was asked for, without the host of the site."""
    return sorted(url.removeprefix(HOME.rstrip("/")) for url in visit.asked)


ARTICLES = {
    "/": listing(
        [Entry("/a/1.html", "河洲湿地飞来一千只白鹭"), Entry("/a/2.html", "河洲渡口恢复夜航每晚两班")]
    ),
    "/a/1.html": article("河洲湿地飞来一千只白鹭"),
    "/a/2.html": article("河洲渡口恢复夜航每晚两班"),
}


def test_a_start_that_was_public_stays_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is given to this machine after two connections: robots.txt and the start page."""
    rebound = visit(ARTICLES, {"news.example": [[PUBLIC], [PUBLIC], ["127.0.0.1"]]}, monkeypatch)
    assert rebound.connected == [PUBLIC, PUBLIC]
    assert asked(rebound) == ["/", "/robots.txt"]
    assert rebound.refused == [
        f"Not asked for {HOME}a/{n}.html: news.example is at 127.0.0.1, which is not public" for n in (1, 2)
    ]


def test_a_start_may_be_private_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = {
        **ARTICLES,
        "/": listing(
            [
                Entry("/a/1.html", "河洲湿地飞来一千只白鹭"),
                Entry("http://m.news.example:PORT/a/2.html", "河洲渡口恢复夜航每晚两班"),
                Entry("http://news.example/a/3.html", "河洲渡口的另一个门口也开了"),
            ]
        ),
    }
    names = {"news.example": [["10.0.0.5"]], "m.news.example": [["10.0.0.6"]]}
    private = visit(pages, names, monkeypatch)
    assert private.connected == ["10.0.0.5"] * 3
    assert asked(private) == ["/", "/a/1.html", "/robots.txt"]
    assert private.refused == [
        "Not asked for http://m.news.example/a/2.html: m.news.example is at 10.0.0.6, which is not public",
        "Not asked for http://m.news.example/robots.txt: m.news.example is at 10.0.0.6, which is not public",
        f"Not asked for {HOME}a/3.html: news.example is at 10.0.0.5, which is not public",
        f"Not asked for {HOME}robots.txt: news.example is at 10.0.0.5, which is not public",
    ]


@pytest.mark.parametrize(
    ("start", "address"),
    [
        ("http://127.0.0.1:PORT/", "127.0.0.1"),
        ("http://localhost:PORT/", "127.0.0.1"),
    ],
)
def test_a_start_on_this_machine_is_crawled(
    start: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = visit(ARTICLES, {"localhost": [["127.0.0.1"]]}, monkeypatch, start)
    assert local.connected == [address] * 4
    assert len(local.asked) == 4
    assert local.refused == []


ROBOTS = {
    "http://169.254.169.254:PORT/robots.txt": "169.254.169.254 is not public",
    "http://0xa9fea9fe:PORT/": "169.254.169.254 is not public",
    "http://[fd00:ec2::254]/": "fd00:ec2::254 is not public",
    "http://localhost:PORT/robots.txt": "its host names nothing public",
    "http://metadata.google.internal/": "its host names nothing public",
    "http://inner.example:PORT/": "inner.example is at 10.0.0.5, which is not public",
    "http://who:secret@news.example:PORT/x": "it holds a user's name",
    "http://a b:PORT/": "it names no host",
}


def test_robots_txt_is_not_fetched_from_private_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = [f"{n}.news.example" for n in range(len(ROBOTS))]
    pages = {
        "/": listing(
            [Entry(f"http://{host}:PORT/a/{host[0]}.html", f"{host}的快讯写在这里") for host in hosts]
        ),
        **{f"http://{host}/robots.txt": redirect(where) for host, where in zip(hosts, ROBOTS, strict=True)},
    }
    names = {host: [[PUBLIC]] for host in [*hosts, "news.example"]}
    visited = visit(pages, {**names, "inner.example": [["10.0.0.5"]]}, monkeypatch)
    assert set(visited.connected) == {PUBLIC}
    assert {url.split("/")[2] for url in visited.asked} == {*hosts, "news.example"}
    assert visited.refused == sorted(
        f"Not asked for {where.replace(':PORT', '').replace('who:secret@', '')}: {reason}"
        for where, reason in ROBOTS.items()
    )
    assert "Traceback" not in visited.run.stderr
    assert "secret" not in visited.run.stderr


def test_robots_txt_may_be_kept_on_another_public_host(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = {
        **ARTICLES,
        "/robots.txt": redirect("http://rules.example:PORT/rules"),
        "/rules": Page("User-agent: *\nDisallow: /a/2.html", content_type="text/plain"),
    }
    visited = visit(pages, {"news.example": [[PUBLIC]], "rules.example": [[ALSO_PUBLIC]]}, monkeypatch)
    assert asked(visited) == ["/", "/a/1.html", "/robots.txt", "http://rules.example/rules"]


# ---- proxies ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:PORT", "http://proxy.internal:PORT"])
def test_an_operators_proxy_may_be_private_but_not_what_it_is_asked_for(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = {HOME.rstrip("/") + path: page for path, page in ARTICLES.items()}
    pages[HOME + "robots.txt"] = redirect("http://2130706433/robots.txt")
    names = {"proxy.internal": [["10.0.0.9"]]}
    visited = visit(pages, names, monkeypatch, HOME, {"http_proxy": proxy})
    assert set(visited.connected) == {"10.0.0.9" if "internal" in proxy else "127.0.0.1"}
    assert asked(visited) == sorted([*ARTICLES, "/robots.txt"])
    assert visited.refused == ["Not asked for http://2130706433/robots.txt: 127.0.0.1 is not public"]


def test_a_proxy_is_no_way_round_where_it_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """127.0.0.1 is the proxy's host, and asked for directly: a redirect must not lead there."""
    pages = {**ARTICLES, "/robots.txt": redirect("http://127.0.0.1:PORT/robots.txt")}
    environment = {"https_proxy": "http://127.0.0.1:PORT", "no_proxy": "127.0.0.1,localhost"}
    visited = visit(pages, {"news.example": [[PUBLIC]]}, monkeypatch, environment=environment)
    assert set(visited.connected) == {PUBLIC}
    assert visited.refused == ["Not asked for http://127.0.0.1/robots.txt: 127.0.0.1 is not public"]


def test_a_tunnel_through_a_private_proxy_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"https_proxy": "http://proxy.internal:PORT"}
    names = {"proxy.internal": [["127.0.0.1"]]}
    visited = visit({}, names, monkeypatch, "https://news.example/", environment)
    assert set(visited.connected) == {"proxy.internal"}
    assert set(visited.asked) == {"http://news.example:443news.example:443"}
    assert visited.refused == []


# ---- settings --------------------------------------------------------------------------------------------


def test_only_scrapys_own_handlers_of_http_are_on() -> None:
    settings = Settings()
    settings.setmodule(project)
    handlers = settings.getwithbase("DOWNLOAD_HANDLERS")
    http = "scrapy.core.downloader.handlers.http11.HTTP11DownloadHandler"
    assert {scheme: handler for scheme, handler in handlers.items() if handler is not None} == {
        "http": http,
        "https": http,
    }


def own_certificate(folder: Path, host: str) -> ssl.SSLContext:
    """A server's context with a certificate that nobody has signed but itself; it is `cert.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    day = timedelta(days=1)
    own = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - day)
        .not_valid_after(datetime.now(UTC) + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(own.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


class SecureServer(NewsServer):
    """A server with a certificate of its own for `localhost`."""

    def __init__(self, folder: Path) -> None:
        super().__init__({})
        context = own_certificate(folder, "localhost")
        for server in self._servers:
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
            server.handle_error = lambda *_: None  # type: ignore[method-assign] # a client that hangs up


@pytest.mark.parametrize("trusted", [False, True])
def test_a_site_without_a_good_certificate_is_not_read(
    trusted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = SecureServer(tmp_path)
    environment = {"SSL_CERT_FILE": str(tmp_path / "cert.pem")} if trusted else {}
    names = {"localhost": [["127.0.0.1"]]}
    visited = visit(ARTICLES, names, monkeypatch, "https://localhost:PORT/", environment, world)
    paths = sorted(url.removeprefix("http://localhost") for url in visited.asked)
    assert paths == (["/", "/a/1.html", "/a/2.html", "/robots.txt"] if trusted else [])
    assert ("certificate verify failed" in visited.run.stderr) is not trusted
    assert visited.run.code == (0 if trusted else 1)
