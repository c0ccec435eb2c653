"""`scrapy runs` and the figures for Prometheus: what manifests say, to a person and to a machine."""

import random
import re
import shlex
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from newsserver import POLITENESS_OFF, PROJECT, Run, scrapy
from prometheus_client.parser import text_string_to_metric_families

from newsmirror.feed.manifest import Manifest, SchemaRef, encode
from newsmirror.normalise.record import format_utc
from newsmirror.ops.charts import Point, Span, bars, line
from newsmirror.ops.figures import FIELDS
from newsmirror.ops.metrics import format_metrics
from newsmirror.ops.runs_page import render_runs
from newsmirror.ops.runs_table import format_runs, format_seconds

NOW = datetime(2026, 3, 1, 6, tzinfo=UTC)


def manifest(started: datetime, took: int = 185, site: str = "fyun", **changed: Any) -> Manifest:
    counts = {"found": 40, "pages": 52, "new": 38, "revised": 2, "unchanged": 7, "known": 3, "read": 47}
    whole = Manifest(
        feed_version="1.0",
        run_id=f"{site}-{started:%Y%m%dT%H%M%SZ}-000000",
        site=site,
        start="[]",
        started_at=format_utc(started),
        finished_at=format_utc(started + timedelta(seconds=took)),
        close_reason="finished",
        complete=True,
        reasons=[],
        counts={**counts, "warned": 1, "rejects": 4},
        rejects={"gone": 3, "soft_404": 1},
        fill=dict.fromkeys(FIELDS, 0.9),
        newest="2026-02-28T20:00:00Z",
        schema=SchemaRef("article-1.0.json", "0" * 64),
        parser_version="1",
        parts=[],
    )
    return replace(whole, **changed)


def a_year(site: str, first_crawl: int = 9_000) -> list[Manifest]:
    """A year of nights: a first crawl of the whole site, weekends, bad nights, a new layout in the end."""
    chance = random.Random(site)
    runs = []
    for number in range(365):
        started = NOW - timedelta(days=365 - number, hours=3, minutes=chance.randrange(20))
        if chance.random() < 0.02:
            continue  # the machine was off
        weekend = started.weekday() >= 5
        new = first_crawl if number == 0 else max(0, round(chance.gauss(18 if weekend else 46, 7)))
        if 200 <= number < 206:
            new = 0  # holidays
        read = new + chance.randrange(12)
        fill = {name: min(1.0, round(chance.gauss(0.97, 0.02), 4)) for name in FIELDS}
        fill |= {"editor": min(1.0, chance.gauss(0.72, 0.05)), "authors": chance.uniform(0.45, 0.7)}
        rejects = {"gone": chance.randrange(4)}
        changed: dict[str, Any] = {}
        if 150 <= number < 153:
            rejects["server_error"] = 25 + chance.randrange(9)
            told = f"{rejects['server_error']} of {read} requests were given up: server_error"
            changed = {"complete": False, "reasons": [told]}
        if number >= 360:
            fill |= {"published_raw": 0.04, "published_at": 0.04}
            changed = {
                "complete": False,
                "reasons": [
                    f"not found on {read} pages: published_raw (发布时间) on 96%, before on 3%. Has the "
                    "layout changed? See http://td.fyun.cc/a?x=<b>&y=\"1' http://td.fyun.cc/b http://td.fyun.cc/c"
                ],
            }
        if number == 77:
            changed = {
                "complete": False,
                "close_reason": "shutdown",
                "reasons": ["the run ended early: shutdown"],
            }
        counts = {"pages": read + 20, "new": new, "revised": chance.randrange(4), "unchanged": read - new}
        counts |= {"read": read, "rejects": sum(rejects.values()), "warned": 1, "known": 60}
        took = (
            14_000 if number == 0 else round(60 + read * chance.uniform(1.2, 2.2) + sum(rejects.values()) * 9)
        )
        runs.append(
            manifest(
                started, took, site, counts=counts, rejects=rejects, fill=fill if read else {}, **changed
            )
        )
    return runs


def keep(folder: Path, manifests: Iterable[Manifest]) -> None:
    for each in manifests:
        path = folder / "feed" / "v1" / "manifests" / f"{each.run_id}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(each))


HOSTILE = "http://kz.example/<script>alert(1)</script>?a='\"&b=\x1b[31m"


def three_runs() -> list[Manifest]:
    """A complete run, one of another site that is not, and one that goes on."""
    return [
        manifest(NOW - timedelta(days=1)),
        manifest(
            NOW - timedelta(hours=2),
            8105,
            "河洲.example",
            complete=False,
            close_reason="shutdown",
            reasons=["the run ended early: shutdown", f"See {HOSTILE}"],
        ),
        manifest(NOW, finished_at=None, close_reason=None, complete=False, counts={}, rejects={}, fill={}),
    ]


