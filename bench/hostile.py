"""What a hostile site costs, and whether anything is lost on it: one site twice, whole and broken.

    python bench/hostile.py

Both have the same 144 articles in six categories. Of the broken one a third of the addresses answer with an
error, a reset or a cut body first. It has articles that can never be had, links to this machine's files, to a
cloud's metadata and to other hosts, paths that robots.txt forbids, and three traps without end. Both are
crawled with the same settings. Exits with 1 if an article is missing, doubled or wrong, or if anything was
asked for that must not be.
"""

import gzip
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import faultserver as do
from faultserver import FaultServer, Script, Trap
from newsserver import BODY, POLITENESS_OFF, Entry, Page, article, listing, scrapy

CATEGORIES = {"gn": "国内", "gj": "国际", "cj": "财经", "ty": "体育", "kj": "科技", "wh": "文化"}
PAGES = 3
ROWS = 8
SETTINGS = [
    *POLITENESS_OFF,
    *("-s", "NEWSMIRROR_RETRY_WAIT=0.2"),
    *("-s", "DOWNLOAD_TIMEOUT=3"),
    *("-s", "DOWNLOAD_MAXSIZE=2000000"),
    # Whoever is caught in a trap ends here, and by that loses articles.
    *("-s", "CLOSESPIDER_PAGECOUNT=2000"),
]
ROBOTS = do.robots("User-agent: *\nDisallow: /private/\nDisallow: /search\n")
FORBIDDEN = ("/private/", "/search")


def entry(folder: str, number: int) -> Entry:
    return Entry(f"/{folder}/20250108/{number}.html", f"河洲{CATEGORIES[folder]}第{number}号：一件新鲜事")


ENTRIES = {
    folder: [entry(folder, place * 1000 + number) for number in range(PAGES * ROWS)]
    for place, folder in enumerate(CATEGORIES, 1)
}
# What no crawl may ask for, as links look on a page.
LURES = [
    Entry("http://169.254.169.254/latest/meta-data/", "云主机的元数据里写着今天的新闻"),
    Entry("file:///etc/passwd", "打开您自己电脑上的一个本地文件"),
    Entry("{elsewhere}/gn/20250108/1.html", "别的端口上的新闻不属于这个站点"),
    Entry("{foreign}/gn/20250108/2.html", "别的主机上的新闻不属于这个站点"),
    Entry("/private/20250108/3.html", "站长不愿意让爬虫读到的一条新闻"),
    Entry("/search?q=4", "站长不愿意让爬虫读到的一页结果"),
]
# Articles that can never be had, by the reason that each has to be given up with.
LOST: list[tuple[str, Script]] = [
    ("gone", do.status(404)),
    ("gone", do.status(410)),
    ("refused", do.status(403)),
    ("server_error", do.status(500)),
    ("unreachable", do.RESET),
    ("unreachable", do.SILENT),
    ("truncated", do.truncated(article("断了"))),
    ("too_large", do.endless(article("没完"))),
    ("too_large", do.nested_bomb(article("炸弹"))),
    ("redirect", do.redirect_to("/loop")),
    ("empty", do.EMPTY),
    ("soft_404", do.SOFT_404),
]
# Where the links lead that a trap makes up.
TRAP = "/ghost/"
LOST_ENTRIES = [entry("wh", 9000 + number) for number in range(len(LOST))]


def link(href: str, text: str) -> str:
    return f'<a href="{href}">{text}</a>'


def site(broken: bool) -> dict[str, Script]:
    """Return the pages of the site, whole or broken: in both the same articles are to be had."""
    nav = [link(f"/{folder}/", name) for folder, name in CATEGORIES.items()]
    if broken:
        nav += [link("/days/", "日历"), link("/batch/", "滚动"), link("/old/", "往期")]
    pages: dict[str, Script] = {"/": listing([], nav=" ".join(nav)), "/robots.txt": ROBOTS}
    for folder, entries in ENTRIES.items():
        for number in range(PAGES):
            rows = entries[number * ROWS : (number + 1) * ROWS]
            if broken:
                rows = [*rows, *LURES, *(LOST_ENTRIES if (folder, number) == ("wh", 0) else [])]
            after = link(f"/{folder}/{number + 2}.html", "下一页") if number + 1 < PAGES else ""
            pages[f"/{folder}/{number + 1 if number else ''}{'.html' if number else ''}"] = listing(
                rows, after
            )
        for place, each in enumerate(entries):
            pages[each.href] = article(
                each.title, [*entries[place - 3 : place], *(LURES if broken else [])], crumbs=nav[0]
            )
    if broken:
        pages |= {each.href: script for each, (_, script) in zip(LOST_ENTRIES, LOST, strict=True)}
        pages |= {"/loop": do.redirect_to("/loop"), **dict(faults(pages))}
    return pages


