"""What `scrapy doctor` finds: each finding provoked, with its cure, and nothing where nothing is wrong."""

import ast
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from feedmaker import House, record
from newsserver import PROJECT, scrapy
from scrapy.settings import Settings

from newsmirror.feed.manifest import read_index
from newsmirror.ledger import migrations
from newsmirror.ledger.errors import LedgerError
from newsmirror.ledger.processes import this_process
from newsmirror.ledger.state import look
from newsmirror.ops import doctor
from newsmirror.ops.doctor import (
    Finding,
    check_absolute,
    check_browser,
    check_contact,
    check_folder,
    check_ledger,
    check_scrapyd,
    check_space,
    check_versions,
    examine,
    read_scrapyd,
)

GIB = 2**30
# Whether a machine has these, no test can know.
OF_THE_MACHINE = {"no_browser", "disk_space"}
SOUND = {"username": "a", "password": "b", "jobstorage": "scrapyd.jobstorage.SqliteJobStorage"}
NODE = {"scrapyd": "1.6.0"}


def settings(kept: Path) -> Settings:
    return Settings({"NEWSMIRROR_DIR": str(kept), "NEWSMIRROR_CONTACT": "nobody@hezhou.example"})


def found(kept: Path, zones: Iterable[str] = ("Asia/Shanghai",)) -> list[Finding]:
    findings = examine(settings(kept), zones, "", None)
    return [finding for finding in findings if finding.code not in OF_THE_MACHINE]


def mirror(folder: Path) -> House:
    """A ledger and a feed as a complete run leaves them, with two records."""
    house = House(folder)
    house.begin("r1")
    house.accept(record("a", "r1"), record("b", "r1"))
    house.finish("r1")
    house.publish("r1")
    return house


def change(folder: Path, statement: str, *values: str) -> None:
    with sqlite3.connect(folder / "ledger.db") as connection:
        assert connection.execute(statement, values).rowcount == 1
    connection.close()


def test_nothing_is_wrong_and_nothing_is_made_where_nothing_is(tmp_path: Path) -> None:
    assert found(tmp_path / "kept") == []
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_wrong_after_a_run(tmp_path: Path) -> None:
    mirror(tmp_path).ledger.close()
    assert found(tmp_path) == []
    assert list(check_scrapyd(SOUND, NODE)) == []
    assert list(check_browser({"scrapy-playwright": "0.0.48"}, "/usr/bin/chromium")) == []
    assert list(check_space(tmp_path, 5 * GIB)) == []
    assert list(check_versions("lxml==6.1.3\nSQLAlchemy==2.1.9\n", {"lxml": "6.1.3"})) == []


# ---- one function for each finding -----------------------------------------------------------------------


def relative_path(folder: Path, patch: pytest.MonkeyPatch) -> Iterable[Finding]:
    return check_absolute(Settings({"NEWSMIRROR_DIR": "data"}), on_node=True)


def unwritable_folder(folder: Path, patch: pytest.MonkeyPatch) -> Iterable[Finding]:
    (folder / "file").touch()
    return found(folder / "file/kept")[:1]


def other_user(folder: Path, patch: pytest.MonkeyPatch) -> Iterable[Finding]:
    """The ledger is not looked at: it would be found damaged."""
    (folder / "ledger.db").write_text("no database", "utf-8")
    patch.setattr(os, "geteuid", lambda: folder.stat().st_uid + 1)
    return found(folder)


