"""A run: takes the ledger for its site, publishes what the ledger accepted, and says how it ended."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from msgspec import convert, to_builtins
from scrapy import __version__ as scrapy_version
from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider, IgnoreRequest, NotConfigured
from scrapy.utils.asyncio import AsyncioLoopingCall

from newsmirror import __version__
from newsmirror.archive.archive import RawArchive, close_left
from newsmirror.archive.errors import ArchiveError
from newsmirror.feed.errors import FeedError
from newsmirror.feed.guard import judge
from newsmirror.feed.manifest import Finding
from newsmirror.feed.publish import publish, sweep
from newsmirror.feed.storage import Storage
from newsmirror.ledger.errors import LedgerError, RunLocked
from newsmirror.ledger.ledger import Known, Ledger
from newsmirror.normalise.record import format_utc
from newsmirror.ops.figures import Figures
from newsmirror.ops.health import LAST_RUNS, Past, Present
from newsmirror.ops.monitors import Checkup, MonitorsError
from newsmirror.places import find_places
from newsmirror.reading import PARSER_VERSION
from newsmirror.run_id import new_run_id
from newsmirror.spiders.base import SnapshotSpider
from newsmirror.spiders.owed import Lost
from newsmirror.takedown.finish import finish_takedowns

logger = logging.getLogger(__name__)

# The guard compares with the median of so many.
_GUARD_RUNS = 3
# A lock without a beat for two minutes is dead.
_BEAT_SECONDS = 30


class MirrorRun:
    """Holds the ledger of a crawl. `failure` says why the run is not complete, as far as is known."""

    def __init__(self, crawler: Crawler, spider: SnapshotSpider) -> None:
        self.crawler = crawler
        self.spider = spider
        self.places = find_places(crawler.settings)
        self.part_rows = crawler.settings.getint("NEWSMIRROR_PART_ROWS")
        self.site = spider.site
        self.started_at = format_utc(datetime.now(UTC))
        self.run_id = new_run_id(self.site)
        # Articles that this run took in within its first second.
        self.taken_at_once: set[str] = set()
        self.figures = Figures()
        self.rejects: Counter[str] = Counter()
        # Addresses of the pages that a callback or a pipeline failed on.
        self.failed: list[str] = []
        self._ledger: Ledger | None = None
        self._storage = Storage(self.places.feed_uri)
        self._archive: RawArchive | None = None
        self._publishing = asyncio.Lock()
        self._waiting_rows = 0
        # From when the lock is taken until it is given back; and while the spider crawls.
        self._beats = AsyncioLoopingCall(self._beat)
        self._publications = AsyncioLoopingCall(self._publish_in_passing)
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the extension, as Scrapy asks; raises PlaceError where the settings name no place."""
        if not isinstance(crawler.spider, SnapshotSpider):
            raise NotConfigured
        extension = cls(crawler, crawler.spider)
        crawler.signals.connect(extension.opened, signals.spider_opened)
        crawler.signals.connect(extension.closed, signals.spider_closed)
        crawler.signals.connect(extension.raised, signals.spider_error)
        crawler.signals.connect(extension.raised, signals.item_error)
        return extension

    @property
    def ledger(self) -> Ledger:
        """The ledger, while the spider is open."""
        if self._ledger is None:
            raise LedgerError("the ledger is not open")
        return self._ledger

    @property
    def start_key(self) -> str:
        """What makes two runs comparable: the same start, categories and limits."""
        arguments = self.spider.arguments
        own = [arguments.start, arguments.categories, arguments.max_pages, arguments.max_articles]
        return json.dumps(own, ensure_ascii=False)

    async def opened(self) -> None:
        """Open the ledger, take the site's lock, and publish what a dead run left; raises CloseSpider."""
        try:
            self._checkup = Checkup.load(self.crawler)
            self._ledger = Ledger.open(self.places.ledger_url)
            arguments = self.spider.arguments
            since = format_utc(arguments.since) if arguments.since else None
            note = {
                "start": list(arguments.start),
                "since": since,
                "baseline": arguments.baseline,
                "parser_version": PARSER_VERSION,
            }
            self._ledger.take_run(self.run_id, self.site, self.start_key, note)
            self.spider.run_id = self.run_id
            self._beats.start(_BEAT_SECONDS, now=False)
            self.spider.walked_until = self._ledger.walked_until(
                self.site, self.start_key, PARSER_VERSION, since
            )
            self.spider.memory = self._seen_before
            left = self._ledger.left(self.site, self.start_key)
            self.spider.ask_again(convert(left.get("owed", []), list[Lost]))
            if not arguments.baseline:
                self.spider.expect(left.get("listed", {}))
            await asyncio.to_thread(sweep, self._storage, self._ledger)
            if self.places.archive is not None:
                await asyncio.to_thread(
                    close_left, self.places.archive, self._ledger, self.run_id, adopts=True
                )
                self._archive = self._new_archive(self.places.archive)
            await self._publish()
        except RunLocked as error:
            self._fail("locked", str(error))
            raise CloseSpider("locked") from error
        except MonitorsError as error:
            self._fail("unusable", str(error))
            raise CloseSpider("monitors_unusable") from error
        except (LedgerError, FeedError) as error:
            self._fail("unusable", str(error))
            raise CloseSpider("ledger_or_feed_unusable") from error
        except ArchiveError as error:
            self._fail("unusable", str(error))
            raise CloseSpider("archive_unusable") from error
        self._publications.start(self.crawler.settings.getint("NEWSMIRROR_PART_SECONDS"), now=False)
        await self._finish_takedowns()

    def row_waits(self) -> None:
        """Count a row that the ledger took in; a full part is published in passing."""
        self._waiting_rows += 1
        if self._waiting_rows >= self.part_rows:
            self._publish_in_passing()

    def ledger_failed(self, error: LedgerError) -> None:
        """Stop the crawl: without the ledger nothing that it fetches would last."""
        if not self.crawler.stats.get_value("newsmirror/run/failure"):
            self._fail("ledger", str(error))
            self._start(self.crawler.engine.close_spider_async(reason="ledger_failed"))

    @contextmanager
    def archiving(self) -> Iterator[RawArchive]:
        """Give the archive; where it fails the crawl is stopped, and IgnoreRequest raised."""
        assert self._archive is not None  # noqa: S101 - open while there are requests
        try:
            yield self._archive
        except (ArchiveError, LedgerError) as error:
            if not self.crawler.stats.get_value("newsmirror/run/failure"):
                self._fail("archive", str(error))
                self._start(self.crawler.engine.close_spider_async(reason="archive_failed"))
            raise IgnoreRequest(f"not kept: {error}") from error

    def raised(self, response: Any) -> None:
        """Note a page on which a callback or a pipeline raised; Scrapy has logged the traceback."""
        self.failed.append(getattr(response, "url", "(no page)"))

    async def closed(self, reason: str) -> None:
        """Judge the run, publish what is left, commit its manifest, and notify whoever wants to know."""
        self._publications.stop()
        if self._ledger is None:
            return
        try:
            if self.spider.run_id is None:
                return
            newest = self._ledger.newest(self.site, format_utc(datetime.now(UTC)))
            reasons, findings = self._judge(reason, newest)
            figures = {
                "rejects": dict(self.rejects),
                "fill": self.figures.fill(),
                "newest": newest,
                "findings": [asdict(finding) for finding in findings],
                "owed": to_builtins(self.spider.owed.left()),
                "listed": self.spider.listings(is_whole=reason == "finished"),
            }
            self.crawler.stats.set_value("newsmirror/owed", len(figures["owed"]))
            counts = self._counts()
            if self._archive is not None:
                self.crawler.stats.set_value("newsmirror/archive/answers", self._archive.kept)
                self.crawler.stats.set_value("newsmirror/archive/revisits", self._archive.revisits)
                # What is left of the feed is packed meanwhile; the manifest, which names the files, is last.
                both = asyncio.gather(self._archive.close(), self._publish(), return_exceptions=True)
                for failure in filter(None, await both):
                    raise failure
            self._ledger.finish_run(self.run_id, reason, not reasons, counts, reasons, figures=figures)
            self._beats.stop()  # the lock is given back
            await self._publish()
            await self._finish_takedowns()
        except (LedgerError, FeedError, ArchiveError) as error:
            self._fail("publish", str(error))
            return
        finally:
            self._beats.stop()
            self._ledger.close()
        for why in reasons:
            logger.error("Run %s is not complete: %s", self.run_id, why)
        self.crawler.stats.set_value("newsmirror/run/complete", not reasons)
        await asyncio.to_thread(self._checkup.notify)

    def _seen_before(self, article_ids: Iterable[str]) -> dict[str, Known]:
        """Return what earlier runs saw: what this run has just read must not end a listing walk."""
        return {
            id_: known
            for id_, known in self.ledger.seen(article_ids).items()
            # The clock of the ledger has seconds, and in its first one this run may not have been alone.
            if known.first_seen_at <= self.started_at and id_ not in self.taken_at_once
        }

    # ---- how ------------------------------------------------------------------------------------------

    def _judge(self, close_reason: str, newest: str | None) -> tuple[list[str], list[Finding]]:
        """Return why the run is not complete, and what its monitors found, which is among that."""
        before: list[dict[str, Any]] = []
        if not self.spider.arguments.baseline:
            before = self.ledger.last_complete(self.site, self.start_key, LAST_RUNS)
        last_found = [note["counts"]["found"] for note in before[:_GUARD_RUNS]]
        _, reasons = judge(self._found(), last_found, close_reason, self.spider.unwalked)
        present = Present(
            now=datetime.now(UTC),
            counts=self._counts(),
            rejects=self.rejects,
            figures=self.figures,
            unpaged=self.spider.unpaged,
            raised=self.failed,
            newest=newest,
            stale_after=self.spider.stale_after,
        )
        past = [Past(note["counts"], note["rejects"], note["fill"]) for note in before if "fill" in note]
        findings = self._checkup.look(
            present,
            past,
            reasons=tuple(reasons),
            spider=self.spider,
            crawler=self.crawler,
            stats=self.crawler.stats.get_stats(),
        )
        return list(dict.fromkeys([*reasons, *(finding.message for finding in findings)])), findings

    def _found(self) -> int:
        """Return how many articles the first pages showed; 0 if not one article was read or known."""
        counts = self._counts()
        met = counts["new"] + counts["revised"] + counts["unchanged"] + counts["known"]
        return len(self.spider.found) if met else 0

    def _counts(self) -> dict[str, int]:
        stats = self.crawler.stats
        return {
            "found": len(self.spider.found),
            "pages": stats.get_value("newsmirror/pages/html", 0),
            "walks": stats.get_value("newsmirror/walks", 0),
            "unpaged": len(self.spider.unpaged),
            "barren": stats.get_value("newsmirror/chain_ended/no_article", 0),
            "new": stats.get_value("newsmirror/new", 0),
            "revised": stats.get_value("newsmirror/revised", 0),
            "unchanged": stats.get_value("newsmirror/unchanged", 0),
            "known": stats.get_value("newsmirror/skipped/known", 0),
            "read": self.figures.read,
            "warned": self.figures.warned,
            "rejects": self.rejects.total(),
        }

    async def _publish(self) -> None:
        """Write the parts and manifests that are due, off the reactor, one publisher at a time."""
        async with self._publishing:
            self._waiting_rows = 0
            archive = self.places.archive
            await asyncio.to_thread(publish, self.ledger, self._storage, archive, self.run_id, self.part_rows)

    def _publish_in_passing(self) -> None:
        if not self._publishing.locked():
            self._start(self._publish_or_tell())

    async def _publish_or_tell(self) -> None:
        try:
            await self._publish()
        except (LedgerError, FeedError, ArchiveError) as error:
            # The rows stay in the outbox; the end of the run tries again.
            logger.error("Publishing is delayed: %s", error)

    async def _finish_takedowns(self) -> None:
        """Take what was taken down out of all files; what cannot be done now stays due."""
        try:
            others = self.ledger.living_runs() - {self.run_id}
            await asyncio.to_thread(finish_takedowns, self.ledger, self._storage, self.places.archive, others)
        except (LedgerError, FeedError, ArchiveError) as error:
            logger.error("A takedown is not finished: %s", error)

    def _new_archive(self, folder: Path) -> RawArchive:
        settings = self.crawler.settings
        about = {
            "software": f"newsmirror/{__version__} Scrapy/{scrapy_version}",
            "robots": "obey" if settings.getbool("ROBOTSTXT_OBEY") else "ignore",
            "http-header-user-agent": settings["USER_AGENT"],
            "isPartOf": self.site,
            "run-id": self.run_id,
            "spider": self.spider.name,
        }
        return RawArchive(
            folder, self.ledger, self.run_id, about, settings.getint("NEWSMIRROR_ARCHIVE_BYTES")
        )

    def _beat(self) -> None:
        try:
            self.ledger.beat(self.run_id)
        except LedgerError as error:
            # Scrapy cannot stop a crawl that only opens; the first beat of its own then stops it.
            if self.crawler.engine.running:
                self.ledger_failed(error)

    def _start(self, coroutine: Any) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _fail(self, kind: str, message: str) -> None:
        logger.error("%s", message)
        self.crawler.stats.set_value("newsmirror/run/failure", kind)
