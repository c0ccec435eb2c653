"""Health: what each comparison tells, and that a run which a monitor doubts is kept, told, not complete."""

import json
import re
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from newsserver import POLITENESS_OFF, PROJECT, Entry, NewsServer, Page, Run, article, listing, scrapy
from spidermon import Action, Monitor

from newsmirror.feed import read
from newsmirror.feed.manifest import Finding
from newsmirror.feed.verify import verify
from newsmirror.ops import health
from newsmirror.ops.figures import FIELDS, Figures
from newsmirror.ops.health import Past, Present, Ratio, risen
from newsmirror.ops.monitors import Checkup, RunMonitors

NOW = datetime(2025, 1, 20, tzinfo=UTC)
DOC = (PROJECT / "docs" / "health.md").read_text("utf-8")


# ---- what a share means ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "past", "expected"),
    [
        # By more than 25 points, not by 25.
        (Ratio(26, 100), [Ratio(0, 100)], 0.0),
        (Ratio(25, 100), [Ratio(0, 100)], None),
        (Ratio(36, 100), [Ratio(10, 100)], 0.1),
        (Ratio(35, 100), [Ratio(10, 100)], None),
        # Five pages more than expected, not four.
        (Ratio(5, 5), [Ratio(0, 20)], 0.0),
        (Ratio(4, 4), [Ratio(0, 20)], None),
        (Ratio(10, 10), [Ratio(10, 20)], 0.5),
        (Ratio(9, 9), [Ratio(10, 20)], None),
        # Twenty pages in the past, not nineteen; several runs may bring them together.
        (Ratio(9, 9), [Ratio(0, 19)], None),
        (Ratio(9, 9), [Ratio(0, 10), Ratio(0, 0), Ratio(0, 10)], 0.0),
        (Ratio(9, 9), [], None),
        # A run counts for 100 pages at most: 0 % of 100 and 80 % of 100, not of 10,000.
        (Ratio(70, 100), [Ratio(0, 10_000), Ratio(80, 100)], 0.4),
        (Ratio(65, 100), [Ratio(0, 10_000), Ratio(80, 100)], None),
        (Ratio(0, 0), [Ratio(0, 100)], None),
    ],
)
def test_risen(now: Ratio, past: Sequence[Ratio], expected: float | None) -> None:
    assert risen(now, past, by=0.25) == expected


def test_risen_where_the_past_tells_nothing() -> None:
    assert risen(Ratio(6, 10), [Ratio(8, 19)], by=0.25, unknown=0.0) == 0.0
    assert risen(Ratio(6, 10), [Ratio(8, 20)], by=0.25, unknown=0.0) is None


# ---- comparisons -----------------------------------------------------------------------------------------


def figures(read: int = 40, lacking: Mapping[str, int] | None = None, warned: int = 0) -> Figures:
    """Figures of articles that have every field, but for `lacking`."""
    lacks = lacking or {}
    filled = Counter({name: read - lacks.get(name, 0) for name in FIELDS})
    made = Figures(read, warned, filled)
    for name in lacks:
        made.without[name] = [f"http://kz.example/{name}/{number}" for number in (1, 2, 3)]
    return made


def present(rejects: Mapping[str, int] | None = None, **given: Any) -> Present:
    counts = {"pages": 50, "walks": 4, "unpaged": 0, "barren": 0}
    return Present(**{"now": NOW, "counts": counts, "rejects": rejects or {}, "figures": figures(), **given})


def past(
    lacking: Mapping[str, int] | None = None, rejects: Mapping[str, int] | None = None, **counts: int
) -> Past:
    own = {"read": 40, "pages": 50, "warned": 0, "walks": 4, "unpaged": 0, "barren": 0, **counts}
    return Past(own, rejects or {}, figures(own["read"], lacking).fill())


