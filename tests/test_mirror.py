"""Runs over one ledger and one feed: again, after edits, after kills, beside each other."""

import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from newsserver import (
    BODY,
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

from newsmirror.archive.files import closed_files
from newsmirror.feed import read
from newsmirror.feed.verify import verify


def entry(name: str) -> Entry:
    return Entry(f"/gn/20250108/{name}.html", f"河洲新闻第{name}号：一件新鲜事")


NAMES = ["a1", "a2", "a3", "a4", "a5", "a6"]
FIRST, SECOND = [entry(name) for name in NAMES[:3]], [entry(name) for name in NAMES[3:]]
NEXT = '<a href="/gn/index_2.html">下一页</a>'


def site(**changed: Page) -> dict[str, Page]:
    """A listing of two pages with three articles each; `changed`: articles that say something else."""
    pages = {"/gn/": listing(FIRST, NEXT), "/gn/index_2.html": listing(SECOND)}
    return pages | {
        each.href: changed.get(name) or article(each.title)
        for name, each in zip(NAMES, FIRST + SECOND, strict=True)
    }


def mirror(server: NewsServer, kept: Path, *arguments: str) -> Run:
    server.log.clear()
    given = ["-a", f"start={server.origin}/gn/", "-a", "related=0", *arguments]
    return scrapy("crawl", "anysite", *given, *POLITENESS_OFF, kept=kept)


def feed(kept: Path, since: int = 0) -> list[dict[str, Any]]:
    assert verify(str(kept / "feed")) == []
    return list(read(str(kept / "feed"), since))


def rejects(kept: Path) -> list[dict[str, Any]]:
    parts = sorted((kept / "feed/v1/rejects").rglob("*.gz"))
    return [json.loads(line) for part in parts for line in gzip.decompress(part.read_bytes()).splitlines()]


def manifests(kept: Path) -> list[dict[str, Any]]:
    found = [json.loads(path.read_text("utf-8")) for path in (kept / "feed/v1/manifests").iterdir()]
    return sorted(found, key=lambda manifest: manifest["started_at"])


def paths(server: NewsServer, records: list[dict[str, Any]]) -> list[str]:
    return sorted(record["url"].removeprefix(server.origin) for record in records)


ALL = sorted(each.href for each in FIRST + SECOND)


def test_an_unchanged_site_is_asked_for_its_listing_only(tmp_path: Path) -> None:
    with NewsServer(site()) as server:
        assert mirror(server, tmp_path).code == 0
        assert sorted(server.log) == sorted(["/robots.txt", "/gn/", "/gn/index_2.html", *ALL])
        assert paths(server, feed(tmp_path)) == ALL
        again = mirror(server, tmp_path)
        assert (again.code, server.log) == (0, ["/robots.txt", "/gn/"])
        assert paths(server, feed(tmp_path)) == ALL
        assert mirror(server, tmp_path, "-a", "sweep=true").code == 0
        assert server.log == ["/robots.txt", "/gn/", "/gn/index_2.html"]
        first, second, third = manifests(tmp_path)
    assert [len(each["parts"]) for each in (first, second, third)] == [1, 0, 0]
    assert [each["complete"] for each in (first, second, third)] == [True] * 3
    assert [each["counts"]["known"] for each in (first, second, third)] == [0, 3, 6]


def test_what_the_same_run_has_just_read_ends_no_walk(tmp_path: Path) -> None:
    """The first page of 国内 shows what the home page has shown, and was read, before."""
    home = listing(FIRST, nav='<a href="/gn/">国内</a>')
    with NewsServer({"/": home, **site()}) as server:
        given = ["-a", f"start={server.origin}/", "-a", "related=0", "-s", "CONCURRENT_REQUESTS=1"]
        assert scrapy("crawl", "anysite", *given, *POLITENESS_OFF, kept=tmp_path).code == 0
        assert paths(server, feed(tmp_path)) == ALL
        [manifest] = manifests(tmp_path)
    assert manifest["counts"]["known"] == 0


def test_an_edit_is_a_revision_and_an_edit_back_another(tmp_path: Path) -> None:
    edited = article(entry("a2").title, body=[*BODY, "更正：首班渡船是六点开。"])
    with NewsServer(site()) as server:
        mirror(server, tmp_path)
        for pages in (site(a2=edited), site(), site()):
            server.pages = pages
            assert mirror(server, tmp_path, "-a", "refresh=true", "-o", str(tmp_path / "out.jsonl")).code == 0
        later = feed(tmp_path, since=6)
    given_out = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert given_out == [record | {"seq": None} for record in later]
    assert [record["change_cause"] for record in later] == ["source", "source"]
    assert [(record["op"], record["revision"], record["seq"]) for record in later] == [
        ("revise", 2, 7),
        ("revise", 3, 8),
    ]
    assert {record["url"] for record in later} == {server.origin + entry("a2").href}
    assert [record["body_text"].endswith("六点开。") for record in later] == [True, False]
    assert len({record["first_seen_at"] for record in later}) == 1


def test_killed_anywhere_the_next_run_completes_the_feed(tmp_path: Path) -> None:
    with NewsServer(site()) as server:
        for kept in (tmp_path / f"after-{count}" for count in (1, 2, 5, 8)):
            count = int(kept.name.removeprefix("after-"))
            server.log.clear()
            process = start(server, kept)
            while len(server.log) < count and process.poll() is None:
                time.sleep(0.005)
            process.kill()
            process.wait()
            assert mirror(server, kept).code == 0
            assert paths(server, feed(kept)) == ALL, kept.name
            assert [record["seq"] for record in feed(kept)] == [1, 2, 3, 4, 5, 6]


BUSY = Page("<title>系统繁忙</title><p>系统繁忙，请稍后再试</p>")


def test_an_article_that_could_not_be_had_is_asked_for_again(tmp_path: Path) -> None:
    """It stands behind a page on which all is known. One that is gone, or was had at last, is let be."""
    out = {"a4": BUSY, "a6": Page("", 503)}
    asked: list[list[str]] = []
    with NewsServer(site(a5=Page("", 404), **out)) as server:
        for pages in (None, site(**out), site(), site()):
            server.pages = pages or server.pages
            assert mirror(server, tmp_path, "-s", "RETRY_TIMES=0").code == 0
            asked.append(sorted(server.log))
        records = feed(tmp_path)
    assert asked[0] == sorted(["/robots.txt", "/gn/", "/gn/index_2.html", *ALL])
    known = ["/gn/", "/robots.txt"]
    again = sorted([*known, entry("a4").href, entry("a6").href])
    assert asked[1:] == [again, again, known]
    assert paths(server, records) == [path for path in ALL if path != entry("a5").href]
    assert {record["url"]: record["discovery"] for record in records}[server.origin + entry("a6").href] == {
        "kind": "listing",
        "from_url": server.origin + "/gn/index_2.html",
        "position": 3,
    }


def owed(kept: Path) -> list[tuple[str, int]]:
    """What the last run left to the next: addresses, and how many runs have given them up."""
    with closing(sqlite3.connect(kept / "ledger.db")) as ledger:
        last = "SELECT note FROM runs ORDER BY started_at DESC, run_id DESC LIMIT 1"
        [note] = ledger.execute(last).fetchone()
    return [(way[0], runs) for way, runs in json.loads(note)["owed"]]


def test_what_a_stopped_run_did_not_ask_for_again_is_still_owed(tmp_path: Path) -> None:
    with NewsServer(site(a6=BUSY)) as server:
        run = mirror(server, tmp_path)
        assert run.code == 0
        assert "  given up, for the next run to ask again: 1\n" in run.summary
        server.log.clear()
        process = start(server, tmp_path, "-s", "DOWNLOAD_DELAY=2")
        while not server.log:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 1
        assert owed(tmp_path) == [(server.origin + entry("a6").href, 1)]


def test_what_is_young_is_fetched_again_also_behind_the_first_page(tmp_path: Path) -> None:
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    day = (now - timedelta(days=1)).date().isoformat()
    young = {path: page._replace(text=page.text.replace("2025-01-08", day)) for path, page in site().items()}
    with NewsServer(young | {"/gn/": listing(FIRST, NEXT), "/gn/index_2.html": listing(SECOND)}) as server:
        for _ in range(2):
            assert mirror(server, tmp_path).code == 0
            assert sorted(server.log) == sorted(["/robots.txt", "/gn/", "/gn/index_2.html", *ALL])
        assert [record["op"] for record in feed(tmp_path)] == ["insert"] * 6
        mirror(server, tmp_path, "-a", "revisit_days=0")
        assert server.log == ["/robots.txt", "/gn/"]


BASELINE = ("-a", "baseline=true")
HOME = '<a href="/gn/">国内</a> <a href="/gj/">国际</a> <a href="/sh/">社会</a>'


def home() -> dict[str, Page]:
    """A home page with three categories of five articles each."""
    pages = {"/": Page(f"<title>快照网</title><h1>快照网</h1><div>{HOME}</div>")}
    for category in ("gn", "gj", "sh"):
        entries = [entry(f"{category}{number}") for number in range(5)]
        pages[f"/{category}/"] = listing(entries, nav=HOME)
        pages |= {each.href: article(each.title) for each in entries}
    return pages


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (BUSY, "its first page has no links to articles"),
        (Page("", 404), "HTTP status 404"),
        (
            redirect("http://elsewhere.example/"),
            "{origin}/gj/ leads to {elsewhere}, which is no page of the site",
        ),
        (article("河洲国际机场新航站楼启用"), "it reads as an article"),
    ],
)
def test_a_category_that_shows_no_article_any_more_is_told(answer: Page, why: str, tmp_path: Path) -> None:
    with NewsServer(home()) as server:
        start = f"start={server.origin}/"
        assert mirror(server, tmp_path, "-a", start).code == 0
        server.pages = home() | {"/gj/": answer}
        told = mirror(server, tmp_path, "-a", start)
        why = why.format(origin=server.origin, elsewhere="http://elsewhere.example/")
        assert (told.code, told.reasons) == (
            1,
            [f"listing {server.origin}/gj/ showed articles before, and none now: {why}"],
        )


