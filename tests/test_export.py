"""`-O` writes what Scrapy's own exporter would write, byte for byte."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.exporters import JsonLinesItemExporter
from scrapy.settings import Settings
from scrapy.utils.misc import load_object
from test_pipelines import ARTICLE

from newsmirror import settings
from newsmirror.export import RecordLinesExporter
from newsmirror.items import ArchiveRef, Article, Block, Footer, Rejected, Related

TEXTS = st.text(st.characters(codec="utf-8"))
ADDRESS = "http://kuaizhao.example/a/2.html"
BLOCKS = st.builds(Block, st.just("heading"), st.integers(1, 6) | st.none(), TEXTS, TEXTS | st.none(), TEXTS)
RELATED = st.builds(Related, st.just(ADDRESS), TEXTS | st.none(), TEXTS, st.none(), TEXTS)


def exported(exporter: type[JsonLinesItemExporter], items: list[Any], **options: Any) -> bytes:
    file = BytesIO()
    made = exporter(file, **options)
    made.start_exporting()
    for item in items:
        made.export_item(item)
    made.finish_exporting()
    return file.getvalue()


@given(
    st.builds(
        replace,
        st.just(ARTICLE),
        title=TEXTS,
        authors=st.lists(TEXTS),
        blocks=st.lists(BLOCKS),
        related=st.lists(RELATED),
        footer=st.none() | st.builds(Footer, TEXTS, TEXTS, TEXTS, st.none()),
        archive=st.none() | st.builds(ArchiveRef, TEXTS, TEXTS),
        seq=st.none() | st.integers(1),
    )
)
def test_a_record_is_written_as_scrapy_writes_it(article: Article) -> None:
    line = exported(RecordLinesExporter, [article], encoding="utf-8")
    assert line == exported(JsonLinesItemExporter, [article], encoding="utf-8")
    assert line.count(b"\n") == 1


@pytest.mark.parametrize(
    "options",
    [
        {"encoding": None},
        {"encoding": "gb18030"},
        {"encoding": "utf-8", "fields_to_export": ["title", "url"]},
        {"encoding": "utf-8", "fields_to_export": {"url": "address"}},
    ],
)
def test_what_else_may_be_asked_of_it_scrapy_does(options: dict[str, Any]) -> None:
    line = exported(RecordLinesExporter, [ARTICLE], **options)
    assert line == exported(JsonLinesItemExporter, [ARTICLE], **options)
    assert line != exported(RecordLinesExporter, [ARTICLE], encoding="utf-8")


def test_other_items_are_written_among_records() -> None:
    rejected = Rejected(ADDRESS, "gone", "HTTP status 404", "2025-01-08T09:30:00Z")
    items = [ARTICLE, rejected, {"title": "山城"}, ARTICLE]
    lines = exported(RecordLinesExporter, items, encoding="utf-8")
    assert lines == exported(JsonLinesItemExporter, items, encoding="utf-8")
    assert lines.count(b"\n") == len(items)


@pytest.mark.parametrize("ending", ["jsonl", "jsonlines", "jl"])
def test_all_names_of_json_lines_mean_it(ending: str) -> None:
    given = Settings()
    given.setmodule(settings)
    assert load_object(given.getwithbase("FEED_EXPORTERS")[ending]) is RecordLinesExporter
