"""`scrapy reread`: read the pages of the archive again, and publish what is different."""

import argparse
import sys
from pathlib import Path

from scrapy.exceptions import UsageError

from newsmirror.archive.errors import ArchiveError
from newsmirror.feed.errors import FeedError
from newsmirror.ledger.errors import LedgerError
from newsmirror.ledger.ledger import Ledger
from newsmirror.ledger.state import look as ledger_state
from newsmirror.ops.command import ProjectCommand
from newsmirror.ops.sites import load_site_files
from newsmirror.ops.terminal import printable, write_out
from newsmirror.places import PlaceError, Places, find_places
from newsmirror.reading import PARSER_VERSION
from newsmirror.reread.reread import Outcome, look, reread, sites_of
from newsmirror.reread.workers import House
from newsmirror.run_id import new_run_id


class Command(ProjectCommand):
    """Exit code 0: all pages were read. 1: some are no longer read, or it could not be done."""

    def syntax(self) -> str:
        """Say how it is called."""
        return "[--site SITE] [--dry-run]"

    def short_desc(self) -> str:
        """Say what it is for."""
        return "Read the archived pages again, without the network, and publish what is different"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add what is read, and whether it is published."""
        super().add_options(parser)
        parser.add_argument("--site", help="only the pages of this site; default: all sites")
        parser.add_argument(
            "--dry-run", action="store_true", help="publish nothing; tell what would change, with examples"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Read site by site; raises UsageError for what is written wrong."""
        assert self.settings is not None  # noqa: S101 - set by Scrapy before run
        if args:
            raise self.misplaced(args[0])
        try:
            places = find_places(self.settings)
        except PlaceError as error:
            raise UsageError(str(error), print_help=False) from error
        if places.archive is None:
            raise UsageError("NEWSMIRROR_ARCHIVE=off: there is no archive to read", print_help=False)
        try:
            sites = sites_of(places.feed_uri, places.archive)
        except (ArchiveError, FeedError) as error:
            self._fail(error)
            return
        if opts.site is not None and opts.site not in sites:
            known = ", ".join(sites) or "none"
            raise UsageError(
                f"{places.archive} has no pages of a site {opts.site!r}; there are pages of: {known}",
                print_help=False,
            )
        if not sites:
            self.exitcode = write_out([f"{places.archive}: no pages to read\n"])
        for site in [opts.site] if opts.site else sites:
            try:
                outcome = self._read(site, places, places.archive, opts.dry_run)
            except (ArchiveError, FeedError, LedgerError) as error:
                self._fail(error)  # the other sites are read all the same
                continue
            code = write_out([format_outcome(site, outcome, opts.dry_run)])
            self.exitcode = self.exitcode or code or int(outcome.lost > 0)

    def _read(self, site: str, places: Places, archive: Path, is_dry: bool) -> Outcome:
        assert self.settings is not None  # noqa: S101 - set by Scrapy before run
        house = House(places.feed_uri, archive, load_site_files(self.settings), new_run_id(site))
        if is_dry and ledger_state(places.ledger_url) is None:
            return look(house, site, lambda ids: {})
        with Ledger.open(places.ledger_url) as ledger:
            if is_dry:
                return look(house, site, ledger.seen)
            return reread(house, site, ledger, self.settings.getint("NEWSMIRROR_PART_ROWS"))

    def _fail(self, error: Exception) -> None:
        sys.stderr.write(f"{error}\n")
        self.exitcode = 1


def format_outcome(site: str, outcome: Outcome, is_dry: bool) -> str:
    """Return what came of a site for a person: the counts, then by key what changed, with examples."""
    would = "would be " if is_dry else ""
    lines = [
        f"{site}: {outcome.counts()['pages']} pages read by reader {PARSER_VERSION}: "
        f"{outcome.same} unchanged, {outcome.revised} {would}revised, {outcome.new} {would}new"
    ]
    if outcome.unkept:
        lines.append(f"  {outcome.unkept} articles were not read: their bytes are not in the archive")
    if outcome.lost:
        lines.append(f"  {outcome.lost} are no longer read:")
        lines += [f"      {printable(unread.url)}  {printable(unread.why)}" for unread in outcome.examples]
    for key, count in sorted(outcome.changes.counts.items(), key=lambda pair: (-pair[1], pair[0])):
        lines.append(f"  {key}  {count}")
        lines += [f"      {printable(example)}" for example in outcome.changes.examples[key]]
    return "\n".join(lines) + "\n"
