"""Pages that say in one short line that they are not there, or that they are empty, whatever their status."""

import re

from newsmirror.normalise.variants import both
from newsmirror.reading.labels import compact
from newsmirror.reading.stream import Stream

_MAX_LINE = 40
_WHAT = both("(?:页面|网页|页|信息|内容|文章|资讯|新闻|稿件|快照|记录|地址|链接)")
_MISSING = re.compile(
    both(
        rf"{_WHAT}(?:可能)?(?:并?不存在|不见了|走丢了|已?(?:经)?被?(?:删除|移除|下线|下架|撤销|撤下|失效|过期|丢失)|未找到|没有找到|找不到)"
        rf"|(?:找不到|未找到|没有找到|没找到)(?:您|你)?(?:所?要?(?:访问|查看|浏览|请求|找)?的)?(?:该|此|这个)?{_WHAT}"
        r"|^(?:错误|error)?[:：]?404(?:notfound|错误|页面|error)?|(?:page|file)notfound"
    ),
    re.IGNORECASE,
)
_EMPTY = re.compile(
    both(
        r"暂[无未]|^(?:没有|无)(?:更多|相关|符合|找到|任何)|空空如也|敬请期待|no(?:more)?(?:results|data|articles|entries|items)"
    ),
    re.IGNORECASE,
)


def says_missing(stream: Stream) -> bool:
    """Tell whether a page that is no article says that what was asked for is not there."""
    return _says(stream, _MISSING)


def says_empty(stream: Stream) -> bool:
    """Tell whether a page says that there is nothing to show on it."""
    return _says(stream, _EMPTY)


def _says(stream: Stream, sentence: re.Pattern[str]) -> bool:
    return any(len(line.text) <= _MAX_LINE and sentence.search(compact(line.text)) for line in stream.lines)
