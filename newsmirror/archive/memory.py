"""What an archive holds, from the indexes of its files: for a ledger that does not know it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from newsmirror.archive.closing import captures_of
from newsmirror.archive.files import Capture, closed_files, utc_text
from newsmirror.archive.reader import entries


def all_captures(folder: Path) -> Iterator[Mapping[str, Capture]]:
    """Yield for each closed file, by id of their address, its newest captures with a payload.

    Raises ArchiveError.
    """
    for path in closed_files(folder):
        # An index is in order of addresses, a file in order of time.
        listed = sorted(entries(path), key=lambda entry: int(entry["offset"]))
        yield captures_of([{**entry, "date": utc_text(entry["timestamp"])} for entry in listed], path.name)
