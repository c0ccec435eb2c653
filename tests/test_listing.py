"""Listing and home pages: which links are entries, which is the next page, which are categories."""

import pytest

from newsmirror.items import Link
from newsmirror.reading.labels import HOME_WORDS
from newsmirror.reading.listing import Listing, read_listing, read_sections
from newsmirror.reading.stream import read_stream

HOST = "http://kuaizhao.example"
URL = f"{HOST}/gn/"
TITLES = ["山城水位回落通航恢复", "水城老街迎来新春灯会", "南岭茶园开采第一批春茶"]
ENTRIES = [(f"/a/{number}.html", title) for number, title in enumerate(TITLES)]
LIST = (
    "<ul>"
    + "".join(f"<li><a href={path}>{title}</a> <i>2025-01-08</i></li>" for path, title in ENTRIES)
    + "</ul>"
)
UNDATED = "<ul>" + "".join(f"<li><a href={path}>{title}</a></li>" for path, title in ENTRIES) + "</ul>"


CHOICES = "<option value=index.html>第1页<option value=list_2.html>第2页<option value=list_3.html>第3页"


def read(html: str, url: str = URL) -> Listing:
    return read_listing(read_stream(html, url))


def shown(listing: Listing) -> list[tuple[str, str | None]]:
    return [(entry.url.removeprefix(HOST), entry.title) for entry in listing.entries]


# ---- the next page ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "html",
    [
        "<a href=list_2.html>下一页</a>",
        "<a href=list_2.html>下页</a>",
        "<a href=list_2.html>下一頁</a>",
        "<a href=list_2.html>后一页</a>",
        "<a href=list_2.html>下 一 页</a>",
        "<a href=list_2.html>[下一页]</a>",
        "<a href=list_2.html>下一页 &gt;</a>",
        "<a href=list_2.html><span>下一页</span><i></i></a>",
        "<a href=list_2.html title='下一页'><i></i></a>",
        "<a href=list_2.html>Next</a>",
        "<a href=list_2.html>next page</a>",
        "<a href=list_2.html>加载更多</a>",
        "<a href=list_2.html>点击加载更多</a>",
        "<a href=list_2.html>&gt;</a>",
        "<a href=list_2.html>&gt;&gt;</a>",
        "<a href=list_2.html>›</a>",
        "<a href=list_2.html>»</a>",
        "<a href=list_2.html>→</a>",
        "<a href=javascript:; onclick=\"location.href='list_2.html'\">下一页</a>",
        "<a href=# onclick='window.location=\"/gn/list_2.html\";return false;'>下一页</a>",
        "<a onclick=\"window.open('list_2.html','_self')\">下一页</a>",
        "<a href=\"javascript:location.replace('list_2.html')\">下一页</a>",
        f"<select onchange='location=this.value'>{CHOICES}</select>",
        f"<select><option value=9>9</select><select>{CHOICES.replace('index', 'list_1')}</select>",
        "<select><option value=/gn/>1/3<option value=list_2.html>2/3<option value=list_3.html>3/3</select>",
        "<select><option value=1.html>第1页<option value=/gn/ selected>2<option value=list_2.html>3</select>",
        "<select><option value=1.html>1<option value=i.html selected>2<option value=list_2.html>3</select>",
        "<a rel=next href=list_2.html>2</a>",
        "<a rel='nofollow next' href=list_2.html>更早</a>",
        "<head><link rel=next href=list_2.html></head>",
        "<p>1 <a href=list_2.html>2</a> <a href=list_3.html>3</a></p>",
        "<p><b>1</b><a href=list_2.html>2</a><a href=list_3.html>3</a></p>",
        "<ul><li><span>1</span><li><a href=list_2.html>2</a><li><a href=list_3.html>3</a></ul>",
        "<p><a href=/gn/>1</a> <a href=list_2.html>2</a> <a href=list_3.html>3</a></p>",
        "<p><a href='#'>1</a> <a href=list_2.html>2</a></p>",
        "<p><a href=javascript:;>1</a> <a href=list_2.html>2</a></p>",
        "<p>第1页 <a href=list_2.html>第2页</a> <a href=list_3.html>第3页</a></p>",
        "<p>[1] [<a href=list_2.html>2</a>] [<a href=list_3.html>3</a>]</p>",
        "<p>共3页 1 <a href=list_2.html>2</a> <a href=list_3.html>3</a></p>",
        "<p>1/3 <a href=/gn/>首页</a> 上一页 <a href=list_2.html>下一页</a> <a href=list_3.html>尾页</a></p>",
        "<p>1 <a href=list_2.html>2</a> <a href=list_3.html>3</a> <a href=list_2.html>下一页</a></p>",
        "<p><a href=javascript:go(2)>下一页</a></p><p>1 <a href=list_2.html>2</a></p>",
        "<p><a href=/gn/>下一页</a></p><p>1 <a href=list_2.html>2</a></p>",
        "<head><link rel=next href=list_3.html></head><a href=list_2.html>下一页</a>",
        "<table><tr><td>7<td><a href=/day/2025-01-08.html>8</a></table><p>1 <a href=list_2.html>2</a></p>",
        "<p>7 <a href=/day/8.html>8</a> <a href=/month/2.html>&gt;</a></p><p>1 <a href=list_2.html>2</a></p>",
        "<p>7 <a href=/day/8.html>8</a> <a href=/month/2.html>&gt;</a></p><a href=list_2.html>&gt;</a>",
    ],
)
@pytest.mark.parametrize("above", [False, True])
def test_the_next_page_and_no_entry_of_its_own(html: str, above: bool) -> None:
    listing = read(html + LIST if above else LIST + html)
    assert listing.next_url == f"{URL}list_2.html"
    assert shown(listing) == ENTRIES


