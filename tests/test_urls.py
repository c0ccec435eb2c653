"""Addresses: what becomes one, what stays apart, and what an address leads to."""

import re
from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsmirror.normalise.urls import (
    TRACKING_PARAMETERS,
    TRACKING_VALUES,
    canonical_url,
    http_url,
    identity,
    is_growing,
    is_page,
    shape,
    unwrap_redirector,
)

SITE = "http://kuaizhao.example"


def _words(text: str) -> list[str]:
    return text.split()


# One name for each alternative in TRACKING_PARAMETERS.
TRACKING_NAMES = _words(
    "utm_source utm_medium UTM_Campaign gclid dclid gbraid wbraid fbclid msclkid yclid spm scm share_token "
    "share_from_user sharefrom sharer_shareid shareid isappinstalled nsukey wxshare_count wxfrom scene "
    "clicktime enterid weibo_id wbuid luicode lfid featurecode hmsr hmpl hmcu hmkw hmci bd_vid bdtoken _wv "
    "_wwv jsessionid JSESSIONID phpsessid PHPSESSID aspsessionid aspsessionidqqtd sessionid session_id"
)
# One pair for each alternative of names and of values in TRACKING_VALUES.
TRACKING_PAIRS = _words(
    "from=timeline from=singlemessage from=groupmessage from=Timeline FROM=app.v2-x from=index_list share=1 "
    "share=wechat share=qr-code source=timeline source=wechat source=weixin source=weibo source=qq src=qzone "
    "src=share src=list ref=index ref=home ref=top referer=hot referer=related referrer=search "
    "referrer=baidu SOURCE=Toutiao sid=0123456789abcdef0123456789abcdef ssid=k3j9x0q2m7v5b1n8z4c6 "
    "sess=00ff00ff00ff00ff session=q1w2e3r4t5y6u7i8o9p0 token=DEADBEEFDEADBEEF _=1736300000000 _t=17 rnd=83 "
    "rand=0.5 random=0.8237 nocache=1 timestamp=1736300000 t=0.5512 ts=1736300000 r=0.1 v=1736300000123 "
    "time=1736300000"
)
KEPT_PAIRS = _words(
    "from=123 from=2025-01-08 from=1a share=12 share=2025 source=shancheng src=a.jpg ref=42 referer=shouye "
    "referrer=wechat2 id=timeline spmx=1 xspm=1 utm=1 utm_1=1 scenery=lake sessions=3 share_=1 p=1 wv=1 "
    "sid=12345 sid=story-of-a-lake token=abc t=12 t=1336300000 v=2.1 r=17 time=2025-01-08 random=lake _=a"
)


def _alternatives(pattern: str) -> list[str]:
    """Split a pattern at its outer bars: `a|b[c|d]` is two, `(?:a|b)` too."""
    pattern = pattern.removeprefix("(?:").removesuffix(")") if pattern.startswith("(?:") else pattern
    return pattern.split("|")


