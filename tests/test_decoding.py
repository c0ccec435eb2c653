"""How a page's bytes become text: what was declared, what was used, what was lost; and what is HTML."""

import gzip
import io
import zipfile
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from newsserver import article
from scrapy.http import HtmlResponse, Request, Response, TextResponse
from scrapy.utils.test import get_crawler

from newsmirror.demo.articles import articles
from newsmirror.items import Discovery, Encoding, Rejected, Snapshot
from newsmirror.reading.decoding import Decoded, decode, is_html
from newsmirror.spiders.base import SnapshotSpider

FIXTURES = Path(__file__).parent.parent / "fixtures"
META = b'<html><head><meta charset="gbk"></head>'
SIMPLIFIED = "柳堰渡口因大雾停航半日，摆渡人戚鹤鸣说，午后雾散就恢复，请乘客留意广播。"
TRADITIONAL = "柳堰渡口因大霧停航半日，擺渡人戚鶴鳴說，午後霧散就恢復，請乘客留意廣播。"
JAPANESE = "柳の渡し場は濃い霧のため半日休航となり、午後には運航を再開する見込みです。"
KOREAN = "버드나무 나루터는 짙은 안개로 반나절 운항을 멈추었으며 오후에 다시 운항할 예정입니다."


def page(text: str, head: str = "") -> str:
    return f"<html><head>{head}<title>{text}</title></head><body><p>{text}</p></body></html>"


def header(name: str | None) -> str:
    return f"text/html; charset={name}" if name else "text/html"


# ---- what is declared ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content_type", "body", "declared"),
    [
        pytest.param("text/html; charset=gb2312", b"<p>a", "gb2312", id="header"),
        pytest.param('text/html;Charset="UTF-8"', b"<p>a", "UTF-8", id="header-quoted"),
        pytest.param("text/html; charset = gb18030; x=1", b"<p>a", "gb18030", id="header-with-spaces"),
        pytest.param("text/html; charset=utf-8", META, "utf-8", id="header-before-meta"),
        pytest.param("text/html; charset=rot13", META, "rot13", id="header-that-names-nothing"),
        pytest.param("text/html", META, "gbk", id="meta"),
        pytest.param(None, META, "gbk", id="no-header"),
        pytest.param("text/html; charset=", META, "gbk", id="header-with-an-empty-charset"),
        pytest.param(None, b"<META CHARSET = 'Big5'>", "Big5", id="meta-any-case"),
        pytest.param(None, b'<meta name="a" charset=gbk />', "gbk", id="meta-second-attribute"),
        pytest.param(None, b'<meta data-charset="big5" charset="gbk">', "gbk", id="meta-attribute-like-it"),
        pytest.param(None, b'<meta name="a>b"charset="gbk">', "gbk", id="meta-after-a-quoted-bracket"),
        pytest.param(
            None,
            b'<meta http-equiv="Content-Type" content="text/html; charset=gb2312" />',
            "gb2312",
            id="meta-http-equiv",
        ),
        pytest.param(
            None,
            b"<meta content='text/html;charset= gbk' http-equiv=content-type>",
            "gbk",
            id="http-equiv-last",
        ),
        pytest.param(
            None, b'<?xml version="1.0" encoding="GB18030"?><html>', "GB18030", id="xml-declaration"
        ),
        pytest.param(None, b'<?xml version="1.0" encoding="gbk"?>' + META, "gbk", id="xml-declaration-first"),
        pytest.param(None, b" " * 5000 + META, "gbk", id="after-4-KiB"),
        pytest.param(None, b"<!--" + META + b"-->", None, id="in-a-comment"),
        pytest.param(None, b'<!-- charset="big5" -->' + META, "gbk", id="after-a-comment"),
        pytest.param(None, b"<script>s='" + META + b"'</script>", None, id="in-a-script"),
        pytest.param(None, b"<style></style><script></script>" + META, "gbk", id="after-a-script"),
        pytest.param(None, b"<script>'" + META, None, id="in-a-script-without-end"),
        pytest.param(None, b"<body>" + META, None, id="in-the-body"),
        pytest.param(None, b'<meta name="description" content="charset=gbk">', None, id="in-a-description"),
        pytest.param(
            None, b'<meta http-equiv="refresh" content="0;url=/?charset=gbk">', None, id="in-a-refresh"
        ),
        pytest.param(None, b"<p>charset=gbk</p>", None, id="only-in-the-text"),
        pytest.param(None, b"", None, id="nothing"),
    ],
)
def test_declared(content_type: str | None, body: bytes, declared: str | None) -> None:
    assert decode(body, content_type).encoding.declared == declared


