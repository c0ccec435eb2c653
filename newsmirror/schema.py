"""The JSON Schema of the record, derived from its dataclass."""

from functools import cache
from typing import Any

import jsonschema_rs
import msgspec

from newsmirror.items import Article


@cache
def article_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of record v1: every key required, no other key allowed."""
    schema = msgspec.json.schema(Article)
    for definition in schema["$defs"].values():
        definition["additionalProperties"] = False
        definition["required"] = list(definition["properties"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def to_plain(article: Article) -> dict[str, Any]:
    """Return a record as the plain values that JSON has, keys in order."""
    plain: dict[str, Any] = msgspec.to_builtins(article)
    return plain


class ArticleValidator:
    """Checks plain records against the schema."""

    def __init__(self) -> None:
        self._validator = jsonschema_rs.validator_for(article_schema())

    def violations(self, record: dict[str, Any]) -> list[tuple[str, str]]:
        """Return where a record breaks the schema and how: `[("related/0/url", "… does not match …")]`."""
        return [
            ("/".join(map(str, error.instance_path)), error.message)
            for error in self._validator.iter_errors(record)
        ]
