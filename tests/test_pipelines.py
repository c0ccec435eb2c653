"""The pipelines: what they change, what they drop, and what they count."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem
from scrapy.utils.test import get_crawler

from newsmirror.items import Article, Discovery, Encoding, Link, Snapshot
from newsmirror.normalise.record import build_article
from newsmirror.pipelines.dedupe import DedupePipeline
from newsmirror.pipelines.normalise import NormalisePipeline
from newsmirror.pipelines.validate import ValidatePipeline
from newsmirror.reading.article import ReadArticle, read_article
from newsmirror.reading.stream import read_stream

URL = "http://kuaizhao.example/a/1.html"


def page(title: str, labels: str = "") -> ReadArticle:
    html = f"<h1>{title}</h1><p>{labels}</p><p>以上内容为资讯信息快照。</p>"
    article = read_article(read_stream(html, URL))
    assert article is not None
    return article


SNAPSHOT = Snapshot(
    page=page("山城水位回落", "类别：国内 发布时间：2025-01-08 16:55 快照生成时间：2025-01-08 17:00"),
    url=URL,
    site="kuaizhao",
    timezone="Asia/Shanghai",
    discovery=Discovery("start", None, None),
    fetched_at=datetime(2025, 1, 8, 9, 30, tzinfo=UTC),
    payload_sha256="0" * 64,
    encoding=Encoding("utf-8", "utf-8", 0),
    run_id=None,
)
ARTICLE = build_article(SNAPSHOT)


@dataclass
class Other:
    article_id: str = ARTICLE.article_id


OTHERS = [{"title": ""}, Other(), "text", None]


@pytest.fixture
def crawler() -> Crawler:
    return get_crawler(Spider)


def counted(crawler: Crawler) -> dict[str, Any]:
    assert crawler.stats is not None
    return crawler.stats.get_stats()


@pytest.mark.parametrize("pipeline", [NormalisePipeline, ValidatePipeline, DedupePipeline])
@pytest.mark.parametrize("item", OTHERS)
def test_other_items_pass_untouched(pipeline: Any, item: object, crawler: Crawler) -> None:
    made = pipeline.from_crawler(crawler)
    assert [made.process_item(item) is item for _ in range(2)] == [True, True]
    assert counted(crawler) == {}


# ---- normalise -------------------------------------------------------------------------------------------


def test_a_snapshot_becomes_its_record(crawler: Crawler) -> None:
    pipeline = NormalisePipeline.from_crawler(crawler)
    assert pipeline.process_item(SNAPSHOT) == ARTICLE
    assert counted(crawler) == {"newsmirror/warning/body_missing": 1}


def test_each_warning_is_counted(crawler: Crawler) -> None:
    pipeline = NormalisePipeline.from_crawler(crawler)
    silent = replace(SNAPSHOT, page=page("山城"), encoding=Encoding(None, "utf-8", 1))
    assert [article.title for article in map(pipeline.process_item, (SNAPSHOT, silent))] == [
        "山城水位回落",
        "山城",
    ]
    assert counted(crawler) == {
        "newsmirror/warning/body_missing": 2,
        "newsmirror/warning/snapshot_missing": 1,
        "newsmirror/warning/published_missing": 1,
        "newsmirror/warning/encoding_replacements": 1,
    }


def test_a_record_is_not_normalised_again(crawler: Crawler) -> None:
    assert NormalisePipeline.from_crawler(crawler).process_item(ARTICLE) is ARTICLE
    assert counted(crawler) == {}


# ---- validate --------------------------------------------------------------------------------------------


def test_a_valid_record_passes(crawler: Crawler) -> None:
    assert ValidatePipeline.from_crawler(crawler).process_item(ARTICLE) is ARTICLE
    assert counted(crawler) == {}


BROKEN: list[tuple[dict[str, Any], str, list[str]]] = [
    ({"title": ""}, "title", ["title"]),
    ({"source": ""}, "source", ["source"]),
    ({"revision": 0}, "revision", ["revision"]),
    ({"op": "update"}, "op", ["op"]),
    ({"article_id": "x"}, "article_id", ["article_id"]),
    ({"original_url": "ftp://news.example/"}, "original_url", ["original_url"]),
    ({"published_at": "2025-01-08 16:55"}, "published_at", ["published_at"]),
    ({"published_at": "2025-01-08T16:55:00Z"}, "published_at", ["published_at"]),
    ({"fetched_at": "2025-01-08T17:30:00+08:00"}, "fetched_at", ["fetched_at"]),
    ({"published_precision": "month"}, "published_precision", ["published_precision"]),
    ({"breadcrumbs": [Link(URL, "国内"), Link("/gn/", "国内")]}, "breadcrumbs/1/url", ["breadcrumbs"]),
    ({"discovery": Discovery("start", None, 0)}, "discovery/position", ["discovery"]),
    ({"encoding": Encoding("", "utf-8", 0)}, "encoding/declared", ["encoding"]),
    ({"warnings": ["a", ""]}, "warnings/1", ["warnings"]),
    ({"title": None}, "title", ["title"]),
]


@pytest.mark.parametrize(("changes", "path", "counts"), BROKEN, ids=[next(iter(row[0])) for row in BROKEN])
def test_a_broken_record_is_dropped_with_its_address_and_the_place(
    changes: dict[str, Any], path: str, counts: list[str], crawler: Crawler
) -> None:
    pipeline = ValidatePipeline.from_crawler(crawler)
    with pytest.raises(DropItem) as dropped:
        pipeline.process_item(replace(ARTICLE, **changes))
    assert str(dropped.value).startswith(f"invalid record: {URL}: {path}: ")
    assert dropped.value.log_level == "WARNING"
    assert counted(crawler) == {
        **{f"newsmirror/invalid/{name}": 1 for name in counts},
        "newsmirror/dropped/invalid": 1,
    }


def test_each_broken_field_is_counted_and_the_record_once(crawler: Crawler) -> None:
    pipeline = ValidatePipeline.from_crawler(crawler)
    broken = replace(ARTICLE, title="", warnings=["", ""], breadcrumbs=[Link("/", None)])
    with pytest.raises(DropItem, match=f"^invalid record: {URL}: "):
        pipeline.process_item(broken)
    assert counted(crawler) == {
        "newsmirror/invalid/title": 1,
        "newsmirror/invalid/warnings": 2,
        "newsmirror/invalid/breadcrumbs": 1,
        "newsmirror/dropped/invalid": 1,
    }


def test_a_drop_does_not_print_the_body(crawler: Crawler) -> None:
    pipeline = ValidatePipeline.from_crawler(crawler)
    with pytest.raises(DropItem) as dropped:
        pipeline.process_item(replace(ARTICLE, category=["山" * 5000]))  # type: ignore[arg-type]
    assert len(str(dropped.value)) <= len(f"invalid record: {URL}: category: ") + 200


# ---- dedupe ----------------------------------------------------------------------------------------------


def named(path: str, labels: str = "") -> Article:
    return build_article(replace(SNAPSHOT, url=f"http://kuaizhao.example{path}", page=page("山城", labels)))


def test_of_one_address_the_first_record_is_kept(crawler: Crawler) -> None:
    pipeline = DedupePipeline.from_crawler(crawler)
    again = named("/a/./1.html?utm_source=x#top", "类别：国际")
    others = [named("/a/2.html", "类别：国际"), named("/a/3.html"), named("/a/1.html?p=2", "类别：国内")]
    assert again.article_id == ARTICLE.article_id
    assert [pipeline.process_item(item) is item for item in (ARTICLE, *others)] == [True] * 4
    for item in (again, ARTICLE, again):
        with pytest.raises(DropItem) as dropped:
            pipeline.process_item(item)
        assert str(dropped.value) == f"duplicate: {URL} was fetched as {item.fetched_url}"
        assert dropped.value.log_level == "DEBUG"
    assert counted(crawler) == {
        "newsmirror/articles": 4,
        "newsmirror/category/国内": 2,
        "newsmirror/category/国际": 1,
        "newsmirror/category/(none)": 1,
        "newsmirror/dropped/duplicate": 3,
    }


def test_two_runs_do_not_share_what_they_saw(crawler: Crawler) -> None:
    assert DedupePipeline.from_crawler(crawler).process_item(ARTICLE) is ARTICLE
    assert DedupePipeline.from_crawler(crawler).process_item(ARTICLE) is ARTICLE
    assert counted(crawler) == {"newsmirror/articles": 2, "newsmirror/category/国内": 2}


def test_all_three_in_their_order(crawler: Crawler) -> None:
    """Only a valid record makes a later one of its address a duplicate."""
    pipelines = [made.from_crawler(crawler) for made in (NormalisePipeline, ValidatePipeline, DedupePipeline)]
    kept, reasons = [], []
    broken = replace(SNAPSHOT, page=replace(SNAPSHOT.page, title=""))
    for item in (broken, SNAPSHOT, replace(SNAPSHOT, url=f"{URL}#top")):
        try:
            for pipeline in pipelines:
                item = pipeline.process_item(item)
            kept.append(item)
        except DropItem as reason:
            reasons.append(str(reason).partition(":")[0])
    assert (kept, reasons) == ([ARTICLE], ["invalid record", "duplicate"])
    assert counted(crawler) == {
        "newsmirror/warning/body_missing": 3,
        "newsmirror/invalid/title": 1,
        "newsmirror/dropped/invalid": 1,
        "newsmirror/articles": 1,
        "newsmirror/category/国内": 1,
        "newsmirror/dropped/duplicate": 1,
    }
