"""Where on a page the text stands that a value was taken from: its lines, and the element around it."""

from dataclasses import dataclass

from lxml import etree

from newsmirror.reading.origins import Origin
from newsmirror.reading.stream import Line, Stream


@dataclass(frozen=True, slots=True)
class Place:
    """Lines of the page's text, from 0, `last` included, and the smallest element around what was taken.

    `path` is its XPath and `source_line` the line, from 1, of the page's source that its tag stands on. A
    script has no lines of text: then `first` and `last` are None.
    """

    first: int | None
    last: int | None
    path: str
    source_line: int | None


def raw_text(stream: Stream, origin: Origin) -> str | None:
    """Return the text that a value was taken from, a line feed between lines; None for a script."""
    if origin.first is None:
        return None
    parts = (line.text[start:end] for line, start, end in _spans(stream, origin))
    return "\n".join(part.strip() for part in parts if part.strip()) or None


def find_place(stream: Stream, origin: Origin) -> Place:
    """Return where a value was taken from; the stream must have been read with its places."""
    if origin.script is not None:
        elements = [stream.scripts[origin.script]]
    else:
        elements = [each for span in _spans(stream, origin) for each in _elements(*span)]
    # From the root inwards, as far as all of them go the same way.
    ways = [[*reversed(list(element.iterancestors())), element] for element in elements]
    around = [step[0] for step in zip(*ways, strict=False) if all(each is step[0] for each in step)][-1]
    return Place(origin.first, origin.last, around.getroottree().getpath(around), around.sourceline)


def _spans(stream: Stream, origin: Origin) -> list[tuple[Line, int, int]]:
    """Return the lines of an origin, each with the characters of it that are meant."""
    return [
        (
            line,
            origin.start if line.index == origin.first else 0,
            origin.end if line.index == origin.last and origin.end is not None else len(line.text),
        )
        for line in (stream.lines[index] for index in origin.lines)
    ]


def _elements(line: Line, start: int, end: int) -> list[etree._Element]:
    """Return the elements of the texts, or of the image, between two characters of a line."""
    if line.image is not None:
        return [line.image.element] if line.image.element is not None else []
    return [
        piece.element
        for piece in line.pieces
        if piece.element is not None
        and (end - start == len(line.text) or start - len(piece.text) < piece.start < end)
    ]
