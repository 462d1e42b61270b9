"""The sweep controller step by step, over a backend without processes, on both databases."""

from __future__ import annotations

import math
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from modelyard.controllers import sweep_steps
from modelyard.domain.task import ExitRecord
from modelyard.kinds.command import CommandJob
from modelyard.store.database import Database
from modelyard.testing.manual_clock import ManualClock

from .sweep_yard import SweepYard


@pytest.fixture
def yard(database: Database, tmp_path: Path) -> SweepYard:
    return SweepYard(database, tmp_path / "home")


def parameters(yard: SweepYard, sweep: str) -> list[Any]:
    return [trial.parameters for trial in yard.trials(sweep)]


def run_through(yard: SweepYard, sweep: str, *, forget: bool = False) -> None:
    """Every trial logs its own x and ends, the oldest first."""
    for _ in range(100):
        active = [trial for trial in yard.trials(sweep) if trial.phase.value == "active"]
        if not active and "stopping" in yard.phases(sweep):
            yard.look_again(sweep)  # by the policy, when a slow machine gave it another look
            continue
        if not active:
            return
        if forget:
            yard.forget()
        yard.finish(sweep, active[0].number, active[0].parameters["x"])
    raise AssertionError("the sweep did not end")


def test_a_sweep_from_its_start_to_its_best_trial(yard: SweepYard) -> None:
    name = yard.submit()
    yard.step()
    assert yard.job(name).status == "Running"
    assert yard.phases(name) == ["active", "active"]
    assert yard.command(name, 1) == f"sleep {yard.trial(name, 1).parameters['x']}"
    yard.finish(name, 1, 0.5)
    assert yard.phases(name) == ["active", "completed", "active"]
    yard.finish(name, 0, 0.7)
    yard.finish(name, 2, 0.2)
    yard.finish(name, 3, 0.9)
    job = yard.job(name)
    assert job.status == "Completed"
    assert job.properties["best_child_run_id"] == yard.trial(name, 2).run_id
    assert job.properties["score"] == "0.2"
    assert yard.phases(name) == ["completed"] * 4
    with yard.database.snapshot() as tx:
        assert tx.runs.status(tx.jobs.get("default", name).run_id) == "FINISHED"
    yard.look_again(name)
    assert len(yard.trials(name)) == 4


def test_the_best_of_what_a_trial_logged_counts(yard: SweepYard) -> None:
    name = yard.submit(limits={"max_total_trials": 2})
    yard.step()
    yard.finish(name, 0, 0.9, 0.1, 0.8)
    yard.finish(name, 1, 0.3, 0.2)
    assert [trial.objectives for trial in yard.trials(name)] == [[0.1], [0.2]]
    assert yard.job(name).properties["score"] == "0.1"


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
def test_nan_and_infinity_are_kept_and_never_the_best(yard: SweepYard, goal: str) -> None:
    name = yard.submit(objective={"goal": goal, "primary_metric": "loss"}, sampling_algorithm="bayesian")
    yard.step()
    yard.finish(name, 0, math.nan)
    yard.finish(name, 1, -math.inf)
    yard.finish(name, 2, math.inf)
    yard.finish(name, 3, math.nan, 4.0, math.inf if goal == "maximize" else -math.inf)
    kept = [trial.objectives or [0.0] for trial in yard.trials(name)]
    assert math.isnan(kept[0][0])
    assert [values[0] for values in kept[1:]] == [-math.inf, math.inf, 4.0]
    job = yard.job(name)
    assert (job.status, job.properties["score"]) == ("Completed", "4.0")
    assert job.properties["best_child_run_id"] == yard.trial(name, 3).run_id


def test_a_sweep_with_nothing_but_infinities_has_no_best(yard: SweepYard) -> None:
    name = yard.submit(limits={"max_total_trials": 2})
    yard.step()
    yard.finish(name, 0, -math.inf)
    yard.finish(name, 1, math.nan)
    job = yard.job(name)
    assert job.status == "Failed"
    assert job.error is not None
    assert job.error.type == "NoTrialCompleted"


