"""A takedown as its operator sees it: `scrapy takedown`, the crawls after it, and `scrapy as-of`."""

import json
import os
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from datetime import datetime
from importlib import import_module
from pathlib import Path
from urllib.parse import quote

import pytest
from feedmaker import House
from newsserver import POLITENESS_OFF, PROJECT, Entry, NewsServer, Run, article, listing, redirect, scrapy
from scrapy.exceptions import UsageError
from scrapy.settings import Settings
from test_signals import ADDRESSES, Gate, accepted
from test_signals import crawl as crawl_slowly
from test_takedown import is_gone

from newsmirror.feed import read
from newsmirror.feed.manifest import read_manifests
from newsmirror.feed.reader import as_of
from newsmirror.feed.storage import Storage
from newsmirror.feed.verify import verify
from newsmirror.ledger.ledger import Ledger
from newsmirror.normalise.urls import identity

SENTENCE = "只有被撤下的那一篇写着：沙洲上的旧灯塔又亮了。"
ENTRIES = [Entry(f"/gn/20250108/a{number}.html", f"河洲新闻第{number}号：一件新鲜事") for number in range(3)]
GONE = ENTRIES[1]
ORIGINAL = "http://wb.hezhou.example/" + quote(GONE.title)


def crawl(server: NewsServer, kept: Path, *arguments: str) -> Run:
    server.log.clear()
    given = ["-a", f"start={server.origin}/gn/", "-a", "related=0", *arguments]
    return scrapy("crawl", "anysite", *given, *POLITENESS_OFF, kept=kept)


@pytest.fixture
def server() -> Iterator[NewsServer]:
    pages = {"/gn/": listing(ENTRIES)}
    pages |= {each.href: article(each.title) for each in ENTRIES}
    pages[GONE.href] = article(GONE.title, body=[SENTENCE, "第二段也只在这里。"])
    with NewsServer(pages) as server:
        yield server


def test_an_article_is_taken_down_by_its_original(server: NewsServer, tmp_path: Path) -> None:
    assert crawl(server, tmp_path).code == 0
    assert not is_gone(tmp_path, SENTENCE)
    done = scrapy("takedown", f"{ORIGINAL}?utm_source=x", "--reason", "权利人来信", kept=tmp_path)
    assert (done.code, done.stderr) == (0, "")
    assert server.strip(done.stdout).splitlines() == [
        f"blocked: {ORIGINAL}",
        f"removed: {GONE.href}",
        "rewritten: 1 parts of the feed, 1 files of the archive",
    ]
    assert is_gone(tmp_path, SENTENCE)
    assert verify(str(tmp_path / "feed")) == []

    *_, first = read_manifests(Storage(str(tmp_path / "feed")))
    done = scrapy("takedown", ORIGINAL, "--reason", "zum zweiten Mal", kept=tmp_path)
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"taken down already, by run {first.run_id}: {ORIGINAL}",
        "rewritten: 0 parts of the feed, 0 files of the archive",
    ]

    # Nobody asks for it again.
    again = crawl(server, tmp_path, "-a", "refresh=true", "-a", "sweep=true")
    assert again.code == 0
    assert sorted(server.log) == ["/gn/", ENTRIES[0].href, ENTRIES[2].href, "/robots.txt"]
    assert "skipped: taken_down 1\n" in again.summary
    assert (is_gone(tmp_path, SENTENCE), verify(str(tmp_path / "feed"))) == (True, [])
    ops = [(server.strip(each["url"]), each["op"]) for each in read(str(tmp_path / "feed"))]
    assert sorted(ops[:3]) == [(each.href, "delete" if each is GONE else "insert") for each in ENTRIES]
    assert ops[3:] == [(GONE.href, "delete")]

    run = scrapy("as-of", "2099-01-01", kept=tmp_path)
    shown = sorted(server.strip(json.loads(line)["url"]) for line in run.stdout.splitlines())
    assert (run.code, run.stderr, shown) == (0, "", [ENTRIES[0].href, ENTRIES[2].href])
    assert list(as_of(str(tmp_path / "feed"), datetime.fromisoformat("2025-01-08T12:00:00+08:00"))) == []


