"""The published feed: its files, and how to read them. `read`, `as_of` and `status` are what a consumer needs."""

from newsmirror.feed.errors import FeedError
from newsmirror.feed.reader import as_of, read, status

__all__ = ["FeedError", "as_of", "read", "status"]
