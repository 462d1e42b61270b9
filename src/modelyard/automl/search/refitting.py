"""The members of a winner, fitted to all rows side by side; those for whom the time is too short keep their folds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from modelyard.automl.ensemble.fitted_ensemble import FittedEnsemble, Member
from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.search.candidate import Candidate
from modelyard.automl.search.combination import Combination
from modelyard.automl.search.evaluation import RefitTask, read_model, refit
from modelyard.automl.search.fold_designs import design_name, fold_design
from modelyard.automl.search.pace import MOST_MODELS
from modelyard.automl.search.race import Race, Track
from modelyard.automl.search.table import ALL_ROWS

# For reading the models back, telling the winner in ONNX, measuring it and writing down what is known of it.
_AFTER_SECONDS = 0.6
_AFTER_SHARE = 0.02

Refits = Mapping[int, Sequence[int]]
"""By number of candidate: the repeats that were fitted to all rows."""


def refit_members(race: Race, members: Sequence[Candidate], meanwhile: Callable[[], None]) -> Refits:
    """Fits each member to all rows, several times with other seeds where that is cheap. `meanwhile` is called while
    the first ones are fitted."""
    track = race.track
    end = track.budget.deadline - _AFTER_SECONDS - _AFTER_SHARE * track.budget.seconds
    tasks: dict[int, tuple[Candidate, int]] = {}
    expected = {one.number: race.pace.refit_seconds(one) for one in members}
    wanted = {one.number: race.pace.repeats(one, len(members)) for one in members}
    ready = time.monotonic()
    for repeat in range(max(wanted.values())):
        for one in sorted(members, key=lambda one: -expected[one.number]):
            if repeat >= wanted[one.number]:
                continue
            if ready + expected[one.number] * (0.9 if repeat == 0 else 1.5) > end:
                if repeat == 0:
                    track.listener.message(f"No time to fit {one.algorithm} {one.number} to all rows: its folds stay.")
                    wanted[one.number] = 0
                continue
            if repeat:
                ready += expected[one.number] / track.workers.count
            tasks[_submit(track, one, repeat, end, alone=len(members) == 1)] = (one, repeat)
    meanwhile()
    return _collected(track, tasks, end)


def _submit(track: Track, one: Candidate, repeat: int, end: float, *, alone: bool) -> int:
    threads = track.resources.threads * (track.workers.count if alone else 1)
    task = RefitTask(
        track.folder, one.number, one.algorithm, one.params, tuple(sorted(one.losses)), repeat, threads,
        track.table.seed, end,
    )  # fmt: skip
    return track.workers.submit(refit, task)


def _collected(track: Track, tasks: dict[int, tuple[Candidate, int]], end: float) -> Refits:
    done: dict[int, list[int]] = {}
    while tasks and time.monotonic() < end:
        for finished in track.workers.wait(min(0.2, max(0.0, end - time.monotonic()))):
            if finished.number not in tasks:
                continue
            candidate, repeat = tasks.pop(finished.number)
            if finished.failure is None:
                done.setdefault(candidate.number, []).append(repeat)
            else:
                told = f"{finished.failure.type} {finished.failure.message}".strip()
                track.listener.message(f"{candidate.algorithm} {candidate.number} was not fitted to all rows: {told}.")
    for number, (candidate, repeat) in tasks.items():
        track.workers.cancel(number)
        if not repeat:
            track.listener.message(f"{candidate.algorithm} {candidate.number} was not fitted to all rows in time.")
    return done


def fitted_model(track: Track, winner: Combination, refits: Refits) -> FittedModel:
    """The winner from its members' models: those of all rows, of the folds where there are none."""
    table = track.table
    members, featurizers = [], {}
    for one in winner.members:
        repeats = refits.get(one.number)
        most = max(1, MOST_MODELS // len(winner.members))
        folds = [ALL_ROWS - repeat for repeat in sorted(repeats)] if repeats else sorted(one.losses)[:most]
        models = [read_model(track.folder, table, one.number, one.algorithm, one.params, fold) for fold in folds]
        designs = [max(fold, ALL_ROWS) for fold in folds]
        names = [design_name(models[0].view, fold) for fold in designs]
        for name, fold in zip(names, designs, strict=True):
            if name not in featurizers:
                featurizers[name] = fold_design(track.folder, models[0].view, fold).featurizer
        members.append(Member(tuple(models), tuple(names)))
    ensemble = FittedEnsemble(table.task, table.classes, members, winner.combiner)
    return FittedModel(table.task, table.columns, table.labels, featurizers, ensemble)
