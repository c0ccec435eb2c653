"""What a run is called."""

import secrets
from datetime import UTC, datetime


def new_run_id(site: str) -> str:
    """Return the id of a run that begins now: `fyun-20250108T090000Z-3f9a1c`."""
    return f"{site}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
