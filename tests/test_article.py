"""Articles read from small pages, each laid out in a way that once misled the reader."""

import re
from urllib.parse import urlsplit

import pytest

from newsmirror.reading.article import Original, ReadArticle, is_article, read_article
from newsmirror.reading.stream import read_stream

URL = "http://kuaizhao.example/gn/1.html"
META = "<p>类别：国内 发布时间：2025-01-08 16:55:00 来源：山城网</p>"
TEXTS = ["山城水位昨日回落，轮渡恢复通航，两岸居民不再绕行。", "码头值班员章山川说，水退得比预想的快。"]
BODY = "<div>" + "".join(f"<p>{text}</p>" for text in TEXTS) + "</div>"
FOOT = (
    "<p>以上内容为资讯信息快照，由kuaizhao.example爬虫进行采集并收录，"
    "本站未对信息做任何修改，信息内容不代表本站立场。</p>"
    "<p>快照生成时间：2025-01-08 21:45:02</p>"
    "<p>本站信息快照查询为非营利公共服务，如有侵权请联系我们进行删除。</p>"
)
RELATED = (
    "<div><h3><a href=/gn/2.html>南岭大桥主跨合龙</a></h3>"
    "<p>...桥面铺装下月开始，届时两岸通行时间缩至八分钟</p>"
    "<span>2025-01-06 08:00:00</span></div>"
)


def read(body: str, head: str = "<h1>山城水位回落通航恢复</h1>") -> ReadArticle:
    stream = read_stream(f"<title>山城水位回落通航恢复_快照网</title>{head}{body}", URL)
    assert is_article(stream)
    article = read_article(stream)
    assert article is not None
    return article


def texts(article: ReadArticle) -> list[str | None]:
    return [block.text for block in article.blocks]


@pytest.mark.parametrize(
    "paragraphs",
    [
        ["本报3月18日讯（记者 许海燕）从最初的十六户到如今的八千户，屋顶农场走过了十六年。"],
        ["山城下雪了。"],
        TEXTS,
    ],
)
def test_a_short_body_is_a_body(paragraphs: list[str]) -> None:
    body = "".join(f"<p>{text}</p>" for text in paragraphs)
    article = read(f"{META}<div>{body}</div><p>责任编辑:范望舒</p>{FOOT}{RELATED}")
    assert texts(article) == paragraphs
    assert (article.editor, [entry.title for entry in article.related]) == ("范望舒", ["南岭大桥主跨合龙"])


def test_without_a_body_the_related_list_is_none() -> None:
    article = read(f"{META}{FOOT}{RELATED}")
    assert (article.blocks, [entry.url for entry in article.related]) == (
        [],
        ["http://kuaizhao.example/gn/2.html"],
    )


@pytest.mark.parametrize(
    "meta",
    [
        "<dl><dt>类别：</dt><dd>国内</dd><dt>发布时间：</dt><dd>2025-01-08</dd><dt>来源：</dt><dd></dd></dl>",
        "<p><label>类别</label><span>国内</span></p><p><label>来源</label><span></span></p>",
        "<table><tr><td>类别：</td><td>国内</td></tr><tr><td>来源：</td></tr></table>",
    ],
)
def test_an_empty_source_does_not_take_the_first_paragraph(meta: str) -> None:
    first = "本报2月18日讯（记者 郭桂芳）在桃源县，居民们忙着布置灯会，街巷里挂满了红灯笼。"
    article = read(f"{meta}<div><p>{first}</p></div>{BODY}{FOOT}")
    assert (article.source, article.category, texts(article)) == (None, "国内", [first, *TEXTS])


@pytest.mark.parametrize("raw", ["13月5日", "02/03/2025", "2025年2月第三周"])
@pytest.mark.parametrize(
    "rows",
    [
        "<dl><dt>{}</dt><dd>国内</dd><dt>{}</dt><dd>{}</dd><dt>{}</dt><dd>山城网</dd></dl>",
        "<table><tr><th>{}</th><td>国内</td></tr><tr><th>{}</th><td>{}</td></tr>"
        "<tr><th>{}</th><td>山城网</td></tr></table>",
        "<div>{}国内 {}{} {}山城网</div>",
    ],
)
@pytest.mark.parametrize("colon", ["", "："])
def test_a_time_that_is_printed_and_no_date_is_kept_as_printed(raw: str, rows: str, colon: str) -> None:
    if "<div>" in rows:
        colon = "："
    article = read(rows.format(f"类别{colon}", f"发布时间{colon}", raw, f"来源{colon}") + BODY + FOOT)
    assert (article.published_raw, article.category, article.source) == (raw, "国内", "山城网")
    assert texts(article) == TEXTS


def test_a_time_in_a_table_of_the_body_is_not_the_articles() -> None:
    table = "<table><tr><td>时间</td><td>上午九点</td></tr><tr><td>地点</td><td>北码头</td></tr></table>"
    article = read(f"<p>类别：国内 来源：山城网</p>{BODY}{table}{FOOT}")
    assert article.published_raw is None


def test_labels_below_the_body() -> None:
    article = read(
        f"{BODY}<footer>类别：乡土 | 发布时间：2025-01-08 | 来源：山城网 | <a href=#>发表评论</a></footer>"
        f"{FOOT}{RELATED}"
    )
    assert (article.category, article.source, article.published_raw) == ("乡土", "山城网", "2025-01-08")
    assert texts(article) == TEXTS


def test_labels_within_the_heading() -> None:
    head = "<p><a href=/>首页</a> &gt; <a href=/gn/>国内</a> &gt; 正文</p>"
    heading = "<h1>山城水位回落通航恢复<br><span>来源：山城网 发布时间：2025-01-08 类别：产经</span></h1>"
    article = read(f"{heading}{BODY}{FOOT}", head)
    assert (article.title, article.category) == ("山城水位回落通航恢复", "产经")
    assert [link.title for link in article.breadcrumbs] == ["首页", "国内"]
    assert texts(article) == TEXTS


@pytest.mark.parametrize(
    ("page_title", "heading", "title"),
    [
        ("山城水位回落 通航恢复_快照网", "山城水位回落<br>通航恢复", "山城水位回落 通航恢复"),
        ("", "山城水位回落<br>通航恢复", "山城水位回落 通航恢复"),
        ("快照网", "<span>山城水位</span>回落<br>两岸<br>通航恢复", "山城水位回落 两岸 通航恢复"),
        # The name of a section: the head of the page calls the article by the line below alone.
        ("山城通航恢复_快照网", "国内新闻<br>山城通航恢复", "山城通航恢复"),
        ("", "类别：国内<br>山城通航恢复", "山城通航恢复"),
    ],
)
@pytest.mark.parametrize("tag", ["h1", "h2", "h3"])
def test_a_heading_of_several_lines(page_title: str, heading: str, title: str, tag: str) -> None:
    html = f"<title>{page_title}</title><{tag}>{heading}</{tag}>{META}{BODY}{FOOT}"
    article = read_article(read_stream(html, URL))
    assert article is not None
    assert article.title == title


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ("<div>山城水位</div><div>回落</div>", "山城水位 回落"),
        ("<div><p>山城水位</p></div><div>回落<br>通航恢复</div>", "山城水位 回落 通航恢复"),
        ("<div>国内新闻</div><div>山城水位</div><div>回落</div>", "山城水位 回落"),
        ("<div>山城水位</div><div>回落</div><div>来源：山城网</div>", "山城水位 回落"),
        ("<div>山城水位</div><div>回落</div><div>2025-01-08 10:00</div>", "山城水位 回落"),
    ],
)
@pytest.mark.parametrize("tag", ["h1", "h3"])
def test_a_heading_of_several_boxes(heading: str, title: str, tag: str) -> None:
    html = f"<title>山城水位回落通航恢复_快照网</title><{tag}>{heading}</{tag}>{META}{BODY}{FOOT}"
    article = read_article(read_stream(html, URL))
    assert article is not None
    assert (article.title, texts(article)) == (title, TEXTS)


@pytest.mark.parametrize(
    "page",
    [
        f"{META}<h1>山城水位回落通航恢复{BODY}{FOOT}",
        f"<h1>山城水位回落通航恢复{META}{BODY}{FOOT}",
        f"<h1>快照网<div>国内频道</div><div>山城水位回落通航恢复</div>{META}{BODY}{FOOT}",
        f"{META}<h1><div>山城水位回落通航恢复</div><div>山城下雪了</div><div>码头停航</div>{BODY}{FOOT}",
    ],
)
def test_a_heading_that_is_never_closed(page: str) -> None:
    article = read_article(read_stream(f"<title>山城水位回落通航恢复_快照网</title>{page}", URL))
    assert article is not None
    assert article.title == "山城水位回落通航恢复"


