"""experiments/create, get, get-by-name and search."""

from __future__ import annotations

import re
from typing import Any

from modelyard.server.mlflow.hot import arguments as read
from modelyard.server.mlflow.hot.arguments import Arguments, NotHot
from modelyard.server.mlflow.hot.call import HotCall, Work
from modelyard.server.mlflow.hot.run_calls import STAGES, experiment_number, own_experiment, page, page_offset
from modelyard.store.tracking import experiments
from modelyard.store.tracking.connections import TrackingConnection

_MOST_NAME = 256
_MOST_TAG = 20_000
_NEWEST_FIRST: tuple[list[str], ...] = (["creation_time DESC", "experiment_id ASC"], [])
_SPECIAL_TAG = re.compile(r"mlflow\.(?!user$|source\.|note\.content$|experimentKind$)")


def create_experiment(workspace: str, arguments: Arguments) -> Work:
    name = read.text(arguments, "name", _MOST_NAME)
    tags = read.pairs(read.items(arguments, "tags", 1000), _MOST_TAG)
    # A place of its own is for MLflow to judge; so are the tags that have a meaning for it.
    if not name or arguments.get("artifact_location") or any(_SPECIAL_TAG.match(key) for key in tags):
        raise NotHot

    def work(connection: TrackingConnection) -> dict[str, Any] | None:
        made = experiments.create(connection, workspace, name, None, tags)
        return None if made is None else {"experiment_id": str(made)}

    return work


def get_experiment(workspace: str, arguments: Arguments) -> Work:
    number = experiment_number(arguments.get("experiment_id"))

    def work(connection: TrackingConnection) -> dict[str, Any] | None:
        own = own_experiment(connection, workspace, number, make=False)
        return _answer(experiments.by_id(connection, workspace, own))

    return work


def get_by_name(workspace: str, arguments: Arguments) -> Work:
    name = read.text(arguments, "experiment_name", 500)
    return lambda connection: _answer(experiments.by_name(connection, workspace, name))


def search_experiments(workspace: str, arguments: Arguments) -> Work:
    limit = read.integer(arguments, "max_results", 1000)
    stages = STAGES[read.choice(arguments, "view_type", STAGES, "ACTIVE_ONLY")]
    offset = page_offset(arguments)
    plain = not arguments.get("filter") and arguments.get("order_by", []) in _NEWEST_FIRST
    if not plain or not 1 <= limit <= 1000:
        raise NotHot

    def work(connection: TrackingConnection) -> dict[str, Any]:
        found, more = experiments.search(connection, workspace, stages, limit, offset)
        return page("experiments", found, offset + limit if more else None)

    return work


def _answer(experiment: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if experiment is None else {"experiment": experiment}


CALLS = (
    HotCall("POST", "experiments/create", create_experiment, writes=True),
    HotCall("GET", "experiments/get", get_experiment),
    HotCall("GET", "experiments/get-by-name", get_by_name),
    HotCall("POST", "experiments/search", search_experiments),
)
