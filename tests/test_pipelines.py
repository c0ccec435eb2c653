"""The pipelines: what they change, what they drop, and what they count."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.utils.test import get_crawler

from newsmirror.items import Discovery, Encoding, Link, Rejected, Snapshot
from newsmirror.normalise.record import build_article
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
    archive=None,
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


@pytest.mark.parametrize("pipeline", [NormalisePipeline, ValidatePipeline])
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
def test_a_broken_record_becomes_a_reject_that_names_the_place(
    changes: dict[str, Any], path: str, counts: list[str], crawler: Crawler
) -> None:
    rejected = ValidatePipeline.from_crawler(crawler).process_item(replace(ARTICLE, **changes))
    assert isinstance(rejected, Rejected)
    assert (rejected.url, rejected.reason) == (URL, "invalid")
    assert rejected.detail.startswith(f"{path}: ")
    assert counted(crawler) == {f"newsmirror/invalid/{name}": 1 for name in counts}


def test_each_broken_field_is_counted_and_the_record_once(crawler: Crawler) -> None:
    broken = replace(ARTICLE, title="", warnings=["", ""], breadcrumbs=[Link("/", None)])
    assert isinstance(ValidatePipeline.from_crawler(crawler).process_item(broken), Rejected)
    assert counted(crawler) == {
        "newsmirror/invalid/title": 1,
        "newsmirror/invalid/warnings": 2,
        "newsmirror/invalid/breadcrumbs": 1,
    }


def test_a_reject_does_not_hold_the_body(crawler: Crawler) -> None:
    broken = replace(ARTICLE, category=["山" * 5000])  # type: ignore[arg-type]
    rejected = ValidatePipeline.from_crawler(crawler).process_item(broken)
    assert len(rejected.detail) <= len("category: ") + 200
