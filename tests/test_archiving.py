"""Crawls that keep what they read, and reading it again."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from newsserver import BODY, POLITENESS_OFF, PROJECT, Entry, NewsServer, Page, Run, article, listing, scrapy
from scrapy.exceptions import UsageError
from scrapy.settings import Settings
from test_archive import blocks, check
from test_docs import commands

from newsmirror.archive.files import closed_files, index_of, open_files
from newsmirror.archive.reader import ArchiveReader, entries
from newsmirror.archive.sites import SiteFile
from newsmirror.commands import explain as explaining
from newsmirror.commands.explain import Command, find_page
from newsmirror.commands.reread import Command as Reread
from newsmirror.feed import read
from newsmirror.feed.errors import FeedError
from newsmirror.feed.reader import newest_record
from newsmirror.feed.verify import verify
from newsmirror.items import ArchiveRef
from newsmirror.ledger.ledger import Known, Ledger
from newsmirror.ops.explain import explain_page
from newsmirror.reread.reread import look
from newsmirror.reread.workers import House

NAMES = [f"a{number}" for number in range(6)]
ENTRIES = [Entry(f"/gn/20250108/{name}.html", f"河洲新闻第{name}号：一件新鲜事") for name in NAMES]
# What a run says of itself, not of a page.
OWN = ("seq", "run_id", "archive")


def site(**changed: Page) -> dict[str, Page]:
    """A listing with six articles, one of them in GBK and one behind a redirect."""
    found = {
        entry.href: changed.get(name) or article(entry.title)
        for name, entry in zip(NAMES, ENTRIES, strict=True)
    }
    gbk = found[ENTRIES[0].href]
    found[ENTRIES[0].href] = gbk._replace(
        text=gbk.text.replace("utf-8", "gbk"), content_type="text/html", encoding="gbk"
    )
    moved = found.pop(ENTRIES[1].href)
    found |= {ENTRIES[1].href: Page("", 302, location="/gn/moved/1.html"), "/gn/moved/1.html": moved}
    return {"/gn/": listing(ENTRIES), **found}


def mirror(server: NewsServer, kept: Path, *arguments: str) -> Run:
    given = ["-a", f"start={server.origin}/gn/", "-a", "related=0", *arguments]
    return scrapy("crawl", "anysite", *given, *POLITENESS_OFF, kept=kept)


def feed(kept: Path) -> list[dict[str, Any]]:
    assert verify(str(kept / "feed")) == []
    return list(read(str(kept / "feed")))


def manifests(kept: Path) -> list[dict[str, Any]]:
    found = [json.loads(path.read_text("utf-8")) for path in (kept / "feed/v1/manifests").iterdir()]
    return sorted(found, key=lambda manifest: (manifest["started_at"], manifest["run_id"]))


def settings_of(kept: Path) -> Settings:
    return Settings({"SPIDER_MODULES": ["newsmirror.spiders"], "NEWSMIRROR_DIR": str(kept)})


def page_records(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Records by their address, without what a run says of itself."""
    assert len({record["url"] for record in records}) == len(records)
    return {
        record["url"]: {key: value for key, value in record.items() if key not in OWN} for record in records
    }


