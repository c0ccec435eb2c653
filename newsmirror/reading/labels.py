"""The words that snapshot pages print before their values: 类别, 发布时间, 来源, 责任编辑, 快照生成时间 …

They are written in Simplified characters here, and found in both scripts (`normalise/variants.py`).
Only these words are relied on. A label counts where a person would read it as one: at the start of a line
or of a text node, or after a space or a separator; before a colon, a space, or the end of its text node.
One in square brackets of its own (【来源】山城网) needs no colon. One with a colon may also stand right
behind a value in a row of labels (16:05来源：山城网), and one of the snapshot's right behind a sentence.
"""

import re
from collections.abc import Collection, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Literal

from msgspec import Struct

from newsmirror.normalise.variants import both, one_of, spellings

Field = Literal[
    "category", "published", "source", "author", "editor", "snapshot", "original", "other", "unknown"
]

# "other" ends the value before it and is not read; so does "unknown", which is none of these words.
_WORDS: tuple[tuple[Field, str], ...] = (
    (
        "snapshot",
        "快照生成时间 快照产生时间 快照建立时间 快照创建时间 快照采集时间 快照抓取时间 快照保存时间 快照时间 "
        "快照日期 快照生成于",
    ),
    (
        "original",
        "信息原文地址 信息原文链接 信息原文网址 原文地址 原文链接 原文连结 原文网址 原文出处 原始链接 "
        "来源链接 来源网址 来源地址 信息原文",
    ),
    ("editor", "责任编辑 执行编辑 本文编辑 网络编辑 值班编辑 责编 编辑"),
    (
        "published",
        "信息发布时间 发布时间 发布日期 发表时间 发表日期 发稿时间 刊发时间 刊登时间 刊登日期 张贴时间 "
        "发文日期 成文日期 录入时间 发布于 发表于 时间 日期",
    ),
    ("category", "信息类别 所属类别 类别 所属分类 信息分类 分类 所属栏目 栏目 所属频道 频道"),
    (
        "source",
        "信息来源 文章来源 新闻来源 稿件来源 消息来源 来源媒体 来源网站 来源于 来源 稿源 转载自 转自 "
        "发布机构 发布单位",
    ),
    ("author", "文章作者 作者 撰文 通讯员 记者"),
    (
        "other",
        "更新时间 修改时间 更新于 编辑时间 收录时间 采集时间 浏览次数 浏览量 浏览数 浏览 阅读次数 "
        "阅读量 阅读数 阅读 点击次数 点击量 点击数 点击 点阅次数 点阅数 点阅 "
        "访问量 访问次数 人气 热度 评论数 评论 跟帖 "
        "字体大小 字号 字体 字级 分享到 分享 关键词 关键字 标签 审核 校对 责任校对 监制 终审 二审 一审 来稿 "
        "摄影 扫一扫 打印 列印 收藏 转载 编号 信息编号 字数",
    ),
)
_FIELD_OF: dict[str, Field] = {word: name for name, words in _WORDS for word in spellings(*words.split())}
_SEPARATORS = frozenset(" |｜丨/／·•,，;；、（(［[【〔]>》—-")
_SPACE = r"\s?"
_LONGEST_FIRST = sorted((word for _, words in _WORDS for word in words.split()), reverse=True)
# Words with the same first character together: few need to be tried.
_WORD = one_of(
    " ".join(
        # Pages stretch short words with spaces: 来　源, 发 布 时 间.
        rf"{first}{_SPACE}(?:{'|'.join(_SPACE.join(word[1:]) for word in words)})"
        for first, words in groupby(_LONGEST_FIRST, key=itemgetter(0))
    )
)
_PATTERN = re.compile(rf"(?P<word>{_WORD})(?P<closing>[］\]】〕])?\s?(?P<colon>[:：∶﹕])?\s?")
# How a label ends, where one may end at all: few lines have this, so few need `find_labels`.
LABEL_END = re.compile(rf"[{''.join(sorted({word[-1] for word in _FIELD_OF}))}](?:[\s:：∶﹕］\]】〕]|$)")
# A row of labels may be printed without spaces. Short words are labels in it only behind a time, or behind
# another one so printed: 图片来源 and 原作者 are not 来源 and 作者.
_ROW_FIELDS = frozenset(("category", "published", "source"))
_MAX_ROW = 120
_LONG = 4
_SENTENCE = re.compile("[，。！？；]")
_UNKNOWN = re.compile(r"(?P<word>[一-鿿]{2,5})\s?[:：∶﹕]\s?")
_OPENING = "（(［[【〔"
_CLOSING = {"（": "）", "(": ")", "［": "］", "[": "]", "【": "】", "〔": "〕"}
_OPENING_OF = {closing: opening for opening, closing in _CLOSING.items()}