@pytest.mark.parametrize(
    "cut",
    [
        b"<?xml encoding=",
        b"<meta charset=",
        b"<meta http-equiv=",
        b'<meta http-equiv=content-type content="charset=',
    ],
)
def test_declared_behind_a_tag_of_spaces(cut: bytes) -> None:
    assert decode(cut + b" " * 250_000 + META, None).encoding.declared == "gbk"


@pytest.mark.parametrize(
    ("label", "written", "used"),
    [
        *((label, "utf-8", "utf-8") for label in ("utf-8", "utf8", "UTF8", "unicode-1-1-utf-8")),
        *((label, "gb18030", "gb18030") for label in ("gb2312", "gb_2312", "gb_2312-80", "GBK", "x-gbk")),
        *((label, "gb18030", "gb18030") for label in ("chinese", "csgb2312", "gb18030")),
        *((label, "big5", "big5hkscs") for label in ("big5", "Big5-HKSCS", "cn-big5", "x-x-big5")),
        *((label, "euc_jp", "euc_jp") for label in ("euc-jp", "x-euc-jp")),
        *((label, "cp932", "cp932") for label in ("shift_jis", "sjis", "windows-31j", "x-sjis")),
        ("iso-2022-jp", "iso2022_jp", "iso2022_jp"),
        *((label, "cp949", "cp949") for label in ("euc-kr", "ks_c_5601-1987", "windows-949")),
        *((label, "cp1252", "cp1252") for label in ("iso-8859-1", "latin1", "us-ascii", "windows-1252")),
        ("windows-1251", "cp1251", "cp1251"),
    ],
)
@pytest.mark.parametrize("where", ["header", "meta", "site file"])
def test_right_name_is_followed(label: str, written: str, used: str, where: str) -> None:
    text = {
        "gb18030": SIMPLIFIED,
        "utf-8": SIMPLIFIED,
        "big5": TRADITIONAL,
        "euc_jp": JAPANESE,
        "cp932": JAPANESE,
        "iso2022_jp": JAPANESE,
        "cp949": KOREAN,
        "cp1252": "La traversée reprendra “vers midi”, dit-il à la façade du café.",
        "cp1251": "Переправа откроется после полудня, сказал паромщик.",
    }[written]
    whole = page(text, f'<meta charset="{label}">' if where == "meta" else "")
    body = whole.encode(written)
    decoded = decode(
        body,
        header(label) if where == "header" else "text/html",
        label if where == "site file" else None,
    )
    assert decoded == Decoded(whole, Encoding(None if where == "site file" else label, used, 0))


@pytest.mark.parametrize(
    "label",
    ["rot13", "punycode", "unicode_escape", "idna", "utf-7", "hz-gb-2312", "x-user-defined", "none", "中"],
)
@pytest.mark.parametrize(("written", "used"), [("utf-8", "utf-8"), ("gbk", "gb18030")])
def test_name_that_is_no_encoding_does_no_harm(label: str, written: str, used: str) -> None:
    text = page(SIMPLIFIED)
    assert decode(text.encode(written), header(label)) == Decoded(text, Encoding(label, used, 0))


def test_site_file_with_a_name_that_is_no_encoding() -> None:
    with pytest.raises(ValueError, match="no page is encoded in 'gb-18030-x': give the site's encoding"):
        decode(b"<p>", None, "gb-18030-x")


