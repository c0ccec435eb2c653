"""Why a record says that: the rule, the raw text and the place of every key."""

import json
import re
from argparse import Namespace
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from scrapy.exceptions import UsageError
from scrapy.settings import BaseSettings, Settings
from test_docs import commands
from test_fixtures import CASES, SPIDERS, read_case

from newsmirror.commands import explain as command
from newsmirror.items import ArchiveRef, Discovery
from newsmirror.normalise.urls import canonical_url, identity
from newsmirror.ops.explain import ExplainError, KeptPage, Reason, Row, explain_page, format_rows
from newsmirror.ops.terminal import printable, shorten, width
from newsmirror.reading import origins
from newsmirror.reading.article import ReadArticle, read_article
from newsmirror.reading.decoding import decode
from newsmirror.reading.stream import UNREAD_TAGS, read_stream
from newsmirror.schema import article_schema

EXPLAINED = Path(__file__).parent / "explained"
DOCS = Path(__file__).parent.parent / "docs"
ARTICLES = [
    case for case in CASES if json.loads((case / "meta.json").read_text("utf-8"))["kind"] == "article"
]
RULES = {rule for name, rule in vars(origins).items() if name.isupper()}
FETCHED = datetime.fromisoformat("2025-01-09T02:00:00Z")
ARCHIVE = ArchiveRef("r1-00001.warc.gz", "<urn:uuid:6f1c2f0e-0000-4000-8000-000000000001>")

URL = "http://kuaizhao.example/gn/1.html"
HEAD = "<title>山城水位回落通航恢复</title>"
TRAIL = "<p><a href=/>首页</a> &gt; <a href=/gn/>国内</a> &gt; 正文</p>"
TITLE = "<h1>山城水位回落通航恢复</h1>"
META = "<p><i>类别：国内</i> <i>发布时间：2025-01-08 16:55</i> <i>来源：山城网</i></p>"
BODY = (
    "<div><p>山城水位昨日回落，轮渡恢复通航，两岸居民不再绕行。</p>"
    "<p>码头值班员说，水退得比预想的快。</p></div>"
)
NOTICE = "<p>以上内容为资讯信息快照，由kuaizhao.example爬虫进行采集并收录。</p>"
REMOVAL = "<p>本站信息快照查询为非营利公共服务，如有侵权请联系我们进行删除。</p>"
TIME = "<p>快照生成时间：2025-01-08 21:45:02</p>"
LIST = "<ul><li><a href=/gn/2.html>南岭大桥主跨昨日合龙</a> 2025-01-06</ul>"


def kept(body: bytes, **changes: Any) -> KeptPage:
    known: dict[str, Any] = {
        "content_type": "text/html; charset=utf-8",
        "url": URL,
        "fetched_at": FETCHED,
        "site": "kuaizhao",
        "timezone": "Asia/Shanghai",
        "encoding": None,
        "discovery": Discovery("listing", "http://kuaizhao.example/gn/", 3),
        "run_id": "r1",
        "archive": ARCHIVE,
    }
    return KeptPage(body, **known | changes)


def kept_case(case: Path) -> KeptPage:
    meta = json.loads((case / "meta.json").read_text("utf-8"))
    spider = SPIDERS.load(case.parent.name)(start=meta["url"])
    return kept(
        (case / "page.html").read_bytes(),
        content_type=meta["headers"].get("Content-Type"),
        url=meta["url"],
        fetched_at=datetime.fromisoformat(meta["fetched_at"]),
        site=spider.site,
        timezone=meta["timezone"],
        encoding=spider.encoding,
        discovery=Discovery("start", None, None),
        run_id=None,
        archive=None,
    )


def explain_html(*parts: str) -> dict[str, Row]:
    html = f"<html><head>{HEAD}</head><body>{''.join(parts)}</body></html>"
    return {row.key: row for row in explain_page(kept(html.encode()))}


def squash(text: str) -> str:
    return "".join(text.split())


