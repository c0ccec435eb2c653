"""A takedown that is killed at any write point: the next run finishes it."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from feedmaker import House, record
from test_feed_faults import kill_at_each, killed_at, tree
from test_takedown import REASON, SECRET, finish, id_of, is_gone, keep, members, page, secret, take_down

from newsmirror.feed import read
from newsmirror.feed.manifest import read_manifests
from newsmirror.feed.verify import verify


def prepare(folder: Path) -> None:
    """A feed and a file of the archive that hold the article, and a run that has accepted it once more."""
    house = House(folder)
    house.begin("r1")
    house.accept(record("a", "r1"), secret("b", "r1"), record("c", "r1"))
    house.ledger.reject("r1", "hezhou", page("b"), "invalid", SECRET, "2025-01-08T09:00:00Z")
    house.publish("r1")
    keep(house, folder)
    house.accept(secret("b", "r1", "二"))
    house.ledger.assign("r1", 10)
    house.finish("r1")
    house.ledger.close()


def command(folder: Path) -> None:
    house = House(folder)
    take_down(house, id_of("b"), archive=folder / "archive")
    house.ledger.close()


def next_run(folder: Path) -> None:
    """What a run of another site does when it opens and when it ends."""
    house = House(folder)
    house.begin("r2", "linzhou")
    house.publish("r2")
    finish(house, folder / "archive")
    house.finish("r2")
    house.publish("r2")
    finish(house, folder / "archive")
    house.ledger.close()


def check(folder: Path, before: dict[str, str], whole: dict[str, tuple[str | None, bytes]]) -> None:
    """What must hold right after a kill, and after the next run."""
    feed = str(folder / "feed")
    ops = [each["op"] for each in read(feed)]
    assert ops[:3] in (["insert", "insert", "insert"], ["insert", "delete", "insert"])
    house = House(folder)
    is_blocked = [each.id for each in house.ledger.blocked()] == [id_of("b")]
    house.ledger.close()
    next_run(folder) if is_blocked else command(folder)
    assert verify(feed) == []
    assert [(each["op"], each["revision"]) for each in read(feed)] == [
        ("insert", 1), ("delete", 1), ("insert", 1), ("delete", 2), ("delete", 3),
    ]  # fmt: skip
    house = House(folder)
    assert house.ledger.due_takedowns() == {}
    manifests = read_manifests(house.storage)
    house.ledger.close()
    rewrites = [each for manifest in manifests for each in manifest.rewrites]
    assert {each.file: each.sha256_before for each in rewrites} == before
    assert len(rewrites) == len(before)
    assert [each.reason for manifest in manifests for each in manifest.takedowns] == [REASON]
    [warc] = (folder / "archive").glob("*.warc.gz")
    kept = {id_: member for id_, member in whole.items() if page("b") not in (member[0] or "")}
    assert members(warc) == kept
    assert sorted(path.suffix for path in (folder / "archive").iterdir()) == [".cdxj", ".gz"]
    assert not [path for path in tree(folder) if path.endswith(".part")]
    assert is_gone(folder)


def kill_everywhere(folder: Path) -> None:
    """Kill at each point in turn, and print the points as JSON."""
    ready = folder / "ready"
    ready.mkdir()
    if os.fork() == 0:
        prepare(ready)
        os._exit(0)
    assert os.wait()[1] == 0
    [warc] = (ready / "archive").glob("*.warc.gz")
    whole = members(warc)
    [manifest] = [json.loads(path.read_bytes()) for path in (ready / "feed/v1/manifests").iterdir()]
    before = {part["path"]: part["sha256"] for part in manifest["parts"]}
    before |= {file["file"]: file["sha256"] for file in manifest["archive"]}
    shutil.copytree(ready, folder / "whole")
    points = killed_at(folder / "whole", 0, partial(command, folder / "whole"))
    # The part that waited is published as it was, and then rewritten, too.
    rewrites = json.loads((folder / "whole/feed/v1/manifests/r1.json").read_bytes())["rewrites"]
    before |= {each["file"]: each["sha256_before"] for each in rewrites if each["file"] not in before}
    # In between is a publication: test_feed_faults.py.
    publishing = range(points.index("before articles"), points.index("after index.json"))
    chosen = [point for point in range(1, len(points) + 1) if point not in publishing]
    kill_at_each(chosen, points, ready, command, partial(check, before=before, whole=whole))


def test_a_kill_at_every_write_point() -> None:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        run = [sys.executable, "-W", "error", __file__, folder]
        done = subprocess.run(run, capture_output=True, text=True, timeout=240, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    points = json.loads(done.stdout)
    # One part that waited, one of deletes, and both that held it; the manifests of both runs, and those of
    # each rewriting: of articles, of rejects and of the WARC file.
    assert (points.count("after articles"), points.count("after rejects")) == (4, 1)
    assert points.count("before manifests") == 6
    assert {"half a write", "before statement", "after commit", "after rename"} <= set(points)


if __name__ == "__main__":
    kill_everywhere(Path(sys.argv[1]))