# ---- names against bytes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "written", "content_type", "head", "used"),
    [
        pytest.param("山城", "gbk", None, "", "gb18030", id="two-hanzi-undeclared"),
        pytest.param("柳堰渡口停航", "gbk", "text/html", "", "gb18030", id="short-undeclared"),
        pytest.param(TRADITIONAL, "gbk", None, "", "gb18030", id="traditional-in-gbk-undeclared"),
        pytest.param("規試行兩個月", "gbk", None, "", "gb18030", id="short-traditional-in-gbk-undeclared"),
        pytest.param("柳堰渡口停航", "big5", None, "", "big5hkscs", id="short-big5-undeclared"),
        pytest.param(
            "佢話渡輪停航半日，等霧散咗先開返", "big5hkscs", None, "", "big5hkscs", id="hkscs-undeclared"
        ),
        pytest.param(
            "佢話渡輪停航半日，等霧散咗先開返",
            "big5hkscs",
            header("big5"),
            "",
            "big5hkscs",
            id="hkscs-as-big5",
        ),
        pytest.param(SIMPLIFIED, "utf-8", header("gb2312"), "", "utf-8", id="utf-8-as-gb2312"),
        pytest.param("山", "utf-8", header("gb2312"), "", "utf-8", id="one-hanzi-of-utf-8-as-gb2312"),
        pytest.param(SIMPLIFIED, "gbk", header("utf-8"), "", "gb18030", id="gbk-as-utf-8"),
        pytest.param(SIMPLIFIED, "gbk", header("big5"), "", "gb18030", id="gbk-as-big5"),
        pytest.param(TRADITIONAL, "big5", header("gb2312"), "", "big5hkscs", id="big5-as-gb2312"),
        pytest.param(SIMPLIFIED, "gbk", header("iso-8859-1"), "", "gb18030", id="gbk-as-latin-1"),
        pytest.param(
            SIMPLIFIED, "gbk", header("iso-8859-1"), '<meta charset="gb2312">', "gb18030", id="gbk-as-both"
        ),
        pytest.param(
            JAPANESE,
            "cp932",
            header("utf-8"),
            '<meta charset="shift_jis">',
            "cp932",
            id="header-wrong-meta-right",
        ),
        pytest.param(
            JAPANESE,
            "euc_jp",
            header("euc-jp"),
            '<meta charset="utf-8">',
            "euc_jp",
            id="header-right-meta-wrong",
        ),
        pytest.param(
            KOREAN,
            "cp949",
            None,
            '<meta charset="utf-8"><meta http-equiv=content-type content="text/html;charset=euc-kr">',
            "cp949",
            id="second-meta-right",
        ),
        pytest.param(
            JAPANESE, "cp932", None, " " * 5000 + '<meta charset="shift_jis">', "cp932", id="meta-after-4-KiB"
        ),
        # The bytes D2 BB are 一 in GBK and a Cyrillic letter in UTF-8: then the name decides.
        pytest.param("一一", "gbk", header("gbk"), "", "gb18030", id="valid-utf-8-of-an-alphabet-as-gbk"),
        pytest.param("©", "utf-8", header("iso-8859-1"), "", "utf-8", id="utf-8-as-latin-1"),
        pytest.param("générale²³", "cp1252", header("latin1"), "", "cp1252", id="latin-1-with-渤"),
        pytest.param("©", "utf-8", None, "", "utf-8", id="utf-8-of-an-alphabet-undeclared"),
        pytest.param("ASCII alone", "ascii", None, "", "utf-8", id="ascii-undeclared"),
        pytest.param("ASCII alone", "ascii", header("gbk"), "", "gb18030", id="ascii-declared"),
        pytest.param("𠮷㙍䶮𬭚", "gb18030", header("gb2312"), "", "gb18030", id="four-bytes-declared"),
        pytest.param(SIMPLIFIED + "𠮷𬭚", "gb18030", None, "", "gb18030", id="four-bytes-undeclared"),
        pytest.param(SIMPLIFIED, "utf-16-le", None, "", "utf-16-le", id="utf-16-le-by-its-first-tag"),
        pytest.param(SIMPLIFIED, "utf-16-be", header("utf-16"), "", "utf-16-be", id="utf-16-be-as-utf-16"),
        pytest.param(SIMPLIFIED, "utf-8", header("utf-16le"), "", "utf-8", id="utf-8-as-utf-16"),
        pytest.param(SIMPLIFIED, "gbk", None, '<meta charset="utf-16">', "gb18030", id="gbk-as-utf-16"),
    ],
)
def test_bytes_are_weighed_with_names(
    text: str, written: str, content_type: str | None, head: str, used: str
) -> None:
    whole = page(text, head)
    decoded = decode(whole.encode(written), content_type)
    assert (decoded.text, decoded.encoding.used, decoded.encoding.replacements) == (whole, used, 0)


