"""What is different between two records of the same bytes, for a person who decides on it."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# What a record says of itself and of its run, not of the page.
_OWN = frozenset(
    (
        *("schema_version", "seq", "op", "revision", "change_cause"),
        *("first_seen_at", "run_id", "parser_version"),
    )
)
# How many of a kind a person is shown.
EXAMPLES = 3
_WIDTH = 60


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, str]:
    """Return for each key that differs the first place in it that does, and both values: `"甲" → null`."""
    return {
        key: _first_difference(key, old.get(key), value)
        for key, value in new.items()
        if key not in _OWN and old.get(key) != value
    }


@dataclass(slots=True)
class Changes:
    """What would change: by key how many records, and the first examples, as lines of address and values."""

    counts: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    examples: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, url: str, found: Mapping[str, str]) -> None:
        """Count the differences of one record."""
        for key, example in found.items():
            self.counts[key] += 1
            if key != "content_sha256" and len(self.examples[key]) < EXAMPLES:
                self.examples[key].append(f"{url}  {example}")


def _first_difference(path: str, old: Any, new: Any) -> str:
    match old, new:
        case dict(), dict():
            key = next(key for key in new if old.get(key) != new[key])
            return _first_difference(f"{path}.{key}", old.get(key), new[key])
        case list(), list() if len(old) == len(new):
            place = next(place for place, value in enumerate(new) if old[place] != value)
            return _first_difference(f"{path}[{place}]", old[place], new[place])
        case list(), list():
            return f"{path}: {len(old)} → {len(new)} entries"
        case str(), str():
            return f"{path}: " + " → ".join(map(_quoted, _near_the_difference(old, new)))
    return f"{path}: {_quoted(old)} → {_quoted(new)}"


def _near_the_difference(old: str, new: str) -> tuple[str, str]:
    """Return two long texts from shortly before where they part."""
    if max(len(old), len(new)) <= _WIDTH:
        return old, new
    same = next(
        (place for place, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
    )
    start = max(0, same - 10)
    dots = "…" if start else ""
    return dots + old[start:], dots + new[start:]


def _quoted(value: Any) -> str:
    """Return a value as JSON, cut."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