def visible(element: etree._Element) -> str:
    """Return the text in an element without scripts and what is hidden."""
    parts = [element.text or ""]
    for child in element:
        hidden = "hidden" in child.attrib or "none" in child.get("style", "")
        parts += ["" if hidden or child.tag in UNREAD_TAGS else visible(child), child.tail or ""]
    return "".join(parts)


case_id = pytest.mark.parametrize("case", ARTICLES, ids=lambda case: f"{case.parent.name}/{case.name}")


@case_id
def test_every_key_is_explained_and_valued_as_in_the_record(case: Path) -> None:
    rows = explain_page(kept_case(case))
    assert [row.key for row in rows] == list(article_schema()["$defs"]["Article"]["properties"])
    assert {row.key: row.value for row in rows} == read_case(case)
    assert [row.key for row in rows if not row.reasons or not all(why.rule for why in row.reasons)] == []


@case_id
def test_the_element_at_each_place_has_the_raw_text(case: Path) -> None:
    page = kept_case(case)
    text = decode(page.body, page.content_type, page.encoding).text
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    tree = etree.ElementTree(etree.fromstring(text.encode("utf-8", "replace"), parser))
    lines = read_stream(text, page.url).lines
    rows = explain_page(page)
    found = [(row, why.place, why.raw) for row in rows for why in row.reasons if why.place is not None]
    assert len(found) >= 7
    for row, place, raw in found:
        [element] = tree.xpath(place.path)
        assert element.sourceline == place.source_line
        inside = squash(visible(element))
        if raw is None:
            assert element.tag == "script"
            assert row.value in json.dumps(json.loads(element.text), ensure_ascii=False)
            continue
        for part in raw.split("\n"):
            assert squash(part) in inside, row.key
        assert place.first is not None
        assert place.last is not None
        printed = "".join(line.text for line in lines[place.first : place.last + 1])
        assert squash(raw) in squash(printed), row.key
        # The smallest such element: no child of it holds all of the text.
        assert [child for child in element if squash(raw) in squash(visible(child))] == []
        if isinstance(row.value, str) and row.key not in ("original_url", "title"):
            assert squash(row.value) in squash(raw), row.key


@case_id
def test_what_is_read_has_an_origin_and_what_is_not_has_none(case: Path) -> None:
    page = kept_case(case)
    stream = read_stream(decode(page.body, page.content_type, page.encoding).text, page.url)
    article = read_article(stream)
    assert article is not None
    for name, found in article.found.items():
        values = [each.value for each in found if each is not None]
        read = getattr(article, name)
        # Found as a whole; of the title also the lines, of the line 更多… that it has no links.
        assert values in ([read], [[]], []) if name != "bylines" else values == read
        assert bool(read) == any(values), name
    names = {field.name for field in fields(ReadArticle)}
    assert article.found.keys() == names - {"found"}
    assert {each.origin.rule for found in article.found.values() for each in found if each} <= RULES
    # No element is kept where nobody asked for places.
    assert [piece for line in stream.lines for piece in line.pieces if piece.element is not None] == []
    assert stream.scripts == []


@pytest.mark.parametrize("name", ["article-split-labels", "article-mobile-jsonld", "article-table-gb2312"])
def test_a_terminal_shows_it(name: str) -> None:
    golden = EXPLAINED / f"{name}.txt"
    page = kept_case(ARTICLES[0].parent / name)
    shown = format_rows(explain_page(page), 100)
    if not golden.exists():
        golden.write_text(shown, "utf-8")
        pytest.fail(
            f"{golden} was missing and has been written: a person must read it before it is committed"
        )
    assert shown == golden.read_text("utf-8")


