"""The bytes of a part: JSON lines, gzipped so that the same lines always give the same bytes."""

import gzip
import zlib
from collections.abc import Iterable
from io import BytesIO

# Against the usual 6: 2 % more bytes, in 6 tenths of the time.
_LEVEL = 4


def pack(lines: Iterable[str]) -> bytes:
    """Return JSON texts as a part; no clock and no name in its header."""
    packer = zlib.compressobj(_LEVEL, wbits=31)
    packed = BytesIO()  # not a list to be joined, which would be held twice
    for line in lines:
        packed.write(packer.compress(line.encode() + b"\n"))
    packed.write(packer.flush())
    return packed.getvalue()


def unpack(data: bytes) -> list[str]:
    """Return the lines of a part; raises ValueError if it is no whole gzip of UTF-8 lines."""
    try:
        text = gzip.decompress(data).decode()
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(str(error)) from error
    if text and not text.endswith("\n"):
        raise ValueError("the last line has no end")
    # Not splitlines(): a text may hold U+2028, which ends no JSON line.
    return text.split("\n")[:-1]
