"""The last runs as a table for a terminal."""

from collections.abc import Sequence
from datetime import datetime

from newsmirror.feed.manifest import Manifest
from newsmirror.ops.terminal import printable, width

_HEAD = (
    "site",
    "started (UTC)",
    "took",
    "pages",
    "new",
    "revised",
    "unchanged",
    "rejects",
    "complete",
    "ended",
)
_NUMBERS = range(2, 8)


def format_runs(manifests: Sequence[Manifest]) -> str:
    """Return a line for each run, and below one that is not complete why."""
    rows = [_row(manifest) for manifest in manifests]
    widths = [max(map(width, column)) for column in zip(_HEAD, *rows, strict=True)]
    lines = [_line(_HEAD, widths)]
    for manifest, row in zip(manifests, rows, strict=True):
        lines.append(_line(row, widths))
        lines += [f"    - {printable(reason)}" for reason in manifest.reasons]
    return "\n".join(lines) + "\n"


def seconds_taken(manifest: Manifest) -> float | None:
    """Return how long a run took; None while it goes on, and of one that died."""
    return None if manifest.close_reason == "died" else _seconds_told(manifest)


def how_long(manifest: Manifest) -> str:
    """Return how long a run took, or as far as it is known if it died: until it was last heard of."""
    told = format_seconds(_seconds_told(manifest))
    return f"≥ {told}" if manifest.close_reason == "died" else told


def _seconds_told(manifest: Manifest) -> float | None:
    if manifest.finished_at is None:
        return None
    began, ended = map(datetime.fromisoformat, (manifest.started_at, manifest.finished_at))
    return (ended - began).total_seconds()


def format_seconds(seconds: float | None) -> str:
    """Return a duration as 48s, 3m05s or 2h10m; nothing for None."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"
    return f"{minutes // 60}h{minutes % 60:02}m"


def how_complete(manifest: Manifest) -> str:
    """Return yes, no, or nothing while it goes on."""
    return "" if manifest.close_reason is None else "yes" if manifest.complete else "no"


def how_ended(manifest: Manifest) -> str:
    """Return why a run was closed, after what it is if it is no crawl: `takedown: finished`."""
    ended = manifest.close_reason or "goes on"
    return ended if manifest.is_crawl else f"{manifest.start}: {ended}"


def _row(manifest: Manifest) -> tuple[str, ...]:
    counts = [
        str(manifest.counts.get(name, "")) for name in ("pages", "new", "revised", "unchanged", "rejects")
    ]
    return (
        printable(manifest.site),
        f"{datetime.fromisoformat(manifest.started_at):%Y-%m-%d %H:%M}",
        how_long(manifest),
        *counts,
        how_complete(manifest),
        printable(how_ended(manifest)),
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        " " * (room - width(cell)) + cell if column in _NUMBERS else cell + " " * (room - width(cell))
        for column, (cell, room) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()
