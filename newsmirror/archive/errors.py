"""What can go wrong with the archive, said with the file's name and what to do."""

from pathlib import Path


class ArchiveError(Exception):
    """The archive cannot be written or read; the message names the file and says what to do."""


class NotKeptError(ArchiveError):
    """The file that held a page is not in the archive's folder: it was moved away."""


def damaged(path: Path, error: Exception) -> ArchiveError:
    """Return the error of a file that cannot be read to its end."""
    said = getattr(error, "strerror", None) or error
    return ArchiveError(f"{path}: {said}; put the file there again from a backup, or move it away")


def unreadable(folder: Path, error: OSError) -> ArchiveError:
    """Return the error of an archive's folder that cannot be read."""
    return ArchiveError(
        f"{folder}: {error.strerror}; make it a folder that this user may read, or set another "
        "NEWSMIRROR_ARCHIVE, then run again"
    )