def test_a_category_that_is_gone_for_good_is_told_no_more_to_whoever_knows(tmp_path: Path) -> None:
    with NewsServer(home()) as server:
        start = f"start={server.origin}/"
        mirror(server, tmp_path, "-a", start)
        server.pages = home() | {"/gj/": Page("", 404)}
        codes = [mirror(server, tmp_path, "-a", start, *more).code for more in (BASELINE, ())]
    assert codes == [0, 0]


def test_a_category_that_is_linked_no_more_is_none(tmp_path: Path) -> None:
    with NewsServer(home()) as server:
        assert mirror(server, tmp_path, "-a", f"start={server.origin}/").code == 0
        server.pages = {
            path: page._replace(text=page.text.replace('<a href="/gj/">国际</a>', ""))
            for path, page in home().items()
        }
        assert mirror(server, tmp_path, "-a", f"start={server.origin}/").code == 0
        assert "/gj/" not in server.log


def test_what_an_unfinished_run_has_seen_ends_no_walk(tmp_path: Path) -> None:
    """After the first page only, the second page is as unknown as before."""
    with NewsServer(site()) as server:
        assert mirror(server, tmp_path, "-a", "max_pages=1").code == 0
        assert paths(server, feed(tmp_path)) == sorted(each.href for each in FIRST)
        assert mirror(server, tmp_path, "-a", "max_articles=1").code == 1
        assert mirror(server, tmp_path).code == 0
        assert paths(server, feed(tmp_path)) == ALL
        mirror(server, tmp_path)
        assert server.log == ["/robots.txt", "/gn/"]