def disk_space(folder: Path, patch: pytest.MonkeyPatch) -> Iterable[Finding]:
    return check_space(folder, GIB // 4)


def ledger_unusable(folder: Path, patch: pytest.MonkeyPatch) -> Iterable[Finding]:
    (folder / "ledger.db").write_text("no database" * 100, "utf-8")
    return found(folder)


def ledger_older(folder: Path, patch: pytest.MonkeyPatch) -> Iterable[Finding]:
    mirror(folder).ledger.close()
    patch.setattr(migrations, "MIGRATIONS", [*migrations.MIGRATIONS, lambda connection: None])
    return found(folder)


def feed_unusable(folder: Path, patch: pytest.MonkeyPatch) -> Iterable[Finding]:
    mirror(folder).ledger.close()
    (folder / "feed/v1/index.json").write_text("{", "utf-8")
    return found(folder)


def feed_ahead(folder: Path, patch: pytest.MonkeyPatch) -> Iterable[Finding]:
    mirror(folder).ledger.close()
    (folder / "ledger.db").unlink()
    return found(folder)


def clock(folder: Path, patch: pytest.MonkeyPatch) -> Iterable[Finding]:
    house = mirror(folder)
    house.ledger.close()
    state, index = look(f"sqlite:///{folder / 'ledger.db'}"), read_index(house.storage)
    assert list(check_ledger(state, index, datetime.now(UTC))) == []
    return check_ledger(state, index, datetime(2020, 1, 1, tzinfo=UTC))


def run_lives(folder: Path, patch: pytest.MonkeyPatch) -> Iterable[Finding]:
    house = mirror(folder)
    house.begin("r2")
    house.ledger.close()
    return found(folder)


def run_died(folder: Path, patch: pytest.MonkeyPatch) -> Iterable[Finding]:
    run_lives(folder, patch)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    host, *_ = this_process().split(" ")
    change(folder, "UPDATE locks SET holder = ?", f"{host} {gone.pid} -")
    return found(folder)


def items_dir(folder: Path, patch: pytest.MonkeyPatch) -> Iterable[Finding]:
    return check_scrapyd({**SOUND, "items_dir": "items"}, NODE)


def jobs_dir(folder: Path, patch: pytest.MonkeyPatch) -> Iterable[Finding]:
    return check_scrapyd({**SOUND, "jobs_dir": "jobs"}, NODE)


def no_password(folder: Path, patch: pytest.MonkeyPatch) -> Iterable[Finding]:
    return check_scrapyd({**SOUND, "password": ""}, NODE)


def open_address(folder: Path, patch: pytest.MonkeyPatch) -> Iterable[Finding]:
    return check_scrapyd({**SOUND, "bind_address": "0.0.0.0"}, NODE)


def forgetful(folder: Path, patch: pytest.MonkeyPatch) -> Iterable[Finding]:
    return check_scrapyd({"username": "a", "password": "b"}, NODE)


def other_python(folder: Path, patch: pytest.MonkeyPatch) -> Iterable[Finding]:
    return check_scrapyd(SOUND, {})


def package_installed(folder: Path, patch: pytest.MonkeyPatch) -> Iterable[Finding]:
    return check_scrapyd(SOUND, {**NODE, "newsmirror": "0.1.0"})


def versions(folder: Path, patch: pytest.MonkeyPatch) -> Iterable[Finding]:
    return check_versions(
        "lxml==6.1.3\nSQLAlchemy==2.1.9\ngne==1\n", {"lxml": "6.0.0", "sqlalchemy": "2.1.9"}
    )


def no_contact(folder: Path, patch: pytest.MonkeyPatch) -> Iterable[Finding]:
    return check_contact("")


def no_browser(folder: Path, patch: pytest.MonkeyPatch) -> Iterable[Finding]:
    return check_browser({}, "/usr/bin/chromium")


def zone(folder: Path, patch: pytest.MonkeyPatch) -> Iterable[Finding]:
    return found(folder / "kept", ["Asia/Shanghai", "Asia/Hezhou"])


FINDINGS = [
    ("error", relative_path, "NEWSMIRROR_DIR: 'data' is relative"),
    ("error", unwritable_folder, "file/kept: Not a directory in "),
    ("error", other_user, "so the ledger was not looked at; run doctor as the user that Scrapyd runs as"),
    ("error", disk_space, "0.2 GiB are free"),
    ("error", ledger_unusable, "file is not a database; make a new one from the feed"),
    ("warning", ledger_older, "schema version 2, which the next run lifts to 3; back it up"),
    ("error", feed_unusable, "damaged: "),
    ("error", feed_ahead, "the feed is at seq 2, the ledger at 0"),
    ("error", clock, "by this clock it is 2020-01-01T00:00:00Z; set the clock"),
    ("warning", run_lives, "hezhou is being crawled by run r2 since "),
    ("warning", run_died, "run r2 of hezhou died; nothing is lost"),
    ("error", items_dir, "items_dir = items replaces"),
    ("error", jobs_dir, "jobs_dir = jobs makes"),
    ("error", no_password, "set SCRAPYD_USERNAME and SCRAPYD_PASSWORD"),
    ("warning", open_address, "bind_address = 0.0.0.0 shows Scrapyd to the network"),
    ("warning", forgetful, "set jobstorage = scrapyd.jobstorage.SqliteJobStorage"),
    ("warning", other_python, "run doctor with Scrapyd's Python"),
    ("error", package_installed, "newsmirror 0.1.0 is installed beside Scrapyd"),
    ("warning", versions, "not the versions that were tested: lxml 6.0.0 instead of 6.1.3; install"),
    ("warning", no_contact, "set NEWSMIRROR_CONTACT"),
    ("warning", no_browser, "scrapy-playwright is not installed"),
    ("error", zone, "the time zone Asia/Hezhou is unknown here"),
]


@pytest.mark.parametrize(("level", "provoke", "told"), FINDINGS, ids=[each[1].__name__ for each in FINDINGS])
def test_a_finding_is_told_with_its_cure(
    level: str, provoke: object, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(provoke)
    [finding] = set(provoke(tmp_path, monkeypatch))
    assert (finding.level, finding.code) == (level, provoke.__name__)
    assert told in finding.text
    what, _, cure = finding.text.rpartition("; ")
    assert what
    assert cure


def codes() -> set[str]:
    """Return the codes of all findings, as the source has them."""
    tree = ast.parse(Path(doctor.__file__).read_text("utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    made = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Finding"]
    return {ast.literal_eval(call.args[1]) for call in made}


def test_every_finding_is_provoked_here() -> None:
    assert {each[1].__name__ for each in FINDINGS} == codes()


def test_levels_depend_on_how_bad_it_is(tmp_path: Path) -> None:
    local = check_absolute(Settings({"NEWSMIRROR_DIR": "data"}), on_node=False)
    assert [finding.level for finding in local] == ["warning"]
    assert [finding.level for finding in check_space(tmp_path, GIB)] == ["warning"]


@pytest.mark.parametrize(
    ("given", "relative"),
    [
        ({"NEWSMIRROR_DIR": "data", "NEWSMIRROR_FEED_URI": "s3://b/feed"}, ["NEWSMIRROR_DIR"]),
        ({"NEWSMIRROR_DIR": "/d", "NEWSMIRROR_FEED_URI": "feed"}, ["NEWSMIRROR_FEED_URI"]),
        ({"NEWSMIRROR_DIR": "/d", "NEWSMIRROR_LEDGER_URL": "sqlite:///l.db"}, ["NEWSMIRROR_LEDGER_URL"]),
        ({"NEWSMIRROR_DIR": "/d", "NEWSMIRROR_LEDGER_URL": "postgresql://h/news"}, []),
        (
            {"NEWSMIRROR_FEED_URI": "/f", "NEWSMIRROR_LEDGER_URL": "sqlite:////l", "NEWSMIRROR_DIR": "d"},
            ["NEWSMIRROR_DIR"],  # where the archive is
        ),
        (
            {
                "NEWSMIRROR_FEED_URI": "/f",
                "NEWSMIRROR_LEDGER_URL": "sqlite:////l",
                "NEWSMIRROR_ARCHIVE": "off",
                "NEWSMIRROR_DIR": "d",
            },
            [],
        ),
        ({"NEWSMIRROR_DIR": None}, []),
    ],
)
def test_every_setting_that_is_used_is_absolute(given: dict[str, str], relative: list[str]) -> None:
    told = [finding.text.partition(":")[0] for finding in check_absolute(Settings(given), on_node=True)]
    assert told == relative


def test_errors_come_first(tmp_path: Path) -> None:
    findings = examine(Settings({"NEWSMIRROR_DIR": str(tmp_path / "kept")}), ["Asia/Hezhou"], "", {})
    levels = [finding.level for finding in findings]
    assert levels == sorted(levels)
    assert {"error", "warning"} == set(levels)


def test_a_newer_ledger_is_not_read_as_one_of_ours(tmp_path: Path) -> None:
    mirror(tmp_path).ledger.close()
    change(tmp_path, "UPDATE ledger_meta SET value = ? WHERE key = 'schema_version'", "7")
    with pytest.raises(LedgerError, match="schema version 7 is of a newer newsmirror"):
        look(f"sqlite:///{tmp_path / 'ledger.db'}")


def test_an_empty_database_is_no_ledger_yet(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").touch()
    assert look(f"sqlite:///{tmp_path / 'ledger.db'}") is None


# ---- scrapyd.conf ----------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _no_scrapyd_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("SCRAPYD_BIND_ADDRESS", "SCRAPYD_USERNAME", "SCRAPYD_PASSWORD"):
        monkeypatch.delenv(name, raising=False)


def test_scrapyd_is_read_as_it_reads_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_scrapyd(None) is None
    Path("scrapyd.conf").write_text("[scrapyd]\nusername = a\npassword = b\nitems_dir = i\n", "utf-8")
    assert read_scrapyd(None) == {"username": "a", "password": "b", "items_dir": "i", "bind_address": ""}
    Path("home").mkdir()
    Path("home/.scrapyd.conf").write_text("[scrapyd]\nitems_dir =\n", "utf-8")
    monkeypatch.setenv("SCRAPYD_PASSWORD", "c")
    assert read_scrapyd(None) == {"username": "a", "password": "c", "items_dir": "", "bind_address": ""}
    Path("other.conf").write_text("", "utf-8")
    assert read_scrapyd("other.conf") == {"username": "", "password": "c", "bind_address": ""}


def test_the_command_tells_and_counts(tmp_path: Path) -> None:
    run = scrapy("doctor", kept=tmp_path)
    assert (run.code, run.stderr) == (0, "")
    *_, counted, scrapyd = run.stdout.splitlines()
    assert counted.startswith("0 errors, ")
    assert scrapyd == "Scrapyd was not looked at: no scrapyd.conf is here; name one: --scrapyd-conf PATH"
    assert "warning: no_contact: " in run.stdout

    run = scrapy("doctor", "--scrapyd-conf", str(PROJECT / "deploy/scrapyd.conf"), kept=tmp_path)
    lines = run.stdout.splitlines()
    errors = [line.split(": ")[1] for line in lines if line.startswith("error: ")]
    assert (run.code, errors) == (1, ["no_password"])
    assert lines[-1] == f"1 errors, {len(lines) - 2} warnings"


@pytest.mark.parametrize(
    ("text", "told"),
    [(None, "No such file or directory: "), ("[scrapyd]\npassword = 5%\n", "'%' must be followed by")],
)
def test_a_configuration_that_cannot_be_read_is_told(tmp_path: Path, text: str | None, told: str) -> None:
    conf = tmp_path / "scrapyd.conf"
    if text is not None:
        conf.write_text(text, "utf-8")
    run = scrapy("doctor", "--scrapyd-conf", str(conf), kept=tmp_path)
    assert (run.code, run.stdout, told in run.stderr) == (2, "", True)
    assert "Traceback" not in run.stderr


def test_folders_are_judged_by_the_one_that_is_there(tmp_path: Path) -> None:
    """A folder that will be made may be anybody's; the one that it is made in needs to be written to."""
    assert [f.code for f in check_folder(tmp_path / "a/b", os.geteuid() + 1) if f.code != "disk_space"] == []
    assert [f.code for f in check_folder(tmp_path, os.geteuid() + 1) if f.code != "disk_space"] == [
        "other_user"
    ]
