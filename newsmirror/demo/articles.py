"""The articles of the demo site: what is true of each, to hold a crawled record against."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

CATEGORIES = {"国内": "guonei", "国际": "guoji", "财经": "caijing", "文体": "wenti"}
"""Each category's label, and its folder on the site."""


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a body: a paragraph or heading has `text`, an image `image_url`, a table `rows`."""

    type: Literal["paragraph", "heading", "image", "table"]
    text: str | None = None
    level: int | None = None
    image_url: str | None = None
    caption: str | None = None
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Article:
    """One article, its times as printed: `YYYY-MM-DD HH:MM:SS`, China time.

    `authors` are the people that a byline inside the body names; `related` are ids of other articles.
    """

    id: int
    category: str
    title: str
    published: str
    snapshot: str
    source: str | None
    editor: str | None
    authors: tuple[str, ...]
    original_url: str | None
    related: tuple[int, ...]
    blocks: tuple[Block, ...]

    @property
    def path(self) -> str:
        """The address on the site, such as `/guonei/20250108/3021.html`."""
        return f"/{CATEGORIES[self.category]}/{self.published[:10].replace('-', '')}/{self.id}.html"

    @property
    def text(self) -> str:
        """The words of the headings and paragraphs, run together."""
        return "".join(block.text for block in self.blocks if block.text)


@cache
def articles() -> tuple[Article, ...]:
    """All the articles, the newest first."""
    lines = files(__package__).joinpath("data/articles.jsonl").read_text("utf-8").splitlines()
    return tuple(
        sorted(
            (_article(json.loads(line)) for line in lines), key=lambda a: (a.published, a.id), reverse=True
        )
    )


@cache
def article(article_id: int) -> Article:
    """The article with this id; a `KeyError` says that there is none."""
    return {each.id: each for each in articles()}[article_id]


def _article(line: dict[str, Any]) -> Article:
    blocks = tuple(_block(block) for block in line.pop("blocks"))
    authors, related = tuple(line.pop("authors")), tuple(line.pop("related"))
    return Article(**line, authors=authors, related=related, blocks=blocks)


def _block(block: dict[str, Any]) -> Block:
    return Block(**{**block, "rows": tuple(tuple(row) for row in block.get("rows", ()))})
