"""The arguments of all spiders: what is understood, and what stops a run with the cure at hand."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from newsmirror.spiders.arguments import NAMES, ArgumentError, Arguments, parse_arguments

OWN = ("http://kuaizhao.example/",)
SHANGHAI = ZoneInfo("Asia/Shanghai")
# 00:30 on 9 January in Shanghai.
NOW = datetime(2025, 1, 8, 16, 30, tzinfo=UTC)
DEFAULTS = Arguments(start=OWN)
A, B, C = "http://a.example/", "http://b.example/list_1,2.html", "https://c.example/?x=1,2"


def parse(**given: str) -> Arguments:
    return parse_arguments(given, OWN, "Asia/Shanghai", NOW)


def refusal(**given: str) -> str:
    with pytest.raises(ArgumentError) as caught:
        parse(**given)
    return str(caught.value)


def test_without_arguments_the_defaults_hold() -> None:
    assert parse() == DEFAULTS
    assert (DEFAULTS.categories, DEFAULTS.related) == ((), 1)
    assert (DEFAULTS.max_pages, DEFAULTS.max_articles, DEFAULTS.since) == (None, None, None)


def test_what_scrapyd_gives_every_job_is_let_through() -> None:
    assert parse(_job="fyun-1d-20250108T0000", _version="1736300000") == DEFAULTS


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("start", A, (A,)),
        ("start", f"{A},{C}", (A, C)),
        ("start", f" {A} , {C} ", (A, C)),
        ("start", B, (B,)),
        ("start", f"{B},{C},{A}", (B, C, A)),
        ("start", f"{A},HTTPS://d.example/", (A, "HTTPS://d.example/")),
        ("start", f"{A},{C},{A}", (A, C)),
        (
            "start",
            "http://a.example/国内?x=http://b.example/",
            ("http://a.example/国内?x=http://b.example/",),
        ),
        ("categories", "国内", ("国内",)),
        ("categories", "国内,国际", ("国内", "国际")),
        ("categories", "国内，国际、 社会 ,", ("国内", "国际", "社会")),
        ("categories", "国内,国际,国内", ("国内", "国际")),
        ("categories", f"国内,{A}", ("国内", A)),
        ("categories", "", ()),
        ("related", "0", 0),
        ("related", "1", 1),
        ("related", "12", 12),
        ("max_pages", "1", 1),
        ("max_pages", "999999999", 999999999),
        ("max_articles", "30", 30),
        ("render", "never", "never"),
        ("render", "auto", "auto"),
    ],
)
def test_each_argument_sets_its_own_value_and_no_other(name: str, value: str, expected: object) -> None:
    assert parse(**{name: value}) == replace(DEFAULTS, **{name: expected})


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2025-01-08", datetime(2025, 1, 8, tzinfo=SHANGHAI)),
        ("2025年1月8日", datetime(2025, 1, 8, tzinfo=SHANGHAI)),
        ("2025-01-08 16:55", datetime(2025, 1, 8, 16, 55, tzinfo=SHANGHAI)),
        ("2025-01-08T08:55:00Z", datetime(2025, 1, 8, 16, 55, tzinfo=SHANGHAI)),
        # Meant by the clock of the site, where the day has changed already.
        ("昨天", datetime(2025, 1, 8, tzinfo=SHANGHAI)),
        ("今天", datetime(2025, 1, 9, tzinfo=SHANGHAI)),
        ("3小时前", datetime(2025, 1, 8, 21, 30, tzinfo=SHANGHAI)),
    ],
)
def test_since_is_a_moment_of_the_site(value: str, day: datetime) -> None:
    arguments = parse(since=value)
    assert arguments == replace(DEFAULTS, since=day)
    assert arguments.since is not None
    assert arguments.since.utcoffset() == day.utcoffset()


def test_since_is_read_in_the_time_zone_of_the_spider() -> None:
    zone = ZoneInfo("Asia/Urumqi")
    arguments = parse_arguments({"since": "昨天"}, OWN, "Asia/Urumqi", NOW)
    assert arguments == replace(DEFAULTS, since=datetime(2025, 1, 7, tzinfo=zone))


def test_all_arguments_together() -> None:
    given = {
        "start": A,
        "categories": "国内",
        "related": "0",
        "max_pages": "2",
        "max_articles": "3",
        "since": "2025-01-08",
        "refresh": "true",
        "revisit_days": "7",
        "sweep": "true",
        "render": "always",
        "baseline": "true",
    }
    assert list(given) == list(NAMES)
    since = datetime(2025, 1, 8, tzinfo=SHANGHAI)
    assert parse(**given) == Arguments((A,), ("国内",), 0, 2, 3, since, True, 7, True, "always", True)


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("start", "", "write one such as http://td.fyun.cc/"),
        ("start", ",", "http://td.fyun.cc/"),
        ("start", "kuaizhao.example", "write it whole, such as http://td.fyun.cc/"),
        ("start", "/list.html", "write it whole"),
        ("start", "ftp://a.example/", "is not an http(s) address"),
        ("start", "http://", "is not an http(s) address"),
        ("start", "http://a.example:port/", "is not an http(s) address"),
        ("start", "http://a.example/ http://b.example/", "is not an http(s) address"),
        ("categories", " , ，", "write names such as 国内,国际"),
        ("categories", "ftp://a.example/", "write a name or a whole address"),
        ("related", "-1", "write such as related=1"),
        ("related", "", "is not a whole number from 0"),
        ("related", "two", "is not a whole number from 0"),
        ("related", "1.5", "is not a whole number from 0"),
        ("related", "２", "is not a whole number from 0"),
        ("related", "1\n", "is not a whole number from 0"),
        ("max_pages", "0", "is not a whole number from 1: write such as max_pages=1"),
        ("max_pages", "all", "is not a whole number from 1"),
        ("max_articles", "0", "is not a whole number from 1: write such as max_articles=1"),
        ("max_articles", "9999999999", "is not a whole number from 1"),
        ("render", "", "is none of never, auto, always"),
        ("render", "Always", "write such as render=always"),
        ("since", "", "write such as since=2025-01-08"),
        ("since", "2025-02-30", "write such as since=2025-01-08"),
        ("since", "soon", "write such as since=2025-01-08"),
        ("since", "2025-01-08 国内", "write such as since=2025-01-08"),
    ],
)
def test_a_malformed_argument_is_named_with_its_value_and_the_cure(name: str, value: str, cure: str) -> None:
    message = refusal(**{name: value})
    assert message.startswith(name)
    assert repr(value) in message
    assert cure in message


@pytest.mark.parametrize(
    ("value", "culprit"), [(f"{A},ftp://b.example/", "ftp://b.example/"), ("国内,x://y", "x://y")]
)
def test_of_many_addresses_the_wrong_one_is_named(value: str, culprit: str) -> None:
    name = "categories" if value.startswith("国") else "start"
    message = refusal(**{name: value})
    assert repr(culprit) in message
    assert A not in message


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    assert refusal(start="http://who:secret@a.example/") == (
        "start holds a user's name: write the address without it and its password"
    )


def test_an_unknown_argument_is_named_and_the_known_are_listed() -> None:
    message = refusal(max_page="3")
    first, *rest = message.splitlines()
    assert first == "unknown argument 'max_page'. The arguments are:"
    assert rest == [f"  -a {name}=  {meaning}" for name, meaning in NAMES.items()]


def test_a_spider_without_an_address_asks_for_one() -> None:
    with pytest.raises(ArgumentError, match=re.escape("start is missing") + ".*-a start=http://"):
        parse_arguments({}, (), "Asia/Shanghai", NOW)


# ---- start=@FILE ---------------------------------------------------------------------------------------


def test_a_file_gives_one_address_a_line(tmp_path: Path) -> None:
    file = tmp_path / "地址 list.txt"
    file.write_bytes(f"# pages to begin with\r\n{B}\r\n\r\n   \n  {A}  \n  # indented\n{B}\n{C}".encode())
    assert parse(start=f"@{file}") == replace(DEFAULTS, start=(B, A, C))


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text(f"{A}\n{C}\n", "utf-8-sig")
    assert parse(start=f"@{file}") == replace(DEFAULTS, start=(A, C))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "missing.txt"
    message = refusal(start=f"@{file}")
    assert message.startswith(f"start=@{file}: cannot read {file}: ")
    assert "No such file" in message
    assert message.endswith("write @ and the path of a text file")


@pytest.mark.parametrize("name", ["", "."])
def test_a_folder_is_no_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    message = refusal(start=f"@{name}")
    assert message.startswith(f"start=@{name}: cannot read")
    assert message.endswith("write @ and the path of a text file")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_bytes("http://a.example/国内".encode("gbk"))
    message = refusal(start=f"@{file}")
    assert message.startswith(f"start=@{file}: cannot read {file}: 'utf-8' codec can't decode")


@pytest.mark.parametrize("content", ["", "\n \n", "# http://a.example/\n"])
def test_a_file_without_an_address_is_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text(content)
    assert refusal(start=f"@{file}").startswith(f"start='@{file}' holds no address")


def test_a_wrong_line_of_a_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text(f"{A}\n{C} {A}\n")
    message = refusal(start=f"@{file}")
    assert message.startswith(f"start={f'{C} {A}'!r} is not an http(s) address")
