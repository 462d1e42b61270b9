"""What the search returns: the best single forecaster, a weighted mean or a median of several."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from modelyard.automl.forecast.combination import Combination, greedy, loss, means, medians
from modelyard.automl.forecast.metrics import Truth, all_metrics
from modelyard.automl.forecast.trials import Trials
from modelyard.automl.trial import TrialResult

HANDICAPS = {"MeanEnsemble": 0.0, "MedianEnsemble": 0.0, "VotingEnsemble": 0.005, "single": 0.1}
"""Share of its loss by which a way must win: few backtests flatter whatever is free to choose, and of the M4
competition's 17 best methods 12 were combinations (Makridakis et al. 2020)."""

Maker = Callable[[Mapping[int, np.ndarray], Truth], Combination | None]


@dataclass(frozen=True)
class Chosen:
    number: int
    """Of the winning trial; ensembles are trials too."""
    combination: Combination
    """Over numbers of trials."""
    forecasts: np.ndarray
    """(windows, series, horizon) of the backtests."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    honest: Mapping[str, float] = field(default_factory=dict)
    """As `metrics`, every window forecast by a choice that did not see it. Empty where there is one window."""


def choose(trials: Trials) -> Chosen:
    """The way of choosing whose choices do best on windows that they did not see.

    A way is: equal weights, a median, greedy weights, or the best single one; see `HANDICAPS`. With one window they
    are compared on that.
    """
    setting = trials.setting
    if not trials.done:
        trials.baseline()
    usable = {n: trials.done[n].backtest.forecasts for n in _affordable(trials)}
    if not usable:
        # No score is a number, as on constant series: what comes first is as good as any.
        usable = {n: one.backtest.forecasts for n, one in list(trials.done.items())[:1]}
    ways = _ways(trials)
    unseen = {name: _unseen(make, usable, trials) for name, make in ways.items()}
    found: dict[str, tuple[Combination, np.ndarray]] = {}
    losses: dict[str, float] = {}
    for name, make in ways.items():
        one = make(usable, setting.truth)
        if one is not None and (name == "single" or trials.affords(one.members)):
            forecasts = one.of([usable[number] for number in one.members])
            found[name], judged = (one, forecasts), unseen[name]
            now = loss(setting.metric, setting.truth, forecasts if judged is None else judged)
            losses[name] = now + HANDICAPS[name] * abs(now)
    best_name = min(losses, key=lambda name: losses[name])
    numbers = _record(found, trials)
    combination, forecasts = found[best_name]
    honest = unseen[best_name]
    return Chosen(
        numbers[best_name],
        combination,
        forecasts,
        all_metrics(setting.truth, forecasts),
        {} if honest is None else all_metrics(setting.truth, honest),
    )


def _affordable(trials: Trials) -> list[int]:
    """Trials with a score that can be fitted to all series in the time that is left; the quickest where none can."""
    scored = [number for number, one in trials.done.items() if np.isfinite(one.loss)]
    found = [number for number in scored if trials.affords([number])]
    if found or not scored:
        return found
    return [min(scored, key=lambda number: trials.refit_seconds(number))]


def _ways(trials: Trials) -> dict[str, Maker]:
    metric = trials.setting.metric
    ways: dict[str, Maker] = {}
    if trials.settings.training.voting and len(trials.done) > 1:
        ways["MeanEnsemble"] = lambda usable, truth: means(usable, truth, metric)
        ways["MedianEnsemble"] = lambda usable, truth: medians(usable, truth, metric)
        ways["VotingEnsemble"] = lambda usable, truth: greedy(usable, truth, metric)
    return {**ways, "single": lambda usable, truth: _single(usable, truth, trials)}


def _single(usable: Mapping[int, np.ndarray], truth: Truth, trials: Trials) -> Combination:
    best = min(usable, key=lambda number: loss(trials.setting.metric, truth, usable[number]))
    return Combination((best,), (1.0,))


def _unseen(make: Maker, usable: Mapping[int, np.ndarray], trials: Trials) -> np.ndarray | None:
    """Each window by what the way chooses on the other windows."""
    truth = trials.setting.truth
    windows = truth.actual.shape[0]
    if windows < 2:
        return None
    rows = []
    for window in range(windows):
        others = [other for other in range(windows) if other != window]
        rest = Truth(truth.actual[others], truth.ranges, truth.scales[others])
        one = make({number: forecasts[others] for number, forecasts in usable.items()}, rest)
        if one is None:
            return None
        rows.append(one.of([usable[number][window] for number in one.members]))
    return np.stack(rows)


def _record(found: Mapping[str, tuple[Combination, np.ndarray]], trials: Trials) -> dict[str, int]:
    """Tell of the ensembles as trials; the number of each way's trial."""
    numbers: dict[str, int] = {}
    for name, (one, forecasts) in found.items():
        if name == "single" or len(one.members) == 1:
            numbers[name] = one.members[0]
            continue
        number = trials.next_number()
        params: dict[str, Any] = {
            "members": {str(member): trials.done[member].candidate.kind.name for member in one.members},
            "weights": [round(weight, 4) for weight in one.weights],
        }
        trials.record.trial_started(number, name, params)
        result: TrialResult = trials.result(number, name, params, forecasts)
        seconds = sum(trials.done[member].backtest.seconds for member in one.members)
        trials.record.trial_ended(TrialResult(**{**vars(result), "fit_seconds": seconds, "ended_at": time.time()}))
        numbers[name] = number
    return numbers
