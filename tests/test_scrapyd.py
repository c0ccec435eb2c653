"""Runs on a real Scrapyd: built, deployed, scheduled by a timer's command, cancelled, killed, doubled.

One node for all tests, as an operator has one: each test takes slots and pages of its own.
"""

import re
import shutil
import time
import zipfile
from collections.abc import Iterator
from importlib.util import source_from_cache
from typing import Any

import pytest
from newsserver import PROJECT, Entry, NewsServer, Page, article, listing
from node import SECRET, WHO, Node, hold_port

from newsmirror.demo.articles import articles
from newsmirror.feed import read
from newsmirror.feed.verify import verify
from newsmirror.ops.schedule import ScheduleError, Scrapyd, schedule_once

# The environment is there; a copy of the Makefile need not look whether it is the newest.
DEPLOY = ["make", "deploy", "--old-file=.venv-scrapyd/installed"]


def entries(letter: str, count: int) -> list[Entry]:
    return [
        Entry(f"/gn/20250108/{letter}{n}.html", f"河洲新闻第{letter}{n}号：一件新鲜事") for n in range(count)
    ]


def site(shown: list[Entry]) -> dict[str, Page]:
    return {"/gn/": listing(shown)} | {each.href: article(each.title) for each in shown}


@pytest.fixture(scope="module")
def hezhou() -> Iterator[NewsServer]:
    """A site whose spider takes half a second for each page."""
    with NewsServer({}) as server:
        yield server


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The node's, held for all its life: it is started more than once."""
    with hold_port() as held:
        yield held.getsockname()[1]


@pytest.fixture(scope="module")
def empty_node(tmp_path_factory: pytest.TempPathFactory, hezhou: NewsServer, port: int) -> Iterator[Node]:
    """A node that nothing was deployed to, with the spider of that site in its checkout alone."""
    node = Node(tmp_path_factory.mktemp("node"), port)
    spider = (node.checkout / "newsmirror/templates/spiders/site.tmpl").read_text("utf-8")
    for name, value in (
        ("$domain", "The site of these tests"),
        ("$classname", "HezhouSpider"),
        ("$name", "hezhou"),
        ("$url", hezhou.origin + "/gn/"),
    ):
        spider = spider.replace(name, value)
    spider += '    custom_settings = {"AUTOTHROTTLE_ENABLED": False, "DOWNLOAD_DELAY": 0.5}\n'
    (node.checkout / "newsmirror/spiders/hezhou.py").write_text(spider, "utf-8")
    node.start()
    yield node
    node.die()


def test_what_is_not_deployed_is_told(empty_node: Node) -> None:
    run = empty_node.schedule_run("demo")
    told = "Scrapyd says: project 'newsmirror' not found; deploy it first: make deploy\n"
    assert (run.code, run.stdout, run.stderr) == (1, "", told)


@pytest.fixture(scope="module")
def node(empty_node: Node) -> Node:
    """The node with the project deployed to it, as the docs say."""
    deployed = empty_node.run(*DEPLOY)
    assert (deployed.code, '"status": "ok"' in deployed.stderr) == (0, True), deployed
    return empty_node


# ---- what is deployed ------------------------------------------------------------------------------------


