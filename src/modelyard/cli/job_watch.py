"""Following a job on a terminal: its log, its statuses, and what Ctrl-C means."""

from __future__ import annotations

import importlib
import sys
import time
from typing import Any

from modelyard.cli.call import Call
from modelyard.cli.grammar import ExitCode

_INTERRUPTED = 130


def watch(call: Call, name: str) -> dict[str, Any] | ExitCode:
    """Show the job until it has ended and answer its body; a failed job raises with its last exception.

    The log goes to stdout, unless the caller asked for the answer in a form of its own: then to stderr.
    Ctrl-C leaves the job running, cancels it with --cancel-on-interrupt, and asks where a person can answer.
    """
    streaming = importlib.import_module("modelyard.client.streaming")
    sink = sys.stderr if call.answers_wanted else sys.stdout
    began = time.monotonic()
    job: dict[str, Any] = {}
    try:
        for item in streaming.JobStream(call.scope, name, sink).follow():
            if isinstance(item, streaming.LogText):
                sink.write(item.text)
                sink.flush()
            else:
                job = dict(item.job)
                call.note(f"{name}: {item.status}")
    except KeyboardInterrupt:
        return _interrupted(call, name)
    error = streaming.failure(job)
    if error is not None:
        raise error
    call.note(f"{name} ended {job['status']} after {time.monotonic() - began:.1f} s")
    return job if job["status"] == "Completed" else ExitCode(1)


def _interrupted(call: Call, name: str) -> ExitCode:
    if call.args.cancel_on_interrupt or _wants_cancel():
        call.scope.jobs.cancel(name)
        call.note(f"\nCancelling {name}.")
    else:
        call.note(f"\nDetached: {name} goes on.\n  follow it:  modelyard job stream -n {name}")
        call.note(f"  cancel it:  modelyard job cancel -n {name}")
    return ExitCode(_INTERRUPTED)


def _wants_cancel() -> bool:
    """Ask a person; a second Ctrl-C is a no, and a job is never cancelled by silence."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    print("\nCancel the job? [y/N] ", end="", file=sys.stderr, flush=True)
    try:
        return sys.stdin.readline().strip().lower() in ("y", "yes")
    except KeyboardInterrupt:
        return False
