"""`scrapy archive export --wacz`: which records leave the archive, and whether others can replay them."""

import errno
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import zipfile
import zlib
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from datetime import time as clock
from pathlib import Path
from typing import Self
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest
from newsserver import BODY, POLITENESS_OFF, PROJECT, Entry, NewsServer, article, listing, scrapy
from node import free_port
from scrapy.exceptions import UsageError
from scrapy.settings import Settings
from test_docs import OTHERS

from newsmirror.archive import export as exporting
from newsmirror.archive.closing import close_file
from newsmirror.archive.errors import ArchiveError
from newsmirror.archive.export import export
from newsmirror.archive.files import Capture, closed_files
from newsmirror.archive.selection import PAGES, Span, select
from newsmirror.archive.writer import ArchiveWriter, Exchange
from newsmirror.commands.archive import Command
from newsmirror.ops.moments import read_moment

HERE = "http://kz.hezhou.example"
ALWAYS = Span(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
PYWB = PROJECT / ".venv-pywb/bin"


def html(title: str) -> bytes:
    return article(title).text.encode()


class Night:
    """A run's part of the archive, page by page; what a revisit refers to is given by hand."""

    def __init__(self, folder: Path, run_id: str) -> None:
        site = run_id.partition("-")[0]
        self.writer = ArchiveWriter(folder, run_id, {"isPartOf": site, "run-id": run_id, "spider": site})

    def keep(
        self,
        path: str,
        at: str,
        body: bytes,
        known: Capture | None = None,
        status: str = "200 OK",
        also: str = "",
    ) -> Capture:
        head = f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n{also}\r\n".encode()
        page = self.exchange(path, at, head, body)
        ref = self.writer.keep(page, known)
        return Capture(page.url, at, page.payload_digest, ref.file, ref.record_id)

    def render(self, path: str, at: str, body: bytes, of: Capture) -> None:
        self.writer.keep_rendered(self.exchange(path, at, b"", body), of)

    @staticmethod
    def exchange(path: str, at: str, head: bytes, body: bytes) -> Exchange:
        request = f"GET {path} HTTP/1.1\r\n\r\n".encode()
        moment = datetime.fromisoformat(at)
        return Exchange(HERE + path, moment, request, head, body, "127.0.0.1", {"discovery": "listing"})

    def close(self) -> Path:
        file = self.writer.turn()
        assert file is not None
        close_file(file, lambda *_: None)
        return self.writer.path.with_suffix("")


def members(data: bytes) -> list[bytes]:
    """Cut a file into its gzip members."""
    found = []
    while data:
        unpacking = zlib.decompressobj(wbits=31)
        unpacking.decompress(data)
        assert unpacking.eof
        found.append(data[: len(data) - len(unpacking.unused_data)])
        data = unpacking.unused_data
    return found


def kind_of(member: bytes) -> str:
    """Return the type of the record that a gzip member is."""
    found = re.search(rb"^WARC-Type: (\w+)\r$", zlib.decompress(member, wbits=31), re.MULTILINE)
    assert found is not None
    return found[1].decode()


class Archive:
    """January of one site, with a night before and a night after, and a night of another site."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        water, market = html("湿地水位上涨"), html("两岸集市照常开张")
        before = Night(folder, "fyun-20241231T235900Z-a00000")
        before.keep("/1.html", "2024-12-31T23:59:58Z", html("去年的旧闻"))
        first = before.keep("/2.html", "2024-12-31T23:59:59Z", water)
        elsewhere = Night(folder, "qinglan-20250107T020000Z-b00000")
        shared = elsewhere.keep("/3.html", "2025-01-07T02:00:00Z", market)
        january = Night(folder, "fyun-20250101T000000Z-c00000")
        january.keep("/gn/", "2025-01-01T00:00:00Z", listing([]).text.encode())
        january.keep("/2.html", "2025-01-01T00:00:01Z", water, known=first)
        january.keep("/3.html", "2025-01-31T02:00:00Z", market, known=shared)
        shell = january.keep("/4.html", "2025-01-31T23:59:58Z", b"<!DOCTYPE html><div id=app></div>")
        january.render("/4.html", "2025-01-31T23:59:58Z", html("白鹭早到九天"), of=shell)
        january.keep("/5.html", "2025-01-31T23:59:59Z", html("没有这一页"), status="404 Not Found")
        january.keep("/6.html", "2025-01-31T23:59:59Z", b"no gzip", also="Content-Encoding: gzip\r\n")
        after = Night(folder, "fyun-20250201T000000Z-d00000")
        after.keep("/7.html", "2025-02-01T00:00:00Z", html("二月的新闻"))
        self.before, self.elsewhere, self.january, self.after = (
            night.close() for night in (before, elsewhere, january, after)
        )
        open_still = Night(folder, "fyun-20250115T000000Z-e00000")
        open_still.keep("/8.html", "2025-01-15T00:00:00Z", html("还没有写完"))
        still_open = open_still.writer.turn()
        assert still_open is not None
        still_open.close()

    @property
    def of_january(self) -> list[bytes]:
        """What belongs to January: the payloads that it refers to, then its own records."""
        behind = [members(path.read_bytes())[-1] for path in (self.before, self.elsewhere)]
        return [*behind, *members(self.january.read_bytes())[1:]]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return Archive(tmp_path_factory.mktemp("kept") / "archive")


@pytest.fixture(scope="module")
def january(archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command of the docs writes."""
    [command] = [line for line in OTHERS if line.startswith("scrapy archive export")]
    target = tmp_path_factory.mktemp("out") / "january.wacz"
    arguments = shlex.split(command)[1:]
    arguments[arguments.index(target.name)] = str(target)
    run = scrapy(*arguments, kept=archive.folder.parent)
    told = f"{target}: 3 article pages, 22 records\n"
    assert (run.code, run.stdout, run.stderr) == (0, told, "")
    assert list(target.parent.iterdir()) == [target]
    return target


def opened(wacz: Path, name: str) -> bytes:
    with zipfile.ZipFile(wacz) as file:
        return file.read(name)


def validate(wacz: Path) -> None:
    run = [Path(sys.executable).with_name("wacz"), "validate", "--file", wacz]
    told = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
    assert (told.returncode, told.stdout.splitlines()[-1], told.stderr) == (
        0, "Validation succeeded, the passed WACZ is valid", "",
    )  # fmt: skip


# ---- what is exported ------------------------------------------------------------------------------------


def test_records_are_those_of_the_span_and_what_they_refer_to_byte_for_byte(
    archive: Archive, january: Path
) -> None:
    info, *records = members(opened(january, "archive/data.warc.gz"))
    assert records == archive.of_january
    told = zlib.decompress(info, wbits=31)
    assert b"\r\nisPartOf: fyun\r\nformat: WARC File Format 1.1\r\n" in told
    assert b"\r\nWARC-Filename: data.warc.gz\r\n" in told


def test_page_list_names_the_articles_in_order_of_time(january: Path) -> None:
    """A revisit has the title of its payload, a shell that of what a browser made of it; others have none."""
    head, *pages = map(json.loads, opened(january, "pages/pages.jsonl").splitlines())
    assert head == {"format": "json-pages-1.0", "id": "pages", "title": "Articles"}
    assert [(page["url"], page["ts"], page["title"]) for page in pages] == [
        (f"{HERE}/2.html", "2025-01-01T00:00:01Z", "湿地水位上涨"),
        (f"{HERE}/3.html", "2025-01-31T02:00:00Z", "两岸集市照常开张"),
        (f"{HERE}/4.html", "2025-01-31T23:59:58Z", "白鹭早到九天"),
    ]
    assert len({page["id"] for page in pages}) == 3
    assert json.loads(opened(january, "datapackage.json"))["title"] == "fyun, 2025-01-01 to 2025-01-31"


def test_index_finds_every_page_at_its_offset(archive: Archive, january: Path) -> None:
    warc = opened(january, "archive/data.warc.gz")
    index = zlib.decompress(opened(january, "indexes/index.cdx.gz"), wbits=31).decode().splitlines()
    listed = [json.loads(line.split(" ", 2)[2]) for line in index]
    found = [warc[int(at["offset"]) :][: int(at["length"])] for at in listed]
    pages = [member for member in archive.of_january if kind_of(member) in ("response", "revisit")]
    assert sorted(found) == sorted(pages)
    assert len(pages) == 8


def test_wacz_validates(january: Path) -> None:
    validate(january)


def test_a_revisit_whose_payload_is_gone_is_left_out_and_told(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "data/archive"
    kept.mkdir(parents=True)
    shutil.copy(archive.january, kept)
    target = tmp_path / "a.wacz"
    assert run(["export", "--wacz", str(target)], kept.parent) == 0
    assert capsys.readouterr() == (
        f"{target}: 1 article pages, 18 records\n"
        "left out: 2 revisits of pages whose bytes are not in the archive\n",
        "",
    )
    _, *own = members(archive.january.read_bytes())
    whole = [member for member in own if kind_of(member) != "revisit"]
    assert (len(own), len(whole)) == (20, 18)
    assert members(opened(target, "archive/data.warc.gz"))[1:] == whole


# ---- what goes wrong -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["export"], "--wacz: name a FILE that ends in .wacz"),
        (["--wacz", "a.wacz"], "name one of: export"),
        (
            ["exprot", "--wacz", "a.wacz"],
            "'exprot' has no place here; write scrapy archive export --wacz FILE",
        ),
        (["export", "--wacz", "a.zip"], "--wacz: name a FILE that ends in .wacz, not a.zip"),
        (
            ["export", "--wacz", "there.wacz"],
            "there.wacz is there already: move it away, or name another file",
        ),
        (
            ["export", "--wacz", "a.wacz", "--since", "yesterday"],
            "--since 'yesterday' is no date: write a day",
        ),
        (["export", "--wacz", "a.wacz", "--until", "2025-01-08T09:00:00"], "a time with its offset such as"),
        (
            ["export", "--wacz", "a.wacz", "--since", "2025-01-09", "--until", "2025-01-08"],
            "--until 2025-01-08 is before --since 2025-01-09",
        ),
    ],
)
def test_what_is_written_wrong_is_told(
    options: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.wacz").write_bytes(b"mine")
    with pytest.raises(UsageError) as caught:
        run(options, tmp_path)
    assert told in str(caught.value)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("there.wacz", b"mine")]


