"""What is wrong with an installation, each finding with its cure.

A check takes what it judges as arguments; `examine` looks at this machine and hands it to the checks.
"""

import os
import shutil
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from configparser import ConfigParser
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from glob import glob
from importlib.metadata import distributions
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from packaging.utils import canonicalize_name
from scrapy.settings import BaseSettings

from newsmirror.feed.errors import FeedError
from newsmirror.feed.manifest import Index, read_index
from newsmirror.feed.storage import Storage
from newsmirror.ledger.engine import parse_url
from newsmirror.ledger.errors import LedgerError
from newsmirror.ledger.migrations import present_version
from newsmirror.ledger.state import State, look
from newsmirror.normalise.record import format_utc
from newsmirror.places import Places, find_places

# Clocks of machines that share a ledger are never quite the same.
_CLOCKS_DIFFER = timedelta(minutes=5)
_GIB = 2**30
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong: an error would lose data, runs or the machine.

    `code` is what docs/operations.md calls it; `text` is what is wrong, and after a semicolon the cure.
    """

    level: Literal["error", "warning"]
    code: str
    text: str


def read_scrapyd(path: str | None) -> dict[str, str] | None:
    """Return the section [scrapyd] as Scrapyd would read it, its environment variables put over it.

    `path`: the file; None: those that Scrapyd finds by itself, and None is returned if there are none.
    Raises OSError and configparser.Error, which name the file.
    """
    parser = ConfigParser()
    if path is not None:
        with Path(path).open(encoding="utf-8") as file:
            parser.read_file(file)
    else:
        own = Path("~/.scrapyd.conf").expanduser()
        parser.read(
            ["/etc/scrapyd/scrapyd.conf", *sorted(glob("/etc/scrapyd/conf.d/*")), "scrapyd.conf", own]
        )
        if not parser.has_section("scrapyd"):
            return None
    section = dict(parser["scrapyd"]) if parser.has_section("scrapyd") else {}
    for option in ("bind_address", "username", "password"):
        section[option] = os.environ.get(f"SCRAPYD_{option.upper()}") or section.get(option, "")
    return section


def examine(
    settings: BaseSettings, zones: Iterable[str], lock: str, scrapyd: Mapping[str, str] | None
) -> list[Finding]:
    """Return what is wrong on this machine, errors first.

    `zones`: the time zones of the spiders; `lock`: the text of constraints.txt; `scrapyd`: the section that
    Scrapyd reads: with it the judgement is about the node that it makes of this machine.
    Raises PlaceError and LedgerError for settings that name no place at all.
    """
    places = find_places(settings)
    paths = sysconfig.get_paths()
    found = distributions(path=[paths["purelib"], paths["platlib"]])
    installed: dict[str, str] = {canonicalize_name(each.name): each.version for each in found}
    browser = next(
        filter(None, map(shutil.which, [settings.get("NEWSMIRROR_BROWSER") or "", *_BROWSERS])), None
    )
    findings = [
        *check_absolute(settings, on_node=scrapyd is not None),
        *_check_places(places),
        *(check_scrapyd(scrapyd, installed) if scrapyd is not None else ()),
        *check_versions(lock, installed),
        *check_contact(settings.get("NEWSMIRROR_CONTACT")),
        *check_browser(installed, browser),
        *check_zones(zones),
    ]
    return sorted(findings, key=lambda finding: finding.level)


def _check_places(places: Places) -> Iterator[Finding]:
    """Look at ledger and feed; neither is made."""
    folders = list(_local_folders(places))
    refused = [finding for folder in folders for finding in check_folder(folder, os.geteuid())]
    yield from refused
    if any(finding.code == "other_user" for finding in refused):
        return  # SQLite may make files beside the ledger, which its owner could not write then
    try:
        state = look(places.ledger_url)
        index = read_index(Storage(places.feed_uri))
    except LedgerError as error:
        yield Finding("error", "ledger_unusable", str(error))
    except FeedError as error:
        yield Finding("error", "feed_unusable", str(error))
    else:
        yield from check_ledger(state, index, datetime.now(UTC))


def _local_folders(places: Places) -> Iterator[Path]:
    """Yield the folders that ledger, feed and archive are in, as far as they are on this machine."""
    ledger = parse_url(places.ledger_url)
    folders = [Path(str(ledger.database)).parent] if ledger.get_backend_name() == "sqlite" else []
    if "://" not in places.feed_uri:
        folders.append(Path(places.feed_uri))
    yield from folders
    if places.archive is not None and places.archive.parent not in folders:
        yield places.archive


def check_absolute(settings: BaseSettings, on_node: bool) -> Iterator[Finding]:
    """Find settings that name a place by a relative path."""
    feed_uri, ledger_url = settings.get("NEWSMIRROR_FEED_URI"), settings.get("NEWSMIRROR_LEDGER_URL")
    named = {"NEWSMIRROR_FEED_URI": feed_uri}
    if ledger_url and (ledger := parse_url(ledger_url)).get_backend_name() == "sqlite":
        named["NEWSMIRROR_LEDGER_URL"] = ledger.database
    if not (feed_uri and ledger_url and settings.get("NEWSMIRROR_ARCHIVE")):
        named["NEWSMIRROR_DIR"] = settings.get("NEWSMIRROR_DIR")
    for name, path in named.items():
        if path and "://" not in path and not Path(path).is_absolute():
            yield Finding(
                "error" if on_node else "warning",
                "relative_path",
                f"{name}: {path!r} is relative, and a job of Scrapyd works wherever Scrapyd was started; set "
                "an absolute path there, such as NEWSMIRROR_DIR=/var/lib/newsmirror",
            )


def check_folder(folder: Path, user: int) -> Iterator[Finding]:
    """Find what keeps a user (by number) from writing into a folder, or into the one it will be made in."""
    there = folder
    while not there.exists():
        there = there.parent
    if (owner := there.stat().st_uid) != user and there == folder:
        yield Finding(
            "error",
            "other_user",
            f"{folder} belongs to user {owner} and this is user {user}, so the ledger was not looked at; "
            "run doctor as the user that Scrapyd runs as",
        )
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        yield Finding(
            "error",
            "unwritable_folder",
            f"{folder}: {error.strerror} in {there}; let this user write there, or set NEWSMIRROR_DIR to a "
            "folder that it may write to",
        )
    yield from check_space(there, shutil.disk_usage(there).free)


def check_space(folder: Path, free: int) -> Iterator[Finding]:
    """Find a disk that is full, or soon will be; `free` in bytes."""
    if free < 5 * _GIB:
        yield Finding(
            "error" if free < _GIB / 2 else "warning",
            "disk_space",
            f"{folder}: {free / _GIB:.1f} GiB are free; make room before a run stops for want of it",
        )


def check_ledger(state: State | None, index: Index | None, now: datetime) -> Iterator[Finding]:
    """Find what is the matter with a ledger that can be read, and between it and the feed."""
    written = [state.newest if state else None, index.updated_at if index else None]
    newest = max(filter(None, written), default=None)
    if newest is not None and datetime.fromisoformat(newest) > now + _CLOCKS_DIFFER:
        yield Finding(
            "error",
            "clock",
            f"the last run wrote at {newest}, but by this clock it is {format_utc(now)}; set the "
            "clock, and let it be kept: timedatectl set-ntp true",
        )
    given = state.seq if state else 0
    if index is not None and index.last_seq > given:
        yield Finding(
            "error",
            "feed_ahead",
            f"the feed is at seq {index.last_seq}, the ledger at {given}: it is new, an old copy, or not the "
            "ledger of this feed; make it anew: scrapy feed rebuild-ledger",
        )
    if state is None:
        return
    if state.version < present_version():
        yield Finding(
            "warning",
            "ledger_older",
            f"the ledger has schema version {state.version}, which the next run lifts to "
            f"{present_version()}; back it up before: an older newsmirror will not open it again",
        )
    for lock in state.locks:
        if lock.alive:
            yield Finding(
                "warning",
                "run_lives",
                f"{lock.site} is being crawled by run {lock.run_id} since {lock.since}; wait for its end "
                "before you upgrade, back up or restore",
            )
        else:
            yield Finding(
                "warning",
                "run_died",
                f"run {lock.run_id} of {lock.site} died; nothing is lost: the next run takes over, and "
                "publishes what it left",
            )


def check_scrapyd(scrapyd: Mapping[str, str], installed: Mapping[str, str]) -> Iterator[Finding]:
    """Find settings of Scrapyd that lose data or open the machine, and a package that hides the eggs."""
    if "scrapyd" not in installed:
        yield Finding(
            "warning",
            "other_python",
            "Scrapyd is not installed where this runs, so what was looked at is not what its jobs get; run "
            "doctor with Scrapyd's Python: .venv-scrapyd/bin/scrapy doctor",
        )
    elif "newsmirror" in installed:
        yield Finding(
            "error",
            "package_installed",
            f"newsmirror {installed['newsmirror']} is installed beside Scrapyd, which runs it instead of the "
            "eggs that are deployed; pip uninstall newsmirror",
        )
    if scrapyd.get("items_dir"):
        yield Finding(
            "error",
            "items_dir",
            f"items_dir = {scrapyd['items_dir']} replaces the outputs of a job, and Scrapyd deletes all "
            "but a few of the files there; leave it empty: records go to the feed",
        )
    if scrapyd.get("jobs_dir"):
        yield Finding(
            "error",
            "jobs_dir",
            f"jobs_dir = {scrapyd['jobs_dir']} makes a job that is run again skip the pages that it died on; "
            "leave it empty: the ledger remembers",
        )
    if not (scrapyd.get("username") and scrapyd.get("password")):
        yield Finding(
            "error",
            "no_password",
            "Scrapyd asks for no password, and runs any code for whoever reaches its port; set "
            "SCRAPYD_USERNAME and SCRAPYD_PASSWORD where it is started",
        )
    address = scrapyd.get("bind_address") or "127.0.0.1"
    if not (address in ("localhost", "::1") or address.startswith("127.")):
        yield Finding(
            "warning",
            "open_address",
            f"bind_address = {address} shows Scrapyd to the network, and passwords travel unencrypted; bind "
            "127.0.0.1 and reach it through ssh -L 6800:127.0.0.1:6800",
        )
    if scrapyd.get("jobstorage", "MemoryJobStorage").endswith("MemoryJobStorage"):
        yield Finding(
            "warning",
            "forgetful",
            "Scrapyd forgets at a restart which slots were run, and a late timer runs one again; set "
            "jobstorage = scrapyd.jobstorage.SqliteJobStorage",
        )


def check_versions(lock: str, installed: Mapping[str, str]) -> Iterator[Finding]:
    """Find installed packages of another version than the lock's, which the tests have run with."""
    pins = (line.split("==") for line in lock.splitlines() if "==" in line)
    wanted = {canonicalize_name(name.strip()): version.strip() for name, version in pins}
    others = [
        f"{name} {installed[name]} instead of {version}"
        for name, version in sorted(wanted.items())
        if installed.get(name, version) != version
    ]
    if others:
        yield Finding(
            "warning",
            "versions",
            f"not the versions that were tested: {', '.join(others)}; install them again: make scrapyd, or "
            "pip install with --constraint constraints.txt",
        )


def check_contact(contact: str | None) -> Iterator[Finding]:
    """Find a crawl that does not say who runs it."""
    if not contact:
        yield Finding(
            "warning",
            "no_contact",
            "sites are not told who reads them, and will block rather than write; set NEWSMIRROR_CONTACT to "
            "an address or a mailbox",
        )


def check_browser(installed: Mapping[str, str], executable: str | None) -> Iterator[Finding]:
    """Find that pages which need a browser cannot be read."""
    if "scrapy-playwright" not in installed or executable is None:
        missing = "Chromium" if "scrapy-playwright" in installed else "scrapy-playwright"
        yield Finding(
            "warning",
            "no_browser",
            f"{missing} is not installed, so pages that need a browser are not read; if a site needs one: "
            "pip install 'newsmirror[browser]', and Chromium from your distribution",
        )


def check_zones(zones: Iterable[str]) -> Iterator[Finding]:
    """Find time zones (IANA names) that this machine knows nothing of."""
    for zone in sorted(set(zones)):
        try:
            ZoneInfo(zone)
        except ZoneInfoNotFoundError:
            yield Finding(
                "error",
                "zone",
                f"the time zone {zone} is unknown here, so no time of its sites can be read; "
                "pip install tzdata",
            )
