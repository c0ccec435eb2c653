"""Where a value comes from: the rule that took it, and the place on the page.

Whoever takes a value says by which of these rules, and from which characters of which lines; nobody guesses
afterwards. `{}` in a rule stands for the word of its `Origin`: the label, the heading, the key.
"""

from typing import Generic, TypeVar

from msgspec import Struct

Value = TypeVar("Value")

LABEL = "label {}"
NO_DATE = "label {}; what it says is no date"

ROW_LABEL = "label {} in the row of labels"
DATE_IN_VALUE = "date within the value of label {}"
DATE_BEFORE_LABEL = "date without a label of its own, before label {}"
DATE_NEAR_ROW = "date alone on a line at the row of labels"
NO_DATE_IN_ROW = "label {} in the row of labels; what it says is no date"
DATE_BEHIND_TITLE = "date behind the headline, on its line"
DATE_BELOW_TITLE = "line below the headline that begins with a date"

TITLE_NAMED_HEADING = "heading that is named in {}"
TITLE_NAMED_LINE = "line that is named in {}"
TITLE_HEADING = "heading, by its rank and its distance from the labels or the notice"
TITLE_LINE = "line like a headline, by its distance from the labels or the notice"

TRAIL_LINE = "links with arrows between them or 位置 before them"
TRAIL_FROM_HOME = "links parted by strokes, from the home page on or up to the category"
TRAIL_BARE = "links with nothing between them, from the home page to the category"
TRAIL_BOX = "short links, one a line, just above the headline"
LAST_CRUMB = "last link of the trail that names a category"

BYLINE_ALONE = "line of the body that only says who wrote"
BYLINE_DATELINE = "dateline of one of the first paragraphs"
BYLINE_AT_END = "brackets at the end of the last paragraph"
EDITOR_AT_END = "brackets at the end of a line of the body"
EDITOR_BELOW = "label {} below the body"

BODY = "first lines with prose below title and labels, up to a mark of the end"
BODY_ABOVE_LABELS = "lines with prose between the headline and the labels below it"
BODY_SHORT = "lines right below title and labels, up to a mark of the end"

FOOTER = "lines from the notice to the notice about removal"
FOOTER_NOTICE = "line of the notice; none about removal is near it"

RELATED_NAMED = "list under the heading {}"
RELATED_AFTER_FOOTER = "list without a heading, right after the article"
RELATED_OTHER = "list under the heading {}; none is named related"
MORE_LINE = "links of the line 更多…"
MORE_LIST = "links of the line 更多… and of the list below it"

JSON_LD = "JSON-LD {}"


class Origin(Struct, frozen=True, gc=False):
    """The rule that took a value, and the raw text it was taken from.

    That begins at the character `start` of the line `first` and ends before the character `end` of the line
    `last`, with the line if that is None. A value out of JSON-LD has no lines but the number of its `script`.
    """

    rule: str
    first: int | None = None
    last: int | None = None
    start: int = 0
    end: int | None = None
    word: str = ""
    script: int | None = None

    @property
    def lines(self) -> range:
        """The lines that it takes in."""
        return range(0) if self.first is None or self.last is None else range(self.first, self.last + 1)

    def __str__(self) -> str:
        """The rule, with its word."""
        return self.rule.format(self.word)


class Found(Struct, Generic[Value], frozen=True, gc=False):
    """A value that was read, and where it comes from."""

    value: Value
    origin: Origin


def value_of(found: Found[Value] | None) -> Value | None:
    """Return what was found, or None."""
    return None if found is None else found.value