def run(arguments: list[str], kept: Path, **settings: str) -> int:
    """Run the command in this process; return its exit code."""
    command = Command()
    command.settings = Settings({"NEWSMIRROR_DIR": str(kept), **settings})
    parser = ArgumentParser()
    command.add_options(parser)
    given, rest = parser.parse_known_args(arguments)
    command.run(rest, given)
    return command.exitcode


def test_an_archive_that_is_off_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="NEWSMIRROR_ARCHIVE is off"):
        run(["export", "--wacz", str(tmp_path / "a.wacz")], tmp_path, NEWSMIRROR_ARCHIVE="off")


@pytest.mark.parametrize(
    ("since", "until", "urls"),
    [
        ("2025-01-31T23:59:59Z", "2025-01-31T23:59:59Z", ["/5.html", "/6.html"]),
        ("2025-02-01T08:00:00+08:00", "9999-12-31", ["/7.html"]),
        ("2025-01-31T23:59:59.5Z", "2025-02-01T07:59:59+08:00", []),
        ("2024-12-31", "2025-01-01", ["/1.html", "/2.html", "/gn/", "/2.html"]),
    ],
)
def test_a_span_has_both_its_ends(archive: Archive, since: str, until: str, urls: list[str]) -> None:
    span = Span(read_moment(since, clock.min), read_moment(until, clock.max))
    chosen = select(closed_files(archive.folder), "fyun", span).chosen
    assert [entry.url.removeprefix(HERE) for entry in chosen if entry.kind in PAGES] == urls