def kinds(path: Path) -> list[str]:
    return [kind for kind, *_ in blocks(path)]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two runs kept: all was new to the first, and one article was edited before the second."""
    kept = tmp_path_factory.mktemp("house")
    edited = article(ENTRIES[2].title, body=[*BODY, "更正：首班渡船是六点开。"])
    with NewsServer(site()) as server:
        assert mirror(server, kept, "-s", "CONCURRENT_REQUESTS=1").code == 0
        server.pages = site(a2=edited)
        assert mirror(server, kept, "-a", "refresh=true").code == 0
    return kept


# --- what a run keeps


def test_every_record_leads_to_the_bytes_it_was_read_from(house: Path) -> None:
    records, reader = feed(house), ArchiveReader(house / "archive")
    assert len(records) == 7
    for record in records:
        page = reader.read(ArchiveRef(**record["archive"]))
        assert hashlib.sha256(page.body).hexdigest() == record["payload_sha256"]
        assert page.url == record["fetched_url"]
        assert page.fetched_at.isoformat() == record["fetched_at"].replace("Z", "+00:00")
    gbk = next(record for record in records if record["encoding"]["used"] != "utf-8")
    body = reader.read(ArchiveRef(**gbk["archive"])).body
    assert body == site()[ENTRIES[0].href].text.replace("{title}", "").encode("gbk")


def test_the_manifest_names_every_file_with_its_digest(house: Path) -> None:
    named = [each for manifest in manifests(house) for each in manifest["archive"]]
    assert named == [
        {
            "file": path.name,
            "records": len(blocks(path)),
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in sorted(closed_files(house / "archive"), key=lambda path: path.name)
    ]
    assert len(named) == 2
    for path in closed_files(house / "archive"):
        assert check(path) == ""


def test_what_was_there_before_is_a_revisit(house: Path) -> None:
    first, second = closed_files(house / "archive")
    # robots.txt, the listing, a redirect and six articles.
    assert sorted(set(kinds(first))) == ["metadata", "request", "response", "warcinfo"]
    assert kinds(first).count("response") == 9
    # robots.txt is no page of the site, and a redirect has no page.
    assert kinds(first).count("metadata") == 8
    told = {kind: kinds(second).count(kind) for kind in ("request", "revisit", "response")}
    assert told == {"request": 9, "revisit": 6, "response": 3}
    known = {headers["WARC-Record-ID"] for _, headers, _ in blocks(first)}
    # The edited article, and what has no page: a redirect, and robots.txt that there is none of.
    revisits = [headers for kind, headers, _ in blocks(second) if kind == "revisit"]
    assert {headers["WARC-Refers-To"] for headers in revisits} < known


def test_off_means_off(tmp_path: Path) -> None:
    with NewsServer(site()) as server:
        assert mirror(server, tmp_path, "-s", "NEWSMIRROR_ARCHIVE=off").code == 0
    assert [record["archive"] for record in feed(tmp_path)] == [None] * 6
    assert [manifest["archive"] for manifest in manifests(tmp_path)] == [[]]
    assert not (tmp_path / "archive").exists()
    reread = Reread()
    reread.settings = Settings({"NEWSMIRROR_DIR": str(tmp_path), "NEWSMIRROR_ARCHIVE": "off"})
    with pytest.raises(UsageError, match=r"^NEWSMIRROR_ARCHIVE=off: there is no archive to read$") as refused:
        reread.run([], Namespace(dry_run=False, site=None))
    assert refused.value.print_help is False


def test_files_are_bounded(tmp_path: Path) -> None:
    with NewsServer(site()) as server:
        assert mirror(server, tmp_path, "-s", "NEWSMIRROR_ARCHIVE_BYTES=5000").code == 0
    [manifest] = manifests(tmp_path)
    files = closed_files(tmp_path / "archive")
    assert [each["file"] for each in manifest["archive"]] == [path.name for path in files]
    assert len(files) == 3
    # The one that fills a file is the last one in it.
    assert all(5000 <= path.stat().st_size < 9000 for path in files[:-1])
    assert sum(kinds(path).count("response") for path in files) == 9


def test_what_a_killed_run_left_is_closed_by_the_next(tmp_path: Path) -> None:
    environment = {**os.environ, "NEWSMIRROR_DIR": str(tmp_path)}
    with NewsServer(site()) as server:
        given = ["-a", f"start={server.origin}/gn/", "-a", "related=0", *POLITENESS_OFF]
        command = [sys.executable, "-m", "scrapy", "crawl", "anysite", *given, "-s", "CONCURRENT_REQUESTS=1"]
        with subprocess.Popen(command, cwd=PROJECT, env=environment, stderr=subprocess.DEVNULL) as killed:
            while len(server.log) < 5:
                time.sleep(0.01)
            killed.send_signal(signal.SIGKILL)
        [left] = open_files(tmp_path / "archive")
        with left.open("ab") as file:
            file.write(b"\x1f\x8b\x08 half a record")
        assert mirror(server, tmp_path).code == 0
    assert open_files(tmp_path / "archive") == []
    died, finished = manifests(tmp_path)
    assert (died["close_reason"], finished["close_reason"]) == ("died", "finished")
    assert [each["file"] for each in died["archive"]] == [left.name.removesuffix(".open")]
    for path in closed_files(tmp_path / "archive"):
        assert check(path) == ""
    reader = ArchiveReader(tmp_path / "archive")
    assert len(feed(tmp_path)) == 6
    for record in feed(tmp_path):
        assert reader.read(ArchiveRef(**record["archive"])).url == record["fetched_url"]


# --- reading it again


def documented(line: int, **places: str) -> list[str]:
    """The arguments of a command of the docs, as written but for the places in it."""
    lines = [line for line in commands(PROJECT / "docs/archive.md") if line.startswith("scrapy reread")]
    assert len(lines) == 3
    return [places.get(argument, argument) for argument in lines[line].split()[1:]]


def test_an_unchanged_reader_publishes_nothing(house: Path, tmp_path: Path) -> None:
    kept = Path(shutil.copytree(house, tmp_path / "house"))
    before = feed(kept)
    dry = scrapy(*documented(0), kept=kept)
    said = "127.0.0.1: 6 pages read by reader 1: 6 unchanged, 0 {}revised, 0 {}new\n"
    assert (dry.code, dry.stdout, dry.stderr) == (0, said.format("would be ", "would be "), "")
    assert len(manifests(kept)) == 2
    again = scrapy(*documented(1), kept=kept)
    assert (again.code, again.stdout, again.stderr) == (0, said.format("", ""), "")
    assert feed(kept) == before
    run = manifests(kept)[-1]
    assert (run["start"], run["complete"], run["parts"]) == ("reread", True, [])
    assert run["counts"] == {"pages": 6, "new": 0, "revised": 0, "unchanged": 6, "lost": 0}


def test_a_lost_house_is_made_again_from_the_archive(house: Path, tmp_path: Path) -> None:
    command = documented(
        2,
        **{
            "NEWSMIRROR_DIR=/srv/again": f"NEWSMIRROR_DIR={tmp_path}/again",
            "NEWSMIRROR_ARCHIVE=/var/lib/newsmirror/archive": f"NEWSMIRROR_ARCHIVE={house}/archive",
        },
    )
    assert str(house) in command[-1]
    made = scrapy(*command)
    assert (made.code, made.stderr) == (0, "")
    was, now = feed(house), feed(tmp_path / "again")
    assert [record["op"] for record in now] == ["insert"] * 6 + ["revise"]
    assert page_records(now[:6]) == page_records(was[:6])
    assert page_records(now[6:]) == page_records(was[6:])
    assert now[6]["change_cause"] == was[6]["change_cause"] == "source"
    assert {record["url"]: record["archive"] for record in now} == {
        record["url"]: record["archive"] for record in was
    }


CHANGES = {
    "reading/__init__.py": ('PARSER_VERSION = "1"', 'PARSER_VERSION = "2"'),
    "reading/article.py": ("source=value_of(source)", 'source=(value_of(source) or "") + "社"'),
}


@pytest.fixture(scope="module")
def changed_reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with a reader that reads another source."""
    folder = tmp_path_factory.mktemp("changed")
    shutil.copytree(PROJECT / "newsmirror", folder / "newsmirror")
    shutil.copy(PROJECT / "scrapy.cfg", folder)
    for name, (was, now) in CHANGES.items():
        path = folder / "newsmirror" / name
        text = path.read_text("utf-8")
        assert text.count(was) == 1
        path.write_text(text.replace(was, now), "utf-8")
    return folder


