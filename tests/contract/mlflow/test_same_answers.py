"""The hot calls answer as MLflow's own handlers do, on the same tables."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import TwoWays, comparable

QUICK = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
NAMES = st.sampled_from(["loss", "val/acc", "a b", "x:y", "é", "../up", "a//b", "", "k" * 251, "bad*", "mlflow.note"])
VALUES = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, width=64),
    st.integers(-(2**40), 2**40),
    st.sampled_from(["NaN", "Infinity", "-Infinity", "text", None, True]),
)
TIMES = st.one_of(st.integers(0, 2**41), st.sampled_from([-1, "17", 2**63, 1.5, None]))
STEPS = st.one_of(st.integers(-5, 5), st.sampled_from(["3", 2**63, None]))
TEXTS = st.one_of(st.text(max_size=20).filter(lambda text: "\0" not in text), st.sampled_from(["x" * 6001, "x" * 8001]))
METRICS = st.fixed_dictionaries({"key": NAMES, "value": VALUES, "timestamp": TIMES, "step": STEPS})
PAIRS = st.fixed_dictionaries({"key": NAMES, "value": TEXTS})


def twins_agree(ways: TwoWays, path: str, arguments: dict[str, Any]) -> bool:
    """Send a write about one run our way and about its twin MLflow's way; whether we took it at all."""
    ours, theirs = ways.new_run(), ways.new_run()
    answer = ways.hot("POST", path, {**arguments, "run_id": ours})
    if answer is None:
        assert ways.read_run(ours) == ways.read_run(theirs), "what we leave to MLflow must be untouched"
        return False
    status, reference = ways.cold("POST", path, {**arguments, "run_id": theirs})
    assert status == 200, f"we took what MLflow refuses: {reference}"
    assert comparable(answer, ours) == comparable(reference, theirs)
    assert ways.read_run(ours) == ways.read_run(theirs)
    return True


@QUICK
@given(metric=METRICS)
def test_any_metric(ways: TwoWays, metric: dict[str, Any]) -> None:
    twins_agree(ways, "runs/log-metric", metric)


@QUICK
@given(pair=PAIRS, path=st.sampled_from(["runs/log-parameter", "runs/set-tag"]))
def test_any_param_or_tag(ways: TwoWays, pair: dict[str, Any], path: str) -> None:
    twins_agree(ways, path, pair)


@QUICK
@given(metrics=st.lists(METRICS, max_size=4), params=st.lists(PAIRS, max_size=3), tags=st.lists(PAIRS, max_size=3))
def test_any_batch(ways: TwoWays, metrics: list[Any], params: list[Any], tags: list[Any]) -> None:
    twins_agree(ways, "runs/log-batch", {"metrics": metrics, "params": params, "tags": tags})


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("runs/log-metric", {"key": "m", "value": 0.5, "timestamp": 12, "step": 3}),
        ("runs/log-metric", {"key": "m", "value": "NaN", "timestamp": 12}),
        ("runs/log-metric", {"key": "m", "value": "-Infinity", "timestamp": "12", "step": "4"}),
        ("runs/log-metric", {"key": "deep/er name:1", "value": 3, "timestamp": 0, "step": -2}),
        ("runs/log-parameter", {"key": "p", "value": ""}),
        ("runs/log-parameter", {"key": "p", "value": "x" * 6000}),
        ("runs/set-tag", {"key": "t", "value": "é\n"}),
        ("runs/set-tag", {"key": "mlflow.runName", "value": "renamed"}),
        ("runs/update", {"status": "FINISHED", "end_time": 99}),
        ("runs/update", {"run_name": "other"}),
        ("runs/update", {"status": "FAILED", "run_name": "other", "end_time": 5}),
        (
            "runs/log-batch",
            {
                "metrics": [
                    {"key": "m", "value": index % 3, "timestamp": index, "step": index % 4} for index in range(9)
                ],
                "params": [{"key": "p", "value": "1"}, {"key": "q", "value": "2"}],
                "tags": [{"key": "t", "value": "1"}, {"key": "t", "value": "2"}],
            },
        ),
    ],
)
def test_what_clients_send_is_hot(ways: TwoWays, path: str, arguments: dict[str, Any]) -> None:
    assert twins_agree(ways, path, arguments)


def test_the_same_point_twice_is_one_point(ways: TwoWays) -> None:
    run = ways.new_run()
    point = {"run_id": run, "key": "m", "value": 1.0, "timestamp": 5, "step": 1}
    for _ in range(2):
        assert ways.hot("POST", "runs/log-metric", point) == {}
    ours, theirs = ways.both("GET", "metrics/get-history", {"run_id": run, "metric_key": "m"})
    assert ours == theirs
    assert len(ours["metrics"]) == 1


