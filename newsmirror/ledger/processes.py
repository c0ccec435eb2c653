"""Which process this is, and whether another one still lives."""

import os
import socket
from datetime import datetime, timedelta
from pathlib import Path

# After this long without a beat a process on another host, or in another container, is taken for dead.
SILENCE = timedelta(seconds=120)
_UNKNOWN = "-"


def this_process() -> str:
    """Return the name of this process: "host pid birth", where a number used again has another birth."""
    return f"{_host()} {os.getpid()} {_birth(os.getpid())}"


def is_alive(process: str, beat_at: str, now: str) -> bool:
    """Tell whether a process lives: on this host by looking, elsewhere by its last beat (UTC text)."""
    host, pid, birth = process.split(" ")
    if host != _host():
        return datetime.fromisoformat(now) - datetime.fromisoformat(beat_at) <= SILENCE
    found = _birth(int(pid))
    return found is not None and (found == birth or _UNKNOWN in (found, birth))


def _host() -> str:
    """Return where a process number means this process: `name:namespace`.

    Containers may share the name of a host, but not its numbers.
    """
    try:
        numbers = str(os.stat("/proc/self/ns/pid").st_ino)
    except OSError:
        numbers = _UNKNOWN
    return f"{socket.gethostname()}:{numbers}"


def _birth(pid: int) -> str | None:
    """Return when a process began, in the system's own count; "-" where it does not say, None for none."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass  # another user's, hence alive
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        # "pid (name) state …": the name may hold blanks and brackets.
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return _UNKNOWN
    state, started = fields[0], fields[19]
    # A zombie is dead, only not yet buried by its parent.
    return None if state == "Z" else f"{boot}/{started}"
