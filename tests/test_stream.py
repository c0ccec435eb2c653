"""A page as lines: what a person sees, where lines break, what is linked, and nothing else."""

import pytest

from newsmirror.reading.stream import Image, Line, Stream, read_stream, squeeze

URL = "http://kuaizhao.example/a/1.html"
HOST = "http://kuaizhao.example"


def read(html: str) -> Stream:
    return read_stream(html, URL)


def seen(html: str) -> list[str | Image]:
    """Return each line as its text, or as its image."""
    return [line.image or line.text for line in read(html).lines]


def image(
    path: str, alt: str | None = None, caption: str | None = None
) -> tuple[str, str | None, str | None]:
    return (HOST + path, alt, caption)


def images(html: str) -> list[str | tuple[str, str | None, str | None]]:
    """Return each line as its text, or as address, alt and caption of its image."""
    return [
        (line.image.url, line.image.alt, line.image.caption) if line.image else line.text
        for line in read(html).lines
    ]


def links(html: str) -> list[tuple[str, str | None]]:
    """Return text and address of each piece that stands in a link."""
    return [
        (piece.text, piece.anchor.url) for line in read(html).lines for piece in line.pieces if piece.anchor
    ]


@pytest.mark.parametrize(
    ("text", "squeezed"),
    [
        ("  山城\u3000\u3000水\xa0\t文\r\n站 ", "山城 水 文 站"),
        ("山\u200b城\ufeff水\u00ad文\u2060站\u200f", "山城水文站"),
        ("\u200b \u3000", ""),
        ("\x1b[31m山城\x07水文\x9b站\x00", "[31m山城水文站"),
        ("", ""),
    ],
)
def test_squeeze(text: str, squeezed: str) -> None:
    assert squeeze(text) == squeezed


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        pytest.param("<p>\n  山\t城&nbsp;\u3000水 </p>", ["山 城 水"], id="whitespace"),
        pytest.param("<p>山\u200b城</p><p>\ufeff</p><p>&shy; </p>", ["山城"], id="characters-without-width"),
        pytest.param("<p>山<span>\u200b</span>城</p>", ["山城"], id="an-element-without-width"),
        pytest.param("<p>一<br>二<br/><br>三</p>四", ["一", "二", "三", "四"], id="br"),
        pytest.param("<p>一 <b>二</b>三<i> 四</i></p>", ["一 二三 四"], id="inline"),
        pytest.param("<p>一<b>\n</b>二<b></b>三</p>", ["一 二三"], id="inline-without-text"),
        pytest.param("<span>一</span><font>二</font><wbr>三", ["一二三"], id="inline-at-the-top"),
        pytest.param("<div>一<div>二</div>三</div>四", ["一", "二", "三", "四"], id="nested-blocks"),
        pytest.param("<p>一<p>二<ul><li>三<li>四</ul>", ["一", "二", "三", "四"], id="unclosed-blocks"),
        pytest.param("<dl><dt>来源：<dd>山城晚报</dl>", ["来源：", "山城晚报"], id="definition-list"),
        pytest.param("<center>一</center><section>二</section>三", ["一", "二", "三"], id="other-blocks"),
        pytest.param("<p>一</p><!-- 二 --><p>三<!-- 四 -->五</p>", ["一", "三五"], id="comments"),
        pytest.param(
            "<p>一<!--[if IE]>二<![endif]-->三<?php 四 ?>五</p>", ["一三五"], id="conditional-and-pi"
        ),
        pytest.param(
            "<p>一<script>document.write('发布时间')</script>二<style>p{}</style>三</p>",
            ["一二三"],
            id="code",
        ),
        pytest.param(
            "一<noscript>二</noscript><iframe>三</iframe><template><p>四</p></template>"
            "<svg><text>五</text></svg><ins>六</ins>七",
            ["一七"],
            id="embedded",
        ),
        pytest.param(
            "<form>一<select><option>二</select><button>三</button><textarea>四</textarea>"
            "<input value=五></form>",
            ["一"],
            id="controls",
        ),
        pytest.param("<head><title>一</title></head><body>二</body>", ["二"], id="head"),
        pytest.param(
            "<p style='display:none'>一</p><p style='color:red; DISPLAY : none;'>二</p>"
            "<p style='visibility: hidden'>三</p><p hidden>四</p><p style='display:block'>五</p>",
            ["五"],
            id="hidden",
        ),
        pytest.param("<p>一<span style='display:none'>二</span>三</p>", ["一三"], id="hidden-inline"),
        pytest.param("<div hidden><div><p>一</p></div>二</div>三", ["三"], id="hidden-with-all-within"),
        pytest.param("<pre>一\n  二\n\n三</pre>四", ["一", "二", "三", "四"], id="pre"),
        pytest.param("<pre>一 <b>二\n三</b> 四\n五</pre>", ["一 二", "三 四", "五"], id="pre-with-inline"),
        pytest.param("<pre><b>一</b>\n<b>二</b></pre>", ["一", "二"], id="pre-with-a-line-end-alone"),
        pytest.param("<h1>一<br>二</h1>三", ["一", "二", "三"], id="br-in-a-heading"),
        pytest.param("<p>一\0二\ud800</p>", ["一二?"], id="characters-that-are-none"),
        pytest.param(
            "<?xml version='1.0' encoding='gbk'?><html><p>一</p></html>", ["一"], id="xml-declaration"
        ),
        pytest.param("<meta charset=gbk><p>一</p>", ["一"], id="declared-otherwise"),
        pytest.param("一", ["一"], id="text-alone"),
        pytest.param(" \n", [], id="whitespace-alone"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_lines(html: str, expected: list[str]) -> None:
    assert seen(html) == expected


def test_lines_know_their_box() -> None:
    html = "<h2>一<br>二</h2><h3><a href=/x>三</a></h3><nav><ul><li>四</ul></nav><aside>五</aside><p>六</p>"
    found = [
        (line.index, line.text, line.box.tag, line.box.heading, line.box.chrome) for line in read(html).lines
    ]
    assert found == [
        (0, "一", "h2", 2, False),
        (1, "二", "h2", 2, False),
        (2, "三", "h3", 3, False),
        (3, "四", "li", 0, True),
        (4, "五", "aside", 0, True),
        (5, "六", "p", 0, False),
    ]


def test_a_box_spans_its_lines() -> None:
    lines = read("<div id=a><p>一</p><div id=b><p>二</p><p>三</p></div>四</div><p>五</p>").lines
    outer = lines[3].box
    inner = lines[1].box.parent
    assert (outer.start, outer.end) == (0, 4)
    assert inner is not None
    assert (inner.start, inner.end) == (1, 3)
    assert inner.parent is outer
    assert [(line.box.start, line.box.end) for line in lines] == [(0, 1), (1, 2), (2, 3), (0, 4), (4, 5)]


def test_pieces_are_the_text_nodes_of_a_line() -> None:
    (line,) = read("<p>来源：<a href='/s'>山城 晚报</a> <b>记者</b>章山川</p>").lines
    assert line.text == "来源：山城 晚报 记者章山川"
    assert [(piece.text, piece.start) for piece in line.pieces] == [
        ("来源：", 0),
        ("山城 晚报", 3),
        ("记者", 9),
        ("章山川", 11),
    ]
    assert [line.text[piece.start :][: len(piece.text)] for piece in line.pieces] == [
        piece.text for piece in line.pieces
    ]


# ---- links -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attributes", "url"),
    [
        ("href='2.html'", f"{HOST}/a/2.html"),
        ("href='/2.html'", f"{HOST}/2.html"),
        ("href='?p=2'", f"{URL}?p=2"),
        ("href='#top'", f"{URL}#top"),
        ("href='../国内/'", f"{HOST}/国内/"),
        ("href='//b.example/x'", "http://b.example/x"),
        ("href='https://b.example/x'", "https://b.example/x"),
        ("href='HTTPS://b.example/x'", "https://b.example/x"),
        ("href=' \n 2.html\t '", f"{HOST}/a/2.html"),
        ("href='/a\nb\r\n\tc.html'", f"{HOST}/abc.html"),
        ("href='javascript:void(0)'", None),
        ("href='javascript:;' onclick='location.href=\"2.html\"'", f"{HOST}/a/2.html"),
        ("href='#' onclick=' window.location.href = \"/2.html\"; return false; '", f"{HOST}/2.html"),
        ("href='' onclick='self.location=\"2.html\"'", f"{HOST}/a/2.html"),
        ('onclick=\'window.open("2.html", "_blank")\'', f"{HOST}/a/2.html"),
        ("href='javascript:window.open(\"2.html\")'", f"{HOST}/a/2.html"),
        ("href='3.html' onclick='location.href=\"2.html\"'", f"{HOST}/a/3.html"),
        ("href='#' onclick='go(\"2.html\")'", URL),
        ("onclick='location.href=\"2.html?\" + n'", None),
        ("onclick='location.href=next'", None),
        ("onclick='window.open(\"javascript:x\")'", None),
        ("href='JavaScript:go()'", None),
        ("href='mailto:who@b.example'", None),
        ("href='tel:123'", None),
        ("href='file:///a'", None),
        ("href='ftp://b.example/'", None),
        ("href='data:text/html,x'", None),
        ("href='http://['", None),
        ("href='http://[::1/x'", None),
        ("href=''", None),
        ("name='top'", None),
    ],
)
def test_where_a_link_leads(attributes: str, url: str | None) -> None:
    assert links(f"<p>一<a {attributes}>二</a>三</p>") == [("二", url)]
    assert seen(f"<p>一<a {attributes}>二</a>三</p>") == ["一二三"]


