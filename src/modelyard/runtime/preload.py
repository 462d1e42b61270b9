"""Importing a list of modules into this process, and finding out whether it can be forked afterwards."""

from __future__ import annotations

import atexit
import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# Their libraries see forks through: they have handlers of their own for it.
SAFE_THREADS = frozenset({"jemalloc_bg_thd"})
DEVICES = ("/dev/nvidia", "/dev/kfd", "/dev/accel")
_preloaded: set[str] = set()


class Preloaded:
    """What came of it. `unsafe` says why the process must not be forked, `cause` is the module that made it so."""

    def __init__(self) -> None:
        self.unsafe = ""
        self.cause = ""
        self.printed = b""


def preload(modules: Sequence[str]) -> Preloaded:
    """Import each module; `package:name` also imports that name of it, if it is a module.

    A module that cannot be imported is left to the script, which will meet the same error. Stops at the first that
    makes the process unsafe to fork, and names it as the cause. What the imports print is kept for those who would
    have seen it.
    """
    found = Preloaded()
    found.unsafe = unsafe()
    if found.unsafe:
        return found
    atexit.register(_leave_standing, frozenset(sys.modules))  # the first to register is the last to be called
    sink = os.memfd_create("modelyard-preload") if hasattr(os, "memfd_create") else os.open(os.devnull, os.O_RDWR)
    kept = os.dup(1), os.dup(2)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    try:
        for name in modules:
            _import(name)
            found.unsafe = unsafe()
            if found.unsafe:
                found.cause = name
                break
    finally:
        for target in (1, 2):
            os.dup2(kept[target - 1], target)
            os.close(kept[target - 1])
    if os.lseek(sink, 0, os.SEEK_CUR):
        os.lseek(sink, 0, os.SEEK_SET)
        found.printed = os.read(sink, 1 << 20)
    os.close(sink)
    _preloaded.update(sys.modules)
    gc.collect()
    gc.freeze()
    return found


def _leave_standing(before: frozenset[str]) -> None:
    """At the end of a forked script, when all of its own exit functions have run: keep what was imported beforehand.

    To take these modules apart object by object would copy their memory, which is shared, and take longer than the
    fork. What the script itself imported and made is taken apart by the interpreter as ever, so that its files are
    flushed and its finalizers called. With a daemon thread alive nothing is kept: it might import one of them anew.
    """
    if _python_threads():
        return
    import ctypes

    shared = [sys.modules.pop(name) for name in _preloaded if name in sys.modules and name not in before]
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(shared))


def changeable() -> dict[str, int]:
    """Files of imported modules that are not installed but worked on, and when each was written."""
    installed = tuple({f"{os.path.realpath(folder)}/" for folder in (sys.prefix, sys.base_prefix, sys.exec_prefix)})
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    own = os.path.dirname(os.path.realpath(__file__))
    return {
        file: written(file)
        for file in files
        if file and os.path.isabs(file) and not os.path.realpath(file).startswith((*installed, f"{own}/"))
        if "-packages/" not in file
    }


def written(file: str) -> int:
    """When a file was last written; 0 when it is gone."""
    try:
        return os.stat(file).st_mtime_ns
    except OSError:
        return 0


def unsafe() -> str:
    """Why a fork of this process might hang or harm a device; empty when nothing speaks against it."""
    threads = _python_threads() or _native_threads()
    if threads:
        return f"threads are alive after the import: {', '.join(sorted(set(threads)))}"
    device = _open_device()
    return f"a device is in use after the import: {device}" if device else ""


def _import(name: str) -> None:
    package, _, attribute = name.partition(":")
    try:
        __import__(package, fromlist=[attribute] if attribute else ["__name__"])
    except (Exception, SystemExit):  # whatever it is, the script will meet it itself
        return


def _python_threads() -> list[str]:
    threading = sys.modules.get("threading")
    if threading is None:
        return []
    return [one.name for one in threading.enumerate() if one is not threading.main_thread()]


def _native_threads() -> list[str]:
    """Names of native threads that outlast a fork: those of libraries that end theirs for a fork do not count."""
    if len(_tasks()) < 2:
        return []
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    own = str(os.getpid())
    return [name for task in _tasks() if task != own and (name := _task_name(task)) not in SAFE_THREADS]


def _tasks() -> list[str]:
    try:
        return os.listdir("/proc/self/task")
    except OSError:
        return []


def _task_name(task: str) -> str:
    try:
        with open(f"/proc/self/task/{task}/comm", encoding="utf-8", errors="replace") as stream:
            return stream.read().strip()
    except OSError:
        return next(iter(SAFE_THREADS))


def _open_device() -> str:
    """A graphics or tensor device that this process has open, which no forked process may go on with."""
    for descriptor in descriptors():
        try:
            target = os.readlink(f"/proc/self/fd/{descriptor}")
        except OSError:
            continue
        if target.startswith(DEVICES):
            return target
    return ""


def descriptors() -> list[int]:
    """Every open file descriptor but the standard three."""
    try:
        listed = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        return []
    return [number for number in listed if number > 2 and _is_open(number)]


def _is_open(descriptor: int) -> bool:
    """False for the descriptor of the listing itself."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
