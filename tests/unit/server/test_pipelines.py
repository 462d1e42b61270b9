"""Pipelines over REST: what is refused before anything runs."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

BASE = "/api/v1/workspaces/default"
JOBS = f"{BASE}/jobs"
PREPARE: dict[str, Any] = {
    "type": "command",
    "name": "prepare",
    "inputs": {"rows": {"type": "integer", "min": 1}},
    "outputs": {"data": {"type": "uri_folder"}, "count": {"type": "integer"}},
    "command": "echo ${{inputs.rows}} > ${{outputs.data}}/rows; echo 1 > ${{outputs.count}}",
}
TRAIN: dict[str, Any] = {
    "type": "command",
    "name": "train",
    "inputs": {
        "data": {"type": "uri_folder"},
        "kind": {"type": "string", "enum": ["a", "b"], "default": "a"},
        "model": {"type": "mlflow_model", "optional": True},
    },
    "outputs": {"model": {"type": "mlflow_model"}},
    "command": "ls ${{inputs.data}} $[[${{inputs.model}}]] ${{inputs.kind}} > ${{outputs.model}}/x",
}


@pytest.fixture(scope="module", autouse=True)
def components(client: TestClient) -> None:
    for body in (PREPARE, TRAIN):
        answer = client.post(f"{BASE}/components", json=body)
        assert answer.status_code == 201, answer.text


def pipeline(prepare: dict[str, Any] | None = None, train: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    first = {"component": "azureml:prepare:1", "inputs": {"rows": 3}, **(prepare or {})}
    second = {
        "component": "azureml:train@latest",
        "inputs": {"data": "${{parent.jobs.prepare.outputs.data}}"},
        **(train or {}),
    }
    return {"type": "pipeline", "jobs": {"prepare": first, "train": second}, **more}


def refused(client: TestClient, body: dict[str, Any]) -> dict[str, str]:
    answer = client.post(JOBS, json=body, params={"validate_only": "true"})
    assert answer.status_code in (400, 404, 422), answer.text
    error = answer.json()["error"]
    return {detail["field"]: detail["message"] for detail in error.get("details") or [error]}


def test_a_whole_pipeline_is_accepted(client: TestClient) -> None:
    answer = client.post(JOBS, json=pipeline(), params={"validate_only": "true"})
    assert answer.status_code in (200, 201), answer.text


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        (pipeline(prepare={"inputs": {}}), "jobs.prepare.inputs.rows", "is required"),
        (pipeline(prepare={"inputs": {"rows": 0}}), "jobs.prepare.inputs.rows", "below the least"),
        (pipeline(prepare={"inputs": {"rows": "many"}}), "jobs.prepare.inputs.rows", "not a integer"),
        (pipeline(prepare={"inputs": {"rows": 1, "row": 2}}), "jobs.prepare.inputs.row", "no input 'row'"),
        (pipeline(prepare={"component": "azureml:prepare:9"}), "jobs.prepare.component", "9"),
        (pipeline(prepare={"component": "azureml:prepair:1"}), "jobs.prepare.component", "prepair"),
        (
            pipeline(train={"inputs": {"data": "${{parent.jobs.prepare.outputs.dta}}"}}),
            "jobs.train.inputs.data",
            "no output 'dta'",
        ),
        (
            pipeline(
                train={
                    "inputs": {
                        "data": "${{parent.jobs.prepare.outputs.data}}",
                        "model": "${{parent.jobs.prepare.outputs.data}}",
                    }
                }
            ),
            "jobs.train.inputs.model",
            "takes a mlflow_model",
        ),
        (
            pipeline(train={"inputs": {"data": "${{parent.jobs.prepare.outputs.count}}"}}),
            "jobs.train.inputs.data",
            "is a integer",
        ),
        (
            pipeline(train={"inputs": {"data": "${{parent.jobs.prepare.outputs.data}}", "kind": "c"}}),
            "jobs.train.inputs.kind",
            "none of a, b",
        ),
        (pipeline(train={"compute": "azureml:nowhere"}), "jobs.train", "nowhere"),
        (pipeline(outputs={"model": {"type": "mlflow_model"}}), "outputs.model", "no node writes"),
        (
            pipeline(train={"resources": {"properties": {"cpus": 4096}}}),
            "jobs.train.resources.properties.cpus",
            "could never start",
        ),
    ],
)
def test_what_could_never_run_is_refused_with_node_and_field(
    client: TestClient, body: dict[str, Any], field: str, words: str
) -> None:
    found = refused(client, body)
    near = {place: text for place, text in found.items() if place.startswith(field)}
    assert any(words in text for text in near.values()), found


def test_all_that_is_wrong_is_told_at_once(client: TestClient) -> None:
    found = refused(client, pipeline(prepare={"inputs": {"rows": 0}}, train={"inputs": {}}))
    assert {"jobs.prepare.inputs.rows", "jobs.train.inputs.data"} <= set(found)


def test_components_that_hold_each_other_without_end_are_refused(client: TestClient) -> None:
    body = {"type": "pipeline", "name": "ring", "jobs": {"a": {"command": "true"}}}
    assert client.post(f"{BASE}/components", json=body).status_code == 201
    other = {"type": "pipeline", "name": "other", "jobs": {"r": {"type": "pipeline", "component": "azureml:ring"}}}
    assert client.post(f"{BASE}/components", json=other).status_code == 201
    again = {**body, "jobs": {"o": {"type": "pipeline", "component": "azureml:other"}}}
    assert client.post(f"{BASE}/components", json=again).status_code == 201
    found = refused(client, {"type": "pipeline", "component": "azureml:ring@latest"})
    assert any("nested deeper" in text for text in found.values()), found


def test_a_component_says_what_it_lacks(client: TestClient) -> None:
    wrong = {**PREPARE, "name": "wrong", "environment": "azureml:nowhere:1"}
    answer = client.post(f"{BASE}/components", json=wrong)
    assert answer.status_code == 404
    assert answer.json()["error"]["field"] == "environment"
    unknown = client.post(f"{BASE}/components", json={**PREPARE, "name": "w", "command": "echo ${{inputs.rowz}}"})
    assert unknown.status_code == 400
    assert "rows" in unknown.json()["error"]["mend"]