def test_a_label_that_went_missing_is_named() -> None:
    now = present(figures=figures(lacking={"authors": 12, "editor": 38, "source": 10}))
    assert list(health.lacking(now, [past(), past({"editor": 4})])) == [
        "not found on 40 pages: authors (记者) on 30%, before on 0%; editor (责任编辑) on 95%, before on 5%. "
        "Has the layout changed? "
        "See http://kz.example/editor/1 http://kz.example/editor/2 http://kz.example/editor/3"
    ]
    assert list(health.lacking(now, [])) == []
    assert list(health.lacking(now, [past({"authors": 12, "editor": 38})])) == []


def test_a_time_that_lacks_its_text_is_named_once_and_one_that_cannot_be_read_by_itself() -> None:
    lacks = figures(lacking={"published_raw": 40, "published_at": 40, "snapshot_at": 40})
    assert list(health.lacking(present(figures=lacks), [past()])) == [
        "not found on 40 pages: published_raw (发布时间) on 100%, before on 0%; "
        "snapshot_at (快照生成时间, as a date that can be read) on 100%, before on 0%. "
        "Has the layout changed? See "
        "http://kz.example/published_raw/1 http://kz.example/published_raw/2 http://kz.example/published_raw/3"
    ]


def test_a_field_that_earlier_runs_did_not_know_is_not_compared() -> None:
    older = Past({"read": 100}, {}, {"title": 1.0})
    assert list(health.lacking(present(figures=figures(lacking={"editor": 40})), [older])) == []


def test_warnings_are_held_against_the_past() -> None:
    now = present(figures=figures(warned=15))
    told = "38% of 40 articles carry warnings, before 10%: the summary of the run counts them by code"
    assert list(health.warned(now, [past(warned=4)])) == [told]
    assert list(health.warned(now, [past(warned=5)])) == []
    assert list(health.warned(now, [])) == []
    # A label that went missing is warned of on every page, and is one finding.
    missing = figures(warned=40, lacking={"published_raw": 40})
    assert list(health.warned(present(figures=missing), [past()])) == []


def test_one_broken_record_is_told() -> None:
    told = ["records that broke the schema: 1; their rejects say at which key"]
    assert list(health.invalid(present({"invalid": 1, "gone": 9}))) == told
    assert list(health.invalid(present({"gone": 9}))) == []


def test_a_page_that_our_own_code_lost_is_told() -> None:
    lost = [f"http://kz.example/{number}" for number in (1, 1, 2, 3)]
    assert list(health.raised(present(raised=lost))) == [
        "pages lost by an exception: 4; the log has the traceback. See http://kz.example/1 http://kz.example/2"
    ]
    assert list(health.raised(present())) == []


def test_pages_that_are_no_articles_are_told_from_the_first_run_on() -> None:
    told = ["6 of 46 pages could not be read as articles: soft_404 4, not_html 1, unreadable 1"]
    now = present({"soft_404": 4, "unreadable": 1, "not_html": 1, "gone": 30, "server_error": 9})
    assert list(health.unread(now, [])) == told
    assert list(health.unread(now, [past()])) == told
    assert list(health.unread(now, [past(rejects={"soft_404": 2})])) == []
    assert list(health.unread(present({"soft_404": 4}, figures=figures(5)), [])) == []


def test_requests_that_were_given_up_are_told_from_the_first_run_on() -> None:
    told = ["10 of 60 requests were given up: server_error 8, refused 1, unreachable 1"]
    now = present(
        {"server_error": 8, "refused": 1, "unreachable": 1, "gone": 30, "soft_404": 9, "invalid": 2}
    )
    assert list(health.gave_up(now, [])) == told
    assert list(health.gave_up(now, [past(rejects={"unreachable": 4, "gone": 40})])) == told
    assert list(health.gave_up(now, [past(rejects={"unreachable": 7})])) == []
    assert list(health.gave_up(present({"refused": 4}, counts={"pages": 4}), [])) == []


def test_listings_that_lost_their_next_page_are_told() -> None:
    addresses = [f"http://kz.example/{number}/" for number in range(4)]
    now = present(counts={"walks": 4, "unpaged": 4, "barren": 2}, unpaged=addresses)
    assert list(health.broken_walks(now, [past(unpaged=1)])) == [
        "4 of 4 listings show no next page: has the pagination changed? Before it were 25%. "
        "See http://kz.example/0/ http://kz.example/1/ http://kz.example/2/",
        "2 of 4 listings led to no article and were given up: are their links still articles? "
        "Before it were 0%.",
    ]
    assert list(health.broken_walks(now, [past(unpaged=4, barren=1)])) == []
    assert list(health.broken_walks(now, [])) == []


