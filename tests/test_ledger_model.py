"""Random crawls, edits, crashes, publications and rebuilds against a model of a few lines.

The model: what was accepted, site by site, in order, and how each run ended. The feed must be that, each
record once, and seq must count it through; a reader trusts manifests and index, as docs/feed.md says. A crash
is what SIGKILL leaves: the files as they are at one step, taken over by new runs.
"""

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import Engine, event
from test_ledger import digest, record, rows

from newsmirror.ledger.ledger import Ledger
from newsmirror.ledger.rebuild import rebuild

SITES = ("fyun", "hezhou")
MOMENTS = ("before_cursor_execute", "after_cursor_execute", "commit")
# Files in memory, where a system has them: no power is lost here, and waiting for the disk takes long.
MEMORY = Path("/dev/shm")
TIMES = ("2025-01-08T23:59:59Z", "2025-01-09T00:00:01Z")

sites = st.sampled_from(SITES)
pages = st.integers(1, 3)
contents = st.sampled_from("AB")
times = st.sampled_from(TIMES)
sizes = st.integers(1, 4)
# None: it ends well. Otherwise the step at which it is killed, if it takes so many.
steps = st.none() | st.integers(1, 20)


class Killed(BaseException):
    """The process ends here."""


class Crawls(RuleBasedStateMachine):
    """Two sites on one ledger, in one process that dies and comes back."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.path = self.folder / "0.db"
        self.lives = 0
        self.left = 0
        # The model: (url, revision, content) as accepted, and how many rejects.
        self.accepted: dict[str, list[tuple[str, int, str]]] = {site: [] for site in SITES}
        self.rejected = 0
        self.ended: dict[str, str | None] = {}
        self.frozen: dict[str, str | None] = {}  # the manifests of runs that a lost ledger knew
        # The files of the feed: the rows of each part; how each run ended and its parts; up to which seq.
        self.feed: dict[str, list[str]] = {}
        self.manifests: dict[str, tuple[str | None, list[str]]] = {}
        self.index = self.read = 0
        for moment in MOMENTS:
            event.listen(Engine, moment, self.step)

    def teardown(self) -> None:
        for moment in MOMENTS:
            event.remove(Engine, moment, self.step)
        for site in SITES:
            while self.ledger.assign(self.run(site), 2):
                pass
        self.write_parts()
        self.reader_is_right()
        assert {site: self.published(site) for site in SITES} == self.accepted
        rejects = [text for path in self.named("rejects") for text in self.feed[path]]
        assert len(set(rejects)) == len(rejects) == self.rejected
        assert sorted(self.named("")) == sorted(self.feed)
        assert {run: reason for run, (reason, _) in self.manifests.items()} == {
            **self.frozen,
            **self.ended,
        }
        assert rows(self.path, "SELECT count(*) FROM outbox") == [(0,)]
        self.ledger.close()
        shutil.rmtree(self.folder)

    # --- the process

    def run(self, site: str) -> str:
        return f"{site}-{self.lives}"

    @initialize()
    def start(self) -> None:
        """Open the ledger and begin a run on each site, over the dead ones."""
        self.ledger = Ledger.open(f"sqlite:///{self.path}")
        rows(self.path, "UPDATE locks SET holder = replace(holder, '/', '/dead') RETURNING 1")
        for run, reason in self.ended.items():
            self.ended[run] = reason or "died"
        for site in SITES:
            self.ledger.take_run(self.run(site), site, "start")
            self.ended[self.run(site)] = None

    def step(self, *_: Any) -> None:
        """Count down to the crash, and keep what it leaves."""
        self.left -= 1
        if self.left:
            return
        after = self.folder / f"{self.lives + 1}.db"
        for end in ("", "-wal"):
            if (file := self.path.with_name(self.path.name + end)).exists():
                shutil.copyfile(file, after.with_name(after.name + end))
        raise Killed

    def survives(self, step: int | None, work: Callable[[], object]) -> bool:
        """Do some work; return whether it ended well. If not, a new process has taken over."""
        self.left = step or 0
        try:
            work()
        except Killed:
            self.ledger.close()
            self.lives += 1
            self.path = self.folder / f"{self.lives}.db"
            self.start()
            return False
        finally:
            self.left = 0
        return True

    # --- what happens

    @rule(site=sites, page=pages, content=contents, at=times, step=steps)
    def accept(self, site: str, page: int, content: str, at: str, step: int | None) -> None:
        given = record(f"{site}/{page}", content, at, self.run(site), site=site)
        before = [entry for entry in self.accepted[site] if entry[0] == given["url"]]
        known = self.ledger.seen([given["article_id"]])
        assert {(each.revision, each.content_sha256) for each in known.values()} == {
            (revision, digest(last)) for _, revision, last in before[-1:]
        }
        changed = not before or before[-1][2] != content
        alive = self.survives(step, lambda: self.ledger.accept(given))
        now = self.ledger.seen([given["article_id"]])
        there = bool(now) and now[given["article_id"]].revision == len(before) + 1
        assert there == changed or not alive
        if there:
            self.accepted[site].append((given["url"], len(before) + 1, content))

    @rule(site=sites, at=times)
    def reject(self, site: str, at: str) -> None:
        self.rejected += 1
        detail = f"number {self.rejected}"
        self.ledger.reject(self.run(site), site, "http://kuaizhao.example/", "soft_404", detail, at)

    @rule(site=sites, size=sizes, step=steps)
    def assign(self, site: str, size: int, step: int | None) -> None:
        self.survives(step, lambda: self.ledger.assign(self.run(site), size))

    @rule(step=steps)
    def publish(self, step: int | None) -> None:
        self.survives(step, self.write_parts)

    @rule()
    def restart(self) -> None:
        """End all runs in order, and begin new ones."""
        self.finish()
        self.ledger.close()
        self.lives += 1
        self.start()

    @rule()
    def make_anew(self) -> None:
        """Lose the ledger, and all that it alone knew."""
        self.finish()
        self.ledger.close()
        rebuild(f"sqlite:///{self.path}", self.records())
        # What no manifest names is swept, and what the manifests did not tell yet is never told.
        self.feed = {path: self.feed[path] for path in self.named("")}
        self.frozen = {run: reason for run, (reason, _) in self.manifests.items()}
        self.ended = {}
        self.accepted = {site: self.published(site) for site in SITES}
        self.rejected = sum(len(self.feed[path]) for path in self.named("rejects"))
        self.lives += 1
        self.start()

    def finish(self) -> None:
        for site in SITES:
            self.ledger.finish_run(self.run(site), "finished", True, {"found": 0})
            self.ended[self.run(site)] = "finished"

    def write_parts(self) -> None:
        with self.ledger.publishing() as publication:
            for part in publication.pending():
                texts = list(part.payloads())
                assert len(texts) == part.rows
                # Whoever repeats a publication writes the same.
                assert self.feed.setdefault(part.path, texts) == texts
                self.step()
                publication.published(part, 1, digest(part.path))
            for told in publication.manifests():
                paths = [part.path for part in told.parts]
                self.manifests[told.run.run_id] = (told.run.close_reason, paths)
                self.step()
            self.index = publication.last_seq
            self.step()

    # --- what must be

    def named(self, kind: str) -> list[str]:
        """Return the paths of a kind that manifests name."""
        return [path for _, paths in self.manifests.values() for path in paths if path.startswith(kind)]

    def records(self) -> list[dict[str, Any]]:
        found = [json.loads(text) for path in self.named("articles") for text in self.feed[path]]
        return sorted(found, key=lambda each: each["seq"])

    def published(self, site: str) -> list[tuple[str, int, str]]:
        return [
            (each["url"], each["revision"], each["title"][-1])
            for each in self.records()
            if each["site"] == site
        ]

    @invariant()
    def reader_is_right(self) -> None:
        """Seq counts the records through as they appear, and each site is in order of acceptance."""
        seqs = [record["seq"] for record in self.records()]
        assert seqs == list(range(1, len(seqs) + 1))
        assert self.read <= self.index <= len(seqs)
        self.read = self.index
        for site in SITES:
            published = self.published(site)
            assert published == self.accepted[site][: len(published)]


TestCrawls = Crawls.TestCase
TestCrawls.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
