"""A crawl on a full disk or in a folder that it may not write: told with path and cure, then made good."""

import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from newsserver import PROJECT, NewsServer
from test_signals import ADDRESSES, ENTRIES, Gate, accepted, crawl, published, site

FIRST = 4
# Root may write everywhere, unless it gives that up.
AS_ANYONE = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.getuid() == 0 else []


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[NewsServer, Path]]:
    """A site, and what a first run kept of it when it had only half of its articles."""
    kept = tmp_path_factory.mktemp("prepared")
    with NewsServer(site(ENTRIES[:FIRST])) as server:
        assert run(server, kept) == (0, "")
        yield server, kept


@pytest.fixture
def kept(prepared: tuple[NewsServer, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(prepared[1], tmp_path / "data"))


def run(
    server: NewsServer, kept: Path, *launcher: str, then: Callable[[int], None] | None = None
) -> tuple[int, str]:
    """Crawl; return the exit code and the errors of the log. `then` gets the process when it has begun."""
    with crawl(server, kept, *launcher) as process:
        if then:
            then(process.pid)
        _, log = process.communicate(timeout=60)
    errors = [line for line in log.splitlines() if "ERROR:" in line or "Traceback" in line]
    return process.returncode, "\n".join(errors)


def parts(kept: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in (kept / "feed").rglob("*.gz")}


def fill_the_disk(kept: Path, process: int) -> None:
    resource.prlimit(process, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))


def fill_the_feeds_disk(kept: Path, process: int) -> None:
    (kept / "feed/v1/index.json.part").symlink_to("/dev/full")


@pytest.mark.parametrize(
    ("fault", "launcher", "said"),
    [
        (
            fill_the_disk,
            [],
            r"{}/archive/127\.0\.0\.1-\S+-00001\.warc\.gz\.open: File too large; free some space",
        ),
        (
            fill_the_disk,
            ["env", "NEWSMIRROR_ARCHIVE=off"],
            r"ledger {}/ledger\.db: disk I/O error; look at the disk and its limits",
        ),
        (
            fill_the_feeds_disk,
            [],
            r"{}/feed/v1/index\.json: No space left on device; free some space or raise",
        ),
    ],
    ids=["archive", "ledger", "feed"],
)
def test_a_full_disk(
    prepared: tuple[NewsServer, Path],
    kept: Path,
    fault: Callable[[Path, int], None],
    launcher: list[str],
    said: str,
) -> None:
    server, _ = prepared
    before = parts(kept)
    server.pages = pages = Gate(answered=1)

    def inject(process: int) -> None:
        pages.wait()
        while accepted(kept) <= FIRST:
            pass
        fault(kept, process)
        pages.opened.set()

    code, log = run(server, kept, *launcher, then=inject)
    assert (code, "Traceback" in log) == (1, False)
    assert re.search(said.format(kept), log)
    completes(server, kept, before)


@pytest.mark.parametrize(
    ("locked", "said"),
    [
        (["", "ledger.db"], "ledger {}/ledger.db: attempt to write a readonly database; let this user write"),
        (
            ["feed", *(f"feed/v1/{name}" for name in ("", "manifests", "articles"))],
            "Permission denied; let this",
        ),
    ],
)
def test_a_folder_that_may_not_be_written(
    prepared: tuple[NewsServer, Path], kept: Path, locked: list[str], said: str
) -> None:
    server, _ = prepared
    before = parts(kept)
    server.pages = site(ENTRIES)
    modes = {path: path.stat().st_mode for path in (kept / name for name in locked)}
    for path in modes:
        path.chmod(0o555)
    code, log = run(server, kept, *AS_ANYONE)
    for path, mode in modes.items():
        path.chmod(mode)
    assert (code, "Traceback" in log) == (1, False)
    assert re.search(said.format(kept), log)
    completes(server, kept, before)


def hide(archive: Path) -> None:
    archive.chmod(0)


def lock(archive: Path) -> None:
    archive.chmod(0o444)