def test_other_mirrors_of_the_same_original_are_named(server: NewsServer, tmp_path: Path) -> None:
    copy = Entry("/gj/20250108/b1.html", GONE.title)
    server.pages = {**server.pages, "/gn/": listing([*ENTRIES, copy]), copy.href: server.pages[GONE.href]}
    assert crawl(server, tmp_path).code == 0
    done = scrapy("takedown", server.origin + GONE.href, "--reason", "x", kept=tmp_path)
    assert (done.code, server.strip(done.stdout).splitlines()) == (
        0,
        [
            f"blocked: {GONE.href}",
            f"removed: {GONE.href}",
            f"left: {copy.href} mirrors the same original; to remove it, too, name the original",
            "rewritten: 1 parts of the feed, 1 files of the archive",
        ],
    )


def test_where_nobody_reads_what_it_says_it_is_done_all_the_same(server: NewsServer, tmp_path: Path) -> None:
    assert crawl(server, tmp_path).code == 0
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as broken:
        done = subprocess.run(
            [sys.executable, "-u", "-m", "scrapy", "takedown", ORIGINAL, "--reason", "x"],
            cwd=PROJECT, stdout=broken, stderr=subprocess.PIPE, text=True, check=False,
            env={**os.environ, "NEWSMIRROR_DIR": str(tmp_path)},
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (141, "")
    assert is_gone(tmp_path, SENTENCE)
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        assert ledger.due_takedowns() == {}


def test_while_the_site_is_crawled(tmp_path: Path) -> None:
    """The run has read the article, and asks for another one that it does not know to be blocked."""
    pages = Gate(answered=3)
    for address in ADDRESSES:
        pages[address] = article(f"沙洲{address}", body=[f"{SENTENCE}{address}"])
    with NewsServer(pages) as server:
        with crawl_slowly(server, tmp_path) as process:
            pages.wait()
            while accepted(tmp_path) < 3:
                time.sleep(0.01)
            read_already = pages.asked[0]
            to_come = next(each for each in ADDRESSES if each not in pages.asked)
            outputs = []
            for address in (read_already, to_come):
                done = scrapy("takedown", server.origin + address, "--reason", "x", kept=tmp_path)
                assert (done.code, done.stderr) == (0, "")
                outputs.append(server.strip(done.stdout).splitlines()[1])
                assert "still due: what a run that goes on has kept" in done.stdout
            pages.opened.set()
            _, log = process.communicate(timeout=60)
        assert (process.returncode, to_come in server.log) == (0, True)
        assert outputs[0] == f"removed: {read_already}"
        assert f"taken down: {server.origin}{to_come}" in log
        assert verify(str(tmp_path / "feed")) == []
        left = [each for each in ADDRESSES if not is_gone(tmp_path, f"{SENTENCE}{each}")]
        assert left == [each for each in ADDRESSES if each not in (read_already, to_come)]
        last = {server.strip(each["url"]): each["op"] for each in read(str(tmp_path / "feed"))}
    assert last == dict.fromkeys(left, "insert") | {read_already: "delete"}
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        assert ledger.due_takedowns() == {}


def test_an_address_that_nothing_is_known_of_is_blocked(server: NewsServer, tmp_path: Path) -> None:
    Ledger.open(f"sqlite:///{tmp_path}/ledger.db").close()
    done = scrapy("takedown", f"{server.origin}{GONE.href}", "--reason", "x", kept=tmp_path)
    assert (done.code, server.strip(done.stdout).splitlines()) == (
        0,
        [
            f"blocked: {GONE.href}",
            "no article is left to remove: none in the feed is or mirrors this address",
            "rewritten: 0 parts of the feed, 0 files of the archive",
        ],
    )
    [told] = read_manifests(Storage(str(tmp_path / "feed")))
    assert (told.site, told.is_crawl, told.run_id.startswith("takedown-")) == ("takedown", False, True)
    # Where another address leads to it, neither.
    listed = [ENTRIES[0], Entry("/go.html", GONE.title), ENTRIES[2]]
    server.pages = {**server.pages, "/gn/": listing(listed), "/go.html": redirect(GONE.href)}
    run = crawl(server, tmp_path)
    assert (run.code, "skipped: taken_down 1\n" in run.summary) == (0, True)
    assert sorted(server.log) == ["/gn/", ENTRIES[0].href, ENTRIES[2].href, "/go.html", "/robots.txt"]
    assert sorted(server.strip(each["url"]) for each in read(str(tmp_path / "feed"))) == [
        ENTRIES[0].href,
        ENTRIES[2].href,
    ]


def test_a_start_page_that_was_taken_down_is_named(server: NewsServer, tmp_path: Path) -> None:
    house = House(tmp_path)
    house.ledger.take_down([identity(f"{server.origin}/gn/")], "x", "t1", "takedown")
    house.ledger.close()
    run = crawl(server, tmp_path, "-a", f"start={server.origin}/gn/,{server.origin}{GONE.href}")
    reasons = [
        line.partition(" is not complete: ")[2] for line in run.stderr.splitlines() if " ERROR: " in line
    ]
    assert (run.code, [server.strip(each) for each in reasons]) == (
        1,
        ["start page /gn/ was not asked for: taken down: /gn/"],
    )
    assert server.log == ["/robots.txt", GONE.href]


def test_nothing_is_taken_down_where_nothing_is_kept(tmp_path: Path) -> None:
    done = scrapy("takedown", "http://a.example/?p=1", "--reason", "x", kept=tmp_path / "mistyped")
    assert (done.code, done.stdout, list(tmp_path.iterdir())) == (2, "", [])
    assert "there is no ledger at data/ledger.db: set NEWSMIRROR_DIR or NEWSMIRROR_LEDGER_URL" in done.stderr


@pytest.mark.parametrize(
    ("name", "args", "reason", "said"),
    [
        ("takedown", ["http://a.example/"], None, "--reason: say why, it is published in the manifest"),
        ("takedown", ["http://a.example/"], " ", "--reason: say why, it is published in the manifest"),
        ("takedown", [], "x", "name one address: that of the snapshot page, or of the original"),
        (
            "takedown",
            ["a.example"],
            "x",
            "not an http(s) address: 'a.example'; write it with http:// or https://",
        ),
        (
            "takedown",
            ["HTTP://a.example:80/?utm_source=x#top"],
            "x",
            "http://a.example/ is the front page of …",
        ),
        ("as-of", [], None, "name one date, such as 2025-01-08"),
        ("as-of", ["gestern"], None, "'gestern' is no date: write a day in UTC such as …"),
        ("as-of", ["2025-02-30"], None, "'2025-02-30' is no date: write a day in UTC such as …"),
        ("as-of", ["2025-01-08T12:00:00"], None, "'2025-01-08T12:00:00' is no date: write a day …"),
    ],
)
def test_what_is_written_wrong_is_told(name: str, args: list[str], reason: str | None, said: str) -> None:
    command = import_module(f"newsmirror.commands.{name}").Command()
    command.settings = Settings()
    with pytest.raises(UsageError) as caught:
        command.run(args, Namespace(reason=reason))
    assert str(caught.value).startswith(said.removesuffix("…"))
    assert caught.value.print_help is False


def test_as_of_without_a_feed_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = import_module("newsmirror.commands.as-of").Command()
    command.settings = Settings({"NEWSMIRROR_DIR": str(tmp_path)})
    command.run(["2025-01-08"], Namespace())
    out, err = capsys.readouterr()
    assert (command.exitcode, out) == (1, "")
    assert err.startswith(f"{tmp_path}/feed/v1/index.json: no feed is here; name the folder that holds v1/")
