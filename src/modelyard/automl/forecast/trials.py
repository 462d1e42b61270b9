"""Candidates run side by side within the walls, and what came of each."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from modelyard.automl.forecast import guided
from modelyard.automl.forecast.backtest import Backtest, Origins, run_backtest
from modelyard.automl.forecast.candidates import Candidate, find
from modelyard.automl.forecast.combination import greedy
from modelyard.automl.forecast.fitted_forecast import bounded
from modelyard.automl.forecast.forecaster import PanelShape
from modelyard.automl.forecast.lag_forecaster import LagForecaster
from modelyard.automl.forecast.metrics import ForecastMetric, Truth, all_metrics
from modelyard.automl.forecast.panel import Panel
from modelyard.automl.forecast.parts import backtest_part, joined, pieces
from modelyard.automl.models.tabular_model import Means
from modelyard.automl.plan.budget import Budget
from modelyard.automl.plan.settings import Settings
from modelyard.automl.search.listening import Record
from modelyard.automl.search.workers import Failure, Finished, Workers
from modelyard.automl.trial import TrialResult, TrialStatus

REFIT_SLACK = 1.5
"""Of the refit's estimate."""
LEAST_KEPT_SECONDS = 1.5
"""For the workers that replace those that the wall ended."""
MOST_IDLE = 8
"""Guided trials in a row that help no combination, before the search ends by itself."""
WALL_SHARE = 0.9
"""Of the time left that a trial may be expected to take, to be started."""


@dataclass(frozen=True)
class Setting:
    """What all trials share."""

    judged: Panel
    places: tuple[int, ...]
    """Of the judged series among all."""
    series: int
    """All of them."""
    origins: Origins
    truth: Truth
    metric: ForecastMetric
    shape: PanelShape
    """Of the judged series."""

    @property
    def growth(self) -> float:
        """All series to the judged ones."""
        return self.series / max(1, len(self.judged))


@dataclass
class Done:
    """A trial that has come to its end."""

    number: int
    candidate: Candidate
    backtest: Backtest
    loss: float


@dataclass
class _Running:
    number: int
    candidate: Candidate
    calls: list[int]
    estimate: float
    begun: float
    started_at: float
    parts: dict[int, Backtest] = field(default_factory=dict)
    failure: Failure | None = None


