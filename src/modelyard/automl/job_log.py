"""What a search says in a log that is read as it grows: each trial, what is tried next, the best so far, time left."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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
        """What is known before the first trial, in sentences; the whole of it lies among the results."""
        for text in _sentences(facts):
            self._line(text)

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

    def _rank(self, trial: TrialResult) -> tuple[bool, float, int]:
        """What was given up was judged on fewer folds, and stands behind what was not."""
        score = trial.score or 0.0
        return (trial.status is not TrialStatus.COMPLETED, -score if self._greater else score, trial.number)

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


def _sentences(facts: Mapping[str, Any]) -> Iterator[str]:
    if facts.get("rows") is not None:
        columns = "" if facts.get("columns") is None else f", {facts['columns']} columns"
        yield f"rows: {facts['rows']}{columns}{_purposes(facts.get('features'))}"
    validation = facts.get("validation")
    if isinstance(validation, Mapping):
        yield f"validation: {validation.get('scheme')}, {validation.get('reason')}"
    if facts.get("algorithms"):
        yield f"algorithms: {', '.join(map(str, facts['algorithms']))}"
    if facts.get("workers"):
        yield f"workers: {facts['workers']}, with {facts.get('threads', 1)} threads each"
    for guardrail in facts.get("guardrails") or ():
        if isinstance(guardrail, Mapping) and guardrail.get("status") != "passed":
            yield f"{guardrail.get('status')}: {guardrail.get('text')}"


def _purposes(features: Any) -> str:
    """How many columns there are of each purpose."""
    columns = features.get("columns") if isinstance(features, Mapping) else None
    if not isinstance(columns, Sequence) or isinstance(columns, str):
        return ""
    counts = Counter(str(column.get("purpose")) for column in columns if isinstance(column, Mapping))
    return f" ({', '.join(f'{count} {purpose}' for purpose, count in counts.most_common())})" if counts else ""


def _first_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""
