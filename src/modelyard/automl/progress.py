"""What a person sees while a search runs: a live leaderboard in a terminal or a notebook, or a line a trial."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from modelyard.automl.trial import Listener, TrialResult, TrialStatus
from modelyard.domain.errors import InvalidInput
from modelyard.domain.extras import LazyModule

live = LazyModule("rich.live", extra="automl", what="progress")
tables = LazyModule("rich.table", extra="automl", what="progress")
consoles = LazyModule("rich.console", extra="automl", what="progress")

_SHOWN = 8
_MESSAGES_SHOWN = 3


class Silent(Listener):
    def started(self, facts: Mapping[str, Any]) -> None: ...

    def trial_started(self, number: int, algorithm: str, params: Mapping[str, Any]) -> None: ...

    def trial_ended(self, result: TrialResult) -> None: ...

    def message(self, text: str) -> None: ...


def listener_for(progress: str) -> Listener:
    """`auto`, `live`, `plain` or `none`.

    Raises:
        InvalidInput: another word.
    """
    if progress not in ("auto", "live", "plain", "none"):
        raise InvalidInput(f"progress cannot be '{progress}'", field="progress", mend="auto, live, plain or none")
    if progress == "none" or (progress == "auto" and not (_in_notebook() or sys.stderr.isatty())):
        return Silent()
    return Plain() if progress == "plain" else LiveBoard()


@contextmanager
def shown(progress: str, listener: Listener | None) -> Iterator[Listener]:
    """The listener that is told: the one given, or the one that `progress` names, for as long as the search runs."""
    told = listener if listener is not None else listener_for(progress)
    try:
        yield told
    finally:
        if isinstance(told, LiveBoard):
            told.stop()


def _in_notebook() -> bool:
    shell = sys.modules.get("IPython")
    found = shell.get_ipython() if shell is not None else None
    return found is not None and "IPKernelApp" in getattr(found, "config", {})


class Board:
    """The state of a search, as it is shown."""

    def __init__(self) -> None:
        self.facts: Mapping[str, Any] = {}
        self.running: dict[int, str] = {}
        self.ended: list[TrialResult] = []
        self.messages: list[str] = []

    @property
    def best(self) -> list[TrialResult]:
        greater = bool(self.facts.get("greater_is_better", True))
        scored = [one for one in self.ended if one.score is not None and one.status is TrialStatus.COMPLETED]
        return sorted(scored, key=lambda one: one.score or 0.0, reverse=greater)

    @property
    def head(self) -> str:
        left = max(0.0, float(self.facts.get("deadline_at", time.time())) - time.time())
        failed = sum(one.status in (TrialStatus.FAILED, TrialStatus.TIMED_OUT) for one in self.ended)
        lost = f", {failed} failed" if failed else ""
        return f"{len(self.ended)} trials{lost}, {left:.0f} s left of {float(self.facts.get('timeout_seconds', 0)):.0f}"

    @property
    def now(self) -> str:
        return ", ".join(f"{algorithm} {number}" for number, algorithm in list(self.running.items())[:4])


class Plain(Listener):
    """A line on standard error for each trial that ended and each message."""

    def __init__(self) -> None:
        self._board = Board()

    def started(self, facts: Mapping[str, Any]) -> None:
        self._board.facts = facts
        told = f"{facts.get('task')} of {facts['target']}" if facts.get("target") else str(facts.get("task"))
        size = f": {facts['rows']} rows" if facts.get("rows") else ""
        self._print(f"{told} by {facts.get('metric')}{size}")

    def trial_started(self, number: int, algorithm: str, params: Mapping[str, Any]) -> None:
        self._board.running[number] = algorithm

    def trial_ended(self, result: TrialResult) -> None:
        self._board.running.pop(result.number, None)
        self._board.ended.append(result)
        score = "-" if result.score is None else f"{result.score:.6g}"
        best = self._board.best
        star = " *" if best and best[0] is result else ""
        told = f" {result.error}" if result.error else ""
        self._print(f"{result.number:4d} {result.algorithm:<20} {score:>12}{star} {result.status.value}{told}")

    def message(self, text: str) -> None:
        self._print(text)

    def _print(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


class LiveBoard(Listener):
    """A leaderboard that is drawn again as trials end. Rich shows it in terminals and notebooks alike."""

    def __init__(self) -> None:
        self._board = Board()
        self._live: Any = None

    def started(self, facts: Mapping[str, Any]) -> None:
        self._board.facts = facts
        console = consoles.Console(stderr=not _in_notebook())
        self._live = live.Live(self._drawn(), console=console, refresh_per_second=2, transient=False)
        self._live.start()

    def trial_started(self, number: int, algorithm: str, params: Mapping[str, Any]) -> None:
        self._board.running[number] = algorithm
        self._draw()

    def trial_ended(self, result: TrialResult) -> None:
        self._board.running.pop(result.number, None)
        self._board.ended.append(result)
        self._draw()

    def message(self, text: str) -> None:
        self._board.messages.append(text)
        self._draw()

    def stop(self) -> None:
        """Draw for the last time; what is printed later comes below."""
        if self._live is not None:
            self._draw()
            self._live.stop()
            self._live = None

    def _draw(self) -> None:
        if self._live is not None:
            self._live.update(self._drawn())

    def _drawn(self) -> Any:
        board = self._board
        table = tables.Table(title=f"{board.facts.get('target')}: {board.head}", title_justify="left")
        for name, justify in (("", "right"), ("algorithm", "left"), (str(board.facts.get("metric")), "right"),
                              ("±", "right"), ("fit s", "right"), ("row ms", "right"), ("from", "left")):  # fmt: skip
            table.add_column(name, justify=justify)
        for one in board.best[:_SHOWN]:
            table.add_row(
                str(one.number), one.algorithm, _number(one.score, 6), _number(one.score_std, 2),
                _number(one.fit_seconds, 3), _number(one.row_milliseconds, 3), one.origin,
            )  # fmt: skip
        told = board.messages[-_MESSAGES_SHOWN:]
        return consoles.Group(table, f"trying: {board.now or '-'}", *told)


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}g}"
