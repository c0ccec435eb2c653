"""Names of the people who wrote: `（本网记者 张三 通讯员 李四）` → ["张三", "李四"]."""

import re

from newsmirror.normalise.variants import both, spellings

# Who they are, before their names: 本报记者, 全媒体记者, 通讯员, 文/图 …
_ROLE = re.compile(
    both(
        r"(?:[一-鿿]{2,8}(?:报|网)·)?(?:本报|本网|本台|本刊|本社|新华社|[一-鿿]{2,8}?(?:报|网|社|台|刊|频道|新闻|体育|财经|周刊|客户端|融媒|全媒体?|发布))?"
        # Not more than four, because the name of a place may end in several ways.
        r"(?:首席|特约|特派|见习|实习|驻[一-鿿]{2,4}|全媒体|融媒体?|文字|摄影){0,4}"
        r"(?:记者|通讯员|特约撰稿人|撰稿人|作者|撰文|评论员|实习生)(?!手记)"
    )
)
_BYLINE = re.compile(
    rf"^[□■◇◆○●◎]?\s?[（(\[【〔［]?[\s/]*"
    rf"(?P<names>{_ROLE.pattern}\s?[:：/|｜]?\s?[一-鿿·•A-Za-z、,，/／:：\s]*?)\s*[）)\]】〕］]?$"
)
# What the next one is, in few words: the whole of `_ROLE` once more is slow to compile.
_NEXT = both(r"(?:[一-鿿]{0,6}(?:记者|通讯员|撰稿人|作者|评论员|实习生))?")
_NAMED = rf"{_ROLE.pattern}\s?[一-鿿]{{2,4}}(?:[\s、，]+{_NEXT}\s?[一-鿿]{{2,4}}){{0,6}}"
# Where they told it, behind a stroke: 記者張三／山城報導.
_AT = both(r"[／/]\s?[一-鿿]{2,4}报[道导]")
# Two characters right behind a role may be what someone did there: 记者调查.
_PLAINLY_NAMED = (
    rf"{_ROLE.pattern}(?:[\s:：]+[一-鿿]{{2,4}}|[一-鿿]{{3,4}})"
    rf"(?:[\s、，/／]+{_NEXT}\s?[一-鿿]{{2,4}}){{0,6}}"
)
# Without a dateline: （记者 张三）…, 〔記者張三／山城報導〕…, （中央社記者張三台北8日電）…,
# 山城发布记者张三丰报道：…
_OPENING = re.compile(
    rf"^(?:[（(][一-鿿·]{{0,8}}?(?P<named>{_PLAINLY_NAMED}(?:\s?{both('文[/／]?[图摄]|摄影报道')})?)[）)]"
    rf"|[（(〔［【\[][一-鿿·]{{0,8}}?(?P<at>{_NAMED}{_AT})[）)〕］】\]]"
    rf"|[（(][一-鿿]{{0,6}}?(?P<wired>{_ROLE.pattern}[一-鿿、]{{4,12}}\d{{1,2}}日{both('电')})[）)]"
    rf"|[一-鿿·]{{0,8}}?(?P<told>{_NAMED}{_AT}|{_PLAINLY_NAMED}\s?{both('报[道导]')})[:：\s])"
)
# 鲁网1月8日讯（记者 张三）… and 鲁网1月8日讯 记者张三 通讯员李四 报道：…
_DATELINE = re.compile(
    rf"^.{{2,24}}?{both('(?:[讯电]|消息)')}[】\]）)]?\s?"
    rf"(?:[（(](?P<names>[^（）()]{{0,12}}?{_ROLE.pattern}[^（）()]{{0,40}})[）)]"
    rf"|(?P<told>{_NAMED})\s?{both('报[道导]')}[\s:：])"
)
# 鲁网1月8日讯 …, whether it names somebody or not.
_PLAIN_DATELINE = re.compile(rf"^[^，。！？；]{{2,24}}?{both('(?:[讯电]|消息)')}(?:[】\]）)]|[\s（(:：])")
_CLOSING = re.compile(rf"[（(](?P<names>[^（）()。]{{0,12}}?{_ROLE.pattern}[^（）()。]{{0,40}})[）)]$")
# What people did, between their names or behind them.
_DEED = re.compile(
    both(r"摄影报道|文[/／]?[图摄]|图文|摄影|摄像|报[道导]|供图|(?<![一-鿿])[文图摄](?![一-鿿])")
)
# The cities and counties that 中央社 tells from.
_CITY = both(
    "台[北中南东]|新北|桃园|高雄|基隆|新竹|嘉义|苗栗|彰化|南投|云林|屏东|宜兰|花莲|澎湖|金门|连江|马祖"
)
# 记者张三 李四 山城报道: where they told it, unless it stands right behind a role.
_PLACE = re.compile(
    both(r"(?<=[一-鿿])(?<!记者|作者|讯员|论员|稿人|撰文|习生)\s[一-鿿]{2,4}(?=报[道导])")
    + rf"|(?![／/]\s?{_ROLE.pattern}){_AT}|(?<=[一-鿿]{{2}})(?:{_CITY})\d{{1,2}}日{both('电')}"
)
# Others than those who wrote, named behind them.
_STAFF = re.compile(both(r"(?<=[\s、，,；;/|｜])(?:责任编辑|责编|(?:编辑|校对|审核|监制)(?=[\s:：/|｜])).*"))
_NAME = re.compile(r"^[一-鿿]{2,4}$|^[一-鿿]{1,8}(?:·[一-鿿]{1,8})+$|^[A-Za-z][A-Za-z .'-]{1,40}$")
_LONGEST_NAME = 4
# Of two names in one word, each: two or three characters, or with a middle dot.
_PAIRED = re.compile(r"[一-鿿]{2,3}|[一-鿿]{1,8}(?:·[一-鿿]{1,8})+")
_AND = "".join(spellings("和", "与"))
# 记者张三和通讯员李四
_AND_ROLE = re.compile(rf"(?<=[一-鿿]{{2}})[{_AND}](?={_ROLE.pattern})")
_EMPTY_BRACKETS = re.compile(r"[（(\[【〔［]\s*[）)\]】〕］]")
_SEPARATORS = re.compile(r"[\s、,，/／;；|｜:：]+")


