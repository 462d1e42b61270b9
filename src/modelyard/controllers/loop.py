"""A controller's thread: it steps when it is woken or when the next thing falls due, and it never dies of an error."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)

Step = Callable[[], float | None]


class ControllerLoop:
    """Runs `step` in one thread.

    `step` returns the seconds until it wants to be called again at the latest, or None for `idle_seconds`. `wake()`
    may be called from any thread at any time (typically from `after_commit`) and costs a flag; wakes that arrive
    while a step runs lead to exactly one more step. A step that raises is logged and tried again after a pause that
    doubles up to `longest_pause_seconds`.
    """

    def __init__(
        self,
        name: str,
        step: Step,
        *,
        idle_seconds: float = 30.0,
        first_pause_seconds: float = 0.2,
        longest_pause_seconds: float = 30.0,
    ) -> None:
        self.name = name
        self._step = step
        self._idle_seconds = idle_seconds
        self._first_pause_seconds = first_pause_seconds
        self._longest_pause_seconds = longest_pause_seconds
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; the first step runs at once."""
        if self._thread is not None:
            raise RuntimeError(f"controller loop '{self.name}' was started twice")
        self._woken.set()
        self._thread = threading.Thread(target=self._run, name=f"controller-{self.name}", daemon=True)
        self._thread.start()

    def wake(self, *_: object) -> None:
        """Ask for a step soon. Takes and ignores arguments, so that it can be any callback."""
        self._woken.set()

    def stop(self, timeout_seconds: float = 10.0) -> bool:
        """Finish the step under way and end the thread. True when it ended within the time."""
        self._stopping.set()
        self._woken.set()
        if self._thread is None:
            return True
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def _run(self) -> None:
        pause = 0.0
        wait: float | None = 0.0
        while True:
            self._woken.wait(wait)
            if self._stopping.is_set():
                return
            self._woken.clear()
            try:
                due = self._step()
            except Exception:
                pause = min(max(pause * 2, self._first_pause_seconds), self._longest_pause_seconds)
                logger.exception("controller %s: step failed, again in %.1f s", self.name, pause)
                if self._stopping.wait(pause):
                    return
                wait = 0.0
                continue
            pause = 0.0
            wait = self._idle_seconds if due is None else max(0.0, min(due, self._idle_seconds))
