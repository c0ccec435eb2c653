"""The published feed: its files, and how to read them. `read` and `status` are what a consumer needs."""

from newsmirror.feed.errors import FeedError
from newsmirror.feed.reader import read, status

__all__ = ["FeedError", "read", "status"]