@pytest.mark.parametrize(
    ("given_url", "canonical"),
    [
        pytest.param("HTTP://KuaiZhao.EXAMPLE/A", f"{SITE}/A", id="scheme-and-host-case-but-not-path-case"),
        pytest.param("http://kuaizhao.example", f"{SITE}/", id="no-path-is-the-root"),
        pytest.param("http://kuaizhao.example?a=1", f"{SITE}/?a=1", id="no-path-before-a-query"),
        pytest.param("  http://kuaizhao.example/a\n", f"{SITE}/a", id="whitespace-around"),
        pytest.param("http://kuaizhao.example./a", f"{SITE}/a", id="dot-after-the-host"),
        pytest.param("http://快照.例子/", "http://xn--66t220b.xn--fsqu00a/", id="idna"),
        pytest.param("http://XN--FSQU00A.example/", "http://xn--fsqu00a.example/", id="idna-already"),
        pytest.param("http://例子。example/", "http://xn--fsqu00a.example/", id="idna-ideographic-dot"),
        pytest.param("http://faß.example/", "http://xn--fa-hia.example/", id="idna-2008"),
        pytest.param("http://例子。/", "http://xn--fsqu00a/", id="idna-ideographic-dot-after-the-host"),
        pytest.param("http://kuaizhao.example:80/", f"{SITE}/", id="default-port-http"),
        pytest.param("https://a.example:443/", "https://a.example/", id="default-port-https"),
        pytest.param("http://a.example:443/", "http://a.example:443/", id="port-of-the-other-scheme"),
        pytest.param("http://a.example:8080/", "http://a.example:8080/", id="other-port"),
        pytest.param("http://a.example:/x", "http://a.example/x", id="empty-port"),
        pytest.param("http://[2001:DB8::1]:80/a", "http://[2001:db8::1]/a", id="ipv6"),
        pytest.param("http://[::1]:81/", "http://[::1]:81/", id="ipv6-port"),
        pytest.param("http://user:word@a.example/", "http://a.example/", id="no-credentials"),
        pytest.param(f"{SITE}/a#top", f"{SITE}/a", id="fragment"),
        pytest.param(f"{SITE}/a#", f"{SITE}/a", id="empty-fragment"),
        pytest.param(f"{SITE}/a?x=1#/b?y=2", f"{SITE}/a?x=1", id="fragment-with-a-query"),
        pytest.param(f"{SITE}/?b=2&a=1", f"{SITE}/?a=1&b=2", id="parameter-order"),
        pytest.param(f"{SITE}/?b=2&a=2&a=1", f"{SITE}/?a=2&a=1&b=2", id="order-of-one-name-is-kept"),
        pytest.param(f"{SITE}/?a=1&a=1", f"{SITE}/?a=1&a=1", id="a-parameter-twice-is-kept"),
        pytest.param(f"{SITE}/?id=1&page=", f"{SITE}/?id=1", id="empty-value"),
        pytest.param(f"{SITE}/?&&id=1&", f"{SITE}/?id=1", id="empty-pairs"),
        pytest.param(f"{SITE}/a?", f"{SITE}/a", id="empty-query"),
        pytest.param(f"{SITE}/?123", f"{SITE}/?123", id="name-alone-is-kept"),
        pytest.param(f"{SITE}/?a==", f"{SITE}/?a==", id="equals-sign-as-value"),
        pytest.param(f"{SITE}/?u=a/b?c", f"{SITE}/?u=a/b?c", id="slash-and-question-mark-in-query"),
        pytest.param(f"{SITE}/a/./b/../c", f"{SITE}/a/c", id="dot-segments"),
        pytest.param(f"{SITE}/../../a", f"{SITE}/a", id="dot-segments-above-the-root"),
        pytest.param(f"{SITE}/a/..", f"{SITE}/", id="dot-segment-last"),
        pytest.param(f"{SITE}/a/.", f"{SITE}/a/", id="single-dot-last"),
        pytest.param(f"{SITE}/a/%2E%2e/b", f"{SITE}/b", id="dot-segments-escaped"),
        pytest.param(f"{SITE}/a..b/.c/d.", f"{SITE}/a..b/.c/d.", id="dots-in-names"),
        pytest.param(f"{SITE}//a//b", f"{SITE}//a//b", id="double-slash-is-kept"),
        pytest.param(f"{SITE}/a/", f"{SITE}/a/", id="trailing-slash-is-kept"),
        pytest.param(f"{SITE}/国内", f"{SITE}/%E5%9B%BD%E5%86%85", id="chinese-raw"),
        pytest.param(
            f"{SITE}/%e5%9b%bd%E5%86%85", f"{SITE}/%E5%9B%BD%E5%86%85", id="chinese-escaped-any-case"
        ),
        pytest.param(f"{SITE}/%b9%fa%C4%DA", f"{SITE}/%B9%FA%C4%DA", id="chinese-escaped-as-gbk"),
        pytest.param(f"{SITE}/?类=国", f"{SITE}/?%E7%B1%BB=%E5%9B%BD", id="chinese-parameter"),
        pytest.param(f"{SITE}/?c=%b9%fa", f"{SITE}/?c=%B9%FA", id="chinese-parameter-as-gbk"),
        pytest.param(f"{SITE}/%41%7e%2D%5f%2E1", f"{SITE}/A~-_.1", id="unreserved-is-decoded"),
        pytest.param(f"{SITE}/a%2fb%3Fc%23d%25", f"{SITE}/a%2Fb%3Fc%23d%25", id="reserved-stays-escaped"),
        pytest.param(f"{SITE}/?a=%26%3d%2b+", f"{SITE}/?a=%26%3D%2B+", id="reserved-stays-escaped-in-query"),
        pytest.param(f"{SITE}/100%", f"{SITE}/100%25", id="bare-percent"),
        pytest.param(f"{SITE}/%zz%4", f"{SITE}/%25zz%254", id="broken-escapes"),
        pytest.param(f"{SITE}/a b|c", f"{SITE}/a%20b%7Cc", id="what-no-address-may-hold"),
        pytest.param(f"{SITE}/a;jsessionid=1F0.n1?b=1", f"{SITE}/a?b=1", id="jsessionid-in-the-path"),
        pytest.param(f"{SITE}/a;JSESSIONID=1/b;v=2", f"{SITE}/a/b;v=2", id="jsessionid-and-another"),
        pytest.param(f"{SITE}/a;phpsessid=9", f"{SITE}/a", id="phpsessid-in-the-path"),
        pytest.param(f"{SITE}/?utm%5Fsource=x&id=1", f"{SITE}/?id=1", id="tracking-name-escaped"),
        pytest.param(f"{SITE}/?from=%74imeline&id=1", f"{SITE}/?id=1", id="tracking-value-escaped"),
        pytest.param("https://www.a.example/", "https://www.a.example/", id="scheme-and-www-are-kept"),
    ],
)
def test_one_page_has_one_canonical_address(given_url: str, canonical: str) -> None:
    assert canonical_url(given_url) == canonical
    assert canonical_url(canonical) == canonical


