"""Entries of a list: every layout gives the same titles, excerpts and dates."""

from collections.abc import Callable

import pytest

from newsmirror.reading.entries import Entry, read_entries
from newsmirror.reading.stream import read_stream

URL = "http://kuaizhao.example/gn/"

Row = tuple[int, str, str, str]
ROWS: list[Row] = [
    (0, "山城水位回落通航恢复", "连日降雨之后，山城江段水位开始回落，今晨恢复通航。", "2025-01-08 16:55"),
    (1, "2025年水城灯会开幕", "老街的灯会将持续十五天，预计游客三万人次。", "2025-01-07 09:30"),
    (2, "12万人次游南岭", "游客比去年同期多了两成，客栈大多住满了。", "2025-01-06 18:00"),
    (3, "短讯", "南岭茶园昨天开采第一批春茶，比去年早了六天。", "2025-01-05 08:00"),
]


def entries(html: str) -> list[tuple[str, str | None, str | None, str | None]]:
    stream = read_stream(html, URL)
    return [told(entry) for entry in read_entries(stream, 0, len(stream.lines))]


def told(entry: Entry) -> tuple[str, str | None, str | None, str | None]:
    return entry.url.removeprefix("http://kuaizhao.example"), entry.title, entry.excerpt, entry.published_raw


def layout(row: Callable[..., str], before: str = "", after: str = "") -> str:
    return before + "".join(row(*values) for values in ROWS) + after


WITH_ALL = {
    "card-in-one-link": layout(
        lambda n, t, x, d: f"<a href=/a/{n}.html><div><h3>{t}</h3><p>{x}</p><span>{d}</span></div></a>"
    ),
    "card-in-one-link-excerpt-first": layout(
        lambda n, t, x, d: f"<a href=/a/{n}.html><p>{x}</p><h3>{t}</h3><p>{d}</p></a>"
    ),
    "excerpt-first": layout(
        lambda n, t, x, d: f"<div><p>{x}</p><h3><a href=/a/{n}.html>{t}</a></h3><i>{d}</i></div>"
    ),
    "heading-then-details": layout(
        lambda n, t, x, d: f"<li><h4><a href=/a/{n}.html>{t}</a></h4><p>{x}</p><p>发布时间：{d}</p></li>",
        "<ul>",
    ),
    "all-in-one-line": layout(
        lambda n, t, x, d: f"<li><a href=/a/{n}.html>{t}</a> <span>{x}</span> <span>{d}</span></li>", "<ul>"
    ),
    "flat-time-first-br": layout(
        lambda n, t, x, d: f"{d}<br><a href=/a/{n}.html>{t}</a><br>{x}<br>", "<div>", "</div>"
    ),
    "flat-time-first": layout(
        lambda n, t, x, d: f"<p>{d}</p><p><a href=/a/{n}.html>{t}</a></p><p>{x}</p>", "<div>", "</div>"
    ),
    "flat-title-first": layout(
        lambda n, t, x, d: f"<p><a href=/a/{n}.html>{t}</a></p><p>{x}</p><p>{d}</p>", "<div>", "</div>"
    ),
    "flat-excerpt-first": layout(
        lambda n, t, x, d: f"<p>{x}</p><p><a href=/a/{n}.html>{t}</a></p><p>{d}</p>", "<div>", "</div>"
    ),
    "flat-definition-list": layout(
        lambda n, t, x, d: f"<dt><a href=/a/{n}.html>{t}</a> <i>{d}</i></dt><dd>{x}</dd>", "<dl>", "</dl>"
    ),
    "thumbnail-and-title-link": layout(
        lambda n, t, x, d: (
            f"<div><a href=/a/{n}.html><img src=/p{n}.jpg></a>"
            f"<div><a href=/a/{n}.html>{t}</a><p>{x}</p><p>{d}</p></div></div>"
        )
    ),
    "table-rows": layout(
        lambda n, t, x, d: f"<tr><td>{n + 1}<td><a href=/a/{n}.html>{t}</a><td>{x}<td>{d}",
        "<table>",
        "</table>",
    ),
    "only-a-details-link": layout(
        lambda n, t, x, d: f"<div><h3>{t}</h3><p>{x}<a href=/a/{n}.html>[详细]</a></p><p>{d}</p></div>"
    ),
    "title-and-read-more-link": layout(
        lambda n, t, x, d: (
            f"<li><a href=/a/{n}.html>{t}</a><p>{x} <a href=/a/{n}.html>阅读全文&gt;&gt;</a></p>"
            f"<p>浏览：12{n} 发布时间：{d}</p></li>"
        ),
        "<ul>",
    ),
    "excerpt-linked-too": layout(
        lambda n, t, x, d: (
            f"<div><a href=/a/{n}.html>{t}</a><br><a href=/a/{n}.html>{x}</a><br><span>{d}</span></div>"
        )
    ),
    "ad-boxes-between": layout(
        lambda n, t, x, d: (
            f"<div><a href=/a/{n}.html>{t}</a><script>ad</script><p>{x}</p><ins>广告</ins><p>{d}</p></div>"
        )
    ),
}