@pytest.mark.parametrize(
    "heading",
    [
        "<h1>山城水位回落通航恢复<small>2025-01-08 10:00:00</small></h1>",
        "<h1>山城水位回落通航恢复 <small>[2025-01-08 10:00:00]</small></h1>",
        "<h1>山城水位回落通航恢复<br><small>2025-01-08 10:00:00</small></h1>",
        "<div>山城水位回落通航恢复<span>2025-01-08</span> <span>10:00:00</span></div>",
    ],
)
@pytest.mark.parametrize("page_title", ["山城水位回落通航恢复_快照网", "快照网"])
def test_a_date_behind_the_headline(page_title: str, heading: str) -> None:
    article = read_article(read_stream(f"<title>{page_title}</title>{heading}{BODY}{FOOT}", URL))
    assert article is not None
    assert (article.title, article.published_raw, texts(article)) == (
        "山城水位回落通航恢复",
        "2025-01-08 10:00:00",
        TEXTS,
    )


@pytest.mark.parametrize(
    "labels",
    [
        "<small>发布时间：2025-01-08 10:00:00</small>",
        "<small>来源：山城网 发布时间：2025-01-08 10:00:00</small>",
        " <i>2025-01-08 10:00:00</i> <i>来源：山城网</i>",
    ],
)
@pytest.mark.parametrize("page_title", ["山城水位回落通航恢复_快照网", "快照网"])
def test_labels_behind_the_headline(page_title: str, labels: str) -> None:
    heading = f"<h1>山城水位回落通航恢复{labels}</h1>"
    article = read_article(read_stream(f"<title>{page_title}</title>{heading}{BODY}{FOOT}", URL))
    assert article is not None
    assert (article.title, article.published_raw, article.source, texts(article)) == (
        "山城水位回落通航恢复",
        "2025-01-08 10:00:00",
        "山城网" if "来源" in labels else None,
        TEXTS,
    )


def test_a_date_that_the_head_of_the_page_calls_a_part_of_the_headline() -> None:
    html = "<title>山城通航定在1月8日_快照网</title><h1>山城通航定在<em>1月8日</em></h1>"
    article = read_article(read_stream(f"{html}{BODY}{FOOT}", URL))
    assert article is not None
    assert (article.title, article.published_raw) == ("山城通航定在1月8日", None)


@pytest.mark.parametrize(
    "tools",
    [
        "<a href='javascript:;'>分享</a>",
        "<span>分享</span>",
        "<a href='javascript:;'>☆ 加星</a><a href='javascript:;'>收藏</a><a href='javascript:;'>字体</a>",
    ],
)
@pytest.mark.parametrize(
    ("page_title", "headline"),
    [("快照网", "h1"), ("山城水位回落_快照网", "h1"), ("山城水位回落_快照网", "div")],
)
def test_a_short_headline_is_no_value_of_a_button_above_it(
    tools: str, page_title: str, headline: str
) -> None:
    trail = "<div><a href=/>我的订阅</a> <i></i> <a href=/gn/>国内</a></div>"
    html = (
        f"<title>{page_title}</title>{trail}<div>{tools}</div><{headline}>山城水位回落</{headline}>"
        f"<div>{META}</div>{BODY}<h2>两岸的码头</h2><p>渡船每刻钟一班，末班在晚上九点。</p>{FOOT}"
    )
    article = read_article(read_stream(html, URL))
    assert article is not None
    assert (article.title, texts(article)) == (
        "山城水位回落",
        [*TEXTS, "两岸的码头", "渡船每刻钟一班，末班在晚上九点。"],
    )


@pytest.mark.parametrize(
    ("page_title", "heading", "title"),
    [
        ("山城水位回落_快照网", "山城水位回落<em>原创</em>", "山城水位回落"),
        ("山城水位回落_快照网", "<span>山城水位回落</span> <small>热</small>", "山城水位回落"),
        ("山城水位回落_快照网", "山城<b>水位</b>回落 <i>荐</i> <i>图文</i>", "山城水位回落"),
        ("山城水位回落", "山城水位回落<sup>HOT</sup>", "山城水位回落"),
        ("山城水位回落 - 快照网", "山城水位回落<em>原创</em> <small>2025-01-08</small>", "山城水位回落"),
        # The head of the page does not say where the headline ends, or names more of it.
        ("快照网", "山城水位回落<em>原创</em>", "山城水位回落原创"),
        ("山城水位回落通…_快照网", "山城水位回落通<em>航</em>", "山城水位回落通航"),
        ("山城水位回落通航_快照网", "山城水位回落<em>通航</em>", "山城水位回落通航"),
        ("山城水位回落，通航_快照网", "山城水位回落<em>通航</em>", "山城水位回落通航"),
        ("山城水位回落_快照网", "山城水位回落<em>两岸通航恢复</em>", "山城水位回落两岸通航恢复"),
        ("山城水位回落_快照网", "<b>山城水位回落</b>", "山城水位回落"),
        ("_快照网", "<a href=/></a><b>山城</b>", "山城"),
    ],
)
@pytest.mark.parametrize("tag", ["h1", "div"])
def test_a_badge_behind_the_headline(page_title: str, heading: str, title: str, tag: str) -> None:
    html = f"<title>{page_title}</title><{tag}>{heading}</{tag}>{META}{BODY}{FOOT}"
    article = read_article(read_stream(html, URL))
    assert article is not None
    assert (article.title, texts(article)) == (title, TEXTS)


@pytest.mark.parametrize(
    "opening", ["时间：3月20日上午9时至11时；地点：码头。", "来源：这是乘客问得最多的两个字。"]
)
def test_a_paragraph_that_begins_with_a_label_stays(opening: str) -> None:
    article = read(f"{META}<div><p>{opening}</p></div>{BODY}{FOOT}")
    assert (article.source, texts(article)) == ("山城网", [opening, *TEXTS])


@pytest.mark.parametrize("question", ["记者：水位何时回落？", "【记者】水位何时回落？", "记者：水退了！"])
def test_an_interview_right_below_the_labels_stays_whole(question: str) -> None:
    article = read(f"{META}<div><p>{question}</p><p>章山川：大约在下月初。</p></div>{BODY}{FOOT}")
    assert (article.bylines, texts(article)) == ([], [question, "章山川：大约在下月初。", *TEXTS])


def test_a_snapshot_time_without_a_colon() -> None:
    article = read(f"{META}{BODY}{FOOT.replace('快照生成时间：', '快照生成于 ')}")
    assert (article.snapshot_raw, texts(article)) == ("2025-01-08 21:45:02", TEXTS)


def test_a_hot_list_between_labels_and_body() -> None:
    hot = (
        "<div><h2>新闻排行</h2><ol><li><a href=/gn/7.html>水城老街迎来新春灯会</a> <span>10/21 06:52</span>"
        "<li><a href=/gn/8.html>江北夜校亮灯</a> <span>10/20 06:52</span></ol></div>"
    )
    assert texts(read(f"{META}{hot}{BODY}{FOOT}")) == TEXTS


def test_buttons_below_the_body() -> None:
    share = "<div>分享到：<a href='javascript:;'><img src=/weibo.gif alt=新浪微博></a></div>"
    moods = (
        "<td><a href=/click/1><img src=/0.gif><br>路过</a><td><a href=/click/2><img src=/1.gif><br>鲜花</a>"
    )
    digg = "<div><p>顶一下</p><p>(12)</p><p>85.71%</p></div>"
    assert (
        texts(
            read(
                f"{META}{BODY}{share}<table><tr>{moods}</table>{digg}"
                f"<p>上一篇：<a href=/gn/0.html>无题</a></p>{FOOT}"
            )
        )
        == TEXTS
    )


def test_an_image_after_an_advert_stays() -> None:
    advert = "<div><span>广告</span> <a href=http://ad.example/1><img src=http://ad.example/1.gif></a></div>"
    article = read(f"{META}{BODY}{advert}<p><img src=/x.gif data-original=/a/1.jpg alt=码头></p>{FOOT}")
    assert [(block.image_url, block.caption) for block in article.blocks if block.type == "image"] == [
        ("http://kuaizhao.example/a/1.jpg", "码头")
    ]