def test_a_link_around_blocks_holds_each_of_their_lines() -> None:
    html = "<a href='/x' title=' 全 题 '><div>一</div><div>二<br>三</div></a>四"
    assert links(html) == [(text, f"{HOST}/x") for text in "一二三"]
    assert seen(html) == ["一", "二", "三", "四"]
    anchors = [line.only_link for line in read(html).lines]
    assert anchors[0] is anchors[1] is anchors[2]
    assert anchors[0] is not None
    assert (anchors[0].label, anchors[0].rel) == ("全 题", "")
    assert anchors[3] is None


def test_a_link_without_text_is_a_piece_of_its_own() -> None:
    assert links("<li><a href='/x'></a>一</li>") == [("", f"{HOST}/x")]
    assert links("<li><a href='javascript:x'></a><a name=y></a>一</li>") == []
    assert seen("<li><a href='/x'> </a></li>") == [""]


def test_a_link_around_an_image_belongs_to_it() -> None:
    (line,) = read("<a href='/big.html'><img src='/s.jpg'></a>").lines
    assert line.image is not None
    assert line.image.anchor is not None
    assert (line.image.url, line.image.anchor.url) == (f"{HOST}/s.jpg", f"{HOST}/big.html")
    assert line.pieces == []


def test_links_of_a_line_are_told_apart() -> None:
    (line,) = read(
        "<p><a href='/1'>一<b>二</b></a><a href='/2'>三</a><a rel='Next' href='/1'>四</a></p>"
    ).lines
    assert [(anchor.url, anchor.rel) for anchor in line.links] == [
        (f"{HOST}/1", ""),
        (f"{HOST}/2", ""),
        (f"{HOST}/1", "next"),
    ]
    assert line.only_link is None


