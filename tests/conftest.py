"""The files that take longest are begun first, so that no worker ends long after the others."""

import pytest

_LONG = (
    "mirror scrapyd robots health retries render crawl s3 postgres runs addresses terminal ledger_model "
    "signals traps docs wacz disk feed_faults takedown_faults takedown_crawl"
).split()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        name = item.path.stem.removeprefix("test_")
        return _LONG.index(name) if name in _LONG else len(_LONG)

    items.sort(key=place)
