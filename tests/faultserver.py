"""A site on loopback that misbehaves to order: every fault is really done on the wire.

A path has a script: a `Page`, an `Answer`, or a list of them given one after another, the last one for ever.
An `Answer` is a row of steps: bytes to send, a pause, an end. What is not scripted the traps are asked for:
functions that make up pages for addresses without end.
"""

import asyncio
import gzip
import socket
import struct
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from enum import Enum
from itertools import count, pairwise
from threading import Thread
from types import FunctionType
from typing import NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

from newsserver import Entry, Page, listing

# ---- what goes over the wire -----------------------------------------------------------------------------


class End(Enum):
    """How a connection ends that is not closed when all was sent."""

    RESET = "RST, as a crashed server or a firewall does"
    SILENCE = "nothing more is said until the client goes"


class Wait(NamedTuple):
    """A pause."""

    seconds: float


class Forever(NamedTuple):
    """Bytes that are sent again and again until the client goes."""

    chunk: bytes


# A function gives its bytes when their time has come.
Step = bytes | Wait | Forever | End | Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is done once a request was read; then the connection is closed."""

    steps: tuple[Step, ...]


def do(*steps: Step) -> Answer:
    return Answer(steps)


Script = Page | Answer | list[Page | Answer]
Trap = Callable[[str], Page | None]

HTML = "text/html; charset=utf-8"


def head(status: str = "200 OK", length: int | None = None, **headers: str) -> bytes:
    """The status line and the headers; `Content_Type` is written for Content-Type.

    A connection is for one request, else Twisted would ask again by itself where a kept one breaks.
    """
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    lines.append("Connection: close")
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def body(page: Page) -> bytes:
    return page.text.encode(page.encoding)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def answer(data: bytes, status: str = "200 OK", **headers: str) -> Answer:
    """Any bytes with their true length."""
    return do(head(status, len(data), **headers), data)


# ---- errors by status ------------------------------------------------------------------------------------


def status(code: int, retry_after: str | None = None) -> Answer:
    """An error page, as a server or the proxy before it sends it."""
    headers = {"Content_Type": HTML} | ({"Retry_After": retry_after} if retry_after is not None else {})
    return answer(b"<h1>%d</h1>" % code, f"{code} Whatever", **headers)


def busy_until(seconds: float) -> Answer:
    """An error whose Retry-After is a date, so many seconds (rounded down) from when it is sent."""

    def say() -> bytes:
        date = formatdate(time.time() + seconds, usegmt=True)
        return head("503 Busy", 0, Content_Type=HTML, Retry_After=date)

    return do(say)


NO_CONTENT = do(head("204 No Content"))
EMPTY = answer(b"", Content_Type=HTML)
SOFT_404 = Page("<title>提示信息</title><body><p>信息不存在或已删除</p><a href='/'>返回首页</a></body>")

# ---- connections that break ------------------------------------------------------------------------------

RESET = do(End.RESET)
RESET_IN_HEADERS = do(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Le", End.RESET)
CLOSED = do()
SILENT = do(End.SILENCE)
SILENT_AFTER_HEADERS = do(head(length=5000, Content_Type=HTML), End.SILENCE)


def reset_in_body(page: Page) -> Answer:
    """RST after half of the page. The pause lets the half arrive: a RST overtakes what was not read yet."""
    data = body(page)
    return do(head(length=len(data), Content_Type=HTML), data[: len(data) // 2], Wait(0.1), End.RESET)


def truncated(page: Page) -> Answer:
    """Half of the page, then FIN: Content-Length had promised all of it."""
    data = body(page)
    return do(head(length=len(data), Content_Type=HTML), data[: len(data) // 2])


def too_long(page: Page) -> Answer:
    """The whole page, with a Content-Length that promises more."""
    data = body(page)
    return do(head(length=len(data) + 100, Content_Type=HTML), data)


def too_short(page: Page, missing: int = 400) -> Answer:
    """The whole page, with a Content-Length that stops short of its end."""
    data = body(page)
    return do(head(length=len(data) - missing, Content_Type=HTML), data)


def unended_chunks(page: Page) -> Answer:
    """Chunks with half of the page, then FIN without the last chunk."""
    data = body(page)
    return do(head(Content_Type=HTML, Transfer_Encoding="chunked"), chunk(data[: len(data) // 2]))


def cut(page: Page, keep: float = 0.5) -> Answer:
    """Half of a page that ends with the connection: nothing on the wire says that more was to come."""
    data = body(page)
    return do(head(Content_Type=HTML), data[: int(len(data) * keep)])


def until_closed(page: Page) -> Answer:
    """A whole page that ends with the connection, as HTTP/1.0 servers send it."""
    return cut(page, 1.0)


def chunked(page: Page, size: int = 700) -> Answer:
    """A whole page in chunks."""
    data = body(page)
    parts = [chunk(data[start : start + size]) for start in range(0, len(data), size)]
    return do(head(Content_Type=HTML, Transfer_Encoding="chunked"), *parts, chunk(b""))


def drip(page: Page, seconds: float) -> Answer:
    """A byte at a time, a pause after each: never silent, never done."""
    data = body(page)
    steps = [step for byte in data for step in (bytes((byte,)), Wait(seconds))]
    return do(head(length=len(data), Content_Type=HTML), *steps)


def slow(page: Page, seconds: float) -> Answer:
    """A whole page after a while."""
    data = body(page)
    return do(Wait(seconds), head(length=len(data), Content_Type=HTML), data)


# ---- too much --------------------------------------------------------------------------------------------


def padded(page: Page, size: int) -> bytes:
    """The page and so many bytes of blanks in its body."""
    return body(page).replace(b"</body>", b" " * size + b"</body>")


def huge(page: Page, size: int = 50_000_000) -> Answer:
    """A page of 50 MB that says so."""
    return answer(padded(page, size), Content_Type=HTML)


def huge_unsaid(page: Page, size: int = 50_000_000) -> Answer:
    """A page of 50 MB in chunks: nobody knows before it is there."""
    return do(head(Content_Type=HTML, Transfer_Encoding="chunked"), chunk(padded(page, size)), chunk(b""))


def endless(page: Page) -> Answer:
    """A page whose body never ends."""
    start = body(page).partition(b"</body>")[0]
    return do(head(Content_Type=HTML), start, Forever("<p>又一段</p>".encode() * 2000))


def gzipped(page: Page) -> Answer:
    return answer(gzip.compress(body(page)), Content_Type=HTML, Content_Encoding="gzip")


def corrupt_gzip(page: Page) -> Answer:
    """A gzip stream with a broken byte in its midst and a wrong checksum."""
    data = bytearray(gzip.compress(body(page)))
    for place in range(len(data) // 2, len(data) // 2 + 20):
        data[place] ^= 0xFF
    return answer(bytes(data), Content_Type=HTML, Content_Encoding="gzip")


def unended_gzip(page: Page) -> Answer:
    """The first half of a gzip stream, with its true length: whole for HTTP, cut for gzip."""
    data = gzip.compress(body(page))
    return answer(data[: len(data) // 2], Content_Type=HTML, Content_Encoding="gzip")


def not_gzip(page: Page) -> Answer:
    """A plain page that calls itself gzip."""
    return answer(body(page), Content_Type=HTML, Content_Encoding="gzip")


def bomb(page: Page, megabytes: int = 2000) -> bytes:
    """A gzip stream of the page and so many MB of zeros: about a kilobyte for each MB."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = deflate.compress(body(page)) + deflate.flush(zlib.Z_FULL_FLUSH)
    # After a full flush the same input gives the same bytes again: one MB is enough to know all of them.
    million = deflate.compress(bytes(1_000_000)) + deflate.flush(zlib.Z_FULL_FLUSH)
    # Nobody who unpacks it to its end comes to the checksum.
    return b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + start + million * megabytes + b"\x03\0" + bytes(8)