def test_one_listing_in_two_runs_is_a_past() -> None:
    now = present(counts={"walks": 1, "unpaged": 1, "barren": 0}, unpaged=["http://kz.example/"])
    assert len(list(health.broken_walks(now, [past(walks=1), past(walks=1)]))) == 1
    assert list(health.broken_walks(now, [past(walks=1)])) == []


def test_a_site_that_is_still_for_too_long_is_told() -> None:
    told = [
        "the newest article is of 2025-01-12T23:59:59Z, 7 days ago: is the site still written, and do its "
        "listings show what is new? Its spider says stale_after = 7"
    ]
    assert list(health.stale(present(newest="2025-01-12T23:59:59Z", stale_after=7))) == told
    assert list(health.stale(present(newest="2025-01-13T00:00:00Z", stale_after=7))) == []
    assert list(health.stale(present(newest="2025-01-12T23:59:59Z"))) == []
    assert list(health.stale(present(stale_after=7))) == []


# ---- a suite and what it raises --------------------------------------------------------------------------


class Raises(Monitor):
    __test__ = False  # not pytest's

    def test_something(self) -> None:
        raise KeyError("nothing here")


class Notes(Action):
    noted: list[str]

    def run_action(self) -> None:
        self.noted.append("told")


class Breaks(Action):
    def run_action(self) -> None:
        raise OSError("nobody listens")


def suite(**given: Any) -> Any:
    return type("Suite", (RunMonitors,), given)()


def test_what_is_not_complete_anyway_fails_a_monitor_too() -> None:
    """Else a notification on failure would not tell of the worst: a run without an article."""
    noted: list[str] = []
    told = type("Told", (Notes,), {"noted": noted})
    checkup = Checkup(suite(monitors_failed_actions=[told]))
    assert checkup.look(present(), [], reasons=("no article was found", "a walk broke")) == [
        Finding("OutcomeMonitor", "no article was found"),
        Finding("OutcomeMonitor", "a walk broke"),
    ]
    assert noted == []
    checkup.notify()
    assert noted == ["told"]


def test_a_healthy_run_has_no_finding() -> None:
    noted: list[str] = []
    told = type("Told", (Notes,), {"noted": noted})
    checkup = Checkup(suite(monitors_failed_actions=[Breaks], monitors_passed_actions=[told]))
    assert checkup.look(present(newest="2025-01-19T00:00:00Z", stale_after=7), [past()], reasons=()) == []
    checkup.notify()
    assert noted == ["told"]


def test_a_monitor_that_raises_is_a_finding(caplog: pytest.LogCaptureFixture) -> None:
    checkup = Checkup(suite(monitors=[*RunMonitors.monitors, Raises]))
    assert checkup.look(present(), [], reasons=()) == [
        Finding("Raises", "it raised KeyError: 'nothing here'")
    ]
    assert "Traceback" in caplog.text


def test_a_suite_that_raises_is_a_finding(caplog: pytest.LogCaptureFixture) -> None:
    def broken(cls: type) -> None:
        raise ValueError("no database")

    raising = type("Raising", (Raises,), {"setUpClass": classmethod(broken)})
    [finding] = Checkup(suite(monitors=[raising])).look(present(), [], reasons=())
    assert finding.monitor == "Suite"
    assert "Traceback" in caplog.text


def test_an_action_that_fails_is_told_and_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    noted: list[str] = []
    told = type("Told", (Notes,), {"noted": noted})
    checkup = Checkup(suite(monitors_finished_actions=[Breaks, told]))
    checkup.look(present(), [], reasons=())
    checkup.notify()
    assert noted == ["told"]
    assert "The action Breaks failed: OSError: nobody listens" in caplog.text


# ---- whole runs ------------------------------------------------------------------------------------------