WITH_DATE = {
    "date-behind": layout(lambda n, t, x, d: f"<li><a href=/a/{n}.html>{t}</a><span>{d}</span></li>", "<ul>"),
    "date-in-brackets-before": layout(
        lambda n, t, x, d: f"<li><span>[{d}]</span><a href=/a/{n}.html>{t}</a></li>", "<ul>"
    ),
    "date-in-the-text": layout(lambda n, t, x, d: f"<li><a href=/a/{n}.html>·{t}</a> ({d})</li>", "<ul>"),
    "date-within-the-link": layout(
        lambda n, t, x, d: f"<li><a href=/a/{n}.html>{t} <i>{d}</i></a></li>", "<ul>"
    ),
    "rank-and-date": layout(
        lambda n, t, x, d: f"<li><em>{n + 1}</em><a href=/a/{n}.html>{t}</a><em>{d}</em></li>", "<ol>"
    ),
    "category-link-before": layout(
        lambda n, t, x, d: (
            f"<li>[<a href=/c/{n}/>国内</a>] <a href=/a/{n}.html>{t}</a> <span>{d}</span></li>"
        ),
        "<ul>",
    ),
    "br-list": layout(lambda n, t, x, d: f"<a href=/a/{n}.html>{t}</a> {d}<br>", "<div>", "</div>"),
    "table-with-a-head-row": layout(
        lambda n, t, x, d: f"<tr><td><a href=/a/{n}.html>{t}</a><td>山城报<td>{d}",
        "<table><tr><th>标题<th>来源<th>时间",
        "</table>",
    ),
}

WITH_TITLE = {
    "plain-items": layout(lambda n, t, x, d: f"<li><a href=/a/{n}.html>{t}</a></li>", "<ul>"),
    "rank-number-before": layout(lambda n, t, x, d: f"<li>{n + 1}、<a href=/a/{n}.html>{t}</a></li>", "<ol>"),
    "rank-number-in-the-link": layout(
        lambda n, t, x, d: f"<li><a href=/a/{n}.html><b>{n + 1}</b>{t}</a></li>", "<ol>"
    ),
    "links-in-one-line": layout(lambda n, t, x, d: f"<a href=/a/{n}.html>{t}</a> | ", "<p>", "</p>"),
    "marked-hot": layout(
        lambda n, t, x, d: f"<li><i>热</i><a href=/a/{n}.html>{t}</a><i>图</i></li>", "<ul>"
    ),
    "click-counts": layout(
        lambda n, t, x, d: f"<li><a href=/a/{n}.html>{t}</a><i>点击：12{n}</i></li>", "<ul>"
    ),
}


@pytest.mark.parametrize("html", WITH_ALL.values(), ids=WITH_ALL.keys())
def test_layouts_with_excerpt_and_date(html: str) -> None:
    assert entries(html) == [(f"/a/{n}.html", title, excerpt, date) for n, title, excerpt, date in ROWS]


