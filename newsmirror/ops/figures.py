"""What a run read, added up article by article, for its monitors and its manifest."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from newsmirror.items import Article

# The keys of the record that a page may lack, and the words that they are printed behind.
FIELDS: dict[str, str] = {
    "category": "类别",
    "breadcrumbs": "the trail",
    "source": "来源",
    "authors": "记者",
    "editor": "责任编辑",
    "published_raw": "发布时间",
    "published_at": "发布时间, as a date that can be read",
    "snapshot_raw": "快照生成时间",
    "snapshot_at": "快照生成时间, as a date that can be read",
    "original_url": "信息原文地址",
    "body_text": "the body",
    "footer": "以上内容为资讯信息快照",
    "related": "the related list",
    "more_in_category": "更多关于…的资讯",
}
_EXAMPLES = 3


@dataclass(slots=True)
class Figures:
    """How many articles were read, how many of them with warnings, and in how many each field was filled.

    `without`: the first addresses of those that lack a field.
    """

    read: int = 0
    warned: int = 0
    filled: Counter[str] = field(default_factory=Counter)
    without: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, article: Article) -> None:
        """Count an article, whether it is new or was seen before."""
        self.read += 1
        self.warned += bool(article.warnings)
        for name in FIELDS:
            if getattr(article, name):
                self.filled[name] += 1
            elif len(self.without[name]) < _EXAMPLES:
                self.without[name].append(article.url)

    def fill(self) -> dict[str, float]:
        """Return the share of articles that have each field, 0 to 1; empty if none was read."""
        return {name: round(self.filled[name] / self.read, 4) for name in FIELDS} if self.read else {}