@pytest.mark.parametrize(
    ("url", "html", "following"),
    [
        ("/gn/list_2.html", "<a href=/gn/>1</a> 2 <a href=list_3.html>3</a>", "/gn/list_3.html"),
        (
            "/gn/list_2.html",
            "<a href=/gn/>1</a> <a href=list_2.html>2</a> <a href=list_3.html>3</a>",
            "/gn/list_3.html",
        ),
        ("/gn/list_2.html", "<a href=/gn/>&lt;</a> <a href=list_3.html>&gt;</a>", "/gn/list_3.html"),
        (
            "/gn/list_8.html",
            "<a href=list_9.html>1</a> <b>2</b> <a href=list_7.html>3</a>",
            "/gn/list_7.html",
        ),
        ("/gn/?p=2", "<a href=?p=1>1</a> <a href=?p=2>2</a> <a href=?p=3>3</a>", "/gn/?p=3"),
        ("/list?c=gn", "1 <a href='/list?c=gn&p=2'>2</a>", "/list?c=gn&p=2"),
        ("/gn", "1 <a href=/gn/2>2</a>", "/gn/2"),
        ("/", "1 <a href=/page/2>2</a>", "/page/2"),
        ("/gn/list_9.html", "8 <a href=list_9.html>9</a> <a href=list_10.html>10</a>", "/gn/list_10.html"),
        ("/gn/list_2.html", "1 2 <a href=list_9.html>9</a> <a href=/gn/>首页</a>", None),
    ],
)
def test_the_next_page_of_other_pages(url: str, html: str, following: str | None) -> None:
    expected = HOST + following if following is not None else None
    assert read(f"{LIST}<p>{html}</p>", HOST + url).next_url == expected


