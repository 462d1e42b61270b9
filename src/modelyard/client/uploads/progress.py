"""Who is told how far a transfer has come."""

from __future__ import annotations

import logging
import sys
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

_LOG = logging.getLogger("modelyard")


class TransferProgress(Protocol):
    """Called from several threads."""

    def start(self, label: str, total_bytes: int) -> None:
        """A transfer of so many bytes begins."""

    def advance(self, count: int) -> None:
        """So many more bytes are done."""

    def finish(self) -> None:
        """The transfer is over, well or not."""

    def warn(self, text: str) -> None:
        """Something the user should know."""


class QuietProgress:
    """For pipes, notebooks without a terminal and tests: warnings are logged, nothing else shows."""

    def start(self, label: str, total_bytes: int) -> None:
        return

    def advance(self, count: int) -> None:
        return

    def finish(self) -> None:
        return

    def warn(self, text: str) -> None:
        _LOG.warning(text)


class TerminalProgress:
    """A bar on stderr that leaves nothing behind."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def start(self, label: str, total_bytes: int) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        self._bar = Progress(*columns, console=self._console, transient=True)
        self._bar.start()
        self._task = self._bar.add_task(label, total=total_bytes)

    def advance(self, count: int) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, count)

    def finish(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def warn(self, text: str) -> None:
        self._console.print(f"Warning: {text}", style="yellow", highlight=False)


def default_progress() -> TransferProgress:
    """A bar where a person is watching."""
    return TerminalProgress() if sys.stderr.isatty() else QuietProgress()
