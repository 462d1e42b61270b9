"""runs/create, get, update and search; metric histories."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson

from modelyard.kit.ids import job_name
from modelyard.server.mlflow.hot import arguments as read
from modelyard.server.mlflow.hot.arguments import Arguments, NotHot
from modelyard.server.mlflow.hot.call import HotCall, Work
from modelyard.store.tracking import experiments, metric_history, run_documents, run_search, run_writes
from modelyard.store.tracking.connections import TrackingConnection
from modelyard.store.tracking.logging_writes import RUN_NAME_TAG
from modelyard.store.tracking.search_language import NotCommon, parse_filter, parse_ordering

STAGES = {"ACTIVE_ONLY": ["active"], "DELETED_ONLY": ["deleted"], "ALL": ["active", "deleted"]}
_STATUSES = frozenset({"RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"})
_MOST_FOUND = 50_000
_MOST_SAMPLED = 2500
_MOST_SAMPLED_RUNS = 100


def create_run(workspace: str, arguments: Arguments) -> Work:
    experiment_id = experiment_number(arguments.get("experiment_id") or "0")
    user = read.text(arguments, "user_id", 256)
    start_time = read.integer(arguments, "start_time", 0)
    tags = read.pairs(read.items(arguments, "tags", 1000), read.MAX_TAG_VALUE)
    name = read.text(arguments, "run_name", read.MAX_KEY)
    if name and tags.get(RUN_NAME_TAG, name) != name:
        raise NotHot
    name = name or tags.get(RUN_NAME_TAG) or job_name()
    if len(name) > read.MAX_KEY:
        raise NotHot
    tags.setdefault(RUN_NAME_TAG, name)

    def work(connection: TrackingConnection) -> dict[str, Any] | None:
        own = own_experiment(connection, workspace, experiment_id)
        run = run_writes.create_run(connection, workspace, own, user, start_time, name, tags)
        return None if run is None else {"run": run}

    return work


def get_run(workspace: str, arguments: Arguments) -> Work:
    run_id = read.run_id(arguments)

    def work(connection: TrackingConnection) -> dict[str, Any] | None:
        run = run_documents.read_run(connection, workspace, run_id)
        return None if run is None else {"run": run}

    return work


def update_run(workspace: str, arguments: Arguments) -> Work:
    run_id = read.run_id(arguments)
    status = read.choice(arguments, "status", _STATUSES, "") if arguments.get("status") is not None else None
    end_time = read.integer(arguments, "end_time") if arguments.get("end_time") is not None else None
    name = read.text(arguments, "run_name", read.MAX_KEY) if arguments.get("run_name") is not None else None

    def work(connection: TrackingConnection) -> dict[str, Any] | None:
        info = run_writes.update_run(connection, workspace, run_id, status, end_time, name)
        return None if info is None else {"run_info": info}

    return work


def search_runs(workspace: str, arguments: Arguments) -> Work:
    ids = [experiment_number(value) for value in read.items(arguments, "experiment_ids", 1000)]
    stages = STAGES[read.choice(arguments, "run_view_type", STAGES, "ACTIVE_ONLY")]
    limit = read.integer(arguments, "max_results", 1000)
    offset = page_offset(arguments)
    if not 1 <= limit <= _MOST_FOUND or not ids:
        raise NotHot
    try:
        comparisons = parse_filter(read.text(arguments, "filter", 10_000))
        orderings = [parse_ordering(str(clause)) for clause in read.items(arguments, "order_by", 20)]
    except NotCommon as error:
        raise NotHot from error
    if len({(ordering.entity, ordering.key) for ordering in orderings}) != len(orderings):
        raise NotHot

    def work(connection: TrackingConnection) -> dict[str, Any]:
        own = [own_experiment(connection, workspace, number, make=False) for number in ids]
        runs, more = run_search.search_runs(connection, workspace, own, comparisons, orderings, stages, limit, offset)
        return page("runs", runs, offset + limit if more else None)

    return work


def get_history(workspace: str, arguments: Arguments) -> Work:
    run_id = read.run_id(arguments)
    key = read.text(arguments, "metric_key", read.MAX_KEY)
    limit = read.integer(arguments, "max_results") if "max_results" in arguments else None
    offset = page_offset(arguments)
    if not key or (limit is not None and limit <= 0):
        raise NotHot

    def work(connection: TrackingConnection) -> dict[str, Any] | None:
        found = metric_history.history(connection, workspace, run_id, key, limit, offset)
        return None if found is None else page("metrics", found[0], offset + (limit or 0) if found[1] else None)

    return work


def sample_histories(workspace: str, arguments: Arguments) -> Work:
    run_ids = [read.run_id({"run_id": value}) for value in read.items(arguments, "run_ids", _MOST_SAMPLED_RUNS)]
    key = read.text(arguments, "metric_key", read.MAX_KEY)
    limit = read.integer(arguments, "max_results", _MOST_SAMPLED)
    bounds = ("start_step" in arguments, "end_step" in arguments)
    steps = (read.integer(arguments, "start_step"), read.integer(arguments, "end_step")) if all(bounds) else None
    in_order = steps is None or steps[0] <= steps[1]
    if not run_ids or not key or not 1 <= limit <= _MOST_SAMPLED or any(bounds) != all(bounds) or not in_order:
        raise NotHot

    def work(connection: TrackingConnection) -> dict[str, Any] | None:
        found = metric_history.sampled_history(connection, workspace, run_ids, key, limit, steps)
        return None if found is None else page("metrics", found, None)

    return work


def own_experiment(connection: TrackingConnection, workspace: str, number: int, *, make: bool = True) -> int:
    """Clients say 0 for "the default experiment"; outside the default workspace that is one of its own."""
    if number != 0 or workspace == "default":
        return number
    if make:
        return experiments.default_id(connection, workspace)
    found = experiments.by_name(connection, workspace, experiments.DEFAULT_NAME)
    return number if found is None else int(found["experiment_id"])


def experiment_number(value: Any) -> int:
    if type(value) is not str or not value.isdecimal() or len(value) > 9:
        raise NotHot
    return int(value)


def page(name: str, documents: list[dict[str, Any]], next_offset: int | None) -> dict[str, Any]:
    """A page of an answer; an empty list is left out, as protobuf does."""
    answer: dict[str, Any] = {name: documents} if documents else {}
    if next_offset is not None:
        answer["next_page_token"] = base64.b64encode(b'{"offset": %d}' % next_offset).decode()
    return answer


def page_offset(arguments: Arguments) -> int:
    """Where a page begins, by MLflow's kind of token."""
    token = read.text(arguments, "page_token", 200)
    if not token:
        return 0
    try:
        offset = orjson.loads(base64.b64decode(token, validate=True))["offset"]
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise NotHot from error
    if type(offset) is not int or not 0 <= offset < 2**31:
        raise NotHot
    return offset


CALLS = (
    HotCall("POST", "runs/create", create_run, writes=True),
    HotCall("GET", "runs/get", get_run),
    HotCall("POST", "runs/update", update_run, writes=True),
    HotCall("POST", "runs/search", search_runs, heavy=True),
    HotCall("GET", "metrics/get-history", get_history, heavy=True),
    HotCall(
        "GET",
        "metrics/get-history-bulk-interval",
        sample_histories,
        heavy=True,
        repeated=frozenset({"run_ids"}),
    ),
)
