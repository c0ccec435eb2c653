"""What can go wrong with the archive, said with the file's name and what to do."""


class ArchiveError(Exception):
    """The archive cannot be written or read; the message names the file and says what to do."""