P = "/html/body"
# One page for each rule: its parts, the key, the rule, the raw text, and where that stands.
RULE_CASES = {
    origins.ROW_LABEL: (
        [TRAIL, TITLE, META, BODY, NOTICE],
        "source",
        "label 来源 in the row of labels",
        "来源：山城网",
        f"{P}/p[2]/i[3]",
    ),
    origins.DATE_IN_VALUE: (
        [TITLE, "<p>类别：国内 来源：山城网 2025-01-08 16:55</p>", BODY, NOTICE],
        "published_raw",
        "date within the value of label 来源",
        "来源：山城网 2025-01-08 16:55",
        f"{P}/p[1]",
    ),
    origins.DATE_BEFORE_LABEL: (
        [TITLE, "<p><b>2025-01-08 16:55</b> <i>来源：山城网</i></p>", BODY, NOTICE],
        "published_raw",
        "date without a label of its own, before label 来源",
        "2025-01-08 16:55",
        f"{P}/p[1]/b",
    ),
    origins.DATE_NEAR_ROW: (
        [TITLE, "<p>类别：国内 来源：山城网</p><p>2025-01-08 16:55</p>", BODY, NOTICE],
        "published_raw",
        "date alone on a line at the row of labels",
        "2025-01-08 16:55",
        f"{P}/p[2]",
    ),
    origins.NO_DATE_IN_ROW: (
        [TITLE, META.replace("2025-01-08 16:55", "日前"), BODY, NOTICE],
        "published_raw",
        "label 发布时间 in the row of labels; what it says is no date",
        "发布时间：日前",
        f"{P}/p[1]/i[2]",
    ),
    origins.DATE_BELOW_TITLE: (
        [TITLE, "<p>2025-01-08 16:55 | 山城网</p>", BODY, NOTICE],
        "published_raw",
        "line below the headline that begins with a date",
        "2025-01-08 16:55 | 山城网",
        f"{P}/p[1]",
    ),
    origins.DATE_BEHIND_TITLE: (
        ["<h1>山城水位回落通航恢复<small>2025-01-08 16:55</small></h1>", BODY, NOTICE],
        "published_raw",
        "date behind the headline, on its line",
        "2025-01-08 16:55",
        f"{P}/h1/small",
    ),
    origins.TITLE_NAMED_HEADING: (
        [TITLE, META, BODY, NOTICE],
        "title",
        "heading that is named in <title>",
        "山城水位回落通航恢复",
        f"{P}/h1",
    ),
    origins.TITLE_NAMED_LINE: (
        ["<div><b>山城水位回落通航恢复</b></div>", META, BODY, NOTICE],
        "title",
        "line that is named in <title>",
        "山城水位回落通航恢复",
        f"{P}/div[1]/b",
    ),
    origins.TITLE_HEADING: (
        ["<h2>水退之后两岸通航</h2>", META, BODY, NOTICE],
        "title",
        "heading, by its rank and its distance from the labels or the notice",
        "水退之后两岸通航",
        f"{P}/h2",
    ),
    origins.TITLE_LINE: (
        ["<div>水退之后两岸通航</div>", META, BODY, NOTICE],
        "title",
        "line like a headline, by its distance from the labels or the notice",
        "水退之后两岸通航",
        f"{P}/div[1]",
    ),
    origins.TRAIL_LINE: (
        [TRAIL, TITLE, META, BODY, NOTICE],
        "breadcrumbs",
        "links with arrows between them or 位置 before them",
        "首页 > 国内 > 正文",
        f"{P}/p[1]",
    ),
    origins.TRAIL_FROM_HOME: (
        [TRAIL.replace("&gt;", "/"), TITLE, META, BODY, NOTICE],
        "breadcrumbs",
        "links parted by strokes, from the home page on or up to the category",
        "首页 / 国内 / 正文",
        f"{P}/p[1]",
    ),
    origins.TRAIL_BARE: (
        [TRAIL.replace("&gt;", "<i></i>").replace("正文", ""), TITLE, META, BODY, NOTICE],
        "breadcrumbs",
        "links with nothing between them, from the home page to the category",
        "首页 国内",
        f"{P}/p[1]",
    ),
    origins.TRAIL_BOX: (
        ["<ul><li><a href=/>首页</a><li><a href=/gn/>国内</a></ul>", TITLE, META, BODY, NOTICE],
        "breadcrumbs",
        "short links, one a line, just above the headline",
        "首页\n国内",
        f"{P}/ul",
    ),
    origins.LAST_CRUMB: (
        [TRAIL, TITLE, META.replace("类别：国内", ""), BODY, NOTICE],
        "category",
        "last link of the trail that names a category",
        "首页 > 国内 > 正文",
        f"{P}/p[1]",
    ),
    origins.BYLINE_ALONE: (
        [TITLE, META, "<p>记者 章山川</p>", BODY, NOTICE],
        "authors",
        "line of the body that only says who wrote",
        "记者 章山川",
        f"{P}/p[2]",
    ),
    origins.BYLINE_DATELINE: (
        [TITLE, META, BODY.replace("山城水位昨", "本报讯（记者 章山川）山城水位昨"), NOTICE],
        "authors",
        "dateline of one of the first paragraphs",
        "记者 章山川",
        f"{P}/div/p[1]",
    ),
    origins.BYLINE_AT_END: (
        [TITLE, META, BODY.replace("快。", "快。（记者 章山川）"), NOTICE],
        "authors",
        "brackets at the end of the last paragraph",
        "记者 章山川",
        f"{P}/div/p[2]",
    ),
    origins.EDITOR_AT_END: (
        [TITLE, META, BODY.replace("快。", "快。（责任编辑：李四水）"), NOTICE],
        "editor",
        "brackets at the end of a line of the body",
        "（责任编辑：李四水）",
        f"{P}/div/p[2]",
    ),
    origins.EDITOR_BELOW: (
        [TITLE, META, BODY, "<p><b>责任编辑：</b><i>李四水</i></p>", NOTICE],
        "editor",
        "label 责任编辑 below the body",
        "责任编辑：李四水",
        f"{P}/p[2]",
    ),
    origins.BODY: (
        [TITLE, META, BODY, NOTICE],
        "blocks",
        "first lines with prose below title and labels, up to a mark of the end",
        "山城水位昨日回落，轮渡恢复通航，两岸居民不再绕行。\n码头值班员说，水退得比预想的快。",
        f"{P}/div",
    ),
    origins.BODY_ABOVE_LABELS: (
        [TITLE, BODY, META, NOTICE],
        "blocks",
        "lines with prose between the headline and the labels below it",
        "山城水位昨日回落，轮渡恢复通航，两岸居民不再绕行。\n码头值班员说，水退得比预想的快。",
        f"{P}/div",
    ),
    origins.BODY_SHORT: (
        [TITLE, META, "<div>山城下雪了。</div>", NOTICE],
        "blocks",
        "lines right below title and labels, up to a mark of the end",
        "山城下雪了。",
        f"{P}/div",
    ),
    origins.FOOTER: (
        [TITLE, META, BODY, NOTICE, TIME, REMOVAL],
        "footer",
        "lines from the notice to the notice about removal",
        f"{NOTICE}\n{TIME}\n{REMOVAL}".replace("<p>", "").replace("</p>", ""),
        P,
    ),
    origins.FOOTER_NOTICE: (
        [TITLE, META, BODY, NOTICE, TIME],
        "footer",
        "line of the notice; none about removal is near it",
        "以上内容为资讯信息快照，由kuaizhao.example爬虫进行采集并收录。",
        f"{P}/p[2]",
    ),
    origins.LABEL: (
        [TITLE, META, BODY, NOTICE, "<dl><dt>快照生成时间<dd>2025-01-08 21:45:02</dl>"],
        "snapshot_raw",
        "label 快照生成时间",
        "快照生成时间\n2025-01-08 21:45:02",
        f"{P}/dl",
    ),
    origins.NO_DATE: (
        [TITLE, META, BODY, NOTICE, "<p>快照生成时间：日前</p>"],
        "snapshot_raw",
        "label 快照生成时间; what it says is no date",
        "快照生成时间：日前",
        f"{P}/p[3]",
    ),
    origins.RELATED_NAMED: (
        [TITLE, META, BODY, NOTICE, REMOVAL, f"<h3>相关资讯</h3>{LIST}"],
        "related",
        "list under the heading 相关资讯",
        "南岭大桥主跨昨日合龙 2025-01-06",
        f"{P}/ul/li",
    ),
    origins.RELATED_AFTER_FOOTER: (
        [TITLE, META, BODY, NOTICE, REMOVAL, LIST],
        "related",
        "list without a heading, right after the article",
        "南岭大桥主跨昨日合龙 2025-01-06",
        f"{P}/ul/li",
    ),
    origins.RELATED_OTHER: (
        [TITLE, META, BODY, NOTICE, REMOVAL, f"<h3>推荐阅读</h3>{LIST}"],
        "related",
        "list under the heading 推荐阅读; none is named related",
        "南岭大桥主跨昨日合龙 2025-01-06",
        f"{P}/ul/li",
    ),
    origins.MORE_LINE: (
        [TITLE, META, BODY, NOTICE, "<p><a href=/gn/>更多关于国内的资讯</a></p>"],
        "more_in_category",
        "links of the line 更多…",
        "更多关于国内的资讯",
        f"{P}/p[3]/a",
    ),
    origins.MORE_LIST: (
        [TITLE, META, BODY, NOTICE, f"<div><p>更多关于国内的资讯</p>{LIST}</div>"],
        "more_in_category",
        "links of the line 更多… and of the list below it",
        "更多关于国内的资讯\n南岭大桥主跨昨日合龙 2025-01-06",
        f"{P}/div[2]",
    ),
    origins.JSON_LD: (
        [
            '<script type="application/ld+json">{"@type": "WebSite"}</script>',
            '<script type="application/ld+json">{"@type": "NewsArticle", "author": {"@type": "Person", '
            '"name": "章山川"}}</script>',
            *[TITLE, META, BODY, NOTICE],
        ],
        "authors",
        "JSON-LD author",
        None,
        f"{P}/script[2]",
    ),
}


