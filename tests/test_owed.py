"""What a run leaves to the next: articles that could not be had, and listings that showed some."""

import pytest

from newsmirror.items import Discovery
from newsmirror.spiders.listed import Listed
from newsmirror.spiders.owed import Lost, Owed, Way

FOUND = Discovery("listing", "http://kz.example/gn/", 1)
FIRST: Way = ("http://KZ.example/gn/1.html?from=list", FOUND, 0)
SECOND: Way = ("http://kz.example/gn/2.html", FOUND, 1)


def test_what_was_lost_is_left_until_it_is_heard_of() -> None:
    owed = Owed()
    assert owed.take_over([Lost(FIRST, 1), Lost(SECOND, 2)]) == {
        "http://kz.example/gn/1.html": FIRST,
        "http://kz.example/gn/2.html": SECOND,
    }
    assert owed.left() == [Lost(FIRST, 1), Lost(SECOND, 2)]
    owed.hear(["http://kz.example/gn/1.html"])
    assert owed.left() == [Lost(SECOND, 2)]


def test_an_article_that_can_never_be_had_is_given_up_for_good() -> None:
    left: list[Lost] = []
    runs = []
    for _ in range(7):
        owed = Owed()
        owed.take_over(left)
        owed.hear(["http://kz.example/gn/1.html"])
        owed.lose(FIRST)
        assert "http://kz.example/gn/1.html" in owed
        left = owed.left()
        runs.append([lost.runs for lost in left])
    assert runs == [[1], [2], [3], [4], [5], [6], []]


GN, GJ = "http://kz.example/gn/", "http://kz.example/gj/"
ARTICLES = [f"http://kz.example/gn/{number}.html" for number in range(5)]


def test_a_listing_that_shows_nothing_any_more_is_told_three_times() -> None:
    before = {GN: 0, GJ: 0}
    told = []
    for _ in range(5):
        listed = Listed()
        listed.take_over(before)
        listed.show(GN, ARTICLES, has_next=False)
        told.append(listed.miss(GJ))
        before = listed.left(set(ARTICLES), is_whole=True)
    assert told == [True, True, True, False, False]
    assert before == {GN: 0}


@pytest.mark.parametrize(
    ("articles", "has_next", "met", "is_kept"),
    [
        (ARTICLES, False, ARTICLES[4:], True),
        (ARTICLES[:1], True, ARTICLES, True),
        (ARTICLES[:4], False, ARTICLES, False),  # of one page, and small: a topic
        (ARTICLES, True, [], False),  # its links led to no article
    ],
)
def test_a_listing_that_is_expected_to_show_articles(
    articles: list[str], has_next: bool, met: list[str], is_kept: bool
) -> None:
    listed = Listed()
    listed.show(GN, articles, has_next)
    assert listed.left(set(met), is_whole=True) == ({GN: 0} if is_kept else {})


def test_what_a_run_did_not_come_to_ask_for_is_still_expected() -> None:
    listed = Listed()
    listed.take_over({GN: 0, GJ: 2})
    assert listed.left(set(), is_whole=False) == {GN: 0, GJ: 2}
    assert listed.left(set(), is_whole=True) == {}
    assert not listed.miss("http://kz.example/new/")