def test_the_egg_holds_the_package_and_nothing_else(node: Node) -> None:
    [egg] = (node.conf.parent / "eggs/newsmirror").glob("*.egg")
    with zipfile.ZipFile(egg) as archive:
        members = {name for name in archive.namelist() if not name.endswith("/")}
    described = {name for name in members if name.startswith("EGG-INFO/")}
    held = {
        source_from_cache(name) if "/__pycache__/" in name else name
        for name in members - described
    }  # fmt: skip
    assert held == {
        str(path.relative_to(node.checkout))
        for path in (node.checkout / "newsmirror").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {"newsmirror/commands/schedule-run.py", "newsmirror/spiders/hezhou.py"} < held
    assert {name.removeprefix("EGG-INFO/") for name in described if not name.endswith("zip-safe")} == {
        "PKG-INFO", "SOURCES.txt", "dependency_links.txt", "entry_points.txt", "requires.txt",
        "top_level.txt",
    }  # fmt: skip


def test_deploying_leaves_nothing_in_the_checkout(node: Node) -> None:
    left = {path.name for path in node.checkout.iterdir() if not path.name.endswith(".egg-info")}
    assert left == {
        ".venv-scrapyd", "LICENSE", "Makefile", "README.md", "constraints.txt", "deploy", "newsmirror",
        "pyproject.toml", "scrapy.cfg",
    }  # fmt: skip


def test_scrapyd_lists_the_spiders_of_the_egg(node: Node) -> None:
    assert node.ask("listspiders.json?project=newsmirror")["spiders"] == ["anysite", "demo", "fyun", "hezhou"]


def test_a_deployment_that_fails_says_so_by_its_exit_code(node: Node) -> None:
    wrong = node.run(*DEPLOY, SCRAPYD_PASSWORD="another")
    assert (wrong.code, "Deploy failed (401)" in wrong.stderr) == (2, True)
    # Scrapyd takes an egg that it cannot list the spiders of, so this one goes to another project.
    broken, config = node.checkout / "newsmirror/spiders/broken.py", node.checkout / "scrapy.cfg"
    kept = config.read_text("utf-8")
    broken.write_text("import nothing_of_this_name\n", "utf-8")
    config.write_text(kept.replace("project = newsmirror", "project = other"), "utf-8")
    try:
        refused = node.run(*DEPLOY)
    finally:
        broken.unlink()
        config.write_text(kept, "utf-8")
    assert (refused.code, "nothing_of_this_name" in refused.stderr) == (2, True)


# ---- runs ------------------------------------------------------------------------------------------------


def feed_of(node: Node, name: str, since: int = 0) -> list[dict[str, Any]]:
    assert verify(str(node.kept / "feed")) == []
    return [record for record in read(str(node.kept / "feed"), since) if record["site"] == name]


def runs_of(node: Node, name: str) -> list[dict[str, Any]]:
    return [manifest for manifest in node.manifests() if manifest["site"] == name]


def run_slots(node: Node, *jobs: str) -> None:
    """See that slots are run, by an earlier test or now."""
    for job in jobs:
        node.schedule(job)
        node.wait_for(job, "finished")


def test_a_slot_is_run_once_and_the_next_one_asks_for_listings_only(node: Node) -> None:
    first, second = "demo-1d-20250108T0000", "demo-1d-20250109T0000"
    run = node.schedule_run("demo", "--at", "2025-01-08T02:15")
    assert (run.code, run.stdout, run.stderr) == (0, f"{first}: scheduled\n", "")
    node.wait_for(first, "finished")
    verified = node.run("scrapy", "feed", "verify")
    assert (verified.code, verified.stderr) == (0, "")
    assert len(feed_of(node, "demo")) == len(articles())

    late = node.schedule_run("demo", "--at", "2025-01-08T23:59")
    assert (late.code, late.stdout, late.stderr) == (0, f"{first}: is finished already\n", "")
    assert node.schedule(second) is None
    node.wait_for(second, "finished")
    assert (node.jobs(first), node.jobs(second)) == (["finished"], ["finished"])
    whole, again = runs_of(node, "demo")
    assert (whole["complete"], whole["counts"]["new"]) == (True, len(articles()))
    assert (again["complete"], again["parts"], again["counts"]["new"]) == (True, [], 0)
    # What it asked for were pages that list the known ones.
    assert 0 < again["counts"]["pages"] <= whole["counts"]["pages"] - len(articles())
    assert len(feed_of(node, "demo")) == len(articles())


def test_two_timers_at_the_same_instant_make_one_job(node: Node) -> None:
    job = "demo-1d-20250112T0000"
    ask = ["scrapy", "schedule-run", "demo", "--at", "2025-01-12T02:15", "--url", node.url]
    both = [node.begin(*ask) for _ in range(2)]
    told = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum(line == f"{job}: scheduled\n" for line in told) == 1
    assert len(node.jobs(job)) == 1
    node.wait_for(job, "finished")


def test_scrapyd_cleans_its_own_logs_only(node: Node) -> None:
    """After three runs it has the logs of two: jobs_to_keep, and the one that it begins."""
    run_slots(node, "demo-1d-20250108T0000", "demo-1d-20250109T0000", "demo-1d-20250112T0000")
    logs = sorted(path.name for path in (node.conf.parent / "logs/newsmirror/demo").iterdir())
    assert logs == ["demo-1d-20250109T0000.log", "demo-1d-20250112T0000.log"]
    assert len(feed_of(node, "demo")) == len(articles())
    assert len(runs_of(node, "demo")) == 3


def asked_for(server: NewsServer) -> list[str]:
    return sorted(path for path in server.log if path.endswith(".html"))


def wait_for_articles(server: NewsServer, count: int) -> None:
    for _ in range(1200):
        if len(asked_for(server)) >= count:
            return
        time.sleep(0.05)
    raise AssertionError(server.log)


def test_a_dead_node_is_picked_up_by_the_next_slot(node: Node, hezhou: NewsServer) -> None:
    first, second = "hezhou-1d-20250108T0000", "hezhou-1d-20250109T0000"
    shown = entries("a", 4)
    hezhou.pages = site(shown)
    run_slots(node, "demo-1d-20250112T0000")
    node.schedule(first)
    wait_for_articles(hezhou, 2)
    node.die()
    [killed] = runs_of(node, "hezhou")
    assert (killed["complete"], killed["finished_at"]) == (False, None)

    node.start()
    # What was run before it died is known; what died with it may be run again.
    assert node.schedule("demo-1d-20250112T0000") == "finished"
    assert node.jobs(first) == []
    assert node.schedule(second) is None
    node.wait_for(second, "finished")
    died, whole = runs_of(node, "hezhou")
    assert (died["run_id"], died["close_reason"], died["complete"]) == (killed["run_id"], "died", False)
    assert (whole["close_reason"], whole["complete"]) == ("finished", True)
    published = sorted(
        record["fetched_url"].removeprefix(hezhou.origin) for record in feed_of(node, "hezhou")
    )
    assert published == sorted(each.href for each in shown)


def test_an_overlap_is_refused_and_a_cancelled_run_commits_what_it_has(
    node: Node, hezhou: NewsServer
) -> None:
    shown = entries("b", 40)
    hezhou.pages = site(shown)
    hezhou.log.clear()
    before = max(record["seq"] for record in read(str(node.kept / "feed")))
    running, later = "hezhou-6h-20250110T0000", "hezhou-6h-20250110T0600"
    assert node.schedule(running) is None
    wait_for_articles(hezhou, 3)

    refused = node.schedule_run("hezhou", "--slot", "6h", "--at", "2025-01-10T06:00")
    assert (refused.code, refused.stdout) == (1, "")
    assert refused.stderr == (
        f"{later} was not scheduled: job {running} of hezhou is not done. Wait for it or cancel it; if this "
        "is so each time, the slots are too short\n"
    )
    assert node.jobs(later) == []
    assert node.schedule(running) == "running"

    cancelled = node.ask("cancel.json", {"project": "newsmirror", "job": running, "signal": "TERM"})
    assert cancelled["prevstate"] == "running"
    node.wait_for(running, "finished")
    stopped = runs_of(node, "hezhou")[-1]
    assert (stopped["complete"], stopped["close_reason"]) == (False, "shutdown")
    published = feed_of(node, "hezhou", before)
    assert sorted(record["fetched_url"].removeprefix(hezhou.origin) for record in published) == asked_for(
        hezhou
    )
    assert 3 <= len(published) < len(shown)


# ---- what goes wrong -------------------------------------------------------------------------------------


@pytest.mark.parametrize("password", ["another", ""])
def test_who_is_not_known_is_told_where_the_password_goes(node: Node, password: str) -> None:
    run = node.schedule_run("demo", SCRAPYD_PASSWORD=password)
    assert (run.code, run.stdout) == (1, "")
    assert run.stderr == (
        f"{node.url} does not know who asks: set SCRAPYD_USERNAME and SCRAPYD_PASSWORD in the environment to "
        "what Scrapyd was started with\n"
    )


def test_a_spider_that_the_deployed_version_lacks_is_told(node: Node) -> None:
    server = Scrapyd(node.url, WHO, SECRET)
    with pytest.raises(ScheduleError, match="spider 'nosuch' not found; deploy the version that has it"):
        schedule_once(server, "newsmirror", "nosuch", {}, "nosuch-1d-20250108T0000")


def test_an_egg_that_cannot_be_loaded_is_told(node: Node) -> None:
    """The last line of what Scrapyd says of the egg that was deployed as `other` above."""
    server = Scrapyd(node.url, WHO, SECRET)
    with pytest.raises(ScheduleError) as caught:
        schedule_once(server, "other", "demo", {}, "demo-1d-20250108T0000")
    assert str(caught.value) == (
        "Scrapyd says: ModuleNotFoundError: No module named 'nothing_of_this_name'; look into its log, and "
        "run scrapy doctor with the Python that it runs with"
    )


def test_a_node_as_we_ship_it_is_found_in_order(node: Node) -> None:
    told = node.run("scrapy", "doctor", "--scrapyd-conf", str(node.conf))
    assert told.code == 0, told
    codes = {line.split(": ")[1] for line in told.stdout.splitlines()[:-1]}
    assert codes <= {"no_browser", "disk_space"}  # these the machine has or has not
    open_to_all = node.run("scrapy", "doctor", "--scrapyd-conf", str(node.conf), SCRAPYD_PASSWORD="")
    assert (open_to_all.code, "error: no_password: " in open_to_all.stdout) == (1, True)


# Commands of the page that are the system's: what they name is looked at in test_deploy.py.
OF_THE_SYSTEM = {"useradd", "git", "cd", "chown", "systemctl", "sudo", "set"}


def test_the_operations_page_is_run_as_written(node: Node) -> None:
    """Each command once, in the order of the page: it ends with a restored backup and a new ledger."""
    page = (PROJECT / "docs/operations.md").read_text("utf-8")
    lines = re.findall(r"^ {4}(\S.*)$", page, re.MULTILINE)
    shutil.copy(node.conf, node.checkout / "deploy/scrapyd.conf")
    places = {
        "/var/lib/newsmirror": str(node.kept),
        "/etc/newsmirror/environment": str(node.folder / "etc/environment"),
        "/etc/scrapyd/scrapyd.conf": str(node.folder / "etc/scrapyd.conf"),
        "/etc/systemd/system/": str(node.folder / "etc"),
        "/backup/": f"{node.folder}/backup-",
        " --group newsmirror": "",
        # The demo site stands in for the real one.
        "fyun": f"demo --url {node.url}",
        "make ": "make --old-file=.venv-scrapyd/installed ",
    }
    ran = set()
    for line in dict.fromkeys(lines):
        if line.split()[0] in OF_THE_SYSTEM:
            continue
        for written, here in places.items():
            line = line.replace(written, here)
        run = node.run("bash", "-c", line)
        assert run.code == 0, (line, run)
        ran.add(line.split()[0])
    assert ran == {"make", "install", "scrapy", "cp", "mv"}
    assert (node.folder / "etc/scrapyd.service").exists()
    assert "NEWSMIRROR_DIR=" in (node.folder / "etc/environment").read_text("utf-8")
    assert (node.folder / "data.old/ledger.db").exists()
    assert (node.kept / "ledger.db.old").exists()
    assert len(feed_of(node, "demo")) == len(articles())


def test_the_password_is_in_no_log(node: Node) -> None:
    logs = [node.folder / "scrapyd.log", *(node.conf.parent / "logs").rglob("*.log")]
    assert len(logs) > 3
    assert [path.name for path in logs if SECRET in path.read_text("utf-8")] == []