def test_there_is_a_page_for_each_rule() -> None:
    assert RULE_CASES.keys() == RULES


@pytest.mark.parametrize(("parts", "key", "rule", "raw", "path"), RULE_CASES.values(), ids=list(RULE_CASES))
def test_rule(parts: list[str], key: str, rule: str, raw: str | None, path: str) -> None:
    [reason] = explain_html(*parts)[key].reasons
    assert reason.place is not None
    assert (reason.rule, reason.raw, reason.place.path) == (rule, raw, path)


@pytest.mark.parametrize(
    ("printed", "url", "how"),
    [
        ("<a href=http://n.example/1>查看原文</a>", "http://n.example/1", "its link leads there"),
        (
            "<a href='/go?url=http://n.example/1'>查看原文</a>",
            "http://n.example/1",
            "its link leads there through a redirector that names it",
        ),
        ("<a href=/go/77>查看原文</a>", None, "its link stays on the site and names no target"),
        ("http://n.example/1", "http://n.example/1", "as printed"),
        ("www.n.example/1", "http://www.n.example/1", "as printed, with http:// before it"),
        ("http://n.example/1...", None, "it is cut short and has no link"),
    ],
)
def test_how_the_original_was_found(printed: str, url: str | None, how: str) -> None:
    row = explain_html(TITLE, META, BODY, NOTICE, f"<p>信息原文地址：{printed}</p>")["original_url"]
    assert (row.value, [reason.rule for reason in row.reasons]) == (url, [f"label 信息原文地址: {how}"])


