"""`scrapy <verb>`: list, genspider, a wrong name, and whether an installed package has all its files."""

import argparse
import ast
import subprocess
import sys
import tomllib
from importlib import import_module
from itertools import chain
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest
from newsserver import POLITENESS_OFF, PROJECT, Entry, NewsServer, article, listing, scrapy
from scrapy.commands import ScrapyCommand
from scrapy.settings import Settings, default_settings

from newsmirror import settings
from newsmirror.ops.command import ProjectCommand, unknown_option

SPIDERS = sorted(
    path.stem
    for path in (PROJECT / "newsmirror/spiders").glob("*.py")
    if path.stem not in ("__init__", "arguments", "base", "listed", "owed", "walk")
)
# Those that are not Scrapy's own, with something more.
OUR_COMMANDS = sorted(
    path.stem
    for path in (PROJECT / "newsmirror/commands").glob("*.py")
    if path.stem not in ("__init__", "crawl", "genspider")
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project, to write in."""
    copy = tmp_path / "project"
    copytree(PROJECT / "newsmirror", copy / "newsmirror", ignore=ignore_patterns("__pycache__"))
    for name in ("scrapy.cfg", "pyproject.toml"):
        (copy / name).write_bytes((PROJECT / name).read_bytes())
    (copy / "fixtures").mkdir()
    return copy


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if "__pycache__" not in path.parts}


def test_list() -> None:
    run = scrapy("list")
    assert (run.code, run.stdout, run.stderr) == (0, "\n".join(SPIDERS) + "\n", "")


def test_genspider_writes_a_spider_and_a_folder(project: Path) -> None:
    before = files(project)
    run = scrapy("genspider", "-t", "site", "hezhou", "kz.hezhou.example", cwd=project)
    assert run.code == 0
    assert run.stdout.splitlines() == [
        "Created spider 'hezhou' using template 'site' in module:",
        "  newsmirror.spiders.hezhou",
        f"Save its pages in {project}/fixtures/hezhou/<case>/ as docs/add-a-site.md says.",
    ]
    assert files(project) - before == {"newsmirror/spiders/hezhou.py", "fixtures/hezhou"}

    spider = project / "newsmirror/spiders/hezhou.py"
    text = spider.read_text("utf-8")
    assert len(text.splitlines()) <= 30
    (hezhou,) = (node for node in ast.parse(text).body if isinstance(node, ast.ClassDef))
    assert ast.unparse(hezhou.bases[0]) == "SnapshotSpider"
    assert [ast.unparse(node) for node in hezhou.body[1:]] == [
        "name = 'hezhou'",
        "start_urls = ['https://kz.hezhou.example']",
        "timezone = 'Asia/Shanghai'",
    ]
    for check in (["check"], ["format", "--check"]):
        ruff = subprocess.run(
            [sys.executable, "-m", "ruff", *check, "--no-cache", str(spider)],
            cwd=project, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ruff.returncode == 0, ruff.stdout
    assert scrapy("list", cwd=project).stdout.split() == sorted([*SPIDERS, "hezhou"])


def test_generated_spider_crawls_its_site(project: Path) -> None:
    pages = {
        "/": listing([Entry(f"/a/{n}.html", f"河洲新闻第{n}号：一件新鲜事") for n in (1, 2)]),
        "/a/1.html": article("河洲新闻第1号：一件新鲜事"),
        "/a/2.html": article("河洲新闻第2号：一件新鲜事"),
    }
    with NewsServer(pages) as server:
        assert scrapy("genspider", "-t", "site", "hezhou", server.origin + "/", cwd=project).code == 0
        run = scrapy("crawl", "hezhou", *POLITENESS_OFF, cwd=project)
        assert run.stderr.rpartition("INFO: \n")[2].splitlines()[0] == (
            "hezhou: 2 articles from 3 pages (finished)"
        )
        assert sorted(server.log) == ["/", "/a/1.html", "/a/2.html", "/robots.txt"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("anysite", "Spider 'anysite' already exists in module:"),
        ("newsmirror", "Cannot create a spider with the same name as your project"),
    ],
)
def test_genspider_that_cannot_write_leaves_nothing(project: Path, name: str, message: str) -> None:
    before = files(project)
    run = scrapy("genspider", "-t", "site", name, "kz.hezhou.example", cwd=project)
    assert message in run.stdout + run.stderr
    assert "Save its pages" not in run.stdout
    assert files(project) == before


def test_unknown_spider_is_named_with_those_there_are() -> None:
    run = scrapy("crawl", "hezhou")
    assert run.code == 2
    told = [line for line in run.stderr.splitlines() if "error: " in line]
    assert told == [f"__main__.py: error: no spider is named 'hezhou'; there are: {', '.join(SPIDERS)}"]
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("given", "named", "why"),
    [
        ("a-folder:jsonl", "a-folder", "Is a directory"),
        ("a-file/out.jsonl", "a-file/out.jsonl", "File exists"),
    ],
)
def test_records_that_cannot_be_written_are_told_before_the_first_request(
    tmp_path: Path, given: str, named: str, why: str
) -> None:
    (tmp_path / "a-folder").mkdir()
    (tmp_path / "a-file").touch()
    run = scrapy("crawl", "demo", "-O", f"{tmp_path}/{given}", kept=tmp_path / "kept")
    assert run.code == 2
    assert f"records cannot be written to {tmp_path}/{named}: {why}; name a file" in run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "kept").exists()


def test_package_data_takes_in_every_file_that_is_no_module() -> None:
    package = PROJECT / "newsmirror"
    configuration = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
    patterns = configuration["tool"]["setuptools"]["package-data"]["newsmirror"]
    taken = {pattern: set(filter(Path.is_file, package.glob(pattern))) for pattern in patterns}
    assert [pattern for pattern, found in taken.items() if not found] == []
    data = {
        path
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
    }
    assert set(chain.from_iterable(taken.values())) == data
    assert package / "templates/spiders/site.tmpl" in data
    assert package / "demo/data/articles.jsonl" in data


def test_every_folder_of_modules_is_a_package() -> None:
    modules = (PROJECT / "newsmirror").rglob("*.py")
    assert [
        folder for folder in {path.parent for path in modules} if not (folder / "__init__.py").is_file()
    ] == []


def test_remote_control_is_not_among_the_extensions() -> None:
    given = Settings()
    given.setmodule(settings)
    loaded = set(given.get_component_priority_dict_with_base("EXTENSIONS"))
    closed = {"scrapy.extensions.remote_control.RemoteControl", "scrapy.extensions.logstats.LogStats"}
    assert set(default_settings.EXTENSIONS_BASE) - loaded == closed


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("feed read --sicne=3", "'--sicne' is no option; did you mean --since?"),
        ("feed staus", "'staus' is none of: status, verify, read, rebuild-ledger"),
        ("feed", "name one of: status, verify, read, rebuild-ledger"),
        (
            "feed read 3",
            "'read' and '3' are 2 words: name one of: status, verify, read, rebuild-ledger",
        ),
        ("reread demo", "'demo' has no place here; write scrapy reread [--site SITE] [--dry-run]"),
        ("archive export --wcz a.wacz", "'--wcz' is no option; did you mean --wacz?"),
        ("as-of 2025-01-08 09:00", "'2025-01-08' and '09:00' are 2 words: name one date, such as 2025-01-08"),
        (
            "takedown --reason a letter http://a.example/1",
            "'letter' and 'http://a.example/1' are 2 words: name one address: that of the snapshot page, "
            "or of the original",
        ),
        (
            "runs demo",
            "'demo' has no place here; write scrapy runs [--site SITE] [--last N] [--html FILE]",
        ),
        ("runs --last 0", "--last 0: name a number from 1"),
        ("schedule-run demo -b 1", "'-b' is no option; there are: -a, --slot, --at, --url, --help"),
        (
            "crawl demo --related=0",
            "'demo' and '--related=0' are 2 words: name one spider; its arguments are written with -a, "
            "such as -a related=0",
        ),
    ],
)
def test_a_mistyped_word_is_named_with_the_cure(typed: str, told: str) -> None:
    run = scrapy(*typed.split())
    assert (run.code, run.stdout, run.stderr.splitlines()[-1]) == (2, "", f"__main__.py: error: {told}")


def options(command: ScrapyCommand) -> set[str]:
    command.settings = Settings()
    parser = argparse.ArgumentParser(conflict_handler="resolve")
    command.add_options(parser)
    return set(parser._option_string_actions)


@pytest.mark.parametrize("name", OUR_COMMANDS)
def test_the_syntax_of_a_command_names_all_its_options(name: str) -> None:
    command = import_module(f"newsmirror.commands.{name}").Command()
    assert isinstance(command, ProjectCommand)
    own = options(command) - options(Plain())
    assert unknown_option("-?", command.syntax()) == (
        f"'-?' is no option; there are: {', '.join([*sorted(own, key=command.syntax().index), '--help'])}"
    )


class Plain(ProjectCommand):
    """A command without options of its own."""

    def short_desc(self) -> str:
        return ""

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        pass
