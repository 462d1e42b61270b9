"""Sweeps as use cases, on both databases: what is planned, what is refused, and what each trial becomes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelyard.artifacts.storage import Storage
from modelyard.domain.errors import InvalidInput, NotFound
from modelyard.domain.job_record import JobRecord
from modelyard.domain.statuses import JobStatus
from modelyard.domain.task import Resources
from modelyard.domain.trial import TrialRecord
from modelyard.environments.environments import Environments
from modelyard.kinds.sweep import SweepJob
from modelyard.services.job_planning import Planner
from modelyard.services.jobs import Jobs
from modelyard.services.sweeps import (
    SweepPlan,
    change_trial,
    final_state,
    plan_sweep,
    range_notes,
    submit_trial,
)
from modelyard.services.workspaces import ensure_default
from modelyard.store.database import Database
from modelyard.tuning.search import Proposal

MACHINE = Resources(cpus=8, memory_bytes=1 << 34)
BRANCHES = {
    "model": {
        "type": "choice",
        "values": [
            {"kind": "tree", "depth": {"type": "choice", "values": [3, 5]}},
            {"kind": "linear"},
        ],
    }
}


def sweep_job(**fields: Any) -> SweepJob:
    return SweepJob.from_dict(
        {
            "type": "sweep",
            "trial": {"command": "python train.py ${{search_space.x}}"},
            "search_space": {"x": {"type": "uniform", "min_value": 0, "max_value": 1}},
            "sampling_algorithm": "random",
            "objective": {"goal": "minimize", "primary_metric": "loss"},
            "limits": {"max_total_trials": 10},
            **fields,
        }
    )


class Desk:
    """The services of sweeps over one database."""

    def __init__(self, database: Database, home: Path) -> None:
        self.database = database
        self.planner = Planner(Storage(home), Environments(home / "envs", search_path=""))
        self.jobs = Jobs(self.planner, lambda: "http://127.0.0.1:1", MACHINE, lambda: None)
        with database.transaction() as tx:
            ensure_default(tx)

    def plan(self, **fields: Any) -> SweepPlan:
        with self.database.transaction(actor="ada") as tx:
            return plan_sweep(tx, "default", sweep_job(**fields), self.planner, MACHINE)

    def submit(self, **fields: Any) -> JobRecord:
        with self.database.transaction(actor="ada") as tx:
            name = str(self.jobs.create(tx, "default", sweep_job(**fields)).name)
            return tx.jobs.get("default", name)

    def trial(self, sweep: JobRecord, number: int, parameters: dict[str, Any]) -> tuple[TrialRecord, JobRecord]:
        job = SweepJob.from_stored({**sweep.spec, "type": "sweep"})
        with self.database.transaction(actor="server") as tx:
            made = submit_trial(tx, sweep, job, SweepPlan.of(sweep.state), Proposal(number, parameters, {"at": number}))
            return made, tx.jobs.get("default", made.job_name)


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(database, tmp_path / "home")


def test_a_seed_is_kept_and_one_is_drawn_where_there_is_none(desk: Desk) -> None:
    assert desk.plan(sampling_algorithm={"type": "random", "seed": 7}).seed == 7
    assert desk.plan().seed != desk.plan().seed


def test_a_plan_is_the_same_after_the_row(desk: Desk) -> None:
    plan = desk.plan(outputs={"model": {"type": "uri_folder"}})
    assert SweepPlan.of(plan.to_state()) == plan


@pytest.mark.parametrize(
    ("limits", "resources", "places"),
    [
        ({"max_total_trials": 10}, {}, 4),
        ({"max_total_trials": 3}, {}, 3),
        ({"max_total_trials": 10, "max_concurrent_trials": 7}, {}, 7),
        ({"max_total_trials": 10}, {"properties": {"cpus": 4}}, 2),
    ],
)
def test_places(desk: Desk, limits: dict[str, Any], resources: dict[str, Any], places: int) -> None:
    assert desk.plan(limits=limits, resources=resources or None).places == places


def test_what_every_trial_needs_is_planned_once(desk: Desk) -> None:
    trial = {"command": "python t.py ${{search_space.x}}", "resources": {"properties": {"modelyard.warm": True}}}
    outputs = {"model": {"type": "uri_folder", "name": "winner"}}
    plan = desk.plan(trial=trial, outputs=outputs, properties={"modelyard.max_retries": "2"}).trial
    assert (plan.warm, plan.max_retries, plan.required_metrics) == (True, 2, ("loss",))
    assert plan.outputs["model"].asset_name is None, "a trial registers nothing"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        (
            {"outputs": {"model": {"path": "azureml://datastores/workspaceblobstore/paths/shared"}}},
            "outputs.model.path",
        ),
        ({"trial": {"command": "x ${{search_space.x}}", "resources": {"properties": {"cpu": 2}}}}, "properties.cpu"),
        ({"trial": {"command": "x ${{search_space.x}}", "environment": "azureml:none:1"}}, "environment"),
        ({"properties": {"modelyard.warm": "true"}}, "properties.modelyard.warm"),
        ({"sampling_algorithm": "cma_es", "search_space": {"x": {"type": "choice", "values": ["a"]}}}, "sampling"),
    ],
)
def test_what_could_only_fail_is_refused(desk: Desk, fields: dict[str, Any], field: str) -> None:
    with pytest.raises((InvalidInput, NotFound)) as refused:
        desk.plan(**fields)
    assert field in str(refused.value.field)


def test_a_sweep_to_learn_from_must_be_one(desk: Desk) -> None:
    earlier = desk.submit(name="spring-rates")
    assert desk.plan(warm_start_from=[earlier.name])
    with pytest.raises(NotFound) as unknown:
        desk.plan(warm_start_from=[earlier.name, "spring-rate"])
    assert unknown.value.field == "warm_start_from"
    assert "spring-rate" in unknown.value.message
    assert unknown.value.mend == "did you mean 'spring-rates'?"
    _, child = desk.trial(earlier, 0, {"x": 0.5})
    with pytest.raises(InvalidInput) as other:
        desk.plan(warm_start_from=[child.name])
    assert (other.value.field, "is a command" in other.value.message) == ("warm_start_from", True)
    with pytest.raises(NotFound) as far:
        desk.plan(warm_start_from=["zzz"])
    assert far.value.mend == "modelyard job list shows which there are"


def test_a_trial_is_a_job_with_a_run_below_the_sweep(desk: Desk) -> None:
    sweep = desk.submit(name="walk", limits={"max_total_trials": 3, "trial_timeout": 60}, experiment_name="tries")
    made, job = desk.trial(sweep, 2, {"x": 0.1})
    assert (made.number, made.job_name, made.memento) == (2, "walk_2", {"at": 2})
    assert (job.parent_name, job.status, job.experiment_name) == ("walk", JobStatus.QUEUED, "tries")
    assert (job.spec["command"], job.spec["limits"]) == ("python train.py 0.1", {"timeout": 60})
    assert job.tags["hyperparameters"] == '{"x": 0.1}'
    with desk.database.snapshot() as tx:
        assert tx.runs.status(job.run_id) == "SCHEDULED"
        assert [trial.number for trial in tx.trials.of_sweep("default", "walk")] == [2]


def test_a_branch_that_was_not_drawn_leaves_nothing_in_the_command(desk: Desk) -> None:
    command = "python t.py --model ${{search_space.model.kind}} $[[--depth ${{search_space.model.depth}}]]"
    sweep = desk.submit(trial={"command": command}, search_space=BRANCHES)
    _, tree = desk.trial(sweep, 0, {"model": {"kind": "tree", "depth": 5}})
    _, linear = desk.trial(sweep, 1, {"model": {"kind": "linear"}})
    assert tree.spec["command"].split() == ["python", "t.py", "--model", "tree", "--depth", "5"]
    assert linear.spec["command"].split() == ["python", "t.py", "--model", "linear"]


def test_variables_and_outputs_are_the_trials_own(desk: Desk) -> None:
    sweep = desk.submit(
        name="own",
        trial={"command": "x ${{outputs.model}}", "environment_variables": {"RATE": "${{search_space.x}}"}},
        outputs={"model": {"type": "uri_folder", "name": "winner"}},
    )
    _, job = desk.trial(sweep, 4, {"x": 0.25})
    assert job.spec["environment_variables"] == {"RATE": "0.25"}
    assert job.spec["command"] == "x ${{outputs.model}}"
    assert "/own_4/" in job.spec["outputs"]["model"]["path"]
    assert "name" not in job.spec["outputs"]["model"]


def test_a_trial_that_goes_on_with_other_parameters_is_restated(desk: Desk) -> None:
    sweep = desk.submit()
    made, job = desk.trial(sweep, 0, {"x": 0.1})
    spec = SweepJob.from_stored({**sweep.spec, "type": "sweep"})
    changed = TrialRecord(**{**_fields(made), "parameters": {"x": 0.9}})
    with desk.database.transaction(actor="server") as tx:
        change_trial(tx, sweep, spec, SweepPlan.of(sweep.state), changed)
        after = tx.jobs.get("default", job.name)
    assert after.spec["command"] == "python train.py 0.9"
    assert after.tags["hyperparameters"] == '{"x": 0.9}'


def test_the_sweeps_outputs_are_those_of_its_best_under_its_own_name(desk: Desk) -> None:
    sweep = desk.submit(name="end", outputs={"model": {"type": "uri_folder", "name": "winner", "version": "3"}})
    made, _ = desk.trial(sweep, 1, {"x": 0.1})
    job = SweepJob.from_stored({**sweep.spec, "type": "sweep"})
    state = final_state(sweep, job, SweepPlan.of(sweep.state), made)
    output = state["plan"]["outputs"]["model"]
    assert (output["asset_name"], output["asset_version"]) == ("winner", "3")
    assert "/end_1/" in output["uri"]


def test_the_log_says_which_range_is_searched() -> None:
    space = {"rate": {"type": "loguniform", "min_value": -2, "max_value": 0}}
    base_e = range_notes(sweep_job(search_space=space, trial={"command": "x ${{search_space.rate}}"}))
    assert base_e == ["rate: searched from 0.135335 to 1 (bounds -2 to 0 of the logarithm, base e)"]
    tens = {"type": "random", "logbase": 10}
    ten = range_notes(
        sweep_job(search_space=space, trial={"command": "x ${{search_space.rate}}"}, sampling_algorithm=tens)
    )
    assert ten == ["rate: searched from 0.01 to 1 (bounds -2 to 0 of the logarithm, base 10)"]


def _fields(trial: TrialRecord) -> dict[str, Any]:
    return {name: getattr(trial, name) for name in TrialRecord.__dataclass_fields__}