@pytest.mark.parametrize(
    ("printed", "snapshot", "rule"),
    [
        ("2025年1月8日", TIME, "published_raw, read by the date form year_han (such as 2025年1月8日)"),
        (
            "3小时前",
            TIME,
            "published_raw, read by the date form ago (such as 3分钟前), seen from snapshot_at",
        ),
        ("01-08", "", "published_raw, read by the date form month (such as 01-08), seen from fetched_at"),
        ("日前", "", "none: published_raw is missing, or no date"),
    ],
)
def test_how_a_date_was_read(printed: str, snapshot: str, rule: str) -> None:
    rows = explain_html(TITLE, META.replace("2025-01-08 16:55", printed), BODY, NOTICE, snapshot)
    assert rows["published_at"].reasons == [Reason(rule)]


def test_all_who_are_named_are_told_with_their_lines() -> None:
    meta = META.replace("</p>", " <i>作者：沙明远</i></p>")
    body = BODY.replace("山城水位昨", "本报讯（记者 章山川）山城水位昨")
    rows = explain_html(TITLE, meta, "<p>记者</p>", body, NOTICE)
    assert rows["authors"].value == ["沙明远", "章山川"]
    # 记者 alone names nobody.
    assert [(reason.raw, reason.place and reason.place.first) for reason in rows["authors"].reasons] == [
        ("作者：沙明远", 1),
        ("记者 章山川", 3),
    ]