@pytest.mark.parametrize(
    "html",
    [
        "",
        "<p><a href=list_1.html>上一页</a> 下一页</p>",
        "<p><a href=list_1.html>1</a> <a href=list_2.html>2</a> 3</p>",
        "<p><a href=list_1.html>1</a> <a href=list_2.html>2</a> <a href=/gn/>3</a></p>",
        "<p><a href=list_1.html>1</a> <a href=list_2.html>2</a> <b>3</b> <a href=list_1.html>首页</a></p>",
        "<p><a href=javascript:go(2)>下一页</a></p>",
        "<p><a href='#'>下一页</a></p>",
        "<p><a href=/gn/>下一页</a> <a href='/gn/#list'>&gt;</a></p>",
        "<p><a>下一页</a></p>",
        "<head><link rel=next href='/gn/'></head>",
        "<table><tr><th>一<th>二<tr><td>7<td><a href=/day/2025-01-08.html>8</a></table>",
        "<p>7 <a href=/day/8.html>8</a> <a href=/month/2.html>&gt;</a></p>",
        "<p>1 <a href=list_3.html>3</a></p>",
        "<a href=javascript:; onclick=\"location.href='list_'+n+'.html'\">下一页</a>",
        "<a href=javascript:; onclick=\"if(n>2)location.href='list_2.html'\">下一页</a>",
        "<a href=javascript:; onclick=\"location.href=='list_2.html'\">下一页</a>",
        "<select><option value=1>第1页<option value=2>第2页</select>",
        "<select><option value=javascript:a.b>第1页<option value=javascript:c.d>第2页</select>",
        "<select><option value=a.html>国内<option value=b.html>国际</select>",
        "<select><option value=2025/>2025<option value=2026/>2024</select>",
        "<p><a href=/a/9.html>下一篇</a></p>",
        "<p>下一页：<a href=/a/0.html>山城水位回落通航恢复</a></p>",
    ],
)
def test_no_next_page(html: str) -> None:
    assert read(LIST + html).next_url is None


# ---- the pages behind -------------------------------------------------------------------------------------

NUMBERS = "".join(f" <a href=list_{number}.html>{number}</a>" for number in (2, 3, 4))


@pytest.mark.parametrize(
    ("html", "pages"),
    [
        (f"<p>1{NUMBERS} … <a href=list_9.html>尾页</a></p>", [2, 3, 4, 9]),
        (f"<p><a href=/gn/>1</a>{NUMBERS} <a href=list_2.html>下一页</a></p>", [2, 3, 4]),
        (f"<p>{NUMBERS} <a href=list_2.html>下一页</a></p>", [2, 3, 4]),
        (f"<p>{NUMBERS}</p><p>上一页 下一页</p>", []),  # which one this is, nobody says
        (f"<p>首頁 上一頁 1{NUMBERS} <a href=list_9.html>末頁</a></p>", [2, 3, 4, 9]),
        (f"<p>1{NUMBERS} <a href=list_9.html>...9</a></p>", [2, 3, 4, 9]),
        ("<ul><li>1<li><a href=list_2.html>2</a><li>…<li><a href=list_9.html>9</a></ul>", [2, 9]),
        ("<p>第1页 <a href=list_2.html>第2页</a> <a href=list_3.html>第3页</a></p>", [2, 3]),
        ("<p>1 <a href=list_2.html>2</a></p><i>下一页</i><p>1 <a href='list_2.html#top'>2</a></p>", [2]),
        ("<p><a href=list_2.html>下一页</a> <a href=list_9.html>[尾页]</a></p>", [9]),
        ("<p><a href=list_2.html>下一页</a> <a href=list_9.html>最后一页</a></p>", [9]),
        ("<p><a href=list_2.html>Next</a> <a href=list_9.html>Last »</a></p>", [9]),
        (f"<select>{CHOICES}</select>", [2, 3]),
        ("<select><option value=2025.html>2025<option value=2024.html>2024</select>", []),
        ("<p><a href=list_2.html>下一页</a></p>", []),
        ("<p>共1页 1 <a href=/gn/>尾页</a></p>", []),
        (NUMBERS, []),  # of what, nobody says
        ("<p>2025 <a href=2024.html>2024</a> <a href=2023.html>2023</a></p>", []),
        ("<p>7 <a href=2025-01-08.html>8</a> <a href=2025-01-09.html>9</a></p>", []),
        ("<p>9 <a href=202510/>10</a> <a href=202511/>11</a></p>", []),
        ("<p>7 <a href=/day/8.html>8</a></p>", []),
        ("<p>1 <a href=http://other.example/2.html>2</a> <a href=javascript:go(3)>3</a></p>", []),
        ("", []),
    ],
)
@pytest.mark.parametrize("above", [False, True])
def test_the_pages_that_a_page_promises(html: str, pages: list[int], above: bool) -> None:
    listing = read(html + LIST if above else LIST + html)
    assert listing.behind == [f"{URL}list_{number}.html" for number in pages]


