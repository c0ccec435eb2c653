"""Which files an archive has, and what they are called."""

import io
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from newsmirror.archive.errors import unreadable
from newsmirror.normalise.record import format_utc

WARC = ".warc.gz"
OPEN = ".open"
INDEX = ".cdxj"


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """A closed WARC file of a run: its name in the archive's folder, and what is in it."""

    file: str
    records: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Capture:
    """Bytes of a page that the archive holds: where, and as what they came.

    `payload_digest` as WARC has it: `sha1:…` of the payload as it was transferred; `captured_at` is UTC text.
    """

    url: str
    captured_at: str
    payload_digest: str
    file: str
    record_id: str


def file_name(run_id: str, number: int) -> str:
    """Return the name of a run's file, by its number from 1."""
    return f"{run_id}-{number:05}{WARC}"


def run_of(name: str) -> str:
    """Return the run that a file belongs to, whether it is open or closed."""
    return name.removesuffix(OPEN).removesuffix(WARC).rpartition("-")[0]


def closed_files(folder: Path) -> list[Path]:
    """Return the closed files, by name; none if there is no such folder. Raises ArchiveError."""
    return _ending(WARC, folder)


def open_files(folder: Path) -> list[Path]:
    """Return the files that a run writes now, or wrote when it died, by name. Raises ArchiveError."""
    return _ending(WARC + OPEN, folder)


def _ending(ending: str, folder: Path) -> list[Path]:
    # Not by glob, to which a folder that cannot be read is an empty one.
    try:
        os.stat(f"{folder}/.")  # it may be listed, and yet not be entered
        return sorted(folder / name for name in os.listdir(folder) if name.endswith(ending))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unreadable(folder, error) from error


def find_file(folder: Path, name: str) -> Path:
    """Return where a file is or was, by the name that it has when it is closed; it may be open still.

    Raises ArchiveError for a folder that cannot be read.
    """
    closed = folder / name
    still_open = closed.with_name(name + OPEN)
    try:
        return still_open if still_open.exists() and not closed.exists() else closed
    except OSError as error:
        raise unreadable(folder, error) from error


def open_file(path: Path) -> io.BufferedReader:
    """Open a file to be read; one that was closed since it was found, by its new name. Raises OSError."""
    try:
        return path.open("rb")
    except FileNotFoundError:
        return path.with_name(path.name.removesuffix(OPEN)).open("rb")


def has_name(file: io.FileIO) -> bool:
    """Tell whether an open file is still what its name leads to; raises OSError.

    Before it is locked another process may rename or remove it.
    """
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(file.name))
    except FileNotFoundError:
        return False


def digits(at: str) -> str:
    """Return UTC text as an index has it, to the second: `20250108085500`."""
    return "".join(filter(str.isdigit, at))[:14]


def utc_text(digits: str) -> str:
    """Return the time of an index as UTC text: `2025-01-08T08:55:00Z`; raises ValueError for another text."""
    return format_utc(datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC))


def index_of(path: Path) -> Path:
    """Return where the index of a file is, or will be."""
    return path.with_name(path.name.removesuffix(OPEN).removesuffix(WARC) + INDEX)
