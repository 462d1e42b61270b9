"""Sweeps over REST: what is refused, and what is told of trials."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from modelyard.domain.trial import TrialPhase, TrialRecord
from modelyard.kinds.sweep import SweepJob

from .conftest import Yard

JOBS = "/api/v1/workspaces/default/jobs"
SWEEP: dict[str, Any] = {
    "type": "sweep",
    "trial": {"command": "echo ${{search_space.x}}"},
    "search_space": {"x": {"type": "loguniform", "min_value": -4, "max_value": -1}},
    "objective": {"goal": "maximize", "primary_metric": "auc"},
    "limits": {"max_total_trials": 20, "max_concurrent_trials": 2},
}


@pytest.mark.parametrize(
    ("changes", "field", "mend"),
    [
        ({"trial": {"command": "echo ${{search_space.y}}"}}, "trial.command", "did you mean"),
        ({"search_space": {}}, "trial.command", None),
        ({"sampling_algorithm": "grid"}, "search_space.x", "a choice of values"),
        ({"sampling_algorithm": "grdi"}, "sampling_algorithm", "did you mean 'grid'?"),
        ({"early_termination": {"type": "bandits"}}, "early_termination", "did you mean 'bandit'?"),
        ({"limits": {"max_total_trials": 1, "max_concurrent_trials": 2}}, "limits.max_concurrent_trials", "lower it"),
        ({"limits": {"max_concurrent_trials": 2}}, "limits.max_total_trials", None),
        ({"objective": {"goal": "maximize"}}, "objective.primary_metric", None),
        (
            {"outputs": {"m": {"path": "azureml://datastores/workspaceblobstore/paths/m"}}},
            "outputs.m.path",
            "${{name}}",
        ),
        ({"warm_start_from": ["nobody"]}, None, None),
    ],
)
def test_bad_sweeps_are_refused(client: TestClient, changes: dict[str, Any], field: str, mend: str | None) -> None:
    answer = client.post(JOBS, json=SWEEP | changes, params={"validate_only": "true"})
    error = answer.json()["error"]
    assert answer.status_code in (400, 404), error
    fields = {detail["field"]: detail for detail in error.get("details") or [error]}
    if field is not None:
        assert field in fields, error
        assert (mend or "") in (fields[field].get("mend") or "")


@pytest.fixture(scope="module")
def swept(yard: Yard) -> str:
    """A sweep with seven trials as its controller would have written them, and no process behind them."""
    body = SWEEP | {"name": "swept", "compute": "local", "sampling_algorithm": {"type": "random", "seed": 5}}
    with yard.state.database.transaction() as tx:
        jobs = yard.state.job_runtime.jobs
        job = jobs.create(tx, "default", SweepJob.from_dict(body))
        for number, score in enumerate([0.5, 0.7, None, 0.6, float("nan"), 0.9, 0.8]):
            trial = TrialRecord(
                workspace="default",
                sweep_name=str(job.name),
                number=number,
                job_name=f"swept_{number}",
                run_id=f"swept_{number}",
                parameters={"x": 0.1 * (number + 1)},
                memento=_memento(number),
            )
            phase = TrialPhase.FAILED if score is None else TrialPhase.COMPLETED
            ended = replace(trial, phase=phase, objectives=None if score is None else [score], cost=2)
            tx.trials.create(trial)
            tx.trials.save(replace(ended, reason="broke" if score is None else None, curve=[score or 0.0]))
    return "swept"


def _memento(number: int) -> dict[str, Any]:
    kind = '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false}}'
    return {"number": number, "params": {"x": {"distribution": kind, "raw": 0.1 * (number + 1)}}, "system": {}}


@pytest.mark.parametrize(
    ("order", "numbers"), [("newest", [6, 5, 4]), ("oldest", [0, 1, 2]), ("best", [5, 6, 1, 3, 0, 2, 4])]
)
def test_trials_are_paged_in_the_order_asked_for(
    client: TestClient, swept: str, order: str, numbers: list[int]
) -> None:
    found: list[dict[str, Any]] = []
    token = None
    while len(found) < len(numbers):
        parameters = {"order_by": order, "page_size": 3, **({"page_token": token} if token else {})}
        body = client.get(f"{JOBS}/{swept}/trials", params=parameters).json()
        found += body["value"]
        token = body["next_page_token"]
    assert [trial["number"] for trial in found] == numbers
    for trial in found:
        if trial["number"] == 2:
            assert (trial["phase"], trial["reason"], trial["score"]) == ("failed", "broke", None)
        if trial["number"] == 4:
            assert trial["objectives"] == {"auc": "nan"}


def test_the_summary_tells_what_was_found(client: TestClient, swept: str) -> None:
    body = client.get(f"{JOBS}/{swept}/sweep").json()
    assert body["counts"]["completed"] == 6
    assert body["counts"]["failed"] == 1
    assert body["best_trial"]["number"] == 5
    assert [step["number"] for step in body["best_so_far"]] == [0, 1, 5]
    assert body["cost_core_seconds"] == 14
    assert body["seed"] == 5
    assert body["importances"] == {"x": 1.0}
    assert body["searched_ranges"] == [
        "x: searched from 0.0183156 to 0.367879 (bounds -4 to -1 of the logarithm, base e)"
    ]


@pytest.mark.parametrize("page", ["trials", "sweep"])
def test_of_another_job_there_is_nothing(client: TestClient, page: str) -> None:
    made = client.post(JOBS, json={"command": "true"}).json()
    answer = client.get(f"{JOBS}/{made['name']}/{page}")
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, "name")
    assert client.get(f"{JOBS}/nobody/{page}").status_code == 404
    assert client.get(f"{JOBS}/nobody/{page}", headers={"Authorization": "Bearer nope"}).status_code == 401