def test_the_pages_that_a_page_in_the_midst_promises() -> None:
    html = "<a href=/gn/>1</a> <a href=list_2.html>2</a> 3 <a href=list_4.html>4</a> <a href=/gn/>首页</a>"
    assert read(LIST + html, f"{URL}list_3.html").behind == [f"{URL}list_4.html"]


def test_the_pages_of_a_day() -> None:
    html = "<p>1 <a href=/20250108/2.html>2</a></p><p>7 8 <a href=/20250109/>9</a></p>"
    assert read(LIST + html, f"{HOST}/20250108/").behind == [f"{HOST}/20250108/2.html"]


def test_the_ranks_of_articles_are_no_pages() -> None:
    ranks = "<ul>" + "".join(
        f"<li>{rank} <a href=/a/{rank}.html>{rank}</a> <a href=/a/{rank}.html>{title}</a></li>"
        for rank, title in enumerate(TITLES, 1)
    )
    assert read(ranks, f"{HOST}/").behind == []


# ---- entries ---------------------------------------------------------------------------------------------

FRAME = """
<header><a href=/>首页</a>
<a href=/login.php>登录</a> <a href=/user/register>立即注册成为会员享受服务</a></header>
<nav><a href=/gn/>国内</a> <a href=/gj/>国际新闻</a> <a href=/topic/2025/>新春走基层特别报道</a></nav>
{}
<p><a href=/gn/list_2.html>2</a> <a href=/gn/list_9.html>尾页</a> <a href=/gn/list_2.html>下一页</a></p>
<p><a href=javascript:top()>返回页面顶部位置</a> <a href=mailto:who@kuaizhao.example>给编辑部写信投稿</a></p>
<p><a href=/app.apk>下载山城快照手机客户端</a> <a href=/list.pdf>本年度快照目录全文</a></p>
<footer><a href=/about.html>关于我们</a>
<a href=/contact.html>联系我们</a> <a href=/map.html>网站地图</a></footer>
<p><a href=/beian>Copyright © 2025 山城快照 版权所有</a></p>
"""


@pytest.mark.parametrize("items", [LIST, UNDATED], ids=["dated", "undated"])
def test_the_frame_of_a_page_gives_no_entries(items: str) -> None:
    listing = read(FRAME.format(items))
    assert shown(listing) == ENTRIES
    assert listing.next_url == f"{URL}list_2.html"


@pytest.mark.parametrize(
    "link",
    [
        "<a href=/login>登录后查看更多山城新闻</a>",
        "<a href=/user/register.php>山城新闻会员注册页面</a>",
        "<a href=/passport/>山城新闻通行证管理页面</a>",
        "<a href=/a/9.jpg>山城水位回落的现场图片</a>",
        "<a href=/gn/>国内新闻快照全部列表</a>",
        "<a href='/gn/#top'>国内新闻快照全部列表</a>",
        "<a href=/>山城新闻快照网站首页</a>",
        "<a href=/about.html>关于我们</a>",
        "<a href=/about.html>关于本站</a>",
        "<a href=/a/9.html>2</a>",
        "<a href=/a/9.html>第12页</a>",
        "<a href=/a/9.html>上一篇：山城水位回落</a>",
        "<a href=javascript:open(9)>山城水位回落通航恢复</a>",
        "<a href=http://[>山城水位回落通航恢复</a>",
        "<a href=/gy/>版权所有 山城新闻快照</a>",
        "<a href=/jy/>国际</a>",
    ],
)
def test_no_entry(link: str) -> None:
    assert shown(read(f"{LIST}<div>{link}</div>")) == ENTRIES


