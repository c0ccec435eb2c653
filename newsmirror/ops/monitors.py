"""The monitors of a run and how they are run: spidermon over the comparisons of `health.py`.

Only a crawl imports this: the commands that crawl nothing need not wait for spidermon.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Self

from scrapy.crawler import Crawler
from scrapy.utils.misc import load_object
from spidermon import Monitor, MonitorRunner, MonitorSuite  # type: ignore[import-untyped]

from newsmirror.feed.manifest import Finding
from newsmirror.ops import health

logger = logging.getLogger(__name__)


class MonitorsError(ValueError):
    """A suite of monitors that cannot be used; the message names the setting and what is wrong with it."""


class HealthMonitor(Monitor):  # type: ignore[misc]
    """A monitor over `data.present`, `data.past` and `data.reasons`, why the run is not complete anyway."""

    longMessage = False
    data: Any

    def expect_none(self, messages: Iterable[str]) -> None:
        """Fail with these messages, if there are any."""
        told = list(messages)
        if told:
            self.fail("\n".join(told))


class OutcomeMonitor(HealthMonitor):
    """The run ended by itself and found about what the last ones did."""

    def test_outcome(self) -> None:
        """The guard of the feed has nothing to say."""
        self.expect_none(self.data.reasons)


class LayoutMonitor(HealthMonitor):
    """The pages print what they printed."""

    def test_lacking(self) -> None:
        """No label went missing."""
        self.expect_none(health.lacking(self.data.present, self.data.past))


class WarningsMonitor(HealthMonitor):
    """The articles make sense."""

    def test_warned(self) -> None:
        """Few articles carry warnings."""
        self.expect_none(health.warned(self.data.present, self.data.past))


class SchemaMonitor(HealthMonitor):
    """Every record keeps the schema."""

    def test_invalid(self) -> None:
        """No record broke it."""
        self.expect_none(health.invalid(self.data.present))


class ErrorsMonitor(HealthMonitor):
    """Every page that came was handled."""

    def test_raised(self) -> None:
        """No callback and no pipeline raised."""
        self.expect_none(health.raised(self.data.present))


class PagesMonitor(HealthMonitor):
    """What should be an article is one."""

    def test_unread(self) -> None:
        """Few pages are rejected."""
        self.expect_none(health.unread(self.data.present, self.data.past))


class RequestsMonitor(HealthMonitor):
    """The site answers."""

    def test_gave_up(self) -> None:
        """Few requests are given up."""
        self.expect_none(health.gave_up(self.data.present, self.data.past))


class ListingsMonitor(HealthMonitor):
    """Listings can be walked."""

    def test_broken_walks(self) -> None:
        """They lead to articles, and on to their next page."""
        self.expect_none(health.broken_walks(self.data.present, self.data.past))


class FreshnessMonitor(HealthMonitor):
    """The site still publishes."""

    def test_stale(self) -> None:
        """The newest article is young."""
        self.expect_none(health.stale(self.data.present))


class RunMonitors(MonitorSuite):  # type: ignore[misc]
    """What is looked at when a run ends. For notifications: a subclass of this with actions."""

    monitors: ClassVar[list[type[Monitor]]] = [
        OutcomeMonitor,
        LayoutMonitor,
        WarningsMonitor,
        SchemaMonitor,
        ErrorsMonitor,
        PagesMonitor,
        RequestsMonitor,
        ListingsMonitor,
        FreshnessMonitor,
    ]


class Checkup(MonitorRunner):  # type: ignore[misc]
    """A suite's pass over one run: `look` runs its monitors, `notify` its actions.

    In two steps, so that no slow or broken notification stands between a run and its commit. The suite may be
    anybody's: whatever it raises is told, and the run is not lost with it.
    """

    def __init__(self, suite: MonitorSuite) -> None:
        super().__init__()
        self.suite = suite
        self._looked = False

    @classmethod
    def load(cls, crawler: Crawler) -> Self:
        """Make the suite that NEWSMIRROR_MONITORS names; raises MonitorsError."""
        name = crawler.settings["NEWSMIRROR_MONITORS"]
        try:
            suite = load_object(name)(crawler=crawler)
        except Exception as error:
            raise MonitorsError(
                f"NEWSMIRROR_MONITORS={name!r}: {type(error).__name__}: {error}; it names a subclass of "
                "newsmirror.ops.monitors.RunMonitors, whose actions need their own settings"
            ) from error
        if not isinstance(suite, MonitorSuite):
            raise MonitorsError(f"NEWSMIRROR_MONITORS={name!r} is no MonitorSuite of spidermon")
        return cls(suite)

    def look(self, present: health.Present, past: Sequence[health.Past], **data: Any) -> list[Finding]:
        """Run the monitors; return what the failing ones say. `data` is for them and for the actions."""
        try:
            self.run(self.suite, present=present, past=past, **data)
        except Exception as error:
            logger.exception("%s raised; no action of it is run", self.suite)
            return [Finding(str(self.suite), f"it raised {type(error).__name__}: {error}")]
        self._looked = True
        findings = []
        for failed in self.result.monitors_failed_results:
            name = failed.monitor.monitor_name
            if failed.reason is None:  # it did not fail, it raised
                logger.error("The monitor %s raised: %s", name, failed.error)
            said = failed.reason or f"it raised {_last_line(failed.error)}"
            findings += [Finding(name, line) for line in said.splitlines() if line]
        return findings

    def run_suite(self) -> None:
        """Run the monitors alone, where spidermon runs the actions, too."""
        self.result.start()
        self.run_monitors()

    def notify(self) -> None:
        """Run the actions, after `look`; those that fail are told."""
        if not self._looked:
            return
        try:
            self.run_actions()
        except Exception:
            logger.exception("%s raised in an action's place", self.suite)
        result = self.result
        for ran in (
            *result.monitors_finished_action_results,
            *result.monitors_passed_action_results,
            *result.monitors_failed_action_results,
        ):
            if ran.error is not None:
                logger.error("The action %s failed: %s", ran.action.name, _last_line(ran.error))


def _last_line(traceback: str) -> str:
    return traceback.strip().rpartition("\n")[2]
