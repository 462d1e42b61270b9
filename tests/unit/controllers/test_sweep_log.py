"""What the log of a sweep tells, step by step."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from modelyard.artifacts.storage import Storage, run_folder
from modelyard.controllers.parent_log import ParentLog
from modelyard.controllers.sweep_log import Chapter, story
from modelyard.controllers.sweep_memory import SweepMemory
from modelyard.domain.job_record import JobRecord, JobUpdate
from modelyard.domain.statuses import JobStatus
from modelyard.domain.trial import TrialPhase, TrialRecord
from modelyard.kinds.sweep import SweepJob, SweepView
from modelyard.tuning.search import Proposal

NOW = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)
SPEC: dict[str, Any] = {
    "trial": {"command": "echo ${{search_space.x}}"},
    "search_space": {"x": {"type": "loguniform", "min_value": -4, "max_value": -1}},
    "sampling_algorithm": {"type": "random", "seed": 3, "logbase": 10},
    "early_termination": {"type": "bandit", "slack_amount": 0.1},
    "objective": {"goal": "maximize", "primary_metric": "auc"},
    "limits": {"max_total_trials": 4, "timeout": 60},
}


def sweep(**changes: Any) -> JobRecord:
    values: dict[str, Any] = dict.fromkeys(JobRecord.__dataclass_fields__)
    values |= {"id": 1, "workspace": "default", "name": "s", "run_id": "s", "kind": "sweep", "spec": SPEC}
    values |= {"state": {"trial_plan": {}, "seed": 3, "places": 2}, "status": JobStatus.NOT_STARTED}
    values |= {"cancel_requested": False, "properties": {}, "tags": {}}
    return JobRecord(**(values | changes))


def trial(number: int, **changes: Any) -> TrialRecord:
    given = TrialRecord(
        workspace="default",
        sweep_name="s",
        number=number,
        job_name=f"s_{number}",
        run_id=f"s_{number}",
        parameters={"x": number / 10},
        memento={"number": number, "params": {}, "system": {}},
    )
    return replace(given, **changes)


def chapter(record: JobRecord, memory: SweepMemory, last: JobStatus | None = None, **parts: Any) -> Chapter:
    view = SweepView(
        now=NOW,
        phases={number: one.phase for number, one in memory.trials.items()},
        limits=SweepJob.from_stored(SPEC | {"type": "sweep"}).limits,
        places=2,
        verdicts={},
    )
    given: dict[str, Any] = {"ended": [], "stops": [], "proposals": []} | parts
    return Chapter(record, view, last=None if last is None else JobUpdate(status=last), **given)


def test_the_beginning_tells_what_is_searched() -> None:
    memory = SweepMemory.load(sweep(), [], [])
    told = story(memory, chapter(sweep(), memory, JobStatus.RUNNING, proposals=[Proposal(0, {"x": 0.25}, {})]))
    assert told == [
        "12:00:05  sweep s: maximize auc; at most 4 trials, 2 at a time",
        "12:00:05  sampling: random, seed 3; early termination: bandit",
        "12:00:05  x: searched from 0.0001 to 0.1 (bounds -4 to -1 of the logarithm, base 10)",
        "12:00:05  trial 0 starts: x=0.25",
    ]


def test_ends_stops_and_each_new_best_are_told_once() -> None:
    record = sweep(status=JobStatus.RUNNING, started_at=NOW - timedelta(seconds=5))
    done = trial(0, phase=TrialPhase.COMPLETED, objectives=[0.7], cost=3)
    failed = trial(1, phase=TrialPhase.FAILED, reason="no metric")
    stopping = trial(2, phase=TrialPhase.STOPPING, reason="bandit at interval 2: worse")
    memory = SweepMemory.load(record, [], [])
    memory.trials = {one.number: one for one in (done, failed, stopping)}
    told = [line[10:] for line in story(memory, chapter(record, memory, ended=[done, failed], stops=[stopping]))]
    assert told == [
        "trial 0 completed, auc 0.7, 3 core-s",
        "trial 1 failed, 0 core-s: no metric",
        "best so far: trial 0, auc 0.7 (x=0.0)",
        "trial 2 is stopped: bandit at interval 2: worse",
        "2 of 4 trials over (1 stopping, 1 completed, 1 failed)",
    ]
    assert story(memory, chapter(record, memory)) == []


def test_a_memory_from_the_rows_says_that_it_goes_on() -> None:
    record = sweep(status=JobStatus.RUNNING, started_at=NOW)
    memory = SweepMemory.load(record, [trial(0, phase=TrialPhase.COMPLETED, objectives=[0.5]), trial(1)], [])
    assert [line[10:] for line in story(memory, chapter(record, memory))] == [
        "taken up again: 1 of 4 trials over (1 active, 1 completed)"
    ]
    assert story(memory, chapter(record, memory)) == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"started_at": NOW - timedelta(seconds=90)}, "the sweep reached its timeout of 60 s"),
        ({"started_at": NOW, "cancel_requested": True}, "the sweep was cancelled"),
        ({"started_at": NOW}, "all trials are over"),
    ],
)
def test_the_end_says_why_and_who_won(changes: dict[str, Any], why: str) -> None:
    record = sweep(status=JobStatus.RUNNING, **changes)
    memory = SweepMemory.load(record, [trial(3, phase=TrialPhase.COMPLETED, objectives=[0.5])], [])
    memory.taken_up = False
    told = [line[10:] for line in story(memory, chapter(record, memory, JobStatus.COMPLETED))]
    assert told == [
        f"the sweep ends Completed: {why}; 1 of 4 trials over (1 completed)",
        "best: trial 3 (s_3), auc 0.5, x=0.3",
    ]


@pytest.mark.parametrize("url", [None, "memory://"])
def test_lines_are_appended_on_every_store(tmp_path: Path, url: str | None) -> None:
    storage = Storage(tmp_path, url)
    log = ParentLog(storage, sweep())
    log.append(["one"])
    log.append([])
    log.append(["two", "three"])
    path = f"{run_folder('s')}/user_logs/std_log.txt"
    assert b"".join(storage.run_artifacts("default").open_read(path)) == b"one\ntwo\nthree\n"


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "storage").write_text("in the way")
    ParentLog(Storage(tmp_path), sweep()).append(["one"])