# Headlines with a word of a site's frame in them.
WITH_A_FRAME_WORD = (
    "麦田里的“气象站长” 港口小站长的一天 招聘会来了三万人 广告牌下的修鞋匠 版权保护案宣判 "
    "下载一个春天 登录火星的六个月 投诉电话打通了 帮助中心来了新人 联系我们的那座桥 关于我们的老师 "
    "手机版春晚来了 隐私政策问答会 网站地图背后的人 设为首页的老人 关于防汛的通告"
).split()


@pytest.mark.parametrize("title", WITH_A_FRAME_WORD)
@pytest.mark.parametrize("item", ["<li><a href={}>{}</a> <i>01-08</i>", "<p><a href={}>{}</a></p>"])
def test_a_headline_that_holds_a_word_of_the_frame(title: str, item: str) -> None:
    path = "/topic/x-y.html"  # not the address of another entry's kind
    assert shown(read(LIST + item.format(path, title))) == [*ENTRIES, (path, title)]


@pytest.mark.parametrize("title", ["招聘信息", "版权声明", "关键词：扩内需", "联系我们", "备案号查询"])
def test_what_may_be_frame_is_an_entry_by_its_date_or_its_address(title: str) -> None:
    dated = f"<p><a href=/topic/x-y.html>{title}</a> 2025-01-08</p>"
    alike = f"<p><a href=/a/9.html>{title}</a></p>"
    other = f"<p><a href=/topic/x-y.html>{title}</a></p>"
    assert shown(read(LIST + dated)) == [*ENTRIES, ("/topic/x-y.html", title)]
    assert shown(read(LIST + alike)) == [*ENTRIES, ("/a/9.html", title)]
    assert shown(read(LIST + other)) == ENTRIES


@pytest.mark.parametrize(
    "title",
    (
        "站长统计 联系我们 关于我们 关于本站 招聘信息 网站地图 帮助中心 设为首页 隐私政策 广告服务 "
        "投诉电话 版权声明 违法和不良信息举报 不良信息举报电话 法律声明及隐私政策 我要投稿 2条评论 "
        "手机客户端下载 查看更多评论 返回网站首页 友情链接申请 會員註冊 聯繫我們 意見反饋 加入收藏 "
        "会员登录/注册 高级搜索 网上有害信息举报 收藏本页 阅读全文 查看详情 继续阅读全文"
    ).split(),
)
def test_a_link_of_the_frame_alone(title: str) -> None:
    link = f"<p><a href=/x-y.html>{title}</a></p>"
    assert shown(read(LIST + link)) == ENTRIES
    assert read(LIST + link).sections == []


def test_a_category_whose_name_holds_a_word_of_the_frame() -> None:
    names = ["评论", "招聘会", "数码下载站点评", "国际合作", "投诉曝光", "统计数据"]
    html = "".join(f"<a href=/{number}/>{name}</a> " for number, name in enumerate(names))
    assert [section.title for section in read(f"<nav>{html}</nav>{LIST}").sections] == names


@pytest.mark.parametrize(
    ("html", "more"),
    [
        pytest.param(
            "<p><a href=/a/9.html>大桥合龙</a></p>", [("/a/9.html", "大桥合龙")], id="short-of-their-shape"
        ),
        pytest.param("<p><a href=/gj/>国际</a></p>", [], id="short-of-another-shape"),
        pytest.param(
            "<p><a href=/topic/x>大桥合龙</a> 2025-01-08</p>",
            [("/topic/x", "大桥合龙")],
            id="short-but-dated",
        ),
        pytest.param(
            "<aside><a href=/a/9.html>河口大桥今日合龙</a></aside>",
            [("/a/9.html", "河口大桥今日合龙")],
            id="aside",
        ),
        pytest.param(
            "<p><a href=/a/9.html></a>……连日降雨之后，水位回落。</p>",
            [("/a/9.html", None)],
            id="without-a-title",
        ),
        pytest.param("<p><a href=/a/0.html>山城水位回落</a></p>", [], id="once-each"),
    ],
)
def test_further_entries(html: str, more: list[tuple[str, str | None]]) -> None:
    assert shown(read(LIST + html)) == ENTRIES + more


