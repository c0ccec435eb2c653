"""Names of the people who wrote, and where a page prints them."""

import pytest

from newsmirror.normalise.people import closing_byline, is_byline, names, opening_byline


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("记者 章山川", ["章山川"]),
        ("记者：章山川", ["章山川"]),
        ("记者章山川", ["章山川"]),
        ("（本网记者 章山川）", ["章山川"]),
        ("(本网记者 章山川)", ["章山川"]),
        ("【记者 章山川】", ["章山川"]),
        ("本报记者 章山川 李四水 文/图", ["章山川", "李四水"]),
        ("记者 章山川 通讯员 李四水 文/摄", ["章山川", "李四水"]),
        ("本报记者 章山川 摄影报道", ["章山川"]),
        ("摄影报道：章山川", ["章山川"]),
        ("记者：章山川 摄影：李四水", ["章山川", "李四水"]),
        ("文/章山川 图/李四水", ["章山川", "李四水"]),
        ("章山川 文 李四水 图", ["章山川", "李四水"]),
        ("记者 章山川 实习生 李四水", ["章山川", "李四水"]),
        ("记者 章山川 通讯员 李四水 王田", ["章山川", "李四水", "王田"]),
        ("记者章山川、李四水，通讯员王田", ["章山川", "李四水", "王田"]),
        ("章山川；李四水;王田", ["章山川", "李四水", "王田"]),
        ("山城晚报首席记者 章山川", ["章山川"]),
        ("全媒体记者章山川", ["章山川"]),
        ("山城日报·山城网记者 章山川", ["章山川"]),
        ("驻南岭特约记者 章山川", ["章山川"]),
        ("见习记者 章山川", ["章山川"]),
        ("特约撰稿人 章山川", ["章山川"]),
        ("张　三", ["张三"]),
        ("张 三 李 四", ["张三", "李四"]),
        ("本报记者 张　三 欧阳某某", ["张三", "欧阳某某"]),
        ("欧阳某某", ["欧阳某某"]),
        ("作者：阿不都·热西提", ["阿不都·热西提"]),
        ("买买提·吐尔逊·阿不都 章山川", ["买买提·吐尔逊·阿不都", "章山川"]),
        ("John Smith", ["John Smith"]),
        ("作者：Anna-Maria O'Neil", ["Anna-Maria O'Neil"]),
        ("John Smith, Jane Doe", ["John Smith", "Jane Doe"]),
        ("章山川，章山川", ["章山川"]),
        ("章山川（本报记者）、李四水", ["章山川", "李四水"]),
        ("章山川(摄影)、李四水【通讯员】", ["章山川", "李四水"]),
        ("章山川（山城大学教授）", []),
        ("章山川和李四水", ["章山川", "李四水"]),
        ("记者 张三与李四、王田", ["张三", "李四", "王田"]),
        ("记者张三和通讯员李四", ["张三", "李四"]),
        ("李永和", ["李永和"]),
        ("记者 李永和 通讯员 李四", ["李永和", "李四"]),
        ("李永和和张三", []),  # 李永和 and 张三, or 李永 and 和张三
        ("水和阳光", ["水和阳光"]),
        ("南岭大桥建设者和居民", []),
        ("买买提•艾力", ["买买提·艾力"]),
        ("买买提•艾力和章山川", ["买买提·艾力", "章山川"]),
        ("本报评论员", []),
        ("记者", []),
        ("山城市人民政府新闻办公室", []),
        ("13800000000", []),
        ("", []),
    ],
)
def test_names(text: str, expected: list[str]) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    "line",
    [
        "记者 章山川",
        "记者：章山川 李四水",
        "（本网记者 章山川）",
        "【记者 章山川】",
        "本报记者 章山川 文/图",
        "记者 章山川 摄影报道",
        "记者 章山川 通讯员 李四水",
        "山城晚报记者 章山川、李四水",
        "山城日报·山城网记者 章山川",
        "文/本报记者 章山川 图/李四水",
        "作者：阿不都·热西提",
        "作者：阿不都•热西提",
        "本报记者 章山川和李四水",
        "作者：John Smith",
        "本报评论员",
        "记者",
    ],
)
def test_a_line_that_only_says_who_wrote_is_a_byline(line: str) -> None:
    assert is_byline(line) is True


@pytest.mark.parametrize(
    "line",
    [
        "",
        "章山川",
        "来源：山城晚报",
        "记者在现场看到，河水已经退去。",
        "记者 章山川 昨日到河边采访，水位已经下降。",
        "记者了解到的情况是这样的",
        "记者手记",
        "记者在现场和居民交谈",
        "通讯员制度的由来",
        "（完）",
        "山城网1月8日讯（记者 章山川）昨日，河水退去。",
    ],
)
def test_a_line_that_says_more_is_no_byline(line: str) -> None:
    assert is_byline(line) is False


@pytest.mark.parametrize(
    ("paragraph", "expected"),
    [
        ("山城网1月8日讯（记者 章山川）昨日，河水退去。", "记者 章山川"),
        ("山城晚报讯(记者 章山川 通讯员 李四水)昨日。", "记者 章山川 通讯员 李四水"),
        ("通讯社山城1月8日电（记者章山川、李四水）昨日。", "记者章山川、李四水"),
        ("本报讯 （全媒体记者 章山川） 昨日。", "全媒体记者 章山川"),
        ("本报讯（通讯员 李四水 记者 章山川）昨日。", "通讯员 李四水 记者 章山川"),
        ("本报讯 昨日，河水退去（记者 章山川）。", None),
        ("（记者 章山川）昨日，河水退去。", None),
        ("昨日发来的电报（共三页）上写着。", None),
        ("昨日，河水退去。", None),
        ("", None),
    ],
)
def test_opening_byline(paragraph: str, expected: str | None) -> None:
    assert opening_byline(paragraph) == expected


@pytest.mark.parametrize(
    ("paragraph", "expected"),
    [
        ("河水退去。（本网记者 章山川）", "本网记者 章山川"),
        ("河水退去。(记者 章山川 通讯员 李四水)", "记者 章山川 通讯员 李四水"),
        ("河水退去。（山城晚报记者 章山川 文/图）", "山城晚报记者 章山川 文/图"),
        ("（记者 章山川）", "记者 章山川"),
        ("河水（见图）退去。（记者 章山川）", "记者 章山川"),
        ("河水退去。（完）", None),
        ("他说（记者问到时）河水退去。", None),
        ("河水退去。（据记者了解。章山川）", None),
        ("", None),
    ],
)
def test_closing_byline(paragraph: str, expected: str | None) -> None:
    assert closing_byline(paragraph) == expected


@pytest.mark.parametrize("word", ["驻", "记者驻", "驻网", "网驻驻", "驻山城"])
def test_a_long_line_of_roles_names_nobody(word: str) -> None:
    line = word * (10_000 // len(word))
    assert (is_byline(line), names(line)) == (False, [])


def test_thousands_of_names() -> None:
    people = [chr(0x4E00 + number) + "山川" for number in range(20_000)]
    assert names("记者 " + " ".join(people * 2)) == people
