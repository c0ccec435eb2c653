"""A node: a real Scrapyd with the configuration that we ship, on a free loopback port."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from newsserver import PROJECT, Run

from newsmirror.ops.schedule import Scrapyd, schedule_once

BIN = PROJECT / ".venv-scrapyd/bin"
WHO, SECRET = "newsmirror", "vNq7-for-the-tests"
# How long anything may take here: the machine may be busy.
PATIENCE_SECONDS = 300


class Node:
    """Scrapyd in a folder of its own, beside a checkout of the project that deploys to it.

    `port` is one that is held for it: see `hold_port`.
    """

    def __init__(self, folder: Path, port: int) -> None:
        assert (BIN / "scrapyd").exists(), "the environment of Scrapyd is missing: make scrapyd"
        self.folder, self.kept, self.checkout = folder, folder / "data", folder / "checkout"
        self.port = port
        self.url = f"http://127.0.0.1:{self.port}"
        ours = ("NEWSMIRROR_", "SCRAPY_", "SCRAPYD_", "PYTHON")
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(ours)},
            "NEWSMIRROR_DIR": str(self.kept),
            "NEWSMIRROR_CONTACT": "nobody@hezhou.example",
            "SCRAPYD_USERNAME": WHO,
            "SCRAPYD_PASSWORD": SECRET,
            "SCRAPYD_HTTP_PORT": str(self.port),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._check_out()
        self.conf = folder / "scrapyd/scrapyd.conf"
        self.conf.parent.mkdir()
        self._configure()

    def _check_out(self) -> None:
        leave = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / "newsmirror", self.checkout / "newsmirror", ignore=leave)
        shutil.copytree(PROJECT / "deploy", self.checkout / "deploy")
        for name in ("Makefile", "README.md", "LICENSE", "pyproject.toml", "constraints.txt"):
            shutil.copy2(PROJECT / name, self.checkout)
        config = (PROJECT / "scrapy.cfg").read_text("utf-8")
        assert "127.0.0.1:6800" in config
        (self.checkout / "scrapy.cfg").write_text(config.replace("6800", str(self.port)), "utf-8")
        (self.checkout / ".venv-scrapyd").symlink_to(BIN.parent)

    def _configure(self) -> None:
        """Take what we ship; its folders are here, it keeps little, and it has no time to lose."""
        text = (PROJECT / "deploy/scrapyd.conf").read_text("utf-8")
        for ours, here in (
            ("/var/lib/scrapyd", str(self.conf.parent)),
            ("jobs_to_keep = 60", "jobs_to_keep = 1"),
            ("poll_interval = 5", "poll_interval = 0.1"),
        ):
            assert ours in text
            text = text.replace(ours, here)
        self.conf.write_text(text, "utf-8")

    def start(self) -> None:
        """Start Scrapyd, and wait for it to answer."""
        written = self.folder / "scrapyd.log"
        with written.open("ab") as log:
            self._process = subprocess.Popen(
                [BIN / "scrapyd", "--pidfile="], cwd=self.conf.parent, env=self.environment,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            assert self._process.poll() is None, written.read_text("utf-8")
            with suppress(OSError):  # it does not listen yet, or is too busy to answer
                self.ask("daemonstatus.json")
                return
            time.sleep(0.05)
        self.die()
        raise AssertionError(f"Scrapyd does not answer:\n{written.read_text('utf-8')}")

    def die(self) -> None:
        """Kill Scrapyd and all its jobs, as a loss of power would."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def ask(self, path: str, form: dict[str, str] | None = None) -> dict[str, Any]:
        """Ask Scrapyd's API; it answers nobody without the password."""
        request = Request(f"{self.url}/{path}", urlencode(form).encode() if form else None)
        request.add_header("Authorization", "Basic " + b64encode(f"{WHO}:{SECRET}".encode()).decode())
        with urlopen(request, timeout=60) as response:
            answer: dict[str, Any] = json.load(response)
        assert answer["status"] == "ok", answer
        return answer

    def jobs(self, job: str) -> list[str]:
        """Return the states of the jobs with this id."""
        known = self.ask("listjobs.json?project=newsmirror")
        states = ("pending", "running", "finished")
        return [state for state in states for each in known[state] if each["id"] == job]

    def wait_for(self, job: str, state: str) -> None:
        """Wait for a job to have come to a state."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            if self.jobs(job) == [state]:
                return
            time.sleep(0.2)
        raise AssertionError(f"{job} is {self.jobs(job)}, not {state}")

    def begin(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        """Start a command in the checkout with Scrapyd's Python, as a timer does."""
        path = f"{BIN}:{os.environ['PATH']}"
        return subprocess.Popen(
            command, cwd=self.checkout, env={**self.environment, "PATH": path, **environment},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *command: str, **environment: str) -> Run:
        """Run a command in the checkout to its end."""
        process = self.begin(*command, **environment)
        stdout, stderr = process.communicate(timeout=PATIENCE_SECONDS)
        return Run(process.returncode, stdout, stderr)

    def schedule_run(self, *arguments: str, **environment: str) -> Run:
        """Run `scrapy schedule-run` against this node."""
        return self.run("scrapy", "schedule-run", *arguments, "--url", self.url, **environment)

    def schedule(self, job: str) -> str | None:
        """Do the same without a process of its own; return the state of a job that was known before."""
        return schedule_once(Scrapyd(self.url, WHO, SECRET), "newsmirror", job.partition("-")[0], {}, job)

    def manifests(self) -> list[dict[str, Any]]:
        """Return the manifests of the feed, in order of their runs."""
        found = [json.loads(path.read_text("utf-8")) for path in self.kept.glob("feed/v1/manifests/*.json")]
        return sorted(found, key=lambda manifest: manifest["started_at"])


def hold_port() -> socket.socket:
    """Bind a free port and listen to nothing: till this is closed only who names the port may listen there.

    The system gives it to nobody, be it another server or the near end of a connection.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