COUNTERS = [
    *(
        "阅读：123",
        "浏览次数：123 次",
        "点击：123",
        "阅读（123）",
        "赞(3)",
        "评论（3）",
        "已有5人参与评论",
        "已有 12 人点赞",
    ),
    *(
        "2260阅读",
        "1.2万阅读",
        "123人浏览",
        "0条评论",
        "3人觉得很赞",
        "本文已被浏览 123 次",
        "本文已被瀏覽 123 次",
        "閱讀數：10萬+",
    ),
    *(
        "本文共1832字，阅读约需5分钟",
        "字数：1832",
        "全文约1800字，预计阅读时间5分钟",
        "阅读 1.2万 · 评论 30 | 赞(3)",
    ),
]
TOOLS = [
    *("听新闻 00:00 / 03:21", "00:00 / 03:21", "聽新聞", "点击收听本文", "目录", "打开APP阅读全文", "（完）"),
    *("点击数： 次", "阅读（）", "评论", "浏览量"),
    *("打开山城新闻客户端，阅读体验更佳", "展开全文"),
    *("----------------", "=========="),
    "声明：本网转载此文出于传递更多信息之目的，不代表本网赞同其观点。文中所提到的数据仅供读者参考，请自行核实。",
]
BYLINE = "<p>记者 苗立群</p>"


@pytest.mark.parametrize("junk", [f"<p>{line}</p>" for line in COUNTERS + TOOLS])
@pytest.mark.parametrize(
    "page", ["<div>{junk}{body}</div>", "<div>{body}{junk}</div>", "<div>{junk}</div><div>{body}</div>{junk}"]
)
def test_counters_and_tools_around_a_body_are_no_paragraphs(page: str, junk: str) -> None:
    inner = BODY.removeprefix("<div>").removesuffix("</div>")
    assert texts(read(f"{META}{page.format(junk=junk, body=inner)}{FOOT}")) == TEXTS


@pytest.mark.parametrize(
    "junk", ["<p>2260阅读</p>", "<p>展开全文</p>", "<p>阅读：123</p><p>点击收听本文</p>"]
)
@pytest.mark.parametrize(
    "page",
    [
        *("{junk}{byline}{body}", "{byline}{junk}{body}", "{body}{junk}{byline}", "{body}{byline}{junk}"),
        "{junk}<p>本报1月8日讯（记者 苗立群）山城下雪了。</p>{body}",
        "{body}<p>山城下雪了。（记者 苗立群）</p>{junk}",
    ],
)
def test_a_byline_is_found_beside_counters_and_tools(page: str, junk: str) -> None:
    article = read(f"{META}<div>{page.format(junk=junk, byline=BYLINE, body=BODY)}</div>{FOOT}")
    assert (article.bylines, len(article.blocks)) == (["记者 苗立群"], 2 + ("山城下雪了" in page))


@pytest.mark.parametrize(
    "above",
    [
        *(
            "----------<br>",
            "==========<br>",
            "<p>[导读]山城水位昨日回落。</p>",
            "<p>核心提示：轮渡恢复通航。</p>",
        ),
        *("<p><b>水退得快</b></p>", "<h2>水退得快</h2>", "<p>摘要：轮渡恢复通航。</p><p><b>水退得快</b></p>"),
    ],
)
def test_a_dateline_below_a_summary_a_heading_or_a_rule(above: str) -> None:
    article = read(f"{META}<div>{above}本报1月8日讯（记者 苗立群）山城下雪了。<br>{BODY}</div>{FOOT}")
    assert article.bylines == ["记者 苗立群"]


@pytest.mark.parametrize(
    "above", ["<p>山城网1月8日讯 山城下雪了。</p>", "<p>两岸积雪。</p><p>渡船停航。</p><p>学校停课。</p>"]
)
def test_a_dateline_within_a_text_is_that_of_a_report_it_quotes(above: str) -> None:
    article = read(f"{META}<div>{above}<p>本报1月8日讯（记者 苗立群）山城下雪了。</p>{BODY}</div>{FOOT}")
    assert article.bylines == []


@pytest.mark.parametrize("counter", ["阅读 1 次 ", "1 人赞 ", "阅读1,", "1 "])
def test_thousands_of_counters_that_are_none(counter: str) -> None:
    line = f"{counter * 9_000}止"
    assert texts(read(f"{META}<p>发布时间：{line}</p>{BODY}<p>{line}</p>{FOOT}"))[-3:] == [*TEXTS, line]


def test_bylines_at_the_end_are_in_order() -> None:
    article = read(f"{META}{BODY}<p>记者 苗立群</p><p>通讯员 范望舒</p>{FOOT}")
    assert (article.bylines, texts(article)) == (["记者 苗立群", "通讯员 范望舒"], TEXTS)


@pytest.mark.parametrize(
    "line", [*TOOLS, "2025年", "08:15", "共有5人获奖", "一年阅读3本书", "赞3个人的努力", "阅读", "500字"]
)
def test_what_a_text_may_say_stays_within_it(line: str) -> None:
    assert texts(read(f"{META}<div>{BODY}<p>{line}</p>{BODY}</div>{FOOT}")) == [*TEXTS, line, *TEXTS]


@pytest.mark.parametrize(
    "line",
    [
        "声明：山城轮渡公司从未在任何平台售票。",
        "目录学是一门老学问。",
        "打开山城客户端即可预约。",
        "他说，阅读：123",
    ],
)
def test_what_only_begins_like_a_tool_ends_a_text(line: str) -> None:
    assert texts(read(f"{META}<div>{BODY}<p>{line}</p></div>{FOOT}")) == [*TEXTS, line]


def test_a_small_table_is_no_furniture() -> None:
    table = "<table><tr><td>关键词<td>次数<tr><td>轮渡<td>3<tr><td>码头<td>2</table>"
    assert texts(read(f"{META}{BODY}{table}{BODY}{FOOT}")) == [
        *TEXTS,
        "关键词\t次数\n轮渡\t3\n码头\t2",
        *TEXTS,
    ]


@pytest.mark.parametrize(
    "code",
    [
        "<p><img src=/qr.png alt=山城网二维码></p>",
        "<p><img src=/qr.png alt=掃一掃></p>",
        "<p><img src=/qr.png></p><p>扫一扫关注我们</p>",
        "<p>微信扫一扫，关注我们</p><p><img src=/qr.png></p>",
        "<div><img src=/qr.png><p>扫码关注山城网</p></div>",
        "<p><img src=/qr.png><br>长按识别二维码</p>",
    ],
)
def test_a_code_to_scan_below_a_body_is_no_image_of_it(code: str) -> None:
    photo = "<p><img src=/a.jpg></p>"
    assert texts(read(f"{META}<div>{TEXTS[0]}{photo}{code}</div>{FOOT}")) == [TEXTS[0], None]
    article = read(f"{META}<div>{photo}{BODY}{photo}</div><div><p>扫一扫关注我们</p></div>{FOOT}")
    assert texts(article) == [None, *TEXTS, None]


def pictures(article: ReadArticle) -> list[tuple[str | None, str | None]]:
    """Return path and caption of each image."""
    return [
        (urlsplit(block.image_url or "").path, block.caption)
        for block in article.blocks
        if block.type == "image"
    ]


@pytest.mark.parametrize(
    ("alt", "caption"),
    [
        ("工人在码头值守", "工人在码头值守"),
        ("码头 3", "码头 3"),
        ("GDP", "GDP"),
        ("山城水位回落通航恢复", "山城水位回落通航恢复"),  # the headline: the reference site prints it so
        *dict.fromkeys(
            (
                *(
                    "1.jpg",
                    "微信图片_20250312160233.jpg",
                    "码头.PNG",
                    "IMG_2025",
                    "b1946ac92492d2347c6235b4d2611184",
                ),
                *(
                    "图片",
                    "圖片",
                    "图片 1",
                    "微信图片_20250312160233",
                    "image",
                    "加载中...",
                    "图片加载中…",
                    "點擊查看大圖",
                ),
                *("快照网", "水情快报"),
            )
        ).items(),
    ],
)
def test_an_alt_that_says_nothing_of_the_image_is_no_caption(alt: str, caption: str | None) -> None:
    site = "<meta property=og:site_name content=水情快报>"
    article = read(f"{site}{META}{BODY}<p><img src=/a.jpg alt='{alt}'></p>{BODY}{FOOT}")
    assert pictures(article) == [("/a.jpg", caption)]


