"""Whose pages are in a file of the archive, and how that site's pages are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from newsmirror.archive.errors import ArchiveError
from newsmirror.archive.reader import read_info


@dataclass(frozen=True, slots=True)
class SiteFile:
    """What a spider says of the pages of its site: their time zone (IANA name), and their encoding."""

    timezone: str
    encoding: str | None


@dataclass(frozen=True, slots=True)
class Site:
    """A site by its name in the record, and how its pages are read."""

    name: str
    file: SiteFile


def site_of(path: Path, spiders: Mapping[str, SiteFile]) -> Site:
    """Return the site of a file's pages; raises ArchiveError if the file or its spider is gone."""
    info = read_info(path)
    spider = spiders.get(info.get("spider", ""))
    if spider is None:
        raise ArchiveError(
            f"{path}: crawled by spider {info.get('spider')!r}, which there is no more; put its site file "
            "back, which says how its pages are read"
        )
    return Site(info["isPartOf"], spider)