@pytest.mark.parametrize("name", TRACKING_NAMES)
def test_tracking_parameters_are_dropped_whatever_they_say(name: str) -> None:
    assert canonical_url(f"{SITE}/?id=7&{name}=12&z=1") == f"{SITE}/?id=7&z=1"
    assert canonical_url(f"{SITE}/a?{name}") == f"{SITE}/a"


@pytest.mark.parametrize("pair", TRACKING_PAIRS)
def test_names_with_an_honest_use_are_dropped_when_their_value_is_a_place(pair: str) -> None:
    assert canonical_url(f"{SITE}/?id=7&{pair}") == f"{SITE}/?id=7"


@pytest.mark.parametrize("pair", KEPT_PAIRS)
def test_what_may_name_a_page_is_kept(pair: str) -> None:
    assert canonical_url(f"{SITE}/?{pair}") == f"{SITE}/?{pair}"


@pytest.mark.parametrize("row", TRACKING_PARAMETERS, ids=lambda row: row[0])
def test_each_tracking_parameter_has_a_source_and_a_case(row: tuple[str, str]) -> None:
    pattern, source = row
    assert source.strip() != ""
    untested = [
        part
        for part in _alternatives(pattern)
        if not any(re.fullmatch(part, name, re.IGNORECASE) for name in TRACKING_NAMES)
    ]
    assert untested == []


@pytest.mark.parametrize("row", TRACKING_VALUES, ids=lambda row: row[0])
def test_each_tracking_value_has_a_source_and_a_case(row: tuple[str, str, str]) -> None:
    names, values, source = row
    assert source.strip() != ""
    pairs = [pair.split("=") for pair in TRACKING_PAIRS]
    own = [(name, value) for name, value in pairs if re.fullmatch(names, name, re.IGNORECASE)]
    assert [part for part in _alternatives(names) if part not in {name.lower() for name, _ in own}] == []
    untested = [
        part
        for part in _alternatives(values)
        if not any(re.fullmatch(part, value, re.IGNORECASE) for _, value in own)
    ]
    assert untested == []


@pytest.mark.parametrize("name", TRACKING_NAMES)
def test_each_tracking_case_belongs_to_the_table(name: str) -> None:
    assert [1 for names, _ in TRACKING_PARAMETERS if re.fullmatch(names, name, re.IGNORECASE)] == [1]