def test_what_is_missing_says_where_it_was_looked_for() -> None:
    rows = explain_html(TITLE, NOTICE)
    none = {key: row.reasons[0].rule for key, row in rows.items() if row.reasons[0].rule.startswith("none: ")}
    empty = {key for key, row in rows.items() if row.value in (None, [])}
    counted = {"seq", "change_cause", "original_id", "published_precision", "body_text"}
    assert empty - counted == none.keys()
    assert rows["warnings"].reasons == [
        Reason("snapshot_missing: the page prints no snapshot time"),
        Reason("published_missing: the page prints no publication time"),
        Reason("body_missing: no body was found on the page"),
    ]


def test_hidden_elements_count_in_a_path() -> None:
    hidden = "<p style='display: none'>广告</p><p hidden>广告</p>"
    place = explain_html(TITLE, hidden, META, BODY, NOTICE)["category"].reasons[0].place
    assert place is not None
    assert (place.path, place.first, place.last, place.source_line) == (f"{P}/p[3]/i[1]", 1, 1, 1)


def test_what_the_ledger_gave_and_the_archive_keeps_is_shown() -> None:
    page = kept(
        f"{HEAD}{TITLE}{META}{BODY}{NOTICE}".encode(), given={"op": "revise", "revision": 3, "seq": 9}
    )
    rows = {row.key: row.value for row in explain_page(page)}
    assert (rows["op"], rows["revision"], rows["seq"], rows["archive"]) == (
        "revise",
        3,
        9,
        {"file": ARCHIVE.file, "record_id": ARCHIVE.record_id},
    )


NO_PAGE = "what is kept is no page: no HTML page, whatever its type says: text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"%PDF-1.4", NO_PAGE),
        (
            b"<p>\xc0\xae\xff\xfe\xfd" * 400,
            "what is kept is no page: 400 characters could not be read as gb18030",
        ),
        (f"{TITLE}{META}{BODY}".encode(), "what is kept is no article with a title, as pages are read now"),
    ],
)
def test_what_makes_no_record_says_why(body: bytes, message: str) -> None:
    with pytest.raises(ExplainError) as error:
        explain_page(kept(body))
    assert str(error.value) == message


# ---- the terminal ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("山城水位", 8, "山城水位"),
        ("山城水位", 7, "山城水…"),
        ("山城水位", 6, "山城…"),
        ("abcd", 3, "ab…"),
        ("e\u0301e\u0301e\u0301", 2, "e\u0301…"),
        ("山", 1, "…"),
    ],
)
def test_a_text_is_cut_by_its_columns(text: str, columns: int, shown: str) -> None:
    assert shorten(text, columns) == shown


@given(st.text(), st.integers(1, 40))
def test_a_cut_text_fits_and_begins_as_it_did(text: str, columns: int) -> None:
    shown = shorten(printable(text), columns)
    assert width(shown) <= columns
    assert shown == printable(text) or printable(text).startswith(shown.removesuffix("…"))
    assert shown.isprintable()


