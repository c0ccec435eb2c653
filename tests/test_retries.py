"""What fails is asked for again, what is half is no page, and every address that is given up says why."""

import asyncio
import gzip
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import faultserver as do
import pytest
from faultserver import Answer, FaultServer, Script, redirect_to, status
from hypothesis import given
from hypothesis import strategies as st
from newsserver import Entry, Page, article, crawl, listing
from probe import Probe, probe
from scrapy import Request
from scrapy.squeues import LifoMemoryQueue
from scrapy.utils.test import get_crawler

from newsmirror.net.compression import is_whole_gzip
from newsmirror.net.pace import PacedDownloader, PacedSlot, PatientQueue, retry_after
from newsmirror.net.retries import backoff, unended

RETRIES = 2
ALL = 1 + RETRIES
PAGE = article("河洲湿地飞来一千只白鹭")

# ---- pure ------------------------------------------------------------------------------------------------


@given(st.integers(1, 500), st.floats(0, 1000))
def test_a_retry_waits_twice_as_long_as_the_one_before_and_never_over_a_minute(
    retry: int, first: float
) -> None:
    assert 0 <= backoff(retry, first) <= min(60, first * 2 ** (retry - 1))


def test_retries_do_not_come_back_together() -> None:
    assert len({backoff(3, 2.0) for _ in range(20)}) == 20