class Label(Struct, frozen=True, gc=False):
    """A label at `start` of a text, whose value runs from `value_start` up to `value_end`."""

    field: Field
    word: str
    start: int
    value_start: int
    value_end: int
    value: str
    has_colon: bool


def find_labels(text: str, text_nodes: Collection[int] = (), linked: Collection[int] = ()) -> list[Label]:
    """Return the labels of a line with their values, in order.

    `text_nodes`: where text nodes start in it; a label may begin and end at each of them.
    `linked`: where linked ones start; a word that is a link (原文链接) is a value, no label.
    """
    hits: list[tuple[str, int, int, bool]] = []
    is_row = is_glued = False
    for match in _PATTERN.finditer(text):
        start, end = match.span("word")
        if start in linked:
            continue
        word = _word(match)
        has_colon = match["colon"] is not None
        if not (start == 0 or text[start - 1] in _SEPARATORS or start in text_nodes):
            in_row = is_row and (is_glued or len(word) >= _LONG or text[start - 1].isdigit())
            if not (has_colon and (in_row or _is_behind_sentence(match))):
                continue
            is_glued = True
        elif match["closing"] is not None:
            # 【评论】 may as well open a headline: such words end a value, and do not begin a line.
            if not _is_in_brackets(match) or (_FIELD_OF[word] == "other" and not hits):
                continue
            start, has_colon = start - 1, True
        elif not (has_colon or end == len(text) or text[end].isspace() or end in text_nodes):
            continue
        else:
            is_glued = False
        if not hits:
            is_row = start == 0 and has_colon and _FIELD_OF[word] in _ROW_FIELDS and _is_short_row(text)
        hits.append((word, start, match.end(), has_colon))
    if hits and len(text_nodes) > 1 and _is_short_row(text):
        hits = sorted([*hits, *_unknown_labels(text, text_nodes, hits)], key=itemgetter(1))
    labels = []
    for position, (word, start, value_start, has_colon) in enumerate(hits):
        value_end = hits[position + 1][1] if position + 1 < len(hits) else len(text)
        value = text[value_start:value_end].strip(" |｜丨;；,，、·•")
        if start and (opening := text[start - 1]) in _OPENING:
            # （责编：张三）: the bracket that the label opened ends its value.
            value = value.partition(_CLOSING[opening])[0].strip()
        elif value and (value[-1] in _OPENING or _closes_nothing(value)):
            value = value[:-1].rstrip()
        field = _FIELD_OF.get(word, "unknown")
        labels.append(Label(field, word, start, value_start, value_end, value, has_colon))
    return labels


def _unknown_labels(
    text: str, text_nodes: Collection[int], hits: list[tuple[str, int, int, bool]]
) -> Iterator[tuple[str, int, int, bool]]:
    """Yield what stands like a label behind the value of one: 朗读者： at the start of a text node."""
    known = {edge for _, start, value_start, _ in hits for edge in (start, value_start)}
    for start in text_nodes:
        if start > hits[0][2] and start not in known and (match := _UNKNOWN.match(text, start)):
            yield match["word"], start, match.end(), True


def _is_short_row(text: str) -> bool:
    return len(text) <= _MAX_ROW and not _SENTENCE.search(text)


def _is_behind_sentence(match: re.Match[str]) -> bool:
    """Tell whether a label of the snapshot stands behind a sentence or a time: 本站立场。快照生成时间：…"""
    before = match.string[match.start() - 1]
    return _FIELD_OF[_word(match)] in ("snapshot", "original") and (before in "。！!" or before.isdigit())


def _closes_nothing(value: str) -> bool:
    """Tell whether a value ends with the bracket of the whole row: （类别：国内 来源：山城网）."""
    opening = _OPENING_OF.get(value[-1])
    return opening is not None and opening not in value


def _is_in_brackets(match: re.Match[str]) -> bool:
    """Tell whether a word stands alone in brackets: 【来源】."""
    start = match.start()
    return start > 0 and match["closing"] == _CLOSING.get(match.string[start - 1])


def starts_with_label(text: str) -> bool:
    """Tell whether a text is a label, or begins with one and its colon, or with one in brackets."""
    if (match := _PATTERN.match(text)) is not None:
        return match["colon"] is not None or match.end() == len(text)
    match = _PATTERN.match(text, 1)
    return match is not None and _is_in_brackets(match) and _FIELD_OF[_word(match)] != "other"