def changed(project: Path, kept: Path, *arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "scrapy", *arguments],
        cwd=project, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "NEWSMIRROR_DIR": str(kept), "PYTHONPATH": str(project)},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_a_changed_reader_is_told_apart_from_a_changed_page(
    house: Path, changed_reader: Path, tmp_path: Path
) -> None:
    kept = Path(shutil.copytree(house, tmp_path / "house"))
    before = feed(kept)
    newest = {record["url"]: record for record in before}
    urls = sorted(newest, key=lambda url: newest[url]["seq"])
    code, dry, _ = changed(changed_reader, kept, "reread", "--dry-run")
    examples = "".join(f'      {url}  source: "河洲晚报" → "河洲晚报社"\n' for url in urls[:3])
    assert (code, dry) == (
        0,
        "127.0.0.1: 6 pages read by reader 2: 0 unchanged, 6 would be revised, 0 would be new\n"
        f"  content_sha256  6\n  source  6\n{examples}",
    )
    assert feed(kept) == before
    assert changed(changed_reader, kept, "reread")[0] == 0
    made = feed(kept)[len(before) :]
    assert [(record["op"], record["change_cause"], record["parser_version"]) for record in made] == [
        ("revise", "parser", "2")
    ] * 6
    for record in made:
        was = newest[record["url"]]
        assert record["revision"] == was["revision"] + 1
        different = {key for key in record if record[key] != was[key]}
        own = {"seq", "op", "revision", "change_cause", "run_id", "parser_version"}
        assert different - own == {"source", "content_sha256"}
    code, again, _ = changed(changed_reader, kept, "reread")
    assert again == "127.0.0.1: 6 pages read by reader 2: 6 unchanged, 0 revised, 0 new\n"
    # And back: the reader that was before reads as it did.
    assert scrapy("reread", kept=kept).code == 0
    last = feed(kept)[-6:]
    assert {record["source"] for record in last} == {"河洲晚报"}
    assert {record["change_cause"] for record in last} == {"parser"}
    for record in last:
        assert explained(settings_of(kept), record["article_id"]) == record