NOT_ADDRESSES = [
    "",
    "   ",
    "/a/b.html",
    "//a.example/b",
    "a.example/b",
    "http:",
    "http:///a",
    "http:a.example",
    "http://./",
    "http://:80/",
    "https://?a=1",
    "ftp://a.example/",
    "mailto:who@a.example",
    "javascript:void(0)",
    "file:///etc/hosts",
    "http://a.example:port/",
    "http://a.example:99999/",
    "http://[::1/",
    "http://[broken]/",
    "http://中_国.example/",
    "http://\u00ad/",
    "http://evil.example\\@a.example/",
    "http://evil.example\\.a.example/",
    "http://evil.example%2f.a.example/",
    "http://evil.example\uff0f.a.example/",
    "http://evil.example<.a.example/",
    "http://evil.example\0.a.example/",
]


@pytest.mark.parametrize("text", NOT_ADDRESSES)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - messages come from several places
        canonical_url(text)
    assert http_url(text) is None


def test_the_refusal_names_the_text() -> None:
    with pytest.raises(ValueError, match=re.escape("not an http(s) address: 'ftp://a.example/'")):
        canonical_url("ftp://a.example/")


@pytest.mark.parametrize(
    "path",
    [
        "/a/a/a/",
        "/gn/x/gn/x/gn/x/1.html",
        "/1b/1b/1b",
        "/a/b/c/a/b/c/a/b/c",
        "/?q=" + "x" * 2100,
        # As it is requested, and so also what its canonical form leaves out.
        "/tag/" + "水" * 400,
        "/?q=" + "水" * 400,
        "/?utm_source=" + "x" * 2100,
    ],
)
def test_an_address_that_grows_is_told(path: str) -> None:
    assert is_growing(SITE + path)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/a/a/",
        "/a/a/a.html",
        "/1/1/1/1",
        "/2025/01/01/01.html",
        "/gn/gn/guonei/",
        "/a//a//b",
        "/aa/a/a/",
        "/tag/" + "水" * 200,
    ],
)
def test_an_address_that_does_not_grow_is_left_alone(path: str) -> None:
    assert not is_growing(SITE + path)


def test_is_http_of_an_address() -> None:
    assert http_url("http://a.example/x") == "http://a.example/x"
    assert http_url("HTTPS://a.example:8443") == "https://a.example:8443"
    assert http_url("HTTP://A.Example.:80/B?c#D") == "http://a.example/B?c#D"
    assert http_url("http://新闻.example/") == "http://xn--efvy88h.example/"
    assert http_url("http://Who@A.example/") == "http://Who@a.example/"


# ---- properties ----------------------------------------------------------------------------------------

# What an address is made of: each atom with the spellings that mean the same.
_ATOMS = (
    ("a", "%61"),
    ("B", "%42"),
    ("7", "%37"),
    ("~", "%7E", "%7e"),
    ("中", "%E4%B8%AD", "%e4%b8%ad", "%e4%B8%AD"),
    ("%D6%D0", "%d6%d0"),  # 中 in GBK
    ("%2F", "%2f"),
    ("%26", "%26"),
    ("%25", "%25"),
    ("%3B", "%3b"),
    ("+", "+"),
    ("%20", "%20"),
    (":", ":"),
    (";", ";"),
)
_WORDS = st.lists(st.sampled_from(_ATOMS), min_size=1, max_size=3).map(tuple)
_PARAMETERS = st.lists(st.tuples(st.sampled_from(("id", "p", "类", "from", "x")), _WORDS), max_size=3)


