"""What is shipped in `schema/`: JSON Schemas, and the column types of those who read the feed.

All derived from the record, so that a column that is null in every row of a part still has its type.
"""

from functools import cache
from hashlib import sha256
from typing import Any

import jsonschema_rs
import msgspec

from newsmirror.feed.layout import SCHEMA
from newsmirror.schema import article_schema

ARTICLE_SCHEMA = "article-1.0.json"
REJECT_SCHEMA = "reject-1.0.json"

_TEXT = {"type": "string", "minLength": 1}
_UTC = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}


@cache
def reject_schema() -> dict[str, Any]:
    """Return the JSON Schema of a reject: what was not publishable, and why."""
    properties = {
        "url": _TEXT,
        "article_id": {"anyOf": [_TEXT, {"type": "null"}]},
        "site": _TEXT,
        "reason": _TEXT,
        "detail": {"anyOf": [_TEXT, {"type": "null"}]},
        "fetched_at": _UTC,
        "run_id": _TEXT,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Reject",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


@cache
def validators() -> dict[str, jsonschema_rs.Validator]:
    """Return the validator of each kind of part."""
    return {
        "articles": jsonschema_rs.validator_for(article_schema()),
        "rejects": jsonschema_rs.validator_for(reject_schema()),
    }


@cache
def files() -> dict[str, bytes]:
    """Return the files of `schema/` by their path below the feed's root."""
    contents = {
        ARTICLE_SCHEMA: _json(article_schema()),
        REJECT_SCHEMA: _json(reject_schema()),
        "duckdb.sql": _duckdb_sql().encode(),
        "arrow_schema.py": _arrow_module().encode(),
        "pandas.json": _json(pandas_types()),
        "bigquery.json": _json(_bigquery_fields(article_schema(), _article())),
    }
    return {f"{SCHEMA}/{name}": content for name, content in contents.items()}


@cache
def article_schema_sha256() -> str:
    """Return the hash of the article schema as it is shipped."""
    return sha256(files()[f"{SCHEMA}/{ARTICLE_SCHEMA}"]).hexdigest()


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _article() -> dict[str, Any]:
    definition: dict[str, Any] = article_schema()["$defs"]["Article"]
    return definition


def _resolve(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a value that is not null, references followed."""
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    [option] = options
    if "$ref" in option:
        found: dict[str, Any] = root["$defs"][option["$ref"].rpartition("/")[2]]
        return found
    resolved: dict[str, Any] = option
    return resolved


def _kind(schema: dict[str, Any]) -> str:
    """Return string, integer, array or object; an enumeration is one of strings here."""
    return "string" if "enum" in schema else str(schema["type"])


def _duckdb_type(schema: dict[str, Any], root: dict[str, Any]) -> str:
    schema = _resolve(schema, root)
    match _kind(schema):
        case "array":
            return _duckdb_type(schema["items"], root) + "[]"
        case "object":
            fields = (f'"{key}" {_duckdb_type(value, root)}' for key, value in schema["properties"].items())
            return f"STRUCT({', '.join(fields)})"
        case "integer":
            return "BIGINT"
        case _:
            return "VARCHAR"


def _duckdb_macro(name: str, definition: dict[str, Any], root: dict[str, Any], condition: str) -> str:
    columns = ",\n".join(
        f"        {key}: '{_duckdb_type(value, root)}'" for key, value in definition["properties"].items()
    )
    return f"""CREATE OR REPLACE MACRO {name}(feed) AS TABLE
    SELECT * FROM read_json(feed || '/{name}/*/*.jsonl.gz', format = 'newline_delimited',
        compression = 'gzip', hive_partitioning = false, columns = {{
{columns}
    }}){condition};
"""  # noqa: S608 - all of it is ours


def _duckdb_sql() -> str:
    # Parts of a publication that is not finished are there, too, but after the index's seq.
    committed = "\n    WHERE seq <= (SELECT last_seq FROM read_json(feed || '/index.json'))"
    articles = _duckdb_macro("articles", _article(), article_schema(), committed)
    rejects = _duckdb_macro("rejects", reject_schema(), reject_schema(), "")
    return f"-- The feed for DuckDB: the tables articles('…/v1') and rejects('…/v1').\n{articles}{rejects}"


def _arrow_type(schema: dict[str, Any], root: dict[str, Any]) -> str:
    schema = _resolve(schema, root)
    match _kind(schema):
        case "array":
            return f"pa.list_({_arrow_type(schema['items'], root)})"
        case "object":
            fields = (f'("{key}", {_arrow_type(value, root)})' for key, value in schema["properties"].items())
            return f"pa.struct([{', '.join(fields)}])"
        case "integer":
            return "pa.int64()"
        case _:
            return "pa.string()"


def _arrow_module() -> str:
    root = article_schema()
    fields = "\n".join(
        f'        ("{key}", {_arrow_type(value, root)}),' for key, value in _article()["properties"].items()
    )
    return f'''"""The columns of an article for pyarrow."""

import pyarrow as pa

ARTICLE = pa.schema(
    [
{fields}
    ]
)
'''


def pandas_types() -> dict[str, str]:
    """Return the `dtype` of `pandas.read_json`: lists and objects stay Python's own."""
    names = {"string": "string", "integer": "int64"}
    return {
        key: names.get(_kind(_resolve(value, article_schema())), "object")
        for key, value in _article()["properties"].items()
    }


def _bigquery_fields(root: dict[str, Any], definition: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a table schema for BigQuery; what may be null is NULLABLE, and so is what it contains."""
    fields = []
    for key, value in definition["properties"].items():
        schema, mode = _resolve(value, root), "NULLABLE" if _may_be_null(value) else "REQUIRED"
        if _kind(schema) == "array":
            schema, mode = _resolve(schema["items"], root), "REPEATED"
        kind = {"object": "RECORD", "integer": "INTEGER"}.get(_kind(schema), "STRING")
        field: dict[str, Any] = {"name": key, "type": kind, "mode": mode}
        if kind == "RECORD":
            field["fields"] = _bigquery_fields(root, schema)
        fields.append(field)
    return fields


def _may_be_null(schema: dict[str, Any]) -> bool:
    return any(option.get("type") == "null" for option in schema.get("anyOf", []))
