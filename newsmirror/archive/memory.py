"""What an archive holds, from the indexes of its files: for a ledger that does not know it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from newsmirror.archive.closing import captures_of, index_file
from newsmirror.archive.errors import ArchiveError
from newsmirror.archive.files import Capture, closed_files, index_of, utc_text
from newsmirror.archive.reader import entries


def all_captures(folder: Path) -> Iterator[Mapping[str, Capture]]:
    """Yield for each closed file, by id of their address, its newest captures with a payload.

    An index that is missing is made. Raises ArchiveError.
    """
    for path in closed_files(folder):
        index = index_of(path)
        try:
            if index.exists():
                # An index is in order of addresses, a file in order of time.
                listed = sorted(entries(index), key=lambda entry: int(entry["offset"]))
                found = [{**entry, "date": utc_text(entry["timestamp"])} for entry in listed]
                yield captures_of(found, path.name)
            else:
                yield index_file(path).captures
        except (OSError, ValueError, KeyError) as error:
            raise ArchiveError(
                f"{index}: no index of its file: {error}; remove it, it is made anew, or restore both from a "
                "backup"
            ) from error
