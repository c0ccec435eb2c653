"""`scrapy takedown`: an article removed for good, as its owner may ask for."""

import argparse
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

from scrapy.exceptions import UsageError

from newsmirror.archive.archive import close_left
from newsmirror.archive.errors import ArchiveError
from newsmirror.feed.errors import FeedError
from newsmirror.feed.publish import publish
from newsmirror.feed.storage import Storage
from newsmirror.ledger.engine import parse_url
from newsmirror.ledger.errors import LedgerError, name
from newsmirror.ledger.ledger import Ledger
from newsmirror.ledger.state import look
from newsmirror.normalise.urls import canonical_url, identity, is_root
from newsmirror.ops.command import ProjectCommand, only
from newsmirror.ops.terminal import write_out
from newsmirror.places import PlaceError, Places, find_places
from newsmirror.run_id import new_run_id
from newsmirror.takedown.finish import finish_takedowns


class Command(ProjectCommand):
    """Exit code 0: it is blocked, and gone from all files but those that a run still writes. 1: it is not.

    May be run while the site is crawled, and again: what was broken off is finished by that, or by any run.
    """

    def syntax(self) -> str:
        """Say how it is called."""
        return "--reason TEXT URL"

    def short_desc(self) -> str:
        """Say what it is for."""
        return "Remove an article from feed and archive, and never fetch it again"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add why."""
        super().add_options(parser)
        parser.add_argument("--reason", metavar="TEXT", help="why; it is published in the manifest")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Take it down; raises UsageError for what is written wrong."""
        assert self.settings is not None  # noqa: S101 - set by Scrapy before run
        typed = only(args, "address: that of the snapshot page, or of the original")
        if not (opts.reason or "").strip():
            raise UsageError("--reason: say why, it is published in the manifest", print_help=False)
        try:
            url = canonical_url(typed)
        except ValueError as error:
            raise UsageError(f"{error}; write it with http:// or https://", print_help=False) from error
        if is_root(url) and not urlsplit(url).query:
            raise UsageError(
                f"{url} is the front page of its host, where crawls begin: name the address of an article",
                print_help=False,
            )
        try:
            places = find_places(self.settings)
        except PlaceError as error:
            raise UsageError(str(error), print_help=False) from error
        try:
            if look(places.ledger_url) is None:
                raise UsageError(
                    f"there is no ledger at {name(parse_url(places.ledger_url))}: set NEWSMIRROR_DIR or "
                    "NEWSMIRROR_LEDGER_URL as the crawls have it",
                    print_help=False,
                )
            part_rows = self.settings.getint("NEWSMIRROR_PART_ROWS")
            for line in _take_down(places, url, opts.reason.strip(), part_rows):
                # What nobody reads is done all the same.
                self.exitcode = write_out([line]) or self.exitcode
        except (LedgerError, FeedError, ArchiveError) as error:
            sys.stderr.write(
                f"{error}\nWhat was not done yet is done by the same command, or by the next run.\n"
            )
            self.exitcode = 1


def _take_down(places: Places, url: str, reason: str, part_rows: int) -> Iterator[str]:
    """Block an address, publish its removal, and rewrite what held it; give a line for each step done."""
    with Ledger.open(places.ledger_url) as ledger:
        id_ = identity(url)
        earlier = next((block for block in ledger.blocked() if block.id == id_), None)
        known = ledger.standing([id_])
        # Of an address that is not known, nobody can say to which site it belongs: it may be an original's.
        site = known[0].site if known else "takedown"
        run_id = new_run_id(site)
        deletes = ledger.take_down([id_], reason, run_id, site)
        yield f"taken down already, by run {earlier.run_id}: {url}\n" if earlier else f"blocked: {url}\n"
        storage = Storage(places.feed_uri)
        if places.archive is not None:
            close_left(places.archive, ledger, run_id, adopts=True)
        publish(ledger, storage, places.archive, run_id, part_rows)
        for record in deletes:
            yield f"removed: {record['url']}\n"
        originals = [each.original_id for each in known if each.original_id is not None]
        for other in ledger.standing(originals):
            yield f"left: {other.url} mirrors the same original; to remove it, too, name the original\n"
        if not (deletes or earlier):
            yield "no article is left to remove: none in the feed is or mirrors this address\n"
        done = finish_takedowns(ledger, storage, places.archive, ledger.living_runs())
        yield f"rewritten: {done.parts} parts of the feed, {done.files} files of the archive\n"
        if done.is_due:
            yield "still due: what a run that goes on has kept; it takes that out when it ends\n"
