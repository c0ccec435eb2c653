"""What can go wrong with a ledger, said with the file's name and what to do."""

import sqlite3

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

REBUILD = "make a new one from the feed: scrapy feed rebuild-ledger"

# What the database says, in part, and what a person can do then.
_CURES = {
    "disk is full": "free some space and run again; nothing that was committed is lost",
    "no space left": "free some space and run again; nothing that was committed is lost",
    "disk i/o error": "look at the disk and its limits, then run again; nothing that was committed is lost",
    "readonly": "let this user write to the file and to its folder",
    "unable to open": "let this user write to the folder, or set another NEWSMIRROR_LEDGER_URL",
    "locked": "another process has been writing for too long: wait for it or stop it, then run again",
    "lock timeout": "another process has been writing for too long: wait for it or stop it, then run again",
    "foreign key": "begin the run with take_run first",
    "malformed": REBUILD,
    "not a database": REBUILD,
}


class LedgerError(Exception):
    """The ledger cannot be used; the message names it and says what to do."""


class RunLocked(LedgerError):  # noqa: N818 - says what is the case
    """Another living run holds the lock of a site: `holder` is "host pid birth", `since` UTC text."""

    def __init__(self, site: str, holder: str, run_id: str, since: str) -> None:
        host, pid, *_ = holder.split(" ")
        host = host.partition(":")[0]
        super().__init__(
            f"{site} is being crawled by run {run_id}: process {pid} on {host}, since {since}. "
            "Wait for it to end, or stop it."
        )
        self.holder = holder
        self.run_id = run_id
        self.since = since


def explain(url: URL, error: DBAPIError | sqlite3.Error) -> LedgerError:
    """Return a database's error as one that names the ledger and the cure."""
    said = " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split())
    cure = next(
        (cure for part, cure in _CURES.items() if part in said.lower()),
        "see that the database can be reached and used",
    )
    return LedgerError(f"ledger {name(url)}: {said}; {cure}")


def name(url: URL) -> str:
    """Return what a person calls a ledger: the file, or the address without its password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.render_as_string(hide_password=True)
