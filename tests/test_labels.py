"""Labels on a line, and their values."""

import pytest

from newsmirror.reading.labels import find_labels, starts_with_label


def fields(text: str) -> list[tuple[str, str]]:
    return [(label.field, label.value) for label in find_labels(text)]


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("published", "发稿时间 刊发时间 刊登日期 張貼時間 发文日期 成文日期 录入时间"),
        ("snapshot", "快照產生時間 快照建立時間 快照抓取时间 快照保存时间 快照日期"),
        ("original", "信息原文網址 原文出处 原始链接 来源链接 来源地址"),
        ("source", "转自 转载自 消息来源 來源網站 发布机构 发布单位"),
        ("editor", "执行编辑"),
    ],
)
def test_words_for_a_field(field: str, words: str) -> None:
    for word in words.split():
        assert fields(f"{word}：山城") == [(field, "山城")], word


@pytest.mark.parametrize(
    "text",
    [
        "【类别】财经 【发布时间】2024年11月28日 09:05 【来源】江湾财经网 【责任编辑】虞亦凡",
        "【类别】：财经 【发布时间】：2024年11月28日 09:05 【来源】：江湾财经网 【责任编辑】：虞亦凡",
        "[类别]财经[发布时间]2024年11月28日 09:05[来源]江湾财经网[责任编辑]虞亦凡",
        "［类别］ 财经｜［发布时间］ 2024年11月28日 09:05｜［来 源］ 江湾财经网｜［责任编辑］ 虞亦凡",
        "【类别：财经】【发布时间：2024年11月28日 09:05】【来源：江湾财经网】【责任编辑：虞亦凡】",
        "【类别 财经】 【发布时间 2024年11月28日 09:05】 【来源 江湾财经网】 【责任编辑 虞亦凡】",
    ],
)
def test_labels_in_brackets(text: str) -> None:
    assert fields(text) == [
        ("category", "财经"),
        ("published", "2024年11月28日 09:05"),
        ("source", "江湾财经网"),
        ("editor", "虞亦凡"),
    ]


def test_a_label_in_brackets_begins_at_its_bracket_and_needs_no_colon() -> None:
    [label] = find_labels("【来源】山城网")
    assert (label.start, label.value_start, label.has_colon) == (0, 4, True)


def test_a_button_in_brackets_ends_a_value_and_begins_no_line() -> None:
    assert fields("【来源】山城网 【浏览】333") == [("source", "山城网"), ("other", "333")]
    assert fields("【评论】山城下雪了") == []


@pytest.mark.parametrize(
    "text",
    ["章山川（记者）说", "山城（来源）", "【网络来源】山城", "【来源]山城", "来源】山城", "[山 来源]网"],
)
def test_a_word_in_other_brackets_is_no_label(text: str) -> None:
    assert fields(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "类别:科技发布时间:2025-03-12 16:05来源:山城评论作者:章山川",
        "类别：科技发布时间：2025-03-12 16:05来源：山城评论作者：章山川",
        "类别：科技 发布时间：2025-03-12 16:05来源：山城评论作者：章山川",
    ],
)
def test_labels_right_behind_the_value_before(text: str) -> None:
    assert fields(text) == [
        ("category", "科技"),
        ("published", "2025-03-12 16:05"),
        ("source", "山城评论"),
        ("author", "章山川"),
    ]


def test_labels_right_behind_a_sentence_of_the_footer() -> None:
    text = "不代表本站立场。快照生成时间:2025-03-12 20:00:00信息原文地址:http://a.example/1"
    assert fields(text) == [
        ("snapshot", "2025-03-12 20:00:00"),
        ("original", "http://a.example/1"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("来源：山城网 图片来源：视觉山城", ["source"]),
        ("类别：国内 信息的来源：山城网", ["category"]),
        ("来源：记者获悉，各校的发布时间：三月。", ["source"]),
        ("来源：" + "山城" * 100 + "发布时间：三月", ["source"]),
        ("时间：3月20日9:00地点：码头", ["published"]),
        ("记者：本次成绩的发布时间：三月", ["author"]),
        ("记者从新闻来源：山城网获悉", []),
        ("水位回落。来源：山城网", []),
        ("水位回落。发布时间：2025-01-08", []),
        ("记者获悉的快照生成时间：2025-01-08", []),
        ("水位回落。快照生成时间 2025-01-08", []),
    ],
)
def test_a_word_in_the_midst_of_a_text_is_no_label(text: str, expected: list[str]) -> None:
    assert [field for field, _ in fields(text)] == expected


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        (["来源：", "柳荫网", "朗读者：许清禾"], [("source", "柳荫网"), ("unknown", "许清禾")]),
        (["【来源】柳荫网", "朗读者：", "许清禾"], [("source", "柳荫网"), ("unknown", "许清禾")]),
        (
            ["来源：柳荫网", "朗读者 : 许清禾", "插画师:"],
            [("source", "柳荫网"), ("unknown", "许清禾"), ("unknown", "")],
        ),
        (["来源：", "柳荫网：早报"], [("source", "柳荫网：早报")]),
        (["来源：柳荫网 朗读者：许清禾", "（一版）"], [("source", "柳荫网 朗读者：许清禾 （一版）")]),
        (["来源：柳荫网", "一份六个字的：报纸"], [("source", "柳荫网 一份六个字的：报纸")]),
        (["来源：柳荫网，", "朗读者：许清禾"], [("source", "柳荫网， 朗读者：许清禾")]),
        (["朗读者：许清禾", "插画师：何立夏"], []),
    ],
)
def test_an_unknown_label_ends_a_value_at_a_text_node_of_its_own(
    nodes: list[str], expected: list[tuple[str, str]]
) -> None:
    starts = {len(" ".join([*nodes[:count], ""])) for count in range(len(nodes))}
    assert [(label.field, label.value) for label in find_labels(" ".join(nodes), starts)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("来源", True),
        ("来源：山城网", True),
        ("【来源】山城网", True),
        ("[发布时间]", True),
        ("来源不明", False),
        ("【评论】山城下雪了", False),
        ("【来源不明】", False),
        ("[来源）", False),
        ("【", False),
        ("", False),
    ],
)
def test_a_text_that_starts_with_a_label(text: str, expected: bool) -> None:
    assert starts_with_label(text) is expected