def test_a_run_since_a_date_does_not_end_one_that_looks_further_back(tmp_path: Path) -> None:
    new = [entry(name)._replace(date="2025-02-01 08:00:00") for name in NAMES[:3]]
    with NewsServer(site() | {"/gn/": listing(new, NEXT)}) as server:
        assert mirror(server, tmp_path, "-a", "since=2025-01-20").code == 0
        assert paths(server, feed(tmp_path)) == sorted(each.href for each in FIRST)
        mirror(server, tmp_path, "-a", "since=2025-01-20")
        assert server.log == ["/robots.txt", "/gn/"]
        mirror(server, tmp_path, "-a", "since=2025-01-02")
        assert paths(server, feed(tmp_path)) == ALL


def test_a_second_run_on_the_same_site_is_refused(tmp_path: Path) -> None:
    with NewsServer(site()) as server:
        process = start(server, tmp_path, "-s", "DOWNLOAD_DELAY=30")
        while not server.log:
            time.sleep(0.01)
        refused = mirror(server, tmp_path)
        process.kill()
        process.wait()
        assert refused.code == 1
        assert "127.0.0.1 is being crawled by run 127.0.0.1-" in refused.stderr
        assert "Traceback" not in refused.stderr
        assert mirror(server, tmp_path).code == 0
        assert paths(server, feed(tmp_path)) == ALL


