"""`scrapy schedule-run`, which a timer calls: one run for each slot of time.

Scrapy calls a command what its module is called, hence the dash in this file's name.
"""

import argparse
import fcntl
import os
import sys
from datetime import datetime
from urllib.parse import urlsplit

from scrapy.exceptions import UsageError
from scrapy.spiderloader import get_spider_loader
from scrapy.utils.conf import arglist_to_dict, closest_scrapy_cfg

from newsmirror.commands.crawl import check_spider
from newsmirror.ops.command import ProjectCommand, only
from newsmirror.ops.schedule import ScheduleError, Scrapyd, job_id, schedule_once
from newsmirror.ops.terminal import write_out


class Command(ProjectCommand):
    """Exit code 0: the slot has its job, from now or from before. 1: it has none, and a line says why."""

    def syntax(self) -> str:
        """Say how it is called."""
        return "[-a NAME=VALUE] [--slot LENGTH] [--at TIME] [--url URL] SPIDER"

    def short_desc(self) -> str:
        """Say what it is for."""
        return "Ask Scrapyd for one run in this slot of time, however often it is called"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the slot, the server and the spider's arguments."""
        super().add_options(parser)
        parser.add_argument(
            "-a", dest="spargs", action="append", default=[], metavar="NAME=VALUE", help="a spider argument"
        )
        parser.add_argument("--slot", default="1d", help="1d, 6h, 30m …: one run in each; default 1d")
        parser.add_argument("--at", metavar="TIME", help="the slot of this local time; default: now")
        parser.add_argument(
            "--url",
            default="http://127.0.0.1:6800",
            help="Scrapyd; who asks: SCRAPYD_USERNAME and SCRAPYD_PASSWORD in the environment",
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Schedule; raises UsageError for what is written wrong."""
        assert self.settings is not None  # noqa: S101 - set by Scrapy before run
        spider = only(args, "spider")
        try:
            given = arglist_to_dict(opts.spargs)
        except ValueError:
            raise UsageError("-a: write NAME=VALUE", print_help=False) from None
        check_spider(get_spider_loader(self.settings), spider, given)
        if urlsplit(opts.url).password is not None:
            raise UsageError("--url: others can read a password here; set SCRAPYD_PASSWORD", print_help=False)
        scrapyd = Scrapyd(opts.url, os.environ.get("SCRAPYD_USERNAME"), os.environ.get("SCRAPYD_PASSWORD"))
        try:
            job = job_id(spider, given, opts.slot, _local_time(opts.at))
            # Two timers at the same instant: the second one looks when the first has asked.
            with open(closest_scrapy_cfg(), "rb") as cfg:
                fcntl.flock(cfg, fcntl.LOCK_EX)
                state = schedule_once(scrapyd, self.settings["BOT_NAME"], spider, given, job)
        except ScheduleError as error:
            sys.stderr.write(f"{error}\n")
            self.exitcode = 1
            return
        self.exitcode = write_out([f"{job}: {f'is {state} already' if state else 'scheduled'}\n"])


def _local_time(text: str | None) -> datetime:
    now = datetime.now()
    if text is None:
        return now
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        message = f"--at {text!r} is no time: write such as 2025-01-08T02:15"
        raise UsageError(message, print_help=False) from None
    at = at.astimezone().replace(tzinfo=None)
    if at > now:
        raise UsageError(f"--at {text!r} lies ahead; a slot is run when it has begun", print_help=False)
    return at