NOW = datetime(2025, 1, 8, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Wed, 08 Jan 2025 12:01:30 GMT", 90),
        ("Wednesday, 08-Jan-25 12:01:30 GMT", 90),
        ("Wed Jan  8 12:01:30 2025", 90),
        ("Wed, 08 Jan 2025 11:00:00 GMT", 0),
        ("9" * 5000, float("inf")),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("١٢", None),
        ("Wed, 99 Foo 2025 25:61:61 GMT", None),
        ("1 Jan 99999999999 00:00:00 GMT", None),
        ("Sun, 06 Nov 1994 08:49:37 +9999999999", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@given(st.text())
def test_retry_after_of_any_server_is_seconds_or_nothing(value: str) -> None:
    seconds = retry_after(value, NOW)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    ("body", "ending"),
    [
        (b"<html><body>a</body></html>", None),
        (b"<HTML><body>a</BODY></HTML>\n<!-- 0.02 s -->", None),
        (b"<p>a page that opens nothing", None),
        (b"", None),
        (b"<html><body><p>a</p> \n", b"<html><body><p>a</p>"),
        (b"<HTML>" + b"x" * 100 + b"</div><!-- 12.345 s -->\n", b"x" * 9 + b"</div><!-- 0.0 s -->"),
    ],
)
def test_a_page_that_is_not_closed_is_known_by_its_ending(body: bytes, ending: bytes | None) -> None:
    assert unended(body) == ending


@given(st.binary(min_size=1), st.data())
def test_a_gzip_stream_is_whole_or_not(data: bytes, draw: st.DataObject) -> None:
    stream = gzip.compress(data)
    assert is_whole_gzip(stream)
    assert is_whole_gzip(stream + b"\0 behind")
    assert not is_whole_gzip(stream[: draw.draw(st.integers(0, len(stream) - 1))])
    assert not is_whole_gzip(stream[:-8] + bytes(byte ^ 0xFF for byte in stream[-8:]))


@given(st.floats(0, 60), st.floats(0, 60), st.floats(0, 2))
def test_a_slot_never_goes_below_its_least_delay(delay: float, least: float, jitter: float) -> None:
    slot = PacedSlot(2, delay, jitter, least, 600)
    assert slot.download_delay() >= least
    slot.delay = 0  # as AutoThrottle may
    assert slot.download_delay() == least


# ---- every fault, really done ----------------------------------------------------------------------------


class Case(NamedTuple):
    """What is done; why it is given up, if it is; how often it is asked for."""

    script: Script
    reason: str | None = None
    asked: int = ALL


def then_fine(*answers: Answer) -> list[Page | Answer]:
    return [*answers, PAGE]


CASES = {
    "/404": Case(status(404), "gone", 1),
    "/410": Case(status(410), "gone", 1),
    "/401": Case(status(401), "refused", 1),
    "/403": Case(status(403), "refused", 1),
    "/451": Case(status(451), "refused", 1),
    "/408": Case(status(408), "refused"),
    "/429": Case(status(429), "refused"),
    "/500": Case(status(500), "server_error"),
    "/501": Case(status(501), "server_error", 1),
    "/502": Case(status(502), "server_error"),
    "/503": Case(status(503), "server_error"),
    "/504": Case(status(504), "server_error"),
    "/522": Case(status(522), "server_error"),
    "/524": Case(status(524), "server_error"),
    "/304": Case(do.do(do.head("304 Not Modified")), "redirect", 1),
    "/reset": Case(do.RESET, "unreachable"),
    "/reset-in-headers": Case(do.RESET_IN_HEADERS, "unreachable"),
    "/closed": Case(do.CLOSED, "unreachable"),
    "/silent": Case(do.SILENT, "unreachable"),
    "/silent-after-headers": Case(do.SILENT_AFTER_HEADERS, "unreachable"),
    # It is never silent: the timeout is for the whole body.
    "/drip": Case(do.drip(PAGE, 0.05), "unreachable"),
    "/no-http": Case(do.no_headers(PAGE), "unreachable"),
    "/two-lengths": Case(do.two_different_lengths(PAGE), "unreachable"),
    "/reset-in-body": Case(do.reset_in_body(PAGE), "truncated"),
    "/truncated": Case(do.truncated(PAGE), "truncated"),
    "/unended-chunks": Case(do.unended_chunks(PAGE), "truncated"),
    "/cut": Case([do.cut(PAGE, keep) for keep in (0.5, 0.6, 0.7)], "truncated"),
    "/huge": Case(do.huge(PAGE, 300_000), "too_large", 1),
    "/huge-unsaid": Case(do.huge_unsaid(PAGE, 300_000), "too_large", 1),
    "/endless": Case(do.endless(PAGE), "too_large", 1),
    "/bomb": Case(
        do.answer(do.bomb(PAGE, 20), Content_Type=do.HTML, Content_Encoding="gzip"), "too_large", 1
    ),
    "/nested-bomb": Case(do.nested_bomb(PAGE), "too_large", 1),
    "/corrupt-gzip": Case(do.corrupt_gzip(PAGE), "undecodable"),
    "/unended-gzip": Case(do.unended_gzip(PAGE), "undecodable"),
    "/no-gzip": Case(do.not_gzip(PAGE), "undecodable"),
    "/empty": Case(do.EMPTY, "empty"),
    "/blank": Case(do.answer(b" \r\n\t", Content_Type=do.HTML), "empty"),
    "/circle": Case(redirect_to("/circle-2"), "redirect", 1),
    "/itself": Case(redirect_to("/itself"), "redirect", 1),
    "/chain": Case(redirect_to("/chain-1"), "redirect", 1),
    "/fine": Case(PAGE, None, 1),
    "/fine-gzip": Case(do.gzipped(PAGE), None, 1),
    "/fine-until-closed": Case(do.until_closed(PAGE), None, 1),
    "/fine-chunked": Case(do.chunked(PAGE), None, 1),
    "/503-fine": Case(then_fine(status(503), status(503)), None, 3),
    "/reset-fine": Case(then_fine(do.RESET), None, 2),
    "/truncated-fine": Case(then_fine(do.truncated(PAGE)), None, 2),
    "/cut-fine": Case(then_fine(do.cut(PAGE, 0.3)), None, 2),
    "/gzip-fine": Case(then_fine(do.unended_gzip(PAGE)), None, 2),
    "/empty-fine": Case(then_fine(do.EMPTY), None, 2),
    "/past-date-fine": Case(then_fine(status(503, "Wed, 08 Jan 2020 11:00:00 GMT")), None, 2),
    "/nonsense-fine": Case(then_fine(status(429, "bald")), None, 2),
    "/spelled?utm_source=x": Case(redirect_to("/spelled"), None, 1),
}
BEHIND: dict[str, Script] = {
    **{f"/chain-{hop}": redirect_to(f"/chain-{hop + 1}") for hop in range(1, 30)},
    "/circle-2": redirect_to("/circle"),
    "/spelled": PAGE,
}


class Visit(NamedTuple):
    server: FaultServer
    probe: Probe
    asked: Counter[str]


@pytest.fixture(scope="module")
def faults() -> Iterator[Visit]:
    scripts = {path: case.script for path, case in CASES.items()} | BEHIND
    settings = {
        "RETRY_TIMES": RETRIES,
        "DOWNLOAD_TIMEOUT": 2,
        "DOWNLOAD_MAXSIZE": 200_000,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
    }
    with FaultServer(scripts) as server:
        done = probe([server.origin + path for path in CASES], settings)
        yield Visit(server, done, Counter(server.asked))


@pytest.mark.parametrize("path", CASES)
def test_what_is_asked_for_in_vain_has_its_reason(faults: Visit, path: str) -> None:
    case, url = CASES[path], faults.server.origin + path
    assert faults.probe.reasons().get(url) == case.reason
    assert (faults.probe.pages.get(url) == PAGE.text) is (case.reason is None)


@pytest.mark.parametrize("path", CASES)
def test_it_is_asked_for_again_where_that_may_help(faults: Visit, path: str) -> None:
    assert faults.asked[path] == CASES[path].asked


def test_every_address_ends_in_one_way(faults: Visit) -> None:
    ended = [*faults.probe.pages, *faults.probe.faults, *faults.probe.skipped]
    assert sorted(ended) == sorted(faults.server.origin + path for path in CASES)
    assert all(detail for _, detail in faults.probe.faults.values())


def test_hosts_that_are_not_there_are_unreachable_by_their_robots_txt() -> None:
    done = probe(["http://127.0.0.1:1/", "http://nobody.invalid/"], {"RETRY_TIMES": 1})
    assert (done.pages, done.faults) == ({}, {})
    without = probe(
        ["http://127.0.0.1:1/", "http://nobody.invalid/"], {"RETRY_TIMES": 1, "ROBOTSTXT_OBEY": False}
    )
    assert without.faults["http://127.0.0.1:1/"][0] == "unreachable"
    assert without.faults["http://127.0.0.1:1/"][1].startswith("DownloadConnectionRefusedError: ")
    assert without.faults["http://nobody.invalid/"][0] == "unreachable"
    assert without.faults["http://nobody.invalid/"][1].startswith("CannotResolveHostError: ")
    assert without.stats["retry/count"] == 2


# ---- pages that a site never closes ----------------------------------------------------------------------


def open_ended(number: int, ending: str = "</div></body>") -> list[Page | Answer]:
    """A page without `</html>`, with a counter that is another one in each answer."""
    text = "<html><body><p>第{}页，读过{}次</p><div>{}</div>" + ending
    return [Page(text.format(number, count, "河洲" * 50)) for count in (7, 8, 9)]


def test_a_site_that_never_closes_its_pages_is_asked_once_more_in_all() -> None:
    scripts: dict[str, Script] = {f"/{number}": open_ended(number) for number in range(5)}
    scripts["/other"] = open_ended(5, "</table></body>")
    with FaultServer(scripts) as server:
        done = probe([server.origin + path for path in scripts], {"CONCURRENT_REQUESTS": 1})
        asked = Counter(server.asked)
    assert sorted(done.pages) == sorted(server.origin + path for path in scripts)
    assert asked == {"/robots.txt": 1, "/0": 2, "/1": 1, "/2": 1, "/3": 1, "/4": 1, "/other": 2}
    assert done.stats["newsmirror/retries/unended_habit"] == 2


# ---- Retry-After -----------------------------------------------------------------------------------------

# Without any delay Scrapy 2.19 sends all that waits in a slot at once, whatever its concurrency.
ONE_BY_ONE = {"CONCURRENT_REQUESTS_PER_DOMAIN": 1, "DOWNLOAD_DELAY": 0.01}


@pytest.mark.parametrize(
    "answer", [status(503, "1"), status(429, "1"), do.busy_until(2)], ids=["503", "429", "date"]
)
def test_nothing_is_sent_to_a_host_before_it_said_so(answer: Answer) -> None:
    others = [f"/{number}" for number in range(6)]
    with FaultServer({"/busy": [answer, PAGE], **dict.fromkeys(others, PAGE)}) as server:
        urls = [server.origin + path for path in ("/busy", *others)]
        done = probe(urls, ONE_BY_ONE)
        robots, busy, *later = server.log
    assert sorted(done.pages) == sorted(urls)
    assert (robots.url, busy.url) == ("/robots.txt", "/busy")
    assert sorted(each.url for each in later) == sorted(["/busy", *others])
    assert min(each.at for each in later) - busy.at >= 1
    assert done.stats["newsmirror/pace/retry_after"] == 1


def test_a_server_whose_clock_is_wrong_is_understood() -> None:
    def late() -> bytes:
        ahead = datetime.now(UTC) + timedelta(days=3)
        dates = {"Date": ahead, "Retry_After": ahead + timedelta(seconds=1)}
        return do.head(
            "503 Busy", 0, **{name: f"{at:%a, %d %b %Y %H:%M:%S} GMT" for name, at in dates.items()}
        )

    with FaultServer({"/": [do.do(late), PAGE]}) as server:
        done = probe([server.origin + "/"])
        first, second = (each.at for each in server.log if each.url == "/")
    assert list(done.pages) == [server.origin + "/"]
    assert second - first >= 1


def test_a_host_that_asks_for_too_long_a_wait_is_given_up() -> None:
    others = [f"/{number}" for number in range(6)]
    with FaultServer({"/busy": status(503, "100000"), **dict.fromkeys(others, PAGE)}) as server:
        urls = [server.origin + path for path in ("/busy", *others)]
        done = probe(urls, ONE_BY_ONE)
        asked = server.asked
    assert asked == ["/robots.txt", "/busy"]
    assert done.reasons() == dict.fromkeys(urls, "told_to_wait")
    [detail] = {detail for _, detail in done.faults.values()}
    assert detail == "127.0.0.1 asks for a wait of 100000 s, over NEWSMIRROR_MAX_WAIT"


def test_a_host_that_waits_keeps_no_other_one_waiting() -> None:
    pages = {f"/{number}": PAGE for number in range(12)}
    with FaultServer({"/busy": [status(503, "4"), PAGE], **pages}) as busy, FaultServer({}) as other:
        first = [busy.origin + path for path in ("/busy", *pages)]
        second = [other.foreign + path for path in pages]
        other.play(dict.fromkeys(second, PAGE))
        done = probe(first + second, {"CONCURRENT_REQUESTS": 2, **ONE_BY_ONE})
        _, again = (each.at for each in busy.log if each.url == "/busy")
        ended = other.log[-1].at
    assert sorted(done.pages) == sorted(first + second)
    assert ended < again


def test_a_retry_that_waits_keeps_no_other_request_waiting() -> None:
    pages = {f"/{number}": PAGE for number in range(12)}
    with FaultServer({"/bad": [status(503), PAGE], **pages}) as server:
        urls = [server.origin + path for path in ("/bad", *pages)]
        # The first wait is 6.7 s; the engine looks at least every five seconds for what it may send.
        options = {"CONCURRENT_REQUESTS": 1, "NEWSMIRROR_RETRY_WAIT": 7, "DOWNLOAD_DELAY_JITTER": 0}
        done = probe(urls, options)
        asked = server.asked
    assert sorted(done.pages) == sorted(urls)
    assert asked[:2] == ["/robots.txt", "/bad"]
    assert asked[-1] == "/bad"
    assert sorted(asked[2:-1]) == sorted(pages)


# Two robots.txt and a page. The probe gives up sooner than what waits here would be asked for.
CLOSES = {"CLOSESPIDER_PAGECOUNT": 3, "NEWSMIRROR_RETRY_WAIT": 600, "DOWNLOAD_DELAY_JITTER": 0}


def test_a_retry_that_waits_lets_a_spider_close() -> None:
    with FaultServer({"/bad": status(503)}) as server, FaultServer({}) as other:
        other.play({other.foreign + "/": do.slow(PAGE, 1)})
        done = probe([server.origin + "/bad", other.foreign + "/"], CLOSES)
        assert server.asked == ["/robots.txt", "/bad"]
    assert done.stats["finish_reason"] == "closespider_pagecount"
    assert list(done.pages) == [other.foreign + "/"]


def test_a_host_that_waits_lets_a_spider_close() -> None:
    """What was in its slot by then is not sent for that."""
    with FaultServer({"/bad": status(503, "500"), "/later": PAGE}) as server, FaultServer({}) as other:
        other.play({other.foreign + "/": do.slow(PAGE, 1)})
        urls = [server.origin + "/bad", server.origin + "/later", other.foreign + "/"]
        done = probe(urls, {**CLOSES, "DOWNLOAD_DELAY": 1})
        assert server.asked == ["/robots.txt", "/bad"]
    assert done.stats["finish_reason"] == "closespider_pagecount"
    assert (list(done.pages), done.skipped) == (urls[2:], urls[1:2])


# ---- slots and queues ------------------------------------------------------------------------------------


def downloader_alone() -> PacedDownloader:
    handlers = dict.fromkeys(("http", "https"))
    crawler = get_crawler(settings_dict={"NEWSMIRROR_MAX_WAIT": 600, "DOWNLOAD_HANDLERS": handlers})
    downloader = PacedDownloader(crawler)
    crawler.engine = SimpleNamespace(downloader=downloader)  # type: ignore[assignment]
    return downloader


def test_a_slot_that_scrapy_forgets_keeps_what_its_host_asked_for() -> None:
    async def forget() -> None:
        downloader = downloader_alone()
        request = Request("http://hezhou.example/1.html")
        slot = downloader.slot_of(request)
        downloader._slot_gc(age=0)
        assert downloader.slots == {}
        assert downloader.slot_of(request) is slot
        assert downloader.slots == {"hezhou.example": slot}
        downloader.close()

    asyncio.run(forget())


def test_the_queue_gives_out_nothing_for_a_host_that_is_left_alone() -> None:
    async def leave_alone() -> None:
        downloader = downloader_alone()
        queue = PatientQueue(downloader.crawler, LifoMemoryQueue, "")
        busy, other = Request("http://hezhou.example/1.html"), Request("http://wb.hezhou.example/1.html")
        queue.push(busy)
        queue.push(other)
        slot = downloader.slot_of(busy)
        slot.leave_alone(300)
        assert [queue.pop(), queue.pop(), len(queue)] == [other, None, 1]
        # Too long: it is given out to be given up.
        slot.leave_alone(601)
        assert [queue.pop(), len(queue)] == [busy, 0]
        downloader.close()

    asyncio.run(leave_alone())


# ---- a whole crawl ---------------------------------------------------------------------------------------


def test_half_a_page_is_never_an_article(tmp_path: Path) -> None:
    half = PAGE.text[: len(PAGE.text) // 2]
    pages = {"/": listing([Entry("/a/1.html", "河洲湿地飞来一千只白鹭")]), "/a/1.html": Page(half)}
    run = crawl(tmp_path, pages, {"start": "{origin}/"})
    assert run.records == []
    assert run.requests == ["/", *["/a/1.html"] * 4]
