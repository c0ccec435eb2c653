"""Both scripts: what is found in Simplified characters is found in Traditional ones, and stays as printed."""

import ast
import json
import random
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import newsmirror
from newsmirror.demo.site import ORIGIN, paths, respond
from newsmirror.net.visit import _MORE as MORE_BUTTON
from newsmirror.normalise.people import closing_byline, is_byline, names, opening_byline
from newsmirror.normalise.variants import TRADITIONAL, both, one_of, spellings
from newsmirror.reading import labels
from newsmirror.reading.article import is_article, read_article
from newsmirror.reading.decoding import decode
from newsmirror.reading.entries import _COUNTS as COUNTS
from newsmirror.reading.entries import _FILLER as FILLER
from newsmirror.reading.labels import Label, find_labels, starts_with_label
from newsmirror.reading.listing import read_listing
from newsmirror.reading.missing import says_empty, says_missing
from newsmirror.reading.shell import is_shell
from newsmirror.reading.stream import read_stream

PACKAGE = Path(newsmirror.__path__[0])
# Where pages are looked through for words.
FILES = sorted(chain((PACKAGE / "reading").glob("*.py"), (PACKAGE / "normalise").glob("*.py")))
FILES = [*(path for path in FILES if path.name != "variants.py"), PACKAGE / "net/visit.py"]
# The ends of ranges, and a stroke.
NO_WORDS = "鿿龥丨"
# Big5 has these, too, for other words: those that Simplified Chinese writes with them have another form.
ALSO_IN_BIG5 = (
    "丑万与么云仆价余体党准凌几划制卷厂台叶后吁周咨坛复夸姜宁尽布帘干并庄征志怜托扑据担摆斗旧机曲朱朴术杀极松板柜"
    "栖气汇沈注泄淀游灶烟种秘称系累网肮胜舍范荐虫蜡触谷踊踪迹郁采里鉴雇于"
)

# By how they are written: Hong Kong and Taiwan mostly use the first form, others are the last.
FIRST = str.maketrans({character: forms[0] for character, forms in TRADITIONAL.items()})
LAST = str.maketrans({character: forms[-1] for character, forms in TRADITIONAL.items()})


def words(path: Path) -> Iterator[tuple[str, bool]]:
    """Each text in a file's code, and whether the code looks for it in both scripts."""
    tree = ast.parse(path.read_text("utf-8"))
    no_code = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    widened = {
        inner
        for node in ast.walk(tree)
        if (isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("both", "one_of", "spellings"))
        # What they are written in is spelled out word by word: see the labels below.
        or (isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "_WORDS")
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in no_code:
            yield node.value, node in widened


def in_big5(character: str) -> bool:
    try:
        character.encode("big5")
    except UnicodeEncodeError:
        return False
    return True


# ---- the table -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_word_is_found_in_both_scripts(path: Path) -> None:
    for text, is_widened in words(path):
        for character in set(re.findall("[㐀-鿿]", text)) - set(NO_WORDS):
            # What Traditional Chinese cannot write has a form that it can.
            assert in_big5(character) or character in TRADITIONAL, (character, text)
            assert character not in ALSO_IN_BIG5 or character in TRADITIONAL, (character, text)
            # The grammar of dates folds what it reads.
            assert character not in TRADITIONAL or is_widened or path.name == "dates.py", (character, text)


def test_the_table_is_clear_and_in_use() -> None:
    used = {character for path in FILES for text, _ in words(path) for character in text}
    assert sorted(TRADITIONAL.keys() - used) == []
    forms = "".join(TRADITIONAL.values())
    assert len(forms) == len({*forms, *TRADITIONAL}) - len(TRADITIONAL)
    assert all(TRADITIONAL.values())


# ---- patterns and words ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "widened"),
    [
        ("", ""),
        ("本站", "本站"),
        ("发布", "[发發][布佈]"),
        ("发?布{2}", "[发發]?[布佈]{2}"),
        ("[发表]", "[发發表]"),
        ("[^发表]发", "[^发發表][发發]"),
        ("[]发]发", "[]发發][发發]"),
        ("[^]发]发", "[^]发發][发發]"),
        (r"[\]发-]发", r"[\]发發-][发發]"),
        (r"\[发\]", r"\[[发發]\]"),
        (r"\\[发]", r"\\[发發]"),
        (r"[一-龥发]", r"[一-龥发發]"),
        (r"(?<!为)(?P<who>发)", "(?<![为為爲])(?P<who>[发發])"),
        ("[发發]", "[发發]"),
        ("發", "發"),
    ],
)
def test_a_pattern_for_both_scripts(pattern: str, widened: str) -> None:
    assert both(pattern) == widened
    assert both(widened) == widened


