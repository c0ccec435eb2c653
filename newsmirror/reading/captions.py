"""Captions: the lines below the images of a body that say what these show.

One is told by its own words (图为…, ▲…, … 摄), or because it repeats the image's `alt`, or by its place:
alone with the image in a box, behind a line break in the image's paragraph, in an element of its own behind
the image, or centred like it. What might be read without the image is no caption: where in doubt, text stays
text.
"""

import re
from itertools import pairwise

from newsmirror.normalise.people import is_byline
from newsmirror.normalise.variants import both
from newsmirror.reading.stream import Box, Image, Line, Stream

# Signs that point at the image above.
_SIGNS = "▲△▼▽↑ "
_OPENING = re.compile(
    both(r"[▲△▼▽↑]|上?图[为：:]|图[片源](?:来源)?[：:]|图[一二三四五六七八九\d]{1,2}[：:]|资料图")
)
# Who took it: not what someone filmed (拍摄).
_CREDIT = re.compile(both(r"(?:(?<![拍航录偷跟])摄|供图|资料图片?)[）)\]】。]{0,2}$"))
_NEXT_SENTENCE = re.compile(r"[。！？；!?;]..")
_MAX_CAPTION = 80
_MAX_PLACED = 60
# What someone says, and the numbered heading of a section.
_NO_CAPTION = re.compile(r"[“「‘]|[（(]?[一二三四五六七八九十\d]{1,2}[、）)]")


def find_captions(stream: Stream, lines: list[Line]) -> dict[Line, Line]:
    """Return the captions among the lines of a body, by the line of their image.

    A body is more than its captions: where those that are told by their place would be the most of its text,
    they are its paragraphs.
    """
    if not any(map(_is_image, lines)):
        return {}
    worded: dict[Line, Line] = {}
    placed: dict[Line, Line] = {}
    following = [*lines[2:], None]
    centres_text = any(
        _is_centred(line)
        for above, line in pairwise([lines[0], *lines])
        if line.text and not line.is_table and not _is_image(above)
    )
    for image, text, after in zip(lines, lines[1:], following, strict=False):
        if image.image is None or image.image.caption is not None or not _may_be_caption(text):
            continue
        if _is_worded(text.text, image.image.alt) and not (text.text[0] in "▼▽" and _is_image(after)):
            worded[image] = text
        elif _is_placed(stream, image, text, centres_text):
            placed[image] = text
    others = sum(len(line.text) for line in lines) - _length(worded)
    if others - _length(placed) > _length(placed):
        return worded | placed
    return worded if others else {}


def caption_text(line: Line) -> str:
    """Return what a caption says, without the sign that points at the image."""
    return line.text.lstrip(_SIGNS)


def _length(captions: dict[Line, Line]) -> int:
    return sum(len(line.text) for line in captions.values())


def _may_be_caption(line: Line) -> bool:
    return (
        0 < len(line.text) <= _MAX_CAPTION
        and not (line.links or line.is_table or line.box.heading)
        and bool(caption_text(line))
        and not is_byline(line.text)
    )


def _is_worded(text: str, alt: str | None) -> bool:
    return text == alt or _OPENING.match(text) is not None or _CREDIT.search(text) is not None


def _is_placed(stream: Stream, image: Line, line: Line, centres_text: bool) -> bool:
    """Tell whether a line of one sentence stands where captions do.

    `centres_text`: lines that are below no image are centred, too, such as headings of sections, or verse.
    """
    text = line.text
    if len(text) > _MAX_PLACED or _NO_CAPTION.match(text) or _NEXT_SENTENCE.search(text[:-1]):
        return False
    if line.index != image.index + 1:
        return False
    return _share_a_box(stream, image, line) or (
        not centres_text and (image.box.is_centred or _is_centred(image)) and _is_centred(line)
    )


def _share_a_box(stream: Stream, image: Line, line: Line) -> bool:
    """Tell whether images and the one line below them are all that a box holds."""
    box = line.box
    if box is image.box and not (box.is_centred or _is_parted(image.image)):
        return False  # an image within a paragraph
    while box.start > image.index and box.parent is not None:
        box = box.parent
    above = range(image.index - 1, box.start - 1, -1)
    return box.end == line.index + 1 and all(_is_image(stream.lines[index]) for index in above)


def _is_parted(image: Image | None) -> bool:
    return image is not None and (image.is_line or image.is_labelled)


def _is_image(line: Line | None) -> bool:
    return line is not None and line.image is not None


def _is_centred(line: Line) -> bool:
    """Tell whether a line is centred on its own, in a box or in boxes that hold nothing else."""
    box: Box | None = line.box
    while box is not None and (box.start, box.end) == (line.index, line.index + 1):
        if box.is_centred:
            return True
        box = box.parent
    return False
