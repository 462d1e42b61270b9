"""Why a command failed, told from the end of its log: the last exception, where it happened and what may mend it."""

from __future__ import annotations

import os
import re
from typing import Any

TAIL_BYTES = 64 * 1024
LAST_LINES = 3
FRAME = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<name>.+))?$')
RAISED = re.compile(r"^(?P<type>[A-Za-z_][\w.]*)(?:: (?P<message>.*))?$")
NOT_FOUND = re.compile(r"(?:line \d+: )?(?P<name>[^\s:]+): command not found\s*$")
NO_MODULE = re.compile(r"No module named '(?P<name>[\w.]+)'")
# Where the import name is not the name to install.
PACKAGES = {
    "sklearn": "scikit-learn",
    "cv2": "opencv-python-headless",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "bs4": "beautifulsoup4",
    "skimage": "scikit-image",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
}
HINTS = {
    "MemoryError": "The process ran out of memory: ask for more, or read the data in parts.",
    "PermissionError": "Inputs are read-only: write to ./outputs or to a named output.",
    "KeyboardInterrupt": "The process was interrupted from outside.",
}


def diagnose(code: int | None, signal: int | None, log: str, offset: int, work: str, oom_kills: int) -> dict[str, Any]:
    """The error of a command that failed: {"type","message","where","hint"} without empty keys.

    Only what the log holds after `offset` counts. `oom_kills` is how often the kernel killed for memory meanwhile.
    """
    lines = _tail(log, offset)
    killed = signal == 9 or code == 137
    if killed and oom_kills:
        return _error(
            "OutOfMemory", "The kernel killed the process because memory ran out.", None, HINTS["MemoryError"]
        )
    found = traceback_error(lines, work)
    if found is not None and signal is None and not killed:
        return found
    return _from_exit(code, signal, lines)


def traceback_error(lines: list[str], work: str) -> dict[str, Any] | None:
    """The last Python traceback of a log, or None. `where` is its last frame inside `work` when there is one."""
    starts = [number for number, line in enumerate(lines) if line.startswith("Traceback (most recent call last):")]
    if not starts:
        return _syntax_error(lines, work)
    frames: list[re.Match[str]] = []
    for number in range(starts[-1] + 1, len(lines)):
        frame = FRAME.match(lines[number])
        if frame:
            frames.append(frame)
        elif lines[number][:1].strip() and (raised := RAISED.match(lines[number])):
            message = "\n".join([raised["message"] or "", *_continued(lines[number + 1 :])]).strip()
            return _error(raised["type"], message, _where(frames, work), _hint(raised["type"], message))
    return None


def _syntax_error(lines: list[str], work: str) -> dict[str, Any] | None:
    """A file that could not be compiled is reported without the word Traceback."""
    for number in range(len(lines) - 1, -1, -1):
        raised = RAISED.match(lines[number])
        if raised and raised["type"] in ("SyntaxError", "IndentationError", "TabError"):
            frames = [frame for line in lines[max(0, number - 5) : number] if (frame := FRAME.match(line))]
            return _error(raised["type"], raised["message"] or "", _where(frames, work), None)
    return None


def _continued(lines: list[str]) -> list[str]:
    """Lines of a message that goes on, up to a bound; a shell or another traceback ends it."""
    kept: list[str] = []
    for line in lines[:10]:
        if not line.strip() or line.startswith(("Traceback", "During handling")):
            break
        kept.append(line)
    return kept if len(kept) <= 5 else []


def _where(frames: list[re.Match[str]], work: str) -> str | None:
    if not frames:
        return None
    own = [frame for frame in frames if _inside(frame["file"], work)]
    frame = (own or frames)[-1]
    file = os.path.relpath(frame["file"], work) if own and os.path.isabs(frame["file"]) else frame["file"]
    name = frame["name"]
    return f"{file}:{frame['line']}" + (f" in {name}" if name and name != "<module>" else "")


def _inside(file: str, work: str) -> bool:
    return not file.startswith("<") and os.path.realpath(os.path.join(work, file)).startswith(os.path.realpath(work))


def _hint(type_: str, message: str) -> str | None:
    missing = NO_MODULE.search(message) if type_ in ("ModuleNotFoundError", "ImportError") else None
    if missing:
        top = missing["name"].partition(".")[0]
        return f"Add '{PACKAGES.get(top, top)}' to the job's environment (pip install {PACKAGES.get(top, top)})."
    if "CUDA out of memory" in message:
        return "The GPU ran out of memory: take a smaller batch, or a larger GPU."
    return HINTS.get(type_.rpartition(".")[2])


def _from_exit(code: int | None, signal: int | None, lines: list[str]) -> dict[str, Any]:
    if signal is None and code is not None and code > 128 and code <= 128 + 64:
        signal = code - 128
    if signal is not None:
        hint = "Nothing in the platform sent it: look for another program, or for a container's memory limit."
        return _error("Killed", f"The command was ended by signal {signal}{_signal_name(signal)}.", None, hint)
    last = [line for line in lines if line.strip()][-LAST_LINES:]
    if code == 127:
        missing = next((found["name"] for line in reversed(lines) if (found := NOT_FOUND.search(line))), None)
        what = f"'{missing}' is not installed on the node." if missing else "A command was not found."
        return _error("CommandNotFound", what, None, "Install it in the environment, or write its full path.")
    if code == 126:
        return _error("NotExecutable", _said("A command could not be executed.", last), None, "Call its interpreter.")
    return _error("CommandFailed", _said(f"The command ended with exit code {code}.", last), None, None)


def _said(what: str, last: list[str]) -> str:
    return what + (" The last it said: " + "\n".join(last) if last else " It said nothing.")


def _signal_name(number: int) -> str:
    import signal

    try:
        return f" ({signal.Signals(number).name})"
    except ValueError:
        return ""


def _error(type_: str, message: str, where: str | None, hint: str | None) -> dict[str, Any]:
    values = {"type": type_, "message": message, "where": where, "hint": hint}
    return {key: value for key, value in values.items() if value is not None}


def _tail(log: str, offset: int) -> list[str]:
    try:
        with open(log, "rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(offset, size - TAIL_BYTES))
            return stream.read().decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    except OSError:
        return []