@pytest.mark.parametrize(
    ("mark", "written", "used"),
    [
        (b"\xef\xbb\xbf", "utf-8", "utf-8"),
        (b"\xff\xfe", "utf-16-le", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be", "utf-16-be"),
        (b"\xff\xfe\0\0", "utf-32-le", "utf-32-le"),
        (b"\xef\xbb\xbf", "gbk", "gb18030"),  # a template saved in UTF-8 round a page in GBK
    ],
)
def test_byte_order_mark_beats_header_and_is_no_text(mark: bytes, written: str, used: str) -> None:
    text = page(SIMPLIFIED)
    decoded = decode(mark + text.encode(written), header("big5"))
    assert decoded == Decoded(text, Encoding("big5", used, 0))


def test_mark_of_utf_8_beats_a_name_by_which_the_bytes_can_be_read_too() -> None:
    decoded = decode(b"\xef\xbb\xbf" + "<p>©".encode(), header("gbk"))
    assert decoded == Decoded("<p>©", Encoding("gbk", "utf-8", 0))


def test_site_file_beats_what_the_page_says_but_not_utf_8() -> None:
    text = page("한국 소식")
    assert decode(text.encode("cp949"), header("gb2312"), "euc-kr").encoding.used == "cp949"
    assert decode(text.encode(), header("gb2312"), "euc-kr") == Decoded(text, Encoding("gb2312", "utf-8", 0))


def test_text_that_was_encoded_twice_stays_as_it_is() -> None:
    twice = "柳堰".encode().decode("cp1252", "replace").replace("\ufffd", "?")
    text = page(SIMPLIFIED + twice)
    assert decode(text.encode(), header("utf-8")) == Decoded(text, Encoding("utf-8", "utf-8", 0))


# ---- damage ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["utf-8", "gb18030", "big5", None])
@pytest.mark.parametrize("lost", ["\ufffd", "\ufffd\ufffd"])
def test_invalid_bytes_cost_no_more_than_themselves(name: str | None, lost: str) -> None:
    codec = name or "gb18030"
    prose = TRADITIONAL if codec == "big5" else SIMPLIFIED
    for place in range(len(prose)):
        before, after = prose[:place], prose[place:]
        body = (
            page("|").encode().replace(b"|", before.encode(codec) + b"\xff" * len(lost) + after.encode(codec))
        )
        assert decode(body, header(name)) == Decoded(
            page(before + lost + after), Encoding(name, codec.replace("big5", "big5hkscs"), 2 * len(lost))
        )


@pytest.mark.parametrize("place", range(len(SIMPLIFIED)))
def test_half_a_character_does_not_shift_the_rest(place: int) -> None:
    """An excerpt that was cut in the midst of a hanzi, and text after it without a byte of ASCII between."""
    before, cut, after = SIMPLIFIED[:place], SIMPLIFIED[place], SIMPLIFIED[place + 1 :]
    damaged = before.encode("gbk") + cut.encode("gbk")[:1] + after.encode("gbk")
    body = page("|").encode().replace(b"<p>|", b"<p>" + damaged).replace(b"|", SIMPLIFIED.encode("gbk"))
    decoded = decode(body, header("gbk"))
    assert decoded.text == page(SIMPLIFIED).replace(f"<p>{SIMPLIFIED}", f"<p>{before}\ufffd{after}")
    assert decoded.encoding == Encoding("gbk", "gb18030", 1)


@pytest.mark.parametrize("name", ["utf-8", "gbk", "big5"])
def test_tag_after_half_a_character_is_kept(name: str) -> None:
    body = b"<p>" + "柳堰渡口".encode(name) + "停".encode(name)[:1] + b"</p><p>" + "大".encode(name) + b"</p>"
    decoded = decode(body, header(name))
    assert (decoded.text, decoded.encoding.replacements) == ("<p>柳堰渡口\ufffd</p><p>大</p>", 1)


def test_euro_sign_of_gbk() -> None:
    decoded = decode(b"<p>" + "每张".encode("gbk") + b"\x80" + "三元".encode("gbk"), header("gbk"))
    assert decoded == Decoded("<p>每张€三元", Encoding("gbk", "gb18030", 0))


@pytest.mark.parametrize("name", ["utf-8", "gb18030"])
def test_replacement_character_of_the_page_itself_counts(name: str) -> None:
    text = page(f"{SIMPLIFIED}\ufffd")
    assert decode(text.encode(name), header(name)) == Decoded(text, Encoding(name, name, 2))


def test_four_bytes_beside_damage() -> None:
    body = "<p>𠮷".encode("gb18030") + b"\xff" + "柳堰𠮷渡口".encode("gb18030")
    assert decode(body, header("gbk")) == Decoded("<p>𠮷\ufffd柳堰𠮷渡口", Encoding("gbk", "gb18030", 1))


def test_large_damaged_page_is_not_mended() -> None:
    body = "停".encode("gbk")[:1] + SIMPLIFIED.encode("gbk") + b"<p>" + SIMPLIFIED.encode("gbk") * 4000
    decoded = decode(body, header("gbk"))
    assert decoded.text == body.decode("gb18030", "replace")
    assert decoded.text.endswith("\ufffd<p>" + SIMPLIFIED * 4000)


@pytest.mark.parametrize(
    ("lost", "kept", "readable"), [(0, 0, True), (1, 19, True), (1, 18, False), (5, 95, True), (6, 94, False)]
)
def test_page_is_readable_if_one_in_twenty_is_lost(lost: int, kept: int, readable: bool) -> None:
    text = "<p class='as-much-markup-as-you-like'>" + "山" * kept + "\ufffd" * lost + "</p>"
    assert decode(text.encode(), None).is_readable is readable


@pytest.mark.parametrize("name", ["utf-8", "gbk", None])
@pytest.mark.parametrize("share", [1, 3])
@pytest.mark.parametrize(("most", "rest"), [("utf-8", "gb18030"), ("gb18030", "utf-8")])
def test_page_in_two_encodings_is_not_readable(most: str, rest: str, share: int, name: str | None) -> None:
    decoded = decode(page(SIMPLIFIED).encode(most) * share + page(SIMPLIFIED).encode(rest), header(name))
    assert not decoded.is_readable
    assert share == 1 or (decoded.encoding.used == most and page(SIMPLIFIED) in decoded.text)


def test_sentence_in_utf_8_on_a_page_in_gbk_is_lost() -> None:
    """It would also make valid GBK: 鏌冲牥娓″彛."""
    body = page(SIMPLIFIED).encode("gbk") * 2 + "<p>柳堰渡口停航至午后的消息</p>".encode()
    lost = "\ufffd" * 12
    decoded = decode(body, header("gbk"))
    assert decoded == Decoded(page(SIMPLIFIED) * 2 + f"<p>{lost}</p>", Encoding("gbk", "gb18030", 12))


# ---- properties ------------------------------------------------------------------------------------------

# Any text of what is common in a set; and prose, for what no name tells.
COMMON_SIMPLIFIED = bytes(
    byte for lead in range(0xB0, 0xD7) for trail in range(0xA1, 0xFF) for byte in (lead, trail)
).decode("gb2312")
COMMON_TRADITIONAL = bytes(
    byte
    for lead in range(0xA4, 0xC6)
    for trail in (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    for byte in (lead, trail)
).decode("big5")
PROSE = [
    block.text
    for article in articles()
    for block in article.blocks
    if block.text is not None and len(block.text) >= 40
]
WRONG = [
    None,
    "utf-8",
    "gb2312",
    "gbk",
    "big5",
    "iso-8859-1",
    "windows-1252",
    "windows-1251",
    "no-such",
    "rot13",
]


@given(
    st.text(alphabet=COMMON_SIMPLIFIED + "，。“”：", min_size=1),
    st.sampled_from(["gb2312", "gbk", "gb18030"]),
)
def test_gbk_that_says_so(text: str, name: str) -> None:
    body = text.encode("gb18030")
    assume(not is_utf_8(body))
    assert decode(body, header(name)) == Decoded(text, Encoding(name, "gb18030", 0))


@given(st.text(alphabet=COMMON_TRADITIONAL + "，。「」：", min_size=1))
def test_big5_that_says_so(text: str) -> None:
    body = text.encode("big5")
    assume(not is_utf_8(body))
    assert decode(body, header("big5")) == Decoded(text, Encoding("big5", "big5hkscs", 0))


def is_utf_8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


@given(st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs"])), st.sampled_from(WRONG))
def test_utf_8_whatever_is_said(text: str, name: str | None) -> None:
    text = f"山{text}"
    assert decode(text.encode(), header(name)) == Decoded(text, Encoding(name, "utf-8", text.count("\ufffd")))


@given(st.sampled_from(PROSE), st.integers(0), st.integers(20, 60), st.sampled_from(WRONG))
def test_twenty_characters_of_simplified_prose_whatever_is_said(
    prose: str, start: int, size: int, name: str | None
) -> None:
    start %= len(prose) - 19
    text = prose[start : start + size]
    assume(not is_utf_8(text.encode("gb18030")))
    decoded = decode(text.encode("gb18030"), header(name))
    assert decoded == Decoded(text, Encoding(name, "gb18030", 0))


@given(st.integers(0, len(TRADITIONAL) - 20), st.integers(20, 40), st.sampled_from(WRONG))
def test_twenty_characters_of_traditional_prose_whatever_is_said(
    start: int, size: int, name: str | None
) -> None:
    text = TRADITIONAL[start : start + size]
    assert decode(text.encode("big5"), header(name)) == Decoded(text, Encoding(name, "big5hkscs", 0))


LABELS = ["utf-8", "gbk", "big5", "euc-jp", "shift_jis", "iso-2022-jp", "euc-kr", "latin1"]


@given(
    st.binary()
    | st.builds(bytes.__add__, st.sampled_from([b"\xff\xfe", b"\xef\xbb\xbf", b"<\0", META]), st.binary()),
    st.none() | st.text() | st.sampled_from([*LABELS, "utf-16", "rot13"]).map(header),
    st.none() | st.sampled_from(LABELS),
)
def test_any_bytes_become_text_and_what_is_lost_is_counted(
    body: bytes, content_type: str | None, site_encoding: str | None
) -> None:
    decoded = decode(body, content_type, site_encoding)
    assert decoded.encoding.replacements == decoded.text.count("\ufffd")
    assert is_html(body, content_type) in (True, False)


# ---- what is a page --------------------------------------------------------------------------------------

HTML = page(SIMPLIFIED)


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("page.html", HTML)
    return file.getvalue()


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/html",
        "TEXT/HTML;charset=gbk",
        "text/plain",
        "application/octet-stream",
        "image/png",
        "html",
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(HTML.encode(), id="html"),
        pytest.param(HTML.encode("gbk"), id="gbk"),
        pytest.param(b"\xef\xbb\xbf\r\n\t<!DOCTYPE HTML>", id="mark-and-space"),
        pytest.param(b"\xff\xfe" + HTML.encode("utf-16-le"), id="utf-16-with-a-mark"),
        pytest.param(HTML.encode("utf-16-be"), id="utf-16-without-a-mark"),
        pytest.param(b"<!-- top\n -->\n<!--[if IE]><![endif]-->\n<div class=a>", id="comments-first"),
        pytest.param(b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0">', id="xhtml"),
        pytest.param(b"<br />\n<b>Warning</b>: mysql_connect()\n<html>", id="warning-first"),
        pytest.param(HTML.encode() + b"\0\x01\x02", id="control-characters-later"),
        pytest.param(b"<html>\0\x08", id="control-characters"),
    ],
)
def test_html_is_html_under_any_label(body: bytes, content_type: str | None) -> None:
    assert is_html(body, content_type)


@pytest.mark.parametrize(
    "content_type", [None, "text/html; charset=utf-8", "text/plain", "application/xhtml+xml"]
)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", id="png"),
        pytest.param(b"\xff\xd8\xff\xe0\0\x10JFIF", id="jpeg"),
        pytest.param(b"GIF89a\x01\0\x01\0<html>", id="gif"),
        pytest.param(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n<p>1</p>", id="pdf"),
        pytest.param(zipped(), id="zip"),
        pytest.param(gzip.compress(HTML.encode(), mtime=0), id="gzip"),
        pytest.param(b'{"html": "<p>\\u5c71</p>"}', id="json-object"),
        pytest.param(b'\n [{"html": "<p></p>"}]', id="json-list"),
        pytest.param(b"{}", id="json-empty"),
        pytest.param(b'<?xml version="1.0"?><rss><item><a href="/">a</a></item></rss>', id="rss"),
    ],
)
def test_what_is_not_html_is_not_under_any_label(body: bytes, content_type: str | None) -> None:
    assert not is_html(body, content_type)


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"", "text/html", True),
        (b"", None, False),
        (b"gone", "text/html", True),
        (b"gone", "text/plain", False),
        (b"[\xca\xd7\xd2\xb3] <a href=/>", "text/html", True),
        (b"Warning: mysql <html>", "text/plain", True),
        (b"Warning: mysql <html>", None, True),
        (b"document.write('<p>')", "application/javascript", False),
        (b"a { color: red } /* <p> */", "text/css", False),
        (b"<custom-tag>", "text/html", True),
        (b"<custom-tag>", "application/xml", False),
        (b"<abbr>", None, False),
    ],
)
def test_label_decides_where_the_content_does_not(
    body: bytes, content_type: str | None, expected: bool
) -> None:
    assert is_html(body, content_type) is expected


