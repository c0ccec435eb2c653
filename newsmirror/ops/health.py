"""Is what a run read as healthy as what the last ones read? Pure comparisons; `monitors.py` runs them.

A site that changes its layout is still crawled without an error; only the records tell. What is compared
are shares of pages, and an incremental run may read three: so a share counts only for what it means in pages.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from newsmirror.ops.figures import FIELDS, Figures

# How many complete runs are the past, and for how many pages one counts at most: a single crawl of the whole
# site must not outweigh the nights after it.
LAST_RUNS = 10
HEAVIEST = 100
# Fewer pages, or walks of listings, in all of the past tell nothing of a share.
LEAST_PAST_PAGES = 20
LEAST_PAST_WALKS = 2
# Fewer pages than so many beyond what was expected may be chance.
LEAST_BEYOND = 5
# By how much a share may rise. Fields and warnings move with the news; an honest site's own mistakes do less.
LACKING_RISE = 0.25
WARNED_RISE = 0.25
UNREAD_RISE = 0.1
GAVE_UP_RISE = 0.05
WALKS_RISE = 0.25
# Rejects of pages that came, but are no articles.
_UNREAD = ("not_html", "unreadable", "soft_404", "undecodable")
# All rejects that are no failure to get an answer.
_ANSWERED = (*_UNREAD, "invalid", "gone")
_EXAMPLES = 3
# A value cannot be read where its text is not: one finding for both.
_READ_FROM = {"published_at": "published_raw", "snapshot_at": "snapshot_raw"}


@dataclass(frozen=True, slots=True)
class Past:
    """What an earlier complete run kept: its counts, its rejects by reason, the fill of its fields."""

    counts: Mapping[str, int]
    rejects: Mapping[str, int]
    fill: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Present:
    """A run at its end.

    `counts`: `pages`, `walks` (listings whose first page was read), `unpaged` (of these, without a next
    page), `barren` (of these, given up as no article came of them); `rejects`: by reason; `unpaged`: the
    addresses of such first pages; `raised`: of the pages that our own code failed on; `newest`: when the
    newest known article of the site was published, UTC; `now` is aware; `stale_after`: how many days the
    site may publish nothing, None for as long as it likes.
    """

    now: datetime
    counts: Mapping[str, int]
    rejects: Mapping[str, int]
    figures: Figures
    unpaged: Sequence[str] = ()
    raised: Sequence[str] = ()
    newest: str | None = None
    stale_after: int | None = None


class Ratio(NamedTuple):
    """How many of how many."""

    part: float
    whole: int


def risen(
    now: Ratio,
    past: Iterable[Ratio],
    by: float,
    least_past: int = LEAST_PAST_PAGES,
    least_beyond: float = LEAST_BEYOND,
    unknown: float | None = None,
) -> float | None:
    """Return what a share was before, 0 to 1, if it rose by more than `by`; None if it did not.

    `unknown` stands for the share before where the past tells nothing; without it nothing has risen.
    """
    weighed = [(min(ratio.whole, HEAVIEST), ratio.part / ratio.whole) for ratio in past if ratio.whole]
    weight = sum(pages for pages, _ in weighed)
    before = sum(pages * share for pages, share in weighed) / weight if weight >= least_past else unknown
    if before is None or not now.whole:
        return None
    # Rounded: a share of a manifest has four digits.
    beyond = round(now.part - before * now.whole, 3)
    return before if beyond >= least_beyond and round(now.part / now.whole - before, 3) > by else None


# ---- comparisons: each gives a message for each thing that is wrong ---------------------------------------


def lacking(present: Present, past: Sequence[Past]) -> Iterable[str]:
    """Tell in one message of the labels that this run's pages lack, and those of the last runs had."""
    figures = present.figures
    missed: dict[str, tuple[float, str]] = {}
    for name, printed in FIELDS.items():
        now = Ratio(figures.read - figures.filled[name], figures.read)
        earlier = (
            Ratio((1 - run.fill[name]) * run.counts["read"], run.counts["read"])
            for run in past
            if name in run.fill
        )
        before = risen(now, earlier, LACKING_RISE)
        if before is not None and _READ_FROM.get(name) not in missed:
            share = now.part / now.whole
            missed[name] = (share - before, f"{name} ({printed}) on {share:.0%}, before on {before:.0%}")
    if missed:
        worst = max(missed, key=lambda name: missed[name][0])
        yield (
            f"not found on {figures.read} pages: {'; '.join(told for _, told in missed.values())}. "
            f"Has the layout changed? See {' '.join(figures.without[worst])}"
        )