def test_a_run_that_is_stopped_commits_what_it_has(tmp_path: Path) -> None:
    entries = [entry(f"b{number}") for number in range(60)]
    pages = {"/gn/": listing(entries)} | {each.href: article(each.title) for each in entries}
    with NewsServer(pages) as server:
        process = start(server, tmp_path, "-s", "DOWNLOAD_DELAY=0.2", "-s", "CONCURRENT_REQUESTS=1")
        while len(server.log) < 5:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 1
        [stopped] = manifests(tmp_path)
        assert (stopped["complete"], stopped["close_reason"]) == (False, "shutdown")
        assert 0 < len(feed(tmp_path)) < len(entries)
        assert mirror(server, tmp_path).code == 0
        assert paths(server, feed(tmp_path)) == sorted(each.href for each in entries)


def test_a_run_without_an_article_says_so(tmp_path: Path) -> None:
    with NewsServer({"/gn/": Page("<title>维护中</title><p>网站维护中</p>")}) as server:
        run = mirror(server, tmp_path)
    assert run.code == 1
    [manifest] = manifests(tmp_path)
    assert (manifest["complete"], manifest["parts"]) == (False, [])
    assert manifest["reasons"] == [
        "no article was found: has the site changed, or does it refuse to answer?",
        f"start page {server.origin}/gn/ is neither an article nor a listing",
    ]


def test_a_run_that_finds_under_half_is_not_believed(tmp_path: Path) -> None:
    with NewsServer(site()) as server:
        assert mirror(server, tmp_path).code == 0
        server.pages = {"/gn/": listing(FIRST[:1]), FIRST[0].href: article(FIRST[0].title)}
        assert mirror(server, tmp_path).code == 1
    assert [manifest["complete"] for manifest in manifests(tmp_path)] == [True, False]


def test_a_deleted_article_is_a_reject(tmp_path: Path) -> None:
    with NewsServer(site(a6=Page("<title>提示</title><p>信息不存在</p>"))) as server:
        run = mirror(server, tmp_path)
        [manifest] = manifests(tmp_path)
        assert (run.code, manifest["counts"]["rejects"]) == (0, 1)
        assert [part["rows"] for part in manifest["parts"] if part["kind"] == "rejects"] == [1]
        assert paths(server, feed(tmp_path)) == ALL[:5]


