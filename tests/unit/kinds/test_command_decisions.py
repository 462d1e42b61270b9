"""The command job's decision as a table: status and facts in, actions out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from modelyard.domain.actions import (
    Action,
    BuildEnvironment,
    JobError,
    LaunchTask,
    RecordOutputs,
    SetStatus,
    StopTask,
    WakeAfter,
)
from modelyard.domain.job_record import JobRecord
from modelyard.domain.job_view import EnvironmentPhase, JobView
from modelyard.domain.statuses import JOB_TRANSITIONS, JobStatus
from modelyard.domain.task import ExitRecord, TaskObservation, TaskPhase
from modelyard.kinds.command import decide

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
S = JobStatus
FINE = TaskObservation(TaskPhase.EXITED, exit=ExitRecord(0))
BAD = TaskObservation(TaskPhase.EXITED, exit=ExitRecord(1, error={"type": "ValueError", "message": "no"}))
STOPPED = TaskObservation(TaskPhase.EXITED, exit=ExitRecord(None, signal=15, cancelled=True))
LATE = TaskObservation(
    TaskPhase.EXITED, exit=ExitRecord(None, timed_out=True, error={"type": "Timeout", "message": "late"})
)
LOST = TaskObservation(TaskPhase.LOST, reason="Its launcher was killed.")
RUNS = TaskObservation(TaskPhase.RUNNING)
BEGINS = TaskObservation(TaskPhase.STARTING)
ABSENT = TaskObservation(TaskPhase.ABSENT)
NO = JobError("ValueError", "no", exit_code=1)


def job(status: JobStatus, *, attempt: int = 1, cancel: bool = False, **plan: Any) -> JobRecord:
    return JobRecord(
        id=1,
        workspace="default",
        name="j",
        run_id="j",
        kind="command",
        parent_name=None,
        experiment_name="Default",
        display_name="j",
        description=None,
        compute="local",
        priority=20,
        status=status,
        spec={"command": "true"},
        state={"plan": plan},
        error=None,
        attempt=attempt,
        cancel_requested=cancel,
        created_at=NOW,
        modified_at=NOW,
        started_at=None,
        ended_at=None,
        wake_at=None,
        created_by="ada",
        archived=False,
        tags={},
        properties={},
    )


def view(**facts: Any) -> JobView:
    return JobView(now=NOW, **facts)


def shape(actions: list[Action]) -> list[str]:
    """The actions in short: statuses by name, others by class."""
    return [action.status.value if isinstance(action, SetStatus) else type(action).__name__ for action in actions]


BUILDING = {"environment": EnvironmentPhase.BUILDING}
BROKEN = {"environment": EnvironmentPhase.FAILED, "environment_error": NO}


@pytest.mark.parametrize(
    ("status", "facts", "expected"),
    [
        (S.QUEUED, {"fits": True}, ["Starting", "LaunchTask", "WakeAfter"]),
        (S.QUEUED, {"fits": False}, []),
        (S.QUEUED, BUILDING, ["Preparing", "BuildEnvironment", "WakeAfter"]),
        (S.QUEUED, BROKEN, ["Failed"]),
        (S.QUEUED, {"broken": NO}, ["Failed"]),
        (S.PREPARING, BUILDING, ["BuildEnvironment", "WakeAfter"]),
        (S.PREPARING, BROKEN, ["Failed"]),
        (S.PREPARING, {"fits": False}, ["Queued"]),
        (S.PREPARING, {"fits": True}, ["Queued", "Starting", "LaunchTask", "WakeAfter"]),
        (S.STARTING, {"task": None}, ["LaunchTask", "WakeAfter"]),
        (S.STARTING, {"task": ABSENT}, ["LaunchTask", "WakeAfter"]),
        (S.STARTING, {"task": BEGINS}, ["WakeAfter"]),
        (S.STARTING, {"task": RUNS}, ["Running", "WakeAfter"]),
        (S.STARTING, {"task": FINE}, ["Finalizing", "RecordOutputs", "Completed"]),
        (S.STARTING, {"task": BAD}, ["Failed"]),
        (S.STARTING, {"task": LOST}, ["Failed"]),
        (S.STARTING, {"broken": NO}, ["Failed"]),
        (S.RUNNING, {"task": RUNS}, ["WakeAfter"]),
        (S.RUNNING, {"task": FINE}, ["Finalizing", "RecordOutputs", "Completed"]),
        (S.RUNNING, {"task": BAD}, ["Failed"]),
        (S.RUNNING, {"task": LATE}, ["Failed"]),
        (S.RUNNING, {"task": STOPPED}, ["Failed"]),
        (S.RUNNING, {"task": LOST}, ["Failed"]),
        (S.FINALIZING, {"task": FINE}, ["RecordOutputs", "Completed"]),
        (S.FINALIZING, {"task": LOST}, ["Failed"]),
        (S.CANCEL_REQUESTED, {"task": RUNS}, ["StopTask", "WakeAfter"]),
        (S.CANCEL_REQUESTED, {"task": BEGINS}, ["StopTask", "WakeAfter"]),
        (S.CANCEL_REQUESTED, {"task": STOPPED}, ["Canceled"]),
        (S.CANCEL_REQUESTED, {"task": LOST}, ["StopTask", "Canceled"]),
        (S.CANCEL_REQUESTED, {"task": ABSENT}, ["StopTask", "Canceled"]),
        (S.CANCEL_REQUESTED, {"task": FINE}, ["RecordOutputs", "Completed"]),
        (S.CANCEL_REQUESTED, {"task": BAD}, ["Failed"]),
        (S.COMPLETED, {"task": FINE}, []),
        (S.FAILED, {"task": RUNS}, []),
        (S.CANCELED, {}, []),
    ],
)
def test_decisions(status: JobStatus, facts: dict[str, Any], expected: list[str]) -> None:
    assert shape(decide(job(status), view(**facts))) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (S.QUEUED, ["Canceled"]),
        (S.PREPARING, ["Canceled"]),
        (S.STARTING, ["CancelRequested", "StopTask", "WakeAfter"]),
        (S.RUNNING, ["CancelRequested", "StopTask", "WakeAfter"]),
        (S.FINALIZING, ["RecordOutputs", "Completed"]),
    ],
)
def test_a_wish_to_cancel(status: JobStatus, expected: list[str]) -> None:
    task = FINE if status is S.FINALIZING else RUNS
    assert shape(decide(job(status, cancel=True), view(task=task, fits=True))) == expected


@pytest.mark.parametrize(
    ("task", "attempt", "plan", "retried"),
    [
        (BAD, 1, {"max_retries": 1}, True),
        (BAD, 2, {"max_retries": 1}, False),
        (BAD, 1, {"max_retries": 3, "retry_on": ["lost"]}, False),
        (LOST, 1, {"max_retries": 3, "retry_on": ["lost"]}, True),
        (LOST, 4, {"max_retries": 3}, False),
        (LATE, 1, {"max_retries": 3}, False),
        (STOPPED, 1, {"max_retries": 3}, False),
    ],
)
def test_retries(task: TaskObservation, attempt: int, plan: dict[str, Any], retried: bool) -> None:
    actions = decide(job(S.RUNNING, attempt=attempt, **plan), view(task=task))
    assert shape(actions) == (["Queued", "WakeAfter"] if retried else ["Failed"])


def test_an_attempt_is_counted_once_and_launched_again_under_its_number() -> None:
    first = decide(job(S.QUEUED, attempt=1), view(fits=True))
    assert LaunchTask(2) in first
    assert LaunchTask(2) in decide(job(S.STARTING, attempt=2), view(task=ABSENT))


def test_the_error_of_the_task_is_the_error_of_the_job() -> None:
    assert decide(job(S.RUNNING), view(task=BAD)) == [SetStatus(S.FAILED, NO)]


def test_only_legal_transitions_are_ever_decided() -> None:
    observations = [None, FINE, BAD, STOPPED, LATE, LOST, RUNS, BEGINS, ABSENT]
    for status in S:
        for cancel in (False, True):
            for task in observations:
                for facts in ({"fits": True}, {"fits": False}, BUILDING, BROKEN):
                    _follow(status, decide(job(status, cancel=cancel), view(task=task, **facts)))


def _follow(status: JobStatus, actions: list[Action]) -> None:
    if status is S.PAUSED:  # no command job is ever paused
        return
    for action in actions:
        if isinstance(action, SetStatus):
            assert action.status in JOB_TRANSITIONS[status], (status, actions)
            status = action.status
    assert not (status.terminal and any(isinstance(action, WakeAfter | LaunchTask) for action in actions))
    assert all(not isinstance(action, BuildEnvironment | RecordOutputs | StopTask) or actions for action in actions)


@pytest.mark.parametrize(
    ("status", "task", "wanted"),
    [
        (S.RUNNING, RUNS, [StopTask(), WakeAfter(15)]),
        (S.RUNNING, STOPPED, [SetStatus(S.PAUSED)]),
        (S.RUNNING, LOST, [SetStatus(S.PAUSED)]),
        (S.STARTING, STOPPED, [SetStatus(S.RUNNING), SetStatus(S.PAUSED)]),
        (S.RUNNING, FINE, [SetStatus(S.FINALIZING), RecordOutputs(), SetStatus(S.COMPLETED)]),
        (S.RUNNING, BAD, [SetStatus(S.FAILED, NO)]),
        (S.PAUSED, None, []),
    ],
)
def test_a_job_that_is_to_pause(status: JobStatus, task: TaskObservation | None, wanted: list[Action]) -> None:
    asked = replace(job(status), pause_requested=True)
    assert decide(asked, JobView(now=NOW, task=task, fits=True)) == wanted


def test_a_paused_job_goes_on_as_a_further_attempt() -> None:
    actions = decide(job(S.PAUSED), JobView(now=NOW, fits=True))
    assert actions == [SetStatus(S.QUEUED), SetStatus(S.STARTING), LaunchTask(2), WakeAfter(30)]
    assert decide(replace(job(S.PAUSED), cancel_requested=True), JobView(now=NOW)) == [SetStatus(S.CANCELED)]


def test_pauses_are_no_retries() -> None:
    paused_twice = job(S.RUNNING, attempt=3, max_retries=1)
    paused_twice = replace(paused_twice, state={**paused_twice.state, "pauses": 2})
    assert SetStatus(S.QUEUED, NO) in decide(paused_twice, JobView(now=NOW, task=BAD))
    assert SetStatus(S.QUEUED, NO) not in decide(replace(paused_twice, attempt=4), JobView(now=NOW, task=BAD))
