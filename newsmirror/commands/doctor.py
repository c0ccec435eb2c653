"""`scrapy doctor`: what is wrong with this installation, and what to do about it."""

import argparse
from configparser import Error as ConfigError
from pathlib import Path

from scrapy.exceptions import UsageError
from scrapy.spiderloader import get_spider_loader
from scrapy.utils.conf import closest_scrapy_cfg

from newsmirror.ledger.errors import LedgerError
from newsmirror.ops.command import ProjectCommand
from newsmirror.ops.doctor import examine, read_scrapyd
from newsmirror.ops.terminal import write_out
from newsmirror.places import PlaceError
from newsmirror.spiders.base import SnapshotSpider


class Command(ProjectCommand):
    """One line a finding: level, code, what is wrong, cure. Exit code 1 if one of them is an error."""

    def syntax(self) -> str:
        """Say how it is called."""
        return "[--scrapyd-conf PATH]"

    def short_desc(self) -> str:
        """Say what it is for."""
        return "Say what is wrong with this installation, and what to do"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add Scrapyd's configuration."""
        super().add_options(parser)
        parser.add_argument(
            "--scrapyd-conf",
            metavar="PATH",
            help="judge the node of this scrapyd.conf, by default of the one that Scrapyd would find",
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Look and tell; raises UsageError for settings and files that cannot be read at all."""
        assert self.settings is not None  # noqa: S101 - set by Scrapy before run
        if args:
            raise self.misplaced(args[0])
        loader = get_spider_loader(self.settings)
        spiders = map(loader.load, loader.list())
        zones = [spider.timezone for spider in spiders if issubclass(spider, SnapshotSpider)]
        lock = Path(closest_scrapy_cfg()).with_name("constraints.txt")
        try:
            scrapyd = read_scrapyd(opts.scrapyd_conf)
            findings = examine(self.settings, zones, lock.read_text("utf-8"), scrapyd)
        except (OSError, ConfigError, PlaceError, LedgerError) as error:
            raise UsageError(str(error), print_help=False) from error
        lines = [f"{finding.level}: {finding.code}: {finding.text}\n" for finding in findings]
        errors = sum(finding.level == "error" for finding in findings)
        lines.append(f"{errors} errors, {len(findings) - errors} warnings\n")
        if scrapyd is None:
            lines.append(
                "Scrapyd was not looked at: no scrapyd.conf is here; name one: --scrapyd-conf PATH\n"
            )
        self.exitcode = write_out(lines) or int(errors > 0)
