"""The walk of one listing, page by page, and when it ends: by what the pages show, then by a budget.

A site may have no last page: it repeats the last one, shows the same articles under ever new addresses, or
makes up pages and links as long as someone asks. So no address decides, only what is printed and what came
of it.
"""

from collections import deque
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

from newsmirror.reading.entries import Entry

# How many pages a walk may be ahead of the articles that it found: then it waits until one was read.
LEAD = 5


@dataclass(slots=True)
class Walk:
    """How far a walk came: pages read, the addresses on them, and hashes of their titles with dates."""

    pages: int = 0
    shown: set[str] = field(default_factory=set)
    printed: set[int] = field(default_factory=set)
    recent: deque[frozenset[str]] = field(default_factory=lambda: deque(maxlen=LEAD))
    # The pages behind the last one that it linked to by number or as the end, in order, by canonical address.
    promised: Sequence[str] = ()
    # Where the walk came to nothing although pages behind were linked, and why: the last of them will tell.
    gap: tuple[str, str] | None = None

    def take(self, entries: Mapping[str, Entry]) -> dict[str, Entry]:
        """Read one more page, given by canonical address; return the entries that are new to this walk.

        A page on which every title and date was printed before shows nothing new, whatever its addresses.
        """
        self.pages += 1
        fresh = {address: entry for address, entry in entries.items() if address not in self.shown}
        prints = {address: _print(entry) for address, entry in fresh.items()}
        if all(print_ in self.printed for print_ in prints.values()):
            return {}
        self.shown.update(fresh)
        self.printed.update(print_ for print_ in prints.values() if print_ is not None)
        self.recent.append(frozenset(fresh))
        return fresh

    def is_proven(self, articles: Container[str]) -> bool:
        """Tell whether the last pages led to one of these articles, or are too few to tell."""
        return len(self.recent) < LEAD or any(address in articles for page in self.recent for address in page)

    def is_amid(self, address: str) -> bool:
        """Tell whether the last page linked to others behind this one, which followed it."""
        return len(self.promised) > 0 and address != self.promised[-1]


def _print(entry: Entry) -> int | None:
    """Return a hash of an entry's title and date, if it has both: without a date, titles may be the same."""
    return hash((entry.title, entry.published_raw)) if entry.title and entry.published_raw else None
