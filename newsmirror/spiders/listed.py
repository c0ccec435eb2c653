"""Listings that showed articles to the run before: one that shows none any more is told, but not for ever."""

from collections.abc import Container, Iterable, Mapping

# A listing that shows no article is told by so many runs in a row; then it is taken for what it is.
_MOST_RUNS = 3
# A list of one page with fewer entries may well be empty the next day: a topic, a tag.
_LEAST_ENTRIES = 5


class Listed:
    """Listings by the canonical addresses that were asked for, from run to run."""

    def __init__(self) -> None:
        self._before: dict[str, int] = {}
        self._shown: dict[str, list[str]] = {}
        self._missed: dict[str, int] = {}

    def take_over(self, before: Mapping[str, int]) -> None:
        """Take what the run before has left: listings, and for how many runs each has shown no article."""
        self._before = dict(before)

    def show(self, address: str, articles: Iterable[str], has_next: bool) -> None:
        """Note what the first page of a listing links to: addresses of what may be articles."""
        found = list(articles)
        if has_next or len(found) >= _LEAST_ENTRIES:
            self._shown[address] = found

    def miss(self, address: str) -> bool:
        """Note that a listing shows no article; tell whether it should have shown some."""
        if address not in self._before:
            return False
        self._missed[address] = self._before[address] + 1
        return True

    def left(self, met: Container[str], is_whole: bool) -> dict[str, int]:
        """Return what the next run is to know: listings of which articles were met, and those missed.

        `is_whole`: this run has asked for all that it wanted; what it did not ask for is linked no more.
        """
        shown = {
            address: 0 for address, articles in self._shown.items() if any(each in met for each in articles)
        }
        missed = {address: runs for address, runs in self._missed.items() if runs < _MOST_RUNS}
        unheard = {} if is_whole else self._before.keys() - self._shown.keys() - self._missed.keys()
        return {**{address: self._before[address] for address in sorted(unheard)}, **missed, **shown}
