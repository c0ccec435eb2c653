"""`scrapy feed`: look at the published feed, check it, read it, and make a ledger from it."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict

from scrapy.exceptions import UsageError

from newsmirror.archive.errors import ArchiveError
from newsmirror.archive.memory import all_captures
from newsmirror.feed.errors import FeedError
from newsmirror.feed.publish import sweep
from newsmirror.feed.reader import blocked, read, recover, status
from newsmirror.feed.storage import Storage
from newsmirror.feed.verify import verify
from newsmirror.ledger.engine import parse_url
from newsmirror.ledger.errors import LedgerError
from newsmirror.ledger.ledger import Ledger
from newsmirror.ledger.rebuild import rebuild
from newsmirror.ops.command import ProjectCommand, only
from newsmirror.ops.terminal import write_out, write_records
from newsmirror.places import PlaceError, Places, find_places


class Command(ProjectCommand):
    """`status`, `verify`, `read --since SEQ`, `rebuild-ledger`; exit code 1 where something is wrong."""

    def syntax(self) -> str:
        """Say how it is called."""
        return "status | verify | read [--since SEQ] | rebuild-ledger"

    def short_desc(self) -> str:
        """Say what it is for."""
        return "Look at the published feed, check it, read it, or make a new ledger from it"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the cursor of `read`."""
        super().add_options(parser)
        parser.add_argument("--since", type=int, default=0, help="read only records with a higher seq")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run one verb; raises UsageError for another word or unusable settings."""
        verbs: dict[str, Callable[[Places, int], int]] = {
            "status": _status,
            "verify": _verify,
            "read": _read,
            "rebuild-ledger": _rebuild,
        }
        verb = only(args, f"of: {', '.join(verbs)}")
        if verb not in verbs:
            raise UsageError(f"{verb!r} is none of: {', '.join(verbs)}", print_help=False)
        assert self.settings is not None  # noqa: S101 - set by Scrapy before run
        try:
            self.exitcode = verbs[verb](find_places(self.settings), opts.since)
        except PlaceError as error:
            raise UsageError(str(error), print_help=False) from error
        except (FeedError, LedgerError, ArchiveError) as error:
            sys.stderr.write(f"{error}\n")
            self.exitcode = 1


def _status(places: Places, since: int) -> int:
    return write_out([json.dumps(asdict(status(places.feed_uri)), ensure_ascii=False, indent=1) + "\n"])


def _verify(places: Places, since: int) -> int:
    problems = verify(places.feed_uri, places.archive)
    lines = [f"{problem.path}: {problem.what}; {problem.cure}\n" for problem in problems]
    code = write_out(lines or [f"{places.feed_uri}: every part is as its manifest says\n"])
    return 1 if problems else code


def _read(places: Places, since: int) -> int:
    return write_records(read(places.feed_uri, since))


def _rebuild(places: Places, since: int) -> int:
    captures = all_captures(places.archive) if places.archive is not None else ()
    rebuild(places.ledger_url, recover(places.feed_uri), blocked(places.feed_uri), captures)
    # Parts that the old ledger had not committed: the seq they have is given to others next.
    with Ledger.open(places.ledger_url) as ledger:
        sweep(Storage(places.feed_uri), ledger)
    shown = parse_url(places.ledger_url).render_as_string(hide_password=True)
    return write_out([f"{shown}: made from {places.feed_uri}\n"])
