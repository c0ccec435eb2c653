"""Pages of the archive as one WACZ file, which ReplayWeb.page opens and pywb takes in."""

import fcntl
import gzip
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from glob import escape
from importlib.util import find_spec
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

from fastwarc.warc import WarcRecord

from newsmirror import __version__
from newsmirror.archive.errors import ArchiveError, damaged
from newsmirror.archive.files import closed_files
from newsmirror.archive.reader import read_page
from newsmirror.archive.selection import PAGES, Entry, Selection, Span, select, site_name
from newsmirror.archive.writer import Packer, warcinfo
from newsmirror.disk import sync_folder
from newsmirror.items import ArchiveRef
from newsmirror.normalise.record import format_utc
from newsmirror.reading.article import is_article, read_article
from newsmirror.reading.page import HtmlPage, open_page

_WARC = "data.warc.gz"
# In a process of its own: it prints what it does, and brings a hundred modules.
_WACZ = "import sys; from wacz.main import main; sys.exit(main())"


@dataclass(frozen=True, slots=True)
class Export:
    """What went into a WACZ file; `lost` revisits did not: what they refer to is not in the archive."""

    records: int
    articles: int
    lost: int


def export(folder: Path, target: Path, site: str | None, span: Span) -> Export:
    """Write the pages of a site, of all sites if None, from the archive's folder to a WACZ file.

    Whole or not at all, from closed files only. Raises ArchiveError, also where there is no such page.
    """
    if find_spec("wacz") is None:
        raise ArchiveError("WACZ files are made by an extra: pip install 'newsmirror[wacz]', then run again")
    files = closed_files(folder)
    selection = select(files, site, span)
    if not any(entry.kind in PAGES for entry in selection.chosen):
        sites = ", ".join(sorted({site_name(path) or "?" for path in files})) or "none"
        raise ArchiveError(
            f"{folder}: no page of this site and time in a closed file; there are pages of: {sites}"
        )
    try:
        _sweep(target)
        # Beside the target: the last step gives it one more name.
        with TemporaryDirectory(prefix=_prefix(target), dir=target.parent) as made, _held(Path(made)):
            return _make(Path(made), target, site, selection)
    except OSError as error:
        raise ArchiveError(
            f"{target}: {error.strerror or error}; free twice the room of the file there and let this user "
            "write there, or name another place, then run again"
        ) from error


def _prefix(target: Path) -> str:
    return f".{target.name}-making-"


def _sweep(target: Path) -> None:
    """Remove what killed exports to the same file left: in there may be pages that were taken down since."""
    for left in target.parent.glob(f"{escape(_prefix(target))}*"):
        with suppress(BlockingIOError), _held(left):
            rmtree(left)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a folder, as long as this process lives; raises BlockingIOError if another one holds it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _make(room: Path, target: Path, site: str | None, selection: Selection) -> Export:
    """Make the file in a folder of its own, then give it its place."""
    warc, listed, whole = room / _WARC, room / "pages.jsonl", room / "whole.wacz"
    titles: dict[object, str] = {}
    records = [*selection.behind, *selection.chosen]
    with warc.open("wb") as file:
        about = {"software": f"newsmirror/{__version__}", **({"isPartOf": site} if site is not None else {})}
        file.write(Packer().pack([warcinfo(_WARC, about)]))
        for entry, member in _members(records):
            file.write(member)
            if (title := _title(entry, member)) is not None:
                # What a browser made of a page is of the same address and time.
                titles[(entry.url, entry.at) if entry.kind == "conversion" else entry.record_id] = title
    captures = sorted((entry for entry in selection.chosen if entry.kind in PAGES), key=attrgetter("at"))
    pages = [page for entry in captures if (page := _page(entry, titles)) is not None]
    head = {"format": "json-pages-1.0", "id": "pages", "title": "Articles"}
    listed.write_text("".join(json.dumps(line) + "\n" for line in (head, *pages)), "utf-8")
    called = f"{site or 'newsmirror'}, {captures[0].at:%Y-%m-%d} to {captures[-1].at:%Y-%m-%d}"
    _run_wacz("create", "--output", whole, "--pages", listed, "--copy-pages", f"--title={called}", warc)
    with whole.open("rb") as file:
        os.fsync(file.fileno())
    try:
        _place(whole, target)
    except FileExistsError as error:
        raise ArchiveError(f"{target} is there already: move it away, or name another file") from error
    sync_folder(target.parent)
    return Export(len(records), len(pages), selection.lost)


def _place(whole: Path, target: Path) -> None:
    """Give a file its name, never in place of another one; raises FileExistsError, and other OSErrors."""
    try:
        target.hardlink_to(whole)
    except FileExistsError:
        raise
    except OSError:  # exFAT has no hard links: there an empty file holds the name for a moment
        target.touch(exist_ok=False)
        whole.replace(target)


def _members(entries: Iterable[Entry]) -> Iterator[tuple[Entry, bytes]]:
    """Give each record with its gzip member, byte for byte."""
    for path, of_file in groupby(entries, attrgetter("path")):
        try:
            with path.open("rb") as file:
                for entry in of_file:
                    file.seek(entry.start)
                    yield entry, file.read(entry.end - entry.start)
        except OSError as error:
            raise damaged(path, error) from error


def _title(entry: Entry, member: bytes) -> str | None:
    """Return the title of the article in a record, None if there is none.

    Raises ArchiveError for a member that is not what was written.
    """
    try:
        record = WarcRecord.from_bytes(gzip.decompress(member))
    except (EOFError, zlib.error, OSError) as error:
        raise damaged(entry.path, error) from error
    if entry.kind not in ("response", "conversion"):
        return None
    try:
        page = read_page(record, ArchiveRef(entry.path.name, entry.record_id), {})
    except ArchiveError:  # half a page, or packed as nobody packs
        return None
    if page.status not in (200, None):
        return None
    opened = open_page(page.body, page.content_type, None, page.url)
    if not isinstance(opened, HtmlPage) or not is_article(opened.stream):
        return None
    article = read_article(opened.stream)
    return article.title if article is not None else None


def _page(entry: Entry, titles: Mapping[object, str]) -> dict[str, str] | None:
    """Return the line of the page list for a capture of an article, None for another page."""
    title = titles.get((entry.url, entry.at)) or titles.get(entry.refers_to or entry.record_id)
    if title is None:
        return None
    return {"id": entry.record_id.strip("<>"), "url": entry.url, "ts": format_utc(entry.at), "title": title}


def _run_wacz(*arguments: str | Path) -> None:
    """Run the `wacz` program in a process of its own; raises ArchiveError with what it said last."""
    command = [sys.executable, "-P", "-c", _WACZ, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().rpartition("\n")[2]
        raise ArchiveError(
            f"no WACZ file was made; wacz says: {said!r}; install it anew with "
            "pip install 'newsmirror[wacz]', then run again"
        )
