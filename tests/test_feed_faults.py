"""The feed after a kill at any write point, on a full disk and in a folder that may not be written."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from feedmaker import House, record
from newsserver import scrapy
from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect

import newsmirror.disk as disk_module
import newsmirror.feed.storage as storage_module
from newsmirror.feed import FeedError, read
from newsmirror.feed.manifest import read_manifests
from newsmirror.feed.parts import unpack
from newsmirror.feed.publish import sweep
from newsmirror.feed.reader import as_of, status
from newsmirror.feed.verify import verify

NOBODY = 65534
WORKERS = 4


def prepare(folder: Path) -> None:
    """A feed with one run, and a second one that has accepted more and has published nothing."""
    house = House(folder)
    house.begin("r0")
    house.accept(*[record(f"old{number}", "r0") for number in range(3)])
    house.publish("r0")
    house.finish("r0")
    house.publish("r0")
    house.storage.delete("v1/schema/duckdb.sql")  # as one of a version that did not ship it yet
    house.begin("r1")
    house.accept(record("old1", "r1", "二"))
    house.accept(*[record(f"new{number}", "r1", day=f"2025-01-0{8 + number % 2}") for number in range(4)])
    house.reject("r1")
    house.ledger.close()


def go_on(house: House) -> None:
    """What the second run does at its end."""
    house.publish("r1", max_rows=3)
    house.finish("r1")
    house.publish("r1")
    house.ledger.close()


def go_on_in(folder: Path) -> None:
    go_on(House(folder))


def next_run(house: House) -> None:
    """A run that finds nothing new."""
    house.begin("r2")
    house.publish("r2")
    house.finish("r2")
    house.publish("r2")
    house.ledger.close()


def give_up(folder: Path) -> None:
    """End the second run, as a run does that could not publish."""
    house = House(folder)
    house.finish("r1", reason="feed_error", complete=False)
    house.ledger.close()


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of a feed with its bytes."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def parts(files: dict[str, bytes]) -> dict[str, bytes]:
    return {path: data for path, data in files.items() if path.endswith(".gz")}


# ---- in a process of its own: every write point is hooked, and the process kills itself at one ------------


def hook(at: Callable[[str], None]) -> None:
    """Call `at` before and after everything that publishing writes."""

    def around(name: str, inner: Callable[..., Any]) -> Callable[..., Any]:
        def hooked(*given: Any, **named: Any) -> Any:
            at(f"before {name}")
            done = inner(*given, **named)
            at(f"after {name}")
            return done

        return hooked

    class HalfWriter:
        def __init__(self, file: Any) -> None:
            self.file = file

        def __enter__(self) -> "HalfWriter":
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def write(self, data: bytes) -> None:
            at("before write")
            self.file.write(data[: len(data) // 2])
            self.file.flush()
            at("half a write")
            self.file.write(data[len(data) // 2 :])

        def flush(self) -> None:
            self.file.flush()
            at("after write")

        def fileno(self) -> int:
            return int(self.file.fileno())

    open_file = Path.open
    Path.open = lambda path, mode="r", *more, **named: (  # type: ignore[assignment, method-assign, misc]
        HalfWriter(open_file(path, mode, *more)) if mode == "wb" else open_file(path, mode, *more, **named)
    )
    Path.replace = around("rename", Path.replace)  # type: ignore[method-assign]
    disk_module.os.fsync = around("fsync", os.fsync)
    whole = storage_module.Storage.write

    def write(self: storage_module.Storage, path: str, data: bytes) -> None:
        name = path.split("/")[1]
        at(f"before {name}")
        whole(self, path, data)
        at(f"after {name}")

    storage_module.Storage.write = write  # type: ignore[method-assign]
    DefaultDialect.do_commit = around("commit", DefaultDialect.do_commit)  # type: ignore[method-assign]

    def statement(_connection: object, _cursor: object, text: str, *_: object) -> None:
        if text.startswith(("INSERT", "UPDATE", "DELETE")):  # after one is before the next, or its commit
            at("before statement")

    event.listen(Engine, "before_cursor_execute", statement)


def killed_at(folder: Path, point: int, work: Callable[[], None]) -> list[str]:
    """Let a child work until it is killed at a point; return the points that it passed."""
    passed_file = folder / "passed"
    child = os.fork()
    if child == 0:
        passed: list[str] = []
        log = os.open(passed_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

        def at(name: str) -> None:
            passed.append(name)
            os.write(log, f"{name}\n".encode())
            if len(passed) == point:
                os.kill(os.getpid(), signal.SIGKILL)

        hook(at)
        work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL) or os.WEXITSTATUS(status) == 0
    assert os.WIFSIGNALED(status) or point == 0 or point > len(passed_file.read_text().splitlines())
    return passed_file.read_text().splitlines()


def kill_at_each(
    chosen: Sequence[int],
    points: list[str],
    ready: Path,
    work: Callable[[Path], None],
    check: Callable[[Path], None],
) -> None:
    """Kill the work at each chosen point, in a copy of `ready`, check what is left, and print all points."""
    workers = []
    for first in range(WORKERS):
        if (worker := os.fork()) == 0:
            for point in chosen[first::WORKERS]:
                place = ready.with_name(f"{point}")
                shutil.copytree(ready, place)
                try:
                    assert killed_at(place, point, partial(work, place)) == points[:point]
                    (place / "passed").unlink()
                    check(place)
                except BaseException:
                    sys.stderr.write(f"killed at point {point}: {points[point - 1]}\n")
                    raise
                shutil.rmtree(place)
            os._exit(0)
        workers.append(worker)
    assert [os.waitpid(worker, 0)[1] for worker in workers] == [0] * WORKERS
    sys.stdout.write(json.dumps(points))


def check(folder: Path, before: dict[str, bytes], expected: list[dict[str, Any]]) -> None:
    """What must hold right after a kill, and after the next run."""
    feed = folder / "feed"
    shown = list(read(str(feed)))
    assert shown == expected[: len(shown)]
    assert len(shown) >= 3
    committed = parts(before)
    assert {path: data for path, data in tree(feed).items() if path in committed} == committed
    next_run(House(folder))
    assert verify(str(feed)) == []
    assert list(read(str(feed))) == expected
    after = tree(feed)
    house = House(folder)
    manifests = read_manifests(house.storage)
    house.ledger.close()
    named = [f"v1/{part.path}" for manifest in manifests for part in manifest.parts]
    assert sorted(named) == sorted(parts(after))
    assert not [path for path in after if path.endswith(".part")]
    assert [manifest.run_id for manifest in manifests if manifest.close_reason] == ["r0", "r1", "r2"]


def kill_everywhere(folder: Path) -> None:
    """Kill at each point in turn, and print the points as JSON."""
    os.mkdir(folder / "ready")
    if os.fork() == 0:
        prepare(folder / "ready")
        os._exit(0)
    assert os.wait()[1] == 0
    before = tree(folder / "ready" / "feed")
    shutil.copytree(folder / "ready", folder / "whole")
    points = killed_at(folder / "whole", 0, partial(go_on_in, folder / "whole"))
    expected = list(read(str(folder / "whole" / "feed")))
    assert [each["seq"] for each in expected] == list(range(1, 9))
    kill_at_each(
        range(1, len(points) + 1),
        points,
        folder / "ready",
        go_on_in,
        partial(check, before=before, expected=expected),
    )


def without_rights(folder: Path) -> None:
    """Publish as a user who may not write the feed; print what is raised."""
    be_anyone()
    try:
        go_on_in(folder)
    except FeedError as error:
        sys.stdout.write(f"{error}\n")


def look_without_rights(folder: Path) -> None:
    """Look at a feed as a user who may not read all of it; print what is raised."""
    be_anyone()
    feed = str(folder / "feed")
    for look in (read, status, partial(as_of, instant=datetime.now(UTC)), verify):
        try:
            look(feed)
        except FeedError as error:
            sys.stdout.write(f"{error}\n")


def be_anyone() -> None:
    if os.getuid() == 0:
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def in_a_process(action: str, folder: Path) -> str:
    command = [sys.executable, "-W", "error", __file__, action, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_kill_at_every_write_point() -> None:
    # In memory where that is possible: a killed process takes nothing with it that the kernel has.
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        points = json.loads(in_a_process("kill", Path(folder)))
    files = [f"{when} {name}" for when in ("before", "after") for name in FILES]
    assert {*files, "before statement", "half a write"} == set(points)
    assert points.count("after articles") == 4
    assert points.count("after index.json") == 3


FILES = "articles rejects manifests schema index.json write fsync rename commit".split()


# ---- disk full, read-only ---------------------------------------------------------------------------------


def full_device(path: Path, _: pytest.MonkeyPatch) -> None:
    """The kernel's own full disk."""
    path.parent.mkdir(exist_ok=True, parents=True)
    Path(f"{path}.part").symlink_to("/dev/full")


