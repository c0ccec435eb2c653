"""`scrapy explain`: why a record says what it says."""

import argparse
import re
import shutil
import sys
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError
from scrapy.settings import BaseSettings

from newsmirror.archive.about import from_fields
from newsmirror.archive.errors import ArchiveError
from newsmirror.archive.files import run_of
from newsmirror.archive.reader import ArchiveReader
from newsmirror.archive.sites import site_of
from newsmirror.items import ArchiveRef, Discovery
from newsmirror.ledger.errors import LedgerError
from newsmirror.ledger.ledger import Known, Ledger
from newsmirror.ledger.state import look
from newsmirror.normalise.urls import canonical_url, identity
from newsmirror.ops.explain import ExplainError, KeptPage, explain_page, format_rows
from newsmirror.ops.sites import load_site_files
from newsmirror.places import PlaceError, find_places


class Command(ScrapyCommand):
    """Reads what is kept, never the network. Exit code 1 where no bytes are kept, or they are no article."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, object]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """Say how it is called."""
        return "URL | ARTICLE_ID"

    def short_desc(self) -> str:
        """Say what it is for."""
        return "Say for each key of an article's record by which rule and from where on the page it was read"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Explain one article; raises UsageError for what names none."""
        assert self.settings is not None  # noqa: S101 - set by Scrapy before run
        if len(args) != 1:
            raise UsageError(f"write scrapy explain {self.syntax()}", print_help=False)
        article_id = _article_id(args[0])
        try:
            page = find_page(self.settings, article_id)
            if page is None:
                raise ExplainError(
                    "no bytes of its page are kept, or not yet: a run tells of them at its end"
                )
            rows = explain_page(page)
        except PlaceError as error:
            raise UsageError(str(error), print_help=False) from error
        except (ExplainError, ArchiveError, LedgerError) as error:
            sys.stderr.write(f"{article_id}: {error}\n")
            self.exitcode = 1
            return
        sys.stdout.write(format_rows(rows, shutil.get_terminal_size((100, 24)).columns))


def find_page(settings: BaseSettings, article_id: str) -> KeptPage | None:
    """Return the newest page of an article whose bytes are kept, or None.

    Raises PlaceError, LedgerError and ArchiveError.
    """
    places = find_places(settings)
    if places.archive is None or look(places.ledger_url) is None:
        return None
    with Ledger.open(places.ledger_url) as ledger:
        capture, known = ledger.captured(article_id), ledger.seen([article_id]).get(article_id)
    if capture is None:
        return None
    reader = ArchiveReader(places.archive)
    ref = reader.rendered(ArchiveRef(capture.file, capture.record_id))
    page = reader.read(ref)
    site = site_of(places.archive / ref.file, load_site_files(settings))
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
        given=_given(known) if known is not None else {},
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
