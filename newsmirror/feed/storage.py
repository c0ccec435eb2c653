"""Where the feed's bytes are: a folder, or any address that fsspec knows (`s3://bucket/prefix`)."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

import fsspec  # type: ignore[import-untyped]

from newsmirror.disk import write_file
from newsmirror.feed.errors import FeedError, explain


class _Place(Protocol):
    def write(self, path: str, data: bytes) -> None: ...
    def read(self, path: str) -> bytes: ...
    def exists(self, path: str) -> bool: ...
    def list(self, prefix: str) -> list[str]: ...
    def delete(self, path: str) -> None: ...


class Storage:
    """Whole files by relative path, written so that nobody ever sees half of one.

    Every method raises FeedError, naming the path and what to do.
    """

    def __init__(self, uri: str) -> None:
        """Take a folder or an fsspec address; nothing is made or asked yet."""
        self.uri = uri.removesuffix("/") or "/"
        scheme, separator, rest = uri.partition("://")
        if not separator or scheme == "file":
            self._place: _Place = _Folder(Path(rest if separator else uri))
            return
        try:
            self._place = _Remote(self.uri)
        except (ImportError, ValueError) as error:
            raise FeedError(
                f"{uri}: {error}; install the driver of this storage (s3fs for s3://), or set "
                "NEWSMIRROR_FEED_URI to a folder"
            ) from error

    def write(self, path: str, data: bytes) -> None:
        """Put a file there, whole and durable, in place of any earlier one."""
        with self._telling(path, "write"):
            self._place.write(path, data)

    def read(self, path: str) -> bytes:
        """Return the bytes of a file."""
        with self._telling(path):
            return self._place.read(path)

    def exists(self, path: str) -> bool:
        """Tell whether there is such a file."""
        with self._telling(path):
            return self._place.exists(path)

    def list(self, prefix: str) -> list[str]:
        """Return the paths of all files in a folder and below it, sorted; none if there is no such folder."""
        with self._telling(prefix):
            return sorted(self._place.list(prefix))

    def delete(self, path: str) -> None:
        """Remove a file."""
        with self._telling(path, "write"):
            self._place.delete(path)

    @contextmanager
    def _telling(self, path: str, access: Literal["read", "write"] = "read") -> Iterator[None]:
        try:
            yield
        except FeedError:
            raise
        except Exception as error:  # every driver has errors of its own
            raise explain(f"{self.uri}/{path}", error, access) from error


class _Folder:
    """A folder."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def write(self, path: str, data: bytes) -> None:
        write_file(self._root / path, data)

    def read(self, path: str) -> bytes:
        return (self._root / path).read_bytes()

    def exists(self, path: str) -> bool:
        return (self._root / path).is_file()

    def list(self, prefix: str) -> list[str]:
        # Not by rglob, to which a folder that may not be read is an empty one.
        walked = os.walk(self._root / prefix, onerror=_refuse)
        files = (Path(folder, name) for folder, _, names in walked for name in names)
        return [file.relative_to(self._root).as_posix() for file in files if file.is_file()]

    def delete(self, path: str) -> None:
        (self._root / path).unlink()


def _refuse(error: OSError) -> None:
    """Raise FeedError for a folder that cannot be listed, unless it is not there or no longer."""
    if not isinstance(error, FileNotFoundError):
        raise explain(error.filename, error, "read") from error


class _Remote:
    """Anything else: one put, which such storages make whole by themselves."""

    def __init__(self, uri: str) -> None:
        # Another process writes the same feed: what was listed once is no answer later.
        self._files, root = fsspec.core.url_to_fs(uri, use_listings_cache=False, skip_instance_cache=True)
        self._root = str(root).strip("/")

    def write(self, path: str, data: bytes) -> None:
        self._files.pipe_file(self._at(path), data)

    def read(self, path: str) -> bytes:
        data: bytes = self._files.cat_file(self._at(path))
        return data

    def exists(self, path: str) -> bool:
        try:  # fsspec's own exists() and isfile() take any failure for an absent file
            return bool(self._files.info(self._at(path))["type"] == "file")
        except FileNotFoundError:
            return False

    def list(self, prefix: str) -> list[str]:
        found: list[Any] = self._files.find(self._at(prefix))
        return [str(file).strip("/").removeprefix(self._root + "/") for file in found]

    def delete(self, path: str) -> None:
        self._files.rm_file(self._at(path))

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"
