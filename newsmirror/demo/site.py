"""The demo site as a function: a path goes in, a status with headers and bytes comes out."""

from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from html import escape
from importlib.resources import files
from string import Template
from typing import NamedTuple

from newsmirror.demo.articles import CATEGORIES, Article, Block, article, articles

__all__ = ["CATEGORIES", "HOST", "ORIGIN", "Article", "Block", "Related", "Response"]
__all__ += ["articles", "more", "paths", "related", "respond"]

HOST = "demo.newsmirror.example"
ORIGIN = f"http://{HOST}"

PER_PAGE = 10
MORE = 6
EXCERPT = 84

NOTICES = {
    "/about.html": (
        "关于我们",
        "本站是一个演示用的资讯信息快照站点，全部文章、人物、地名与机构均为虚构。",
        "站点只在本机运行，用来演示和检验采集流程，不对外提供服务。",
    ),
    "/login.html": ("登录", "演示站点不设账号，无需登录即可浏览全部资讯。"),
    "/subscriptions.html": ("我的订阅", "您还没有订阅任何栏目。请先登录，再从栏目页添加订阅。"),
    # robots.txt forbids this one and no page links to it: a mirror that asks for it has done wrong.
    "/admin/": ("管理后台", "此处仅供站点管理员使用。"),
}
"""The pages that are not news: path → title and paragraphs."""


class Response(NamedTuple):
    """An answer of the site; `headers` leaves the length to whoever sends it."""

    status: int
    headers: dict[str, str]
    body: bytes


class Related(NamedTuple):
    """One entry under an article, as printed; an entry may have lost its title."""

    path: str
    title: str | None
    excerpt: str
    published: str


def respond(path: str) -> Response:
    """Answer a path of the site; its query is ignored, and an unknown path gets the 404 page."""
    page = _routes().get(path.partition("?")[0])
    return page() if page else _not_found()


def paths() -> tuple[str, ...]:
    """Every path that the site answers with 200."""
    return tuple(_routes())


def related(of: Article) -> tuple[Related, ...]:
    """The related entries of an article, in the order of the page."""
    return tuple(_related(of, article(each)) for each in of.related)


def more(of: Article) -> tuple[Article, ...]:
    """The articles under 更多关于…的资讯: those published just before it; the newest follow the oldest."""
    same = _in_category(of.category)
    after = same.index(of) + 1
    return (same[after:] + same)[:MORE]


