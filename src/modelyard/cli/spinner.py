"""One line that says what is going on, for a person at a terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from modelyard.client.poller import LROPoller

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_SHOWN_AFTER_SECONDS = 0.2
_FRAME_SECONDS = 0.08


class Spinner:
    """Silent in a pipe, and when all is over in an instant. The line is gone at the end."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._drawn = False

    def say(self, text: str) -> None:
        """Draw the next frame; to be called often."""
        elapsed = time.monotonic() - self._began
        if not sys.stderr.isatty() or elapsed < _SHOWN_AFTER_SECONDS:
            return
        frame = _FRAMES[int(elapsed / _FRAME_SECONDS) % len(_FRAMES)]
        print(f"\r\x1b[2K{frame} {text} ({elapsed:.0f} s)", end="", file=sys.stderr, flush=True)
        self._drawn = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)


def waited(poller: LROPoller[Any]) -> Any:
    """Wait for a long operation and answer its body; its failure is raised."""
    with Spinner() as spinner:
        while not poller.done():
            spinner.say(poller.status().lower())
            poller.wait(0.2)
    result = poller.result()
    return result.to_dict() if result is not None else None
