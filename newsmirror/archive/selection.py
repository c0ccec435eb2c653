"""Which records of the archive belong to a site and a span of time, and where they are."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from fastwarc.warc import ArchiveIterator, WarcRecord

from newsmirror.archive.errors import damaged
from newsmirror.archive.reader import read_info

# The records that stand for a page: its bytes, or that they were the same as before.
PAGES = ("response", "revisit")


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time: aware datetimes, both of which belong to it."""

    first: datetime
    last: datetime

    def __contains__(self, moment: datetime) -> bool:
        """Tell whether a moment lies in it."""
        return self.first <= moment <= self.last


@dataclass(frozen=True, slots=True)
class Entry:
    """A record, and the bytes of its file that are its gzip member: from `start` up to `end`.

    `kind`: its WARC-Type; `at`: its WARC-Date, aware; `refers_to`: the id of the record that has its payload
    (revisit), or that it was made of (conversion).
    """

    kind: str
    record_id: str
    url: str
    at: datetime
    refers_to: str | None
    path: Path
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Selection:
    """The records of a span, those out of it that they refer to, and how many revisits were left out.

    These are `lost`: what they refer to is in no file.
    """

    chosen: list[Entry]
    behind: list[Entry]
    lost: int


def select(files: Sequence[Path], site: str | None, span: Span) -> Selection:
    """Choose the records of a site, of all sites if None, by their WARC-Date; raises ArchiveError.

    What they refer to may be in any file, of any time and site: sites may share addresses.
    """
    of_site = [path for path in files if site in (None, site_name(path))]
    chosen = [entry for path in of_site for entry in _entries(path) if entry.at in span]
    wanted = {entry.refers_to for entry in chosen} - {entry.record_id for entry in chosen} - {None}
    behind = [entry for path in files if wanted for entry in _entries(path) if entry.record_id in wanted]
    there = {entry.record_id for entry in (*behind, *chosen)}
    whole = [entry for entry in chosen if entry.kind != "revisit" or entry.refers_to in there]
    return Selection(whole, behind, len(chosen) - len(whole))


def site_name(path: Path) -> str | None:
    """Return the site that a file says it is of; raises ArchiveError."""
    return read_info(path).get("isPartOf")


def _entries(path: Path) -> list[Entry]:
    """Return the records of a file but for its warcinfo."""
    found: list[Entry] = []
    for record, start, size in _records(path):
        if found:
            found[-1] = replace(found[-1], end=start)
        headers = record.headers
        found.append(
            Entry(
                kind=headers["WARC-Type"],
                record_id=headers["WARC-Record-ID"],
                url=headers.get("WARC-Target-URI") or "",
                at=record.record_date,
                refers_to=headers.get("WARC-Refers-To"),
                path=path,
                start=start,
                end=size,
            )
        )
    return [entry for entry in found if entry.kind != "warcinfo"]


def _records(path: Path) -> Iterator[tuple[WarcRecord, int, int]]:
    """Give the records of a file, each with its first byte and the file's size; good until the next."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            for record in ArchiveIterator(file, parse_http=False):
                yield record, record.stream_pos, size
    except OSError as error:
        raise damaged(path, error) from error