def test_links_by_lines() -> None:
    stream = read(
        "<p>零</p><p><a href=/1>一</a></p><p><a href=/1>二</a></p><p><a href=/2>三</a></p><p>四</p>"
    )
    assert stream.link_lines == [1, 2, 3]
    assert stream.link_urls == [f"{HOST}/1", f"{HOST}/1", f"{HOST}/2"]
    one, two = f"{HOST}/1", f"{HOST}/2"
    expected = {(0, 1): None, (0, 3): one, (1, 2): one, (2, 4): None, (3, 5): two, (4, 5): None, (0, 5): None}
    assert {span: stream.only_url(*span) for span in expected} == expected
    assert {span: stream.has_links(*span) for span in expected} == {
        span: span not in ((0, 1), (4, 5)) for span in expected
    }


@pytest.mark.parametrize(
    ("href", "url"),
    [
        (r"\news\1.html", f"{HOST}/news/1.html"),
        (r"news\1.html", f"{HOST}/a/news/1.html"),
        (r"..\news\1.html", f"{HOST}/news/1.html"),
        (r"\\b.example\1.html", "http://b.example/1.html"),
        (r"http:\\b.example\1.html", "http://b.example/1.html"),
        (r"http://b.example\@c.example/1.html", "http://b.example/@c.example/1.html"),
        (r"\1.asp?a=\b", f"{HOST}/1.asp?a=\\b"),
        (r"\1.asp#\b", f"{HOST}/1.asp#\\b"),
        (r"?a=\b", f"{HOST}/a/1.html?a=\\b"),
    ],
)
def test_a_backslash_is_a_slash(href: str, url: str) -> None:
    assert links(f"<a href='{href}'>一</a>") == [("一", url)]


