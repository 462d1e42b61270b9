"""From judged candidates to what may win: single models, the voting and the stack ensemble."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modelyard.automl.ensemble.calibration import fitted_temperature
from modelyard.automl.ensemble.combiner import Combiner, WeightedMean
from modelyard.automl.ensemble.greedy import greedy_weights, held_rows
from modelyard.automl.ensemble.stacking import cross_stack, fit_stack
from modelyard.automl.plan.settings import Training
from modelyard.automl.search.candidate import Candidate
from modelyard.automl.search.table import Table
from modelyard.automl.select.score import Option
from modelyard.automl.validate.metrics import Metric

# Candidates that an ensemble is made of: more of them fit the noise of the rows they are weighed on.
_MOST_MEMBERS = 25
_MOST_STACKED = 10
_NEGLIGIBLE = 0.02
_OF_SURENESS = ("log_loss", "brier_score")


@dataclass(frozen=True)
class Combination:
    """Something that may win: candidates and how their predictions become one."""

    name: str
    """Algorithm of the single one, `VotingEnsemble` or `StackEnsemble`."""
    members: tuple[Candidate, ...]
    combiner: Combiner
    loss: float
    fold_losses: tuple[float, ...]
    prediction: np.ndarray
    """Out of fold, in the order of the table's rows."""
    number: int | None = None
    """Of the trial, for a single one."""

    @property
    def is_ensemble(self) -> bool:
        return self.number is None

    @property
    def option(self) -> Option:
        """As the choice sees it; latency and size are the sums of the members'."""
        measures = [found.measures for one in self.members for found in one.outcomes.values() if found.measures]
        return Option(
            number=-1 if self.number is None else self.number,
            loss=self.loss,
            spread=float(np.std(self.fold_losses)) if len(self.fold_losses) > 1 else 0.0,
            row_milliseconds=sum(each.row_milliseconds for each in measures) if measures else None,
            size_bytes=sum(each.size_bytes for each in measures) if measures else None,
        )


def single(candidate: Candidate, table: Table) -> Combination:
    losses = tuple(loss for _, loss in sorted(candidate.losses.items()))
    return Combination(
        candidate.algorithm, (candidate,), WeightedMean([1.0]), candidate.loss, losses, candidate.oof(table),
        candidate.number,
    )  # fmt: skip


def ensembles(
    pool: Sequence[Candidate], table: Table, metric: Metric, training: Training, deadline: float
) -> list[Combination]:
    """Those that the settings allow, of candidates judged on the same rows. None of fewer than two."""
    chosen = _diverse(pool)
    if len(chosen) < 2:
        return []
    predictions = [one.oof(table) for one in chosen]
    found = []
    if training.voting:
        found.append(_voting(chosen, predictions, table, metric, deadline))
    if training.stacking and time.monotonic() < deadline:
        found.append(_stack(chosen[:_MOST_STACKED], predictions[:_MOST_STACKED], table, metric))
    return found


def likely_members(pool: Sequence[Candidate], table: Table, metric: Metric, deadline: float) -> list[Candidate]:
    """Whom a voting ensemble of the pool would be made of, found quickly."""
    predictions = [one.oof(table) for one in pool]
    weights = greedy_weights(
        predictions, table.target, metric.score, greater_is_better=metric.greater_is_better, weight=table.weight,
        rounds=8, deadline=deadline,
    )  # fmt: skip
    return [one for one, weight in zip(pool, weights, strict=True) if weight > 0]


def _diverse(pool: Sequence[Candidate]) -> list[Candidate]:
    """The best, and the best of every algorithm."""
    ranked = sorted(pool, key=lambda one: one.loss)
    first: dict[str, Candidate] = {}
    for one in ranked:
        first.setdefault(one.algorithm, one)
    kept = list(first.values())[:_MOST_MEMBERS]
    for one in ranked:
        if len(kept) >= _MOST_MEMBERS:
            break
        if one not in kept:
            kept.append(one)
    return sorted(kept, key=lambda one: one.loss)


def _voting(
    chosen: Sequence[Candidate], predictions: Sequence[np.ndarray], table: Table, metric: Metric, deadline: float
) -> Combination:
    weights = greedy_weights(
        predictions, table.target, metric.score, greater_is_better=metric.greater_is_better, weight=table.weight,
        deadline=deadline,
    )  # fmt: skip
    weights = np.where(weights < _NEGLIGIBLE, 0.0, weights)
    kept = [int(index) for index in np.flatnonzero(weights)]
    own = [predictions[index] for index in kept]
    prediction = WeightedMean(weights[kept]).combine(own)
    combiner = WeightedMean(weights[kept], _temperature(prediction, table, metric))
    prediction = combiner.combine(own)
    return _judged("VotingEnsemble", [chosen[index] for index in kept], combiner, prediction, table, metric)


def _stack(chosen: Sequence[Candidate], predictions: Sequence[np.ndarray], table: Table, metric: Metric) -> Combination:
    """Weighed on all rows; judged by stacks that did not see the rows they are judged on."""
    combiner = fit_stack(table.task, predictions, table.target, table.weight)
    influence = combiner.influence()
    kept = [index for index, share in enumerate(influence) if share >= _NEGLIGIBLE] or [int(np.argmax(influence))]
    own = [predictions[index] for index in kept]
    combiner = fit_stack(table.task, own, table.target, table.weight)
    folds = np.random.default_rng(table.seed).integers(0, 5, len(table.target))
    crossed = cross_stack(table.task, own, table.target, folds, table.weight)
    return _judged("StackEnsemble", [chosen[index] for index in kept], combiner, crossed, table, metric)


def _temperature(prediction: np.ndarray, table: Table, metric: Metric) -> float:
    """Only where the metric asks how sure the probabilities are."""
    if metric.name not in _OF_SURENESS or not table.task.is_classification:
        return 1.0
    return fitted_temperature(table.target, prediction, table.weight)


def _judged(
    name: str,
    members: Sequence[Candidate],
    combiner: Combiner,
    prediction: np.ndarray,
    table: Table,
    metric: Metric,
) -> Combination:
    """Judged fold by fold, as the single candidates are."""
    held = held_rows([prediction])
    losses = []
    for fold in sorted(set.intersection(*(set(one.losses) for one in members))):
        rows = table.fold(fold).valid
        rows = rows[held[rows]]
        weight = None if table.weight is None else table.weight[rows]
        losses.append(metric.loss(metric.score(table.target[rows], prediction[rows], weight)))
    loss = float(np.mean(losses)) if losses else float("inf")
    return Combination(name, tuple(members), combiner, loss, tuple(losses), prediction)