@pytest.mark.parametrize("html", WITH_DATE.values(), ids=WITH_DATE.keys())
def test_layouts_with_a_date(html: str) -> None:
    found = [entry for entry in entries(html) if entry[0].startswith("/a/")]
    assert found == [(f"/a/{n}.html", title, None, date) for n, title, _, date in ROWS]


@pytest.mark.parametrize("html", WITH_TITLE.values(), ids=WITH_TITLE.keys())
def test_layouts_with_a_title_alone(html: str) -> None:
    assert entries(html) == [(f"/a/{n}.html", title, None, None) for n, title, _, _ in ROWS]


@pytest.mark.parametrize(
    "date",
    [
        "2025-01-08",
        "2025/1/8 9:05",
        "2025年1月8日 16:55:03",
        "01-08",
        "01-08 16:55",
        "1月8日",
        "昨天 08:30",
        "3小时前",
        "２０２５－０１－０８",
    ],
)
def test_dates_are_kept_as_printed(date: str) -> None:
    title = "山城水位回落通航恢复"
    for html in (
        f"<li><a href=/a/1.html>{title}</a> <span>{date}</span></li>",
        f"<li>{date} <a href=/a/1.html>{title}</a></li>",
        f"<li><a href=/a/1.html>{title}</a>（{date}）</li>",
        f"<li><a href=/a/1.html><p>{title}</p><p>{date}</p></a></li>",
        f"<div><h3><a href=/a/1.html>{title}</a></h3><p>发布时间：{date}</p></div>",
    ):
        assert entries(html) == [("/a/1.html", title, None, date)]