def test_no_page_of_that_site_or_time_is_told(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["export", "--wacz", str(tmp_path / "a.wacz"), "--site", "qinglan", "--since", "2025-01-08"]
    assert run(asked, archive.folder.parent) == 1
    assert capsys.readouterr().err == (
        f"{archive.folder}: no page of this site and time in a closed file; there are pages of: "
        "fyun, qinglan\n"
    )
    assert run(asked, tmp_path) == 1
    assert capsys.readouterr().err.endswith("there are pages of: none\n")
    assert list(tmp_path.iterdir()) == []


def damage(data: bytes) -> bytes:
    """Change a byte in the middle of the last record's text, as a bad disk does."""
    return data[:-40] + bytes([data[-40] ^ 1]) + data[-39:]


@pytest.mark.parametrize(
    "broken", [damage, lambda data: data[:-7], lambda data: b"no WARC", lambda data: data + data[:9]]
)
def test_a_damaged_file_is_named_and_nothing_written(
    broken: Callable[[bytes], bytes], archive: Archive, tmp_path: Path
) -> None:
    path = tmp_path / "archive" / archive.after.name
    path.parent.mkdir()
    path.write_bytes(broken(archive.after.read_bytes()))
    with pytest.raises(ArchiveError) as caught:
        export(path.parent, tmp_path / "a.wacz", None, ALWAYS)
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).endswith("; put the file there again from a backup, or move it away")
    assert list(tmp_path.iterdir()) == [path.parent]