IMAGE = "<img src=/a.jpg>"
SAID = "工人在码头值守"


@pytest.mark.parametrize(
    ("figure", "caption"),
    [
        # By its words.
        *(
            (f"<p>{IMAGE}</p><p>{text}</p>", text.lstrip("▲△ "))
            for text in (
                *(
                    "▲ 工人在码头值守",
                    "△工人在码头值守",
                    "图为工人在码头值守。",
                    "圖為工人在碼頭值守。",
                    "图一：码头",
                ),
                *(
                    "上图：工人在码头值守",
                    "资料图：码头",
                    "图源：山城发布",
                    "工人在码头值守。苗立群 摄",
                    "码头。（苗立群 攝）",
                ),
                *("工人在码头值守。山城轮渡公司供图", "码头（资料图）", "水退了。人来了。苗立群摄"),
            )
        ),
        ("<p><img src=/a.jpg alt=工人在码头值守></p><p>工人在码头值守</p>", SAID),
        # By its place.
        (f"<div><div>{IMAGE}</div><div>{SAID}</div></div>", SAID),
        (f"<div>{IMAGE}<p>{SAID}</p></div>", SAID),
        (f"<p>{IMAGE}<br>{SAID}</p>", SAID),
        (f"<center>{IMAGE}<br><font size=2>{SAID}</font></center>", SAID),
        (f"<p align=center>{IMAGE}<em>{SAID}</em></p>", SAID),
        (f"<div>{IMAGE}<em>{SAID}。</em>\n</div>", f"{SAID}。"),
        (f"<div>{IMAGE} <span>{SAID}</span></div>", SAID),
        (f"<div>{IMAGE}<small>{SAID}</small></div>", SAID),
        (f"<ul><li><a href=/a.jpg>{IMAGE}</a><span>{SAID}</span></li></ul>", SAID),
        (f"<dl><dt>{IMAGE}</dt><dd>{SAID}</dd></dl>", SAID),
        (f"<table><tr><td>{IMAGE}<tr><td>{SAID}</table>", SAID),
        (f"<p align=center>{IMAGE}</p><p align=center>{SAID}</p>", SAID),
        (f"<center>{IMAGE}</center><center><p>{SAID}。</p></center>", f"{SAID}。"),
    ],
)
def test_the_caption_of_an_image(figure: str, caption: str) -> None:
    article = read(f"{META}<div>{BODY}{figure}{BODY}</div>{FOOT}")
    assert (pictures(article), texts(article)) == ([("/a.jpg", caption)], [*TEXTS, None, *TEXTS])


@pytest.mark.parametrize(
    "figure",
    [
        f"<p>{IMAGE}</p><p>{SAID}。</p>",
        f"<p>{IMAGE}</p><p>影片在山城码头取景拍摄。</p>",
        f"<p>{IMAGE}</p><h3>图为码头</h3>",
        f"<p>{IMAGE}</p><p>图为{'码头' * 40}</p>",
        f"<p>{IMAGE}</p><p>▼码头</p><p><img src=/b.jpg></p>",
        f"<p>{IMAGE}</p><p>▲</p>",
        f"<p>{IMAGE}{SAID}。</p>",
        f"<p>{IMAGE}<span>{SAID}。</span></p>",
        f"<div>{IMAGE}<em>值守</em>：{SAID}。</div>",
        f"<div>{IMAGE}<span>值守</span><span>{SAID}。</span></div>",
        f"<div><p>{IMAGE}</p><p>水退了。人来了。</p></div>",
        f"<div><p>{IMAGE}</p><p>{'码头' * 31}</p></div>",
        f"<div><p>{IMAGE}</p><p>{SAID}</p><p>水退了</p></div>",
        f"<div><p>水退了</p><p>{IMAGE}</p><p>{SAID}</p></div>",
        f"<p align=center>{IMAGE}</p><p align=center>一、码头</p><p>水退了。</p><p align=center>二、渡船</p>",
        f"<p align=center>{IMAGE}</p><p align=center>水退了。</p><p align=center>人来了。</p>",
        f"<p align=center>{IMAGE}</p><p align=center>（二）码头</p>",
        f"<p align=center>{IMAGE}</p><p align=center>“水退了”</p>",
        f"<p>{IMAGE}</p><p align=center>{SAID}。</p>",
    ],
)
def test_text_below_an_image_stays_text(figure: str) -> None:
    article = read(f"{META}<div>{BODY}{figure}{BODY}</div>{FOOT}")
    stays = [line.text or None for line in read_stream(figure, URL).lines]
    assert (pictures(article)[0], texts(article)) == (("/a.jpg", None), [*TEXTS, *stays, *TEXTS])


def test_a_caption_of_two_images_is_that_of_the_last() -> None:
    for figure in (
        f"<p align=center><img src=/b.jpg>{IMAGE}</p><p align=center>{SAID}</p>",
        f"<div><img src=/b.jpg><p>{IMAGE}</p><p>{SAID}</p></div>",
    ):
        assert pictures(read(f"{META}<div>{BODY}{figure}{BODY}</div>{FOOT}")) == [
            ("/b.jpg", None),
            ("/a.jpg", SAID),
        ]


def test_a_centred_table_is_no_centred_text() -> None:
    table = "<div align=center><table><tr><td>码头<td>班次<tr><td>南岭<td>12</table></div>"
    figure = f"{table}<p align=center>{IMAGE}</p><p align=center>{SAID}。</p>"
    article = read(f"{META}<div>{BODY}{figure}{BODY}</div>{FOOT}")
    assert pictures(article) == [("/a.jpg", f"{SAID}。")]


def test_an_image_has_one_caption() -> None:
    figure = f"<figure>{IMAGE}<figcaption>码头</figcaption></figure><p>图为值守的工人。</p>"
    article = read(f"{META}<div>{BODY}{figure}{BODY}</div>{FOOT}")
    assert (pictures(article), texts(article)[2:4]) == ([("/a.jpg", "码头")], [None, "图为值守的工人。"])


@pytest.mark.parametrize(
    "body",
    [
        # Text under every image, and little beside: a guide.
        "<p>这样做。</p>" + "<div><img src=/a.jpg><p>第一步，打开阀门。</p></div>" * 2,
        "<p><img src=/a.jpg></p><p>图为工人在码头值守。</p>",
        "<div><p><img src=/a.jpg></p><p>山城下雪了。</p></div>",
    ],
)
def test_captions_are_not_all_of_the_text(body: str) -> None:
    article = read(f"{META}<div>{body}</div>{FOOT}")
    assert "".join(text for text in texts(article) if text) == re.sub("<.*?>", "", body)


def test_the_caption_that_ends_a_body_is_a_part_of_it() -> None:
    article = read(f"{META}{BODY}<p>{IMAGE}</p><p>图为码头。</p><p>（责任编辑：范望舒）</p>{FOOT}")
    (blocks,) = article.found["blocks"]
    assert blocks is not None
    assert (blocks.origin.first, blocks.origin.last) == (2, 5)
    assert (pictures(article), article.editor) == ([("/a.jpg", "图为码头。")], "范望舒")


def test_who_edited_is_no_caption() -> None:
    article = read(f"{META}{BODY}<center>{IMAGE}<br>（责任编辑：范望舒）</center>{FOOT}")
    assert (pictures(article), article.editor) == ([("/a.jpg", None)], "范望舒")


def test_who_wrote_is_no_caption() -> None:
    article = read(f"{META}{BODY}<center>{IMAGE}<br>记者 苗立群 摄</center>{FOOT}")
    assert (pictures(article), article.bylines) == ([("/a.jpg", None)], ["记者 苗立群 摄"])


LINKED_DATA = (
    '<script type="application/ld+json">{"@type": %s, "headline": "%s", "author": {"@type": "Person", '
    '"name": "%s"}, "sourceOrganization": {"name": "%s"}}</script>'
)


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ('"NewsArticle"', "河洲晚报"),
        ('[{"a": 1}, "NewsArticle"]', "河洲晚报"),
        ('[{"a": 1}]', None),
        ('[["NewsArticle"]]', None),
        ('{"NewsArticle": 1}', None),
        ("null", None),
    ],
)
def test_the_type_of_linked_data_is_a_string_or_among_a_list(kind: str, source: str | None) -> None:
    article = read(BODY + FOOT + LINKED_DATA % (kind, "山城水位", "章山川", "河洲晚报"))
    assert (article.source, article.authors) == (source, ["章山川"] if source else [])