@pytest.mark.parametrize("target", ["/gn/", "/"])
def test_an_article_that_leads_to_a_page_which_is_none_is_a_reject(target: str, tmp_path: Path) -> None:
    """Whether that page was read already or not; two of them lead there."""
    pages = home() | site()
    with NewsServer(pages) as server:
        assert mirror(server, tmp_path, "-a", f"start={server.origin}/gn/").code == 0
        server.pages = pages | {entry("a5").href: redirect(target), entry("a6").href: redirect(target)}
        assert mirror(server, tmp_path, "-a", f"start={server.origin}/gn/", "-a", "refresh=true").code == 0
    ids = {record["url"]: record["article_id"] for record in feed(tmp_path)}
    told = rejects(tmp_path)
    assert sorted(row["url"] for row in told) == [server.origin + entry(name).href for name in ("a5", "a6")]
    assert {row["reason"] for row in told} == {"soft_404"}
    assert [row["article_id"] for row in told] == [ids[row["url"]] for row in told]


def test_a_new_ledger_is_made_from_the_feed(tmp_path: Path) -> None:
    with NewsServer(site()) as server:
        mirror(server, tmp_path)
        (tmp_path / "ledger.db").write_bytes(b"not a database" * 1000)
        refused = mirror(server, tmp_path)
        assert (refused.code, server.log) == (1, [])
        assert "scrapy feed rebuild-ledger" in refused.stderr
        for leftover in tmp_path.glob("ledger.db*"):
            leftover.unlink()
        assert scrapy("feed", "rebuild-ledger", kept=tmp_path).code == 0
        # It knows the articles, not that the listing was once walked to its end.
        again = mirror(server, tmp_path)
        assert (again.code, server.log) == (0, ["/robots.txt", "/gn/", "/gn/index_2.html"])
        assert paths(server, feed(tmp_path)) == ALL
        # And from the archive, that the bytes of the listing are kept; robots.txt has none.
        kept = gzip.decompress(closed_files(tmp_path / "archive")[-1].read_bytes())
        assert (kept.count(b"WARC-Type: revisit\r\n"), kept.count(b"WARC-Type: response\r\n")) == (2, 1)


@pytest.mark.parametrize("verb", ["status", "verify", "read"])
def test_the_feed_is_looked_at_from_the_terminal(tmp_path: Path, verb: str) -> None:
    with NewsServer(site()) as server:
        mirror(server, tmp_path)
        run = scrapy("feed", verb, *(["--since", "4"] if verb == "read" else []), kept=tmp_path)
    assert (run.code, run.stderr) == (0, "")
    if verb == "read":
        assert [json.loads(line)["seq"] for line in run.stdout.splitlines()] == [5, 6]
    elif verb == "status":
        assert json.loads(run.stdout)["index"]["last_seq"] == 6
    else:
        assert run.stdout.endswith("every part is as its manifest says\n")


def test_a_wrong_verb_and_a_relative_folder_under_scrapyd_are_told(tmp_path: Path) -> None:
    wrong = scrapy("feed", "reed", kept=tmp_path)
    assert (wrong.code, "is none of: status, verify, read, rebuild-ledger" in wrong.stderr) == (2, True)
    environment = {
        **os.environ,
        "NEWSMIRROR_DIR": "data",
        "SCRAPY_PROJECT": "newsmirror",
        "SCRAPY_SETTINGS_MODULE": "newsmirror.settings",
    }
    command = [sys.executable, "-m", "scrapy", "crawl", "demo"]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, "NEWSMIRROR_DIR='data' is no absolute path" in done.stderr) == (2, True)


def start(server: NewsServer, kept: Path, *options: str) -> subprocess.Popen[bytes]:
    given = ["-a", f"start={server.origin}/gn/", "-a", "related=0", *POLITENESS_OFF, *options]
    return subprocess.Popen(
        [sys.executable, "-m", "scrapy", "crawl", "anysite", *given],
        cwd=PROJECT, env={**os.environ, "NEWSMIRROR_DIR": str(kept)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
