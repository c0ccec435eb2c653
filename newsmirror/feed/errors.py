"""What can go wrong with a feed, said with the path and what to do."""

import errno
from typing import Literal

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class FeedError(Exception):
    """The feed cannot be written or read; the message names the path and says what to do."""


def explain(path: str, error: Exception, access: Literal["read", "write"]) -> FeedError:
    """Return a storage's error as one that names the path and the cure; `access` is what was tried."""
    if isinstance(error, FileNotFoundError):
        return FeedError(f"{path}: no such file; see what is missing with: scrapy feed verify")
    number = error.errno if isinstance(error, OSError) else None
    cure = "see the cause above, then run again; what was committed is untouched"
    if number in _FULL:
        cure = "free some space or raise the limit, then run again; nothing is lost"
    elif number in _FORBIDDEN:
        cure = (
            f"let this user {access} there, or set another NEWSMIRROR_FEED_URI, then run again; "
            "nothing is lost"
        )
    said = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return FeedError(f"{path}: {said}; {cure}")