def test_halves_of_characters_in_linked_data_are_dropped() -> None:
    said = ("山城\\ud83d水位回落", "\\udc00章山川", "河洲晚报\\ud83d")
    stream = read_stream(FOOT + LINKED_DATA % ('"NewsArticle"', *said), URL)
    article = read_article(stream)
    assert article is not None
    assert (article.title, article.authors, article.source) == ("山城水位回落", ["章山川"], "河洲晚报")
    assert read(FOOT + LINKED_DATA % ('"NewsArticle"', "", "\\ud83d", "\\ud83d\\ude00报")).source == "😀报"


def test_linked_data_in_lists_of_lists() -> None:
    deep = "[" * 500 + "{}, " * 20_000 + '{"@type": "Article", "articleSection": "国内"}' + "]" * 500
    assert read(f"{BODY}{FOOT}<script type='application/ld+json'>{deep}</script>").category == "国内"


MENU = "<ul><li><a href=/>首页</a><li><a href=/sh/>社会</a><li><a href=/gn/>国内</a></ul>"


@pytest.mark.parametrize(
    ("trail", "expected"),
    [
        ("<nav><a href=/>首页</a> / <a href=/gn/>国内</a></nav>", ["首页", "国内"]),
        ("<p><a href=/feeds>全部订阅</a> / <a href=/gn/>国内</a></p>", ["全部订阅", "国内"]),
        ("<ul><li><a href=/feeds>我的订阅</a><li><a href=/gn/>国内</a></ul>", ["我的订阅", "国内"]),
        ("<p>您的位置：<a href=/>首页</a> <a href=/gn/>国内</a></p>", ["首页", "国内"]),
        ("<p><a href=/>首页</a><i></i><a href=/gn/>国内</a><i></i></p>", ["首页", "国内"]),
        ("<p><a href=/>首页</a><i></i><a href=/gn/>国内</a><i></i>正文</p>", ["首页", "国内"]),
        ("<p><a href=/>我的订阅</a> <i></i> <a href=/gn/>国内</a></p>", ["我的订阅", "国内"]),
        ("<p><a href=/>我的订阅</a> <a href=/gn/>国内</a></p>", ["我的订阅", "国内"]),
        ("<p><a href=/feeds>我的订阅</a> <a href=/gn/>国内</a></p>", []),
        ("<p><a href=/>快照网</a> <a href=/sh/>社会</a> <a href=/gn/>国内</a></p>", []),
        ("<p><a href=/>首页</a> 通知 <a href=/gn/>国内</a></p>", []),
        ("<p><a href=/>首页</a> <a href=/xw>新闻</a> <a href=/xw/gn>国内</a></p>", ["首页", "新闻", "国内"]),
        (f"{MENU}<p><a href=/>首页</a><i></i><a href=/gn/>国内</a></p>", ["首页", "国内"]),
        (f"{MENU}<ul><li><a href=/>首页</a><li><a href=/gn/>国内</a></ul>", ["首页", "国内"]),
        (
            f"{MENU}<p><a href=/>首页</a><i></i><a href=/xw/>新闻</a><i></i><a href=/gn/>国内</a></p>",
            ["首页", "新闻", "国内"],
        ),
        (MENU, []),
        ("<div><a href=/>首页</a> <a href=/sh/>社会</a> <a href=/gn/>国内</a></div>", []),
        ("<div><a href=/>首页</a> <a href=/gn/>国内</a> <a href=/sh/>社会</a></div>", []),
        ("<ul><li><a href=/>首页</a><li><a href=/gn/>国内</a><li><a href=/sh/>社会</a></ul>", []),
        (
            "<b><ul><li><a href=/m/>推荐</a><li><a href=/m/sh/>社会</a><li><a href=/m/gn/>国内</a></ul></b>",
            [],
        ),
        (
            "<ul><li><a href=/>首页</a><li><a href=/g/>国际</a><li><a href=/w/>文体</a><li><a href=/a>关于",
            [],
        ),
        (
            "<nav><a href=/>首页</a> / <a href=/g/>国</a> / <a href=/c/>财经</a> / <a href=/w/>文</a></nav>",
            [],
        ),
    ],
)
def test_trails_and_menus(trail: str, expected: list[str]) -> None:
    article = read(f"{META}{BODY}{FOOT}", f"{trail}<h1>山城水位回落通航恢复</h1>")
    assert [link.title for link in article.breadcrumbs] == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            "<h3>更多关于国内的资讯:</h3><ul><li><a href=/gn/5.html>江北新桥通车首日</a></ul>",
            ["江北新桥通车首日"],
        ),
        ("<p>更多关于<a href=/gn/>国内</a>的资讯:</p>", ["国内"]),
        ("【更多关于国内的资讯】<br/>·<a href=/gn/5.html>江北新桥通车首日</a><br/>", ["江北新桥通车首日"]),
        ("■ 更多国内新闻<br/>·<a href=/gn/5.html>江北新桥通车首日</a><br/>", ["江北新桥通车首日"]),
        ("<p>更多关于国内的资讯:</p><div><a href=/help>帮助</a> 快照网 资讯查询</div>", []),
        ("<p>更多关于国内的资讯:</p><p>--------</p><p><a href=/w/>回到快照网的首页去</a></p>", []),
    ],
)
def test_more_of_the_category(more: str, expected: list[str]) -> None:
    assert [link.title for link in read(f"{META}{BODY}{FOOT}{RELATED}{more}").more] == expected


@pytest.mark.parametrize("author", ["章山川", ""])
def test_labels_and_values_in_cells_without_colons(author: str) -> None:
    cells = "<tr><td>类&nbsp;&nbsp;别</td><td>国内</td><td>发布时间</td><td>2025-01-08 16:55:00</td></tr>"
    cells += f"<tr><td>来&nbsp;&nbsp;源</td><td>山城网</td><td>作&nbsp;&nbsp;者</td><td>{author}</td></tr>"
    article = read(f"<table>{cells}</table>{BODY}{FOOT}")
    assert texts(article) == TEXTS
    assert (article.category, article.source, article.bylines) == (
        "国内",
        "山城网",
        [author] if author else [],
    )


@pytest.mark.parametrize("published", ["发稿于: 2025-01-08 16:55", "撰于：</span><span>2025-01-08 16:55"])
def test_unknown_labels_are_no_part_of_the_value_before(published: str) -> None:
    meta = f"<span>分类：<a href=/sh/>社会</a></span> <span>{published}</span> <span>来源：柳荫网</span> "
    article = read(f"<div>{meta}<span>朗读者：许清禾</span></div>{BODY}{FOOT}")
    assert (article.category, article.published_raw, article.source, article.bylines, texts(article)) == (
        "社会",
        "2025-01-08 16:55",
        "柳荫网",
        [],
        TEXTS,
    )


INDEX = (
    "<tr><th>索引号：</th><td>379900000/2025-11</td><th>信息类别：</th><td>国内信息</td></tr>"
    "<tr><th>效力：</th><td>有效</td><th>发布日期：</th><td>2025年1月8日</td></tr>"
    "<tr><th>名称：</th><td colspan=3>山城水位回落通航恢复</td></tr>"
)
HEADING = "<h2>山城水位回落通航恢复</h2>"
LINE = (
    "<div><span>信息来源：山城日报</span><span>发布时间：2025-01-08 17:04</span><span>浏览次数：</span>"
    "<span>字号：[<a href=javascript:>大</a> <a href=javascript:>小</a>]</span></div>"
)


@pytest.mark.parametrize("around", [f"{HEADING}{LINE}", f"{LINE}{HEADING}"])
@pytest.mark.parametrize("table", [INDEX, INDEX.replace("th>", "td>"), INDEX.replace("发布日期", "成文处")])
def test_a_table_of_labels_above_the_headline_and_a_line_of_them(table: str, around: str) -> None:
    article = read(f"{around}{BODY}{FOOT}", f"<table>{table}</table>")
    assert (article.category, article.source, article.published_raw, texts(article)) == (
        "国内信息",
        "山城日报",
        "2025-01-08 17:04",
        TEXTS,
    )


