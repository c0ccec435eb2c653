"""Every byte of a feed against its manifests and its schema, and the archive's files against theirs."""

from dataclasses import dataclass, field
from hashlib import file_digest, sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from newsmirror.archive.files import ArchiveFile
from newsmirror.disk import UNFINISHED
from newsmirror.feed import schemas
from newsmirror.feed.errors import FeedError
from newsmirror.feed.layout import INDEX, MANIFESTS, ROOT, SCHEMA, is_part, manifest_path, part_path, run_of
from newsmirror.feed.manifest import Index, Manifest, ManifestPart, read_index, read_manifest
from newsmirror.feed.parts import unpack
from newsmirror.feed.storage import Storage

BACKUP = "restore it from a backup"
NEXT_RUN = "if no run is publishing now, the next one puts it right"
REPORT = "keep the feed as it is and report it: newsmirror never writes this"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a file, and what to do about it."""

    path: str
    what: str
    cure: str


def verify(uri: str, archive: Path | None = None) -> list[Problem]:
    """Return all that is wrong with a feed, an empty list if nothing is.

    `archive`: the folder of its raw pages; of the files that the manifests name, those that are there are
    compared, as old ones may be moved away. Raises FeedError if the storage itself cannot be read. While a
    run publishes, its newest files may be told as not yet named.
    """
    check = _Check(Storage(uri), archive)
    check.run()
    return check.problems


@dataclass
class _Check:
    storage: Storage
    archive: Path | None
    problems: list[Problem] = field(default_factory=list)
    revisions: dict[bytes, int] = field(default_factory=dict)
    # Articles whose newest record is blank: where it is. The `delete` of a takedown must follow.
    removed: dict[bytes, tuple[str, str]] = field(default_factory=dict)
    takedowns: frozenset[str] = frozenset()  # the runs that took something down
    broken: bool = False  # a part cannot be read, so what follows it cannot be counted

    def run(self) -> None:
        files = set(self.storage.list(ROOT))
        index = self._index(files)
        manifests = self._manifests(files)
        parts = [part for manifest in manifests for part in manifest.parts]
        self._check_files(files, {part_path(part.path) for part in parts})
        self._check_schemas(files, index, manifests)
        self.takedowns = frozenset(manifest.run_id for manifest in manifests if manifest.takedowns)
        earlier = {each.sha256_before for manifest in manifests for each in manifest.rewrites}
        # In order of seq, as a revision follows the one before it.
        for part in sorted(parts, key=lambda part: (part.first_seq or 0, part.path)):
            if part_path(part.path) in files:
                self._check_part(part, earlier)
        self._check_removed()
        self._check_ranges(index, parts)
        for manifest in manifests:
            self._check_rewrites(manifest)
            for file in manifest.archive:
                self._check_archived(file, earlier)

    def _tell(self, path: str, what: str, cure: str) -> None:
        self.problems.append(Problem(path, what, cure))

    def _index(self, files: set[str]) -> Index | None:
        if INDEX not in files:
            self._tell(INDEX, "missing", "name the folder that holds v1/; or " + NEXT_RUN)
            return None
        try:
            return read_index(self.storage)
        except FeedError as error:
            self._tell(INDEX, str(error), NEXT_RUN)
            return None

    def _manifests(self, files: set[str]) -> list[Manifest]:
        manifests = []
        for path in sorted(files):
            run_id = run_of(path)
            if not path.startswith(MANIFESTS + "/") or path.endswith(UNFINISHED) or run_id is None:
                continue
            try:
                manifest = read_manifest(self.storage, run_id)
            except FeedError as error:
                self._tell(path, str(error), BACKUP)
                continue
            if manifest.run_id != run_id:
                self._tell(path, f"is the manifest of run {manifest.run_id}", BACKUP)
            manifests.append(manifest)
        return manifests

    def _check_files(self, files: set[str], named: set[str]) -> None:
        for path in sorted(named - files):
            self._tell(path, "missing: a manifest names it", BACKUP)
        own = {INDEX, *schemas.files()}
        for path in sorted(files - named - own):
            if path.endswith(UNFINISHED) or is_part(path):
                self._tell(path, "no manifest names it", NEXT_RUN)
            elif not path.startswith(MANIFESTS + "/"):
                self._tell(path, "not a file of the feed", "move it elsewhere")

    def _check_schemas(self, files: set[str], index: Index | None, manifests: list[Manifest]) -> None:
        for path in sorted(schemas.files().keys() - files):
            self._tell(path, "missing", NEXT_RUN)
        newest = next((each for each in manifests if index and each.run_id == index.newest_run), None)
        if index and not newest:
            self._tell(manifest_path(index.newest_run), "missing: the index names it", BACKUP)
        # Words of a schema may have changed since older runs, so only the newest one tells.
        if newest and (path := f"{SCHEMA}/{newest.schema.name}") in files:
            found = sha256(self.storage.read(path)).hexdigest()
            if found != newest.schema.sha256:
                self._tell(path, f"sha256 {found}, the newest manifest says {newest.schema.sha256}", NEXT_RUN)

    def _check_part(self, part: ManifestPart, earlier: set[str]) -> None:
        path = part_path(part.path)
        data = self.storage.read(path)
        self._compare(path, (len(data), sha256(data).hexdigest()), part, earlier)
        try:
            lines = unpack(data)
        except ValueError as error:
            self._tell(path, f"cannot be unpacked: {error}", BACKUP)
            self.broken = True
            return
        if len(lines) != part.rows:
            self._tell(path, f"{len(lines)} rows, its manifest says {part.rows}", BACKUP)
        records = [
            record for number, line in enumerate(lines, 1) if (record := self._row(part, number, line))
        ]
        if part.kind == "articles":
            self._check_articles(part, records)

    def _row(self, part: ManifestPart, number: int, line: str) -> dict[str, Any] | None:
        """Return a valid record, None for one that is told as a problem."""
        path = part_path(part.path)
        try:
            record: dict[str, Any] = msgspec.json.decode(line)
        except msgspec.DecodeError as error:
            self._tell(path, f"line {number}: no JSON: {error}", BACKUP)
            return None
        for violation in schemas.validators()[part.kind].iter_errors(record):
            where = "/".join(map(str, violation.instance_path))
            self._tell(path, f"line {number}: {where}: {violation.message[:200]}", REPORT)
            return None
        if part.kind == "articles" and record["seq"] is None:
            self._tell(path, f"line {number}: seq: null", REPORT)
            return None
        return record

    def _check_articles(self, part: ManifestPart, records: list[dict[str, Any]]) -> None:
        path = part_path(part.path)
        seqs = [record["seq"] for record in records]
        for before, after in pairwise(seqs):
            if after <= before:
                self._tell(path, f"seq {after} follows seq {before}", REPORT)
        if seqs and (seqs[0], seqs[-1]) != (part.first_seq, part.last_seq):
            said = f"{part.first_seq}–{part.last_seq}"
            self._tell(path, f"seq {seqs[0]}–{seqs[-1]}, its manifest says {said}", REPORT)
        for record in records:
            key = bytes.fromhex(record["article_id"])
            expected = self.revisions.get(key, 0) + 1
            self.revisions[key] = record["revision"]
            where = f"seq {record['seq']}: article {record['article_id']}"
            if self.broken:
                continue
            follows_blank = self.removed.pop(key, None) is not None
            if record["revision"] != expected:
                self._tell(path, f"{where}: revision {record['revision']} instead of {expected}", REPORT)
            elif record["op"] == "delete":
                if record["run_id"] not in self.takedowns:
                    self.removed[key] = path, where
            elif follows_blank or (record["op"] == "insert") != (expected == 1):
                self._tell(path, f"{where}: op {record['op']} at revision {expected}", REPORT)

    def _check_removed(self) -> None:
        for path, where in self.removed.values():
            self._tell(path, f"{where}: blank, and no delete follows", NEXT_RUN)

    def _check_rewrites(self, manifest: Manifest) -> None:
        """Tell where a file is not as it was last rewritten, or was rewritten from what it was not."""
        path = manifest_path(manifest.run_id)
        files = {part.path: part.sha256 for part in manifest.parts}
        files |= {file.file: file.sha256 for file in manifest.archive}
        last: dict[str, str] = {}
        for rewrite in manifest.rewrites:
            before = last.get(rewrite.file, rewrite.sha256_before)
            if rewrite.sha256_before != before:
                self._tell(path, f"rewrites: {rewrite.file}: from other bytes than the last time", REPORT)
            last[rewrite.file] = rewrite.sha256_after
        for file, digest in last.items():
            if file not in files:
                self._tell(path, f"rewrites: {file}: no file of this run", REPORT)
            elif digest != files[file]:
                self._tell(
                    path, f"rewrites: {file}: sha256 {digest}, but the file's is {files[file]}", REPORT
                )

    def _check_archived(self, file: ArchiveFile, earlier: set[str]) -> None:
        if self.archive is None:
            return
        path = self.archive / file.file
        try:
            with path.open("rb") as opened:
                found = file_digest(opened, "sha256").hexdigest()
                size = opened.tell()
        except FileNotFoundError:
            return
        except OSError as error:
            self._tell(str(path), f"cannot be read: {error.strerror or error}", BACKUP)
            return
        self._compare(str(path), (size, found), file, earlier)

    def _compare(
        self, path: str, found: tuple[int, str], named: ManifestPart | ArchiveFile, earlier: set[str]
    ) -> None:
        """Tell where a file has not the bytes and the SHA-256 that its manifest names."""
        size, digest = found
        if digest in earlier and digest != named.sha256:
            self._tell(path, "holds what was taken down, its manifest is ahead of it", NEXT_RUN)
            return
        if size != named.bytes:
            self._tell(path, f"{size} bytes, its manifest says {named.bytes}", BACKUP)
        if digest != named.sha256:
            self._tell(path, f"sha256 {digest}, its manifest says {named.sha256}", BACKUP)

    def _check_ranges(self, index: Index | None, parts: list[ManifestPart]) -> None:
        """Tell where seq overlap, and where some are in no part: their manifest was lost."""
        last, ranges = 0, [(part.first_seq, part.last_seq, part) for part in parts]
        for first_seq, last_seq, part in sorted(ranges, key=lambda each: each[0] or 0):
            if first_seq is None or last_seq is None:
                continue
            if first_seq <= last:
                self._tell(part_path(part.path), f"seq {first_seq} was given before: up to {last}", REPORT)
            elif first_seq > last + 1:
                self._tell(MANIFESTS, f"seq {last + 1}–{first_seq - 1} are in no part that one names", BACKUP)
            last = max(last, last_seq)
        if index and index.last_seq < last:
            self._tell(INDEX, f"seq {index.last_seq}, the manifests go up to {last}", NEXT_RUN)
        elif index and index.last_seq > last:
            self._tell(MANIFESTS, f"seq {last + 1}–{index.last_seq} are in no part that one names", BACKUP)