def small_limit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit on the size of files, while that file is written."""
    write = storage_module.Storage.write

    def limited(self: storage_module.Storage, name: str, data: bytes) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        if str(path).endswith(name):
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        try:
            write(self, name, data)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    monkeypatch.setattr(storage_module.Storage, "write", limited)


@pytest.mark.parametrize(("fault", "said"), [(full_device, "No space left"), (small_limit, "File too large")])
@pytest.mark.parametrize(
    "file", ["articles/fetch_date=2025-01-08/r1-00001.jsonl.gz", "manifests/r1.json", "index.json"]
)
def test_a_full_disk_is_told_and_the_next_run_completes(
    tmp_path: Path,
    fault: Callable[[Path, pytest.MonkeyPatch], None],
    said: str,
    file: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepare(tmp_path)
    feed = tmp_path / "feed"
    before = parts(tree(feed))
    with monkeypatch.context() as patch:
        fault(feed / "v1" / file, patch)
        with pytest.raises(FeedError) as caught:
            go_on_in(tmp_path)
    cure = "free some space or raise the limit, then run again; nothing is lost"
    assert str(caught.value) == f"{feed}/v1/{file}: {said}{' on device' * (said[0] == 'N')}; {cure}"
    assert not list(feed.rglob("*.part"))
    assert {path: data for path, data in tree(feed).items() if path in before} == before
    assert [each["seq"] for each in read(str(feed))] == [1, 2, 3]
    give_up(tmp_path)
    next_run(House(tmp_path))
    assert verify(str(feed)) == []
    assert [each["seq"] for each in read(str(feed))] == list(range(1, 9))


@pytest.mark.parametrize(
    ("closed", "refused"), [("v1/manifests", 4), ("v1/articles/fetch_date=2025-01-08", 1)]
)
def test_a_folder_that_may_not_be_read_is_not_taken_for_an_empty_one(closed: str, refused: int) -> None:
    with tempfile.TemporaryDirectory() as name:  # where another user may go, too
        folder = Path(name)
        folder.chmod(0o755)
        prepare(folder)
        path = folder / "feed" / closed
        path.chmod(0)
        said = in_a_process("look-without-rights", folder)
        path.chmod(0o755)
    cure = "let this user read there, or set another NEWSMIRROR_FEED_URI, then run again; nothing is lost"
    assert said.splitlines() == [f"{path}: Permission denied; {cure}"] * refused


def test_a_read_only_folder_is_told_and_the_next_run_completes() -> None:
    with tempfile.TemporaryDirectory() as name:  # where another user may go, too
        folder = Path(name)
        prepare(folder)
        feed = folder / "feed"
        before = tree(feed)
        for path in (folder, folder / "ledger.db"):
            path.chmod(0o777)
        locked = [feed, *(path for path in feed.rglob("*") if path.is_dir())]
        for path in locked:
            path.chmod(0o555)
        said = in_a_process("without-rights", folder)
        for path in locked:
            path.chmod(0o755)
        cure = (
            "let this user write there, or set another NEWSMIRROR_FEED_URI, then run again; nothing is lost"
        )
        part = "v1/articles/fetch_date=2025-01-08/r1-00001.jsonl.gz"
        assert said == f"{feed}/{part}: Permission denied; {cure}\n"
        assert tree(feed) == before
        give_up(folder)
        next_run(House(folder))
        assert verify(str(feed)) == []
        assert [each["seq"] for each in read(str(feed))] == list(range(1, 9))


# ---- leftovers that no ledger knows -----------------------------------------------------------------------


def test_sweep_takes_what_was_never_committed_and_nothing_else(tmp_path: Path) -> None:
    prepare(tmp_path)
    house = House(tmp_path)
    house.begin("alive", "other")
    before = tree(tmp_path / "feed")
    [line] = [path for path in before if path.endswith("r0-00001.jsonl.gz")]
    orphans = {
        "v1/articles/fetch_date=2025-01-07/dead-00001.jsonl.gz": b"half",
        "v1/rejects/fetch_date=2025-01-07/dead-00002.jsonl.gz": b"",
        "v1/articles/fetch_date=2025-01-07/dead-00003.jsonl.gz.part": b"",
        "v1/manifests/dead.json.part": b"{",
        "v1/index.json.part": b"",
    }
    kept = {
        "v1/articles/fetch_date=2025-01-07/alive-00001.jsonl.gz.part": b"",
        "v1/manifests/alive.json.part": b"",
        # Its manifest was lost, but its seq was committed.
        "v1/articles/fetch_date=2025-01-07/lost-00001.jsonl.gz": before[line],
        "v1/notes.txt": b"a person's own",
    }
    for path, data in {**orphans, **kept}.items():
        house.storage.write(path, data)
    assert sweep(house.storage, house.ledger) == sorted(orphans)
    assert tree(tmp_path / "feed") == dict(sorted({**before, **kept}.items()))
    house.ledger.close()


def test_a_new_ledger_leaves_no_part_that_the_old_one_had_not_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a later seq makes it look committed, and what is taken down may stand in it for ever."""
    prepare(tmp_path)
    write = storage_module.Storage.write

    def die(storage: storage_module.Storage, path: str, data: bytes) -> None:
        if path == "v1/manifests/r1.json":
            raise FeedError("died between the parts and the manifest")
        write(storage, path, data)

    with monkeypatch.context() as patch:
        patch.setattr(storage_module.Storage, "write", die)
        with pytest.raises(FeedError, match="died"):
            go_on_in(tmp_path)
    for file in tmp_path.glob("ledger.db*"):
        file.unlink()
    assert scrapy("feed", "rebuild-ledger", kept=tmp_path).code == 0
    house = House(tmp_path)
    taken_down = record("old0", "r0")["article_id"]
    house.ledger.take_down([taken_down], "asked for", "t1", "hezhou")
    house.publish("t1")
    house.ledger.close()
    feed = tmp_path / "feed"
    lines = [line for data in parts(tree(feed)).values() for line in unpack(data)]
    assert sorted(json.loads(line)["seq"] for line in lines) == [1, 2, 3, 4]
    assert verify(str(feed)) == []


if __name__ == "__main__":
    actions = {
        "kill": kill_everywhere,
        "without-rights": without_rights,
        "look-without-rights": look_without_rights,
    }
    actions[sys.argv[1]](Path(sys.argv[2]))