@pytest.mark.parametrize("text", ["本周天气晴好", "最新资讯", "随机抽查全部合格", "推荐", "24小时热点"])
@pytest.mark.parametrize(
    "row",
    [
        "<li><h3><a href={0}>{1}</a></h3><p>{2}</p></li>",
        "<li><p>{2}</p><a href={0}>{1}</a></li>",
        "<li><a href={0}><img src=/1.jpg></a><div><a href={0}>{1}</a><div>{2}</div></div></li>",
        "<li><a href={0}><div>{1}</div><div>{2}</div></a></li>",
    ],
)
def test_a_text_of_an_entry_heads_no_hot_list(text: str, row: str) -> None:
    texts = ["连日降雨之后水位回落。", text, "比去年早了六天左右。"]
    rows = "".join(row.format(*entry, line) for entry, line in zip(ENTRIES, texts, strict=True))
    assert shown(read(f"<div><ul>{rows}</ul></div>")) == ENTRIES


@pytest.mark.parametrize(
    "heading",
    [
        "<h3>热门文章</h3>",
        "<p>本周热点排行：</p>",
        "<div>【点击排行榜】</div>",
        "<div>国内热点 TOP10</div>",
        "<div>推荐阅读 <a href=/tj/>更多&gt;&gt;</a></div>",
        "<div><p>大家都在看</p><p><a href=/tj/>更多</a></p></div>",
    ],
)
def test_a_hot_list_beside_the_list_of_the_page(heading: str) -> None:
    hot = "<ul><li><a href=/a/8.html>江心洲候鸟数量创新高</a><li><a href=/a/9.html>北码头夜校亮灯</a></ul>"
    assert shown(read(f"<div>{LIST}</div><div>{heading}{hot}</div>")) == ENTRIES


PICTURES = "".join(f"<div><a href={path}><img src=/x.jpg alt={title}></a></div>" for path, title in ENTRIES)


def test_pictures_alone_are_entries_by_their_titles() -> None:
    banner = "<p><a href=/topic/2025/><img src=/x.jpg alt=新春走基层特别报道></a></p>"
    pictures = [(path, None) for path, _ in ENTRIES]
    assert shown(read(banner + PICTURES)) == pictures
    assert shown(read(banner + LIST.replace("/a/", "/a/1"))) == [
        (path.replace("/a/", "/a/1"), title) for path, title in ENTRIES
    ]
    assert shown(read(PICTURES[: PICTURES.index("/a/1")] + LIST.replace("/a/0", "/a/9")))[0] == pictures[0]
    assert read(PICTURES.replace("alt", "data-alt")).entries == []


def test_entries_come_in_the_order_of_the_page() -> None:
    html = f"<p><a href=/a/8.html>短讯</a></p>{LIST}<p><a href=/a/9.html>快讯</a></p>"
    assert shown(read(html)) == [("/a/8.html", "短讯"), *ENTRIES, ("/a/9.html", "快讯")]


def test_entries_keep_date_and_excerpt() -> None:
    html = (
        "<h3><a href=/a/1.html>河口大桥今日合龙</a></h3><p>大桥全长三千米，明年通车。</p><p>01-08 16:55</p>"
    )
    (entry,) = read(html).entries
    assert (entry.url, entry.title) == (f"{HOST}/a/1.html", "河口大桥今日合龙")
    assert (entry.excerpt, entry.published_raw) == ("大桥全长三千米，明年通车。", "01-08 16:55")