@pytest.mark.parametrize(
    ("base", "relative", "absolute"),
    [
        ("<base href='/z/'>", "/z/2.html", "/2.html"),
        ("<base href=' /z/y '>", "/z/2.html", "/2.html"),
        ("<base target=_blank>", "/a/2.html", "/2.html"),
        ("<base target=_blank><base href='/z/'>", "/z/2.html", "/2.html"),
        ("<base href=''>", "/a/2.html", "/2.html"),
        ("<base href='javascript:x'>", "/a/2.html", "/2.html"),
        ("<base href='http://['>", "/a/2.html", "/2.html"),
    ],
)
def test_base(base: str, relative: str, absolute: str) -> None:
    html = f"<head>{base}</head><a href='2.html'>一</a><a href='/2.html'>二</a>"
    assert links(html) == [("一", HOST + relative), ("二", HOST + absolute)]


def test_a_base_on_another_host() -> None:
    html = "<base href='https://b.example:81/y/?x/'><a href='2.html'>一</a><a href='/2.html'>二</a>"
    assert links(html) == [("一", "https://b.example:81/y/2.html"), ("二", "https://b.example:81/2.html")]


# ---- images ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("src='/a.jpg'", [image("/a.jpg")]),
        ("src='a.jpg' alt=' 水 位 '", [image("/a/a.jpg", "水 位")]),
        ("src='/a.jpg' alt=''", [image("/a.jpg")]),
        ("src='/wait.gif' data-src='/a.jpg'", [image("/a.jpg")]),
        ("src='/wait.gif' data-original=' /a.jpg '", [image("/a.jpg")]),
        ("src='/wait.gif' data-lazy-src='/a.jpg'", [image("/a.jpg")]),
        ("src='/wait.gif' data-lazy='/a.jpg'", [image("/a.jpg")]),
        ("src='/wait.gif' data-actualsrc='/a.jpg'", [image("/a.jpg")]),
        ("src='/wait.gif' data-url='/a.jpg'", [image("/a.jpg")]),
        ("src='/grey.gif' original='/a.jpg'", [image("/a.jpg")]),
        ("data-src='/a.jpg'", [image("/a.jpg")]),
        ("src='/a.jpg' data-src='javascript:x'", [image("/a.jpg")]),
        ("src='/a.jpg' data-src=''", [image("/a.jpg")]),
        ("src='data:image/gif;base64,R0' data-src='/a.jpg'", [image("/a.jpg")]),
        ("src='/a.jpg' width='600' height='400'", [image("/a.jpg")]),
        ("src='/a.jpg' width='100%' height='33'", [image("/a.jpg")]),
        (f"src='/a.jpg' width='{'9' * 5000}'", [image("/a.jpg")]),
        ("src='/smile.png' width='16' height='16'", []),
        ("src='/smile.png' height='32px'", []),
        ("src='/t.gif' width='1' height='1'", []),
        ("src='/t.gif' height='0'", []),
        ("src='/t.gif' width=' 2 '", []),
        ("src='data:image/gif;base64,R0'", []),
        ("src='javascript:x'", []),
        ("src='http://['", []),
        ("alt='水位'", []),
        ("src='/a.jpg' style='display:none'", []),
    ],
)
def test_images(attributes: str, expected: list[object]) -> None:
    assert images(f"<p>一<img {attributes}>二</p>") == (["一", *expected, "二"] if expected else ["一二"])