@st.composite
def _pages(draw: st.DrawFn) -> tuple[object, str]:
    """Draw a page (what an address means) and one spelling of its address."""
    scheme = draw(st.sampled_from(("http", "https")))
    host = draw(st.sampled_from((("a.example", "A.Example"), ("b.a.example", "B.a.example."))))
    port = draw(st.sampled_from((None, 80, 443, 8080)))
    path = draw(st.lists(_WORDS, max_size=2))
    # A number in `from` names a page; words in it say where a reader came from.
    parameters = [
        (name, (("9", "%39"), *word) if name == "from" else word) for name, word in draw(_PARAMETERS)
    ]

    def spell(word: tuple[tuple[str, ...], ...]) -> str:
        return "".join(draw(st.sampled_from(atom)) for atom in word)

    default = {"http": 80, "https": 443}[scheme]
    meaning = (
        (scheme, host, default if port is None else port),
        tuple(path),
        tuple(sorted(parameters, key=lambda parameter: parameter[0])),
    )
    # Names in any order; the values of one name keep theirs.
    values = {name: [word for own, word in parameters if own == name] for name, _ in parameters}
    names = draw(st.permutations([name for name, _ in parameters]))
    query = "&".join(f"{name}={spell(values[name].pop(0))}" for name in names)
    noise = draw(st.sampled_from(("", "utm_source=x", "page=", "from=timeline", "&")))
    url = f"{scheme}://{draw(st.sampled_from(host))}" + (f":{port}" if port is not None else "")
    url += "/" + "/".join(map(spell, path)) + "?" + "&".join(filter(None, (query, noise)))
    return meaning, url + draw(st.sampled_from(("", "#top")))


@settings(max_examples=400, deadline=None)
@given(_pages(), _pages())
def test_two_addresses_become_one_exactly_if_they_mean_the_same(
    one: tuple[object, str], other: tuple[object, str]
) -> None:
    assert (canonical_url(one[1]) == canonical_url(other[1])) == (one[0] == other[0])


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_spellings_of_one_page_become_one(data: st.DataObject) -> None:
    word = data.draw(st.lists(_WORDS, min_size=1, max_size=3))

    def spell() -> str:
        path = "/".join("".join(data.draw(st.sampled_from(atom)) for atom in part) for part in word)
        return f"{SITE}/{path}?id={path.replace('/', '')}"

    assert canonical_url(spell()) == canonical_url(spell())


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_difference_that_is_no_spelling_stays(data: st.DataObject) -> None:
    """One atom changed, in the path or in a value, gives another address."""
    words = data.draw(st.lists(st.sampled_from(_ATOMS), min_size=1, max_size=4))
    position = data.draw(st.integers(0, len(words) - 1))
    changed = list(words)
    changed[position] = data.draw(st.sampled_from([atom for atom in _ATOMS if atom is not words[position]]))
    one, other = ("".join(atom[0] for atom in atoms) for atoms in (words, changed))
    assert canonical_url(f"{SITE}/x{one}") != canonical_url(f"{SITE}/x{other}")
    assert canonical_url(f"{SITE}/?id={one}") != canonical_url(f"{SITE}/?id={other}")
    assert canonical_url(f"{SITE}/?x{one}") != canonical_url(f"{SITE}/?x{other}")


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.text("abcde中", min_size=1, max_size=3), st.text("xyz019国", max_size=3), max_size=5
    ).flatmap(lambda values: st.tuples(st.just(values), st.permutations(list(values))))
)
def test_the_order_of_distinct_parameters_is_no_difference(drawn: tuple[dict[str, str], list[str]]) -> None:
    values, order = drawn

    def address(names: list[str]) -> str:
        return f"{SITE}/?" + "&".join(f"{name}={values[name]}" for name in names)

    assert canonical_url(address(order)) == canonical_url(address(list(values)))


_FRAGMENTS = _words(
    "/ : ? # [ ] @ & = % ; . .. + \\ a 0 A 中 。 ß %2e %2E%2e %e4 %41 %3f from= %66rom= timeline %74imeline "
    "utm_x= utm%5Fx= spm sp%6D=1 ;jsessionid=1 ;j%73essionid=1 share=1 share=%31"
)
_HOSTILE = st.lists(st.sampled_from([*_FRAGMENTS, " ", "\t", "\n", "\u00ad", "\u200d"]), max_size=8).map(
    "".join
)
_ANY_URL = st.one_of(
    _HOSTILE.map(lambda rest: "http://" + rest),
    _HOSTILE.map(lambda rest: "http://a.example/" + rest),
    _HOSTILE.map(lambda rest: "https://a.example/?" + rest),
    st.text(max_size=30).map(lambda rest: "http://a.example/" + rest),
    st.text(max_size=20).map(lambda rest: "http://" + rest),
)


def _or_value_error(function: Callable[[str], str], text: str) -> str | None:
    try:
        return function(text)
    except ValueError:
        return None