@pytest.mark.parametrize(
    ("html", "title"),
    [
        pytest.param(
            "<a href=/a/1.html title='山城水位回落通航恢复'>山城水位...</a>",
            "山城水位回落通航恢复",
            id="dots",
        ),
        pytest.param(
            "<a href=/a/1.html title='山城水位回落通航恢复'>山城水位…</a>",
            "山城水位回落通航恢复",
            id="ellipsis",
        ),
        pytest.param(
            "<a href=/a/1.html title='打开新窗口'>山城水位...</a>", "山城水位...", id="another-title"
        ),
        pytest.param("<a href=/a/1.html title='山城水位回落通航'>山城水位</a>", "山城水位", id="not-cut"),
        pytest.param("<a href=/a/1.html title=山城水位>山城水位...</a>", "山城水位", id="nothing-was-cut"),
        pytest.param("<a href=/a/1.html>山城水位...</a>", "山城水位...", id="no-attribute"),
        pytest.param("<a href=/a/1.html title='山城'>山城水位...</a>", "山城水位...", id="shorter-attribute"),
    ],
)
def test_a_title_that_was_cut_is_completed(html: str, title: str) -> None:
    assert entries(f"<ul><li>{html} 2025-01-08</li></ul>") == [("/a/1.html", title, None, "2025-01-08")]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        pytest.param(
            "<li><a href=/a/1.html></a><p>……连日降雨之后，水位开始回落。</p></li>",
            [("/a/1.html", None, "……连日降雨之后，水位开始回落。", None)],
            id="title-lost-excerpt-in-text",
        ),
        pytest.param(
            "<li><a href=/a/1.html>...连日降雨之后，水位开始回落。</a> 01-08</li>",
            [("/a/1.html", None, "...连日降雨之后，水位开始回落。", "01-08")],
            id="title-lost-excerpt-in-the-link",
        ),
        pytest.param(
            "<li><a href=/a/1.html><img src=/1.jpg></a></li>",
            [("/a/1.html", None, None, None)],
            id="only-an-image",
        ),
        pytest.param(
            "<li><a href=/a/1.html>山城水位回落</a></li><li><a href=/a/2.html>水城灯会开幕</a></li>"
            "<li><a href=/a/1.html>山城水位</a></li>",
            [("/a/1.html", "山城水位回落", None, None), ("/a/2.html", "水城灯会开幕", None, None)],
            id="the-first-of-two",
        ),
        pytest.param(
            "<div><a href=/a/1.html><img src=/1.jpg></a></div>"
            "<div><a href=/a/1.html>山城水位回落</a> 01-08</div>",
            [("/a/1.html", "山城水位回落", None, "01-08")],
            id="the-one-with-a-title",
        ),
        pytest.param(
            "<div><a href=/a/1.html><img src=/1.jpg></a><h2><a href=/a/1.html>芒种时节</a></h2><p>01-08 <a "
            "href=/a/1.html#respond>2 条评论</a></p><p>连日降雨之后水位回落。</p></div>"
            "<div><h2><a href=/a/2.html#top>水城灯会</a></h2><p><a href=/a/2.html#respond>评论</a> 01-07</p>",
            [
                ("/a/1.html", "芒种时节", "连日降雨之后水位回落。", "01-08"),
                ("/a/2.html", "水城灯会", None, "01-07"),
            ],
            id="links-to-the-comments",
        ),
        pytest.param(
            "<li><a href=javascript:x>山城水位回落</a></li><li><a href=mailto:a@b.example>水城</a></li>",
            [],
            id="no-address",
        ),
        pytest.param("<p>山城水位回落</p><p>2025-01-08</p>", [], id="no-links"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_odd_lists(html: str, expected: list[object]) -> None:
    assert entries(html) == expected


def test_entries_that_lack_something_do_not_borrow_it() -> None:
    html = (
        "<div><h3><a href=/a/1.html>山城水位回落通航恢复</a></h3><p>连日降雨之后水位回落。</p>"
        "<p>2025-01-08</p></div>"
        "<div><h3><a href=/a/2.html>水城老街迎来灯会</a></h3><p>2025-01-07</p></div>"
        "<div><h3><a href=/a/3.html>南岭茶园开采春茶</a></h3><p>比去年早了六天左右。</p></div>"
        "<div><h3><a href=/a/4.html>河口大桥今日合龙</a></h3></div>"
    )
    assert entries(html) == [
        ("/a/1.html", "山城水位回落通航恢复", "连日降雨之后水位回落。", "2025-01-08"),
        ("/a/2.html", "水城老街迎来灯会", None, "2025-01-07"),
        ("/a/3.html", "南岭茶园开采春茶", "比去年早了六天左右。", None),
        ("/a/4.html", "河口大桥今日合龙", None, None),
    ]


def test_only_the_lines_asked_for_are_read() -> None:
    html = "".join(f"<p><a href=/a/{n}.html>第{n}条新闻的标题</a></p>" for n in range(5))
    stream = read_stream(html, URL)
    found = [(told(entry), entry.line) for entry in read_entries(stream, 1, 3)]
    assert found == [((f"/a/{n}.html", f"第{n}条新闻的标题", None, None), n) for n in (1, 2)]
    assert read_entries(stream, 2, 2) == []


@pytest.mark.parametrize("order", ["DLT", "LTD", "LDT", "TLD"])
@pytest.mark.parametrize("gap", ["T1", "D1", "T3"])
def test_a_gap_in_a_flat_list_moves_nothing_to_its_neighbours(order: str, gap: str) -> None:
    lines, expected = [], []
    for number, title, excerpt, date in ROWS:
        texts = {"L": f"<a href=/a/{number}.html>{title}</a>", "T": excerpt, "D": date}
        lines += [f"<p>{texts[kind]}</p>" for kind in order if f"{kind}{number}" != gap]
        kept_excerpt = None if gap == f"T{number}" else excerpt
        expected.append((f"/a/{number}.html", title, kept_excerpt, None if gap == f"D{number}" else date))
    assert entries(f"<div>{''.join(lines)}</div>") == expected


@pytest.mark.parametrize(
    "filler",
    [
        "<pre>" + "x\n" * 30_000 + "</pre>",
        "<h1>" + "x<br>" * 25_000 + "</h1>",
        "<p>阅读:1" * 10_000,
        "<p>如有侵权" * 10_000,
        "<p>x<p>2025-01-08" * 7_000,
    ],
)
def test_one_entry_among_thousands_of_lines(filler: str) -> None:
    [(path, title, _, _)] = entries(f"{filler}<p><a href=/a/1.html>山城水位回落通航恢复</a></p>{filler}")
    assert (path, title) == ("/a/1.html", "山城水位回落通航恢复")
