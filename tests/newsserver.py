"""A news snapshot site on loopback that keeps a log of its requests, and real crawls of it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock, Thread
from typing import Any, NamedTuple, Self

PROJECT = Path(__file__).parent.parent
POLITENESS_OFF = [
    *("-s", "AUTOTHROTTLE_ENABLED=False"),
    *("-s", "DOWNLOAD_DELAY=0"),
    *("-s", "NEWSMIRROR_RETRY_WAIT=0"),
]


class Page(NamedTuple):
    """An answer: in its text `{origin}` is the site, `{elsewhere}` the same host on another port."""

    text: str
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    location: str | None = None
    encoding: str = "utf-8"


def redirect(to: str) -> Page:
    return Page("", 302, location=to)


class Entry(NamedTuple):
    """A row of a list."""

    href: str
    title: str
    date: str = "2025-01-08 10:00:00"


def rows(entries: Sequence[Entry]) -> str:
    items = "".join(f'<li><a href="{e.href}">{e.title}</a> <span>{e.date}</span></li>' for e in entries)
    return f"<ul>{items}</ul>"


def listing(entries: Sequence[Entry], after: str = "", nav: str = "") -> Page:
    """A page of a category; `after` is the HTML of its pagination, `nav` that of its navigation."""
    return Page(
        '<!DOCTYPE html><html><head><meta charset="utf-8"><title>资讯列表</title></head><body>'
        f'<div><a href="/">首页</a> {nav}</div><div>{rows(entries)}</div><div>{after}</div></body></html>'
    )


BODY = (
    "河洲的读者早上读到{title}，纷纷来信说起自己的见闻。",
    "湿地管理处的贺知远说，水位比去年同期高出两指，白鹭也早到了九天。",
    "第三段只在这一页上印着，列表里、摘要里和日志里都找不到它。",
    "截至发稿时，渡口已经恢复通航，两岸的集市照常开张。",
)


def article(
    title: str,
    related: Sequence[Entry] = (),
    more: Sequence[Entry] = (),
    crumbs: str = "",
    body: Sequence[str] = BODY,
) -> Page:
    """A snapshot page whose body has sentences that stand nowhere else."""
    paragraphs = "\n".join(f"<p>{text.format(title=title)}</p>" for text in body)
    entries = "".join(
        f'<li><a href="{e.href}">{e.title}</a><p>...有关{e.title}的一段摘要，写在这里的是正文中间的话</p>'
        f"<span>{e.date}</span></li>"
        for e in related
    )
    return Page(f"""<!DOCTYPE html><html>
<head><meta charset="utf-8"><title>{title} - 河洲快照</title></head><body>
<div><a href="/">首页</a> &gt; {crumbs} &gt; 正文</div>
<h1>{title}</h1>
<div>类别：国内 发布时间：2025-01-08 10:00:00 来源：河洲晚报</div>
<div>{paragraphs}</div>
<p>责任编辑：贺兰溪</p>
<p>以上内容为资讯信息快照，由kz.hezhou.example爬虫进行采集并收录，本站未对信息做任何修改，信息内容不代表本站立场。</p>
<p>快照生成时间：2025-01-08 12:00:00</p>
<p>本站信息快照查询为非营利公共服务，如有侵权请联系我们进行删除。</p>
<p>信息原文地址：<a href="http://wb.hezhou.example/{title}">http://wb.hezhou.example/{title}</a></p>
<ul>{entries}</ul>
<h3>更多关于国内的资讯：</h3>
{rows(more)}
</body></html>""")


class NewsServer:
    """Serves pages by path on two ports; `log` names every request by its path, or elsewhere its address."""

    def __init__(self, pages: Mapping[str, Page]) -> None:
        self.pages = pages
        self.log: list[str] = []
        self._lock = Lock()
        self._servers = [ThreadingHTTPServer(("127.0.0.1", 0), self._handler()) for _ in range(2)]
        self.origin, self.elsewhere = (f"http://127.0.0.1:{server.server_port}" for server in self._servers)
        self.foreign = self.origin.replace("127.0.0.1", "localhost")

    def fill(self, text: str) -> str:
        """Put the addresses of this server into a text."""
        return (
            text.replace("{origin}", self.origin)
            .replace("{elsewhere}", self.elsewhere)
            .replace("{foreign}", self.foreign)
        )

    def strip(self, text: str) -> str:
        """Take the address of this server out of a text."""
        return text.replace(self.origin, "")

    def __enter__(self) -> Self:
        for server in self._servers:
            Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def do_GET(self) -> None:
                with site._lock:
                    site.log.append(site.strip(f"http://{self.headers['Host']}{self.path}"))
                page = site.pages.get(self.path, Page("没有这个页面", 404))
                body = site.fill(page.text).encode(page.encoding)
                self.send_response(page.status)
                self.send_header("Content-Type", page.content_type)
                self.send_header("Content-Length", str(len(body)))
                if page.location is not None:
                    self.send_header("Location", site.fill(page.location))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


@dataclass
class Run:
    """What a crawl left: its log on stderr, its feed, and the server's log, all without the origin."""

    code: int
    stdout: str
    stderr: str
    feed: str = ""
    log: list[str] = field(default_factory=list)

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.feed.splitlines()]

    @property
    def urls(self) -> list[str]:
        """The addresses of the records, sorted; none is left out if it is there twice."""
        return sorted(record["url"] for record in self.records)

    @property
    def requests(self) -> list[str]:
        """The requests, sorted, but for the one of robots.txt that opens every crawl."""
        assert not self.log or self.log[0] == "/robots.txt"
        return sorted(self.log[1:])

    @property
    def reasons(self) -> list[str]:
        """Why the run is not complete, as the log says."""
        told = (line.partition(" is not complete: ")[2] for line in self.stderr.splitlines())
        return [reason for reason in told if reason]

    @property
    def summary(self) -> str:
        return self.stderr.partition("[newsmirror.ops.summary] INFO: \n")[2]


def scrapy(*arguments: str, cwd: Path = PROJECT, kept: Path | None = None, timeout: float = 60) -> Run:
    """Run `scrapy` as a person does, except that a Python warning is an error.

    `kept`: the folder of ledger and feed; by default one that nothing was kept in before. `timeout` is in
    seconds.
    """
    with TemporaryDirectory() as nothing:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "scrapy", *arguments],
            cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False,
            env={**os.environ, "NEWSMIRROR_DIR": str(kept or nothing)},
        )  # fmt: skip
    return Run(done.returncode, done.stdout, done.stderr.replace(str(kept or nothing), "data"))


def crawl(
    folder: Path,
    pages: Mapping[str, Page],
    arguments: Mapping[str, str],
    options: Sequence[str] = (),
    spider: str = "anysite",
) -> Run:
    """Crawl a site of these pages; `{origin}` in an argument is its address."""
    feed = folder / "out.jsonl"
    with NewsServer(pages) as server:
        given = [part for name, value in arguments.items() for part in ("-a", f"{name}={server.fill(value)}")]
        run = scrapy("crawl", spider, *given, *POLITENESS_OFF, *options, "-O", str(feed))
        return Run(
            run.code,
            run.stdout,
            server.strip(run.stderr).replace(str(feed), "out.jsonl"),
            server.strip(feed.read_text("utf-8")) if feed.exists() else "",
            server.log,
        )
