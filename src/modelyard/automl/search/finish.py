"""After the race: ensembles, the choice, refits to all rows, and the model that predicts."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from modelyard.automl.ensemble.greedy import held_rows
from modelyard.automl.outcome.finished_model import FinishedModel, finished_model
from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.outcome.measures import Measures, measure
from modelyard.automl.plan.settings import Choice, Training
from modelyard.automl.search.candidate import Candidate, split_metrics
from modelyard.automl.search.combination import Combination, ensembles, single
from modelyard.automl.search.race import Race, Track
from modelyard.automl.search.refitting import Refits, fitted_model, refit_members
from modelyard.automl.select.score import Scored, scored
from modelyard.automl.trial import TrialResult, TrialStatus
from modelyard.automl.validate.intervals import Estimate, corrected
from modelyard.domain.errors import ModelyardError

_ENSEMBLE_SHARE = 0.03
_ESTIMATE_SHARE = 0.02
_MEASURE_SECONDS = 0.15
# For measuring, after the last steps of the winner.
_KEPT_SECONDS = 0.25
_ESTIMATED_FROM = 12


class NoModel(ModelyardError):
    """Nothing that was tried can predict."""

    status = 422
    code = "no_model"


@dataclass(frozen=True)
class Finish:
    last: FinishedModel
    winner: Combination
    number: int
    """Of the winning trial."""
    ranking: tuple[Scored, ...]
    measures: Measures
    estimate: Estimate | None
    """Of the primary metric, of what was chosen; None when interrupted."""
    refitted: bool
    """Whether every member learnt from all rows."""

    @property
    def model(self) -> FittedModel:
        return self.last.model


def finish(race: Race, training: Training, choice: Choice) -> Finish:
    """The winner of a race, fitted and measured.

    Raises:
        NoModel: no candidate can predict.
    """
    track, began = race.track, time.time()
    standing = race.standing()
    if not standing:
        raise _nothing(race)
    numbered = _numbered(race, standing, training)
    ranking = scored([replace(one.option, number=number) for number, one in numbered.items()], choice)
    winner = numbered[ranking[0].number]
    if ranking[0].excluded:
        track.listener.message(f"No candidate keeps the limits: of the best, {ranking[0].excluded}.")
    found: list[Estimate] = []
    refits: Refits = {}
    if not race.interrupted:
        refits = refit_members(race, winner.members, lambda: found.append(_estimate(track, standing, winner)))
    last = finished_model(
        fitted_model(track, winner, refits),
        track.table.frame,
        onnx=training.onnx and not race.interrupted,
        explained=training.explain,
        seconds=track.budget.left - _KEPT_SECONDS,
    )
    model = last.model
    measures = _measures(track, model)
    for number, one in numbered.items():
        if one.is_ensemble:
            track.listener.trial_ended(_result(track, number, one, measures if one is winner else None, began))
    whole = set(refits) == {one.number for one in winner.members}
    return Finish(last, winner, ranking[0].number, tuple(ranking), measures, found[0] if found else None, whole)


def _nothing(race: Race) -> NoModel:
    reasons = [f"{one.algorithm}: {one.error}" for one in race.candidates if one.error][:5]
    if race.interrupted:
        return NoModel("the search was interrupted before any candidate was fitted")
    mend = "give it more time" if race.track.budget.left <= 0.2 * race.track.budget.seconds else None
    return NoModel("no candidate could be fitted" + (f" ({'; '.join(reasons)})" if reasons else ""), mend=mend)


def _numbered(race: Race, standing: Sequence[Candidate], training: Training) -> Mapping[int, Combination]:
    """All that may win, by number of trial."""
    track = race.track
    found = {one.number: single(one, track.table) for one in standing}
    if race.interrupted:
        return found
    deadline = time.monotonic() + max(0.2, _ENSEMBLE_SHARE * track.budget.seconds)
    for number, one in enumerate(
        ensembles(standing, track.table, track.metric, training, deadline), start=len(race.candidates)
    ):
        track.listener.trial_started(number, one.name, _recipe(one))
        found[number] = one
    return found


def _estimate(track: Track, standing: Sequence[Candidate], winner: Combination) -> Estimate:
    seconds = min(2.0, _ESTIMATE_SHARE * track.budget.seconds)
    predictions = [one.oof(track.table) for one in standing[:_ESTIMATED_FROM]]
    return corrected(
        track.metric, track.table.target, predictions, track.table.weight,
        ensemble=winner.is_ensemble, seconds=seconds, seed=track.table.seed,
    )  # fmt: skip


def _measures(track: Track, model: FittedModel) -> Measures:
    rows = track.table.frame.iloc[: min(1000, len(track.table.target))]
    return measure(model, rows, seconds=_MEASURE_SECONDS if track.budget.left > 1.0 else 0.02)


def _recipe(one: Combination) -> dict[str, object]:
    shares = one.combiner.influence()
    return {
        f"{member.number}:{member.algorithm}": round(float(share), 4)
        for member, share in zip(one.members, shares, strict=True)
    }


def _result(track: Track, number: int, one: Combination, measures: Measures | None, began: float) -> TrialResult:
    held = held_rows([one.prediction])
    scores = [-loss if track.metric.greater_is_better else loss for loss in one.fold_losses]
    return TrialResult(
        number=number,
        algorithm=one.name,
        params=_recipe(one),
        status=TrialStatus.COMPLETED,
        score=float(np.mean(scores)) if scores else None,
        fold_scores=tuple(scores),
        score_std=float(np.std(scores)) if len(scores) > 1 else None,
        metrics={"validation": split_metrics(track.table, held, one.prediction[held])},
        fit_seconds=sum(member.fit_seconds for member in one.members),
        row_milliseconds=measures.row_milliseconds if measures else one.option.row_milliseconds,
        batch_milliseconds=measures.batch_milliseconds if measures else None,
        size_bytes=measures.size_bytes if measures else one.option.size_bytes,
        feature_hash=track.feature_hash,
        origin="ensemble",
        started_at=began,
        ended_at=time.time(),
    )