class Trials:
    def __init__(self, setting: Setting, settings: Settings, record: Record, workers: Workers, budget: Budget) -> None:
        self.setting = setting
        self.settings = settings
        self.record = record
        self.workers = workers
        self.budget = budget
        self.done: dict[int, Done] = {}
        self._running: dict[int, _Running] = {}
        self._next = 0
        self._measured, self._estimated = 1.0, 1.0
        self._skipped: dict[str, float] = {}
        self._idle = 0
        self._best = float("inf")

    def run(self, candidates: Sequence[Candidate], lag_params: Mapping[str, Any]) -> None:
        """The portfolio, then guided search, until a wall is met. Ctrl-C ends it as a wall does."""
        waiting = list(candidates)
        guide = guided.Guide(candidates, self.setting.shape, lag_params, self.settings.seed)
        try:
            while self._open(waiting, guide):
                self._start(waiting, guide)
                for finished in self.workers.wait(min(0.5, max(0.01, self.budget.search_left))):
                    self._take(finished)
        except KeyboardInterrupt:
            self.record.message("Stopped by hand: the best so far is kept.")
        self._close()

    def baseline(self) -> None:
        """The last season again, here and at once: there is always something to return."""
        setting, candidate = self.setting, Candidate(find("SeasonalNaive"), {}, "baseline")
        number, begun, started_at = self.next_number(), time.monotonic(), time.time()
        self.record.trial_started(number, candidate.kind.name, {})
        found = run_backtest(candidate.kind, {}, setting.judged, setting.origins, Means())
        running = _Running(number, candidate, [number], candidate.kind.seconds(setting.shape), begun, started_at)
        running.parts[number] = found
        self._running[number] = running
        self._complete(running)

    def _open(self, waiting: list[Candidate], guide: guided.Guide) -> bool:
        limits = self.settings.limits
        if self.budget.search_left <= 0 or (not self._running and not waiting and not self._guiding(guide)):
            return False
        best = min((one.loss for one in self.done.values()), default=float("inf"))
        wall = limits.exit_score
        if wall is not None and best <= (-wall if self.setting.metric.greater_is_better else wall):
            self.record.message(f"The score to exit at ({wall:g}) is reached.")
            return False
        return bool(self._running or limits.max_trials is None or self._next < limits.max_trials)

    def _guiding(self, guide: guided.Guide) -> bool:
        return guide.able and self._idle < MOST_IDLE

    def _start(self, waiting: list[Candidate], guide: guided.Guide) -> None:
        most = self.settings.limits.max_trials
        while self.workers.idle and (most is None or self._next < most):
            candidate = waiting.pop(0) if waiting else guide.next() if self._guiding(guide) else None
            if candidate is None:
                return
            if self._fits(candidate):
                self._submit(candidate)
            elif candidate.origin == "guided":
                self._idle = MOST_IDLE

    @property
    def factor(self) -> float:
        """How much longer than estimated things take here."""
        return float(np.clip(self._measured / self._estimated, 0.2, 5.0))

    def seconds(self, candidate: Candidate) -> float:
        """Of one fit to the judged series, on one core."""
        return candidate.kind.seconds(self.setting.shape) * self.factor

    def _fits(self, candidate: Candidate) -> bool:
        one = self.seconds(candidate)
        spread = 1 if issubclass(candidate.kind, LagForecaster) else self.workers.count
        windows = len(self.setting.origins.cuts)
        wall = one * (1 + (0.5 if issubclass(candidate.kind, LagForecaster) else 0.25) * (windows - 1)) / spread
        growth = 1.0 if issubclass(candidate.kind, LagForecaster) else self.setting.growth
        needed = wall + one * growth / spread
        left = self.budget.search_left
        limit = self.settings.limits.trial_timeout_seconds
        if needed <= left * WALL_SHARE and (limit is None or wall <= limit):
            return True
        if not self.done and not self._running and one < 0.1:
            return True
        if candidate.origin != "guided":
            self._skipped.setdefault(candidate.kind.name, needed)
        return False

    def _submit(self, candidate: Candidate) -> None:
        setting, seed = self.setting, self.settings.seed
        number, self._next = self._next, self._next + 1
        self.record.trial_started(number, candidate.kind.name, candidate.params)
        limit = self.settings.limits.trial_timeout_seconds
        seconds = max(0.05, min(self.budget.search_left, limit or float("inf")))
        cut = pieces(candidate, setting.shape, len(setting.origins.cuts), self.workers.count, self.factor)
        whole = len(cut) == 1
        calls = [
            self.workers.submit(
                backtest_part,
                candidate.kind.name,
                dict(candidate.params),
                setting.judged if whole else setting.judged.part([int(place) for place in places]),
                setting.origins,
                seconds,
                seed,
                seconds=seconds + 0.2,
            )
            for places in cut
        ]
        estimate = candidate.kind.seconds(setting.shape)
        self._running[number] = _Running(number, candidate, calls, estimate, time.monotonic(), time.time())

    def _take(self, finished: Finished) -> None:
        running = next((one for one in self._running.values() if finished.number in one.calls), None)
        if running is None:
            return
        if finished.failure is not None:
            running.failure = finished.failure
            for call in running.calls:
                if call not in running.parts and call != finished.number:
                    self.workers.cancel(call)
            self._fail(running)
            return
        running.parts[finished.number] = finished.value
        if len(running.parts) == len(running.calls):
            self._complete(running)

    def _fail(self, running: _Running) -> None:
        del self._running[running.number]
        failure = running.failure
        late = failure is None or failure.reason == "time" or failure.type == "OutOfTime"
        self.record.trial_ended(
            TrialResult(
                running.number,
                running.candidate.kind.name,
                dict(running.candidate.params),
                TrialStatus.TIMED_OUT if late else TrialStatus.FAILED,
                origin=running.candidate.origin,
                error="the time was over" if failure is None else failure.message[:2000],
                started_at=running.started_at,
                ended_at=time.time(),
            )
        )

    def _complete(self, running: _Running) -> None:
        del self._running[running.number]
        setting = self.setting
        found = joined([running.parts[call] for call in running.calls])
        forecasts = bounded(setting.judged, found.forecasts)
        found = Backtest(forecasts, found.forms, found.seconds, found.first_seconds, found.failures)
        self._measured += found.first_seconds
        self._estimated += running.estimate
        result = self.result(running.number, running.candidate.kind.name, running.candidate.params, forecasts)
        loss = result.score if result.score is not None else float("inf")
        loss = -loss if setting.metric.greater_is_better and np.isfinite(loss) else loss
        if found.failures:
            name = running.candidate.kind.name
            self.record.message(f"{name} failed on {found.failures} series, which take the last season instead.")
        self.done[running.number] = Done(running.number, running.candidate, found, loss)
        self._weigh(running.candidate)
        self.record.trial_ended(
            TrialResult(
                **{
                    **vars(result),
                    "fit_seconds": found.seconds,
                    "origin": running.candidate.origin,
                    "started_at": running.started_at,
                    "ended_at": time.time(),
                }
            )
        )

    def result(
        self, number: int, name: str, params: Mapping[str, Any], forecasts: np.ndarray, origin: str = "ensemble"
    ) -> TrialResult:
        """Measured on the backtests."""
        setting = self.setting
        score = setting.metric.score(setting.truth, forecasts)
        windows = [
            setting.metric.score(setting.truth.window(slice(w, w + 1)), forecasts[w : w + 1])
            for w in range(len(forecasts))
        ]
        finite = [one for one in windows if np.isfinite(one)]
        return TrialResult(
            number,
            name,
            dict(params),
            TrialStatus.COMPLETED,
            score=float(score) if np.isfinite(score) else None,
            fold_scores=tuple(float(one) for one in finite),
            score_std=float(np.std(finite)) if finite else None,
            metrics={"validation": all_metrics(setting.truth, forecasts)},
            origin=origin,
            started_at=time.time(),
            ended_at=time.time(),
        )

    def next_number(self) -> int:
        number, self._next = self._next, self._next + 1
        return number

    def _weigh(self, candidate: Candidate) -> None:
        """How long the refit of the best combination so far would take, and whether this trial helped it."""
        setting = self.setting
        usable = {n: one.backtest.forecasts for n, one in self.done.items() if np.isfinite(one.loss)}
        if not usable:
            return
        one = greedy(usable, setting.truth, setting.metric, steps=8)
        forecasts = one.of([usable[number] for number in one.members])
        score = setting.metric.score(setting.truth, forecasts)
        loss = -score if setting.metric.greater_is_better else score
        if candidate.origin == "guided":
            self._idle = 0 if loss < self._best - 1e-3 * abs(self._best) else self._idle + 1
        self._best = min(self._best, loss)
        self.budget.kept = LEAST_KEPT_SECONDS + REFIT_SLACK * sum(self.refit_seconds(number) for number in one.members)

    def refit_seconds(self, number: int, *, fresh: bool = False) -> float:
        """Wall time of a fit to all series, with what the backtests chose or choosing anew."""
        one = self.done[number]
        backtest, windows = one.backtest, len(self.setting.origins.cuts)
        seconds = backtest.first_seconds
        if not fresh and windows > 1:
            seconds = (backtest.seconds - backtest.first_seconds) / (windows - 1)
        if issubclass(one.candidate.kind, LagForecaster):
            return seconds * 1.2 / min(2, self.workers.count)
        return seconds * self.setting.growth * 1.2 / self.workers.count

    def affords(self, numbers: Iterable[int]) -> bool:
        """Whether these can be fitted to all series before the end."""
        return REFIT_SLACK * sum(self.refit_seconds(number) for number in numbers) <= self.budget.left

    def _close(self) -> None:
        """End what still runs; what it had is lost, what was finished stays."""
        if self._skipped:
            told = ", ".join(f"{name} ({seconds:.0f} s)" for name, seconds in self._skipped.items())
            self.record.message(f"Left out, with the seconds that they would take, of which fewer were left: {told}.")
        for running in list(self._running.values()):
            for call in running.calls:
                if call not in running.parts:
                    self.workers.cancel(call)
            self._fail(running)