def test_a_place_that_cannot_be_written_is_told(archive: Archive, tmp_path: Path) -> None:
    target = tmp_path / "nosuch/a.wacz"
    with pytest.raises(ArchiveError, match=r"a\.wacz: No such file or directory; free twice the room"):
        export(archive.folder, target, None, ALWAYS)


def test_a_disk_that_is_full_leaves_nothing(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(exporting.os, "fsync", full)
    with pytest.raises(ArchiveError, match=r"a\.wacz: No space left on device; free twice the room"):
        export(archive.folder, tmp_path / "a.wacz", None, ALWAYS)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_export_left_is_removed_by_the_next(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "_run_wacz", lambda *arguments: arguments[2].write_bytes(b"made"))
    left, target, other = (tmp_path / name for name in (".a[1].wacz-making-x", "a[1].wacz", "b.wacz"))
    left.mkdir()
    (left / "data.warc.gz").write_bytes(b"pages")
    with exporting._held(left):  # by one that is alive
        export(archive.folder, target, None, ALWAYS)
    assert sorted(tmp_path.iterdir()) == [left, target]
    export(archive.folder, other, None, ALWAYS)
    assert sorted(tmp_path.iterdir()) == [left, target, other]
    target.unlink()
    export(archive.folder, target, None, ALWAYS)
    assert sorted(tmp_path.iterdir()) == [target, other]


def no_links(path: Path, target: Path) -> None:
    """Refuse a hard link, as exFAT does."""
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


@pytest.mark.parametrize("link", [Path.hardlink_to, no_links])
def test_a_file_that_came_meanwhile_stays(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: Callable[[Path, Path], None]
) -> None:
    target = tmp_path / "a.wacz"

    def make(*arguments: Path) -> None:
        arguments[2].write_bytes(b"made")
        target.write_bytes(b"another's")

    monkeypatch.setattr(exporting, "_run_wacz", make)
    monkeypatch.setattr(Path, "hardlink_to", link)
    with pytest.raises(ArchiveError) as caught:
        export(archive.folder, target, None, ALWAYS)
    assert str(caught.value) == f"{target} is there already: move it away, or name another file"
    assert [(path, path.read_bytes()) for path in tmp_path.iterdir()] == [(target, b"another's")]


@pytest.mark.parametrize("link", [Path.hardlink_to, no_links])
def test_a_file_has_its_name_with_and_without_hard_links(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: Callable[[Path, Path], None]
) -> None:
    target = tmp_path / "a.wacz"
    monkeypatch.setattr(exporting, "_run_wacz", lambda *arguments: arguments[2].write_bytes(b"made"))
    monkeypatch.setattr(Path, "hardlink_to", link)
    export(archive.folder, target, None, ALWAYS)
    assert [(path, path.read_bytes()) for path in tmp_path.iterdir()] == [(target, b"made")]


def test_an_export_holds_its_folder_until_it_ends(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(*arguments: Path) -> None:
        with pytest.raises(BlockingIOError), exporting._held(arguments[2].parent):
            pass
        arguments[2].write_bytes(b"made")

    monkeypatch.setattr(exporting, "_run_wacz", look)
    export(archive.folder, tmp_path / "a.wacz", None, ALWAYS)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"made"]


def test_what_wacz_says_is_told(archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "_WACZ", "import sys; print('first'); sys.exit('no \x1b[31mindex')")
    with pytest.raises(ArchiveError) as caught:
        export(archive.folder, tmp_path / "a.wacz", None, ALWAYS)
    assert str(caught.value) == (
        "no WACZ file was made; wacz says: 'no \\x1b[31mindex'; install it anew with pip install "
        "'newsmirror[wacz]', then run again"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_missing_extra_is_told(archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "find_spec", lambda name: None)
    with pytest.raises(ArchiveError, match=r"an extra: pip install 'newsmirror\[wacz\]', then run again"):
        export(archive.folder, tmp_path / "a.wacz", None, ALWAYS)


# ---- replay ----------------------------------------------------------------------------------------------

RIVER, FERRY = "河洲渡口恢复通航", "河洲新桥合龙"


class Replay:
    """pywb on a free loopback port, with a collection made of a WACZ file."""

    def __init__(self, folder: Path, wacz: Path) -> None:
        assert (PYWB / "wayback").exists(), "the environment of pywb is missing: make .venv-pywb/installed"
        self.folder, self.url = folder, f"http://127.0.0.1:{free_port()}"
        for command in (["init", "kept"], ["add", "kept", "--unpack-wacz", str(wacz)]):
            subprocess.run(
                [PYWB / "wb-manager", *command], cwd=folder, check=True, capture_output=True, timeout=60
            )

    def __enter__(self) -> Self:
        port = self.url.rpartition(":")[2]
        with (self.folder / "pywb.log").open("wb") as log:
            self._process = subprocess.Popen(
                [PYWB / "wayback", "--bind", "127.0.0.1", "--port", port],
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        for _ in range(600):
            assert self._process.poll() is None, (self.folder / "pywb.log").read_text("utf-8")
            with suppress(URLError):
                urlopen(self.url, timeout=10).close()
                return self
            time.sleep(0.05)
        self.__exit__()
        raise AssertionError("pywb does not answer")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def get(self, url: str, at: str = "2") -> tuple[int, bytes]:
        """Return the status and the body of what was at an address at a time (digits), or nearest to it."""
        try:
            with urlopen(f"{self.url}/kept/{at}mp_/{url}", timeout=30) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            with error:
                return error.code, error.read()


def test_pywb_replays_what_a_crawl_kept(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pages in UTF-8 and GBK as a crawl left them, and a revisit of what another site's night kept."""
    kept, wacz = tmp_path / "kept", tmp_path / "all.wacz"
    shutil.copytree(archive.folder, kept / "archive")
    gbk = article(FERRY)._replace(encoding="gbk", content_type="text/html; charset=gbk")
    pages = {
        "/gn/": listing([Entry("/gn/20250108/1.html", RIVER), Entry("/gn/20250108/2.html", FERRY)]),
        "/gn/20250108/1.html": article(RIVER),
        "/gn/20250108/2.html": gbk._replace(text=gbk.text.replace("utf-8", "gbk")),
    }
    with NewsServer(pages) as server:
        crawled = scrapy("crawl", "anysite", "-a", f"start={server.origin}/gn/", *POLITENESS_OFF, kept=kept)
        assert crawled.code == 0, crawled.stderr
    assert run(["export", "--wacz", str(wacz)], kept) == 0
    out, err = capsys.readouterr()
    assert ("left out" in out, err) == (False, "")
    validate(wacz)
    with Replay(tmp_path, wacz) as replay:
        answers = {
            url: replay.get(url)
            for url in (*(server.origin + path for path in pages), server.origin + "/gn/20250108/3.html")
        }
        again = replay.get(f"{HERE}/3.html", "20250131020000")
    statuses = [status for status, _ in answers.values()]
    assert statuses == [200, 200, 200, 404]
    texts = [body for _, body in answers.values()]
    assert RIVER.encode() in texts[0]
    assert BODY[2].encode() in texts[1]
    assert BODY[2].encode("gbk") in texts[2]
    assert BODY[2].encode() not in texts[3]
    assert (again[0], "两岸集市照常开张".encode() in again[1]) == (200, True)
