"""What an operator copies, and the page that says how: read by what reads it there, or by its rules."""

import ast
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest
from newsserver import PROJECT
from test_doctor import codes

DEPLOY = PROJECT / "deploy"
PAGE = (PROJECT / "docs/operations.md").read_text("utf-8")
UNITS = sorted((DEPLOY / "systemd").iterdir())


def run(*command: str | Path) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def unit(name: str) -> ConfigParser:
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((DEPLOY / "systemd" / name).read_text("utf-8"))
    return parser


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd to ask")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """With programs at the paths that they start, and an instance of each template."""
    for name in ("scrapy", "scrapyd"):
        program = tmp_path / ".venv-scrapyd/bin" / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text("#!/bin/sh\n", "utf-8")
        program.chmod(0o755)
    copies = [tmp_path / each.name.replace("@.", "@fyun.") for each in UNITS]
    for each, copy in zip(UNITS, copies, strict=True):
        copy.write_text(each.read_text("utf-8").replace("/srv/newsmirror", str(tmp_path)), "utf-8")
    assert run("systemd-analyze", "verify", *copies) == (0, "")


def test_units_and_cron_call_what_there_is() -> None:
    service, timer = unit("newsmirror@.service")["Service"], unit("newsmirror@.timer")["Timer"]
    assert service["ExecStart"] == "/srv/newsmirror/.venv-scrapyd/bin/scrapy schedule-run %i --slot 1d"
    assert (timer["OnCalendar"], timer["Persistent"]) == ("*-*-* 02:15", "true")
    scrapyd = unit("scrapyd.service")["Service"]
    assert scrapyd["EnvironmentFile"] == service["EnvironmentFile"] == "/etc/newsmirror/environment"
    # Where the checkout is, Python would find the package before the egg.
    assert scrapyd["WorkingDirectory"] == "/var/lib/scrapyd"
    lines = [
        line
        for line in (DEPLOY / "newsmirror.cron").read_text("utf-8").splitlines()
        if line and line[0] != "#"
    ]
    for line in lines:
        *when, user, command = line.split(maxsplit=6)
        assert (len(when), user) == (5, "newsmirror")
        assert all(re.fullmatch(r"\d+|\*", field) for field in when)
        assert command.endswith(" .venv-scrapyd/bin/scrapy schedule-run fyun --slot 1d")
        assert "%" not in command  # cron would end the line there
    assert len(lines) == 2


def test_the_environment_is_read_alike_by_systemd_docker_and_a_shell() -> None:
    lines = [line for line in (DEPLOY / "environment").read_text("utf-8").splitlines() if line]
    values = dict(line.split("=", 1) for line in lines if line[0] != "#")
    assert values == {
        "NEWSMIRROR_DIR": "/var/lib/newsmirror",
        "NEWSMIRROR_CONTACT": "",
        "SCRAPYD_USERNAME": "newsmirror",
        "SCRAPYD_PASSWORD": "",
    }
    assert all(shlex.split(value) == [value] for value in values.values() if value)


def test_scrapyd_stays_on_loopback_and_writes_by_absolute_path() -> None:
    parser = ConfigParser()
    parser.read_string((DEPLOY / "scrapyd.conf").read_text("utf-8"))
    section = parser["scrapyd"]
    assert (section["bind_address"], section["items_dir"], section["jobs_dir"]) == ("127.0.0.1", "", "")
    folders = [section[name] for name in section if name.endswith("_dir") and section[name]]
    assert folders == [f"/var/lib/scrapyd/{name}" for name in ("eggs", "logs", "dbs")]
    assert section.getint("max_proc") > 0
    assert "password" not in section


def test_the_container_is_linted() -> None:
    bin_ = Path(sys.executable).parent
    assert run(bin_ / "hadolint", DEPLOY / "Dockerfile") == (0, "")
    schema = [bin_ / "check-jsonschema", "--builtin-schema", "vendor.compose-spec"]
    assert run(*schema, DEPLOY / "docker-compose.yml") == (0, "ok -- validation done\n")


def test_what_the_container_copies_is_there() -> None:
    copied = re.findall(r"^COPY (.*) \S+$", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    named = [name for line in copied for name in line.split()]
    assert named
    assert [name for name in named if not (PROJECT / name).exists()] == []


def test_the_page_names_units_that_there_are() -> None:
    named = set(re.findall(r"[\w@]+\.(?:service|timer)\b", PAGE))
    assert {re.sub(r"@\w+", "@", name) for name in named} == {each.name for each in UNITS}


# ---- the tables of the page ------------------------------------------------------------------------------


def first_column(heading: str) -> list[str]:
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [
        text
        for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
        for text in re.findall(r"`([^`]+)`", row)
    ]


def test_every_finding_is_explained_once() -> None:
    told = first_column("What doctor finds")
    assert sorted(told) == sorted(codes())


def texts(tree: ast.AST) -> Iterator[str]:
    """Yield the texts of a module, `…` for what is put into them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.sub("%[rs]", "…", node.value)


def trees() -> Iterator[ast.AST]:
    for path in (PROJECT / "newsmirror").rglob("*.py"):
        yield ast.parse(path.read_text("utf-8"))


def test_every_count_of_the_summary_is_explained() -> None:
    written = {text for tree in trees() for text in texts(tree)}
    counted = {
        found[0] for text in written if (found := re.search(r"\b(?:chain_ended|skipped)/[a-z_]+$", text))
    }
    assert sorted(first_column("What the summary counts")) == sorted(counted)


@pytest.mark.parametrize("heading", ["What the log says", "What `scrapy schedule-run` says"])
def test_every_line_that_is_explained_is_written_somewhere(heading: str) -> None:
    written = [text for tree in trees() for text in texts(tree)]
    told = first_column(heading)
    assert told
    assert [line for line in told if not any(line in text for text in written)] == []


def test_every_error_of_the_log_is_explained() -> None:
    """Where the words are another's (`%s` alone), that one's message is."""
    logged = [
        next(texts(node.args[0]))
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("error", "warning", "critical")
        and ast.unparse(node.func.value) in ("logger", "self.logger")
    ]
    told = first_column("What the log says")
    assert len(logged) > 3
    assert [line for line in logged if line != "…" and line not in told] == []
