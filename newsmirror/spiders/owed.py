"""Articles that could not be had, although they may be there: what a run leaves to the next one.

The walk of a listing ends where all is known, so that no later walk may come by an article which a run has
missed. It stays owed until it was had, or turned out to be none or gone.
"""

from collections.abc import Iterable
from typing import NamedTuple

from newsmirror.items import Discovery
from newsmirror.normalise.urls import canonical_url

# For so many runs in a row an article is asked for in vain before it is given up for good.
_MOST_RUNS = 7

# The way to an article: its address as it is linked, how it was found, after how many hops.
Way = tuple[str, Discovery, int]


class Lost(NamedTuple):
    """An article that could not be had: the way to it, and how many runs in a row have given it up."""

    way: Way
    runs: int


class Owed:
    """What earlier runs lost, by canonical address, and what became of it; and what this run lost."""

    def __init__(self) -> None:
        self._before: dict[str, Lost] = {}
        self._unheard: set[str] = set()
        self._lost: dict[str, Lost] = {}

    def __contains__(self, address: object) -> bool:
        """Tell whether this run has lost an article."""
        return address in self._lost

    def take_over(self, lost: Iterable[Lost]) -> dict[str, Way]:
        """Take what the run before has left; return the ways to it."""
        self._before = {canonical_url(each.way[0]): each for each in lost}
        self._unheard = set(self._before)
        return {address: each.way for address, each in self._before.items()}

    def hear(self, addresses: Iterable[str]) -> None:
        """Note that it is known what became of articles."""
        self._unheard.difference_update(addresses)

    def lose(self, way: Way) -> None:
        """Note that an article could not be had."""
        address = canonical_url(way[0])
        before = self._before.get(address)
        self._lost[address] = Lost(way, before.runs + 1 if before is not None else 1)

    def left(self) -> list[Lost]:
        """Return what the next run has to ask for: what this one lost, and what it did not come to."""
        unheard = {address: self._before[address] for address in sorted(self._unheard)}
        return [each for each in {**unheard, **self._lost}.values() if each.runs < _MOST_RUNS]
