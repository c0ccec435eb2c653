"""The two JSON files that make parts a feed: a run's manifest, and the index."""

from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import msgspec

from newsmirror.archive.files import ArchiveFile
from newsmirror.feed.errors import FeedError
from newsmirror.feed.layout import INDEX, MANIFESTS, manifest_path
from newsmirror.feed.schemas import ARTICLE_SCHEMA, article_schema_sha256
from newsmirror.feed.storage import Storage
from newsmirror.ledger.publication import RunParts

FEED_VERSION = "1.0"
# The start of runs that ask no site for anything; that of a crawl is a JSON list.
_NO_CRAWLS = frozenset({"takedown", "reread"})


@dataclass(frozen=True, slots=True)
class SchemaRef:
    """Which schema the articles of a run were checked with: a file in `schema/`, and its hash."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ManifestPart:
    """One file of a run; `path` is relative to `v1/`, the seq range is None for rejects.

    `committed_at`: when it was published, UTC; None where that was not told.
    """

    kind: Literal["articles", "rejects"]
    path: str
    rows: int
    bytes: int
    sha256: str
    first_seq: int | None
    last_seq: int | None
    fetch_date: str
    committed_at: str | None = None


@dataclass(frozen=True, slots=True)
class Takedown:
    """An article_id or an original_id that is blocked, and why."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A file of a run that was written again without what was taken down: how it was, and how it is.

    `file` is a `path` of the parts or a `file` of the archive; `at` is UTC, `run_id` that of the takedown.
    """

    file: str
    run_id: str
    at: str
    bytes_before: int
    sha256_before: str
    bytes_after: int
    sha256_after: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a failing monitor found: its name, and what to look at."""

    monitor: str
    message: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a run published. While it goes on, `finished_at` and `close_reason` are None.

    `rejects`: how many by reason; `fill`: the share of the articles read that have each field, 0 to 1;
    `newest`: when the newest known article of the site was published, UTC; `findings`: of its monitors;
    `archive`: its files of raw pages, in the archive's own folder; `takedowns`: what this run took down;
    `rewrites`: which of its files were written again for that. A manifest of before there were these has
    none.
    """

    feed_version: str
    run_id: str
    site: str
    start: str
    started_at: str
    finished_at: str | None
    close_reason: str | None
    complete: bool
    reasons: list[str]
    counts: dict[str, int]
    rejects: dict[str, int] = field(default_factory=dict, kw_only=True)
    fill: dict[str, float] = field(default_factory=dict, kw_only=True)
    newest: str | None = field(default=None, kw_only=True)
    findings: list[Finding] = field(default_factory=list, kw_only=True)
    archive: list[ArchiveFile] = field(default_factory=list, kw_only=True)
    takedowns: list[Takedown] = field(default_factory=list, kw_only=True)
    rewrites: list[Rewrite] = field(default_factory=list, kw_only=True)
    schema: SchemaRef
    parser_version: str | None
    parts: list[ManifestPart]

    @property
    def is_crawl(self) -> bool:
        """Whether the run visited its site, so that it tells how the site is."""
        return self.start not in _NO_CRAWLS

    @property
    def last_seq(self) -> int:
        """The highest seq of its parts, 0 if it has no article."""
        return max((part.last_seq or 0 for part in self.parts), default=0)


@dataclass(frozen=True, slots=True)
class Index:
    """The pointer that is written last: up to which seq the feed is complete."""

    feed_version: str
    last_seq: int
    newest_run: str
    updated_at: str


def describe(told: RunParts) -> Manifest:
    """Return the manifest of a run and its published parts."""
    run = told.run
    return Manifest(
        feed_version=FEED_VERSION,
        run_id=run.run_id,
        site=run.site,
        start=run.start_key,
        started_at=run.started_at,
        finished_at=run.finished_at,
        close_reason=run.close_reason,
        complete=run.complete,
        reasons=run.note.get("reasons", []),
        counts=run.note.get("counts", {}),
        rejects=run.note.get("rejects", {}),
        fill=run.note.get("fill", {}),
        newest=run.note.get("newest"),
        findings=msgspec.convert(run.note.get("findings", []), list[Finding]),
        archive=msgspec.convert(run.note.get("archive", []), list[ArchiveFile]),
        takedowns=msgspec.convert(run.note.get("takedowns", []), list[Takedown]),
        rewrites=msgspec.convert(run.note.get("rewrites", []), list[Rewrite]),
        schema=SchemaRef(ARTICLE_SCHEMA, article_schema_sha256()),
        parser_version=run.note.get("parser_version"),
        parts=[msgspec.convert(part, ManifestPart, from_attributes=True) for part in told.parts],
    )


def encode(document: Manifest | Index) -> bytes:
    """Return a document as JSON that a person can read, too."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def read_index(storage: Storage) -> Index | None:
    """Return the index, None where nothing was published yet; raises FeedError if it cannot be read."""
    return _decode(storage, INDEX, Index) if storage.exists(INDEX) else None


def read_manifest(storage: Storage, run_id: str) -> Manifest:
    """Return a run's manifest; raises FeedError if it is not there or cannot be read."""
    return _decode(storage, manifest_path(run_id), Manifest)


def read_manifests(storage: Storage) -> list[Manifest]:
    """Return all manifests in order of their runs' start; raises FeedError if one cannot be read."""
    paths = [path for path in storage.list(MANIFESTS) if path.endswith(".json")]
    manifests = [_decode(storage, path, Manifest) for path in paths]
    return sorted(manifests, key=lambda manifest: (manifest.started_at, manifest.run_id))


_Document = TypeVar("_Document", Manifest, Index)


def _decode(storage: Storage, path: str, kind: type[_Document]) -> _Document:
    where = f"{storage.uri}/{path}"
    try:
        plain: Any = msgspec.json.decode(storage.read(path))
        version = plain.get("feed_version") if isinstance(plain, dict) else None
        if isinstance(version, str) and version.partition(".")[0] != FEED_VERSION.partition(".")[0]:
            raise FeedError(f"{where}: feed version {version} is of a newer newsmirror; install that one")
        return msgspec.convert(plain, kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise FeedError(f"{where}: damaged: {error}; restore it from a backup") from error