def test_an_empty_page_is_an_empty_listing() -> None:
    assert read("<p>没有内容</p>") == Listing([], None, [], None, False, [])


# ---- sections and home -----------------------------------------------------------------------------------


def test_sections_are_short_links_of_the_site() -> None:
    html = """
    <nav><a href=/>首页</a><a href=/gn/>国内</a><a href=/gj/list.html>国际新闻</a><a href=/login>登录</a>
    <a href=http://other.example/>友站</a><a href=/about/>关于我们</a><a href=/rss.xml>订阅</a></nav>
    <h2><a href=/sh/>社会</a></h2><a href='/gn/#top'>国内</a><a href=/gn/>国内新闻</a>
    <p><a href=/yl/>更多娱乐资讯</a></p>
    <a href=/x/>一</a><a href=/2.html>2</a><a href=/y/>这个名字长了一点点</a><a href=javascript:x>体育</a>
    """
    expected = [
        Link(f"{HOST}/gn/", "国内"),
        Link(f"{HOST}/gj/list.html", "国际新闻"),
        Link(f"{HOST}/sh/", "社会"),
        Link(f"{HOST}/yl/", "娱乐"),
    ]
    stream = read_stream(html, f"{HOST}/a/1.html")
    assert read_sections(stream) == expected
    assert read(html).sections == expected


def test_a_more_line_names_its_category() -> None:
    html = "<p><a href=/gn/>更多关于“国内”的资讯</a></p>"
    assert read(html, f"{HOST}/a/1.html").sections == [Link(f"{HOST}/gn/", "国内")]


@pytest.mark.parametrize("word", sorted(HOME_WORDS))
def test_the_link_to_the_home_page(word: str) -> None:
    listing = read(f"<p>您的位置：<a href=/main.asp>{word}</a> &gt; <a href=/gn/>国内</a></p>{LIST}")
    assert (listing.home_url, listing.is_home) == (f"{HOST}/main.asp", False)


@pytest.mark.parametrize(
    "html",
    [
        "<p><a href=/gn/>首页</a> 上一页 <a href=2.html>下一页</a> <a href=3.html>尾页</a></p>",
        "<p><a href=javascript:x>首页</a></p>",
        "<p>首页</p>",
    ],
)
def test_no_link_to_the_home_page(html: str) -> None:
    assert read(LIST + html).home_url is None


@pytest.mark.parametrize(
    ("path", "is_home"),
    [
        ("", True),
        ("/", True),
        ("/?from=1", True),
        ("/index.html", True),
        ("/default.aspx", True),
        ("/home.php", True),
        ("/main.asp", True),
        ("/main.asp#top", True),
        ("/gn/", False),
        ("/gn/index.html", False),
        ("/index_2.html", False),
        ("/indexes.html", False),
    ],
)
def test_is_home(path: str, is_home: bool) -> None:
    assert read(f"<a href=/main.asp>首页</a>{LIST}", HOST + path).is_home is is_home


@pytest.mark.parametrize(
    "link", ["<a href=/jj/>财经</a>", "<a href=/jj/>财经", "<a href=/jj/><b>财经</b></a> | "]
)
def test_thousands_of_links_on_one_line(link: str) -> None:
    listing = read(link * 8_000 + "<a href=list_2.html>下一页</a> <a href=/>首页</a>")
    sections = [Link(f"{HOST}/jj/", "财经")]
    assert listing == Listing([], f"{URL}list_2.html", sections, f"{HOST}/", False, [])


def test_thousands_of_hot_headings() -> None:
    hot = "<p>热门文章" * 4_000 + "<p><a href=/a/7.html>南岭大桥主跨合龙</a>"
    lists = f"<div>{hot}</div><h3>热门文章</h3>{UNDATED}" + "<h3>最新资讯</h3>" * 4_000
    listing = read(f"{lists}<h3>国内</h3><ul><li><a href=/a/9.html>江心洲候鸟数量创新高</a></ul>")
    assert shown(listing) == [("/a/9.html", "江心洲候鸟数量创新高")]
