"""One snapshot page → record v1: every field, every warning, and what the content hash sees."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from newsmirror.items import Article, Discovery, Encoding, Snapshot
from newsmirror.normalise.record import CLOCK_TOLERANCE, WARNINGS, build_article, format_utc
from newsmirror.normalise.urls import canonical_url, identity
from newsmirror.reading import PARSER_VERSION
from newsmirror.reading.article import read_article
from newsmirror.reading.stream import read_stream
from newsmirror.schema import ArticleValidator, to_plain

HOST = "http://kuaizhao.example"
URL = f"{HOST}/a/1.html"
# 17:30 in Shanghai.
FETCHED = datetime(2025, 1, 8, 9, 30, 0, 987654, tzinfo=UTC)
VALIDATOR = ArticleValidator()

TITLE = "<h1>山城水位回落通航恢复</h1>"
CATEGORY = "类别：国内"
PUBLISHED = "发布时间：2025-01-08 16:55"
SOURCE = "来源：山城晚报"
EDITOR = "责任编辑：李四水"
FIRST = "<p>本报讯（记者 章山川）连日降雨之后，山城江段水位开始回落，今晨恢复通航。</p>"
REST = (
    "<h2>两岸</h2><p>码头上的人说，这是今年以来最长的一次停航。</p><p><img src='/p/1.jpg' alt='码头'></p>"
    "<table><tr><th>站<th>水位<tr><td>山城<td>12</table>"
)
NOTICE = "以上内容为资讯信息快照，由kuaizhao.example爬虫进行采集并收录，本站未对信息做任何修改。"
REMOVAL = "本站为非营利公共服务，如有侵权，请联系我们移除。"
SNAPSHOT = "<p>快照生成时间：2025-01-08 17:00:05</p>"
ORIGINAL = "<p>信息原文地址：<a href='http://news.example/a/1.html'>http://news.example/a/1.html</a></p>"
RELATED = "<h3>相关资讯</h3><ul><li><a href='/a/2.html'>水城老街迎来新春灯会</a> 3小时前</li></ul>"
PAGE = f"""<html><head><title>山城水位回落通航恢复 - 山城快照</title></head><body>
<p><a href="/">首页</a> &gt; <a href="/gn/">国内</a> &gt; 正文</p>
{TITLE}
<p>{CATEGORY}　{PUBLISHED}　{SOURCE}　{EDITOR}</p>
<div>{FIRST}{REST}</div>
<p>{NOTICE}</p><p>{REMOVAL}</p>
{SNAPSHOT}
{ORIGINAL}
{RELATED}
<p><a href="/gn/">更多关于国内的资讯</a></p>
</body></html>"""


def page(**changes: str) -> str:
    """Return the page with parts of it replaced: `page(TITLE="<h1>…</h1>")`."""
    html = PAGE
    for name, part in changes.items():
        old = globals()[name]
        assert html.count(old) == 1
        html = html.replace(old, part)
    return html


def snapshot(html: str = PAGE) -> Snapshot:
    article = read_article(read_stream(html, URL))
    assert article is not None
    return Snapshot(
        page=article,
        url=URL,
        site="kuaizhao",
        timezone="Asia/Shanghai",
        discovery=Discovery("listing", f"{HOST}/gn/", 3),
        fetched_at=FETCHED,
        payload_sha256="0" * 64,
        encoding=Encoding("gb2312", "gb18030", 0),
        archive=None,
        run_id="r1",
    )


def build(html: str = PAGE, **changes: Any) -> Article:
    article = build_article(replace(snapshot(html), **changes))
    assert VALIDATOR.violations(to_plain(article)) == []
    return article


def block(kind: str, text: str | None, **others: object) -> dict[str, object]:
    return {"type": kind, "level": None, "text": text, "image_url": None, "caption": None} | others


def test_the_whole_record() -> None:
    first = "本报讯（记者 章山川）连日降雨之后，山城江段水位开始回落，今晨恢复通航。"
    second = "码头上的人说，这是今年以来最长的一次停航。"
    table = "站\t水位\n山城\t12"
    record = to_plain(build())
    assert len(record.pop("content_sha256")) == 64
    assert record == {
        "schema_version": "1.0",
        "seq": None,
        "op": "insert",
        "article_id": sha256(URL.encode()).hexdigest(),
        "revision": 1,
        "change_cause": None,
        "url": URL,
        "fetched_url": URL,
        "original_url": "http://news.example/a/1.html",
        "original_id": sha256(b"http://news.example/a/1.html").hexdigest(),
        "site": "kuaizhao",
        "category": "国内",
        "breadcrumbs": [{"url": f"{HOST}/", "title": "首页"}, {"url": f"{HOST}/gn/", "title": "国内"}],
        "discovery": {"kind": "listing", "from_url": f"{HOST}/gn/", "position": 3},
        "title": "山城水位回落通航恢复",
        "source": "山城晚报",
        "authors": ["章山川"],
        "editor": "李四水",
        "published_at": "2025-01-08T16:55:00+08:00",
        "published_raw": "2025-01-08 16:55",
        "published_precision": "minute",
        "snapshot_at": "2025-01-08T17:00:05+08:00",
        "snapshot_raw": "2025-01-08 17:00:05",
        "body_text": "\n".join((first, "两岸", second, table)),
        "blocks": [
            block("paragraph", first),
            block("heading", "两岸", level=2),
            block("paragraph", second),
            block("image", None, image_url=f"{HOST}/p/1.jpg", caption="码头"),
            block("table", table),
        ],
        "footer": {
            "text": f"{NOTICE}\n{REMOVAL}",
            "collector": "kuaizhao.example",
            "disclaimer": "本站未对信息做任何修改。",
            "removal_notice": REMOVAL,
        },
        "related": [
            {
                "url": f"{HOST}/a/2.html",
                "title": "水城老街迎来新春灯会",
                "excerpt": None,
                "published_at": "2025-01-08T14:30:00+08:00",
                "published_raw": "3小时前",
            }
        ],
        "more_in_category": [{"url": f"{HOST}/gn/", "title": "更多关于国内的资讯"}],
        "fetched_at": "2025-01-08T09:30:00Z",
        "first_seen_at": "2025-01-08T09:30:00Z",
        "payload_sha256": "0" * 64,
        "encoding": {"declared": "gb2312", "used": "gb18030", "replacements": 0},
        "warnings": [],
        "archive": None,
        "run_id": "r1",
        "parser_version": PARSER_VERSION,
    }


def test_keys_come_in_the_order_of_the_dataclasses() -> None:
    article = build()
    record = to_plain(article)
    assert list(record) == [field.name for field in fields(article)]
    parts: dict[str, Any] = {
        "discovery": article.discovery,
        "encoding": article.encoding,
        "footer": article.footer,
    }
    for name, part in parts.items():
        assert list(record[name]) == [field.name for field in fields(part)]
    for name in ("breadcrumbs", "blocks", "related", "more_in_category"):
        for plain, item in zip(record[name], getattr(article, name), strict=True):
            assert list(plain) == [field.name for field in fields(item)]


def test_a_page_that_says_little_is_null_where_it_is_silent() -> None:
    html = f"<html><body><h1>山城水位回落通航恢复</h1><p>{NOTICE}</p></body></html>"
    article = build(html, discovery=Discovery("start", None, None), run_id=None)
    assert (article.title, article.footer) == ("山城水位回落通航恢复", build(page(REMOVAL="")).footer)
    silent = ["original_url", "original_id", "category", "source", "editor", "published_at", "published_raw"]
    silent += ["published_precision", "snapshot_at", "snapshot_raw", "body_text", "run_id", "archive", "seq"]
    assert {name: getattr(article, name) for name in silent} == dict.fromkeys(silent)
    empty = ["breadcrumbs", "authors", "blocks", "related", "more_in_category"]
    assert {name: getattr(article, name) for name in empty} == {name: [] for name in empty}
    assert article.warnings == ["snapshot_missing", "published_missing", "body_missing"]


# ---- addresses -------------------------------------------------------------------------------------------


def test_its_own_address_is_kept_as_fetched_beside_the_canonical_one() -> None:
    fetched = "http://KuaiZhao.example:80/a/../a/1.html?utm_source=x#top"
    article = build(url=fetched)
    assert (article.fetched_url, article.url, article.article_id) == (fetched, URL, identity(URL))


@pytest.mark.parametrize("url", ["file:///a.html", "/a/1.html", "http:///a"])
def test_its_own_address_must_be_one(url: str) -> None:
    with pytest.raises(ValueError, match="not an http"):
        build_article(replace(snapshot(), url=url))


TARGET = "http://news.example/a/1.html?id=7"
ESCAPED = "http%3A%2F%2Fnews.example%2Fa%2F1.html%3Fid%3D7"


@pytest.mark.parametrize(
    ("value", "original", "warnings"),
    [
        pytest.param(f"<a href='{TARGET}'>{TARGET}</a>", TARGET, [], id="link"),
        pytest.param(f"<a href='{TARGET}'>http://news.example/a/…</a>", TARGET, [], id="link-shortened"),
        pytest.param(f"<a href='{TARGET}'>查看原文</a>", TARGET, [], id="link-in-words"),
        pytest.param(
            "<a href='HTTPS://news.example/A'>查看原文</a>",
            "https://news.example/A",
            [],
            id="link-upper-case",
        ),
        pytest.param(
            "<a href='//news.example/a'>查看原文</a>", "http://news.example/a", [], id="link-no-scheme"
        ),
        pytest.param(f"<a href='/go?to={ESCAPED}'>{TARGET}</a>", TARGET, [], id="redirector"),
        pytest.param(f"<a href='/go?to={ESCAPED}'>查看原文</a>", TARGET, [], id="redirector-in-words"),
        pytest.param(
            f"<a href='/link.php?id=3&amp;url={ESCAPED}'>http://news.example/a...</a>",
            TARGET,
            [],
            id="redirector-shortened",
        ),
        pytest.param(f"<a href='/go/3.html'>{TARGET}</a>", TARGET, [], id="blind-redirector"),
        pytest.param(
            "<a href='/go/3.html'>http://news.example/a/…</a>",
            None,
            ["original_unresolved"],
            id="blind-redirector-shortened",
        ),
        pytest.param(
            "<a href='/go/3.html'>http://news.example/a/1...</a>",
            None,
            ["original_unresolved"],
            id="blind-redirector-dots",
        ),
        pytest.param(
            f"<a href='/go?to=http%3A%2F%2F%5Bnews'>{TARGET}</a>", TARGET, [], id="redirector-to-no-address"
        ),
        pytest.param(f"<a href='javascript:go(3)'>{TARGET}</a>", TARGET, [], id="script-link"),
        pytest.param(TARGET, TARGET, [], id="text"),
        pytest.param("HTTP://news.example/A", "http://news.example/A", [], id="text-upper-case"),
        pytest.param("http://news.example/a/…", None, ["original_shortened"], id="text-shortened"),
        pytest.param("http://news.example/a/...", None, ["original_shortened"], id="text-dots"),
        pytest.param("http://news.example/…/1.html", None, ["original_shortened"], id="text-cut-within"),
        pytest.param(
            "news.example/a/1.html",
            "http://news.example/a/1.html",
            ["original_without_scheme"],
            id="text-no-scheme",
        ),
        pytest.param(
            "www.news.example", "http://www.news.example", ["original_without_scheme"], id="text-www"
        ),
        pytest.param("暂无", None, [], id="words"),
    ],
)
def test_the_address_of_the_original(value: str, original: str | None, warnings: list[str]) -> None:
    article = build(page(ORIGINAL=f"<p>信息原文地址：{value}</p>"))
    assert (article.original_url, article.warnings) == (original, warnings)
    assert article.original_id == (identity(canonical_url(original)) if original else None)


@pytest.mark.parametrize(
    "value",
    [
        "<a href='http://news.example:port/a'>查看原文</a>",
        "<a href='http://./a'>查看原文</a>",
        "http://news.example:99999/a",
        "http://[news/a",
        "www.[news/a",
    ],
)
def test_an_original_that_is_no_address_does_not_lose_the_record(value: str) -> None:
    article = build(page(ORIGINAL=f"<p>信息原文地址：{value}</p>"))
    assert (article.title, article.original_url, article.original_id) == ("山城水位回落通航恢复", None, None)


def test_without_an_original_there_is_none() -> None:
    article = build(page(ORIGINAL=""))
    assert (article.original_url, article.original_id, article.warnings) == (None, None, [])


# ---- warnings --------------------------------------------------------------------------------------------

# What makes each warning: changes of the page, and of the snapshot.
CAUSES: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "published_missing": ({"PUBLISHED": ""}, {}),
    "published_unreadable": ({"PUBLISHED": "发布时间：2025-13-08"}, {}),
    "snapshot_missing": ({"SNAPSHOT": ""}, {}),
    "snapshot_unreadable": ({"SNAPSHOT": "<p>快照生成时间：2025-13-08 17:00</p>"}, {}),
    "snapshot_before_published": ({"SNAPSHOT": "<p>快照生成时间：2025-01-08 16:54:59</p>"}, {}),
    "fetched_before_snapshot": ({"SNAPSHOT": "<p>快照生成时间：2025-01-08 17:40:01</p>"}, {}),
    "original_shortened": ({"ORIGINAL": "<p>信息原文地址：http://news.example/…</p>"}, {}),
    "original_unresolved": (
        {"ORIGINAL": "<p>信息原文地址：<a href=/go/1>http://news.example/…</a></p>"},
        {},
    ),
    "original_unreadable": ({"ORIGINAL": "<p>信息原文地址：http://news.example:99999/a</p>"}, {}),
    "original_without_scheme": ({"ORIGINAL": "<p>信息原文地址：news.example/a.html</p>"}, {}),
    "body_missing": ({"FIRST": "", "REST": ""}, {}),
    "encoding_replacements": ({}, {"encoding": Encoding(None, "utf-8", 2)}),
}


@pytest.mark.parametrize("code", [code for code in WARNINGS if code != "fetched_before_published"])
def test_each_warning_comes_alone(code: str) -> None:
    changes, others = CAUSES[code]
    assert build(page(**changes), **others).warnings == [code]


def test_a_publication_after_the_fetch() -> None:
    """With a snapshot time this never comes alone: one of the other two clocks is wrong as well."""
    article = build(page(SNAPSHOT="", PUBLISHED="发布时间：2025-01-08 17:40:01"))
    assert article.warnings == ["snapshot_missing", "fetched_before_published"]
    article = build(page(PUBLISHED="发布时间：2025-01-09"))
    assert article.warnings == ["snapshot_before_published", "fetched_before_published"]


def test_a_small_difference_of_clocks_is_no_warning() -> None:
    assert timedelta(minutes=10) == CLOCK_TOLERANCE
    html = page(PUBLISHED="发布时间：2025-01-08 17:40", SNAPSHOT="<p>快照生成时间：2025-01-08 17:40:00</p>")
    assert build(html, fetched_at=FETCHED.replace(microsecond=0)).warnings == []


def test_warnings_say_what_they_mean() -> None:
    assert all(meaning.strip() for meaning in WARNINGS.values())
    assert set(CAUSES) | {"fetched_before_published"} == set(WARNINGS)


# ---- times -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "at", "precision"),
    [
        ("2025-01-08", "2025-01-08T00:00:00+08:00", "day"),
        ("2025年1月8日", "2025-01-08T00:00:00+08:00", "day"),
        ("2025-01-08 00:00", "2025-01-08T00:00:00+08:00", "minute"),
        ("2025年1月8日16时", "2025-01-08T16:00:00+08:00", "hour"),
        ("2025-01-08 16:55", "2025-01-08T16:55:00+08:00", "minute"),
        ("2025-01-08 16:55:07", "2025-01-08T16:55:07+08:00", "second"),
        ("２０２５－０１－０８ １６：５５", "2025-01-08T16:55:00+08:00", "minute"),
        ("01-08 16:55", "2025-01-08T16:55:00+08:00", "minute"),
        # By the snapshot's clock (17:00:05), not by that of the fetch.
        ("昨天 08:30", "2025-01-07T08:30:00+08:00", "minute"),
        ("昨天", "2025-01-07T00:00:00+08:00", "day"),
        ("3小时前", "2025-01-08T14:00:00+08:00", "minute"),
        ("20分钟前", "2025-01-08T16:40:00+08:00", "minute"),
    ],
)
def test_the_publication_time(raw: str, at: str, precision: str) -> None:
    article = build(page(PUBLISHED=f"发布时间：{raw}"))
    assert (article.published_at, article.published_precision) == (at, precision)
    assert article.published_raw == raw
    assert article.warnings == []


def test_a_relative_time_is_read_at_the_fetch_where_there_is_no_snapshot_time() -> None:
    article = build(page(PUBLISHED="发布时间：20分钟前", SNAPSHOT=""))
    assert (article.published_at, article.published_raw) == ("2025-01-08T17:10:00+08:00", "20分钟前")


def test_what_cannot_be_read_is_kept_as_printed() -> None:
    article = build(page(PUBLISHED="发布时间：2025-13-08", SNAPSHOT="<p>快照生成时间：刚才那会儿</p>"))
    assert (article.published_at, article.published_raw) == (None, "2025-13-08")
    assert article.published_precision is None
    assert (article.snapshot_at, article.snapshot_raw) == (None, "刚才那会儿")
    assert article.warnings == ["snapshot_unreadable", "published_unreadable"]


def test_a_snapshot_day_does_not_deny_a_publication_on_that_day() -> None:
    article = build(page(SNAPSHOT="<p>快照生成时间：2025-01-08</p>"))
    assert article.snapshot_at == "2025-01-08T00:00:00+08:00"
    assert article.warnings == []


def test_times_carry_the_offset_of_the_site() -> None:
    article = build(timezone="Asia/Urumqi", fetched_at=FETCHED + timedelta(hours=3))
    assert article.published_at == "2025-01-08T16:55:00+06:00"
    assert article.snapshot_at == "2025-01-08T17:00:05+06:00"
    assert article.fetched_at == "2025-01-08T12:30:00Z"


def test_format_utc_drops_what_is_below_a_second() -> None:
    assert format_utc(datetime.fromisoformat("2025-01-08T01:02:03.999+08:00")) == "2025-01-07T17:02:03Z"


# ---- people ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "authors"),
    [
        ({"SOURCE": "来源：山城晚报　作者：王田"}, ["王田", "章山川"]),
        (
            {"FIRST": "<p>记者 王田 通讯员 李四水</p><p>连日降雨之后，山城江段水位开始回落。</p>"},
            ["王田", "李四水"],
        ),
        ({"FIRST": "<p>连日降雨之后，山城江段水位开始回落。</p>"}, []),
        ({"SOURCE": "来源：山城晚报　作者：章山川"}, ["章山川"]),
    ],
)
def test_authors(changes: dict[str, str], authors: list[str]) -> None:
    assert build(page(**changes)).authors == authors


# ---- the content hash ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "html",
    [
        pytest.param(page(RELATED=""), id="related-list"),
        pytest.param(page(SNAPSHOT="<p>快照生成时间：2025-01-08 17:20:00</p>"), id="snapshot-time"),
        pytest.param(page(NOTICE=NOTICE.replace("kuaizhao", "mirror")), id="footer"),
        pytest.param(page(TITLE="<h1>山城水位\n 回落　通航恢复</h1>"), id="whitespace-in-the-title"),
        pytest.param(
            page(FIRST=FIRST.replace("，", "， \n").replace("山城", "山 城")), id="whitespace-in-the-body"
        ),
        pytest.param(page(SOURCE="来　源： 山城 晚报"), id="whitespace-in-the-source"),
        pytest.param(page(PUBLISHED="发布时间：2025年1月8日16:55"), id="form-of-the-date"),
        pytest.param(PAGE.replace('<a href="/gn/">国内</a>', "国内"), id="trail"),
        pytest.param(page(FIRST="<script>x</script>" + FIRST), id="scripts"),
    ],
)
def test_the_content_hash_is_blind_to_what_is_not_the_article(html: str) -> None:
    assert html != PAGE
    assert build(html).content_sha256 == build().content_sha256


def test_the_content_hash_is_blind_to_how_the_page_was_fetched() -> None:
    article = build(
        url=f"{HOST}/a/1.html?x=1",
        site="other",
        discovery=Discovery("related", URL, 1),
        fetched_at=FETCHED + timedelta(days=1),
        payload_sha256="1" * 64,
        encoding=Encoding(None, "utf-8", 3),
        run_id="r2",
    )
    assert article.content_sha256 == build().content_sha256


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "?Expires=1736300000&OSSAccessKeyId=K&Signature=a%2Bb",
            "?Expires=1736400000&OSSAccessKeyId=K&Signature=c",
        ),
        ("?w=640&X-Amz-Date=20250108T000000Z&X-Amz-Signature=aa", "?w=640&X-Amz-Date=2&X-Amz-Signature=b"),
        ("?auth_key=1736300000-0-0-aa", "?auth_key=1736400000-0-0-bb"),
        ("?e=1736300000&token=a:b", "?e=1736400000&token=a:c"),
    ],
)
def test_the_content_hash_is_blind_to_what_grants_access_to_an_image(before: str, after: str) -> None:
    first, second = (
        build(page(REST=REST.replace("/p/1.jpg", "/p/1.jpg" + query))) for query in (before, after)
    )
    assert first.content_sha256 == second.content_sha256
    assert [block.image_url for block in first.blocks if block.image_url] == [f"{HOST}/p/1.jpg{before}"]


@pytest.mark.parametrize("query", ["?v=2", "?w=640", "?x-oss-process=image/resize,w_640", "?e=2"])
def test_the_content_hash_sees_what_names_an_image(query: str) -> None:
    named = build(page(REST=REST.replace("/p/1.jpg", "/p/1.jpg" + query)))
    assert named.content_sha256 != build().content_sha256


def test_the_content_hash_sees_each_field_of_the_article() -> None:
    changed = {
        "title": page(TITLE="<h1>山城水位回落通航开始</h1>"),
        "category": page(CATEGORY="类别：国际"),
        "source": page(SOURCE="来源：水城晚报"),
        "no source": page(SOURCE=""),
        "editor": page(EDITOR="责任编辑：王田"),
        "published": page(PUBLISHED="发布时间：2025-01-08 16:56"),
        "no published": page(PUBLISHED=""),
        "author": page(SOURCE="来源：山城晚报　作者：王田"),
        "text": page(FIRST=FIRST.replace("今晨", "昨晨")),
        "paragraphs": page(FIRST=FIRST.replace("回落，", "回落，</p><p>")),
        "order": page(FIRST="", REST=REST + FIRST),
        "heading": page(REST=REST.replace("h2", "h3")),
        "image": page(REST=REST.replace("1.jpg", "2.jpg")),
        "caption": page(REST=REST.replace("'码头'", "'渡口'")),
        "table": page(REST=REST.replace("<td>12", "<td>13")),
        "original": page(ORIGINAL=ORIGINAL.replace("1.html", "2.html")),
        "no original": page(ORIGINAL=""),
    }
    hashes = {name: build(html).content_sha256 for name, html in {"same": PAGE, **changed}.items()}
    assert len(set(hashes.values())) == len(changed) + 1


def test_the_content_hash_of_a_relative_date_stands_still() -> None:
    """The same article an hour later: the page says 3小时前 instead of 2小时前."""
    early = build(page(PUBLISHED="发布时间：2小时前", SNAPSHOT="<p>快照生成时间：2025-01-08 16:10:00</p>"))
    late = build(page(PUBLISHED="发布时间：3小时前", SNAPSHOT="<p>快照生成时间：2025-01-08 17:20:00</p>"))
    assert early.content_sha256 == late.content_sha256
