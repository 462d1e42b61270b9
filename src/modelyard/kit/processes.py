"""Processes that outlive who started them, told apart by pid and start time: pids are used again."""

from __future__ import annotations

import subprocess
from pathlib import Path

_START_FIELD = 19  # the 22nd field of /proc/<pid>/stat, counted after "(comm)"
_ZOMBIE = ("Z", "X")


def start_time(pid: int) -> str | None:
    """A text that differs between two processes that had the same pid; None when there is no such process."""
    stat = _stat(pid)
    if stat is not None:
        return None if stat[0] in _ZOMBIE else stat[_START_FIELD]
    if Path("/proc/self/stat").exists():
        return None
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip() or None


def is_same_process(pid: int, started: str) -> bool:
    """Whether the process that had `pid` when `start_time` said `started` still runs."""
    return start_time(pid) == started


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()
