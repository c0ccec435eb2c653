"""The last run's figures for Prometheus, in a file that node_exporter's textfile collector reads."""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from newsmirror.feed.errors import FeedError
from newsmirror.feed.manifest import Manifest, read_manifest
from newsmirror.feed.storage import Storage
from newsmirror.ops.runs_table import seconds_taken
from newsmirror.places import find_places
from newsmirror.run_id import file_name_of
from newsmirror.spiders.base import SnapshotSpider

logger = logging.getLogger(__name__)


class MetricsFile:
    """Writes `newsmirror_<site>.prom` into the folder NEWSMIRROR_PROMETHEUS_DIR when a run was committed.

    A file for each site, so that no run overwrites the figures of another one.
    """

    def __init__(self, crawler: Crawler, spider: SnapshotSpider) -> None:
        self.spider = spider
        self.stats = crawler.stats
        self.folder = Storage(str(Path(crawler.settings["NEWSMIRROR_PROMETHEUS_DIR"]).absolute()))
        self.feed = Storage(find_places(crawler.settings).feed_uri)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Create the extension, as Scrapy asks."""
        if not crawler.settings["NEWSMIRROR_PROMETHEUS_DIR"] or not isinstance(
            crawler.spider, SnapshotSpider
        ):
            raise NotConfigured
        extension = cls(crawler, crawler.spider)
        # Engine stopped: the manifest is committed by then.
        crawler.signals.connect(extension.stopped, signals.engine_stopped)
        return extension

    def stopped(self) -> None:
        """Write the file; a run that was not committed leaves the one of the run before it."""
        if self.spider.run_id is None or self.stats.get_value("newsmirror/run/complete") is None:
            return
        try:
            manifest = read_manifest(self.feed, self.spider.run_id)
            self.folder.write(
                f"newsmirror_{file_name_of(manifest.site)}.prom", format_metrics(manifest).encode()
            )
        except FeedError as error:
            logger.error("The figures for Prometheus were not written: %s", error)


def format_metrics(manifest: Manifest) -> str:
    """Return the figures of a finished run in Prometheus' text format (exposition formats, 0.0.4).

    All are gauges: what one run did, with base units, named as prometheus.io/docs/practices/naming asks.
    """
    counts = manifest.counts
    outcomes = ("new", "revised", "unchanged", "known")
    families: list[tuple[str, str, str | None, Mapping[str, float | None]]] = [
        ("run_complete", "1 if the last run is complete, 0 if not.", None, {"": manifest.complete}),
        ("run_start_timestamp_seconds", "When the last run began.", None, {"": _unix(manifest.started_at)}),
        ("run_end_timestamp_seconds", "When the last run ended.", None, {"": _unix(manifest.finished_at)}),
        ("run_duration_seconds", "How long the last run took.", None, {"": seconds_taken(manifest)}),
        ("run_pages", "HTML pages that the last run read.", None, {"": counts.get("pages")}),
        (
            "run_articles",
            "Articles of the last run; known ones were not fetched again.",
            "outcome",
            {outcome: counts.get(outcome) for outcome in outcomes},
        ),
        ("run_rejects", "Addresses that the last run gave up.", "reason", manifest.rejects),
        ("run_field_fill_ratio", "Share of articles with a field, 0 to 1.", "field", manifest.fill),
        (
            "run_findings",
            "Things that the monitors of the last run found.",
            None,
            {"": len(manifest.findings)},
        ),
        (
            "newest_article_timestamp_seconds",
            "When the newest known article was published.",
            None,
            {"": _unix(manifest.newest)},
        ),
    ]
    lines: list[str] = []
    for name, help_, label, values in families:
        lines += _family(f"newsmirror_{name}", help_, {"site": manifest.site}, label, values)
    return "\n".join(lines) + "\n"


def _family(
    name: str, help_: str, labels: Mapping[str, str], label: str | None, values: Mapping[str, float | None]
) -> Iterable[str]:
    known = {key: value for key, value in values.items() if value is not None}
    if known:
        yield f"# HELP {name} {help_}"
        yield f"# TYPE {name} gauge"
    for key, value in known.items():
        given = labels if label is None else {**labels, label: key}
        listed = ",".join(f'{each}="{_escape(text)}"' for each, text in given.items())
        yield f"{name}{{{listed}}} {float(value):.15g}"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _unix(time: str | None) -> float | None:
    return None if time is None else datetime.fromisoformat(time).timestamp()
