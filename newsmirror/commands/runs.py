"""`scrapy runs`: the last runs, as a table or as a page."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from scrapy.exceptions import UsageError

from newsmirror.disk import write_file
from newsmirror.feed.errors import FeedError
from newsmirror.feed.manifest import Manifest, read_manifests
from newsmirror.feed.storage import Storage
from newsmirror.ops.command import ProjectCommand
from newsmirror.ops.runs_page import render_runs
from newsmirror.ops.runs_table import format_runs
from newsmirror.ops.terminal import write_out
from newsmirror.places import PlaceError, find_places


class Command(ProjectCommand):
    """Reads manifests, and nothing else: it may be run beside a crawl, and where only the feed is."""

    def syntax(self) -> str:
        """Say how it is called."""
        return "[--site SITE] [--last N] [--html FILE]"

    def short_desc(self) -> str:
        """Say what it is for."""
        return "List the last runs, the newest first, or write a page with the trend of each site"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add what is listed, and where to."""
        super().add_options(parser)
        parser.add_argument("--site", help="only the runs of this site")
        parser.add_argument("--last", type=int, default=20, metavar="N", help="list so many runs; default 20")
        parser.add_argument("--html", type=Path, metavar="FILE", help="write a page that needs no other file")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """List the runs; raises UsageError for what cannot be listed."""
        assert self.settings is not None  # noqa: S101 - set by Scrapy before run
        if args:
            raise self.misplaced(args[0])
        if opts.last < 1:
            raise UsageError(f"--last {opts.last}: name a number from 1", print_help=False)
        try:
            uri = find_places(self.settings).feed_uri
            manifests = read_manifests(Storage(uri))
            if not manifests:
                sys.stderr.write(f"no run yet in {uri}; NEWSMIRROR_DIR must be as the crawls have it\n")
            chosen = _of_site(manifests, opts.site)
            if opts.html is None:
                self.exitcode = write_out([format_runs(chosen[: -opts.last - 1 : -1])])
            else:
                page = render_runs(chosen, opts.last, datetime.now(UTC))
                target = opts.html.absolute()
                if not target.parent.is_dir():
                    raise UsageError(f"--html: there is no folder {target.parent}", print_help=False)
                write_file(target, page.encode())
                self.exitcode = write_out([f"{target}: {len(chosen)} runs\n"])
        except PlaceError as error:
            raise UsageError(str(error), print_help=False) from error
        except FeedError as error:
            sys.stderr.write(f"{error}\n")
            self.exitcode = 1
        except OSError as error:
            sys.stderr.write(f"{opts.html}: {error.strerror}; name a file that this user may write\n")
            self.exitcode = 1


def _of_site(manifests: list[Manifest], site: str | None) -> list[Manifest]:
    """Return the runs of a site, of all if None; raises UsageError for one that has none."""
    chosen = [manifest for manifest in manifests if site in (None, manifest.site)]
    if site is not None and not chosen:
        known = ", ".join(sorted({manifest.site for manifest in manifests})) or "none"
        raise UsageError(f"no run of a site {site!r}; there are runs of: {known}", print_help=False)
    return chosen
