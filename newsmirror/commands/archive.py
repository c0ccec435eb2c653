"""`scrapy archive`: take pages out of the raw archive."""

import argparse
import sys
from datetime import datetime, time
from pathlib import Path

from scrapy.exceptions import UsageError

from newsmirror.archive.errors import ArchiveError
from newsmirror.archive.export import export
from newsmirror.archive.selection import Span
from newsmirror.ops.command import ProjectCommand, only
from newsmirror.ops.moments import read_moment
from newsmirror.ops.terminal import write_out
from newsmirror.places import PlaceError, find_places


class Command(ProjectCommand):
    """`export --wacz FILE`; exit code 1 where nothing was exported. It may be run beside a crawl."""

    def syntax(self) -> str:
        """Say how it is called."""
        return "export --wacz FILE [--site SITE] [--since DATE] [--until DATE]"

    def short_desc(self) -> str:
        """Say what it is for."""
        return "Export pages of the raw archive to a WACZ file"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add where to, and which pages."""
        super().add_options(parser)
        parser.add_argument(
            "--wacz", type=Path, metavar="FILE", help="the file to write, which must not be there"
        )
        parser.add_argument("--site", help="only the pages of this site")
        parser.add_argument(
            "--since",
            default="0001-01-01",
            metavar="DATE",
            help="only pages fetched from this day (UTC) or time on",
        )
        parser.add_argument(
            "--until",
            default="9999-12-31",
            metavar="DATE",
            help="only pages fetched until this day (UTC) or time",
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Export; raises UsageError for what is written wrong."""
        assert self.settings is not None  # noqa: S101 - set by Scrapy before run
        if (verb := only(args, "of: export")) != "export":
            raise self.misplaced(verb)
        if opts.wacz is None or opts.wacz.suffix != ".wacz":
            given = f", not {opts.wacz}" if opts.wacz else ""
            raise UsageError(f"--wacz: name a FILE that ends in .wacz{given}", print_help=False)
        target = opts.wacz.absolute()
        if target.exists():
            raise UsageError(
                f"{target} is there already: move it away, or name another file", print_help=False
            )
        span = Span(_moment("--since", opts.since, time.min), _moment("--until", opts.until, time.max))
        if span.first > span.last:
            raise UsageError(f"--until {opts.until} is before --since {opts.since}", print_help=False)
        try:
            folder = find_places(self.settings).archive
            if folder is None:
                raise UsageError("NEWSMIRROR_ARCHIVE is off: there is no archive", print_help=False)
            made = export(folder, target, opts.site, span)
        except PlaceError as error:
            raise UsageError(str(error), print_help=False) from error
        except ArchiveError as error:
            sys.stderr.write(f"{error}\n")
            self.exitcode = 1
            return
        lines = [f"{target}: {made.articles} article pages, {made.records} records\n"]
        if made.lost:
            lines.append(f"left out: {made.lost} revisits of pages whose bytes are not in the archive\n")
        self.exitcode = write_out(lines)


def _moment(option: str, text: str, of_day: time) -> datetime:
    try:
        return read_moment(text, of_day)
    except ValueError as error:
        raise UsageError(f"{option} {error}", print_help=False) from error