def test_a_pattern_of_words() -> None:
    pattern = re.compile(one_of(r"发布 [上下]一?页 大\s?小"))
    assert pattern.pattern == r"(?=[发發上下大])(?:[发發][布佈]|[上下]一?[页頁]|大\s?小)"
    assert all(pattern.fullmatch(text) for text in ("发布", "發佈", "上一頁", "下页", "大 小"))
    assert not any(pattern.match(text) for text in ("", "发表", "页", "小"))


def test_words_in_both_scripts() -> None:
    assert spellings("正文", "来源于", "發") == ["正文", "来源于", "来源於", "來源于", "來源於", "發"]
    assert spellings() == []


written = st.text(st.sampled_from([*TRADITIONAL, *"正文 aA1"]), max_size=6)


@given(written, st.randoms(use_true_random=False))
def test_a_pattern_and_the_words_take_the_same(word: str, choice: random.Random) -> None:
    printed = "".join(choice.choice(character + TRADITIONAL.get(character, "")) for character in word)
    assert re.fullmatch(both(word), printed)
    assert re.fullmatch("".join(both(f"[{character}]") for character in word), printed)
    assert printed in spellings(word)


# ---- labels ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [FIRST, LAST], ids=["first", "last"])
@pytest.mark.parametrize(
    ("field", "word"),
    [(field, word) for field, listed in labels._WORDS for word in listed.split()],
    ids=lambda value: value,
)
def test_every_label_is_found_in_both_scripts(field: str, word: str, script: dict[int, str]) -> None:
    printed = word.translate(script)
    for text in (f"{printed}：甲乙", f"{printed} 甲乙", f"{' '.join(printed)}：甲乙"):
        [label] = find_labels(text, {0, len(printed)})
        assert (label.field, label.word, label.value) == (field, printed, "甲乙")
        assert labels.LABEL_END.search(text)
    assert starts_with_label(printed)
    assert starts_with_label(f"{printed}：甲乙")


def test_values_stay_as_they_are_printed() -> None:
    assert find_labels("類別：國內发 發佈時間：2025年1月8日 來源：鹿溪資訊網") == [
        Label("category", "類別", 0, 3, 7, "國內发", True),
        Label("published", "發佈時間", 7, 12, 22, "2025年1月8日", True),
        Label("source", "來源", 22, 25, 30, "鹿溪資訊網", True),
    ]


# ---- sentences and headings ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "以上內容為資訊信息快照，由 luxi.example 爬蟲進行採集並收錄",
        "以上內容爲資訊信息快照",
        "以 上 內 容 為 資 訊 信 息 快 照",
    ],
)
def test_the_notice(text: str) -> None:
    assert labels.is_notice(text)
    assert labels.begins_notice(text)
    assert not labels.is_notice(f"...{text}")
    assert not labels.begins_notice(f"本站聲明：{text}")


@pytest.mark.parametrize(
    "text",
    [
        "如有侵權請聯繫我們進行刪除",
        "如有侵權請聯系我們進行刪除",
        "本站資訊快照查詢為非營利公共服務",
        "侵權請聯絡管理員",
        "侵權請聯係站長",
    ],
)
def test_the_removal_notice(text: str) -> None:
    assert labels.is_removal(text)


