"""Who is told how far a transfer has come."""

from __future__ import annotations

import importlib
import logging
import sys
from typing import Protocol

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


def default_progress() -> TransferProgress:
    """A bar where a person is watching. The drawing library is loaded only then."""
    if not sys.stderr.isatty():
        return QuietProgress()
    module = importlib.import_module("modelyard.client.uploads.terminal_progress")
    bar: TransferProgress = module.TerminalProgress()
    return bar
