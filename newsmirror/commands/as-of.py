"""`scrapy as-of`: the feed as it was at a date.

Scrapy calls a command what its module is called, hence the dash in this file's name.
"""

import argparse
import sys
from datetime import time

from scrapy.exceptions import UsageError

from newsmirror.feed.errors import FeedError
from newsmirror.feed.reader import as_of
from newsmirror.ops.command import ProjectCommand, only
from newsmirror.ops.moments import read_moment
from newsmirror.ops.terminal import write_records
from newsmirror.places import PlaceError, find_places


class Command(ProjectCommand):
    """One JSON line for each article that there was then, in order of seq; nothing before the first part."""

    def syntax(self) -> str:
        """Say how it is called."""
        return "DATE"

    def short_desc(self) -> str:
        """Say what it is for."""
        return "Print the state of the feed at a date: 2025-01-08 (its end, UTC) or 2025-01-08T12:00:00+08:00"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Print it; raises UsageError for what is no date."""
        assert self.settings is not None  # noqa: S101 - set by Scrapy before run
        date = only(args, "date, such as 2025-01-08")
        try:
            instant = read_moment(date, time.max)
        except ValueError as error:
            raise UsageError(str(error), print_help=False) from error
        try:
            self.exitcode = write_records(as_of(find_places(self.settings).feed_uri, instant))
        except PlaceError as error:
            raise UsageError(str(error), print_help=False) from error
        except FeedError as error:
            sys.stderr.write(f"{error}\n")
            self.exitcode = 1