def test_every_fixture_is_html_with_its_label_or_without() -> None:
    pages = [path.read_bytes() for path in FIXTURES.glob("*/*/page.html")]
    assert len(pages) >= 35
    assert all(is_html(body, label) for body in pages for label in (None, "text/html", "text/plain"))


# ---- in the spider ---------------------------------------------------------------------------------------

URL = "http://kuaizhao.example/a/1.html"
ARTICLE = article("河洲渡口恢复夜航").text.replace('<meta charset="utf-8">', "")


class Site(SnapshotSpider):
    name = "site"
    start_urls: ClassVar[list[str]] = ["http://kuaizhao.example/"]


class MisspeltSite(Site):
    encoding = "gb-18030-x"


def spider_of(kind: type[SnapshotSpider]) -> SnapshotSpider:
    crawler = get_crawler(kind)
    spider = kind.from_crawler(crawler)
    assert isinstance(spider, SnapshotSpider)
    return spider


def answer(kind: type[Response], body: bytes, content_type: str | None = None) -> Response:
    headers = {"Content-Type": content_type} if content_type else {}
    return kind(URL, body=body, headers=headers, request=Request(URL))


def parse(spider: SnapshotSpider, response: Response) -> list[object]:
    response.meta["discovery"] = Discovery("start", None, None)
    return list(spider.parse_article(response, 0))