def _word(match: re.Match[str]) -> str:
    return match["word"].replace(" ", "")


# ---- sentences and headings that end an article ------------------------------------------------------

# What may stand behind the word of a heading of a list: 热门文章 is one, 热门景区限流 is a short text.
_LISTED = one_of(
    "文章 新闻 资讯 信息 内容 快照 报道 阅读 [链连][接结] 图[文片] 视频 专题 话题 推荐 热[门点榜搜评词文] "
    "排行 排名 榜 [日周月] 标签 关键词 搜索 评论 收录 更新 发布 消息 要闻 精选 精彩 目录 列表 分类 栏目 "
    "频道 [您你] 喜欢 感兴趣 [想爱]看 想读 关注 我们 更多 换一[批组换] 条 的"
)
_REST = rf"(?:{_LISTED}|[A-Za-z0-9\s>»›|/()（）+·-])*[】\]]?\s*[:：]?$"
# Headings of lists that show other things than the page is about.
_HOT = one_of(
    "热[门点榜] 排行 点击[榜量] 近期(?:文章|热) 最新(?:文章|资讯) 随机 猜你 推荐 大家都在看 本[周月] 一周 "
    "24小时"
)
HOT_HEADING = re.compile(rf"^[【\[]?.{{0,6}}{_HOT}{_REST}")
HOME_WORDS = frozenset(
    spellings(
        *("首页", "主页", "网站首页", "本站首页", "返回首页", "快照首页", "站点首页", "home", "Home", "HOME")
    )
)
_NOTICE = re.compile(both("以上内容为资讯信息快照"))
# The notice as a sentence of its own: neither the words of a slogan (本站声明：…) nor the end of an excerpt.
_OWN_NOTICE = re.compile(rf"(?:^|[。！？；”）】])[^\w:：]{{0,4}}{_NOTICE.pattern}")
_EXCERPT = ("...", "…")
REMOVAL = re.compile(both("如有侵权|如涉及侵权|若有侵权|侵权请联[系络]|非营利公共服务"))
MORE = re.compile(
    both(
        r"^[【\[■◆●▪·\s]*(?:查看)?更多(?:关于)?[“\"「【]?(?P<topic>[^，。；！？]{1,20}?)[”\"」】]?\s?的?\s?"
        r"(?:资讯|信息|新闻|内容|快照)[】\]]?\s*(?:[:：>»]|$)"
    )
)
_RELATED = one_of(
    "相关 类似 相似 延伸 推荐 为[您你]推荐 关联 猜你(?:喜欢|想读|想看|爱看|关注) "
    "[您你]可能还?(?:感兴趣|喜欢|想看) 可能还?(?:感兴趣|喜欢|想看)"
)
RELATED_HEADING = re.compile(rf"^[【\[]?{_RELATED}(?:.{{0,4}}?{_LISTED})?{_REST}")
# Lists on the page that are neither the related list nor the body.
_OTHER = one_of(
    "热[门点榜评] 排行 点击榜 最新 推荐 精选 要闻 图片 专题 视频 焦点 关注 阅读榜 友情[链连][接结] 评论 标签 "
    "分类 栏目"
)
OTHER_HEADING = re.compile(rf"^[【\[]?.{{0,6}}{_OTHER}{_REST}")
# Lines of the page's own furniture: buttons, share bars, adverts, the links to the neighbours.
_BUTTON = one_of(
    "[上下前后]一[篇条页] 没有了 分享[到至给]? 转发 字[号体级] [打列]印(?:本页|本文)? 关闭(?:窗口|本页)? "
    "收藏(?:本页|本文)? 广告 推广 赞助 AD ADVERTISEMENT 返回(?:首页|列表|顶部|上一?[页级])? 回到顶部 "
    r"大\s?中\s?小 [Aa][+-] 版权声明 免责声明 我要(?:评论|纠错|投诉|举报) 发表评论 网友评论 举报 纠错 点赞 "
    "[顶踩]一下 赞一个 加入收藏 设为首页 手机(?:看新闻|阅读|版) 当前位置 编辑推荐 本文(?:关键词|标签) "
    "关键词 标签"
)
_CALL = one_of(
    "扫一?扫.{0,20}$ 微信扫一?扫.{0,20}$ 扫码(?:关注|下载|查看|阅读).{0,16}$ "
    "扫描.{0,6}二维码.{0,20}$ 长按.{0,20}二维码.{0,12}$ 您(?:现在)?(?:的|所在)(?:的)?位置"
)
CALL = re.compile(_CALL)
FURNITURE = re.compile(rf"^[\[【（(《<◄►]*(?:{_BUTTON}(?=$|[\s:：|｜/>»\]】）)\d《])|{_CALL})")
# Lines that only count: 阅读：123, 1.2万阅读, 已有5人参与评论, 本文共1832字，阅读约需5分钟.
_NUMBER = both(r"\d[\d,.]*+\s?(?:[万千wWkK]\+?|\+)?")
_TIMES = both(r"(?:人?次|[人位名条个])?")
_DEED = one_of(
    "阅读 浏览 点[击赞阅] 评论 访问 播放 收藏 转发 分享 跟帖 回复 留言 推荐 喜欢 在看 人气 热度 赞 踩"
)
_COUNT = both(
    rf"(?:预计)?(?:阅读|读完)(?:[本全]文)?(?:时间|时长)?\s?[:：]?\s?[大约需要]{{0,3}}\s?{_NUMBER}分钟|"
    rf"(?:[本全]文[共约]{{1,2}}|字数[:：]?)\s?{_NUMBER}字?|"
    rf"(?:本[文页]|文章)?[已共]?被?{_DEED}(?:人?次数|人数|数|量)?"
    rf"\s?[:：]?\s?[（(\[]?{_NUMBER}\s?{_TIMES}[）)\]]?|"
    rf"[已共]?有?\s?{_NUMBER}\s?{_TIMES}(?:网友|读者)?(?:参与|觉得很)?{_DEED}[过了量]?"
)
# Each is taken whole: many could be parted in many ways.
COUNTER = re.compile(rf"\W{{0,3}}(?:(?>{_COUNT})[\s|｜/·•、，,;；）)】\]]*+)++$")
# Tools and declarations of the page, and rules drawn with dashes; an article might have them, too, but not at
# its ends.
_TOOL = one_of(
    r"听新闻[\s\d:/]*$ 听[全本]文[\s\d:/]*$ 收听[全本]文$ 点击(?:收听|播放).{0,4}$ 目\s?录$ [全本]文目录$ "
    r"文章目录$ [打下][开载].{0,8}(?:APP|App|app|客户端)[^。]{0,12}$ 点击打开.{0,12}$ "
    r"[展阅查][开读看][全原]文$"
)
# A counter whose number a script would write.
_EMPTY_COUNTER = both(rf"{_DEED}(?:次数|人数|数|量)?\s?[:：]?\s?[（(]?\s?(?:人?次|人)?[）)]?$")
_DECLARATION = both(r"[（(【\[※*]*.{0,2}声明[】\]]?\s?[:：].{0,160}(?:本[网站]|转载|不代表)")
# A line drawn with dashes.
RULE = re.compile(r"[-—=_*~·.]{4,}$")
EDGE = re.compile(
    rf"{RULE.pattern}|{_TOOL}|{_EMPTY_COUNTER}|[（(【](?:全文)?完[）)】]$|\d+:\d\d\s?/\s?\d+:\d\d$|{_DECLARATION}"
)
# What stands in the lines at the foot of a page. Each alternative begins with its own character, for speed.
FOOT = re.compile(
    "|".join(spellings("©", "版权所有", "备案号", "公网安备"))
    + both("|C(?i:opyright)|c(?i:opyright)|I(?i:CP[备证])|i(?i:CP[备证])")
)
_FOOT_LINKS = re.compile(both("关于我们|联[系络]我们|网站地图|友情[链连]|免责声明"))


def compact(text: str) -> str:
    """Return a text without whitespace, for sentences that a page may have stretched."""
    return "".join(text.split())


def is_page_foot(text: str) -> bool:
    """Tell whether a line begins the foot of the whole page."""
    return _FOOT_LINKS.match(text) is not None or FOOT.search(text) is not None


def is_removal(text: str) -> bool:
    """Tell whether a line holds the notice about removal: 如有侵权请联系我们进行删除."""
    return ("侵" in text or "非" in text) and REMOVAL.search(compact(text)) is not None


def is_notice(text: str) -> bool:
    """Tell whether a line holds the sentence that makes a page a snapshot; an excerpt does not."""
    return _NOTICE.search(compact(text)) is not None and not text.startswith(_EXCERPT)


def begins_notice(text: str) -> bool:
    """Tell whether the notice begins a line, or a sentence in it."""
    return _OWN_NOTICE.search(compact(text)) is not None