def test_a_small_image_in_a_link_may_be_a_button() -> None:
    assert images("<a href=/2.html><img src=/next.gif alt=下一页 width=16></a>") == [
        image("/next.gif", "下一页")
    ]
    assert images("一<a href=/2.html><img src=/t.gif alt=下一页 width=1></a>") == ["一"]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        pytest.param(
            "<figure><img src=/a.jpg alt=甲><figcaption>水<b>位</b><br>今晨</figcaption></figure>一",
            [image("/a.jpg", "甲", "水位 今晨"), "一"],
            id="below",
        ),
        pytest.param(
            "<figure><figcaption>水位</figcaption><img src=/a.jpg></figure>一",
            [image("/a.jpg", None, "水位"), "一"],
            id="above",
        ),
        pytest.param(
            "<figure><img src=/a.jpg><img src=/b.jpg><figcaption>水位</figcaption></figure>",
            [image("/a.jpg"), image("/b.jpg", None, "水位")],
            id="of-two-images",
        ),
        pytest.param(
            "<img src=/a.jpg><figure><div><img src=/b.jpg></div><figcaption>水位</figcaption></figure>",
            [image("/a.jpg"), image("/b.jpg", None, "水位")],
            id="of-its-own-figure",
        ),
        pytest.param(
            "<figure><img src=/a.jpg><figcaption></figcaption></figure>", [image("/a.jpg")], id="empty"
        ),
        pytest.param("<figcaption>水位</figcaption>", ["水位"], id="without-a-figure"),
        pytest.param("<figure><figcaption>水位</figcaption></figure>", ["水位"], id="without-an-image"),
    ],
)
def test_captions(html: str, expected: list[object]) -> None:
    assert images(html) == expected


def test_lines_after_a_caption_keep_their_number() -> None:
    lines = read("<figure><img src=/a.jpg><figcaption>水位</figcaption></figure><p>一</p>").lines
    assert [line.index for line in lines] == [0, 1]
    assert (lines[1].box.start, lines[1].box.end) == (1, 2)


# ---- tables ----------------------------------------------------------------------------------------------


def tables(html: str) -> list[tuple[str, bool]]:
    def told(line: Line) -> tuple[str, bool]:
        return line.text, line.is_table

    return [told(line) for line in read(html).lines]


