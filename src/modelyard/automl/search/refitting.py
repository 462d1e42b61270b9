"""The members of a winner, fitted to all rows side by side; those for whom the time is too short keep their folds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from modelyard.automl.ensemble.fitted_ensemble import FittedEnsemble, Member
from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.search.candidate import Candidate
from modelyard.automl.search.combination import Combination
from modelyard.automl.search.evaluation import RefitTask, read_model, refit
from modelyard.automl.search.fold_designs import design_name, fold_design
from modelyard.automl.search.race import Race, Track
from modelyard.automl.search.table import ALL_ROWS

# For reading the models back, telling the winner in ONNX, measuring it and writing down what is known of it.
_AFTER_SECONDS = 0.6
_AFTER_SHARE = 0.01


def refit_members(race: Race, members: Sequence[Candidate], meanwhile: Callable[[], None]) -> set[int]:
    """Numbers of the candidates that now have a model of all rows. `meanwhile` is called while they are fitted."""
    track = race.track
    end = track.budget.deadline - _AFTER_SECONDS - _AFTER_SHARE * track.budget.seconds
    tasks: dict[int, Candidate] = {}
    expected = {one.number: race.refit_seconds(one) for one in members}
    for one in sorted(members, key=lambda one: -expected[one.number]):
        if time.monotonic() + expected[one.number] * 0.9 > end:
            track.listener.message(
                f"No time to fit {one.algorithm} {one.number} to all rows: its folds' models are kept."
            )
            continue
        task = RefitTask(
            track.folder, one.number, one.algorithm, one.params, tuple(sorted(one.losses)),
            track.resources.threads if len(members) > 1 else _all_threads(track), track.table.seed, end,
        )  # fmt: skip
        tasks[track.workers.submit(refit, task, seconds=None)] = one
    meanwhile()
    done: set[int] = set()
    while tasks and time.monotonic() < end:
        for finished in track.workers.wait(min(0.2, max(0.0, end - time.monotonic()))):
            candidate = tasks.pop(finished.number, None)
            if candidate is None:
                continue
            if finished.failure is None:
                done.add(candidate.number)
            else:
                told = f"{finished.failure.type} {finished.failure.message}".strip()
                track.listener.message(f"{candidate.algorithm} {candidate.number} keeps its folds' models: {told}.")
    for number, candidate in tasks.items():
        track.workers.cancel(number)
        track.listener.message(f"{candidate.algorithm} {candidate.number} was not fitted to all rows in time.")
    return done


def _all_threads(track: Track) -> int:
    return track.resources.threads * track.workers.count


def fitted_model(track: Track, winner: Combination, refitted: set[int]) -> FittedModel:
    """The winner from its members' models."""
    table = track.table
    members, featurizers = [], {}
    for one in winner.members:
        folds = (ALL_ROWS,) if one.number in refitted else tuple(sorted(one.losses))
        models = [read_model(track.folder, table, one.number, one.algorithm, one.params, fold) for fold in folds]
        names = [design_name(models[0].view, fold) for fold in folds]
        for name, fold in zip(names, folds, strict=True):
            if name not in featurizers:
                featurizers[name] = fold_design(track.folder, models[0].view, fold).featurizer
        members.append(Member(tuple(models), tuple(names)))
    ensemble = FittedEnsemble(table.task, table.classes, members, winner.combiner)
    return FittedModel(table.task, table.columns, table.labels, featurizers, ensemble)