def test_params_do_not_change(ways: TwoWays) -> None:
    run = ways.new_run()
    for path, arguments in (
        ("runs/log-parameter", {"key": "p", "value": "2"}),
        ("runs/log-batch", {"params": [{"key": "q", "value": "1"}, {"key": "p", "value": "2"}]}),
    ):
        assert ways.hot("POST", "runs/log-parameter", {"run_id": run, "key": "p", "value": "1"}) == {}
        assert ways.hot("POST", path, {"run_id": run, **arguments}) is None
        status, error = ways.cold("POST", path, {"run_id": run, **arguments})
        assert (status, error["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_what_is_not_there_is_left_to_mlflow(ways: TwoWays) -> None:
    run = ways.new_run()
    ways.cold("POST", "runs/delete", {"run_id": run})
    point = {"key": "m", "value": 1.0, "timestamp": 5}
    for target, status in ((run, 400), ("0" * 32, 404)):
        assert ways.hot("POST", "runs/log-metric", {"run_id": target, **point}) is None
        assert ways.cold("POST", "runs/log-metric", {"run_id": target, **point})[0] == status
    assert ways.hot("POST", "runs/delete-tag", {"run_id": ways.new_run(), "key": "none"}) is None


def test_other_workspaces_have_no_part_in_it(ways: TwoWays) -> None:
    run = ways.new_run()
    point = {"run_id": run, "key": "m", "value": 1.0, "timestamp": 5}
    assert ways.hot("POST", "runs/log-metric", point, "other") is None
    assert ways.cold("POST", "runs/log-metric", point, "other")[0] == 404
    for path, arguments in (
        ("runs/get", {"run_id": run}),
        ("metrics/get-history", {"run_id": run, "metric_key": "m"}),
        ("experiments/get-by-name", {"experiment_name": "Default"}),
    ):
        assert ways.hot("GET", path, arguments, "other") is None
        assert ways.cold("GET", path, arguments, "other")[0] == 404
    assert ways.hot("POST", "runs/search", {"experiment_ids": ["0"]}, "other") == {}


def test_created_runs_look_alike(ways: TwoWays) -> None:
    for more in (
        {"start_time": 7, "user_id": "ann", "run_name": "n"},
        {"tags": [{"key": "mlflow.runName", "value": "tagged"}, {"key": "a", "value": "b"}]},
        {"run_name": "n", "tags": [{"key": "mlflow.runName", "value": "n"}]},
    ):
        arguments = {"experiment_id": "0", **more}
        ours = ways.hot("POST", "runs/create", arguments)["run"]
        status, theirs = ways.cold("POST", "runs/create", arguments)
        assert status == 200
        ids = [found["info"]["run_id"] for found in (ours, theirs["run"])]
        shape = [comparable(found, run_id) for found, run_id in zip((ours, theirs["run"]), ids, strict=True)]
        shape[1].pop("outputs", None)  # ours, like MLflow's own store, has none before there are any
        assert shape[0] == shape[1]
        assert ways.read_run(ids[0]) == ways.read_run(ids[1])


def test_experiments(ways: TwoWays) -> None:
    made = ways.hot("POST", "experiments/create", {"name": "e", "tags": [{"key": "a", "value": "b"}]})
    arguments = {"experiment_id": made["experiment_id"]}
    ours, theirs = ways.both("GET", "experiments/get", arguments)
    assert ours == theirs
    assert ways.hot("POST", "experiments/create", {"name": "e"}) is None
    assert ways.cold("POST", "experiments/create", {"name": "e"})[1]["error_code"] == "RESOURCE_ALREADY_EXISTS"
    ours, theirs = ways.both("GET", "experiments/get-by-name", {"experiment_name": "e"})
    assert ours == theirs
    for search in ({"max_results": 10}, {"max_results": 1}, {"max_results": 5, "view_type": "ALL"}):
        ours, theirs = ways.both("POST", "experiments/search", search)
        assert ours == theirs


def test_histories(ways: TwoWays) -> None:
    run = ways.new_run()
    points = [{"key": "m", "value": math.sin(index), "timestamp": index // 2, "step": index} for index in range(40)]
    points.append({"key": "m", "value": "NaN", "timestamp": 3, "step": 3})
    assert ways.hot("POST", "runs/log-batch", {"run_id": run, "metrics": points}) == {}
    asked = {"run_id": run, "metric_key": "m"}
    for more in ({}, {"max_results": 7}, {"max_results": 100}):
        ours, theirs = ways.both("GET", "metrics/get-history", {**asked, **more})
        assert ours == theirs
        if "next_page_token" in ours:
            page = {**asked, **more, "page_token": ours["next_page_token"]}
            ours, theirs = ways.both("GET", "metrics/get-history", page)
            assert ours == theirs
    sampled = {"run_ids": [run], "metric_key": "m"}
    for more in ({"max_results": 5}, {"max_results": 1}, {"start_step": 3, "end_step": 20, "max_results": 4}):
        ours, theirs = ways.both("GET", "metrics/get-history-bulk-interval", {**sampled, **more})
        assert ours == theirs
