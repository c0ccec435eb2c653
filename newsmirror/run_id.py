"""What a run is called: a name that any file system takes, whatever its site is called."""

import re
import secrets
from datetime import UTC, datetime
from hashlib import sha256

_UNFIT = re.compile(r"^\W|[^\w.-]")
# A file name has 255 bytes at most; what follows the site in the longest one takes under 50.
_MOST_BYTES = 100


def new_run_id(site: str) -> str:
    """Return the id of a run that begins now: `fyun-20250108T090000Z-3f9a1c`."""
    return f"{file_name_of(site)}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def file_name_of(site: str) -> str:
    """Return a site's name as a part of file names: itself, where it has only letters, digits, `.`, `-`, `_`.

    Any other is written with `_`, cut if it is long, and ends with a hash that keeps it apart.
    """
    fit = _UNFIT.sub("_", site).encode()[:_MOST_BYTES].decode(errors="ignore")
    if fit == site:
        return site
    return f"{fit}-{sha256(site.encode(errors='surrogatepass')).hexdigest()[:8]}"
