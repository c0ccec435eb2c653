"""How a page's bytes became text: what was declared, what was used, what was lost."""

import pytest

from newsmirror.items import Encoding
from newsmirror.reading.encoding import read_encoding

META = b'<html><head><meta charset="gbk"></head>'


@pytest.mark.parametrize(
    ("content_type", "body", "declared"),
    [
        pytest.param("text/html; charset=gb2312", b"<p>a", "gb2312", id="header"),
        pytest.param('text/html;Charset="UTF-8"', b"<p>a", "UTF-8", id="header-quoted"),
        pytest.param("text/html; charset = gb18030; x=1", b"<p>a", "gb18030", id="header-with-spaces"),
        pytest.param("text/html; charset=utf-8", META, "utf-8", id="header-before-meta"),
        pytest.param("text/html", META, "gbk", id="meta"),
        pytest.param(None, META, "gbk", id="no-header"),
        pytest.param("text/html; charset=", META, "gbk", id="header-with-an-empty-charset"),
        pytest.param(None, b"<META CHARSET = 'Big5'>", "Big5", id="meta-any-case"),
        pytest.param(
            None,
            b'<meta http-equiv="Content-Type" content="text/html; charset=gb2312" />',
            "gb2312",
            id="meta-http-equiv",
        ),
        pytest.param(
            None, b'<?xml version="1.0" encoding="GB18030"?><html>', "GB18030", id="xml-declaration"
        ),
        pytest.param(None, b'<?xml version="1.0" encoding="gbk"?>' + META, "gbk", id="xml-declaration-first"),
        pytest.param(None, b" " * 4000 + META, "gbk", id="within-the-first-4-KiB"),
        pytest.param(None, b" " * 4096 + META, None, id="after-the-first-4-KiB"),
        pytest.param(None, b"<p>charset=gbk</p>", None, id="only-in-the-text"),
        pytest.param(None, b"", None, id="nothing"),
    ],
)
def test_declared(content_type: str | None, body: bytes, declared: str | None) -> None:
    assert read_encoding(content_type, body, "cp936", "山城") == Encoding(declared, "cp936", 0)


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("山城", 0), ("山\ufffd", 1), ("\ufffd城\ufffd\ufffd", 3)]
)
def test_replacements_are_counted(text: str, count: int) -> None:
    assert read_encoding("text/html; charset=gbk", b"", "gb18030", text) == Encoding("gbk", "gb18030", count)


def test_bytes_that_cannot_be_decoded_count_once_each() -> None:
    body = "山城".encode("gbk") + b"\xff" + "水".encode("gbk")
    text = body.decode("gbk", "replace")
    assert read_encoding(None, META + body, "gbk", text) == Encoding("gbk", "gbk", 1)