def test_the_time_of_another_day_does_not_take_the_place_of_a_day() -> None:
    line = LINE.replace("01-08", "01-07")
    article = read(f"{HEADING}{line}{BODY}{FOOT}", f"<table>{INDEX}</table>")
    assert (article.published_raw, article.source, texts(article)) == ("2025年1月8日", "山城日报", TEXTS)


def test_a_time_that_begins_the_body_below_a_table_of_labels_is_a_part_of_it() -> None:
    event = "时间：2025年1月8日 9:00 地点：北码头"
    article = read(f"{HEADING}<p>{event}</p>{BODY}{FOOT}", f"<table>{INDEX}</table>")
    assert (article.published_raw, texts(article)) == ("2025年1月8日", [event, *TEXTS])


def test_the_labels_in_a_table_of_linked_articles_are_not_those_of_this_one() -> None:
    other = "<td><a href=/gn/9.html>南岭大桥主跨合龙</a></td><td>来源：南岭网</td><td>作者：章山川</td>"
    more = "<td>第一页</td><td>第二页</td><td>第三页</td>"
    article = read(f"{HEADING}{META}{BODY}{FOOT}", f"<table><tr>{other}</tr><tr>{more}</tr></table>")
    assert (article.source, article.bylines, texts(article)) == ("山城网", [], TEXTS)


@pytest.mark.parametrize("word", ["作者", "记者"])
@pytest.mark.parametrize("item", ["div", "li"])
def test_an_author_without_a_colon_in_a_list_of_labels_without_colons(word: str, item: str) -> None:
    rows = {"类别": "国内", "来源": "柳荫网", word: "柯晓澄 许清禾", "发布时间": "2025-01-08 16:55"}
    meta = "".join(f"<{item}><span>{key}</span><span>{value}</span></{item}>" for key, value in rows.items())
    article = read(f"<div>{meta}</div>{BODY}{FOOT}")
    assert (article.category, article.source, article.bylines, article.published_raw, texts(article)) == (
        "国内",
        "柳荫网",
        ["柯晓澄 许清禾"],
        "2025-01-08 16:55",
        TEXTS,
    )


@pytest.mark.parametrize("text", ["记者 在码头看到，水位昨日回落", "<b>记者</b> 在码头看到水位昨日回落"])
def test_a_paragraph_that_begins_with_the_word_reporter_names_nobody(text: str) -> None:
    article = read(f"<div>{META}<p>{text}</p></div>{BODY}{FOOT}")
    assert (article.bylines, texts(article)) == ([], [re.sub("<.*?>", "", text), *TEXTS])


@pytest.mark.parametrize("arrow", ["&gt;", "»", "›", "＞", ">>"])
def test_arrows_between_labels_are_no_part_of_a_value(arrow: str) -> None:
    meta = f"类别：<a href=/gn/>国内</a> {arrow} 发布时间：2025-01-08 {arrow} 来源：山城网 {arrow}"
    article = read(f"<p>{meta}</p>{BODY}{FOOT}")
    assert (article.category, article.source, article.published_raw) == ("国内", "山城网", "2025-01-08")


@pytest.mark.parametrize("colon", ["", "："])
def test_labels_in_brackets_of_their_own(colon: str) -> None:
    meta = (
        f"【类别】{colon}财经　【发布时间】{colon}2024年11月28日 09:05　【来源】{colon}江湾财经网　"
        f"【责任编辑】{colon}虞亦凡　<font>字体:[<a href='javascript:;'>大</a> 小]</font>"
    )
    article = read(f"<p>{meta}</p>{BODY}{FOOT}")
    assert (article.category, article.published_raw, article.source, article.editor) == (
        "财经",
        "2024年11月28日 09:05",
        "江湾财经网",
        "虞亦凡",
    )
    assert texts(article) == TEXTS


@pytest.mark.parametrize(
    "source",
    [
        "来源：山城网 <span>2034次浏览</span>",
        "来源：山城网 1234阅读",
        "来源：山城网 1.2万次阅读 作者：",
        "来源：山城网 36条评论",
        "来源：山城网 <i class=eye></i> 1234 <i class=comment></i> 2",
        "来源：<a href=http://shancheng-wang.example/>山城网</a><i>1234</i>",
        "来源：<img src=/logo.png>山城网",
        "来源：<img src=/logo.png> <a href=http://shancheng-wang.example/>山城网</a>",
        "（类别：国内 来源：山城网）",
        "（类别：国内 来源：山城网 ）",
        "〔类别：国内　来源：山城网〕",
    ],
)
def test_what_stands_around_a_source_is_no_part_of_it(source: str) -> None:
    article = read(f"<p>发布时间：2025-01-08 {source}</p>{BODY}{FOOT}")
    assert (article.source, article.published_raw, texts(article)) == ("山城网", "2025-01-08", TEXTS)
    assert [block.image_url for block in article.blocks] == [None, None]


@pytest.mark.parametrize(
    "source", ["央视新闻1+1", "山城日报（海外版）", "360 新闻", "山城卫视 24", "第1阅读"]
)
def test_brackets_and_numbers_of_a_source_stay(source: str) -> None:
    assert read(f"<p>发布时间：2025-01-08 来源：{source}</p>{BODY}{FOOT}").source == source


@pytest.mark.parametrize(
    "below",
    [
        "<img src=/1.jpg><br>山城水位昨日回落，轮渡恢复通航。",
        "<img src=/1.jpg><p>山城水位回落</p>",
        "<img src=/1.jpg><img src=/2.jpg>山城水位回落",
        "<br><img src=/1.jpg><br>图为山城码头<br>水位昨日回落",
    ],
)
def test_what_stands_below_a_picture_is_no_source(below: str) -> None:
    article = read(f"<div>类别：国内 发布时间：2025-01-08 来源：{below}</div>{BODY}{FOOT}")
    assert (article.source, article.blocks[0].image_url) == (None, "http://kuaizhao.example/1.jpg")


def test_labels_right_behind_values_and_sentences() -> None:
    foot = FOOT.replace("<p>", "").replace("</p>", "")
    article = read(
        f"<p>类别:国内发布时间:2025-01-08 16:55来源:山城网</p>{BODY}<p>{foot}信息原文地址:http://a.example/1</p>"
    )
    assert (article.category, article.published_raw, article.source) == ("国内", "2025-01-08 16:55", "山城网")
    assert (article.snapshot_raw, article.original) == (
        "2025-01-08 21:45:02",
        Original(None, "http://a.example/1"),
    )
    assert texts(article) == TEXTS
    assert article.footer is not None
    assert article.footer.disclaimer == "本站未对信息做任何修改，信息内容不代表本站立场。"
    assert article.footer.removal_notice == "本站信息快照查询为非营利公共服务，如有侵权请联系我们进行删除。"


@pytest.mark.parametrize(
    ("end", "editor", "text"),
    [
        ("（编辑 章山川）", "章山川", ""),
        ("(责编 章山川)", "章山川", ""),
        ("（责任编辑 章山川 李四水）", "章山川 李四水", ""),
        ("轮渡恢复了。（责编　章　川）", "章 川", "轮渡恢复了。"),
        ("【责任编辑：章山川】", "章山川", ""),
        ("轮渡恢复了。（编辑 2025年1月8日整理）", None, "轮渡恢复了。（编辑 2025年1月8日整理）"),
        (
            "轮渡恢复了。（编辑 根据山城网的报道综合整理而成）",
            None,
            "轮渡恢复了。（编辑 根据山城网的报道综合整理而成）",
        ),
        ("轮渡恢复了。（编辑部）", None, "轮渡恢复了。（编辑部）"),
    ],
)
def test_the_editor_in_brackets_at_the_end(end: str, editor: str | None, text: str) -> None:
    article = read(f"{META}<div><p>{TEXTS[0]}</p><p>{end}</p></div>{FOOT}")
    assert (article.editor, texts(article)) == (editor, [TEXTS[0], *([text] if text else [])])


@pytest.mark.parametrize("mark", [" / ", " | ", "｜", " · ", " <i class=clock></i> "])
def test_a_date_without_a_label_in_the_midst_of_the_row(mark: str) -> None:
    row = mark.join(["科技", "2025/03/12 16:05", "来源 山城网", "作者 章山川"])
    article = read(f"<p>{row}</p>{BODY}{FOOT}")
    assert (article.published_raw, article.source, texts(article)) == ("2025/03/12 16:05", "山城网", TEXTS)


