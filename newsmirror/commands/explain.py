"""`scrapy explain`: why a record says what it says."""

import argparse
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from scrapy.exceptions import UsageError
from scrapy.settings import BaseSettings

from newsmirror.archive.about import from_fields
from newsmirror.archive.errors import ArchiveError
from newsmirror.archive.files import find_file, run_of
from newsmirror.archive.reader import ArchiveReader
from newsmirror.archive.sites import SiteFile, site_of
from newsmirror.feed.errors import FeedError
from newsmirror.feed.reader import newest_record
from newsmirror.items import ArchiveRef, Discovery
from newsmirror.ledger.errors import LedgerError
from newsmirror.ledger.ledger import Known, Ledger
from newsmirror.ledger.state import look
from newsmirror.normalise.urls import canonical_url, identity
from newsmirror.ops.command import ProjectCommand, only
from newsmirror.ops.explain import ExplainError, KeptPage, explain_page, format_rows
from newsmirror.ops.sites import load_site_files
from newsmirror.ops.terminal import printable, write_out
from newsmirror.places import PlaceError, find_places

# What ledger and feed set in a record.
_GIVEN = ("seq", "op", "revision", "change_cause", "first_seen_at")
_NO_RECORD = "the feed has no record of it; explained is the newest page that is kept"


class Command(ProjectCommand):
    """Reads what is kept, never the network. Exit code 1 where no bytes are kept, or they are no article."""

    def syntax(self) -> str:
        """Say how it is called."""
        return "URL | ARTICLE_ID"

    def short_desc(self) -> str:
        """Say what it is for."""
        return "Say for each key of an article's record by which rule and from where on the page it was read"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Explain one article; raises UsageError for what names none."""
        assert self.settings is not None  # noqa: S101 - set by Scrapy before run
        named = only(args, "article: its address, or its article_id")
        article_id = _article_id(named)
        try:
            page = find_page(self.settings, article_id)
            rows = explain_page(page)
        except PlaceError as error:
            raise UsageError(str(error), print_help=False) from error
        except (ExplainError, ArchiveError, LedgerError, FeedError) as error:
            sys.stderr.write(f"{printable(named)}: {error}\n")
            self.exitcode = 1
            return
        if "seq" not in page.given:
            sys.stderr.write(f"{printable(named)}: {_NO_RECORD}\n")
        self.exitcode = write_out([format_rows(rows, shutil.get_terminal_size((100, 24)).columns)])


def find_page(settings: BaseSettings, article_id: str) -> KeptPage:
    """Return the page that an article's newest record was read from.

    Where the feed has no record of it: the newest page that is kept, without `seq` in what is given.
    Raises PlaceError, FeedError, LedgerError and ArchiveError, and ExplainError if no bytes are kept.
    """
    places = find_places(settings)
    if places.archive is None:
        raise PlaceError("NEWSMIRROR_ARCHIVE=off: there is no archive to read")
    record = newest_record(places.feed_uri, article_id)
    if record is None:
        return _unpublished(places.ledger_url, places.archive, load_site_files(settings), article_id)
    if record["op"] == "delete":
        raise ExplainError("it was taken down: nothing of its page is shown")
    if record["archive"] is None:
        raise ExplainError("its record was made without an archive: the bytes of its page are not kept")
    # They may be older than the record, and fetched by another spelling of its address.
    return replace(
        _read(places.archive, ArchiveRef(**record["archive"]), load_site_files(settings)),
        url=record["fetched_url"],
        fetched_at=datetime.fromisoformat(record["fetched_at"]),
        site=record["site"],
        discovery=Discovery(**record["discovery"]),
        run_id=record["run_id"],
        given={key: record[key] for key in _GIVEN},
    )


def _unpublished(
    ledger_url: str, archive: Path, spiders: Mapping[str, SiteFile], article_id: str
) -> KeptPage:
    """Return the newest page of an address that the ledger knows of; raises ExplainError if it knows none."""
    capture = known = None
    if look(ledger_url) is not None:
        with Ledger.open(ledger_url) as ledger:
            capture, known = ledger.captured(article_id), ledger.seen([article_id]).get(article_id)
    if capture is None:
        raise ExplainError("no bytes of its page are kept, or not yet: a run tells of them at its end")
    ref = ArchiveReader(archive).rendered(ArchiveRef(capture.file, capture.record_id))
    return replace(_read(archive, ref, spiders), given=_given(known) if known is not None else {})


def _read(archive: Path, ref: ArchiveRef, spiders: Mapping[str, SiteFile]) -> KeptPage:
    """Return a page as the archive has it."""
    page = ArchiveReader(archive).read(ref)
    site = site_of(find_file(archive, ref.file), spiders)
    return KeptPage(
        body=page.body,
        content_type=page.content_type,
        url=page.url,
        fetched_at=page.fetched_at,
        site=site.name,
        timezone=site.file.timezone,
        encoding=site.file.encoding,
        discovery=from_fields(page.about) or Discovery("start", None, None),
        run_id=run_of(ref.file),
        archive=ref,
    )


def _given(known: Known) -> dict[str, Any]:
    """Return what the ledger has set in the article's last record."""
    op = "insert" if known.revision == 1 else "revise"
    return {"op": op, "revision": known.revision, "first_seen_at": known.first_seen_at}


def _article_id(named: str) -> str:
    """Return the article_id that an argument is or that belongs to its address; raises UsageError."""
    if re.fullmatch("[0-9a-f]{64}", named):
        return named
    try:
        return identity(canonical_url(named))
    except ValueError:
        message = f"{named!r} is neither an address (http://…) nor an article_id (64 hexadecimal digits)"
        raise UsageError(message, print_help=False) from None