def test_a_trial_that_never_logs_the_objective_fails_saying_so(yard: SweepYard) -> None:
    name = yard.submit(limits={"max_total_trials": 2})
    yard.step()
    yard.finish(name, 0, accuracy=1.0)
    yard.finish(name, 1, 0.4)
    assert yard.phases(name) == ["failed", "completed"]
    assert "never logged the metric 'loss'" in str(yard.trial(name, 0).reason)
    assert yard.job(name).status == "Completed"


def test_a_failed_trial_does_not_count_even_with_the_best_value(yard: SweepYard) -> None:
    name = yard.submit(limits={"max_total_trials": 2})
    yard.step()
    yard.finish(name, 0, 0.0, code=1)
    yard.finish(name, 1, 0.4)
    assert yard.trial(name, 0).reason == "it broke"
    assert yard.job(name).properties["score"] == "0.4"


def test_two_objectives(yard: SweepYard) -> None:
    name = yard.submit(
        more_objectives=[{"goal": "maximize", "primary_metric": "speed"}],
        sampling_algorithm={"type": "nsga2", "seed": 1, "population_size": 2},
        limits={"max_total_trials": 3},
    )
    yard.step()
    yard.finish(name, 0, 0.5, speed=3.0)
    yard.finish(name, 1, 0.4)
    assert yard.phases(name)[1] == "failed"
    yard.finish(name, 2, 0.6, speed=9.0)
    assert yard.job(name).status == "Completed"
    assert [trial.objectives for trial in yard.trials(name)] == [[0.5, 3.0], None, [0.6, 9.0]]


def test_the_policy_stops_a_trial_and_its_values_count(yard: SweepYard) -> None:
    name = yard.submit(early_termination={"type": "bandit", "slack_amount": 0.1}, limits={"max_total_trials": 3})
    yard.step()
    yard.log(yard.trial(name, 0), "loss", 0.1, 0.1)
    yard.log(yard.trial(name, 1), "loss", 0.9, 0.8)
    yard.look_again(name)
    yard.step()
    assert yard.phases(name) == ["active", "stopped", "active"]
    stopped = yard.trial(name, 1)
    assert stopped.by_policy
    assert "bandit at interval 1" in str(stopped.reason)
    assert stopped.objectives == [0.8]
    yard.finish(name, 0, 0.1)
    yard.finish(name, 2, 0.15)
    assert yard.job(name).properties["score"] == "0.1"


def test_a_stopped_trial_whose_last_value_is_no_number(yard: SweepYard) -> None:
    name = yard.submit(
        early_termination={"type": "bandit", "slack_amount": 0.1},
        sampling_algorithm={"type": "bayesian", "seed": 1, "startup_trials": 1},
    )
    yard.step()
    yard.log(yard.trial(name, 0), "loss", 0.1)
    yard.log(yard.trial(name, 1), "loss", 0.9, math.nan)
    yard.look_again(name)
    yard.step()
    assert yard.phases(name)[1] == "stopped"
    yard.forget()
    run_through(yard, name)
    assert yard.job(name).status == "Completed"


def test_at_its_timeout_trials_end_and_what_finished_counts(yard: SweepYard) -> None:
    name = yard.submit(limits={"timeout": 1000})
    yard.step()
    yard.finish(name, 0, 0.5)
    yard.database.clock = ManualClock(yard.database.clock.now() + timedelta(seconds=1001))
    yard.look_again(name)
    assert "timeout of 1000 s" in str(yard.trial(name, 1).reason)
    yard.look_again(name)
    assert (yard.phases(name), yard.job(name).status) == (["completed", "canceled", "canceled"], "Completed")


def test_a_budget_counts_parts_of_a_second(yard: SweepYard) -> None:
    """Four trials of a quarter of a second are one core-second, not none and not four."""
    name = yard.submit(limits={"max_total_trials": 100, "max_cost": 1.0, "max_concurrent_trials": 1})
    yard.step()
    for number in range(20):
        if yard.job(name).status == "Completed":
            break
        yard.log(yard.trial(name, number), "loss", 0.5)
        yard.end(yard.trial(name, number), ExitRecord(0, started_at=1.0, ended_at=1.25))
        yard.step()
    assert yard.job(name).status == "Completed"
    assert len(yard.trials(name)) == 4