@pytest.mark.parametrize("text", ["更多關於國內的資訊：", "更多關于國內的資訊", "查看更多「國內」新聞 >"])
def test_the_line_of_more(text: str) -> None:
    match = labels.MORE.match(text)
    assert match is not None
    assert match["topic"] == "國內"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (labels.RELATED_HEADING, "相關資訊"),
        (labels.RELATED_HEADING, "【延伸閱讀】"),
        (labels.RELATED_HEADING, "您可能還感興趣"),
        (labels.HOT_HEADING, "熱門文章"),
        (labels.HOT_HEADING, "本週點擊榜"),
        (labels.OTHER_HEADING, "最新評論"),
        (labels.OTHER_HEADING, "友情鏈接"),
        (labels.FURNITURE, "上一頁"),
        (labels.FURNITURE, "後一條"),
        (labels.FURNITURE, "掃一掃，關注我們"),
        (labels.FURNITURE, "當前位置"),
        (labels.FURNITURE, "設為首頁"),
        (labels.FURNITURE, "長按識別二維碼"),
        (labels.FURNITURE, "免責聲明"),
        (FILLER, "[閱讀全文]"),
        (FILLER, "查看詳細內容 »"),
        (COUNTS, "瀏覽：1,204 次"),
        (COUNTS, "12 條評論"),
        (MORE_BUTTON, "點擊加載更多資訊"),
        (MORE_BUTTON, "繼續瀏覽更多內容 »"),
    ],
)
def test_headings_and_furniture(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.match(text)


@pytest.mark.parametrize(
    "text", ["關於我們 | 聯繫我們", "聯絡我們", "聯絡方式 版權所有", "京公網安備", "粵ICP備 1 號", "粵ICP證"]
)
def test_the_foot_of_a_page(text: str) -> None:
    assert labels.is_page_foot(text)


@pytest.mark.parametrize(
    ("text", "missing", "empty"),
    [
        ("您訪問的頁面不存在", True, False),
        ("該資訊可能已被刪除", True, False),
        ("找不到您要瀏覽的網頁", True, False),
        ("錯誤：404", True, False),
        ("暫無資訊", False, True),
        ("沒有符合條件的內容", False, True),
        ("敬請期待", False, True),
        ("水退之後兩岸通航", False, False),
    ],
)
def test_pages_that_are_not_there_or_empty(text: str, missing: bool, empty: bool) -> None:
    stream = read_stream(f"<p>{text}</p>", "http://luxi.example/1.html")
    assert (says_missing(stream), says_empty(stream)) == (missing, empty)


@pytest.mark.parametrize(
    ("text", "shell"),
    [("", True), ("快照生成時間：2025-01-08", False), ("以上內容爲", False), ("頁面不存在", False)],
)
def test_pages_that_scripts_fill(text: str, shell: bool) -> None:
    html = f"<div id=app>{text}</div><script src=/app.js></script>"
    assert is_shell(html, "http://luxi.example/1.html") is shell


def test_people() -> None:
    assert is_byline("本報記者 章山川 通訊員 李四水 攝影報道")
    assert names("全媒體記者章山川與通訊員李四水") == ["章山川", "李四水"]
    assert names("特約評論員 歐陽山與李四水") == ["歐陽山", "李四水"]
    assert opening_byline("鹿溪網1月8日訊（記者 章山川）水退了。") == "記者 章山川"
    assert opening_byline("鹿溪社1月8日電（記者 章山川）水退了。") == "記者 章山川"
    assert closing_byline("水退了。（駐鹿溪實習記者 章山川）") == "駐鹿溪實習記者 章山川"


# ---- whole pages -----------------------------------------------------------------------------------------


def pages() -> Iterator[tuple[str, str, str]]:
    """A name, the address and the text of every page of the fixtures and of the demo site."""
    fixtures = Path(__file__).parent.parent / "fixtures"
    for path in sorted(fixtures.glob("*/*/meta.json")):
        meta = json.loads(path.read_text("utf-8"))
        body = (path.parent / "page.html").read_bytes()
        text = decode(body, meta["headers"].get("Content-Type")).text
        yield path.parent.name, meta["url"], re.sub(r"&#(\d{5});", lambda code: chr(int(code[1])), text)
    for address in paths():
        yield address, ORIGIN + address, respond(address).body.decode()


def what_is_read(html: str, url: str) -> str:
    stream = read_stream(html, url)
    return repr(read_article(stream) if is_article(stream) else read_listing(stream))


@pytest.mark.parametrize("script", [FIRST, LAST], ids=["first", "last"])
@pytest.mark.parametrize(("url", "html"), [pytest.param(url, html, id=name) for name, url, html in pages()])
def test_a_page_in_traditional_characters_reads_as_the_same_page(
    url: str, html: str, script: dict[int, str]
) -> None:
    assert what_is_read(html.translate(script), url) == what_is_read(html, url).translate(script)
