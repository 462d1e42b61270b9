"""Inputs that are mounted to read: read-only for everything that the command starts, where the system lets us.

Their target is the stored path itself. In a mount namespace of its own (Linux, with the right to make one) the task
sees it through a read-only mount, which ends with its last process.
"""

from __future__ import annotations

import os

from .lean import system_call

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

READ_MODES = ("ro_mount", "mount", "eval_mount")
CLONE_NEWNS = 0x20000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18


def protect(document: dict[str, Any], directory: str) -> list[str]:
    """Make mounted inputs read-only from here on; what could not be, in words for the log."""
    if document.get("container"):  # its volumes are read-only already
        return []
    written = [directory, document["artifacts_dir"]]
    written += [entry[key] for entry in document.get("outputs", ()) for key in ("path", "destination") if key in entry]
    notes = []
    found = {}
    for name, path in _mounted(document):
        if any(_touch(path, place) for place in written):
            notes.append(f"input '{name}' can be written to: an output of the job lies in the same place")
        elif os.access(path, os.W_OK):
            found[path] = name
    if found and not _remount(list(found)):
        names = ", ".join(f"'{name}'" for name in found.values())
        notes.append(f"what the inputs {names} hold can be written to: this system has no read-only mounts for us")
    return notes


def _mounted(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (entry["name"], os.path.realpath(entry["source"]["path"]))
        for entry in document.get("inputs", ())
        if entry["mode"] in READ_MODES and entry["source"].get("path")
    ]


def _touch(path: str, place: str) -> bool:
    """Whether one of them lies in the other, or both are the same."""
    one, other = f"{path}/", f"{os.path.realpath(place)}/"
    return one.startswith(other) or other.startswith(one)


def _remount(paths: list[str]) -> bool:
    if not system_call("unshare", CLONE_NEWNS):
        return False
    done = system_call("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    for path in paths:
        raw = os.fsencode(path)
        done = done and system_call("mount", raw, raw, None, MS_BIND | MS_REC, None)
        done = done and system_call("mount", None, raw, None, MS_REMOUNT | MS_BIND | MS_RDONLY, None)
    return done
