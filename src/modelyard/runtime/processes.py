"""The process tree of a task: finding it, ending it, and the kernel's help in not losing any of it."""

from __future__ import annotations

import os
import time

from .lean import prctl, signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PR_SET_CHILD_SUBREAPER = 36
PR_CAPBSET_DROP = 24
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION = 0x20080522
MARKER = "MODELYARD_TASK_ID"


def adopt_orphans() -> bool:
    """Make this process the parent of every orphan below it (Linux). False where the system cannot."""
    return prctl(PR_SET_CHILD_SUBREAPER, 1)


def keep_file_modes() -> bool:
    """Make read-only files read-only for commands of root too (Linux). False where the system cannot.

    Blobs are shared by every job and asset with the same bytes: one that a command wrote into would be another for
    all of them.
    """
    return prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE)


def drop_file_override() -> bool:
    """The same for this very process, which no program replaces. False where the system cannot."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted and inheritable, twice: for the low and the high numbers
    try:
        if libc.capget(header, sets) != 0:
            return False
        for number in range(3):
            sets[number] &= ~(1 << CAP_DAC_OVERRIDE)
        return bool(libc.capset(header, sets) == 0)
    except AttributeError:
        return False


def rewrite_environment(entry: str) -> bool:
    """Show `entry` as the environment of this process to those who look from outside (Linux).

    They see the memory that it was started with. False when there is none, or too little.
    """
    fields = _stat(os.getpid())
    if fields is None or len(fields) < 49:
        return False
    start, end = int(fields[47]), int(fields[48])
    text = entry.encode()
    if len(text) >= end - start:
        return False
    try:
        with open("/proc/self/mem", "r+b", buffering=0) as memory:
            memory.seek(start)
            memory.write(text.ljust(end - start, b"\0"))
    except OSError:
        return False
    return True


def start_time(pid: int) -> int | None:
    """The process's start in clock ticks since boot: with the pid it names a process for good. None when it is gone."""
    fields = _stat(pid)
    return None if fields is None or fields[0] == "Z" else int(fields[19])


def children(pid: int) -> list[int]:
    """Direct children, zombies left out."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as stream:
            found = [int(word) for word in stream.read().split()]
    except OSError:
        found = [child for child in _all_pids() if _parent(child) == pid]
    return [child for child in found if start_time(child) is not None]


def descendants(pid: int, without: Iterable[int] = ()) -> list[int]:
    """Every process below `pid`, parents before children."""
    skipped = set(without)
    found: list[int] = []
    waiting = [child for child in children(pid) if child not in skipped]
    while waiting:
        child = waiting.pop(0)
        found.append(child)
        waiting.extend(grandchild for grandchild in children(child) if grandchild not in skipped)
    return found


def belonging(task_id: str, sessions: Iterable[int] = (), without: Iterable[int] = ()) -> list[int]:
    """Every process with the task's marker in its environment, or in one of its sessions (Linux)."""
    needle = f"{MARKER}={task_id}".encode()
    leaders = set(sessions)
    skipped = {*without, os.getpid()}
    return [
        pid
        for pid in _all_pids()
        if pid not in skipped and (_session(pid) in leaders or needle in _environment(pid)) and start_time(pid)
    ]


def send(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue


def kill_all(
    task_id: str, sessions: Iterable[int] = (), without: Iterable[int] = (), within_seconds: float = 10.0
) -> int:
    """Kill what belongs to the task until nothing does. Returns how many processes were met."""
    leaders = list(sessions)
    met: set[int] = set()
    deadline = time.monotonic() + within_seconds
    while (found := belonging(task_id, leaders, without)) and time.monotonic() < deadline:
        met.update(found)
        send(found, signal.SIGKILL)
        time.sleep(0.01)
    return len(met)


def _environment(pid: int) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as stream:
            return stream.read().split(b"\0")
    except OSError:
        return []


def _all_pids() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []


def _parent(pid: int) -> int | None:
    fields = _stat(pid)
    return None if fields is None else int(fields[1])


def _session(pid: int) -> int | None:
    fields = _stat(pid)
    return None if fields is None else int(fields[3])


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/<pid>/stat after the command's name, which may itself hold blanks and brackets."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            return stream.read().rpartition(")")[2].split()
    except OSError:
        return None