def test_cancel_ends_its_trials(yard: SweepYard) -> None:
    name = yard.submit()
    yard.step()
    with yard.database.transaction() as tx:
        yard.yard.jobs.cancel(tx, "default", name)
    yard.step()
    yard.look_again(name)
    assert (yard.job(name).status, yard.phases(name)) == ("Canceled", ["canceled", "canceled"])


def test_a_grid_ends_when_every_point_was_tried(yard: SweepYard) -> None:
    space = {"x": {"type": "choice", "values": [1, 2, 3]}}
    name = yard.submit(search_space=space, sampling_algorithm="grid", limits={"max_total_trials": 50})
    yard.step()
    run_through(yard, name)
    assert sorted(found["x"] for found in parameters(yard, name)) == [1, 2, 3]
    assert yard.job(name).status == "Completed"


def test_a_name_that_is_taken_ends_the_sweep_with_the_reason(yard: SweepYard) -> None:
    name = yard.submit(name="mine", limits={"max_total_trials": 3, "max_concurrent_trials": 1})
    yard.step()
    job = CommandJob.from_dict({"command": "exit 0", "name": "mine_1"})
    with yard.database.transaction(actor="ada") as tx:
        yard.yard.jobs.create(tx, "default", job)
    yard.finish(name, 0, 0.5)
    ended = yard.job(name)
    assert ended.status == "Failed"
    assert ended.error is not None
    assert "mine_1" in ended.error.message


@pytest.mark.parametrize("algorithm", ["random", "bayesian", "cma_es"])
def test_a_sweep_whose_server_dies_at_each_step_proposes_the_same(
    sqlite_url: str, tmp_path: Path, algorithm: str
) -> None:
    found = []
    for forget in (False, True):
        home = tmp_path / str(forget)
        home.mkdir()
        database = Database(f"sqlite:///{home}/yard.db")
        database.migrate()
        yard = SweepYard(database, home)
        sampling = {"type": algorithm, "seed": 11, **({} if algorithm == "random" else {"startup_trials": 3})}
        name = yard.submit(
            sampling_algorithm=sampling, limits={"max_total_trials": 8, "max_concurrent_trials": 1}, name="same"
        )
        yard.step()
        run_through(yard, name, forget=forget)
        found.append((parameters(yard, name), yard.job(name).properties["score"]))
        database.dispose()
    assert found[0] == found[1]
    assert len({trial["x"] for trial in found[0][0]}) == 8


def test_what_was_not_committed_is_forgotten_and_no_point_is_lost(
    yard: SweepYard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database fails as a step is written: the trial that was proposed is proposed again under the same number."""
    name = yard.submit(limits={"max_total_trials": 3, "max_concurrent_trials": 1})
    yard.step()
    whole = sweep_steps.submit_trial

    def broken(*_: Any) -> Any:
        raise OSError("the disk went away")

    monkeypatch.setattr(sweep_steps, "submit_trial", broken)
    yard.finish(name, 0, 0.5)
    assert yard.phases(name) == ["active"]
    monkeypatch.setattr(sweep_steps, "submit_trial", whole)
    yard.look_again(name)
    assert yard.phases(name) == ["completed", "active"]
    run_through(yard, name)
    twin = yard.submit(limits={"max_total_trials": 3, "max_concurrent_trials": 1})
    yard.step()
    run_through(yard, twin)
    assert parameters(yard, name) == parameters(yard, twin)


def test_a_sweep_learns_from_an_earlier_one(yard: SweepYard) -> None:
    algorithm = {"type": "bayesian", "seed": 3, "startup_trials": 4}
    limits = {"max_total_trials": 8, "max_concurrent_trials": 1}
    first = yard.submit(sampling_algorithm=algorithm, limits=limits)
    yard.step()
    run_through(yard, first)
    second = yard.submit(
        sampling_algorithm={**algorithm, "seed": 4}, limits={**limits, "max_total_trials": 2}, warm_start_from=[first]
    )
    yard.step()
    run_through(yard, second)
    assert all(found["x"] < 0.2 for found in parameters(yard, second))
    assert [trial.number for trial in yard.trials(second)] == [0, 1]
