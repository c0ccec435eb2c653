"""Text as printed → text as compared."""


def fold(text: str) -> str:
    """Return a text without any whitespace: what stays the same when a page is laid out anew."""
    return "".join(text.split())
