"""log-metric, log-parameter, log-batch, set-tag, delete-tag."""

from __future__ import annotations

from modelyard.server.mlflow.hot import arguments as read
from modelyard.server.mlflow.hot.arguments import Arguments, NotHot
from modelyard.server.mlflow.hot.call import HotCall, Work
from modelyard.store.tracking import logging_writes
from modelyard.store.tracking.logging_writes import RUN_NAME_TAG
from modelyard.store.tracking.run_writes import update_run

_MOST_METRICS = 1000
_MOST_PAIRS = 100


def log_metric(workspace: str, arguments: Arguments) -> Work:
    run_id = read.run_id(arguments)
    point = read.point(arguments)
    return lambda connection: {} if logging_writes.log_metric(connection, workspace, run_id, point) else None


def log_param(workspace: str, arguments: Arguments) -> Work:
    run_id = read.run_id(arguments)
    key, value = read.key(arguments), read.text(arguments, "value", read.MAX_PARAM_VALUE)
    return lambda connection: {} if logging_writes.log_param(connection, workspace, run_id, key, value) else None


def log_batch(workspace: str, arguments: Arguments) -> Work:
    run_id = read.run_id({"run_id": arguments.get("run_id")})
    metrics = [read.point(item) for item in _mappings(read.items(arguments, "metrics", _MOST_METRICS))]
    param_items = read.items(arguments, "params", _MOST_PAIRS)
    params = read.pairs(param_items, read.MAX_PARAM_VALUE)
    tags = read.pairs(read.items(arguments, "tags", _MOST_PAIRS), read.MAX_TAG_VALUE)
    too_many = len(metrics) + len(param_items) + len(tags) > _MOST_METRICS
    if too_many or len(params) != len(param_items) or RUN_NAME_TAG in tags:
        raise NotHot
    return lambda connection: (
        {} if logging_writes.log_data(connection, workspace, run_id, metrics, params, tags) else None
    )


def set_tag(workspace: str, arguments: Arguments) -> Work:
    run_id = read.run_id(arguments)
    key = read.key(arguments)
    value = read.text(arguments, "value", read.MAX_TAG_VALUE)
    if key == RUN_NAME_TAG:
        if not value or len(value) > read.MAX_KEY:
            raise NotHot
        return lambda connection: None if update_run(connection, workspace, run_id, None, None, value) is None else {}
    return lambda connection: {} if logging_writes.log_tag(connection, workspace, run_id, key, value) else None


def delete_tag(workspace: str, arguments: Arguments) -> Work:
    run_id = read.run_id({"run_id": arguments.get("run_id")})
    key = read.key(arguments)
    return lambda connection: {} if logging_writes.delete_tag(connection, workspace, run_id, key) else None


def _mappings(values: list[object]) -> list[Arguments]:
    if not all(type(value) is dict for value in values):
        raise NotHot
    return values  # type: ignore[return-value]


CALLS = (
    HotCall("POST", "runs/log-metric", log_metric, writes=True, one_statement=True),
    HotCall("POST", "runs/log-parameter", log_param, writes=True, one_statement=True),
    HotCall("POST", "runs/log-batch", log_batch, writes=True),
    HotCall("POST", "runs/set-tag", set_tag, writes=True),
    HotCall("POST", "runs/delete-tag", delete_tag, writes=True),
)
