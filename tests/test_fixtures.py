"""The golden runner: every fixtures/<site>/<case>/ is read and compared with its expected.json, key by key.

A case without expected.json gets one, and fails until a person has read it and committed it.
"""

import json
import re
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from scrapy.settings import Settings
from scrapy.spiderloader import SpiderLoader

import newsmirror.settings
import newsmirror.spiders
from newsmirror.items import Discovery, Snapshot
from newsmirror.normalise.record import build_article
from newsmirror.reading.article import is_article, read_article
from newsmirror.reading.decoding import decode, is_html
from newsmirror.reading.listing import read_listing
from newsmirror.reading.stream import read_stream
from newsmirror.schema import ArticleValidator, to_plain
from newsmirror.spiders.base import SnapshotSpider

FIXTURES = Path(__file__).parent.parent / "fixtures"
CASES = sorted(path.parent for path in FIXTURES.glob("*/*/page.html"))

settings = Settings()
settings.setmodule(newsmirror.settings)
SPIDERS = SpiderLoader.from_settings(settings)
# The other files of the package are what spiders are made of.
SPIDER_FILES = sorted(
    path
    for path in Path(newsmirror.spiders.__path__[0]).glob("*.py")
    if path.name not in ("__init__.py", "arguments.py", "base.py", "listed.py", "owed.py", "walk.py")
)


def read_case(case: Path) -> dict[str, Any]:
    """Read a saved page as the spider reads a fetched one: from its bytes and its header."""
    meta = json.loads((case / "meta.json").read_text("utf-8"))
    body = (case / "page.html").read_bytes()
    content_type = meta["headers"].get("Content-Type")
    spider = SPIDERS.load(case.parent.name)(start=meta["url"])
    assert is_html(body, content_type)
    decoded = decode(body, content_type, spider.encoding)
    assert decoded.is_readable
    stream = read_stream(decoded.text, meta["url"])
    assert is_article(stream) == (meta["kind"] == "article"), "the content says another kind than meta.json"
    if meta["kind"] != "article":
        listing = read_listing(stream)
        return {
            "entries": [_without_line(asdict(entry)) for entry in listing.entries],
            "next_url": listing.next_url,
            "sections": [asdict(section) for section in listing.sections],
            "is_home": listing.is_home,
        }
    page = read_article(stream)
    assert page is not None, "no title was read"
    record = build_article(
        Snapshot(
            page=page,
            url=meta["url"],
            site=spider.site,
            timezone=meta["timezone"],
            discovery=Discovery("start", None, None),
            fetched_at=datetime.fromisoformat(meta["fetched_at"]),
            payload_sha256=sha256(body).hexdigest(),
            encoding=decoded.encoding,
            archive=None,
            run_id=None,
        )
    )
    return to_plain(record)


def _without_line(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != "line"}


def is_broken(text: str) -> bool:
    """Tell whether a text was decoded with the wrong encoding somewhere."""
    if re.search(r"[\ufffd\x80-\x9f\ue000-\uf8ff]|[\u00c0-\u00ff]{2}|锟斤拷|烫烫", text):
        return True
    # UTF-8 that was read as GBK: encoded back, it is UTF-8 again. Real Chinese never is, for this long.
    for run in re.findall(r"[\u4e00-\u9fff]{6,}", text):
        again = run.encode("gb18030").decode("utf-8", "ignore")
        if len(re.findall(r"[\u4e00-\u9fff]", again)) * 3 > len(run):
            return True
    return False


def check_case(case: Path) -> None:
    """Compare a case with its golden; without one, write it and fail."""
    result = read_case(case)
    golden = case / "expected.json"
    if not golden.exists():
        golden.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", "utf-8")
        pytest.fail(
            f"{golden} was missing and has been written: a person must read it before it is committed"
        )
    text = golden.read_text("utf-8")
    assert not is_broken(text), f"{golden} holds text that was decoded wrongly"
    expected = json.loads(text)
    assert result == expected
    assert list(result) == list(expected), "the order of the keys"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_case_reads_as_expected(case: Path) -> None:
    check_case(case)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_golden_is_valid_and_whole(case: Path) -> None:
    kind = json.loads((case / "meta.json").read_text("utf-8"))["kind"]
    expected = json.loads((case / "expected.json").read_text("utf-8"))
    if kind == "article":
        assert ArticleValidator().violations(expected) == []
    else:
        assert kind in ("listing", "other")
        assert list(expected) == ["entries", "next_url", "sections", "is_home"]
    assert sorted(path.name for path in case.iterdir()) == ["expected.json", "meta.json", "page.html"]


def test_missing_golden_is_written_and_fails_until_it_is_read(tmp_path: Path) -> None:
    case = copytree(FIXTURES / "anysite/article-table-gb2312", tmp_path / "anysite/new-case")
    (case / "expected.json").unlink()
    with pytest.raises(pytest.fail.Exception, match=r"a person must read it before it is committed$"):
        check_case(case)
    original = FIXTURES / "anysite/article-table-gb2312/expected.json"
    assert (case / "expected.json").read_bytes() == original.read_bytes()
    check_case(case)


@pytest.mark.parametrize(
    ("changed", "to"), [('"revision": 1', '"revision": 2'), ('"archive": null,', ""), ("岚", "\ufffd")]
)
def test_golden_that_differs_fails(tmp_path: Path, changed: str, to: str) -> None:
    case = copytree(FIXTURES / "fyun/article-plain", tmp_path / "fyun/changed")
    golden = case / "expected.json"
    text = golden.read_text("utf-8")
    assert changed in text
    golden.write_text(text.replace(changed, to), "utf-8")
    with pytest.raises(AssertionError):
        check_case(case)


@pytest.mark.parametrize(
    ("written", "read", "broken"),
    [
        ("utf-8", "utf-8", False),
        ("gb18030", "gb18030", False),
        ("utf-8", "gb18030", True),
        ("utf-8", "latin-1", True),
        ("gb18030", "utf-8", True),
        ("gb18030", "latin-1", True),
        ("gb18030", "big5", True),
    ],
)
def test_wrong_decoding_is_noticed(written: str, read: str, broken: bool) -> None:
    text = "岚桥县图书馆的新馆舍周六向读者开放，首日接待两千人次；老馆改作社区食堂。"
    assert is_broken(text.encode(written).decode(read, "replace")) is broken


def test_there_are_spiders_and_cases() -> None:
    assert {"anysite", "demo", "fyun"} <= {path.stem for path in SPIDER_FILES}
    assert len(CASES) >= 29
    assert {case.parent.name for case in CASES} == {path.name for path in FIXTURES.iterdir()}


@pytest.mark.parametrize("path", SPIDER_FILES, ids=lambda path: path.stem)
def test_spider_file_is_small_and_found(path: Path) -> None:
    module = f"newsmirror.spiders.{path.stem}"
    (spider,) = (each for each in map(SPIDERS.load, SPIDERS.list()) if each.__module__ == module)
    assert spider.name
    assert issubclass(spider, SnapshotSpider)
    assert len(path.read_text("utf-8").splitlines()) <= 30


def test_every_spider_has_a_file_of_its_own() -> None:
    assert len(SPIDERS.list()) == len(SPIDER_FILES)


@pytest.mark.parametrize("site", sorted(path.name for path in FIXTURES.iterdir()))
def test_fixtures_belong_to_a_spider(site: str) -> None:
    assert site in SPIDERS.list()
