"""runs/search: our query and MLflow's find the same runs in the same order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import TwoWays

FILTERS = [
    "metrics.loss < 0.5",
    "metrics.loss != 0",
    "metrics.loss >= -1 and metrics.acc > 0.1",
    "metric.`a b` = 2",
    "params.depth = '3'",
    "params.depth != '3'",
    "params.depth LIKE '%1%'",
    "param.Name ILIKE 'ALPHA%'",
    'tags.kind = "x"',
    "tags.`mlflow.user` = 'ann'",
    "attributes.status = 'FINISHED'",
    "status != 'FINISHED'",
    "run_name = 'run 3'",
    "attributes.run_name LIKE 'run%'",
    "start_time > 3",
    "attributes.start_time <= 5 AND tags.kind != 'x'",
    "run_id = 'nothing'",
    "",
]
LEFT_TO_MLFLOW = ["run_id IN ('a', 'b')", "metrics.loss > 'x'", "params.depth > '3'", "nonsense", "tags.kind IS NULL"]
ORDERS = [
    "metrics.loss",
    "metrics.loss DESC",
    "metrics.`a b` asc",
    "params.depth DESC",
    "tags.kind",
    "start_time ASC",
    "attributes.start_time DESC",
    "attributes.status",
    "end_time DESC",
    "run_name",
]


@pytest.fixture
def searched(ways: TwoWays) -> TwoWays:
    """Twelve runs that differ in everything, some values missing, some not numbers, some ties."""
    for index in range(12):
        run = ways.new_run(start_time=index // 2, run_name=f"run {index}")
        metrics: list[dict[str, Any]] = [{"key": "acc", "value": index / 10, "timestamp": 1, "step": 0}]
        if index % 3:
            value = "NaN" if index % 4 == 0 else index % 5 - 1
            metrics.append({"key": "loss", "value": value, "timestamp": 1, "step": 0})
        if index % 2:
            metrics.append({"key": "a b", "value": index % 4, "timestamp": 1, "step": 0})
        params = [{"key": "depth", "value": str(index % 4)}] if index % 5 else [{"key": "Name", "value": "Alpha 1"}]
        tags = [{"key": "kind", "value": "xyz"[index % 3]}] if index % 4 else [{"key": "mlflow.user", "value": "ann"}]
        ways.hot("POST", "runs/log-batch", {"run_id": run, "metrics": metrics, "params": params, "tags": tags})
        if index % 3 == 0:
            ways.hot("POST", "runs/update", {"run_id": run, "status": "FINISHED", "end_time": index})
        if index == 7:
            ways.cold("POST", "runs/delete", {"run_id": run})
    return ways


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    filter=st.sampled_from(FILTERS),
    order_by=st.lists(st.sampled_from(ORDERS), max_size=2, unique_by=lambda clause: clause.split(" ")[0]),
    view=st.sampled_from(["ACTIVE_ONLY", "ALL", "DELETED_ONLY"]),
    size=st.sampled_from([1, 4, 50]),
)
def test_any_search(searched: TwoWays, filter: str, order_by: list[str], view: str, size: int) -> None:
    arguments = {"experiment_ids": ["0"], "filter": filter, "order_by": order_by, "run_view_type": view}
    if len({clause.split(" ")[0].removeprefix("attributes.") for clause in order_by}) < len(order_by):
        return
    ours, theirs = searched.both("POST", "runs/search", {**arguments, "max_results": size})
    assert ours is not None, "common searches are hot"
    assert ours == theirs
    if "next_page_token" in ours:
        more = {**arguments, "max_results": size, "page_token": ours["next_page_token"]}
        ours, theirs = searched.both("POST", "runs/search", more)
        assert ours == theirs


def test_every_filter_alone(searched: TwoWays) -> None:
    for filter in FILTERS:
        ours, theirs = searched.both("POST", "runs/search", {"experiment_ids": ["0"], "filter": filter})
        assert ours is not None, filter
        assert ours == theirs, filter


def test_what_we_do_not_read_is_left_to_mlflow(searched: TwoWays) -> None:
    for filter in LEFT_TO_MLFLOW:
        assert searched.hot("POST", "runs/search", {"experiment_ids": ["0"], "filter": filter}) is None, filter
    for order_by in (["metrics.loss SIDEWAYS"], ["metrics.loss", "metrics.loss DESC"], ["nothing.x"]):
        assert searched.hot("POST", "runs/search", {"experiment_ids": ["0"], "order_by": order_by}) is None, order_by


def test_inputs_and_outputs_come_along(ways: TwoWays) -> None:
    run = ways.new_run()
    dataset = {"name": "d", "digest": "1", "source_type": "local", "source": "s", "schema": "{}", "profile": "{}"}
    tags = [{"key": "mlflow.data.context", "value": "train"}, {"key": "z", "value": "1"}]
    assert (
        ways.cold("POST", "runs/log-inputs", {"run_id": run, "datasets": [{"tags": tags, "dataset": dataset}]})[0]
        == 200
    )
    outputs = {"run_id": run, "models": [{"model_id": "m-1", "step": 2}]}
    assert ways.cold("POST", "runs/outputs", outputs)[0] == 200
    ways.cold("POST", "runs/log-inputs", {"run_id": run, "models": [{"model_id": "m-2"}]})
    for method, path, arguments in (
        ("GET", "runs/get", {"run_id": run}),
        ("POST", "runs/search", {"experiment_ids": ["0"]}),
    ):
        ours, theirs = ways.both(method, path, arguments)
        assert ours == theirs
