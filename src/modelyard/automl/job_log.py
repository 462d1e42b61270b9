"""What a search says in a log that is read as it grows: each trial, what is tried next, the best so far, time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any, TextIO

from modelyard.automl.trial import Listener, TrialResult, TrialStatus

_WIDE = 22
_TOP = 5
_PARAMS = 90


class JobLog:
    """A Listener that writes lines. Scores are shown under the metric's label."""

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        self._stream = stream or sys.stdout
        self._quiet = quiet
        self._began = time.monotonic()
        self._seconds: float | None = None
        self._metric = "score"
        self._greater = True
        self._best: TrialResult | None = None

    def begin(self, metric: str, greater_is_better: bool, seconds: float | None) -> None:
        """What is to be searched for, and for how long."""
        self._metric, self._greater, self._seconds = metric, greater_is_better, seconds
        self._began = time.monotonic()

    def started(self, facts: Mapping[str, Any]) -> None:
        for name, value in facts.items():
            if value not in (None, "", [], {}):
                self._line(f"{name.replace('_', ' ')}: {_short(value)}")

    def trial_started(self, number: int, algorithm: str, params: Mapping[str, Any]) -> None:
        if not self._quiet:
            self._line(f"{number:4d}  {self._clock()}  {algorithm:<{_WIDE}} begins   {_params(params)}".rstrip())

    def trial_ended(self, result: TrialResult) -> None:
        if result.status is not TrialStatus.COMPLETED:
            told = {TrialStatus.STOPPED: "given up", TrialStatus.TIMED_OUT: "out of time"}.get(result.status, "failed")
            score = "" if result.score is None else f" at {self._metric} {result.score:.5g}"
            why = "" if result.status is TrialStatus.STOPPED or not result.error else f": {_first_line(result.error)}"
            self._line(f"{self._head(result)} {told}{score}{why}")
            return
        better = self._is_best(result)
        if better:
            self._best = result
        self._line(f"{self._head(result)} {self._measured(result)}{'   best so far' if better else ''}{self._left()}")

    def message(self, text: str) -> None:
        self._line(text)

    def leaderboard(self, trials: list[TrialResult], winner: int | None) -> None:
        """The best few, the winner marked."""
        ranked = sorted((one for one in trials if one.score is not None), key=self._rank)
        if not ranked:
            return
        self._line(f"The best of {len(trials)} trials:")
        shown = ranked[:_TOP] + [one for one in ranked[_TOP:] if one.number == winner]
        for trial in shown:
            mark = "*" if trial.number == winner else " "
            self._line(f" {mark}{trial.number:4d}  {trial.algorithm:<{_WIDE}} {self._measured(trial)}")

    def _rank(self, trial: TrialResult) -> tuple[float, int]:
        score = trial.score or 0.0
        return (-score if self._greater else score, trial.number)

    def _is_best(self, result: TrialResult) -> bool:
        if result.score is None or self._best is None or self._best.score is None:
            return result.score is not None
        return result.score > self._best.score if self._greater else result.score < self._best.score

    def _measured(self, trial: TrialResult) -> str:
        spread = "" if trial.score_std is None else f" ± {trial.score_std:.2g}"
        seconds = "" if trial.fit_seconds is None else f"   {trial.fit_seconds:.1f} s"
        row = "" if trial.row_milliseconds is None else f"   {trial.row_milliseconds:.2g} ms a row"
        return f"{self._metric} {trial.score:.5g}{spread}{seconds}{row}"

    def _head(self, result: TrialResult) -> str:
        return f"{result.number:4d}  {self._clock()}  {result.algorithm:<{_WIDE}}"

    def _left(self) -> str:
        if self._seconds is None:
            return ""
        return f"   {_duration(max(0.0, self._seconds - (time.monotonic() - self._began)))} left"

    def _clock(self) -> str:
        return _duration(time.monotonic() - self._began)

    def _line(self, text: str) -> None:
        self._stream.write(f"{text}\n")
        self._stream.flush()


class Listeners:
    """Several listeners as one."""

    def __init__(self, *listeners: Listener) -> None:
        self._all = listeners

    def started(self, facts: Mapping[str, Any]) -> None:
        for one in self._all:
            one.started(facts)

    def trial_started(self, number: int, algorithm: str, params: Mapping[str, Any]) -> None:
        for one in self._all:
            one.trial_started(number, algorithm, params)

    def trial_ended(self, result: TrialResult) -> None:
        for one in self._all:
            one.trial_ended(result)

    def message(self, text: str) -> None:
        for one in self._all:
            one.message(text)


def _duration(seconds: float) -> str:
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def _params(params: Mapping[str, Any]) -> str:
    text = " ".join(f"{name}={_number(value)}" for name, value in params.items())
    return text if len(text) <= _PARAMS else f"{text[: _PARAMS - 3]}..."


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_short(item)}" for key, item in value.items() if item not in (None, "", [], {}))
    if isinstance(value, list | tuple):
        return ", ".join(_short(item) for item in value[:8]) + (f" and {len(value) - 8} more" if len(value) > 8 else "")
    return _number(value)


def _first_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""
