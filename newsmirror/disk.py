"""Files that are there whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path

UNFINISHED = ".part"


def write_file(path: Path, data: bytes) -> None:
    """Put a file there, durably, in place of any earlier one: `.part` → fsync → rename → fsync of the folder.

    Folders that are missing are made. Raises OSError; the earlier file is then untouched.
    """
    make_folder(path.parent)
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError:
        with suppress(OSError):  # the first error is the one to tell
            unfinished.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, durably: each new one is an entry in the one above."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Carry the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
