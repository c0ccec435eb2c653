"""A run's id is a part of file names, so no site's name may be too much for a file system."""

import re
from pathlib import Path

import pytest
from feedmaker import House, record
from hypothesis import given
from hypothesis import strategies as st

from newsmirror.archive.files import OPEN, file_name, run_of
from newsmirror.disk import UNFINISHED
from newsmirror.feed import read
from newsmirror.feed.verify import verify
from newsmirror.run_id import file_name_of, new_run_id

HASHED = re.compile(r"(.*)-[0-9a-f]{8}")


@pytest.mark.parametrize("site", ["fyun", "127.0.0.1", "kz.hezhou.example", "a_b-c", "河洲", "a" * 100])
def test_a_usual_name_is_kept(site: str) -> None:
    assert re.fullmatch(re.escape(site) + r"-\d{8}T\d{6}Z-[0-9a-f]{6}", new_run_id(site))


@pytest.mark.parametrize(
    ("site", "fit"),
    [
        ("../a/b\0", "_._a_b_"),
        (".hidden", "_hidden"),
        ("-rf", "_rf"),
        ("[2001:db8::1]", "_2001_db8__1_"),
        ("a\nb\x1b", "a_b_"),
        ("\ud800", "_"),
        ("a" * 250, "a" * 100),
        ("河" * 90, "河" * 33),
    ],
)
def test_what_no_file_is_called_is_written_otherwise(site: str, fit: str) -> None:
    found = HASHED.fullmatch(file_name_of(site))
    assert found is not None
    assert found[1] == fit


@given(st.lists(st.text(min_size=1) | st.text("a河/", min_size=90, max_size=300), min_size=2, unique=True))
def test_sites_stay_apart_and_names_fit(sites: list[str]) -> None:
    names = {file_name_of(site) for site in sites}
    assert len(names) == len(sites)
    for site in sites:
        run_id = new_run_id(site)
        assert len((file_name(run_id, 99_999) + OPEN + UNFINISHED).encode()) <= 255
        assert not set("/\0:[]\n") & set(run_id)
        assert run_id[0] not in ".-"
        assert run_of(file_name(run_id, 1)) == run_id


def test_a_site_with_a_long_name_is_published(tmp_path: Path) -> None:
    house = House(tmp_path)
    site = "http://" + "a" * 250
    run_id = new_run_id(site)
    house.begin(run_id, site)
    house.accept(record("a", run_id, site=site))
    house.publish(run_id)
    house.finish(run_id)
    house.publish(run_id)
    house.ledger.close()
    assert verify(house.uri) == []
    assert [each["site"] for each in read(house.uri)] == [site]
