"""The docs say what is: the record's table and example, the warnings, and the commands."""

import json
import os
import re
import shlex
import subprocess
import sys
from inspect import cleandoc
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from newsmirror.demo.articles import articles
from newsmirror.demo.server import DemoServer
from newsmirror.normalise.record import WARNINGS
from newsmirror.schema import article_schema
from newsmirror.spiders.arguments import NAMES

ROOT = Path(__file__).parent.parent
DOCS = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md")])
EXAMPLE = "http://demo.newsmirror.example/wenti/20250109/3027.html"


def type_name(schema: dict[str, Any]) -> str:
    """Name the type of a key as a reader of JSON would."""
    if "anyOf" in schema:
        return " or ".join(type_name(option) for option in schema["anyOf"])
    if "$ref" in schema:
        return f"[{schema['$ref'].rpartition('/')[2]}](#{schema['$ref'].rpartition('/')[2].lower()})"
    if "enum" in schema:
        return " / ".join(f"`{value}`" for value in schema["enum"])
    if schema["type"] == "array":
        return f"list of {type_name(schema['items'])}"
    return str(schema["type"])


ADDRESSES = """\
`url` is canonical: spellings that every server takes for one page are one. Scheme and host are in
lower case, the host in IDNA and without the default port, escapes and dot segments are resolved, and
parameters are sorted. Fragments, sessions (`;jsessionid=`) and parameters that only say where a reader
came from (`utm_source`, `spm`, `from=timeline` …; `newsmirror/normalise/urls.py` lists them) are left out.
Nothing else is joined: `http` and `https`, `www.`, and `/a/` and `/a/index.html` are two addresses. So an
article that moves, or stands under two addresses, is two articles; their `original_id` joins them."""


def record_page() -> str:
    """Render docs/record.md from the schema."""
    definitions = article_schema()["$defs"]
    parts = [
        "# The record, v1",
        "One JSON object a line: UTF-8, keys always present and in this order, one type each. Unknown is\n"
        "`null` or `[]`, never an empty string, never a guess. This page is checked against\n"
        "`newsmirror/items.py`.",
    ]
    for name in ["Article", *(name for name in definitions if name != "Article")]:
        definition = definitions[name]
        described = name == "Article"
        rows = ["| key | type | what |", "|---|---|---|"] if described else ["| key | type |", "|---|---|"]
        for key, schema in definition["properties"].items():
            row = f"| `{key}` | {type_name(schema)} |"
            rows.append(row + f" {schema['description']} |" if described else row)
        parts += [f"## {name}", cleandoc(definition["description"]), "\n".join(rows)]
    codes = "\n".join(f"| `{code}` | {meaning} |" for code, meaning in WARNINGS.items())
    parts += ["## Warnings", f"| code | meaning |\n|---|---|\n{codes}"]
    parts += ["## Addresses", ADDRESSES]
    parts += [
        "## Clocks",
        "Four clocks are kept apart: `published_at` ≤ `snapshot_at` ≤ `fetched_at`, and `first_seen_at`.\n"
        "Where the order does not hold a warning says so; nothing is repaired. Zeros below the precision\n"
        "that was printed are filling, not midnight.",
    ]
    return "\n\n".join(parts) + "\n"


def test_record_page_is_the_schema() -> None:
    page = ROOT / "docs" / "record.md"
    if not page.exists():
        page.write_text(record_page(), "utf-8")
        pytest.fail(f"{page} was written: read it before you commit it")
    assert page.read_text("utf-8") == record_page()


def cut(value: Any) -> Any:
    """Cut long strings, and lists to their first item, as the README shows them."""
    match value:
        case str() if len(value) > 60:
            return value[:56] + "…"
        case list():
            return [cut(item) for item in value[:1]]
        case dict():
            return {key: cut(item) for key, item in value.items()}
    return value


