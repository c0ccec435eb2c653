"""What a page says of its article in JSON-LD (schema.org): asked only where no label is printed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from newsmirror.reading.stream import squeeze

_ARTICLE_TYPES = frozenset(("Article", "NewsArticle", "ReportageNewsArticle", "BlogPosting", "WebPage"))


@dataclass(frozen=True, slots=True)
class LinkedData:
    """The strings of a schema.org Article; None or empty where the page does not say."""

    headline: str | None = None
    section: str | None = None
    published: str | None = None
    source: str | None = None
    authors: list[str] = field(default_factory=list)


def read_json_ld(scripts: list[str]) -> LinkedData:
    """Read the first Article in the page's JSON-LD scripts; broken JSON is passed over."""
    for script in scripts:
        try:
            data = json.loads(script, strict=False)
        except (ValueError, RecursionError):
            continue
        for node in _nodes(data):
            types = node.get("@type")
            if not _ARTICLE_TYPES.isdisjoint(types if isinstance(types, list) else [str(types)]):
                return LinkedData(
                    headline=_text(node.get("headline")),
                    section=_text(node.get("articleSection")),
                    published=_text(node.get("datePublished")),
                    source=_name(node.get("sourceOrganization")),
                    authors=list(_people(node.get("author"))),
                )
    return LinkedData()


def _nodes(data: object) -> Iterator[dict[str, object]]:
    """Yield the top-level objects, also those of a list or of `@graph`."""
    if isinstance(data, list):
        for item in data:
            yield from _nodes(item)
    elif isinstance(data, dict):
        yield data
        if isinstance(graph := data.get("@graph"), list):
            yield from (item for item in graph if isinstance(item, dict))


def _text(value: object) -> str | None:
    if isinstance(value, list):
        value = value[0] if value else None
    return (squeeze(value) or None) if isinstance(value, str) else None


def _name(value: object) -> str | None:
    return _text(value.get("name")) if isinstance(value, dict) else None


def _people(value: object) -> Iterator[str]:
    for author in value if isinstance(value, list) else [value]:
        if isinstance(author, dict) and author.get("@type") == "Person" and (name := _name(author)):
            yield name
