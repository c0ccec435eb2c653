"""Where a run keeps what lasts: the ledger and the feed."""

import os
from dataclasses import dataclass
from pathlib import Path

from scrapy.settings import BaseSettings
from scrapy.utils.conf import closest_scrapy_cfg


class PlaceError(ValueError):
    """A setting that names no usable place; the message says which and what to write instead."""


@dataclass(frozen=True, slots=True)
class Places:
    """The ledger's SQLAlchemy URL and the feed's base: a folder or an fsspec address (s3://…)."""

    ledger_url: str
    feed_uri: str


def find_places(settings: BaseSettings) -> Places:
    """Return the places that the settings name; raises PlaceError.

    NEWSMIRROR_DIR is the folder for both; NEWSMIRROR_LEDGER_URL and NEWSMIRROR_FEED_URI move one of them.
    """
    ledger_url = settings.get("NEWSMIRROR_LEDGER_URL")
    feed_uri = settings.get("NEWSMIRROR_FEED_URI")
    if not (ledger_url and feed_uri):
        folder = _folder(settings.get("NEWSMIRROR_DIR"))
        ledger_url = ledger_url or f"sqlite:///{folder / 'ledger.db'}"
        feed_uri = feed_uri or str(folder / "feed")
    return Places(ledger_url, feed_uri)


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
