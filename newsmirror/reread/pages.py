"""One page of the archive → its record, by today's reader. As in a crawl, without one."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from newsmirror.archive.reader import Page
from newsmirror.archive.sites import Site
from newsmirror.items import ArchiveRef, Discovery, Snapshot
from newsmirror.normalise.record import build_article
from newsmirror.reading.article import is_article, read_article
from newsmirror.reading.page import HtmlPage, open_page
from newsmirror.schema import ArticleValidator, to_plain


@dataclass(frozen=True, slots=True)
class Unread:
    """A page that gave no record, and why."""

    url: str
    why: str


class Rereader:
    """Reads pages for one run; each of its records names `run_id`."""

    def __init__(self, run_id: str) -> None:
        """Make the validator."""
        self._run_id = run_id
        self._validator = ArticleValidator()

    def read(
        self, page: Page, site: Site, discovery: Discovery, archive: ArchiveRef
    ) -> dict[str, Any] | Unread:
        """Return the plain record of a page, valid by the schema."""
        opened = open_page(page.body, page.content_type, site.file.encoding, page.url)
        if not isinstance(opened, HtmlPage):
            return Unread(page.url, f"{opened.reason}: {opened.detail}")
        if not is_article(opened.stream):
            return Unread(page.url, "no article by its labels")
        read = read_article(opened.stream)
        if read is None:
            return Unread(page.url, "an article without a title that could be read")
        article = build_article(
            Snapshot(
                page=read,
                url=page.url,
                site=site.name,
                timezone=site.file.timezone,
                discovery=discovery,
                fetched_at=page.fetched_at,
                payload_sha256=sha256(page.body).hexdigest(),
                encoding=opened.encoding,
                archive=archive,
                run_id=self._run_id,
            )
        )
        record = to_plain(article)
        for path, message in self._validator.violations(record):
            return Unread(page.url, f"invalid: {path}: {message[:200]}")
        return record
