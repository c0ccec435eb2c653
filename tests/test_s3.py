"""The feed in an object store: a real S3 API on loopback, and kills while it is written."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import boto3
import pytest
from feedmaker import House, record
from moto.server import ThreadedMotoServer
from test_feed_faults import go_on, killed_at, next_run, prepare, tree
from test_feed_readers import fill

from newsmirror.feed import FeedError, read, status
from newsmirror.feed.publish import sweep
from newsmirror.feed.storage import Storage
from newsmirror.feed.verify import verify


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    """A bucket of a real S3 API on loopback."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    name = request.node.name.replace("_", "-")  # the server's memory outlives it
    boto3.client("s3").create_bucket(Bucket=name)
    yield f"s3://{name}/mirror/feed"
    server.stop()


def test_s3(bucket: str, tmp_path: Path) -> None:
    house = House(tmp_path, bucket)
    records = fill(house)
    assert [each["seq"] for each in records] == [1, 2, 3, 4, 5, 6]
    assert verify(bucket) == []
    assert status(bucket).index.last_seq == 6
    copy = Storage(str(tmp_path / "copy"))
    for path in house.storage.list("v1"):
        copy.write(path, house.storage.read(path))
    assert copy.list("v1") == house.storage.list("v1")
    assert verify(str(tmp_path / "copy")) == []
    house.storage.write("v1/articles/fetch_date=2025-01-08/dead-00001.jsonl.gz", b"")
    assert [problem.what for problem in verify(bucket)] == ["no manifest names it"]
    assert sweep(house.storage, house.ledger) == ["v1/articles/fetch_date=2025-01-08/dead-00001.jsonl.gz"]
    assert verify(bucket) == []
    house.ledger.close()


def test_a_bucket_that_is_not_there_is_told(bucket: str, tmp_path: Path) -> None:
    house = House(tmp_path, "s3://nowhere/mirror/feed")
    house.begin("r1")
    house.accept(record("a", "r1"))
    with pytest.raises(FeedError, match=r"^s3://nowhere/mirror/feed/v1/articles/\S+: "):
        house.publish("r1")
    house.ledger.close()
    again = House(tmp_path, bucket)
    again.publish("r1")
    assert [each["seq"] for each in read(bucket)] == [1]
    again.ledger.close()


# ---- kills ------------------------------------------------------------------------------------------------


def in_a_child(work: Callable[[], None]) -> None:
    """Do some work in a child: what talks to S3 has threads, and does not outlive a fork."""
    if (child := os.fork()) == 0:
        work()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def put_and_go_on(place: Path, feed: str) -> None:
    """Put what is in a folder into the store, and go on there."""
    house = House(place, feed)
    for path, data in tree(place / "feed").items():
        PUT(house.storage, path, data)
    go_on(house)


def check(place: Path, feed: str, before: dict[str, bytes]) -> None:
    """What must hold right after a kill, and after the next run."""
    shown = [each["seq"] for each in read(feed)]
    assert shown == [*range(1, 1 + len(shown))]
    assert len(shown) >= 3
    next_run(House(place, feed))
    assert verify(feed) == []  # no object is there that no manifest names
    assert [each["seq"] for each in read(feed)] == [*range(1, 9)]
    storage = Storage(feed)
    assert {path: storage.read(path) for path in before} == before


def kill_after_each_kind(folder: Path, bucket: str) -> None:
    """Kill after the first object of each kind was put; print what the kinds are."""
    ready = folder / "ready"
    ready.mkdir()
    in_a_child(partial(prepare, ready))
    before = {path: data for path, data in tree(ready / "feed").items() if path.endswith(".gz")}

    def passed(point: int) -> list[str]:
        place, feed = folder / f"{point}", f"{bucket}/{point}"
        shutil.copytree(ready, place)
        return killed_at(place, point, partial(put_and_go_on, place, feed))

    points = passed(0)
    for kind in KINDS:
        point = points.index(f"after {kind}") + 1
        assert passed(point) == points[:point]
        in_a_child(partial(check, folder / f"{point}", f"{bucket}/{point}", before))


PUT = Storage.write
KINDS = ("articles", "rejects", "manifests", "index.json")


def test_a_kill_after_an_object_of_each_kind(bucket: str, tmp_path: Path) -> None:
    command = [sys.executable, __file__, str(tmp_path), bucket]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


if __name__ == "__main__":
    kill_after_each_kind(Path(sys.argv[1]), sys.argv[2])
