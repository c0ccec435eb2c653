"""What a person sees: a live line in a terminal, and none of it anywhere else."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from itertools import pairwise
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

import archivemaker
import pytest
from feedmaker import House, record
from newsserver import PROJECT, NewsServer, Page, scrapy

PROGRESS = re.compile(r"pages: (\d+) pages \[[^\]\r\n]*, articles=(\d+), queue=(\d+)\]")
LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[[\w.]+\] (\w+): ")


class Screen(NamedTuple):
    code: int
    raw: str

    @property
    def lines(self) -> list[str]:
        """What is left to see when all is over: a carriage return lets what follows cover the line."""
        shown = []
        for line in self.raw.replace("\r\n", "\n").split("\n"):
            seen = ""
            for part in line.split("\r"):
                seen = part + seen[len(part) :]
            shown.append(seen.rstrip())
        return shown


def in_terminal(*arguments: str) -> Screen:
    """Run `scrapy` with a terminal of 160 columns as its input and outputs."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "scrapy", *arguments],
        cwd=PROJECT, stdin=slave, stdout=slave, stderr=slave, close_fds=True,
        env={**os.environ, "NEWSMIRROR_DIR": mkdtemp()},
    )  # fmt: skip
    os.close(slave)
    written = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not piece:
            break
        written += piece
    os.close(master)
    return Screen(process.wait(timeout=60), written.decode())


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Screen:
    feed = tmp_path_factory.mktemp("terminal") / "out.jsonl"
    return in_terminal("crawl", "demo", "-s", "DOWNLOAD_DELAY=0.02", "-O", str(feed))


def test_terminal_shows_pages_and_articles(screen: Screen) -> None:
    assert screen.code == 0
    shown = [tuple(map(int, each)) for each in PROGRESS.findall(screen.raw)]
    pages, articles, queues = zip(*shown, strict=True)
    assert all(before <= after for before, after in pairwise(pages))
    assert all(before <= after for before, after in pairwise(articles))
    # With robots.txt there are 87 answers, of which 76 are articles.
    assert 10 < pages[-1] <= 87
    assert 0 < articles[-1] <= 76
    assert max(queues) > 0


def test_terminal_keeps_the_log_whole_and_takes_the_line_away(screen: Screen) -> None:
    assert [line for line in screen.lines if "pages: " in line or "\x1b" in line] == []
    levels = {found[1] for line in screen.lines if (found := LOG_LINE.match(line))}
    assert levels == {"INFO"}
    assert "Traceback (most recent call last):" not in screen.lines
    start = screen.lines.index("demo: 76 articles from 86 pages (finished)")
    assert screen.lines[start + 1] == "  by category: 国内 22, 国际 18, 文体 18, 财经 18"


@pytest.mark.parametrize("option", ["--nolog", "--logfile={file}"])
def test_terminal_without_a_log_stays_empty(tmp_path: Path, option: str) -> None:
    option = option.format(file=tmp_path / "log.txt")
    screen = in_terminal("crawl", "demo", option, "-a", "related=0", "-O", str(tmp_path / "out.jsonl"))
    assert screen == (0, "")
    assert len((tmp_path / "out.jsonl").read_text("utf-8").splitlines()) == 76


def test_pipe_gets_no_control_characters(tmp_path: Path) -> None:
    run = scrapy("crawl", "demo", "-O", str(tmp_path / "out.jsonl"))
    assert (run.code, run.stdout) == (0, "")
    assert "demo: 76 articles from 86 pages (finished)\n" in run.stderr
    assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f]", run.stderr) == []
    assert "pages: " not in run.stderr


@pytest.mark.parametrize("command", [["feed", "read"], ["as-of", "2999-01-01"]], ids=" ".join)
def test_a_reader_that_goes_away_ends_a_command_quietly(tmp_path: Path, command: list[str]) -> None:
    house = House(tmp_path)
    house.begin("r1")
    house.accept(*[record(f"a{number}", "r1", body_text="文" * 50_000) for number in range(20)])
    house.publish("r1")
    house.ledger.close()
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "scrapy", *command],
        cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "NEWSMIRROR_DIR": str(tmp_path)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["seq"] == 1
        process.stdout.close()
        said = process.stderr.read()
    assert (said, process.returncode) == (b"", 141)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "command",
    [
        *(
            "feed read",
            "feed status",
            "feed verify",
            "feed rebuild-ledger",
            "as-of 2999-01-01",
            "runs",
            "doctor",
        ),
        *("reread", "archive export --wacz {folder}/a.wacz", "takedown --reason x http://a.example/1"),
        "schedule-run demo --at 2025-01-08 --url {scrapyd}",
    ],
)
def test_an_output_that_takes_nothing_more_is_told_in_one_line(
    tmp_path: Path, command: str, unbuffered: str
) -> None:
    house = House(tmp_path)
    house.begin("r1")
    house.accept(record("a1", "r1"))
    house.finish("r1")
    archivemaker.write(house.ledger, tmp_path / "archive", "r1", {"http://a.example/1": "<p>甲</p>"})
    house.publish("r1")
    house.ledger.close()
    jobs = {"pending": [], "running": [], "finished": [{"id": "demo-1d-20250108T0000", "spider": "demo"}]}
    answer = Page(json.dumps({"status": "ok", **jobs}), content_type="application/json")
    with (
        NewsServer({"/listjobs.json?project=newsmirror": answer}) as scrapyd,
        Path("/dev/full").open("w") as full,
    ):
        typed = command.format(folder=tmp_path, scrapyd=scrapyd.origin)
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "scrapy", *typed.split()],
            cwd=PROJECT, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            env={**os.environ, "NEWSMIRROR_DIR": str(tmp_path), "PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    said = "standard output: No space left on device; free some space, or write elsewhere\n"
    assert (done.stderr, done.returncode) == (said, 1)


def test_an_output_that_is_closed_from_the_start_is_no_failure(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.begin("r1")
    house.accept(record("a1", "r1"))
    house.finish("r1")
    house.publish("r1")
    house.ledger.close()
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" "$@" >&-', sys.executable, "-W", "error", "-m", "scrapy", "runs"],
        cwd=PROJECT, capture_output=True, text=True, check=False,
        env={**os.environ, "NEWSMIRROR_DIR": str(tmp_path)},
    )  # fmt: skip
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