# ---- the table -------------------------------------------------------------------------------------------


def test_the_table_is_aligned_also_under_wide_characters() -> None:
    assert format_runs(three_runs()[::-1]).splitlines() == [
        "site          started (UTC)      took  pages  new  revised  unchanged  rejects  complete  ended",
        "fyun          2026-03-01 06:00                                                            goes on",
        "河洲.example  2026-03-01 04:00  2h15m     52   38        2          7        4  no        shutdown",
        "    - the run ended early: shutdown",
        "    - See http://kz.example/<script>alert(1)</script>?a='\"&b=\N{REPLACEMENT CHARACTER}[31m",
        "fyun          2026-02-28 06:00  3m05s     52   38        2          7        4  yes       finished",
    ]


def test_nobody_knows_how_long_a_run_took_that_died() -> None:
    died = manifest(NOW, took=90, close_reason="died", complete=False, counts={})
    assert format_runs([died]).splitlines()[1].split("  ")[2:4] == ["≥ 1m30s", ""]
    page = render_runs([manifest(NOW - timedelta(days=1)), died], 20, NOW)
    assert (page.count("≥ 1m30s"), page.count("1m30s")) == (1, 1)  # in the table, and in no chart
    assert page.count(": 3m05s") == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0, "0s"),
        (59.4, "59s"),
        (59.6, "1m00s"),
        (3599, "59m59s"),
        (3600, "1h00m"),
        (90061, "25h01m"),
    ],
)
def test_durations_are_readable(seconds: float | None, text: str) -> None:
    assert format_seconds(seconds) == text


def runs(kept: Path, *arguments: str) -> Run:
    return scrapy("runs", *arguments, kept=kept)


def test_the_newest_runs_come_first_and_may_be_chosen(tmp_path: Path) -> None:
    keep(tmp_path, three_runs())
    assert runs(tmp_path) == Run(0, format_runs(three_runs()[::-1]), "")
    assert runs(tmp_path, "--last", "1").stdout == format_runs(three_runs()[2:])
    assert runs(tmp_path, "--site", "河洲.example").stdout == format_runs(three_runs()[1:2])


def test_what_cannot_be_listed_is_told(tmp_path: Path) -> None:
    keep(tmp_path, three_runs())
    other = runs(tmp_path, "--site", "fyum")
    assert (other.code, other.stdout) == (2, "")
    assert "no run of a site 'fyum'; there are runs of: fyun, 河洲.example" in other.stderr
    assert runs(tmp_path, "--last", "0").code == 2
    file = next((tmp_path / "feed/v1/manifests").iterdir())
    no_folder = runs(tmp_path, "--html", str(file / "runs.html"))
    assert (no_folder.code, no_folder.stdout) == (2, "")
    assert f"--html: there is no folder data/feed/v1/manifests/{file.name}" in no_folder.stderr
    in_the_way = runs(tmp_path, "--html", str(file.parent))
    assert (in_the_way.code, in_the_way.stdout) == (1, "")
    assert "data/feed/v1/manifests: Is a directory; name a file that this user may write" in in_the_way.stderr
    (tmp_path / "feed/v1/manifests/damaged.json").write_text("{", "utf-8")
    damaged = runs(tmp_path)
    assert (damaged.code, damaged.stdout) == (1, "")
    assert "manifests/damaged.json: damaged: " in damaged.stderr


# ---- the page --------------------------------------------------------------------------------------------


