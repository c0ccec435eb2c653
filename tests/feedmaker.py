"""Records to publish, and a ledger with a feed beside it."""

from hashlib import sha256
from pathlib import Path
from typing import Any

from newsmirror.feed.publish import publish
from newsmirror.feed.storage import Storage
from newsmirror.ledger.ledger import Ledger
from newsmirror.schema import article_schema

DAY = "2025-01-08"


def record(name: str, run_id: str, text: str = "一", day: str = DAY, **changed: Any) -> dict[str, Any]:
    """A record as a run hands it to the ledger: everything that may be null is null, and lists are empty."""
    url = f"http://kz.hezhou.example/{name}.html"
    nulls: dict[str, Any] = {
        key: [] if schema.get("type") == "array" else None
        for key, schema in article_schema()["$defs"]["Article"]["properties"].items()
    }
    return nulls | {
        "schema_version": "1.0",
        "op": "insert",
        "article_id": sha256(url.encode()).hexdigest(),
        "revision": 1,
        "url": url,
        "fetched_url": url,
        "site": "hezhou",
        "discovery": {"kind": "listing", "from_url": None, "position": 1},
        "title": f"{name}\u2028{text}",
        "fetched_at": f"{day}T09:00:00Z",
        "first_seen_at": f"{day}T09:00:00Z",
        "content_sha256": sha256(text.encode()).hexdigest(),
        "payload_sha256": sha256(f"<p>{text}".encode()).hexdigest(),
        "encoding": {"declared": None, "used": "utf-8", "replacements": 0},
        "run_id": run_id,
        "parser_version": "1",
        **changed,
    }


class House:
    """A folder with a ledger and a feed."""

    def __init__(self, folder: Path, feed: str | None = None) -> None:
        self.uri = feed or str(folder / "feed")
        self.storage = Storage(self.uri)
        self.ledger = Ledger.open(f"sqlite:///{folder / 'ledger.db'}")

    def begin(self, run_id: str, site: str = "hezhou") -> None:
        self.ledger.take_run(
            run_id, site, "http://kz.hezhou.example/", {"parser_version": "1"}, f"{DAY}T08:00:00Z"
        )

    def accept(self, *records: dict[str, Any]) -> None:
        for each in records:
            self.ledger.accept(each)

    def reject(self, run_id: str, name: str = "gone") -> None:
        url = f"http://kz.hezhou.example/{name}.html"
        self.ledger.reject(run_id, "hezhou", url, "soft_404", None, f"{DAY}T09:00:00Z")

    def finish(self, run_id: str, found: int = 1, reason: str = "finished", complete: bool = True) -> None:
        self.ledger.finish_run(run_id, reason, complete, {"found": found}, [], f"{DAY}T10:00:00Z")

    def publish(self, run_id: str, max_rows: int = 2000) -> None:
        publish(self.ledger, self.storage, None, run_id, max_rows)