def gzip_bomb(page: Page) -> Answer:
    """2 GB in 2 MB."""
    return answer(bomb(page), Content_Type=HTML, Content_Encoding="gzip")


def nested_bomb(page: Page) -> Answer:
    """2 GB in a few kB: the bomb is packed twice."""
    return answer(gzip.compress(bomb(page)), Content_Type=HTML, Content_Encoding="gzip, gzip")


# ---- redirects -------------------------------------------------------------------------------------------


def redirect_to(url: str, code: int = 302) -> Page:
    """A redirect; `{origin}` and the others as in every page."""
    return Page("", code, location=url)


def redirect_chain(path: str, hops: int, target: str) -> dict[str, Script]:
    """`path` leads to path-1, path-2 … and after so many hops to the target."""
    names = [path, *(f"{path}-{hop}" for hop in range(1, hops)), target]
    return {name: redirect_to(after) for name, after in pairwise(names)}


# ---- types and headers -----------------------------------------------------------------------------------

PNG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89" + bytes(range(256)) * 8
)


def typed(page: Page, content_type: str | None) -> Answer:
    """A page under another type, or under none."""
    return answer(body(page), **({"Content_Type": content_type} if content_type is not None else {}))


def with_header(page: Page, *lines: bytes) -> Answer:
    """A page with header lines as they are given."""
    data = body(page)
    extra = b"".join(line + b"\r\n" for line in lines)
    return do(head(length=len(data), Content_Type=HTML).removesuffix(b"\r\n") + extra + b"\r\n", data)