ROW = "<tr><td>水城<td>12"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        pytest.param(f"<table><tr><th>站<th>水位{ROW}</table>", "站\t水位\n水城\t12", id="rows"),
        pytest.param(
            f"<table><thead><tr><th>站<th>水位<tbody>{ROW}<tfoot><tr><td>均<td>12</table>",
            "站\t水位\n水城\t12\n均\t12",
            id="sections",
        ),
        pytest.param(f"<table><tr><td> 站\n名 <td>{ROW}</table>", "站 名\t\n水城\t12", id="empty-cell"),
        pytest.param(
            f"<table><tr><td><td>{ROW}<tr><td>山城<td>9</table>", "水城\t12\n山城\t9", id="empty-row"
        ),
        pytest.param(
            f"<table><tr><td colspan=2>水位表<tr><th>站<th>水位{ROW}</table>",
            "水位表\n站\t水位\n水城\t12",
            id="spanned-row",
        ),
        pytest.param(
            f"<table><tr><td>站<td>{'长' * 60}{ROW}</table>", f"站\t{'长' * 60}\n水城\t12", id="60-characters"
        ),
        pytest.param(
            f"<table><tr><td><b>站</b><td><span>水</span>位{ROW}</table>",
            "站\t水位\n水城\t12",
            id="inline-in-cells",
        ),
        pytest.param(
            f"<table><tr><td>站<br>名<td>水位{ROW}</table>", "站 名\t水位\n水城\t12", id="br-in-a-cell"
        ),
        pytest.param(
            f"<table><tr><td><p>站</p><p>名</p><td>水位{ROW}</table>",
            "站 名\t水位\n水城\t12",
            id="blocks-in-a-cell",
        ),
        pytest.param(
            f"<table><tr><td>站<script>var x</script><td>水位<!-- y --><style>z</style>{ROW}</table>",
            "站\t水位\n水城\t12",
            id="code-in-a-cell",
        ),
        pytest.param(
            f"<table><tr><td>站<td>水位<span style='display:none'>x</span>{ROW}</table>",
            "站\t水位\n水城\t12",
            id="hidden-in-a-cell",
        ),
        pytest.param(
            f"<table><tr><td>站<td>水位<tr hidden><td>x<td>y{ROW}</table>",
            "站\t水位\n水城\t12",
            id="hidden-row",
        ),
    ],
)
def test_tables_of_data(html: str, text: str) -> None:
    assert tables(f"<p>一</p>{html}<p>二</p>") == [("一", False), (text, True), ("二", False)]


@pytest.mark.parametrize(
    ("html", "rows"),
    [
        ("<tr><td>类别<td>环比(%)<td>同比(%)<tr><td>衣着<td>1<td>2<tr><td>居住<td>3<td>4", 3),
        (
            "<tr><td>水位<tr><td>时间<td>站<td>来源<tr><td>八时<td>甲<td>一<tr><td>九时<td>乙<td>二",
            4,
        ),
        ("<tr><th>类别<th>去向<tr><td>可回收物<td>分拣站<tr><td>厨余垃圾<td>肥料厂", 3),
        ("<tr><td>时间<td>活动<tr><td>八时<td>签到<tr><td>九时<td>开幕", 3),
    ],
)
def test_a_label_that_heads_a_column_leaves_a_table_of_data(html: str, rows: int) -> None:
    assert [(text.count("\n") + 1, is_table) for text, is_table in tables(f"<table>{html}</table>")] == [
        (rows, True)
    ]


@pytest.mark.parametrize(
    "html",
    [
        # One row of values: these are the page's own.
        "<tr><th>类别<th>发布时间<th>来源<tr><td>国内<td>2025-01-08<td>山城网",
        "<tr><td>类别<td>国内<tr><td>文号<td>山城文甲<tr><td>来源<td>山城网",
        "<tr><td>类别<td>国内<tr><td>文号<td>山城文甲",
        "<tr><td>类别：<td>环比<td>同比<tr><td>衣着<td>1<td>2<tr><td>居住<td>3<td>4",
        "<tr><td>类别<td>国内<td>文号<td>甲<tr><td>时间<td>八时<td>页数<td>3<tr><td>开本<td>一<td>印张<td>二",
    ],
)
def test_a_table_of_labels_and_values_is_layout(html: str) -> None:
    assert not any(is_table for _, is_table in tables(f"<table>{html}</table>"))


