"""Population based training step by step, over a backend without processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from modelyard.artifacts.storage import Storage, run_folder
from modelyard.controllers import sweep_steps
from modelyard.domain.task import ExitRecord
from modelyard.domain.trial import TrialRecord
from modelyard.store.database import Database
from modelyard.store.rows.mlflow_tables import params

from .sweep_yard import SweepYard

PBT = {"type": "pbt", "evaluation_interval": 2, "resample_probability": 0, "perturbation_factors": [0.5]}


@pytest.fixture
def yard(database: Database, tmp_path: Path) -> SweepYard:
    return SweepYard(database, tmp_path / "home")


def outputs(yard: SweepYard, trial: TrialRecord) -> Path:
    folder = Storage(yard.home).run_artifacts("default").local_path(f"{run_folder(trial.run_id)}/outputs")
    assert folder is not None
    return folder


def checkpoint(yard: SweepYard, trial: TrialRecord, text: str) -> None:
    folder = outputs(yard, trial)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "state.txt").write_text(text)


def begun(yard: SweepYard, **limits: int) -> str:
    """Two trials at interval 2, the first one well ahead, each with its checkpoint."""
    limits = {"max_total_trials": 2, "max_concurrent_trials": 2, **limits}
    name = yard.submit(early_termination=PBT, limits=limits)
    yard.step()
    for number, loss in ((0, 0.1), (1, 0.9)):
        trial = yard.trial(name, number)
        yard.log(trial, "loss", 1.0, loss)
        checkpoint(yard, trial, f"of {number}")
        (outputs(yard, trial) / f"only-{number}").touch()
    return name


def test_the_worse_trial_goes_on_from_the_better_ones_checkpoint(yard: SweepYard) -> None:
    name = begun(yard)
    worse, better = yard.trial(name, 1), yard.trial(name, 0)
    with yard.database.transaction() as tx:
        tx.connection.execute(insert(params).values(run_uuid=worse.run_id, key="x", value="0.5"))
    yard.look_again(name)
    after = yard.trial(name, 1)
    assert after.phase == "active"
    assert after.parameters == {"x": better.parameters["x"] * 0.5}
    assert [copy.to_dict() for copy in after.copies] == [{"source": 0, "values": 2, "replaced": worse.parameters}]
    folder = outputs(yard, worse)
    assert sorted(path.name for path in folder.iterdir()) == ["only-0", "state.txt"]
    assert (folder / "state.txt").read_text() == "of 0"
    assert yard.command(name, 1) == f"sleep {after.parameters['x']}"
    with yard.database.snapshot() as tx:
        job = tx.jobs.get("default", worse.job_name)
        assert tx.connection.execute(select(params).where(params.c.run_uuid == worse.run_id)).all() == []
    assert (job.status, job.attempt) == ("Running", 2)
    assert str(after.parameters["x"]) in job.tags["hyperparameters"]


def test_what_a_copied_trial_comes_to_counts_and_teaches_nothing(yard: SweepYard) -> None:
    name = begun(yard)
    yard.look_again(name)
    yard.log(yard.trial(name, 1), "loss", 0.01)
    yard.backend.end(str(yard.home / "jobs" / "default" / yard.trial(name, 1).job_name / "2"), ExitRecord(0))
    yard.step()
    yard.end(yard.trial(name, 0), ExitRecord(0))
    yard.step()
    assert yard.phases(name) == ["completed", "completed"]
    job = yard.job(name)
    assert (job.status, job.properties["score"]) == ("Completed", "0.01")
    assert job.properties["best_child_run_id"] == yard.trial(name, 1).run_id


@pytest.mark.parametrize("fails", ["copy_checkpoint", "change_trial"])
def test_a_server_that_dies_around_the_copy_takes_the_same_decision_again(
    yard: SweepYard, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    name = begun(yard)
    whole = getattr(sweep_steps, fails)

    def broken(*_: Any) -> Any:
        raise OSError("the machine went away")

    monkeypatch.setattr(sweep_steps, fails, broken)
    yard.look_again(name)
    decided = yard.trial(name, 1)
    assert (decided.phase, decided.copies[0].source) == ("copying", 0)
    monkeypatch.setattr(sweep_steps, fails, whole)
    yard.forget()
    checkpoint(yard, yard.trial(name, 0), "of 0, later")
    yard.look_again(name)
    after = yard.trial(name, 1)
    assert (after.phase, after.parameters, after.copies) == ("active", decided.parameters, decided.copies)
    assert (outputs(yard, after) / "state.txt").read_text() == "of 0, later"
    assert yard.command(name, 1) == f"sleep {after.parameters['x']}"


def test_a_source_without_a_checkpoint_leaves_the_trial_as_it_was(yard: SweepYard) -> None:
    name = begun(yard)
    before = yard.trial(name, 1)
    for path in outputs(yard, yard.trial(name, 0)).iterdir():
        path.unlink()
    yard.look_again(name)
    after = yard.trial(name, 1)
    assert (after.phase, after.parameters, after.copies) == ("active", before.parameters, [])
    assert (outputs(yard, after) / "state.txt").read_text() == "of 1"


def test_a_cancelled_sweep_ends_a_trial_that_is_to_be_copied(yard: SweepYard, monkeypatch: pytest.MonkeyPatch) -> None:
    name = begun(yard)

    def broken(*_: Any) -> Any:
        raise OSError("the machine went away")

    monkeypatch.setattr(sweep_steps, "copy_checkpoint", broken)
    yard.look_again(name)
    with yard.database.transaction() as tx:
        yard.yard.jobs.cancel(tx, "default", name)
    yard.look_again(name)
    yard.look_again(name)
    assert (yard.phases(name), yard.job(name).status) == (["canceled", "canceled"], "Canceled")


def test_with_fewer_places_trials_take_turns(yard: SweepYard) -> None:
    name = yard.submit(early_termination=PBT, limits={"max_total_trials": 3, "max_concurrent_trials": 1})
    yard.step()
    seen = []
    for number in range(3):
        yard.log(yard.trial(name, number), "loss", 1.0, number / 10)
        checkpoint(yard, yard.trial(name, number), f"of {number}")
        yard.look_again(name)
        seen.append(yard.phases(name))
    assert seen[0] == ["paused", "active"]
    assert seen[1] == ["paused", "paused", "active"]
    assert seen[2] == ["active", "paused", "paused"], "the first of those that came least far"


def test_the_cost_of_a_trial_that_waits_counts(yard: SweepYard, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(handle: Any, grace_seconds: float) -> None:
        record = ExitRecord(None, signal=15, cancelled=True, started_at=1.0, ended_at=3.5)
        yard.backend.end(handle["directory"], record)

    monkeypatch.setattr(yard.backend, "stop", stop)
    asha = {"type": "asha", "min_resource": 1, "reduction_factor": 2}
    name = yard.submit(
        early_termination=asha, limits={"max_total_trials": 9, "max_concurrent_trials": 1, "max_cost": 2}
    )
    yard.step()
    yard.log(yard.trial(name, 0), "loss", 0.5)
    yard.look_again(name)
    assert yard.trial(name, 0).cost == 2.5
    yard.look_again(name)
    yard.look_again(name)
    assert yard.job(name).status == "Completed"
    assert len(yard.trials(name)) < 9, "the budget is a wall"