def is_byline(line: str) -> bool:
    """Tell whether a whole line only says who wrote: `记者 张三 通讯员 李四`."""
    if "。" in line:
        return False  # a sentence: most lines that are asked for
    match = _BYLINE.match(_DEED.sub(" ", line).strip())
    return match is not None and (bool(names(match["names"])) or _ROLE.sub("", match["names"]).strip() == "")


def opening_byline(paragraph: str) -> str | None:
    """Return the byline in the dateline of a paragraph: `山城网1月8日讯（记者 张三）` → `记者 张三`."""
    match = _DATELINE.match(paragraph) or _OPENING.match(paragraph)
    return next(filter(None, match.groupdict().values())) if match else None


def has_dateline(paragraph: str) -> bool:
    """Tell whether a paragraph begins an article: `山城网1月8日讯 昨日，河水退去。`."""
    return _PLAIN_DATELINE.match(paragraph) is not None


def closing_byline(paragraph: str) -> str | None:
    """Return the bracketed byline that ends a last paragraph: `……。（本网记者 张三）` → `本网记者 张三`."""
    match = _CLOSING.search(paragraph)
    return match["names"] if match else None


def names(text: str) -> list[str]:
    """Return the names in a byline or in the value of a 作者 label, in order, each once.

    Anything that is not a personal name by its form (2-4 Chinese characters, a name with a middle dot, or a
    Latin name) is left out: a guess would be wrong more often than missing.
    """
    text = _PLACE.sub(" ", _STAFF.sub(" ", text))
    text = _ROLE.sub(" ", _AND_ROLE.sub(" ", text.replace("•", "·")))
    text = _EMPTY_BRACKETS.sub(" ", _DEED.sub(" ", text)).strip("（）()[]【】〔〕［］ ")
    text = text.strip("：:/／ ")
    if text.isascii():
        words = [" ".join(part.split()) for part in re.split(r"[,/;|:]", text)]
    else:
        words = [name for word in _SEPARATORS.split(text) if word for name in _pair(word)]
    found: list[str] = []
    position = 0
    while position < len(words):
        word = words[position]
        # Two-character names are printed with a space between: 张　三.
        if len(word) == 1 and position + 1 < len(words) and len(words[position + 1]) == 1:
            word += words[position + 1]
            position += 1
        position += 1
        if _NAME.match(word):
            found.append(word)
    return list(dict.fromkeys(found))


def _pair(word: str) -> list[str]:
    """Split 张三和李四 where both sides are names; 李永和 is one, and so is what may be split in two ways."""
    if len(word) <= _LONGEST_NAME:
        return [word]
    splits = [[word[:at], word[at + 1 :]] for at, character in enumerate(word) if character in _AND]
    pairs = [pair for pair in splits if all(map(_PAIRED.fullmatch, pair))]
    return pairs[0] if len(pairs) == 1 else [word]