def faults(pages: dict[str, Script]) -> Iterator[tuple[str, Script]]:
    """Yield scripts for a third of the pages, which go wrong once or twice and then are fine."""
    chosen = random.Random(2025)
    for path, page in pages.items():
        if not isinstance(page, Page) or path == "/robots.txt" or chosen.random() > 1 / 3:
            continue
        wrong: list[Page | do.Answer] = chosen.choice(
            [
                [do.status(503)],
                [do.status(502), do.status(503)],
                [do.status(429, retry_after="1")],
                [do.RESET],
                [do.reset_in_body(page)],
                [do.truncated(page)],
                [do.unended_chunks(page)],
                [do.do(do.Wait(0.5), do.End.RESET)],
            ]
        )
        yield path, [*wrong, page]


def traps() -> list[Trap]:
    """Return a calendar, a 换一批 and pages with ever new links, in front of articles of 国内."""
    shown = ENTRIES["gn"][:5]
    return [
        do.calendar("/days/", shown),
        do.other_batch("/batch/", shown),
        do.new_for_ever("/old/", shown, do.SOFT_404),
    ]


def expected(origin: str) -> dict[str, dict[str, Any]]:
    """Return what the records must say, by address."""
    return {
        origin + each.href: {
            "title": each.title,
            "category": "国内",
            "source": "河洲晚报",
            "editor": "贺兰溪",
            "published_at": "2025-01-08T10:00:00+08:00",
            "snapshot_at": "2025-01-08T12:00:00+08:00",
            "body_text": "\n".join(text.format(title=each.title) for text in BODY),
            "warnings": [],
        }
        for entries in ENTRIES.values()
        for each in entries
    }


class Result(NamedTuple):
    """What a crawl of one of the two sites gave."""

    seconds: float
    expected: int
    missing: int
    doubled: int
    wrong: int
    asked: int
    foreign: int
    forbidden: int
    code: int
    rejected_in_traps: int
    rejects: Counter[str]

    @property
    def is_right(self) -> bool:
        return not (self.missing or self.doubled or self.wrong or self.foreign or self.forbidden or self.code)


def crawl(broken: bool) -> Result:
    """Crawl one of the two sites in a process of its own."""
    with (
        FaultServer(site(broken), *(traps() if broken else [])) as server,
        tempfile.TemporaryDirectory() as kept,
    ):
        out = Path(kept) / "out.jsonl"
        given = ["-a", f"start={server.origin}/", *SETTINGS, "-O", str(out)]
        started = time.monotonic()
        run = scrapy("crawl", "anysite", *given, kept=Path(kept), timeout=600)
        seconds = time.monotonic() - started
        records = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
        rejects = [
            json.loads(line)
            for part in (Path(kept) / "feed/v1/rejects").glob("*/*.gz")
            for line in gzip.decompress(part.read_bytes()).splitlines()
        ]
    truth = expected(server.origin)
    found = Counter(record["url"] for record in records)
    sent = int(run.stderr.partition("'downloader/request_count': ")[2].partition(",")[0])
    return Result(
        seconds,
        len(truth),
        missing=len(truth.keys() - found.keys()),
        doubled=found.total() - len(found),
        wrong=sum(
            {key: record[key] for key in truth[record["url"]]} != truth[record["url"]]
            if record["url"] in truth
            else True
            for record in records
        ),
        asked=len(server.log),
        # On another port or name, or sent to where this server does not see it.
        foreign=sum(not url.startswith("/") for url in server.asked) + sent - len(server.log),
        forbidden=sum(url.startswith(FORBIDDEN) for url in server.asked),
        code=run.code,
        rejected_in_traps=sum(TRAP in each["url"] for each in rejects),
        rejects=Counter(each["reason"] for each in rejects if TRAP not in each["url"]),
    )


def main() -> None:
    """Print the table."""
    whole, broken = crawl(False), crawl(True)
    print(f"{'':24}{'whole':>10}{'hostile':>10}")
    for name in Result._fields[:-1]:
        left, right = getattr(whole, name), getattr(broken, name)
        print(
            f"{name:24}{left:>10.1f}{right:>10.1f}"
            if name == "seconds"
            else f"{name:24}{left:>10}{right:>10}"
        )
    print(f"{'ratio of seconds':24}{'':>10}{broken.seconds / whole.seconds:>10.1f}")
    print("\nrejects by reason, of the hostile one (and as it should be)")
    planned = Counter(reason for reason, _ in LOST)
    for reason in sorted(planned | broken.rejects):
        print(f"  {reason:22}{broken.rejects[reason]:>10}{planned[reason]:>10}")
    sys.exit(0 if whole.is_right and broken.is_right else 1)


if __name__ == "__main__":
    main()