def put_a_file_there(archive: Path) -> None:
    archive.rename(archive.with_name("archive.old"))
    archive.touch()


def give_back(archive: Path) -> None:
    if archive.is_file():
        archive.with_name("archive.old").replace(archive.with_name("archive.new"))
        archive.unlink()
        archive.with_name("archive.new").rename(archive)
    archive.chmod(0o755)


FAULTS = [(hide, "Permission denied"), (lock, "Permission denied"), (put_a_file_there, "Not a directory")]
CURE = "; make it a folder that this user may read, or set another NEWSMIRROR_ARCHIVE, then run again"


@pytest.mark.parametrize(("fault", "said"), FAULTS)
@pytest.mark.parametrize("command", ["reread", "archive export --wacz {}/a.wacz", "feed rebuild-ledger"])
def test_an_archive_that_cannot_be_read_is_not_taken_for_an_empty_one(
    kept: Path, command: str, fault: Callable[[Path], None], said: str
) -> None:
    fault(kept / "archive")
    done = look(kept, *command.format(kept).split())
    give_back(kept / "archive")
    assert done == (1, "", f"{kept}/archive: {said}{CURE}\n")
    assert not (kept / "a.wacz").exists()


@pytest.mark.parametrize(("fault", "said"), FAULTS[:2])
def test_nothing_is_explained_from_an_archive_that_cannot_be_read(
    prepared: tuple[NewsServer, Path], kept: Path, fault: Callable[[Path], None], said: str
) -> None:
    url = prepared[0].origin + ADDRESSES[0]
    fault(kept / "archive")
    assert look(kept, "explain", url) == (1, "", f"{url}: {kept}/archive: {said}{CURE}\n")


@pytest.mark.parametrize(("fault", "said"), FAULTS)
def test_a_takedown_stays_due_while_the_archive_cannot_be_read(
    prepared: tuple[NewsServer, Path], kept: Path, fault: Callable[[Path], None], said: str
) -> None:
    url = prepared[0].origin + ADDRESSES[0]
    fault(kept / "archive")
    code, out, errors = look(kept, "takedown", "--reason", "x", url)
    assert (code, out, errors.splitlines()[0]) == (1, f"blocked: {url}\n", f"{kept}/archive: {said}{CURE}")
    give_back(kept / "archive")
    code, out, errors = look(kept, "takedown", "--reason", "x", url)
    assert (code, errors) == (0, "")
    assert out.splitlines()[1:] == ["rewritten: 1 parts of the feed, 1 files of the archive"]


@pytest.mark.parametrize(("fault", "said"), FAULTS)
def test_nothing_is_crawled_where_the_archive_cannot_be_read(
    prepared: tuple[NewsServer, Path], kept: Path, fault: Callable[[Path], None], said: str
) -> None:
    server, _ = prepared
    before = parts(kept)
    server.log.clear()
    fault(kept / "archive")
    code, log = run(server, kept, *AS_ANYONE)
    give_back(kept / "archive")
    assert (code, "Traceback" in log, server.log) == (1, False, [])
    assert f"{kept}/archive: {said}{CURE}\n" in log
    completes(server, kept, before)


def look(kept: Path, *arguments: str) -> tuple[int, str, str]:
    """Run a command as somebody whom permissions bind; return its exit code and outputs."""
    done = subprocess.run(
        [*AS_ANYONE, sys.executable, "-W", "error", "-m", "scrapy", *arguments],
        cwd=PROJECT, capture_output=True, text=True, check=False,
        env={**os.environ, "NEWSMIRROR_DIR": str(kept)},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def completes(server: NewsServer, kept: Path, before: dict[Path, bytes]) -> None:
    """What was published is untouched, and the next run publishes everything, once."""
    assert {path: data for path, data in parts(kept).items() if path in before} == before
    server.pages = site(ENTRIES)
    assert run(server, kept) == (0, "")
    assert sorted(published(server, kept)) == ADDRESSES