@cache
def _routes() -> dict[str, Callable[[], Response]]:
    routes: dict[str, Callable[[], Response]] = {
        "/": _home,
        "/robots.txt": partial(_ok, "text/plain", "User-agent: *\nDisallow: /admin/\n"),
        "/style.css": partial(_ok, "text/css", _data("style.css")),
    }
    routes |= {path: partial(_notice, *words) for path, words in NOTICES.items()}
    for category in CATEGORIES:
        pages = -(-len(_in_category(category)) // PER_PAGE)
        routes |= {
            _listing_path(category, n): partial(_listing, category, n, pages) for n in range(1, pages + 1)
        }
    for each in articles():
        routes[each.path] = partial(_article_page, each)
        routes |= {
            block.image_url: partial(_picture, block.image_url) for block in each.blocks if block.image_url
        }
    return routes


def _ok(kind: str, text: str) -> Response:
    return Response(200, {"Content-Type": f"{kind}; charset=utf-8"}, text.encode())


@cache
def _data(name: str) -> str:
    return files(__package__).joinpath("data", name).read_text("utf-8")


@cache
def _in_category(category: str) -> tuple[Article, ...]:
    return tuple(each for each in articles() if each.category == category)


def _listing_path(category: str, number: int) -> str:
    return f"/{CATEGORIES[category]}/" + (f"index_{number}.html" if number > 1 else "")


# Pages


def _home() -> Response:
    panels = "".join(
        f'<section class="panel"><h2><a href="{_listing_path(category, 1)}">{category}</a></h2>'
        f"{_rows(_in_category(category)[:5])}</section>"
        for category in CATEGORIES
    )
    latest = f'<section class="latest"><h1>最新资讯</h1>{_rows(articles()[:PER_PAGE])}</section>'
    return _page("资讯信息快照", None, f'{latest}<div class="panels">{panels}</div>')


def _listing(category: str, number: int, pages: int) -> Response:
    rows = _rows(_in_category(category)[(number - 1) * PER_PAGE : number * PER_PAGE])
    main = f"<h1>{category}资讯</h1>{rows}{_pager(category, number, pages)}"
    return _page(f"{category}资讯", category, main)


def _article_page(of: Article) -> Response:
    title = escape(of.title)
    blocks = "\n".join(_block(block, title) for block in of.blocks)
    editor = f'<p class="editor">责任编辑:{escape(of.editor)}</p>' if of.editor else ""
    address = escape(of.original_url or "")
    original = f'<a href="{address}" rel="nofollow">{address}</a>' if address else ""
    entries = "\n".join(_related_item(entry) for entry in related(of))
    main = f"""<article>
<h1>{title}</h1>
<p class="meta">
<span>类别:{of.category}</span>
<span>发布时间:{of.published}</span>
<span>来源:{escape(of.source or "")}</span>
</p>
<div class="content">
{blocks}
{editor}
</div>
</article>
<section class="snapshot">
<p>以上内容为资讯信息快照,由{HOST}爬虫进行采集并收录,本站未对信息做任何修改,信息内容不代表本站立场。</p>
<p>快照生成时间:{of.snapshot}</p>
<p>本站信息快照查询为非营利公共服务,如有侵权请联系我们进行删除。</p>
<p>信息原文地址:{original}</p>
</section>
<ul class="related">
{entries}
</ul>
<section class="more">
<h2>更多关于{of.category}的资讯:</h2>
{_rows(more(of))}
</section>"""
    return _page(of.title, of.category, main)


def _notice(title: str, *paragraphs: str) -> Response:
    return _page(title, None, f"<h1>{title}</h1>" + "".join(f"<p>{words}</p>" for words in paragraphs))


def _not_found() -> Response:
    words = "您访问的页面不存在，或相关快照已被删除。"
    return _notice("页面不存在", words)._replace(status=404)


def _page(title: str, category: str | None, main: str) -> Response:
    crumb = f' › <a href="{_listing_path(category, 1)}">{category}</a>' if category else ""
    nav = "".join(f'<li><a href="{_listing_path(label, 1)}">{label}</a></li>' for label in CATEGORIES)
    frame = Template(_data("page.html"))
    return _ok("text/html", frame.substitute(title=escape(title), nav=nav, crumb=crumb, main=main))


# Parts of pages


def _rows(of: Iterable[Article]) -> str:
    rows = (
        f'<li><a href="{each.path}">{escape(each.title)}</a> <time>{each.published}</time></li>'
        for each in of
    )
    return f'<ul class="rows">{"".join(rows)}</ul>'


def _pager(category: str, number: int, pages: int) -> str:
    numbers = [(str(n), n) for n in range(1, pages + 1)]
    links = [("上一页", number - 1), *numbers, ("下一页", number + 1)]
    # The page one is on, and steps past either end, are words without a link.
    return '<nav class="pager">{}</nav>'.format(
        " ".join(
            f'<a href="{_listing_path(category, n)}">{label}</a>'
            if n != number and 1 <= n <= pages
            else f"<span>{label}</span>"
            for label, n in links
        )
    )


def _block(block: Block, alt: str) -> str:
    text = escape(block.text or "")
    match block.type:
        case "heading":
            return f"<h{block.level}>{text}</h{block.level}>"
        case "image":
            caption = f"<figcaption>{escape(block.caption)}</figcaption>" if block.caption else ""
            return f'<figure><img src="{block.image_url}" alt="{alt}">{caption}</figure>'
        case "table":
            return f"<table>{''.join(_table(block.rows))}</table>"
        case "paragraph":
            return f"<p>{text}</p>"


def _table(rows: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    for number, row in enumerate(rows):
        cell = "td" if number else "th"
        yield "<tr>" + "".join(f"<{cell}>{escape(words)}</{cell}>" for words in row) + "</tr>"


def _related(of: Article, other: Article) -> Related:
    # Sites of this kind cut the excerpt out of the middle of the text, and lose some of the titles.
    start = 3 + (of.id * 7 + other.id) % 40
    lost = (of.id + other.id) % 5 == 0
    excerpt = "..." + other.text[start : start + EXCERPT]
    return Related(other.path, None if lost else other.title, excerpt, other.published)


def _related_item(entry: Related) -> str:
    title = f"<h3>{escape(entry.title)}</h3>" if entry.title else ""
    return (
        f'<li><a href="{entry.path}">{title}<p>{escape(entry.excerpt)}</p></a>'
        f"<time>{entry.published}</time></li>"
    )


def _picture(path: str) -> Response:
    """Draw hills under a sun; the path alone decides their colour, so each article has its own."""
    hue = sum(path.encode()) * 37 % 360
    svg = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 60 960 400">
<rect width="960" height="480" fill="hsl({hue} 45% 86%)"/>
<circle cx="{200 + hue * 1.5:.0f}" cy="150" r="60" fill="hsl({(hue + 40) % 360} 80% 74%)"/>
<path d="M0 330 Q240 {180 + hue % 90} 480 320 T960 290 V480 H0Z" fill="hsl({hue} 35% 62%)"/>
<path d="M0 400 Q260 {290 + hue % 70} 520 390 T960 370 V480 H0Z" fill="hsl({hue} 38% 42%)"/>
</svg>
"""
    return _ok("image/svg+xml", svg)
