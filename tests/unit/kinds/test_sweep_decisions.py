"""The sweep's decision as a table: status and view in, actions out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from modelyard.domain.actions import (
    Action,
    CopyTrial,
    JobError,
    PauseTrial,
    ResumeTrial,
    SetStatus,
    StartTrials,
    StopTrial,
    WakeAfter,
)
from modelyard.domain.job_record import JobRecord
from modelyard.domain.statuses import JobStatus
from modelyard.domain.trial import TrialPhase
from modelyard.kinds.sweep import SweepJobLimits, SweepView, decide

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
S, P = JobStatus, TrialPhase
REFUSED = JobError("InvalidInput", "no such thing")
OUTDONE = "it waited at a rung, and no trial was left to take it beyond"
DONE = [SetStatus(S.FINALIZING), SetStatus(S.COMPLETED)]


def sweep(status: JobStatus = S.RUNNING, *, cancel: bool = False, age: float = 10) -> JobRecord:
    return JobRecord(
        id=1,
        workspace="default",
        name="s",
        run_id="s",
        kind="sweep",
        parent_name=None,
        experiment_name="Default",
        display_name="s",
        description=None,
        compute="local",
        priority=20,
        status=status,
        spec={},
        state={},
        error=None,
        attempt=0,
        cancel_requested=cancel,
        created_at=NOW,
        modified_at=NOW,
        started_at=None if status is S.NOT_STARTED else NOW - timedelta(seconds=age),
        ended_at=None,
        wake_at=None,
        created_by="ada",
        archived=False,
        tags={},
        properties={},
    )


def view(phases: Mapping[int, TrialPhase] | None = None, **changes: Any) -> SweepView:
    limits = {"max_total_trials": 6, **changes.pop("limits", {})}
    given: dict[str, Any] = {"verdicts": {}, "places": 2, **changes}
    return SweepView(now=NOW, phases=phases or {}, limits=SweepJobLimits(**limits), **given)


SIX = dict.fromkeys(range(6), P.COMPLETED)
CASES: list[tuple[str, JobRecord, SweepView, list[Action]]] = [
    ("begins", sweep(S.NOT_STARTED), view(), [SetStatus(S.RUNNING), StartTrials(2)]),
    ("fills the place that came free", sweep(), view({0: P.COMPLETED, 1: P.ACTIVE}), [StartTrials(1)]),
    ("a trial that is being stopped holds its place", sweep(), view({0: P.STOPPING, 1: P.ACTIVE}), []),
    ("a paused one does not", sweep(), view({0: P.PAUSED, 1: P.ACTIVE}), [StartTrials(1)]),
    ("one that is pausing does", sweep(), view({0: P.PAUSING, 1: P.ACTIVE}), []),
    ("pauses", sweep(), view({0: P.ACTIVE, 1: P.ACTIVE}, pauses={1: "rung"}), [PauseTrial(1, "rung")]),
    (
        "a paused one before a new one",
        sweep(),
        view({0: P.PAUSED, 1: P.PAUSED, 2: P.ACTIVE}, resumable=(1, 0)),
        [ResumeTrial(1)],
    ),
    (
        "a new one first, where the policy says so",
        sweep(),
        view({0: P.PAUSED, 1: P.ACTIVE}, resumable=(0,), new_first=True),
        [StartTrials(1)],
    ),
    (
        "then the paused ones",
        sweep(),
        view({**SIX, 4: P.PAUSED, 5: P.PAUSED}, resumable=(4, 5), new_first=True),
        [ResumeTrial(4), ResumeTrial(5)],
    ),
    (
        "a copy is written down, and made at the next look",
        sweep(),
        view({**SIX, 4: P.PAUSED, 5: P.PAUSED}, resumable=(4, 5), sources={4: (5, "worst")}),
        [ResumeTrial(5), CopyTrial(4, 5, "worst"), WakeAfter(0.0)],
    ),
    ("then it goes on", sweep(), view({**SIX, 4: P.COPYING, 5: P.ACTIVE}), [ResumeTrial(4)]),
    (
        "at a wall a copy is not made",
        sweep(age=9),
        view({0: P.COMPLETED, 1: P.COPYING}, limits={"timeout": 9}, best=0),
        [StopTrial(1, "the sweep reached its timeout of 9 s", by_policy=False), WakeAfter(5.0)],
    ),
    ("both", sweep(), view({0: P.PAUSED}, resumable=(0,)), [ResumeTrial(0), StartTrials(1)]),
    (
        "resumes beyond the total",
        sweep(),
        view({**SIX, 5: P.PAUSED}, best=1, resumable=(5,)),
        [ResumeTrial(5)],
    ),
    ("the leader goes to its end", sweep(), view({**SIX, 5: P.PAUSED}, best=1, leader=5), [ResumeTrial(5)]),
    ("waits for the rest first", sweep(), view({**SIX, 4: P.ACTIVE, 5: P.PAUSED}, best=1, leader=5), []),
    ("the outdone end", sweep(), view({**SIX, 5: P.PAUSED}, best=1), [StopTrial(5, OUTDONE)]),
    ("never above the total", sweep(), view({**SIX, 5: P.ACTIVE}, places=4), []),
    ("the last few", sweep(), view(dict.fromkeys(range(5), P.COMPLETED), places=4), [StartTrials(1)]),
    ("more places than trials", sweep(), view(places=50), [StartTrials(6)]),
    ("failed trials are trials too", sweep(), view(dict.fromkeys(range(5), P.FAILED)), [StartTrials(1)]),
    ("all over", sweep(), view(SIX, best=3), DONE),
    ("the space is at its end", sweep(), view({0: P.COMPLETED}, best=0, exhausted=True), DONE),
    ("at its end, one still runs", sweep(), view({0: P.COMPLETED, 1: P.ACTIVE}, best=0, exhausted=True), []),
    (
        "the policy stops one while another starts",
        sweep(),
        view({0: P.COMPLETED, 1: P.ACTIVE}, verdicts={1: "worse"}),
        [StopTrial(1, "worse"), StartTrials(1)],
    ),
    (
        "looks again at its timeout",
        sweep(age=4),
        view({0: P.ACTIVE, 1: P.ACTIVE}, limits={"timeout": 9}),
        [WakeAfter(5)],
    ),
    (
        "at its timeout what runs is stopped",
        sweep(age=9),
        view({0: P.COMPLETED, 1: P.ACTIVE}, limits={"timeout": 9}, best=0),
        [StopTrial(1, "the sweep reached its timeout of 9 s", by_policy=False), WakeAfter(5.0)],
    ),
    ("waits for it to end", sweep(age=99), view({0: P.STOPPING}, limits={"timeout": 9}), [WakeAfter(5.0)]),
    ("then what finished counts", sweep(age=99), view({0: P.COMPLETED}, limits={"timeout": 9}, best=0), DONE),
    ("budget", sweep(), view({0: P.COMPLETED}, limits={"max_cost": 60}, cost=60.0, best=0), DONE),
    (
        "budget not used up",
        sweep(),
        view({0: P.COMPLETED}, limits={"max_cost": 60}, cost=59.9, best=0),
        [StartTrials(2)],
    ),
    (
        "cancelled",
        sweep(cancel=True),
        view({0: P.ACTIVE}),
        [StopTrial(0, "the sweep was cancelled", by_policy=False), WakeAfter(5.0)],
    ),
    (
        "cancelled, nothing runs any more: a best one does not make it complete",
        sweep(cancel=True),
        view({0: P.COMPLETED}, best=0),
        [SetStatus(S.CANCEL_REQUESTED), SetStatus(S.CANCELED)],
    ),
    (
        "cancelled before it began",
        sweep(S.NOT_STARTED, cancel=True),
        view(),
        [SetStatus(S.RUNNING), SetStatus(S.CANCEL_REQUESTED), SetStatus(S.CANCELED)],
    ),
    ("a trial was refused", sweep(), view({0: P.COMPLETED}, failure=REFUSED, best=0), [SetStatus(S.FAILED, REFUSED)]),
    ("it has ended", sweep(S.COMPLETED), view(), []),
]


@pytest.mark.parametrize(("job", "seen", "actions"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_decision(job: JobRecord, seen: SweepView, actions: list[Action]) -> None:
    assert decide(job, seen) == actions
    assert decide(job, seen) == actions


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (view(dict.fromkeys(range(6), P.FAILED)), "None of the 6 trials gave a usable value"),
        (view(limits={"timeout": 1}), "No trial was run"),
    ],
)
def test_a_sweep_without_a_usable_value_fails_saying_so(seen: SweepView, words: str) -> None:
    (action,) = decide(sweep(), seen)
    assert isinstance(action, SetStatus)
    assert action.status is S.FAILED
    assert action.error is not None
    assert words in action.error.message
