"""What a page says of its article in JSON-LD (schema.org): asked only where no label is printed."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from newsmirror.reading.origins import JSON_LD, Found, Origin, Value
from newsmirror.reading.stream import squeeze

_ARTICLE_TYPES = frozenset(("Article", "NewsArticle", "ReportageNewsArticle", "BlogPosting", "WebPage"))


@dataclass(frozen=True, slots=True)
class LinkedData:
    """The strings of a schema.org Article; None or empty where the page does not say."""

    headline: Found[str] | None = None
    section: Found[str] | None = None
    published: Found[str] | None = None
    source: Found[str] | None = None
    authors: Found[list[str]] | None = None


def read_json_ld(scripts: list[str]) -> LinkedData:
    """Read the first Article in the page's JSON-LD scripts; broken JSON is passed over."""
    for number, script in enumerate(scripts):
        try:
            data = json.loads(script, strict=False)
        except (ValueError, RecursionError):
            continue
        for node in _nodes(data):
            types = node.get("@type")
            if any(isinstance(each, str) and each in _ARTICLE_TYPES for each in _listed(types)):
                return LinkedData(
                    headline=_found(_text(node.get("headline")), "headline", number),
                    section=_found(_text(node.get("articleSection")), "articleSection", number),
                    published=_found(_text(node.get("datePublished")), "datePublished", number),
                    source=_found(_name(node.get("sourceOrganization")), "sourceOrganization", number),
                    authors=_found(list(_people(node.get("author"))), "author", number),
                )
    return LinkedData()


def _found(value: Value | None, key: str, script: int) -> Found[Value] | None:
    return Found(value, Origin(JSON_LD, word=key, script=script)) if value else None


def _nodes(data: object) -> Iterator[dict[str, object]]:
    """Yield the top-level objects, also those of a list or of `@graph`."""
    waiting = [data]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += reversed(item)
        elif isinstance(item, dict):
            yield item
            if isinstance(graph := item.get("@graph"), list):
                yield from (each for each in graph if isinstance(each, dict))


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _text(value: object) -> str | None:
    if isinstance(value, list):
        value = value[0] if value else None
    return (squeeze(value) or None) if isinstance(value, str) else None


def _name(value: object) -> str | None:
    return _text(value.get("name")) if isinstance(value, dict) else None


def _people(value: object) -> Iterator[str]:
    for author in _listed(value):
        if isinstance(author, dict) and author.get("@type") == "Person" and (name := _name(author)):
            yield name