@pytest.fixture(scope="module")
def demo_feed(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    feed = tmp_path_factory.mktemp("docs") / "demo.jsonl"
    crawl = [sys.executable, "-m", "scrapy", "crawl", "demo", "-O", str(feed)]
    environment = {**os.environ, "NEWSMIRROR_DIR": str(feed.parent / "data")}
    subprocess.run(crawl, cwd=ROOT, env=environment, check=True, capture_output=True)
    return [json.loads(line) for line in feed.read_text("utf-8").splitlines()]


def test_readme_shows_a_real_record(demo_feed: list[dict[str, Any]]) -> None:
    example = re.search(r"```json\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert example is not None
    shown = json.loads(example[1])
    [record] = [record for record in demo_feed if record["url"] == EXAMPLE]
    clocks = {"fetched_at", "first_seen_at", "archive", "run_id"}
    assert list(shown) == list(record)
    assert {key: value for key, value in shown.items() if key not in clocks} == {
        key: value for key, value in cut(record).items() if key not in clocks
    }


def test_readme_tells_every_argument() -> None:
    told = re.findall(r"^\| `-a (\w+)=`", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert told == list(NAMES)


def test_links_between_the_docs_lead_somewhere() -> None:
    broken = [
        (page.name, target)
        for page in DOCS
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def commands(page: Path) -> list[str]:
    """Return the command lines of a page: indented lines that begin with a program of the project."""
    lines = re.findall(r"^(?: {4,7}|\t)(\S.*)$", page.read_text("utf-8"), re.MULTILINE)
    return [line for line in lines if line.split()[0] in ("scrapy", "make", "python")]


# Those of docs/health.md are run by test_health.py, which has a site that changes; `scrapy archive` by
# test_wacz.py, `scrapy takedown` and `scrapy as-of` by test_takedown_crawl.py.
CRAWLS = [
    line for page in DOCS for line in commands(page) if line.startswith("scrapy crawl") and " -O " in line
]
OTHERS = [line for page in DOCS for line in commands(page) if not line.startswith("scrapy crawl")]


def test_commands_are_found() -> None:
    assert {" ".join(line.split()[:3]) for line in OTHERS} == {
        "make crawl",
        "make test",
        "make scrapyd",
        "make deploy",
        'python -c "import',
        "scrapy genspider -t",
        "scrapy feed status",
        "scrapy feed verify",
        "scrapy feed read",
        "scrapy feed rebuild-ledger",
        "scrapy as-of 2025-01-08",
        "scrapy takedown http://td.fyun.cc/an-article.html",
        "scrapy archive export",
        "scrapy doctor",
        "scrapy doctor --scrapyd-conf",
        "scrapy schedule-run fyun",
        "scrapy explain http://td.fyun.cc/an-article.html",
        "scrapy runs",
        "scrapy reread",
        "scrapy reread --dry-run",
        "scrapy reread -s",
        "scrapy runs --site",
        "scrapy runs --html",
    }
    assert len(CRAWLS) == 2


@pytest.mark.parametrize("command", CRAWLS)
def test_crawls_run_as_written(command: str, tmp_path: Path) -> None:
    """The demo site stands in for the real one: its home page, or one of its articles."""
    with DemoServer() as server:
        command = command.replace(
            "http://td.fyun.cc/an-article.html", server.address + urlsplit(EXAMPLE).path
        )
        command = command.replace("http://td.fyun.cc/", server.address + "/")
        command = re.sub(r"-O (\S+)", rf"-O {tmp_path}/\1", command)
        polite_to_nobody = ["-s", "AUTOTHROTTLE_ENABLED=False", "-s", "DOWNLOAD_DELAY=0"]
        run = [sys.executable, "-m", *shlex.split(command), *polite_to_nobody]
        environment = {**os.environ, "NEWSMIRROR_DIR": str(tmp_path / "data")}
        subprocess.run(run, cwd=ROOT, env=environment, check=True, capture_output=True)
    [feed] = tmp_path.glob("*.jsonl")
    assert len(feed.read_text("utf-8").splitlines()) == (1 if "related=0" in command else len(articles()))


def test_make_targets_exist() -> None:
    for command in (line for line in OTHERS if line.startswith("make")):
        planned = subprocess.run([*shlex.split(command), "-n"], cwd=ROOT, capture_output=True, text=True)
        assert (command, planned.returncode, planned.stderr) == (command, 0, "")


def test_the_feed_is_read_as_written(demo_feed: list[dict[str, Any]], tmp_path: Path) -> None:
    [command] = [line for line in OTHERS if line.startswith("python")]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "demo.jsonl").write_text(
        json.dumps(demo_feed[0], ensure_ascii=False) + "\n", "utf-8"
    )
    run = [sys.executable, *shlex.split(command)[1:]]
    shown = subprocess.run(run, cwd=tmp_path, check=True, capture_output=True, encoding="utf-8")
    assert shown.stdout == demo_feed[0]["title"] + "\n"
