"""The JSON Schema of the record, derived from its dataclass."""

from copy import deepcopy
from functools import cache
from typing import Any

import jsonschema_rs
import msgspec

from newsmirror.items import SCHEMA_VERSION, Article
from newsmirror.reading import PARSER_VERSION

# What a record keeps when its content is removed.
IDENTITY = frozenset(
    (
        *("schema_version", "seq", "op", "article_id", "revision", "url", "fetched_url", "site"),
        *("fetched_at", "first_seen_at", "run_id", "parser_version"),
    )
)
# What every other record has.
READ_ALWAYS = ("discovery", "title", "content_sha256", "payload_sha256", "encoding")


@cache
def article_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of record v1: every key required, no other key allowed.

    A record is a `delete` and has no content, or it has all that every page gives.
    """
    schema = msgspec.json.schema(Article)
    for definition in schema["$defs"].values():
        definition["additionalProperties"] = False
        definition["required"] = list(definition["properties"])
    article = schema["$defs"]["Article"]
    article["if"] = {"properties": {"op": {"const": "delete"}}}
    article["then"] = {"properties": {key: {"const": value} for key, value in _blanks(article).items()}}
    article["else"] = {"properties": {key: {"not": {"type": "null"}} for key in READ_ALWAYS}}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def to_plain(article: Article) -> dict[str, Any]:
    """Return a record as the plain values that JSON has, keys in order."""
    plain: dict[str, Any] = msgspec.to_builtins(article)
    return plain


def blank(record: dict[str, Any]) -> dict[str, Any]:
    """Return a plain record as a `delete`: with its identity, and without all that was on its page."""
    blanks = _blanks(article_schema()["$defs"]["Article"])
    kept = {key: blanks.get(key, value) for key, value in record.items()}
    return kept | {"op": "delete", "fetched_url": record["url"]}


def deletion(
    *, article_id: str, revision: int, url: str, site: str, first_seen_at: str, fetched_at: str, run_id: str
) -> dict[str, Any]:
    """Return the plain record which says that an article was removed; `fetched_at` is when."""
    nothing = dict.fromkeys(article_schema()["$defs"]["Article"]["properties"])
    return blank(
        nothing
        | {
            "schema_version": SCHEMA_VERSION,
            "article_id": article_id,
            "revision": revision,
            "url": url,
            "site": site,
            "first_seen_at": first_seen_at,
            "fetched_at": fetched_at,
            "run_id": run_id,
            "parser_version": PARSER_VERSION,
        }
    )


def _blanks(article: dict[str, Any]) -> dict[str, Any]:
    """Return for each key that a page fills what says that nothing is there."""
    return {
        key: [] if schema.get("type") == "array" else None
        for key, schema in article["properties"].items()
        if key not in IDENTITY
    }


class ArticleValidator:
    """Checks plain records of pages against the schema: none of them is a `delete`."""

    def __init__(self) -> None:
        schema = deepcopy(article_schema())
        article = schema["$defs"]["Article"]
        for key in ("if", "then", "else"):
            del article[key]
        for key in READ_ALWAYS:
            # Without the choice of null a violation names its place.
            [article["properties"][key]] = (
                option for option in article["properties"][key]["anyOf"] if option != {"type": "null"}
            )
        self._validator = jsonschema_rs.validator_for(schema)

    def violations(self, record: dict[str, Any]) -> list[tuple[str, str]]:
        """Return where a record breaks the schema and how: `[("related/0/url", "… does not match …")]`."""
        return [
            ("/".join(map(str, error.instance_path)), error.message)
            for error in self._validator.iter_errors(record)
        ]
