"""The published feed: its files, and how to read them. A consumer needs `read`, `as_of` and `status`."""

from newsmirror.feed.errors import FeedError
from newsmirror.feed.reader import as_of, read, status

__all__ = ["FeedError", "as_of", "read", "status"]