def eight_bit_headers(page: Page) -> Answer:
    """Header values in UTF-8 and in GBK, as old servers write file names and titles."""
    return with_header(page, "X-Title: 河洲".encode(), "X-Other: 河洲".encode("gbk"), b"X-Byte: \xff\x80")


def long_header(page: Page, size: int = 65_536) -> Answer:
    """A header line of 64 kB."""
    return with_header(page, b"X-Debug: " + b"x" * size)


def two_lengths(page: Page) -> Answer:
    """Content-Length twice, the same both times."""
    return with_header(page, b"Content-Length: %d" % len(body(page)))


def two_different_lengths(page: Page) -> Answer:
    """Content-Length twice, with two values."""
    return with_header(page, b"Content-Length: %d" % (len(body(page)) // 2))


def no_reason(page: Page) -> Answer:
    """A status line that ends after the number."""
    data = body(page)
    return do(head("200", len(data), Content_Type=HTML), data)


def no_headers(page: Page) -> Answer:
    """HTTP/0.9: the page and nothing else."""
    return do(body(page))


def robots(text: str) -> Page:
    return Page(text, content_type="text/plain")


# ---- traps -----------------------------------------------------------------------------------------------


def _page_number(target: str, path: str) -> int | None:
    """N of `path?page=N`, 1 of the bare path."""
    parts = urlsplit(target)
    number = parse_qs(parts.query).get("page", ["1"])[0]
    return int(number) if parts.path == path and number.isdigit() else None


def _next(href: str, text: str = "下一页") -> str:
    return f'<a href="{href}">{text}</a>'


def same_for_ever(path: str, entries: Sequence[Entry]) -> Trap:
    """Every page has a next page, and all show the same articles."""

    def respond(target: str) -> Page | None:
        number = _page_number(target, path)
        return number and listing(entries, _next(f"{path}?page={number + 1}"))

    return respond


def last_for_ever(path: str, pages: Sequence[Sequence[Entry]]) -> Trap:
    """What is asked for beyond the last page gives the last page again, with a link to the next one."""

    def respond(target: str) -> Page | None:
        number = _page_number(target, path)
        return number and listing(pages[min(number, len(pages)) - 1], _next(f"{path}?page={number + 1}"))

    return respond


def new_for_ever(path: str, real: Sequence[Entry], ghost: Page) -> Trap:
    """The first page shows real articles; every further one new links, and all of them give the ghost."""

    def respond(target: str) -> Page | None:
        if urlsplit(target).path.startswith(f"{path}ghost/"):
            return ghost
        number = _page_number(target, path)
        ghosts = [
            Entry(f"{path}ghost/{number}{row}.html", f"第{number}页的第{row}条旧新闻") for row in range(3)
        ]
        return number and listing(real if number == 1 else ghosts, _next(f"{path}?page={number + 1}"))

    return respond


def calendar(path: str, entries: Sequence[Entry]) -> Trap:
    """A page for every month there ever was and will be, each with its days and the same articles."""

    def respond(target: str) -> Page | None:
        parts = urlsplit(target).path.removeprefix(path).strip("/").split("/")
        if not target.startswith(path) or not all(part.isdigit() or not part for part in parts):
            return None
        year, month = (int(parts[0]), int(parts[1])) if len(parts) > 1 else (2025, 1)
        before = f"{path}{year - (month == 1)}/{(month - 2) % 12 + 1:02}/"
        after = f"{path}{year + (month == 12)}/{month % 12 + 1:02}/"
        days = "".join(
            f'<td><a href="{path}{year}/{month:02}/{day:02}/">{day}</a></td>' for day in range(1, 29)
        )
        grid = f"<table><tr>{days}</tr></table>"
        return listing(entries, f"{_next(before, '&lt;')} {year}年{month}月 {_next(after, '&gt;')} {grid}")

    return respond


def other_batch(path: str, entries: Sequence[Entry], size: int = 4) -> Trap:
    """换一批: the same articles in ever other order, under an ever other address."""
    numbers = count(1)

    def respond(target: str) -> Page | None:
        if urlsplit(target).path != path:
            return None
        number = next(numbers)
        shown = [entries[(number * 3 + place) % len(entries)] for place in range(size)]
        return listing(shown if "?" in target else entries, _next(f"{path}?batch={number}", "换一批"))

    return respond


def growing(path: str, entries: Sequence[Entry]) -> Trap:
    """A folder whose next page, and whose articles once more, are relative to it: a/, a/a/, a/a/a/ …"""
    names = {urlsplit(entry.href).path.rpartition("/")[2] for entry in entries}
    relative = [entry._replace(href=entry.href.rpartition("/")[2]) for entry in entries]

    def respond(target: str) -> Page | None:
        name = target.rpartition("/")[2]
        if not target.startswith(path) or (name and name not in names):
            return None
        if name:
            return SOFT_404
        return listing(entries if target == path else relative, _next("a/"))

    return respond


def many_names(names: Sequence[str], page: Page) -> dict[str, Script]:
    """One page under all of these names."""
    return dict.fromkeys(names, page)


# How links carry a value that is ever new, by their row: sessions of servers, and guards against caches.
_SESSIONS: tuple[Callable[[int], str], ...] = (
    lambda n: f";jsessionid={n:032X}",
    lambda n: f"?sid={zlib.crc32(b'%d' % n):08x}{n:024x}",
    lambda n: f"?PHPSESSID={zlib.crc32(b'%d' % n):08x}{n:018x}",
    lambda n: f"?t={1_736_300_000_000 + n * 977}",
    lambda n: f"?rnd=0.{zlib.crc32(b'%d' % n)}",
)


def with_sessions(path: str, entries: Sequence[Entry], pages: Mapping[str, Page], shown: int = 3) -> Trap:
    """A listing of some pages, every link of which carries a value that nobody has seen before.

    The articles are there whatever their address carries.
    """
    values = count(1)

    def respond(target: str) -> Page | None:
        bare = urlsplit(target).path.partition(";")[0]
        if bare in pages:
            return pages[bare]
        number = _page_number(target, path)
        if number is None:
            return None
        # The same articles on each page, under the addresses of this answer.
        rows = [
            entry._replace(href=entry.href + _SESSIONS[place % len(_SESSIONS)](next(values)))
            for place, entry in enumerate(entries)
        ]
        after = _next(f"{path}?page={number + 1}&sid={next(values):032x}") if number < shown else ""
        return listing(rows, after)

    return respond


# ---- the server ------------------------------------------------------------------------------------------


class Asked(NamedTuple):
    """A request: by its path, or elsewhere by its whole address; when, on a clock without a date."""

    url: str
    at: float
    headers: Mapping[str, str]


class FaultServer:
    """Serves scripts by path (with query) on two ports of 127.0.0.1; what was asked is in `log`, in order.

    `origin` is the site, `elsewhere` the same host on another port, `foreign` another name of the host: a
    request for one of the latter two is one too many. `robots.txt` is 404 unless it is scripted.
    """

    def __init__(self, scripts: Mapping[str, Script], *traps: Trap) -> None:
        self.traps = traps
        self.log: list[Asked] = []
        self.play(scripts)
        self._loop = asyncio.new_event_loop()
        self._sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self.origin, self.elsewhere = (f"http://127.0.0.1:{each.getsockname()[1]}" for each in self._sockets)
        self.foreign = self.origin.replace("127.0.0.1", "localhost")
        self._thread = Thread(target=self._serve, daemon=True)

    def play(self, scripts: Mapping[str, Script]) -> None:
        """Take these scripts from now on, each from its beginning."""
        self.scripts = scripts
        self._given: defaultdict[str, int] = defaultdict(int)

    @property
    def asked(self) -> list[str]:
        """What was asked, in order."""
        return [each.url for each in self.log]

    def fill(self, text: str) -> str:
        """Put the addresses of this server into a text."""
        for name in ("origin", "elsewhere", "foreign"):
            text = text.replace(f"{{{name}}}", getattr(self, name))
        return text

    def strip(self, text: str) -> str:
        """Take the address of this server out of a text."""
        return text.replace(self.origin, "")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        servers = [
            self._loop.run_until_complete(asyncio.start_server(self._talk, sock=each))
            for each in self._sockets
        ]
        self._loop.run_forever()
        for server in servers:
            server.close()
        talks = asyncio.all_tasks(self._loop)
        for talk in talks:
            talk.cancel()
        self._loop.run_until_complete(asyncio.gather(*talks, return_exceptions=True))
        self._loop.close()

    def _answer(self, url: str) -> Answer:
        script = self.scripts.get(url)
        if script is None:
            found = (page for trap in self.traps if (page := trap(url)) is not None)
            script = next(found, Page("没有这个页面", 404))
        if isinstance(script, list):
            self._given[url] += 1
            script = script[min(self._given[url], len(script)) - 1]
        return script if isinstance(script, Answer) else self._plain(script)

    def _plain(self, page: Page) -> Answer:
        headers = {"Content_Type": page.content_type}
        if page.location is not None:
            headers["Location"] = self.fill(page.location)
        data = self.fill(page.text).encode(page.encoding)
        return answer(data, f"{page.status} Whatever", **headers)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the request of a connection."""
        try:
            request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *fields = request.rstrip().split("\r\n")
            headers = dict(each.split(": ", 1) for each in fields)
            url = self.strip(f"http://{headers['Host']}{line.split()[1]}")
            self.log.append(Asked(url, time.monotonic(), headers))
            for step in self._answer(url).steps:
                await self._take(step, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has gone, or the server goes
        finally:
            writer.close()

    async def _take(self, step: Step, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match step:
            case bytes() | FunctionType():
                writer.write(step if isinstance(step, bytes) else step())
                await writer.drain()
            case Wait(seconds):
                await asyncio.sleep(seconds)
            case Forever(data):
                while True:
                    writer.write(data)
                    await writer.drain()
                    await asyncio.sleep(0)
            case End.SILENCE:
                await reader.read()
            case End.RESET:
                # Lingering for no time at all: close() throws away what was not sent, and sends a RST.
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