def warned(present: Present, past: Sequence[Past]) -> Iterable[str]:
    """Tell of articles with warnings if they are far more than in the last runs.

    Not where a label went missing: that is warned of on each of its pages, and told already.
    """
    if any(lacking(present, past)):
        return
    now = Ratio(present.figures.warned, present.figures.read)
    before = risen(now, (Ratio(run.counts["warned"], run.counts["read"]) for run in past), WARNED_RISE)
    if before is not None:
        yield (
            f"{now.part / now.whole:.0%} of {now.whole} articles carry warnings, before {before:.0%}: the "
            "summary of the run counts them by code"
        )


def invalid(present: Present) -> Iterable[str]:
    """Tell of any record that broke the schema: newsmirror does not know such a page, and should."""
    if broken := present.rejects.get("invalid", 0):
        yield f"records that broke the schema: {broken}; their rejects say at which key"


def raised(present: Present) -> Iterable[str]:
    """Tell of any page or record that our own code could not handle: it is lost, and only the log says so."""
    if present.raised:
        examples = " ".join(dict.fromkeys(present.raised[:_EXAMPLES]))
        yield f"pages lost by an exception: {len(present.raised)}; the log has the traceback. See {examples}"


def unread(present: Present, past: Sequence[Past]) -> Iterable[str]:
    """Tell of pages that are no articles where articles were expected."""
    why = _only(present.rejects, _UNREAD)
    now = _unread_of(present.figures.read, present.rejects)
    earlier = (_unread_of(run.counts["read"], run.rejects) for run in past)
    if risen(now, earlier, UNREAD_RISE, unknown=0) is not None:
        yield f"{now.part:.0f} of {now.whole} pages could not be read as articles: {_listed(why)}"


def gave_up(present: Present, past: Sequence[Past]) -> Iterable[str]:
    """Tell of requests that were made in vain, but for pages that are gone."""
    why = {reason: count for reason, count in present.rejects.items() if reason not in _ANSWERED}
    now = _gave_up_of(present.counts["pages"], present.rejects)
    earlier = (_gave_up_of(run.counts["pages"], run.rejects) for run in past)
    if risen(now, earlier, GAVE_UP_RISE, unknown=0) is not None:
        yield f"{now.part:.0f} of {now.whole} requests were given up: {_listed(why)}"


def broken_walks(present: Present, past: Sequence[Past]) -> Iterable[str]:
    """Tell of listings that lost their next page, and of such that lead to no article any more."""
    for name, what in (
        ("unpaged", "show no next page: has the pagination changed?"),
        ("barren", "led to no article and were given up: are their links still articles?"),
    ):
        now = Ratio(present.counts[name], present.counts["walks"])
        earlier = (Ratio(run.counts[name], run.counts["walks"]) for run in past)
        before = risen(now, earlier, WALKS_RISE, LEAST_PAST_WALKS, least_beyond=0)
        if before is not None:
            see = f" See {' '.join(present.unpaged[:_EXAMPLES])}" if name == "unpaged" else ""
            yield f"{now.part:.0f} of {now.whole} listings {what} Before it were {before:.0%}.{see}"


def stale(present: Present) -> Iterable[str]:
    """Tell of a site on which nothing was published for longer than it may be still."""
    if present.stale_after is None or present.newest is None:
        return
    age = present.now - datetime.fromisoformat(present.newest)
    if age > timedelta(days=present.stale_after):
        yield (
            f"the newest article is of {present.newest}, {age.days} days ago: is the site still written, and "
            f"do its listings show what is new? Its spider says stale_after = {present.stale_after}"
        )


# ---- how --------------------------------------------------------------------------------------------------


def _unread_of(read: int, rejects: Mapping[str, int]) -> Ratio:
    count = sum(_only(rejects, _UNREAD).values())
    return Ratio(count, read + count)


def _gave_up_of(pages: int, rejects: Mapping[str, int]) -> Ratio:
    count = sum(rejects.values()) - sum(_only(rejects, _ANSWERED).values())
    return Ratio(count, pages + count)


def _only(rejects: Mapping[str, int], reasons: Sequence[str]) -> dict[str, int]:
    return {reason: count for reason, count in rejects.items() if reason in reasons}


def _listed(counts: Mapping[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count}" for name, count in ordered)
