"""Which file of the feed is where, below the folder that holds `v1/`."""

ROOT = "v1"
INDEX = f"{ROOT}/index.json"
MANIFESTS = f"{ROOT}/manifests"
SCHEMA = f"{ROOT}/schema"


def manifest_path(run_id: str) -> str:
    """Return where a run's manifest is: `v1/manifests/<run_id>.json`."""
    return f"{MANIFESTS}/{run_id}.json"


def part_path(path: str) -> str:
    """Return where a part is that a manifest names: `articles/…` → `v1/articles/…`."""
    return f"{ROOT}/{path}"


def run_of(path: str) -> str | None:
    """Return the run that a part or a manifest belongs to, finished or not; None for any other file."""
    folder, _, name = path.rpartition("/")
    name = name.removesuffix(".part")
    if folder == MANIFESTS:
        return name.removesuffix(".json")
    if is_part(path):
        return name.removesuffix(".jsonl.gz").rpartition("-")[0]
    return None


def is_part(path: str) -> bool:
    """Tell whether a path is below the folders of parts."""
    return path.startswith((f"{ROOT}/articles/", f"{ROOT}/rejects/"))
