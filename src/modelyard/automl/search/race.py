"""The race of the candidates: who is tried next on which fold, who is given up, and when the search ends."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from modelyard.automl.models.tabular_model import TabularModel
from modelyard.automl.plan.budget import Budget
from modelyard.automl.plan.depth import wanted_folds
from modelyard.automl.plan.estimates import Estimates
from modelyard.automl.plan.portfolio import Configuration, portfolio
from modelyard.automl.plan.resources import Resources
from modelyard.automl.plan.settings import Limits
from modelyard.automl.search.candidate import Candidate
from modelyard.automl.search.combination import likely_members
from modelyard.automl.search.evaluation import FoldTask, evaluate
from modelyard.automl.search.guided import Guide
from modelyard.automl.search.pace import MOST_OF_ALL_TIME, Pace
from modelyard.automl.search.table import Table
from modelyard.automl.search.warming import NEEDED, warm
from modelyard.automl.search.workers import Failure, Finished, Workers
from modelyard.automl.trial import Listener, TrialStatus
from modelyard.automl.validate.metrics import Metric

# A candidate is given up after a fold when it is further behind the best there than this share of what the best gained
# over a constant prediction: those of the portfolio may still add to an ensemble, guided ones are like others already.
_TOLERANCE = {"portfolio": 0.12, "guided": 0.02}
# Who stops in time has this much longer to predict and be measured before its process is ended.
_GRACE = 1.25
_GRACE_SECONDS = 1.0
# In a budget as short as this the start of the workers may take most of it.
_SHORT_SECONDS = 30.0
_FAILURES_OF_AN_ALGORITHM = 2
_FIRST_FEW = 4
_MOST_LIKELY = 12
_LIKELY_SHARE = 0.01


@dataclass(frozen=True)
class Track:
    """What a race runs on."""

    table: Table
    folder: Path
    metric: Metric
    limits: Limits
    models: Mapping[str, type[TabularModel]]
    explicit: bool
    """The user named the algorithms."""
    budget: Budget
    resources: Resources
    workers: Workers
    listener: Listener
    feature_hash: str | None = None
    fixed_folds: bool = False
    after_seconds: float = 0.5
    """What finishing takes beside the refits."""


@dataclass
class Race:
    track: Track
    candidates: list[Candidate] = field(default_factory=list)
    interrupted: bool = False
    ended_because: str = ""

    def __post_init__(self) -> None:
        track = self.track
        self._tasks: dict[int, tuple[Candidate, int]] = {}
        self._estimates = Estimates()
        self._pace = self.pace
        self._expected: dict[int, float] = {}
        self._failures: dict[str, int] = {}
        rows = len(track.table.fold(0).train)
        self._shape = track.table.shape(rows)
        self._guide = Guide(track.models, self._shape, track.table.seed, track.resources.threads)
        self._portfolio = self._first_configurations()
        self._is_warm = False
        self._is_depth_known = track.fixed_folds or len(track.table.splits.folds) == 1
        self._likely: list[Candidate] = []
        self._likely_of = (0, 0)
        self._likely_not_before = 0.0
        self.folds = len(track.table.splits.folds)
        self._constant = [self._constant_loss(fold) for fold in range(self.folds)]

    def run(self) -> None:
        """Until a wall; what was begun and not finished by then is dropped. Ctrl-C ends it like a wall."""
        try:
            while self._goes_on():
                self._fill()
                if not self._tasks:
                    self.ended_because = self.ended_because or "everything that fits the time was tried"
                    break
                wait = min(0.5, max(0.01, self.track.budget.search_left))
                for finished in self.track.workers.wait(wait):
                    self._receive(finished)
                    # Not before: until now the workers needed the cores to start.
                    self._warm()
        except KeyboardInterrupt:
            self.interrupted = True
            self.ended_because = "interrupted"
        finally:
            self._drop_running()

    def standing(self) -> list[Candidate]:
        """Candidates to choose from, best first: those judged on all wanted folds, else on as many as any was."""
        usable = [one for one in self.candidates if one.is_usable and np.isfinite(one.loss)]
        if not usable:
            return []
        most = min(self.folds, max(len(one.losses) for one in usable))
        full = [one for one in usable if len(one.losses) >= most and set(range(most)) <= set(one.losses)]
        return sorted(full or usable, key=lambda one: one.loss)

    @property
    def pace(self) -> Pace:
        track = self.track
        return Pace(track.table, track.budget, track.limits, track.workers.count, track.after_seconds)

    # What happens in a round.

    def _goes_on(self) -> bool:
        budget, limits = self.track.budget, self.track.limits
        budget.kept = self._pace.finishing_seconds(self._likely_members())
        found = any(one.is_usable for one in self.candidates)
        if (budget.search_left if found else budget.last_end - time.monotonic()) <= 0:
            self.ended_because = "the time is over"
        elif limits.exit_score is not None and self._best_loss() <= self.track.metric.loss(limits.exit_score):
            self.ended_because = f"a candidate reached the exit score of {limits.exit_score:g}"
        return not self.ended_because

    def _fill(self) -> None:
        while self.track.workers.idle > 0:
            unit = self._next_unit()
            if unit is None:
                return
            self._submit(*unit)

    def _next_unit(self) -> tuple[Candidate, int] | None:
        racing = [one for one in self.candidates if one.status is None]
        for candidate in racing if self._is_depth_known else ():
            if candidate.losses:
                fold = self._pending_fold(candidate)
                if fold is not None and self._pace.fits(candidate.fold_seconds):
                    return candidate, fold
        most = self.track.limits.max_concurrent_trials
        if most is None or len(racing) < most:
            candidate_of = self._new_candidate()
            if candidate_of is not None:
                return candidate_of, 0
        for candidate in racing:
            fold = self._pending_fold(candidate)
            if fold is not None and self._pace.fits(self._expected[candidate.number]):
                return candidate, fold
        return None

    def _warm(self) -> None:
        if not self._is_warm:
            models = self.track.models.values()
            warm((*NEEDED, *(model.extra_module for model in models if model.extra_module)))
            self._is_warm = True

    def _pending_fold(self, candidate: Candidate) -> int | None:
        for fold in range(self.folds):
            if fold not in candidate.losses and fold not in candidate.running:
                return fold
        return None

    def _new_candidate(self) -> Candidate | None:
        limits = self.track.limits
        if limits.max_trials is not None and len(self.candidates) >= limits.max_trials:
            self.ended_because = "" if self._tasks else f"{limits.max_trials} trials were asked for"
            return None
        for configuration, origin, asked in self._proposals():
            number = len(self.candidates)
            candidate = Candidate(number, configuration.algorithm, configuration.params, origin, asked)
            self.candidates.append(candidate)
            self._expected[number] = configuration.seconds
            self.track.listener.trial_started(number, configuration.algorithm, configuration.params)
            need, most = configuration.memory_bytes, self.track.resources.memory_bytes
            if need <= most:
                return candidate
            self._end(candidate, TrialStatus.FAILED, f"it needs about {need / 2**20:.0f} MiB of {most / 2**20:.0f} MiB")
        return None

    def _proposals(self) -> Iterator[tuple[Configuration, str, Any]]:
        while self._portfolio:
            first = not self.candidates
            configuration = self._portfolio.pop(0)
            algorithm = configuration.algorithm
            if self._failures.get(algorithm, 0) >= _FAILURES_OF_AN_ALGORITHM:
                continue
            expected = self._estimates.seconds(algorithm, configuration.seconds)
            if first or expected <= self._pace.most_seconds(self.folds):
                yield configuration, "baseline" if first else "portfolio", None
        while self._guide.can_propose and self._judged():
            most = self._pace.most_seconds(self.folds)
            proposal = self._guide.propose(self._scale(), most)
            if proposal is None:
                return
            yield proposal[0], "guided", proposal[1]

    def _submit(self, candidate: Candidate, fold: int) -> None:
        track = self.track
        end = self._end_of(candidate)
        seconds = max(0.05, end - time.monotonic())
        if track.limits.trial_timeout_seconds is not None:
            seconds = min(seconds, max(0.05, track.limits.trial_timeout_seconds - candidate.fit_seconds))
        elif candidate.number:
            seconds = min(seconds, max(1.0, MOST_OF_ALL_TIME * track.budget.seconds))
        task = FoldTask(
            track.folder, candidate.number, candidate.algorithm, candidate.params, fold, track.resources.threads,
            track.table.seed + fold, seconds, end, measured=fold == 0,
        )  # fmt: skip
        number = track.workers.submit(evaluate, task, seconds=_GRACE * seconds + _GRACE_SECONDS)
        candidate.running.add(fold)
        self._tasks[number] = (candidate, fold)

    def _end_of(self, candidate: Candidate) -> float:
        """When a fit must be heard of. What finishing needs is learnt on the way, so the end may come nearer: the
        baseline, which must be in, ends before the earliest that it can become."""
        budget = self.track.budget
        if not any(one.is_usable for one in self.candidates):
            return (
                budget.last_end if budget.seconds < _SHORT_SECONDS else budget.earliest_end
            ) - self._pace.arrival_seconds
        return (budget.earliest_end if candidate.number == 0 else budget.search_deadline) - self._pace.arrival_seconds

    def _receive(self, finished: Finished) -> None:
        candidate, fold = self._tasks.pop(finished.number)
        candidate.running.discard(fold)
        if candidate.status is not None:
            return
        if finished.failure is not None:
            self._fail(candidate, finished.failure)
            return
        candidate.take(fold, finished.value, self.track.table, self.track.metric)
        if len(candidate.losses) == 1:
            self._estimates.learn(candidate.algorithm, self._expected[candidate.number], candidate.fold_seconds)
        if not np.isfinite(candidate.losses[fold]):
            self._end(candidate, TrialStatus.FAILED, f"its {self.track.metric.name} is not defined on fold {fold}")
        self._choose_depth()
        self._judge(candidate)

    def _judge(self, candidate: Candidate) -> None:
        if candidate.status is not None or not candidate.losses:
            return
        if set(range(self.folds)) <= set(candidate.losses):
            self._end(candidate, TrialStatus.COMPLETED)
        elif self.track.limits.early_termination and self._is_hopeless(candidate):
            self._end(candidate, TrialStatus.STOPPED, "given up: it could not win any more")

    def _is_hopeless(self, candidate: Candidate) -> bool:
        folds = sorted(candidate.losses)
        others = [
            np.mean([one.losses[fold] for fold in folds])
            for one in self.candidates
            if one is not candidate and set(folds) <= set(one.losses)
        ]
        tolerance = _TOLERANCE.get(candidate.origin)
        if not others or tolerance is None:
            return False
        best = float(min(others))
        scale = float(np.mean([self._constant[fold] for fold in folds])) - best
        return candidate.loss - best > tolerance * max(scale, 0.0) and candidate.loss > best

    def _end(self, candidate: Candidate, status: TrialStatus, error: str | None = None) -> None:
        candidate.status, candidate.error, candidate.ended = status, error, time.time()
        if status is TrialStatus.FAILED:
            self._failures[candidate.algorithm] = self._failures.get(candidate.algorithm, 0) + 1
        loss = candidate.loss if candidate.losses else None
        if candidate.asked is not None:
            self._guide.tell(candidate.asked, loss)
        if loss is not None and status is TrialStatus.COMPLETED:
            self._guide.learn(candidate.algorithm, loss, candidate.fold_seconds)
        track = self.track
        track.listener.trial_ended(candidate.result(track.table, track.metric, feature_hash=track.feature_hash))

    def _fail(self, candidate: Candidate, failure: Failure) -> None:
        late = failure.reason == "time" or failure.type == "OutOfTime"
        text = failure.message if failure.reason != "error" else f"{failure.type}: {failure.message}"
        self._end(candidate, TrialStatus.TIMED_OUT if late else TrialStatus.FAILED, text)

    def _drop_running(self) -> None:
        for number, (candidate, fold) in self._tasks.items():
            self.track.workers.cancel(number)
            candidate.running.discard(fold)
        self._tasks.clear()
        for candidate in self.candidates:
            if candidate.status is None:
                told = "the search ended before its last fold" if candidate.losses else "the search ended first"
                self._end(candidate, TrialStatus.STOPPED, told)

    # What is known of time and of scores.

    def _first_configurations(self) -> list[Configuration]:
        track = self.track
        return portfolio(track.models, self._shape, explicit=track.explicit, threads=track.resources.threads)

    def _choose_depth(self) -> None:
        """Durations of the first few tell on how many folds all shall be judged."""
        track = self.track
        judged = self._judged()
        if (
            self._is_depth_known
            or not judged
            or (len(judged) < _FIRST_FEW and track.budget.spent < 0.15 * track.budget.seconds)
        ):
            return
        self._is_depth_known = True
        usual = [self._estimates.seconds(one.algorithm, one.seconds) for one in self._portfolio[:6]]
        known = [one.fold_seconds for one in judged]
        typical = float(np.mean([*known, *(min(one, 0.3 * track.budget.seconds) for one in usual)]))
        rows = len(track.table.fold(0).valid)
        folds = len(track.table.splits.folds)
        left = track.budget.search_left
        self.folds = wanted_folds(folds, rows, typical, left, track.workers.count, fixed=track.fixed_folds)
        if self.folds < folds:
            track.listener.message(
                f"Candidates are judged on {self.folds} of {folds} folds, to try more of them in time."
            )
        for one in self.candidates:
            self._judge(one)

    def _likely_members(self) -> list[Candidate]:
        """Of the ensemble that would be made now. Found anew when candidates were added, as long as that is cheap."""
        standing = self.standing()[:_MOST_LIKELY]
        known = len(standing), len(self.candidates)
        if len(standing) > 1 and known != self._likely_of and time.monotonic() >= self._likely_not_before:
            begun = time.monotonic()
            deadline = begun + _LIKELY_SHARE * self.track.budget.seconds
            self._likely = likely_members(standing, self.track.table, self.track.metric, deadline)
            self._likely_of = known
            self._likely_not_before = time.monotonic() + 20.0 * (time.monotonic() - begun)
        return self._likely or standing[:1] or self._judged()[:1]

    def _judged(self) -> list[Candidate]:
        return sorted((one for one in self.candidates if one.losses), key=lambda one: one.loss)

    def _best_loss(self) -> float:
        return min((one.loss for one in self.candidates if one.status is TrialStatus.COMPLETED), default=float("inf"))

    def _scale(self) -> float:
        best = self._judged()[0]
        return max(1e-12, float(np.mean([self._constant[fold] for fold in best.losses])) - best.loss)

    def _constant_loss(self, number: int) -> float:
        """Of predicting the same for every row of a fold: class shares, or the mean."""
        table = self.track.table
        fold = table.fold(number)
        target = table.target[fold.valid]
        if table.task.is_classification:
            shares = np.bincount(table.target[fold.train], minlength=table.outputs) / len(fold.train)
            prediction = np.tile(shares, (len(target), 1))
        else:
            prediction = np.full(len(target), table.target[fold.train].mean())
        loss = self.track.metric.loss(self.track.metric.score(target, prediction))
        return loss if np.isfinite(loss) else 0.0