def test_no_control_character_reaches_the_terminal() -> None:
    title = "水位\x9b31m回落\x1b]0;x\x07通航\u202e恢复"
    rows = [
        Row("title", title, [Reason(f"list under the heading {title}", f"{title}\n{title}")]),
        Row("authors", [title, title], [Reason("x")]),
    ]
    shown = format_rows(rows, 60)
    assert [line for line in shown.splitlines() if not line.isprintable()] == []
    assert shown.splitlines()[0] == "title               水位�31m回落�]0;x�通航�恢复"
    assert [line for line in shown.splitlines() if width(line) > 60 and "rule" not in line] == []


# ---- the command -----------------------------------------------------------------------------------------


def run(
    arguments: list[str], page: KeptPage | None, monkeypatch: pytest.MonkeyPatch
) -> tuple[int, list[str]]:
    """Run the command on a page that stands for the archive's; return its exit code and what it asks for."""
    asked: list[str] = []

    def find(settings: BaseSettings, article_id: str) -> KeptPage:
        asked.append(article_id)
        if page is None:
            raise ExplainError("there is none")
        return page

    monkeypatch.setattr(command, "find_page", find)
    told = command.Command()
    told.settings = Settings({"NEWSMIRROR_DIR": "/nowhere"})
    told.run(arguments, Namespace())
    return told.exitcode, asked


def test_command_explains_by_address_and_by_id(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = kept(f"{HEAD}{TITLE}{META}{BODY}{NOTICE}".encode(), given={"seq": 9})
    article_id = identity(canonical_url(URL))
    shown = format_rows(explain_page(page), 70)
    monkeypatch.setenv("COLUMNS", "70")
    for argument in (URL, URL + "?utm_source=x", article_id):
        assert run([argument], page, monkeypatch) == (0, [article_id])
        assert capsys.readouterr() == (shown, "")


@pytest.mark.parametrize(("page", "message"), [(None, "there is none"), (kept(b"%PDF-1.4"), NO_PAGE)])
def test_command_without_an_article_ends_with_a_line(
    page: KeptPage | None,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # What was typed is named, not what it is called inside.
    for argument, shown in ((URL, URL), ("a" * 64, "a" * 64), (f"{URL}?水\u202e", f"{URL}?水\ufffd")):
        assert run([argument], page, monkeypatch)[0] == 1
        assert capsys.readouterr() == ("", f"{shown}: {message}\n")


def test_an_archive_that_is_off_is_told() -> None:
    told = command.Command()
    told.settings = Settings({"NEWSMIRROR_DIR": "/nowhere", "NEWSMIRROR_ARCHIVE": "off"})
    with pytest.raises(UsageError, match=r"^NEWSMIRROR_ARCHIVE=off: there is no archive to read$"):
        told.run([URL], Namespace())


@pytest.mark.parametrize("argument", ["gn/1.html", "ftp://n.example/1", "A" * 63, "\x1b[31m", "http://[x"])
def test_command_refuses_what_names_no_article(argument: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError) as error:
        run([argument], None, monkeypatch)
    assert str(error.value) == (
        f"{argument!r} is neither an address (http://…) nor an article_id (64 hexadecimal digits)"
    )


def test_documented_command_runs_as_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = DOCS / "explain.md"
    [line] = commands(page)
    assert line.split()[:2] == ["scrapy", "explain"]
    monkeypatch.setenv("COLUMNS", "100")
    case = ARTICLES[0].parent / "article-split-labels"
    assert run(line.split()[2:], kept_case(case), monkeypatch)[0] == 0
    [shown] = re.findall(r"```\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    assert set(shown.splitlines()) <= set(capsys.readouterr().out.splitlines())


def test_command_says_how_it_is_written() -> None:
    # That Scrapy finds it: test_archiving.py.
    told = command.Command()
    told.settings = Settings()
    with pytest.raises(UsageError, match=r"^name one article: its address, or its article_id$"):
        told.run([], Namespace())
