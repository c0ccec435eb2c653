"""How a page was found, as the fields of its metadata record; `via` is ISO 28500's own."""

from collections.abc import Mapping
from typing import Any, cast

from newsmirror.items import Discovery


def to_fields(discovery: Discovery | None) -> dict[str, str]:
    """Return the fields; none for what is no page of the site."""
    if discovery is None:
        return {}
    fields = {"via": discovery.from_url, "discovery": discovery.kind, "position": discovery.position}
    return {name: str(value) for name, value in fields.items() if value is not None}


def from_fields(fields: Mapping[str, str]) -> Discovery | None:
    """Return how a page was found, or None if the fields do not say."""
    if "discovery" not in fields:
        return None
    position = fields.get("position")
    kind = cast(Any, fields["discovery"])
    return Discovery(kind, fields.get("via"), int(position) if position else None)