@settings(max_examples=600, deadline=None)
@given(_ANY_URL)
def test_canonical_is_idempotent_ascii_and_http(text: str) -> None:
    canonical = _or_value_error(canonical_url, text)
    if canonical is not None:
        assert canonical_url(canonical) == canonical
        assert re.match(r"https?://[^/]", canonical)
        assert canonical.isascii()
        assert "#" not in canonical


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(st.text(max_size=40), st.text(st.characters(), max_size=10).map("http://a.example/".__add__))
)
def test_any_text_is_an_address_or_a_value_error(text: str) -> None:
    canonical = _or_value_error(canonical_url, text)
    assert (http_url(text) is None) is (canonical is None)


# ---- identity, pages, redirectors, shapes --------------------------------------------------------------


def test_identity_is_the_sha256_of_the_canonical_address() -> None:
    assert identity(f"{SITE}/a") == sha256(b"http://kuaizhao.example/a").hexdigest()


@pytest.mark.parametrize(
    "path",
    _words(
        "/ /a /news/20250108/1.html /show.php?id=1 /view.aspx?f=photo.jpg /a.shtml /list_2.html /jpg "
        "/loginhelp/1 /region/1.html /logistics/ /news/regular.html /ssot/1 /administration/1 /a.txt/1"
    ),
)
def test_pages_are_read(path: str) -> None:
    assert is_page(SITE + path) is True


@pytest.mark.parametrize(
    "url",
    [
        *(f"{SITE}/f.{ending}" for ending in _words("jpg JPEG png gif webp svg ico css js json xml rss txt")),
        *(
            f"{SITE}/f.{ending}"
            for ending in _words("zip rar 7z apk exe mp3 mp4 m3u8 pdf doc docx xls xlsx ppt")
        ),
        *(f"{SITE}/f.{ending}?v=2" for ending in _words("jpg css woff2")),
        *(
            f"{SITE}/{name}"
            for name in _words("login Login.php user/login sign-in signup logout register reg")
        ),
        *(
            f"{SITE}/{name}"
            for name in _words("passport/ oauth2/a sso account/x admin/ password captcha.php")
        ),
        "ftp://kuaizhao.example/a",
        "javascript:void(0)",
        "mailto:who@a.example",
        "file:///a.html",
        "/a.html",
        "http:///a.html",
    ],
)
def test_assets_accounts_and_other_schemes_are_no_pages(url: str) -> None:
    assert is_page(url) is False


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ("to=http%3A%2F%2Fnews.example%2Fa%3Fb%3D1%26c%3D2", "http://news.example/a?b=1&c=2"),
        ("url=https://news.example/a", "https://news.example/a"),
        ("id=3&u=HTTP%3A%2F%2Fnews.example%2F", "http://news.example/"),
        ("u=//news.example/a", "http://news.example/a"),
        ("u=HTTPS%3A%2F%2Fnews.example%2F", "https://news.example/"),
        ("u=https%3A%2F%2Fnews.example%2F%E5%9B%BD", "https://news.example/国"),
        ("a=/1.html&u=http://one.example/&v=http://two.example/", "http://one.example/"),
        ("u=news.example/a", None),
        ("u=/a.html", None),
        ("u=ftp://news.example/a", None),
        ("u=http://", None),
        ("u=http%3A%2F%2F%5Bbroken", None),
        ("", None),
    ],
)
def test_a_redirector_gives_its_target(query: str, target: str | None) -> None:
    assert unwrap_redirector(f"{SITE}/go?{query}") == target


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"{SITE}/20250108/123.html", "/0/0.html"),
        (f"{SITE}/news/4.html", "/w/0.html"),
        (f"{SITE}/国内/a-12.html", "/w/a-0.html"),
        (f"{SITE}/show.php?id=12&b=", "/show.php?b&id"),
        (f"{SITE}/show.php?b=1&id=2&id=3", "/show.php?b&id"),
        (f"{SITE}/", "/"),
        (f"{SITE}", ""),
        (f"{SITE}/list/", "/w/"),
        (f"{SITE}/t2025_1.shtml#a", "/t0_0.shtml"),
    ],
)
def test_addresses_of_one_kind_have_one_shape(url: str, expected: str) -> None:
    assert shape(url) == expected
