"""Slots and their job ids, and what `scrapy schedule-run` refuses before it asks anybody."""

import argparse
from datetime import datetime
from importlib import import_module
from typing import Any

import pytest
from newsserver import NewsServer, Page
from node import SECRET, free_port
from scrapy.exceptions import UsageError
from scrapy.utils.project import get_project_settings

from newsmirror.ops.schedule import ScheduleError, Scrapyd, job_id, schedule_once

DAY = datetime(2025, 1, 8)


@pytest.mark.parametrize(
    ("length", "at", "slot"),
    [
        ("1d", "2025-01-08T00:00", "20250108T0000"),
        ("1d", "2025-01-08T23:59:59", "20250108T0000"),
        ("24h", "2025-01-08T23:59:59", "20250108T0000"),
        ("6h", "2025-01-08T05:59:59", "20250108T0000"),
        ("6h", "2025-01-08T06:00", "20250108T0600"),
        ("30m", "2025-01-08T23:31", "20250108T2330"),
        ("90m", "2025-01-08T02:15", "20250108T0130"),
    ],
)
def test_slots_are_counted_from_midnight(length: str, at: str, slot: str) -> None:
    assert job_id("fyun", {}, length, datetime.fromisoformat(at)) == f"fyun-{length}-{slot}"


@pytest.mark.parametrize("length", ["", "0h", "7h", "2d", "1w", "6 h", "-6h", "６h", "1441m", "1d\n"])
def test_what_does_not_divide_a_day_is_no_slot(length: str) -> None:
    with pytest.raises(ScheduleError, match=r"does not divide a day: write such as 1d, 6h or 30m$"):
        job_id("fyun", {}, length, DAY)


def test_the_order_of_arguments_makes_no_other_slot() -> None:
    one, other = {"related": "0", "max_pages": "3"}, {"max_pages": "3", "related": "0"}
    assert job_id("fyun", one, "1d", DAY) == job_id("fyun", other, "1d", DAY)
    assert job_id("fyun", one, "1d", DAY) != job_id("fyun", one | {"max_pages": "4"}, "1d", DAY)


class Busy(Scrapyd):
    """Scrapyd while it runs one job; `asked` is what it was asked to run."""

    running: dict[str, str]
    asked: list[str]

    def jobs(self, project: str) -> Any:
        return {"pending": [], "running": [self.running], "finished": []}

    def schedule(self, project: str, spider: str, arguments: Any, job: str) -> None:
        self.asked.append(job)


ONE, OTHER = {"start": "http://one.example/"}, {"start": "http://other.example/"}


@pytest.mark.parametrize(
    ("spider", "running", "overlaps"),
    [
        ("anysite", job_id("anysite", OTHER, "1d", DAY), False),
        ("fyun", "5b0a", False),
        ("anysite", job_id("anysite", ONE, "6h", DAY), True),
        ("anysite", job_id("anysite", ONE, "1d", datetime(2025, 1, 7)), True),
        # Nothing is known of its start: a person asked for it, or it takes the spider's own.
        ("anysite", "5b0a", True),
    ],
)
def test_jobs_overlap_if_spider_and_arguments_are_the_same(spider: str, running: str, overlaps: bool) -> None:
    server, job = Busy(""), job_id("anysite", ONE, "1d", DAY)
    Busy.running, Busy.asked = {"id": running, "spider": spider}, []
    if overlaps:
        with pytest.raises(ScheduleError, match=f"^{job} was not scheduled: job {running} of anysite is not"):
            schedule_once(server, "newsmirror", "anysite", ONE, job)
    else:
        assert schedule_once(server, "newsmirror", "anysite", ONE, job) is None
    assert Busy.asked == ([] if overlaps else [job])


def schedule_run(*typed: str) -> int:
    """Call the command as Scrapy does, without a process of its own; return its exit code."""
    command = import_module("newsmirror.commands.schedule-run").Command()
    command.settings = get_project_settings()
    parser = argparse.ArgumentParser(conflict_handler="resolve")
    command.add_options(parser)
    options, arguments = parser.parse_known_args(typed)
    command.run(arguments, options)
    return int(command.exitcode)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["nosuch"], "no spider is named 'nosuch'; there are: anysite, demo, fyun"),
        (["demo", "-a", "relatd=0"], "unknown argument 'relatd'"),
        (["demo", "-a", "related"], "-a: write NAME=VALUE"),
        ([], "name one spider"),
        (["demo", "fyun"], "name one spider"),
        (["demo", "--at", "yesterday"], "--at 'yesterday' is no time: write such as 2025-01-08T02:15"),
        (["demo", "--at", "2999-01-08T02:15"], "lies ahead; a slot is run when it has begun"),
        (["demo", "--url", f"http://a:{SECRET}@127.0.0.1/"], "--url: others can read a password here"),
    ],
)
def test_what_is_written_wrong_is_told_before_anybody_is_asked(typed: list[str], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        schedule_run(*typed)
    assert told in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_slot_that_is_none_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert schedule_run("demo", "--slot", "7h") == 1
    told = "slot '7h' does not divide a day: write such as 1d, 6h or 30m\n"
    assert tuple(capsys.readouterr()) == ("", told)


def test_a_server_that_is_away_or_no_scrapyd_is_told() -> None:
    def refusal(url: str) -> str:
        with pytest.raises(ScheduleError) as caught:
            Scrapyd(url).jobs("newsmirror")
        return str(caught.value)

    away = f"http://127.0.0.1:{free_port()}"
    assert refusal(away) == (
        f"{away}: [Errno 111] Connection refused; see that Scrapyd runs there: systemctl status scrapyd"
    )
    assert refusal("127.0.0.1:6800") == (
        "'127.0.0.1:6800' is no http(s) address: write such as http://127.0.0.1:6800"
    )
    pages = {
        "/list/listjobs.json?project=newsmirror": Page("<p>资讯</p>"),
        "/busy/listjobs.json?project=newsmirror": Page("", 503),
    }
    with NewsServer(pages) as server:
        asked = f"{server.origin}/%s/listjobs.json?project=newsmirror"
        assert (
            refusal(server.origin + "/list/") == f"{asked % 'list'}: the answer is no JSON; is this Scrapyd?"
        )
        assert refusal(server.origin + "/busy") == f"{asked % 'busy'}: HTTP status 503; is this Scrapyd?"
