"""Which process is which: a pid is used again, a pid with its start time is not."""

from __future__ import annotations

from pathlib import Path


def process_start(pid: int) -> int | None:
    """When `pid` started, in clock ticks since boot; None when it does not run (a zombie does not run)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    # The name in parentheses may itself hold blanks and parentheses.
    fields = stat[stat.rindex(b")") + 2 :].split()
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def runs(pid: int, start: int | None) -> bool:
    """Whether the very process that was seen as (`pid`, `start`) still runs."""
    found = process_start(pid)
    return found is not None and found == start
