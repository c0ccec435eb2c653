"""Text as printed → text as compared."""


def fold(text: str | None) -> str | None:
    """Return a text without any whitespace: what stays the same when a page is laid out anew."""
    return None if text is None else "".join(text.split())