ENTRIES = [Entry(f"/gn/20250108/h{number}.html", f"河洲新闻第{number}号：一件新鲜事") for number in range(12)]
ADDRESSES = sorted(each.href for each in ENTRIES)


def site() -> dict[str, Page]:
    return {"/gn/": listing(ENTRIES)} | {each.href: article(each.title) for each in ENTRIES}


def with_another_layout() -> dict[str, Page]:
    """The same site, but the publication time stands behind a word that is no label."""
    return {path: page._replace(text=page.text.replace("发布时间", "时辰")) for path, page in site().items()}


def mirror(server: NewsServer, kept: Path, *arguments: str, spider: str = "anysite") -> Run:
    given = ["-a", f"start={server.origin}/gn/", "-a", "related=0", *arguments]
    return scrapy("crawl", spider, *given, *POLITENESS_OFF, kept=kept)


def manifests(kept: Path) -> list[dict[str, Any]]:
    assert verify(str(kept / "feed")) == []
    found = [json.loads(path.read_text("utf-8")) for path in (kept / "feed/v1/manifests").iterdir()]
    return sorted(found, key=lambda manifest: manifest["started_at"])


class Listener:
    """Takes what is posted to it, and looks which runs are committed then."""

    def __init__(self, kept: Path) -> None:
        self.posted: list[Any] = []
        self.committed: list[list[str]] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                listener.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                ended = [each for each in manifests(kept) if each["finished_at"] is not None]
                listener.committed.append([each["run_id"] for each in ended])
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    listening = Listener(tmp_path)
    yield listening
    listening.server.shutdown()
    listening.server.server_close()


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose modules a crawl can import."""
    folder = tmp_path / "modules"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{PROJECT}")
    return folder


def documented(beginning: str) -> list[str]:
    """Return the arguments of the documented command that begins so, but for the spider."""
    [line] = re.findall(rf"^    scrapy crawl fyun ({re.escape(beginning)}.*)$", DOC, re.MULTILINE)
    return shlex.split(line)


def test_a_layout_that_changes_is_told_posted_and_may_become_the_new_baseline(
    tmp_path: Path, modules: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    [code] = re.findall(r"`alarms.py`.*?```python\n(.*?)```", DOC, re.DOTALL)
    (modules / "alarms.py").write_text(code, "utf-8")
    monkeypatch.setenv("ALARM_URL", listener.url)
    options = ["-a", "refresh=true", *documented("-s NEWSMIRROR_MONITORS")]
    with NewsServer(site()) as server:
        for _ in range(3):
            assert mirror(server, tmp_path, *options).code == 0
        assert listener.posted == []
        server.pages = with_another_layout()
        drifted = mirror(server, tmp_path, *options)
        *healthy, manifest = manifests(tmp_path)
        [run_id] = re.findall(r"Run (\S+) is not complete", drifted.stderr)
        [message] = re.findall(r"Run \S+ is not complete: (.*)", drifted.stderr)
        examples = message.partition("See ")[2].split(" ")
        # What stands between two labels is neither's value, so the one before the changed word is lost, too.
        assert message.partition(" See ")[0] == (
            "not found on 12 pages: category (类别) on 100%, before on 0%; "
            "published_raw (发布时间) on 100%, before on 0%. Has the layout changed?"
        )
        assert len(set(examples)) == 3
        assert {url.removeprefix(server.origin) for url in examples} <= set(ADDRESSES)
        assert (drifted.code, manifest["complete"], manifest["reasons"]) == (1, False, [message])
        assert (manifest["run_id"], manifest["close_reason"]) == (run_id, "finished")
        assert manifest["findings"] == [{"monitor": "LayoutMonitor", "message": message}]
        assert [each["findings"] for each in healthy] == [[], [], []]
        assert [each["fill"]["published_at"] for each in healthy] == [1.0, 1.0, 1.0]
        assert (manifest["fill"]["published_at"], manifest["fill"]["editor"]) == (0.0, 1.0)
        assert [each["newest"] for each in (*healthy, manifest)] == ["2025-01-08T02:00:00Z"] * 3 + [None]
        # What was read is kept: twelve records, and twelve revisions without a time.
        records = [record["published_raw"] for record in read(str(tmp_path / "feed"))]
        assert records == ["2025-01-08 10:00:00"] * 12 + [None] * 12
        assert listener.posted == [{"site": "127.0.0.1", "run_id": run_id, "findings": [message]}]
        assert listener.committed == [[each["run_id"] for each in (*healthy, manifest)]]

        assert mirror(server, tmp_path, *options).code == 1
        assert mirror(server, tmp_path, *options, *documented("-a baseline")).code == 0
        assert mirror(server, tmp_path, *options).code == 0
        assert len(listener.posted) == 2


def test_requests_that_were_given_up_make_a_run_incomplete_but_lose_none(tmp_path: Path) -> None:
    refused = [*ENTRIES[::3], ENTRIES[1]]
    pages = site() | {each.href: Page("维护中", 503) for each in refused}
    with NewsServer(pages) as server:
        run = mirror(server, tmp_path)
    [manifest] = manifests(tmp_path)
    message = "5 of 13 requests were given up: server_error 5"
    assert (run.code, manifest["complete"], manifest["reasons"]) == (1, False, [message])
    assert manifest["findings"] == [{"monitor": "RequestsMonitor", "message": message}]
    assert manifest["rejects"] == {"server_error": 5}
    assert len(list(read(str(tmp_path / "feed")))) == 7


def test_records_that_break_the_schema_or_our_code_make_a_run_incomplete(
    tmp_path: Path, modules: Path
) -> None:
    (modules / "breaking.py").write_text(
        "from dataclasses import replace\n\n\n"
        "class Breaking:\n"
        "    def process_item(self, item):\n"
        "        if item.url.endswith('h5.html'):\n"
        "            raise KeyError('a case that nobody thought of')\n"
        "        return replace(item, title='') if item.url.endswith('h3.html') else item\n",
        "utf-8",
    )
    pipelines = {
        "newsmirror.pipelines.normalise.NormalisePipeline": 100,
        "breaking.Breaking": 150,
        "newsmirror.pipelines.validate.ValidatePipeline": 200,
        "newsmirror.pipelines.ledger.LedgerPipeline": 300,
    }
    with NewsServer(site()) as server:
        run = mirror(server, tmp_path, "-s", f"ITEM_PIPELINES={json.dumps(pipelines)}")
        lost = server.origin + ENTRIES[5].href
    [manifest] = manifests(tmp_path)
    assert (run.code, manifest["complete"]) == (1, False)
    assert manifest["findings"] == [
        {
            "monitor": "SchemaMonitor",
            "message": "records that broke the schema: 1; their rejects say at which key",
        },
        {
            "monitor": "ErrorsMonitor",
            "message": f"pages lost by an exception: 1; the log has the traceback. See {lost}",
        },
    ]
    assert len(list(read(str(tmp_path / "feed")))) == 10


def test_a_site_without_news_is_told_although_nothing_was_fetched(tmp_path: Path, modules: Path) -> None:
    (modules / "sites").mkdir()
    (modules / "sites" / "__init__.py").touch()
    (modules / "sites" / "still.py").write_text(
        "from newsmirror.spiders.base import SnapshotSpider\n\n\n"
        "class StillSpider(SnapshotSpider):\n"
        "    name = 'still'\n"
        "    stale_after = 30\n",
        "utf-8",
    )
    options = ["-s", "SPIDER_MODULES=sites"]
    with NewsServer(site()) as server:
        assert mirror(server, tmp_path, *options, spider="still").code == 1
        server.log.clear()
        run = mirror(server, tmp_path, *options, spider="still")
        assert "/gn/" in server.log
    for manifest in manifests(tmp_path):
        [reason] = manifest["reasons"]
        assert reason.startswith("the newest article is of 2025-01-08T02:00:00Z, ")
        assert manifest["findings"] == [{"monitor": "FreshnessMonitor", "message": reason}]
    assert run.code == 1


def test_a_listing_that_lost_its_next_page_makes_a_run_incomplete(tmp_path: Path) -> None:
    paged = site() | {
        "/gn/": listing(ENTRIES[:6], '<a href="/gn/2.html">下一页</a>'),
        "/gn/2.html": listing(ENTRIES[6:]),
    }
    with NewsServer(paged) as server:
        for _ in range(2):
            assert mirror(server, tmp_path, "-a", "sweep=true").code == 0
        server.pages = paged | {"/gn/": listing(ENTRIES[:6], '<button onclick="more()">更多</button>')}
        run = mirror(server, tmp_path, "-a", "sweep=true")
        address = f"{server.origin}/gn/"
    assert run.code == 1
    assert manifests(tmp_path)[-1]["reasons"] == [
        f"1 of 1 listings show no next page: has the pagination changed? Before it were 0%. See {address}"
    ]


def test_monitors_and_actions_that_raise_do_not_lose_the_run(tmp_path: Path, modules: Path) -> None:
    (modules / "bad.py").write_text(
        "from spidermon import Action, Monitor\n"
        "from newsmirror.ops.monitors import RunMonitors\n\n\n"
        "class Raises(Monitor):\n"
        "    def test_it(self):\n"
        "        raise KeyError('nothing here')\n\n\n"
        "class Breaks(Action):\n"
        "    def run_action(self):\n"
        "        raise OSError('nobody listens')\n\n\n"
        "class Bad(RunMonitors):\n"
        "    monitors = [*RunMonitors.monitors, Raises]\n"
        "    monitors_failed_actions = [Breaks]\n\n"
        "    def on_monitors_failed(self, result):\n"
        "        raise ValueError('a hook')\n\n\n"
        "class Unset(Action):\n"
        "    @classmethod\n"
        "    def from_crawler_kwargs(cls, crawler):\n"
        "        raise LookupError('no address to post to')\n\n\n"
        "class Worse(RunMonitors):\n"
        "    monitors_failed_actions = [Unset]\n",
        "utf-8",
    )
    with NewsServer(site()) as server:
        unusable = mirror(server, tmp_path, "-s", "NEWSMIRROR_MONITORS=bad.Worse")
        assert (unusable.code, server.log) == (1, [])
        assert "NEWSMIRROR_MONITORS='bad.Worse': LookupError: no address to post to; " in unusable.stderr
        absent = mirror(server, tmp_path, "-s", "NEWSMIRROR_MONITORS=bad.Absent")
        assert (absent.code, server.log) == (1, [])
        assert "NEWSMIRROR_MONITORS='bad.Absent': NameError: " in absent.stderr
        run = mirror(server, tmp_path, "-s", "NEWSMIRROR_MONITORS=bad.Bad")
    [manifest] = manifests(tmp_path)
    assert (run.code, manifest["complete"]) == (1, False)
    assert manifest["reasons"] == ["it raised KeyError: 'nothing here'"]
    assert "ValueError: a hook" in run.stderr
    assert len(list(read(str(tmp_path / "feed")))) == 12


@pytest.mark.parametrize("command", [["list"], ["feed", "status"], ["runs"], ["version"]])
def test_commands_that_crawl_nothing_do_not_wait_for_spidermon(command: list[str], tmp_path: Path) -> None:
    run = [sys.executable, "-X", "importtime", "-m", "scrapy", *command]
    done = subprocess.run(run, cwd=PROJECT, capture_output=True, text=True, check=False)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "scrapy.cmdline" in imported
    assert "spidermon" not in imported


def test_the_documented_thresholds_are_the_ones_in_use() -> None:
    assert (health.LACKING_RISE, health.WARNED_RISE, health.WALKS_RISE) == (0.25, 0.25, 0.25)
    assert (health.UNREAD_RISE, health.GAVE_UP_RISE) == (0.1, 0.05)
    assert (health.LAST_RUNS, health.HEAVIEST, health.LEAST_PAST_PAGES, health.LEAST_BEYOND) == (
        10,
        100,
        20,
        5,
    )
    monitors = re.findall(r"^\| `(\w+Monitor)` ", DOC, re.MULTILINE)
    assert monitors == [monitor.__name__ for monitor in RunMonitors.monitors]