def test_a_time_of_another_label_is_no_date_in_the_midst_of_the_row() -> None:
    article = read(f"<p>类别：科技 收录时间：2025-03-13 08:00 来源：山城网</p>{BODY}{FOOT}")
    assert (article.published_raw, article.source) == (None, "山城网")


HEAD_ROW = "<tr><td>类别<td>发布时间<td>来源"


@pytest.mark.parametrize(
    "rows",
    [
        f"{HEAD_ROW}<tr><td>国内<td>2025-01-08 16:55:00<td>山城晚报",
        "<thead><tr><th><b>类别：</b><th>发布时间：<th>来源：<tbody><tr>"
        "<td>国内<td>2025-01-08 16:55:00<td>山城晚报",
    ],
)
def test_labels_in_a_head_row_and_values_in_the_row_below(rows: str) -> None:
    article = read(f"<table>{rows}</table>{BODY}{FOOT}")
    assert (article.category, article.source, article.published_raw, texts(article)) == (
        "国内",
        "山城晚报",
        "2025-01-08 16:55:00",
        TEXTS,
    )


@pytest.mark.parametrize(
    "row",
    [
        "<td>国内<td>山城晚报",  # whose values these are, nobody can tell
        "<td>国内<td><td>山城晚报",
        "<td>国内<td>2025-01-08 16:55:00<td>山城晚报<td>章山川",
    ],
)
def test_a_head_row_without_as_many_values_has_none(row: str) -> None:
    article = read(f"<table>{HEAD_ROW}<tr>{row}</table>{BODY}{FOOT}")
    assert (article.category, article.source) == (None, None)


@pytest.mark.parametrize(
    "neighbours",
    [
        "<p>上一篇：<a href=/gn/8.html>江心洲候鸟数量创新高</a> 下一篇：没有了</p>",
        "<ul><li>上一篇：<a href=/gn/8.html>江心洲候鸟数量创新高</a></li><li>下一篇：没有了</li></ul>",
    ],
)
def test_the_neighbours_above_a_related_list_without_heading(neighbours: str) -> None:
    article = read(f"{META}{BODY}{FOOT}{neighbours}{RELATED}")
    assert [entry.title for entry in article.related] == ["南岭大桥主跨合龙"]


@pytest.mark.parametrize(
    "text", ["相关部门已介入。", "类似情况不在少数", "推荐名单已公布。", "最新情况通报", "今起分类投放"]
)
def test_a_short_text_is_no_heading_of_a_list(text: str) -> None:
    foot = FOOT.replace(
        "<p>快照", "<p>信息原文地址：<a href=http://b.example/1>http://b.example/1</a></p><p>快照"
    )
    body = BODY.replace("</div>", f"<p>{text}</p></div>")
    more = RELATED.replace("/2", "/3").replace("南岭", "江北").replace("...桥面", f"{text}</p><p>...桥面")
    article = read(f"{META}{body}{foot}<div>{more}{RELATED}</div>")
    assert texts(article) == [*TEXTS, text]
    assert [entry.title for entry in article.related] == ["江北大桥主跨合龙", "南岭大桥主跨合龙"]


@pytest.mark.parametrize(
    "heading",
    [
        "相关资讯",
        "【相关新闻】",
        "相关国内资讯：",
        "相关阅读 Related",
        "相关推荐 换一换",
        "推荐阅读",
        "延伸阅读 >>",
        "猜你喜欢",
        "为您推荐",
        "<b>相关资讯</b><div><a href=/gn/>更多&gt;&gt;</a></div>",
        "推荐阅读</p><p><a href=/gn/>查看更多</a>",
        "您可能感兴趣的文章",
        "類似報道",
    ],
)
def test_a_heading_of_the_related_list(heading: str) -> None:
    hot = RELATED.replace("/2", "/3").replace("南岭", "江北")
    article = read(f"{META}{BODY}{FOOT}<p>热门排行</p>{hot}<div><div><p>{heading}</p></div>{RELATED}</div>")
    assert [entry.title for entry in article.related] == ["南岭大桥主跨合龙"]


HOT = "<dl><dt>热点内容</dt><dd><a href=/gn/9.html>江心洲候鸟数量创新高</a></dd></dl>"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<div><div>{}</div></div><div><dl><dt>推荐内容<dd>{}</dl>{}</div>", []),
        ("<div><div>{0}</div></div><div>{2}<dl><dt>推薦內容<dd>{1}</dl></div>", []),
        ("<div>{2}<dl><dt>推荐文章<dd>{1}</dl></div><div>{0}</div>", []),
        ("<div><div>{}</div></div><div><dl><dt>推荐阅读<dd>{}</dl>{}</div>", ["南岭大桥主跨合龙"]),
        ("<div><div>{}</div></div><div><dl><dt>猜你喜欢<dd>{}</dl>{}</div>", ["南岭大桥主跨合龙"]),
        ("<div><div>{}</div></div><div><dl><dt>推荐内容<dd>{}</dl></div>", ["南岭大桥主跨合龙"]),
        ("<div>{}<dl><dt>推荐内容<dd>{}</dl>{}</div>", ["南岭大桥主跨合龙"]),
        ("<div><p>{}</p><h3>推荐内容</h3>{}<h3>热点</h3>{}</div>", ["南岭大桥主跨合龙"]),
    ],
)
def test_what_the_site_recommends_beside_an_article(page: str, expected: list[str]) -> None:
    article = read(page.format(META + BODY + FOOT, RELATED, HOT))
    assert [entry.title for entry in article.related] == expected


@pytest.mark.parametrize(
    "tools",
    [
        "<p>打印本页</p>",
        "<div>点赞</div>",
        "<div><div>点赞</div><div>收藏</div><div>分享</div></div>",
        "<p>点赞 收藏 分享</p>",
        "<div><p>顶一下</p><p>(0)</p><p>踩一下</p><p>(0)</p></div>",
        "<p>分享到：<a href=javascript:;>微信</a> <a href=http://weibo.example/share>微博</a></p>",
        "<p><a href=/print/1>打印</a> <a href=javascript:close()>关闭窗口</a></p>",
        "<p>標籤：<a href=/tag/1>渡口</a> <a href=/tag/2>水位</a></p><p>【列印】【關閉】</p>",
        "<p>上一篇：没有了</p><p>下一篇：<a href=/gn/8.html>江心洲候鸟数量创新高</a></p><p>返回列表</p>",
        "<p>上一篇文章：<a href=/gn/8.html>专家推荐：江心洲候鸟最佳观赏点</a></p><p>打印</p>",
        "<nav><p><a href=/gn/8.html>« 江心洲候鸟数量创新高</a></p><p><a href=/gn/7.html>夜校 »</a></nav>",
        "<p>打印</p><h3>看过本文的人还看了</h3>",
        "<p>打印</p><h3>同类资讯</h3>",
        "<p>广告</p><p><a href=http://ads.example/><img src=/ad.gif></a></p>",
    ],
)
@pytest.mark.parametrize("around", ["<div><div>{}</div>{}</div>", "<div>{}{}</div>"])
def test_the_tools_above_a_related_list_without_heading(tools: str, around: str) -> None:
    article = read(f"{around.format(META + BODY + FOOT, tools)}<div>{RELATED}</div>")
    assert [entry.title for entry in article.related] == ["南岭大桥主跨合龙"]


def test_a_short_title_in_a_list_without_heading() -> None:
    rows = (
        "<a href=/gn/2.html>南岭大桥主跨合龙</a><br><a href=/gn/3.html>夜校亮灯</a><br><a href=/help>帮助</a>"
    )
    article = read(f"{META}{BODY}{FOOT}<div>{rows}</div>")
    assert [entry.title for entry in article.related] == ["南岭大桥主跨合龙", "夜校亮灯"]


@pytest.mark.parametrize(
    "below",
    [
        "<p>打印本页</p><h3>热门排行</h3>",
        "<p>点赞</p><p>网友评论</p>",
        "<p>分享</p><p>编辑推荐</p>",
        "<p>打印</p><p>关于我们 版权所有</p>",
        "<p>收藏</p><aside>",
        "<p>收藏</p><h3>国内新闻</h3>",
        "<p>收藏</p><dl><dt>本地要闻<dd>",
        "<p>收藏</p><p>更多关于国内的资讯：</p>",
    ],
)
def test_what_stands_below_the_tools_and_is_no_related_list(below: str) -> None:
    assert read(f"{META}{BODY}{FOOT}{below}{RELATED}").related == []


