"""The runs of each site as one page: how they went, what changed over time, and why a run is not complete.

The page is whole by itself: it asks for nothing, runs nothing, and follows the reader's light or dark.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from html import escape
from importlib.resources import files

from newsmirror.feed.manifest import Manifest
from newsmirror.ops.charts import Point, Span, bars, line, sparkline
from newsmirror.ops.figures import FIELDS
from newsmirror.ops.health import LACKING_RISE, LEAST_BEYOND
from newsmirror.ops.runs_table import format_seconds, how_complete, how_ended, how_long, seconds_taken

_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>newsmirror: runs</title>
<style>"""
_STYLE = files(__package__).joinpath("runs_page.css")
_COUNTS = ("pages", "new", "revised", "unchanged", "rejects")


def render_runs(manifests: Sequence[Manifest], last: int, now: datetime) -> str:
    """Return the page of these runs, given in order of their start; tables list the `last` ones of a site.

    How a site is, its crawls tell: takedowns and rereadings stand in the tables alone.
    `now` is aware. All that a site may have written is escaped.
    """
    by_site: dict[str, list[Manifest]] = defaultdict(list)
    for manifest in manifests:
        by_site[manifest.site].append(manifest)
    sites = sorted(by_site.items())
    body = [
        f"<h1>newsmirror: runs</h1><p class=faint>Written {now:%Y-%m-%d %H:%M} UTC. All times are UTC.</p>",
        _overview(sites) if sites else "<p>There are no runs yet.</p>",
    ]
    body += [_site(number, site, runs, last) for number, (site, runs) in enumerate(sites)]
    return (
        f"{_HEAD}{_STYLE.read_text('utf-8')}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _overview(sites: Sequence[tuple[str, list[Manifest]]]) -> str:
    rows = []
    for number, (site, runs) in enumerate(sites):
        crawls = [run for run in runs if run.is_crawl]
        link = f'<td><a href="#site-{number}">{escape(site)}</a></td>'
        if not crawls:
            rows.append(f"<tr>{link}<td colspan=4>never crawled</td></tr>")
            continue
        newest = crawls[-1]
        week = _began(newest) - timedelta(days=7)
        new = sum(run.counts.get("new", 0) for run in crawls if _began(run) > week)
        rows.append(
            f"<tr>{link}{_verdict(newest)}"
            f"<td>{_began(newest):%Y-%m-%d %H:%M}</td><td class=n>{new:,}</td>"
            f"<td>{escape((newest.newest or '')[:16].replace('T', ' '))}</td></tr>"
        )
    return (
        "<div class=scroll><table><tr><th>site</th><th>last crawl</th><th>started</th>"
        "<th class=n>new in the 7 days to it</th><th>newest article</th></tr>"
        + "".join(rows)
        + "</table></div>"
    )


def _site(number: int, site: str, runs: Sequence[Manifest], last: int) -> str:
    crawls = [run for run in runs if run.is_crawl]
    count = f"{len(runs):,} {'run' if len(runs) == 1 else 'runs'} since {_began(runs[0]).date()}."
    return (
        f'<h2 id="site-{number}">{escape(site)}</h2>'
        + (_charts(count, crawls) if crawls else f"<p class=faint>{count}</p>")
        + f"<h3>The last runs</h3>{_table(runs[: -last - 1 : -1])}"
    )


def _charts(count: str, runs: Sequence[Manifest]) -> str:
    """Return what the crawls of a site tell over time, below a line that begins with how many runs it has."""
    span = Span.over([_began(run).date() for run in runs])
    marks: dict[date, str] = {}
    for run in runs:
        if how_complete(run) == "no":
            told = f"{_began(run):%Y-%m-%d %H:%M}: not complete: {'; '.join(run.reasons) or run.close_reason}"
            day = _began(run).date()
            marks[day] = f"{marks[day]}\n{told}" if day in marks else told
    new, rejects = _by_day(runs, "new", ("new", "revised")), _by_day(runs, "rejects", ("rejects",))
    unit, durations = _durations(runs)
    cross = (
        '<svg style="display:inline;width:9px;height:9px" viewBox="0 0 9 9"><g class="cross">'
        '<path d="M1.5 1.5l6 6m0 -6l-6 6"/></g></svg>'
    )
    legend = f"A cross {cross} below an axis is a run that is not complete. " if marks else ""
    return (
        f"<p class=faint>{count} {legend}Point at a bar, a dot or a cross to read it.</p>"
        '<div class="panels">'
        + bars("New articles", "a day", new, marks, span)
        + _fills(runs, span)
        + bars("Rejects", "a day", rejects, marks, span)
        + line("Duration", f"of a day's longest run, in {unit}", durations, marks, span)
        + "</div>"
    )


def _by_day(runs: Sequence[Manifest], shown: str, told: Sequence[str]) -> dict[date, Point]:
    """Add up a count of the runs of each day."""
    sums: dict[date, dict[str, int]] = defaultdict(lambda: dict.fromkeys(told, 0))
    for run in runs:
        for name in told:
            sums[_began(run).date()][name] += run.counts.get(name, 0)
    return {
        day: Point(
            counts[shown], f"{day}: " + ", ".join(f"{count:,} {name}" for name, count in counts.items())
        )
        for day, counts in sums.items()
    }


def _durations(runs: Sequence[Manifest]) -> tuple[str, dict[date, Point]]:
    """Return the unit that suits the runs, and the longest run of each day."""
    longest: dict[date, float] = {}
    for run in runs:
        taken = seconds_taken(run)
        if taken is not None:
            day = _began(run).date()
            longest[day] = max(taken, longest.get(day, 0))
    usual = sorted(longest.values())[len(longest) // 2] if longest else 0
    unit, seconds = next(
        (unit, seconds)
        for unit, seconds, most in (
            ("seconds", 1, 180),
            ("minutes", 60, 180 * 60),
            ("hours", 3600, float("inf")),
        )
        if usual <= most
    )
    return unit, {
        day: Point(taken / seconds, f"{day}: {format_seconds(taken)}") for day, taken in longest.items()
    }


def _fills(runs: Sequence[Manifest], span: Span) -> str:
    """Return the share of articles that have each field, one word-sized line a field."""
    told = [run for run in runs if run.counts.get("read", 0) >= LEAST_BEYOND]
    rows = []
    for name, printed in FIELDS.items():
        shares = {_began(run).date(): run.fill[name] for run in told if name in run.fill}
        rows.append(_fill(name, printed, shares, span))
    return (
        '<figure><figcaption>Fields filled <span class="unit">share of the articles read, 0 to 100 %'
        '</span></figcaption><div class="fields">' + "".join(rows) + "</div></figure>"
    )


def _fill(name: str, printed: str, shares: Mapping[date, float], span: Span) -> str:
    if not shares:
        return f'<div><span>{name}</span><span></span><b title="no run told it">–</b></div>'
    days = sorted(shares)
    last = shares[days[-1]]
    lowest = min(days, key=lambda day: shares[day])
    usual = sorted(shares.values())[len(shares) // 2]
    fell = usual - last > LACKING_RISE
    told = f"{name} ({printed}): {last:.1%} on {days[-1]}, lowest {shares[lowest]:.1%} on {lowest}"
    return (
        f"<div{' class=fell' if fell else ''}><span>{name}</span>{sparkline(name, shares, span, told)}"
        f"<b>{'▼ ' if fell else ''}{last:.0%}</b></div>"
    )


def _table(runs: Sequence[Manifest]) -> str:
    head = "".join(f"<th class=n>{name}</th>" for name in ("took", *_COUNTS))
    return (
        f"<div class=scroll><table><tr><th>started</th>{head}<th>complete</th><th>ended</th></tr>"
        + "".join(part for run in runs for part in _rows(run))
        + "</table></div>"
    )


def _rows(run: Manifest) -> Iterator[str]:
    counts = "".join(
        f"<td class=n>{run.counts.get(name, ''):,}</td>" if name in run.counts else "<td></td>"
        for name in _COUNTS
    )
    yield (
        f'<tr title="{escape(run.run_id)}"><td>{_began(run):%Y-%m-%d %H:%M}</td>'
        f"<td class=n>{how_long(run)}</td>{counts}{_verdict(run)}"
        f"<td>{escape(how_ended(run) if run.close_reason else '')}</td></tr>"
    )
    if run.reasons:
        why = "".join(f"<li>{escape(reason)}</li>" for reason in run.reasons)
        yield f'<tr class=why><td colspan="{len(_COUNTS) + 4}"><ul>{why}</ul></td></tr>'


def _verdict(run: Manifest) -> str:
    """Return the cell that says whether a run is complete: in a sign and a word, too, not by colour alone."""
    match how_complete(run):
        case "yes":
            return "<td class=yes>✓ complete</td>"
        case "no":
            return "<td class=no>✕ not complete</td>"
    return "<td>… goes on</td>"


def _began(run: Manifest) -> datetime:
    return datetime.fromisoformat(run.started_at)