def explained(settings: Settings, article_id: str) -> dict[str, Any]:
    return {row.key: row.value for row in explain_page(find_page(settings, article_id))}


def test_every_published_value_is_explained_from_the_archive(house: Path) -> None:
    settings = settings_of(house)
    newest = {record["article_id"]: record for record in feed(house)}
    assert len(newest) == 6
    for article_id, record in newest.items():
        assert newest_record(str(house / "feed"), article_id) == record
        assert explained(settings, article_id) == record
    [url] = [record["url"] for record in newest.values() if record["revision"] == 2]
    told = scrapy("explain", url, kept=house)
    assert (told.code, told.stderr) == (0, "")
    assert "revision            2\n" in told.stdout


def test_a_page_is_explained_while_it_is_crawled(house: Path, tmp_path: Path) -> None:
    kept = Path(shutil.copytree(house, tmp_path / "house"))
    for path in closed_files(kept / "archive"):
        path.rename(path.with_name(path.name + ".open"))
        index_of(path).unlink()
    for record in {record["article_id"]: record for record in feed(kept)}.values():
        assert explained(settings_of(kept), record["article_id"]) == record


def test_an_article_that_the_feed_does_not_know_is_explained_by_its_newest_page(
    house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = Path(shutil.copytree(house, tmp_path / "house"))
    shutil.rmtree(kept / "feed")
    [edited] = [record for record in feed(house) if record["revision"] == 2]
    found = explained(settings_of(kept), edited["article_id"])
    assert {key for key in edited if found[key] != edited[key]} == {"seq", "change_cause"}
    assert (found["seq"], found["change_cause"]) == (None, None)
    told = Command()
    told.settings = settings_of(kept)
    told.run([edited["url"]], Namespace())
    note = f"{edited['url']}: the feed has no record of it; explained is the newest page that is kept\n"
    assert (told.exitcode, capsys.readouterr().err) == (0, note)


def test_only_parts_that_may_hold_the_newest_record_are_read(house: Path, tmp_path: Path) -> None:
    kept = Path(shutil.copytree(house, tmp_path / "house"))
    first, *_, last = feed(kept)
    [old] = [kept / "feed/v1" / part["path"] for part in manifests(kept)[0]["parts"]]
    old.write_bytes(b"damaged")
    assert newest_record(str(kept / "feed"), last["article_id"]) == last
    with pytest.raises(FeedError, match="not the bytes that its manifest names"):
        newest_record(str(kept / "feed"), first["article_id"])
    assert newest_record(str(tmp_path / "no feed"), first["article_id"]) is None


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (
            {"op": "delete", "archive": None},
            "it was taken down: nothing of its page is shown",
        ),
        ({"archive": None}, "its record was made without an archive: the bytes of its page are not kept"),
        (None, "no bytes of its page are kept, or not yet: a run tells of them at its end"),
    ],
)
def test_an_article_without_bytes_is_told(
    changed: dict[str, Any] | None,
    reason: str,
    house: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    record = feed(house)[0]
    monkeypatch.setattr(explaining, "newest_record", lambda *_: None if changed is None else record | changed)
    told = Command()
    told.settings = settings_of(tmp_path)
    told.run([record["url"]], Namespace())
    out, err = capsys.readouterr()
    assert (told.exitcode, out, err.startswith(f"{record['url']}: {reason.removesuffix('…')}")) == (
        1,
        "",
        True,
    )


def seen(ids: Iterable[str]) -> Mapping[str, Known]:
    return {}


def look_at(kept: Path) -> tuple[int, int, int, int]:
    """What a rereading would find, where no ledger is: the same, new, not kept, lost."""
    spiders = {"anysite": SiteFile("Asia/Shanghai", None)}
    found = look(House(str(kept / "feed"), kept / "archive", spiders, "r1"), "127.0.0.1", seen)
    return found.same, found.new, found.unkept, found.lost


def test_open_files_and_moved_files_and_damaged_ones_are_told_apart(house: Path, tmp_path: Path) -> None:
    kept = Path(shutil.copytree(house, tmp_path / "house"))
    first, second = closed_files(kept / "archive")
    assert look_at(kept) == (6, 7, 0, 0)
    index_of(second).unlink()
    second.rename(second.with_name(second.name + ".open"))
    assert look_at(kept) == (6, 7, 0, 0)
    offsets = {entry["record_id"]: int(entry["offset"]) for entry in entries(first)}
    last = max(feed(kept)[:6], key=lambda record: offsets[record["archive"]["record_id"]])
    assert last["title"] != ENTRIES[2].title  # which was edited since
    first.write_bytes(first.read_bytes()[: offsets[last["archive"]["record_id"]] + 1000])
    assert look_at(kept) == (5, 6, 0, 1)
    first.rename(tmp_path / "elsewhere.warc.gz")
    assert look_at(kept) == (1, 1, 5, 0)


def test_another_house_takes_nothing_away_from_a_crawl(house: Path, tmp_path: Path) -> None:
    """What a run is writing, and what a dead one has left, is not closed by whoever only reads."""
    kept = Path(shutil.copytree(house, tmp_path / "house"))
    [_, second] = closed_files(kept / "archive")
    index_of(second).unlink()
    left = second.rename(second.with_name(second.name + ".open"))
    again = scrapy("reread", "-s", f"NEWSMIRROR_ARCHIVE={kept}/archive", kept=tmp_path / "again")
    assert (again.code, again.stderr) == (0, "")
    assert open_files(kept / "archive") == [left]
    assert len(feed(tmp_path / "again")) == 7


def test_a_site_that_is_crawled_holds_up_no_other(house: Path, tmp_path: Path) -> None:
    kept = Path(shutil.copytree(house, tmp_path / "house"))
    demo = scrapy("crawl", "demo", "-a", "max_pages=1", "-a", "related=0", kept=kept)
    assert demo.code == 0
    with Ledger.open(f"sqlite:///{kept}/ledger.db") as ledger:
        ledger.take_run("r1", "127.0.0.1", "start")
        read = scrapy("reread", kept=kept)
    assert read.code == 1
    assert read.stderr.startswith("127.0.0.1 is being crawled by run r1: process ")
    assert re.fullmatch(r"demo: \d+ pages read by reader 1: \d+ unchanged, 0 revised, 0 new\n", read.stdout)


def test_an_empty_house_says_so_and_stays_empty(tmp_path: Path) -> None:
    for arguments in (["reread"], ["reread", "--dry-run"]):
        read = scrapy(*arguments, kept=tmp_path)
        assert (read.code, read.stdout, read.stderr) == (0, f"{tmp_path}/archive: no pages to read\n", "")
    assert list(tmp_path.iterdir()) == []


def test_a_thousand_pages_read_again_are_the_records_of_the_crawl(tmp_path: Path) -> None:
    entries = [
        Entry(f"/gn/20250108/{number}.html", f"河洲新闻第{number}号：一件新鲜事") for number in range(1000)
    ]
    pages = {"/gn/": listing(entries)} | {each.href: article(each.title, entries[:8]) for each in entries}
    with NewsServer(pages) as server:
        assert mirror(server, tmp_path / "live", "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=16").code == 0
    again = scrapy("reread", "-s", f"NEWSMIRROR_ARCHIVE={tmp_path}/live/archive", kept=tmp_path / "again")
    assert (again.code, again.stderr) == (0, "")
    live, read_again = feed(tmp_path / "live"), feed(tmp_path / "again")
    assert len(live) == 1000
    assert page_records(read_again) == page_records(live)
    assert {record["url"]: record["archive"] for record in read_again} == {
        record["url"]: record["archive"] for record in live
    }


def test_a_site_that_is_not_there_and_a_spider_that_is_gone(house: Path, tmp_path: Path) -> None:
    refused = scrapy("reread", "--site", "fyun", kept=house)
    assert (refused.code, refused.stderr.splitlines()[-1]) == (
        2,
        "__main__.py: error: data/archive has no pages of a site 'fyun'; there are pages of: 127.0.0.1",
    )
