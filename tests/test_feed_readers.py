"""How others read the feed: the code of docs/feed.md, on null-only columns and several parts; S3."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from feedmaker import House, record

from newsmirror.feed import read
from newsmirror.feed.parts import pack
from newsmirror.feed.schemas import files
from newsmirror.schema import article_schema

PAGE = Path(__file__).parent.parent / "docs" / "feed.md"


def fill(house: House) -> list[dict[str, Any]]:
    """Publish parts on two days, most columns null in all of them; return what is in the feed."""
    house.begin("r1")
    house.accept(*[record(f"a{number}", "r1", day=f"2025-01-0{8 + number % 2}") for number in range(5)])
    block = {"type": "heading", "level": 2, "text": "一", "image_url": None, "caption": None}
    house.accept(record("a0", "r1", "二", blocks=[block], authors=["贺兰溪", "章山川"]))
    house.reject("r1")
    house.publish("r1", max_rows=3)
    house.finish("r1")
    house.publish("r1")
    return list(read(house.uri))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.ledger.close()


@pytest.fixture
def expected(house: House) -> list[dict[str, Any]]:
    """The records of a feed in which a publication was cut: one more part lies there, uncommitted."""
    records = fill(house)
    path = "v1/articles/fetch_date=2025-01-08/r1-00001.jsonl.gz"
    assert len(house.storage.list("v1/articles")) > 2
    late = json.dumps({**records[0], "seq": 99})
    house.storage.write(path.replace("r1-00001", "r9-00001"), pack([late]))
    return records


def run_example(name: str, house: House) -> dict[str, Any]:
    """Run the Python of a section of the page, with the feed's folder for that of the page."""
    section = PAGE.read_text("utf-8").partition(f"## {name}\n")[2].partition("\n## ")[0]
    [code] = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code.replace("/data/feed", house.uri), names)
    return names


def test_python(house: House, expected: list[dict[str, Any]]) -> None:
    assert run_example("Python", house)["records"] == expected


def test_as_of_a_date(house: House, expected: list[dict[str, Any]]) -> None:
    def publish_at(at: str) -> None:
        path = "v1/manifests/r1.json"
        plain = json.loads(house.storage.read(path))
        plain["parts"] = [{**part, "committed_at": at} for part in plain["parts"]]
        house.storage.write(path, json.dumps(plain).encode())

    publish_at("2025-01-08T04:00:00Z")  # noon, there
    assert run_example("As of a date", house)["state"] == {each["article_id"]: each for each in expected}
    publish_at("2025-01-08T04:00:01Z")
    assert run_example("As of a date", house)["state"] == {}


def test_duckdb(house: House, expected: list[dict[str, Any]]) -> None:
    pytest.importorskip("duckdb")
    names = run_example("DuckDB", house)
    relation = names["articles"]
    rows = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    assert rows == expected
    assert list(rows[0]) == list(expected[0])
    [reject] = (
        names["connection"].sql(f"SELECT url, reason, detail FROM rejects('{house.uri}/v1')").fetchall()
    )
    assert reject == ("http://kz.hezhou.example/gone.html", "soft_404", None)


def test_pyarrow(house: House, expected: list[dict[str, Any]]) -> None:
    pytest.importorskip("pyarrow")
    names = run_example("pyarrow", house)
    assert names["table"].schema == names["types"]["ARTICLE"]
    assert names["table"].to_pylist() == expected


def test_pandas(house: House, expected: list[dict[str, Any]]) -> None:
    pytest.importorskip("pandas")
    names = run_example("pandas", house)
    frame, dtypes = names["frame"], names["dtypes"]
    assert {key: str(kind) for key, kind in frame.dtypes.items()} == dtypes
    assert list(frame.columns) == list(expected[0])
    # What is null is missing, however pandas writes that.
    found = frame.astype(object).where(frame.notna(), None).to_dict("records")
    assert found == expected


def test_bigquery_has_a_type_for_each_key() -> None:
    """Not run against BigQuery: only that its schema has each key of the record, nulls and lists as such."""
    definitions = article_schema()["$defs"]

    def compare(fields: list[dict[str, Any]], definition: dict[str, Any]) -> None:
        assert [field["name"] for field in fields] == list(definition["properties"])
        for field, schema in zip(fields, definition["properties"].values(), strict=True):
            options = schema.get("anyOf", [schema])
            nullable = {"type": "null"} in options
            [option] = [option for option in options if option != {"type": "null"}]
            repeated = option.get("type") == "array"
            assert field["mode"] == ("REPEATED" if repeated else "NULLABLE" if nullable else "REQUIRED")
            inner = option["items"] if repeated else option
            assert (field["type"] == "RECORD") == ("$ref" in inner)
            if "$ref" in inner:
                compare(field["fields"], definitions[inner["$ref"].rpartition("/")[2]])

    compare(json.loads(files()["v1/schema/bigquery.json"]), definitions["Article"])


def test_the_page_names_every_file_of_schema() -> None:
    page = PAGE.read_text("utf-8")
    assert [path for path in files() if f"`{path.rpartition('/')[2]}`" not in page] == []