@pytest.mark.parametrize(
    "host", ["http://KuaiZhao.Example", "//kuaizhao.EXAMPLE:80", "HTTP://kuaizhao.example."]
)
def test_a_related_link_may_spell_the_host_otherwise(host: str) -> None:
    article = read(
        f"{META}{BODY}{FOOT}<h3>相关资讯</h3><ul><li><a href={host}/gn/2.html>南岭大桥主跨合龙</a></ul>"
    )
    assert [entry.url for entry in article.related] == ["http://kuaizhao.example/gn/2.html"]


NOTICE = "以上内容为资讯信息快照，由kuaizhao.example爬虫采集"
TIME = "快照生成时间：2025-01-08 21:45:02"
TITLE = "<a href=/gn/2.html>南岭大桥主跨合龙</a>"


@pytest.mark.parametrize(
    "page",
    [
        f"<ul><li>{TITLE}<p>...山城渡口恢复通航。{NOTICE}</p><li><a href=/gn/3.html>江北夜校亮灯</a></ul>",
        f"<ul><li>{TITLE}<p>山城渡口恢复通航。 {NOTICE}</p><li><a href=/gn/3.html>江北夜校亮灯</a></ul>",
        f"<ul><li>{TITLE}<p>{NOTICE}</p><li><a href=/gn/3.html>江北夜校亮灯</a></ul>",
        f"<ul><li><a href=/gn/2.html><b>南岭大桥主跨合龙</b><p>{NOTICE}</p></a></ul><a href=/gn/>上一页</a>",
        f"<p>本站声明：以上内容为资讯信息快照</p><ul><li>{TITLE}</ul>",
        f"<p><b>本站声明：</b>以上内容为资讯信息快照</p><ul><li>{TITLE}</ul>",
        f"<ul><li>{TITLE}<p>{TIME}</p></ul><a href=/gn/>上一页</a>",
        f"<ul><li><p>{TIME}</p><h3>{TITLE} <small>01-08</small></h3></ul><a href=/gn/>上一页</a>",
        f"<table><tr><td>{TITLE}<td>{TIME}</table><a href=/gn/>上一页</a>",
    ],
)
def test_a_list_of_snapshots_is_no_article(page: str) -> None:
    assert not is_article(read_stream(f"<title>国内_快照网</title><h1>国内</h1>{page}", URL))


@pytest.mark.parametrize(
    "foot",
    [
        f"<p>{NOTICE}</p>",
        f"<p>【{NOTICE}】</p>",
        f"<p>两岸居民不再绕行。{NOTICE}</p>",
        f"<p>{TIME}</p>",
        f"<p>声明：{NOTICE}<br>{TIME}</p>",
        f"<div>{NOTICE}<br>信息原文地址：<a href=//other.example/1.html>http://other.example/1.html</a></div>",
        f"<dl><dt>{TIME}<dt>信息原文地址：<dd><a href='/go?to=http%3A%2F%2Fa.example'>点击查看原文</a></dl>",
        f"<p>{TIME}</p><p>类别：<a href=/gn/>国内新闻资讯</a></p>",
        f"<p>{TIME}</p><p>上一篇：{TITLE}</p>",
        f"<p>{TIME}</p><p><a href=/gn/>返回列表</a></p>",
        f"<p>{NOTICE}</p><p><a href=/>回到快照网的首页</a></p>",
    ],
)
@pytest.mark.parametrize("heading", ["<h1>山城水位回落通航恢复</h1>", "<b>山城水位回落通航恢复</b>"])
def test_a_page_with_a_notice_or_a_snapshot_time_of_its_own_is_an_article(heading: str, foot: str) -> None:
    stream = read_stream(f"<title>快照网</title><div>{heading}{BODY}{foot}</div>", URL)
    assert is_article(stream)


ROWS = "".join(
    f"<li><a href=/gn/{n}.html>山城渡口恢复通航第{n}班</a><p>...轮渡公司说，第{n}班船改在六点开</p>"
    f"<span>2025-01-0{n} 08:00:00</span>"
    for n in (2, 3, 4)
)
FRAME = (
    "<div><a href=/><img src=/logo.png></a><p>以上内容为资讯信息快照，由kuaizhao.example爬虫进行采集并收录，"
    "本站未对信息做任何修改，信息内容不代表本站立场。</p><p>本站信息快照查询为非营利公共服务，"
    "如有侵权请联系我们进行删除。</p><p>版权所有 山城快照网 山ICP备00000000号</p></div>"
)
LABELLED = ROWS.replace("<span>", "<span>来源：山城晚报 发布时间：")


@pytest.mark.parametrize("rows", [ROWS, LABELLED])
@pytest.mark.parametrize("layout", [f"{FRAME}<ul>%s</ul>", f"<ul>%s</ul>{FRAME}"])
def test_a_list_in_a_frame_that_prints_the_notice_is_no_article(layout: str, rows: str) -> None:
    page = f"<title>国内_快照网</title>{layout % f'<h1>国内</h1>{rows}'}<p><a href=/gn/2/>下一页</a></p>"
    assert not is_article(read_stream(page, URL))


@pytest.mark.parametrize(
    "own",
    [
        "<p>山城水位昨日回落，轮渡恢复通航。</p>",
        "<p><img src=/1.jpg></p>",
        "<p>来源：山城晚报</p>",
        "<p>快照生成时间：2025-01-08 21:45:02</p>",
        "<table><tr><td>站名<td>水位<tr><td>朝天门<td>168.2米</table>",
    ],
)
def test_whatever_an_article_has_of_its_own_makes_it_one_beside_a_list(own: str) -> None:
    page = f"<title>水位_快照网</title><h1>水位</h1>{own}<ul>{ROWS}</ul>{FRAME}"
    assert is_article(read_stream(page, URL))


def test_a_page_with_a_notice_and_nothing_else_is_an_article_unless_it_shows_a_list() -> None:
    few = ROWS.rpartition("<li>")[0]
    for rest in (few, ROWS.replace("2025-01-0", "第").replace(" 08:00:00", "班")):
        assert is_article(read_stream(f"<title>水位_快照网</title><h1>水位</h1>{FRAME}<ul>{rest}</ul>", URL))


def test_the_excerpt_of_another_article_is_no_footer() -> None:
    related = f"<div>{TITLE}<p>...山城渡口恢复通航。{NOTICE}</p></div>"
    article = read(f"{META}{BODY}<p>{TIME}</p>{related}<p><a href=/gn/>国内</a></p>")
    assert article.footer is None


@pytest.mark.parametrize("piece", ["a", "a.", "a-", "址"])
def test_a_long_run_without_an_address(piece: str) -> None:
    article = read(f"{META}{BODY}{FOOT}<p>快照 信息原文地址：{piece * (250_000 // len(piece))}</p>")
    assert article.original is None


def test_an_address_without_a_scheme() -> None:
    article = read(f"{META}{BODY}{FOOT}<p>信息原文地址：..shancheng-wang.example/a/1.html</p>")
    assert article.original == Original(None, "shancheng-wang.example/a/1.html")


@pytest.mark.parametrize(
    "labels", ["<p>阅读:1</p>" * 15_000, "<p>快照 " + "阅读:1 责编:x " * 9_000, "<p>责编:x" * 15_000]
)
def test_thousands_of_labels(labels: str) -> None:
    article = read(f"{META}{labels}<div>{BODY}</div>{FOOT}")
    assert (article.category, article.source, article.published_raw) == (
        "国内",
        "山城网",
        "2025-01-08 16:55:00",
    )
    assert texts(article)[-2:] == TEXTS


def test_thousands_of_headings_without_a_list() -> None:
    article = read(f"{META}{BODY}{FOOT}{'<p>相关<a href=/gn/3.html></a>' * 7_000}<p>推荐阅读</p>{RELATED}")
    assert [entry.title for entry in article.related] == ["南岭大桥主跨合龙"]


def test_a_collector_behind_a_long_run_of_words() -> None:
    words = "由" * 80 + "进行" * 40_000
    article = read(f"{META}{BODY}{FOOT.replace('由kuai', f'{words}由kuai')}{RELATED}")
    assert article.footer is not None
    assert article.footer.collector == "kuaizhao.example"