def test_the_caption_of_a_table_of_data_is_not_lost() -> None:
    html = f"<table><caption>各站水位</caption><tr><th>站<th>水位{ROW}</table>"
    assert tables(html) == [("各站水位", False), ("站\t水位\n水城\t12", True)]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        pytest.param("<table><tr><td>一<td>二</table>", ["一", "二"], id="one-row"),
        pytest.param("<table><tr><td>一<tr><td>二</table>", ["一", "二"], id="one-column"),
        pytest.param(
            f"<table>{ROW}<tr><td>一<td>{'长' * 61}</table>", ["水城", "12", "一", "长" * 61], id="long-cell"
        ),
        pytest.param(
            f"<table>{ROW}<tr><td><a href=/x>一</a><td>二</table>", ["水城", "12", "一", "二"], id="links"
        ),
        pytest.param(
            "<table><tr><td>一<td><table><tr><td>二</table><tr><td>三<td>四</table>",
            list("一二三四"),
            id="nested",
        ),
        pytest.param(
            "<table><tr><td>来源：<td>山城晚报<tr><td>发布时间：<td>2025-01-08</table>",
            ["来源：", "山城晚报", "发布时间：", "2025-01-08"],
            id="labels",
        ),
        pytest.param(
            f"<table>{ROW}<tr><td>类别<td>国内</table>",
            ["水城", "12", "类别", "国内"],
            id="label-without-a-colon",
        ),
    ],
)
def test_tables_of_layout_are_lines(html: str, expected: list[str]) -> None:
    assert tables(html) == [(text, False) for text in expected]


def test_a_table_with_an_image_is_layout() -> None:
    assert images(f"<table>{ROW}<tr><td>一<td><img src=/a.jpg></table>") == [
        "水城",
        "12",
        "一",
        image("/a.jpg"),
    ]


@pytest.mark.parametrize(
    ("tag", "is_centred"),
    [
        ("<p style='color:red; TEXT-ALIGN : center'>", True),
        ("<p align=center>", True),
        ("<p align=' Center'>", True),
        ("<div align=center><b>水</b>", True),
        ("<center>", True),
        ("<p style='text-align:left'>", False),
        ("<p align=right>", False),
        ("<p>", False),
    ],
)
def test_a_box_is_centred(tag: str, is_centred: bool) -> None:
    (line,) = read(f"{tag}水位").lines
    assert line.box.is_centred == is_centred


def test_a_line_break_behind_an_image() -> None:
    lines = read("<p><img src=/a.jpg> <br>水位<br><img src=/b.jpg>站</p><br>").lines
    assert [line.image.is_line for line in lines if line.image] == [True, False]


# ---- the head --------------------------------------------------------------------------------------------


def test_the_head() -> None:
    stream = read(
        "<head><title> 水位\n下降 </title><meta name=Keywords content=' 水 '>"
        "<meta property='og:title' content='题'>"
        "<meta name=keywords content='二'><meta name=author><meta charset=utf-8>"
        "<link rel='stylesheet' href='/a.css'><link rel='NEXT nofollow' href='2.html'>"
        "<link rel=next href='3.html'>"
        "<script type='application/ld+json'>{\"a\": 1}</script><script>x</script></head>"
        "<svg><title>图</title></svg><script type=' Application/LD+JSON '>[]</script>"
    )
    assert stream.url == URL
    assert stream.page_title == "水位 下降"
    assert stream.meta == {"keywords": "水", "og:title": "题"}
    assert stream.next_url == f"{HOST}/a/2.html"
    assert stream.json_ld == ['{"a": 1}', "[]"]
    assert stream.lines == []


def test_a_page_without_a_head() -> None:
    stream = read("<p>一</p>")
    assert (stream.page_title, stream.meta, stream.next_url, stream.json_ld) == ("", {}, None, [])


# ---- depth -----------------------------------------------------------------------------------------------


def test_two_thousand_nested_boxes_are_read() -> None:
    depth = 2000
    assert seen(f"<p>一</p>{'<div>' * depth}二{'</div>' * depth}<p>三</p>") == ["一", "二", "三"]


def test_five_thousand_nested_boxes_do_not_fail() -> None:
    """The parser stops at its own depth; what stands before is kept."""
    depth = 5000
    assert seen(f"<p>一</p>{'<div>' * depth}二{'</div>' * depth}<p>三</p>")[0] == "一"


def test_each_of_thousands_of_texts_on_a_line_has_its_place() -> None:
    [line] = read_stream("<p>" + "<a>x</a><b>y</b>" * 12_000, URL, places=True).lines
    tags = [piece.element.tag for piece in line.pieces if piece.element is not None]
    assert tags == ["a", "b"] * 12_000
