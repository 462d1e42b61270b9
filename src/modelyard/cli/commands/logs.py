"""`modelyard logs`"""

from __future__ import annotations

import importlib
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

from modelyard.cli.call import Call
from modelyard.cli.grammar import Command, option
from modelyard.cli.job_watch import watch
from modelyard.domain.errors import NotFound

_PROCESSES = ("server", "gateway")
_POLL_SECONDS = 0.2


def show_logs(call: Call) -> Any:
    args = call.args
    if args.name not in _PROCESSES:
        return _job_log(call)
    file = importlib.import_module("modelyard.client.platform_processes").log_file(call.home, args.name)
    if not file.exists():
        raise NotFound(f"{file} is not there: the {args.name} has not run here.", mend="modelyard up")
    with file.open("r", encoding="utf-8", errors="replace") as lines:
        sys.stdout.writelines(deque(lines, maxlen=args.lines))
        sys.stdout.flush()
        if args.follow:
            _follow(file, lines.tell())
    return None


def _job_log(call: Call) -> Any:
    if call.args.follow:
        watch(call, call.args.name)
        return None
    streaming = importlib.import_module("modelyard.client.streaming")
    text = streaming.JobStream(call.scope, call.args.name, sys.stdout).text()
    sys.stdout.write("".join(text.splitlines(keepends=True)[-call.args.lines :]))
    return None


def _follow(file: Path, offset: int) -> None:
    """Until Ctrl-C; a log that was begun anew is read from its start."""
    while True:
        size = file.stat().st_size if file.exists() else 0
        offset = 0 if size < offset else offset
        if size > offset:
            with file.open("rb") as source:
                source.seek(offset)
                content = source.read()
            offset += len(content)
            sys.stdout.write(content.decode("utf-8", errors="replace"))
            sys.stdout.flush()
        time.sleep(_POLL_SECONDS)


ENTRIES = {
    "logs": Command(
        "logs",
        "Show the log of the server, the gateway or a job.",
        show_logs,
        (
            option("name", help="server, gateway or the name of a job.", nargs="?", default="server"),
            option("--lines", help="How many of the last lines.", type=int, default=100),
            option("--follow", help="Go on with what is written.", action="store_true"),
            option("--cancel-on-interrupt", help="Ctrl-C cancels the job.", action="store_true"),
        ),
        ("modelyard logs server --lines 50", "modelyard logs keen_fig_3wjzmcwqgp --follow"),
    )
}
