"""Where a run keeps what lasts: the ledger, the feed and the archive."""

import os
from dataclasses import dataclass
from pathlib import Path

from scrapy.settings import BaseSettings
from scrapy.utils.conf import closest_scrapy_cfg


class PlaceError(ValueError):
    """A setting that names no usable place; the message says which and what to write instead."""


@dataclass(frozen=True, slots=True)
class Places:
    """The ledger's SQLAlchemy URL, the feed's base, and the folder of the archive.

    The base is a folder or an fsspec address (s3://…); without an archive its folder is None.
    """

    ledger_url: str
    feed_uri: str
    archive: Path | None


def find_places(settings: BaseSettings) -> Places:
    """Return the places that the settings name; raises PlaceError.

    NEWSMIRROR_DIR is the folder for all; NEWSMIRROR_LEDGER_URL, NEWSMIRROR_FEED_URI and NEWSMIRROR_ARCHIVE
    move one of them.
    """
    ledger_url = settings.get("NEWSMIRROR_LEDGER_URL")
    feed_uri = settings.get("NEWSMIRROR_FEED_URI")
    archive = settings.get("NEWSMIRROR_ARCHIVE")
    if not (ledger_url and feed_uri and archive):
        folder = _folder(settings.get("NEWSMIRROR_DIR"))
        ledger_url = ledger_url or f"sqlite:///{folder / 'ledger.db'}"
        feed_uri = feed_uri or str(folder / "feed")
        archive = archive or str(folder / "archive")
    return Places(ledger_url, feed_uri, _archive(archive))


def _archive(named: str) -> Path | None:
    if named == "off":
        return None
    if not Path(named).is_absolute():
        raise PlaceError(
            f"NEWSMIRROR_ARCHIVE={named!r} is neither off nor an absolute path: write off, or a path such as "
            "/var/lib/newsmirror/archive, or leave it empty for the folder archive in NEWSMIRROR_DIR"
        )
    return Path(named)


def _folder(named: str | None) -> Path:
    if named and Path(named).is_absolute():
        return Path(named)
    if "SCRAPY_PROJECT" in os.environ:  # Scrapyd tells every job its project
        raise PlaceError(
            f"NEWSMIRROR_DIR={named!r} is no absolute path, and a job of Scrapyd works wherever Scrapyd was "
            "started: set it to a path such as /var/lib/newsmirror in the environment of Scrapyd"
        )
    cfg = closest_scrapy_cfg()
    return (Path(cfg).parent if cfg else Path.cwd()) / (named or "data")
