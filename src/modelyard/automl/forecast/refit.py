"""The members of the winner, fitted to the whole history before the wall."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from modelyard.automl.forecast.candidates import Candidate, find, shape_of
from modelyard.automl.forecast.choice import Chosen
from modelyard.automl.forecast.combination import Combination
from modelyard.automl.forecast.forecaster import Forecaster
from modelyard.automl.forecast.lag_forecaster import LagForecaster
from modelyard.automl.forecast.panel import Panel
from modelyard.automl.forecast.parts import Fitted, fit_part, joined_states, pieces
from modelyard.automl.forecast.trials import REFIT_SLACK, Trials
from modelyard.automl.models.tabular_model import Means


@dataclass(frozen=True)
class Members:
    forecasters: tuple[Forecaster, ...]
    combination: Combination
    """Over the places of `forecasters`."""


@dataclass
class _Fit:
    candidate: Candidate
    calls: list[int]
    parts: dict[int, Fitted] = field(default_factory=dict)


def refit(chosen: Chosen, trials: Trials, panel: Panel, horizon: int) -> Members:
    """Members that do not come in time, or fail, are left out and the weights of the rest raised.

    With nothing left, the last season is what is forecast: there is always an answer.
    """
    combination = chosen.combination
    fresh = _fresh(chosen, trials)
    fits = {number: _submit(number, trials, panel, horizon, fresh=number in fresh) for number in combination.members}
    _collect(fits, trials)
    found: dict[int, Forecaster] = {}
    for number, fit in fits.items():
        if len(fit.parts) == len(fit.calls):
            state = joined_states([fit.parts[call] for call in fit.calls])
            found[number] = find(fit.candidate.kind.name).restore(fit.candidate.params, state)
    lost = [fits[number].candidate.kind.name for number in fits if number not in found]
    if lost:
        trials.record.message(f"Not fitted to the whole history in time, and left out: {', '.join(lost)}.")
    if not found:
        return _stand_in(panel, horizon)
    weights = np.array([w for n, w in zip(combination.members, combination.weights, strict=True) if n in found])
    weights = weights / weights.sum()
    members = tuple(found[number] for number in combination.members if number in found)
    return Members(members, Combination(tuple(range(len(members))), tuple(map(float, weights)), combination.median))


def _submit(number: int, trials: Trials, panel: Panel, horizon: int, *, fresh: bool) -> _Fit:
    done = trials.done[number]
    candidate = done.candidate
    forms = None if fresh else done.backtest.forms
    if issubclass(candidate.kind, LagForecaster):
        cut = [np.arange(len(panel))]
    else:
        cut = pieces(candidate, shape_of(panel, horizon, 0), 1, trials.workers.count, trials.factor)
    seconds = max(0.1, trials.budget.left)
    calls = []
    for places in cut:
        part = panel if len(cut) == 1 else panel.part([int(place) for place in places])
        calls.append(
            trials.workers.submit(
                fit_part,
                candidate.kind.name,
                dict(candidate.params),
                part,
                horizon,
                forms,
                seconds,
                trials.settings.seed,
                seconds=seconds,
            )
        )
    return _Fit(candidate, calls)


def _fresh(chosen: Chosen, trials: Trials) -> set[int]:
    """Members that may choose their forms anew: the quickest first, as far as the time allows."""
    numbers = [n for n in chosen.combination.members if not issubclass(trials.done[n].candidate.kind, LagForecaster)]
    needed = sum(trials.refit_seconds(number) for number in chosen.combination.members)
    found = set()
    for number in sorted(numbers, key=lambda number: trials.refit_seconds(number, fresh=True)):
        needed += trials.refit_seconds(number, fresh=True) - trials.refit_seconds(number)
        if needed * REFIT_SLACK > trials.budget.left:
            break
        found.add(number)
    return found


def _collect(fits: Mapping[int, _Fit], trials: Trials) -> None:
    while trials.workers.unfinished and trials.budget.left > 0:
        for finished in trials.workers.wait(min(0.5, max(0.01, trials.budget.left))):
            for fit in fits.values():
                if finished.number in fit.calls:
                    if finished.failure is None:
                        fit.parts[finished.number] = finished.value
                    else:
                        name = fit.candidate.kind.name
                        trials.record.message(f"{name} failed at last: {finished.failure.message[:200]}")


def _stand_in(panel: Panel, horizon: int) -> Members:
    kind = find("SeasonalNaive")
    fitted = kind({}).fit(panel, horizon, Means(deadline=time.monotonic() + 60))
    return Members((fitted,), Combination((0,), (1.0,)))