class Reader(HTMLParser):
    """What a page consists of: its tags with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_asks_for_nothing_and_runs_nothing() -> None:
    page = Reader(render_runs(three_runs(), 20, NOW))
    tags = {tag for tag, _ in page.tags}
    assert tags.isdisjoint(
        {"script", "link", "img", "iframe", "object", "embed", "image", "use", "base", "form"}
    )
    names = {name for _, given in page.tags for name in given}
    assert names.isdisjoint({"src", "srcset", "action", "data", "xlink:href", "onload", "onclick"})
    assert {given["href"] for tag, given in page.tags if "href" in given} == {"#site-0", "#site-1"}
    [policy] = [given["content"] for tag, given in page.tags if given.get("http-equiv")]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    style = (PROJECT / "newsmirror/ops/runs_page.css").read_text("utf-8")
    assert "url(" not in style
    assert "@import" not in style


def test_what_a_site_wrote_is_text() -> None:
    hostile = manifest(NOW, site="<b>x</b>", complete=False, close_reason="<i>", reasons=[f"See {HOSTILE}"])
    page = Reader(render_runs([hostile], 20, NOW))
    assert {tag for tag, _ in page.tags} & {"script", "b", "i"} == {"b"}  # those of the fields
    assert page.text.count(f"See {HOSTILE}") == 1 + 3  # in the table, and under a cross of each chart
    assert page.text.count("<b>x</b>") == 2


def test_the_page_tells_each_run_and_marks_those_that_are_not_complete_in_words() -> None:
    text = re.sub(r"\s+", " ", Reader(render_runs(three_runs(), 20, NOW)).text)
    assert text.count("✓ complete") == 1
    assert text.count("✕ not complete") == 2  # in the overview, too
    assert text.count("… goes on") == 2
    assert "2026-02-28: 38 new, 2 revised" in text
    assert "2026-02-28: 3m05s" in text
    assert "editor (责任编辑): 90.0% on 2026-02-28, lowest 90.0% on 2026-02-28" in text


def test_takedowns_and_rereadings_are_listed_and_tell_nothing_of_the_site() -> None:
    crawl = manifest(NOW - timedelta(days=1), complete=False, reasons=["a reason"])
    later = [
        manifest(NOW - timedelta(hours=2), start="reread", counts={"new": 1000}, newest=None, fill={}),
        manifest(NOW, start="takedown", counts={"deleted": 1}, newest=None, fill={}),
        manifest(NOW, site="takedown", start="takedown", counts={"deleted": 0}, newest=None, fill={}),
    ]
    page, alone = render_runs([crawl, *later], 20, NOW), render_runs([crawl], 20, NOW)
    assert page.count("<tr title=") == 4
    [charts] = re.findall(r'<div class="panels">.*(?=<h3>)', page)
    assert charts in alone
    overview, alone = (re.findall(r"<tr><td><a .*?</tr>", each) for each in (page, alone))
    assert overview == [
        *alone,
        '<tr><td><a href="#site-1">takedown</a></td><td colspan=4>never crawled</td></tr>',
    ]
    assert page.count("<td>reread: finished</td>") == 1
    assert page.count("<td>takedown: finished</td>") == 2
    assert [line.split("  ")[-1].strip() for line in format_runs([crawl, *later]).splitlines()[1:]] == [
        "finished", "- a reason", "reread: finished", "takedown: finished", "takedown: finished",
    ]  # fmt: skip


def test_the_page_without_runs_says_so() -> None:
    assert "There are no runs yet." in render_runs([], 20, NOW)


def test_a_year_is_drawn_day_by_day_and_a_label_that_fell_is_marked() -> None:
    year = a_year("fyun")
    page = render_runs(year, 12, NOW)
    assert page.count('<rect class="bar"') == 2 * len(year)
    assert page.count('<g class="cross"><title>') == 3 * sum(not run.complete for run in year)
    assert page.count("<tr title=") == 12
    assert re.findall(r"<div class=fell><span>(\w+)</span>.*?<b>(.*?)</b>", page) == [
        ("published_raw", "▼ 4%"),
        ("published_at", "▼ 4%"),
    ]
    assert page.count("↑ 9,000") == 1
    for drawing in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(drawing)


DAY = date(2026, 3, 1)


def numbers(drawing: str, name: str) -> list[float]:
    return [float(value) for value in re.findall(rf'<rect[^>]* {name}="([\d.]+)"', drawing)]


def test_bars_stand_on_their_days_as_high_as_their_values() -> None:
    points = {
        DAY - timedelta(days=days): Point(value, str(value)) for days, value in [(0, 80), (13, 40), (14, 9)]
    }
    span = Span.over([DAY, DAY - timedelta(days=13)])
    assert (span.first, span.last, span.days) == (date(2026, 2, 16), DAY, 14)
    drawing = bars("Things", "a day", points, {}, span)
    # The plot is 508 wide, 118 high, and begins at 44. What is before the span is not drawn.
    middles = [
        x + width / 2 for x, width in zip(numbers(drawing, "x"), numbers(drawing, "width"), strict=True)
    ]
    assert middles == pytest.approx([44 + 508 / 28, 44 + 508 - 508 / 28], abs=0.01)
    assert numbers(drawing, "height") == [59, 118]
    assert re.findall(r'text-anchor="end">(\w+)<', drawing) == ["0", "40", "80"]


def test_a_span_is_two_weeks_at_least_and_a_year_at_most() -> None:
    assert Span.over([DAY]).first == DAY - timedelta(days=13)
    assert Span.over([DAY, DAY - timedelta(days=900)]).days == 366


def test_what_towers_is_cut_and_said_once_where_numbers_would_meet() -> None:
    def drawn(towers: dict[int, float]) -> tuple[list[str], list[str]]:
        values = {DAY - timedelta(days=days): towers.get(days, 10.0) for days in range(200)}
        points = {day: Point(value, "") for day, value in values.items()}
        drawing = line("Things", "", points, {}, Span.over([*values]))
        said, axis = r"↑ ([\d,]+)", r'text-anchor="end">(\w+)<'
        return re.findall(said, drawing), re.findall(axis, drawing)

    assert drawn({}) == ([], ["0", "5", "10"])
    assert drawn({30: 40}) == ([], ["0", "20", "40"])
    assert drawn({30: 41}) == (["41"], ["0", "5", "10"])
    assert drawn({30: 4000, 29: 5000, 28: 300, 150: 600}) == (["600", "5,000"], ["0", "5", "10"])


def test_documented_commands_run_as_written(tmp_path: Path) -> None:
    keep(tmp_path, [manifest(NOW, site="demo")])
    told = (PROJECT / "docs" / "health.md").read_text("utf-8")
    commands = [shlex.split(each)[1:] for each in re.findall(r"^    (scrapy runs.*)$", told, re.MULTILINE)]
    assert len(commands) == 3
    for command in commands:
        given = [str(tmp_path / "runs.html") if part == "runs.html" else part for part in command]
        assert (scrapy(*given, kept=tmp_path).code, given) == (0, given)
    assert '<h2 id="site-0">demo</h2>' in (tmp_path / "runs.html").read_text("utf-8")


# ---- Prometheus ------------------------------------------------------------------------------------------


def samples(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = list(text_string_to_metric_families(text))
    assert {family.type for family in families} == {"gauge"}
    assert all(family.documentation for family in families)
    found = [
        (sample.name, frozenset(sample.labels.items()), sample.value)
        for each in families
        for sample in each.samples
    ]
    assert len({each[:2] for each in found}) == len(found)
    return {(name, labels): value for name, labels, value in found}


def test_the_figures_of_a_run_are_gauges_of_its_site() -> None:
    told = manifest(NOW, 185, 'a"b\\c', complete=False, newest=None, fill={"editor": 0.9375})
    found = {
        (name.removeprefix("newsmirror_"), *sorted(value for key, value in labels if key != "site")): value
        for (name, labels), value in samples(format_metrics(told)).items()
        if dict(labels)["site"] == 'a"b\\c'
    }
    assert found == {
        ("run_complete",): 0,
        ("run_start_timestamp_seconds",): NOW.timestamp(),
        ("run_end_timestamp_seconds",): NOW.timestamp() + 185,
        ("run_duration_seconds",): 185,
        ("run_pages",): 52,
        ("run_articles", "new"): 38,
        ("run_articles", "revised"): 2,
        ("run_articles", "unchanged"): 7,
        ("run_articles", "known"): 3,
        ("run_rejects", "gone"): 3,
        ("run_rejects", "soft_404"): 1,
        ("run_field_fill_ratio", "editor"): 0.9375,
        ("run_findings",): 0,
    }


def test_a_crawl_writes_the_figures_of_its_site_whole(tmp_path: Path) -> None:
    folder = tmp_path / "textfile"
    given = ["-a", "related=0", *POLITENESS_OFF, "-s", f"NEWSMIRROR_PROMETHEUS_DIR={folder}"]
    assert scrapy("crawl", "demo", *given, kept=tmp_path).code == 0
    assert [path.name for path in folder.iterdir()] == ["newsmirror_demo.prom"]
    told = (folder / "newsmirror_demo.prom").read_text("utf-8")
    site = frozenset({("site", "demo")})
    assert samples(told)["newsmirror_run_complete", site] == 1
    assert samples(told)["newsmirror_run_articles", site | {("outcome", "new")}] == 76
    documented = set(re.findall(r"`(newsmirror_\w+)`", (PROJECT / "docs" / "health.md").read_text("utf-8")))
    assert {name for name, _ in samples(told)} | {"newsmirror_run_rejects"} == documented
    # A folder that cannot be written is told, and costs the run nothing.
    (tmp_path / "file").touch()
    given[-1] = f"NEWSMIRROR_PROMETHEUS_DIR={tmp_path / 'file'}"
    again = scrapy("crawl", "demo", *given, kept=tmp_path)
    assert (again.code, "The figures for Prometheus were not written: " in again.stderr) == (0, True)
