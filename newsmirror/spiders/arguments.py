"""The arguments that all spiders take (`-a name=value`), checked before the first request."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from newsmirror.normalise.dates import whole_date
from newsmirror.normalise.urls import http_url

# Which pages are rendered in a browser.
Render = Literal["never", "auto", "always"]

NAMES: dict[str, str] = {
    "start": "addresses of home, listing or article pages, separated by commas, or @FILE with one a line",
    "categories": "names (国内,国际) or addresses of categories; default: all that a home page shows",
    "related": "how many hops of related links to follow from an article; default 1, 0 for none",
    "max_pages": "how many pages of each listing to read; default: all",
    "max_articles": "stop after so many articles; default: all",
    "since": "a date (2025-01-08): do not walk a listing beyond it; default: no limit",
    "refresh": "true: fetch all articles that are linked again, known or not; default: only young ones",
    "revisit_days": "how many days after its publication an article is young; default 3",
    "sweep": "true: walk listings to their end; default: stop after a page of known articles, none young",
    "render": "never, auto or always: render pages in a browser; default auto, those that need it",
    "baseline": "true: the site has changed for good: compare with no earlier run, nor do later runs",
}
# Scrapyd gives every job its id as an argument, and the egg's version if one was asked for.
_FROM_SCRAPYD = frozenset({"_job", "_version"})


class ArgumentError(ValueError):
    """A spider argument that cannot be used; the message names it and the cure."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """Spider arguments, checked; `since` is an aware datetime; None: no limit, or as the site file says."""

    start: tuple[str, ...]
    categories: tuple[str, ...] = ()
    related: int = 1
    max_pages: int | None = None
    max_articles: int | None = None
    since: datetime | None = None
    refresh: bool = False
    revisit_days: int = 3
    sweep: bool = False
    render: Render | None = None
    baseline: bool = False


def parse_arguments(
    given: Mapping[str, str], start: Sequence[str], timezone: str, now: datetime
) -> Arguments:
    """Return the arguments of a run.

    `given`: as typed; `start`: the spider's own start addresses; `timezone`: IANA name, for `since`.
    Raises ArgumentError that names the first argument that is unknown or malformed.
    """
    for name in given:
        if name not in NAMES and name not in _FROM_SCRAPYD:
            known = "\n".join(f"  -a {known}=  {meaning}" for known, meaning in NAMES.items())
            raise ArgumentError(f"unknown argument {name!r}. The arguments are:\n{known}")
    starts = _addresses(given["start"]) if "start" in given else tuple(start)
    if not starts:
        raise ArgumentError("start is missing: say where to begin, such as -a start=http://td.fyun.cc/")
    return Arguments(
        start=starts,
        categories=_categories(given.get("categories", "")),
        related=_number("related", given.get("related", "1"), 0),
        max_pages=_number("max_pages", given["max_pages"], 1) if "max_pages" in given else None,
        max_articles=_number("max_articles", given["max_articles"], 1) if "max_articles" in given else None,
        since=_since(given.get("since"), timezone, now),
        refresh=_flag("refresh", given.get("refresh", "false")),
        revisit_days=_number("revisit_days", given.get("revisit_days", "3"), 0),
        sweep=_flag("sweep", given.get("sweep", "false")),
        render=_render(given.get("render")),
        baseline=_flag("baseline", given.get("baseline", "false")),
    )


def _addresses(value: str) -> tuple[str, ...]:
    if value.startswith("@"):
        path = Path(value[1:])
        try:
            lines = path.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ArgumentError(
                f"start={value}: cannot read {path}: {error}; write @ and the path of a text file"
            ) from error
        found = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    else:
        # An address may hold commas: only one before another scheme parts two addresses.
        found = [part.strip() for part in re.split(r",(?=\s*[A-Za-z][\w+.-]*://)", value) if part.strip()]
    for address in found:
        if http_url(address) is None or any(character.isspace() for character in address):
            raise ArgumentError(
                f"start={address!r} is not an http(s) address: write it whole, such as http://td.fyun.cc/"
            )
        if "@" in urlsplit(address).netloc:
            # Not shown: it may hold a password.
            raise ArgumentError("start holds a user's name: write the address without it and its password")
    if not found:
        raise ArgumentError(f"start={value!r} holds no address: write one such as http://td.fyun.cc/")
    return tuple(dict.fromkeys(found))


def _categories(value: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(part.strip() for part in re.split(r"[,，、]", value) if part.strip()))
    if value and not found:
        raise ArgumentError(f"categories={value!r} holds no name: write names such as 国内,国际 or addresses")
    for part in found:
        if "://" in part and http_url(part) is None:
            raise ArgumentError(
                f"categories: {part!r} is not an http(s) address: write a name or a whole address"
            )
    return found


def _number(name: str, value: str, least: int) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value) or int(value) < least:
        raise ArgumentError(
            f"{name}={value!r} is not a whole number from {least}: write such as {name}={max(least, 1)}"
        )
    return int(value)


def _flag(name: str, value: str) -> bool:
    if value not in ("true", "false"):
        raise ArgumentError(f"{name}={value!r} is neither true nor false: write {name}=true")
    return value == "true"


def _render(value: str | None) -> Render | None:
    match value:
        case None | "never" | "auto" | "always":
            return value
    raise ArgumentError(f"render={value!r} is none of never, auto, always: write such as render=always")


def _since(value: str | None, timezone: str, now: datetime) -> datetime | None:
    if value is None:
        return None
    date = whole_date(value, now, tz=ZoneInfo(timezone))
    if date is None:
        raise ArgumentError(f"since={value!r} is not a date: write such as since=2025-01-08")
    return date.value