@pytest.mark.parametrize(
    "response",
    [
        answer(HtmlResponse, body=ARTICLE.encode("gbk")),
        answer(HtmlResponse, body=ARTICLE.encode("gbk"), content_type="text/html; charset=latin1"),
        answer(TextResponse, body=ARTICLE.encode("gbk"), content_type="text/plain"),
        answer(Response, body=ARTICLE.encode("gbk"), content_type="application/octet-stream"),
    ],
    ids=["undeclared", "wrong", "text", "unknown"],
)
def test_spider_reads_bytes_and_not_what_scrapy_takes_them_for(response: Response) -> None:
    (snapshot,) = parse(spider_of(Site), response)
    assert isinstance(snapshot, Snapshot)
    assert snapshot.page.title == "河洲渡口恢复夜航"
    assert (snapshot.encoding.used, snapshot.encoding.replacements) == ("gb18030", 0)


def test_spider_asks_for_the_encoding_of_its_site_file() -> None:
    with pytest.raises(ValueError, match="no page is encoded in 'gb-18030-x'"):
        spider_of(MisspeltSite)


def test_page_that_cannot_be_read_is_rejected_and_not_published() -> None:
    body = ARTICLE.encode()
    for character in "河洲的一上，":
        body = body.replace(character.encode(), character.encode()[:2])
    spider = spider_of(Site)
    lost = body.decode("utf-8", "replace").count("\ufffd")
    response = answer(HtmlResponse, body=body, content_type="text/html; charset=utf-8")
    for (rejected,) in (parse(spider, response), list(spider.parse_start(response))):
        assert isinstance(rejected, Rejected)
        assert (rejected.url, rejected.reason) == (URL, "undecodable")
        assert rejected.detail == f"{lost} characters could not be read as utf-8"
    assert spider.crawler.stats is not None
    assert spider.crawler.stats.get_value("newsmirror/pages/undecodable") == 2


def test_image_that_is_called_html_is_no_page() -> None:
    spider = spider_of(Site)
    (rejected,) = parse(spider, answer(HtmlResponse, body=b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"))
    assert isinstance(rejected, Rejected)
    assert (rejected.url, rejected.reason) == (URL, "not_html")
    assert spider.crawler.stats is not None
    assert spider.crawler.stats.get_value("newsmirror/pages/not_html") == 1
