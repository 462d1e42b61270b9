"""runs/search as one query that reads ids by index, and a few more for the page that was asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from modelyard.store.tracking.connections import TrackingConnection
from modelyard.store.tracking.run_documents import Document, marks, read_runs
from modelyard.store.tracking.search_language import Comparison, Entity, Ordering

_TABLES = {Entity.METRIC: "latest_metrics", Entity.PARAM: "params", Entity.TAG: "tags"}
_COLUMNS = {"run_id": "run_uuid", "run_name": "name"}
_OWN_EXPERIMENTS = "SELECT experiment_id FROM experiments WHERE workspace = ? AND experiment_id IN "


@dataclass
class _Query:
    """Pieces of SQL with the parameters that belong to each, in the order of the text."""

    joins: list[str] = field(default_factory=list)
    join_parameters: list[Any] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    condition_parameters: list[Any] = field(default_factory=list)
    orderings: list[str] = field(default_factory=list)

    def where(self, condition: str, *parameters: Any) -> None:
        self.conditions.append(condition)
        self.condition_parameters += parameters


def search_runs(
    connection: TrackingConnection,
    workspace: str,
    experiment_ids: Sequence[int],
    comparisons: Iterable[Comparison],
    orderings: Sequence[Ordering],
    stages: Sequence[str],
    limit: int,
    offset: int,
) -> tuple[list[Document], bool]:
    """A page of runs, and whether there are more. Experiments of other workspaces count as empty."""
    ids = find_run_ids(connection, workspace, experiment_ids, comparisons, orderings, stages, limit + 1, offset)
    return read_runs(connection, ids[:limit]), len(ids) > limit


def find_run_ids(
    connection: TrackingConnection,
    workspace: str,
    experiment_ids: Sequence[int],
    comparisons: Iterable[Comparison],
    orderings: Sequence[Ordering],
    stages: Sequence[str],
    limit: int,
    offset: int,
) -> list[str]:
    """The ids of the runs that fit, in order."""
    own = [row[0] for row in connection.rows(_OWN_EXPERIMENTS + marks(experiment_ids), [workspace, *experiment_ids])]
    if not own:
        return []
    query = _Query()
    query.where(f"r.experiment_id IN {marks(own)}", *own)
    query.where(f"r.lifecycle_stage IN {marks(stages)}", *stages)
    for comparison in comparisons:
        _add_comparison(query, comparison)
    for place, ordering in enumerate(orderings):
        _add_ordering(query, place, ordering)
    if not any(ordering.entity is Entity.ATTRIBUTE and ordering.key == "start_time" for ordering in orderings):
        query.orderings.append("r.start_time DESC")
    query.orderings.append("r.run_uuid")
    sql = f"""SELECT r.run_uuid FROM runs r {" ".join(query.joins)} WHERE {" AND ".join(query.conditions)}
              ORDER BY {", ".join(query.orderings)} LIMIT ? OFFSET ?"""
    parameters = [*query.join_parameters, *query.condition_parameters, limit, offset]
    return [row[0] for row in connection.rows(sql, parameters)]


def _add_comparison(query: _Query, comparison: Comparison) -> None:
    if comparison.entity is Entity.ATTRIBUTE and comparison.key != "run_name":
        condition = _condition(f"r.{_COLUMNS.get(comparison.key, comparison.key)}", comparison.operator)
        query.where(condition, comparison.value)
        return
    # A run's name is looked for in its tag: runs of very old clients have it there alone.
    entity = Entity.TAG if comparison.entity is Entity.ATTRIBUTE else comparison.entity
    key = "mlflow.runName" if comparison.entity is Entity.ATTRIBUTE else comparison.key
    condition = _condition("f.value", comparison.operator)
    if entity is Entity.METRIC:
        # NaN is stored as 0: it differs from everything and compares with nothing.
        condition = f"({condition} OR f.is_nan)" if comparison.operator == "!=" else f"{condition} AND NOT f.is_nan"
    exists = f"SELECT 1 FROM {_TABLES[entity]} f WHERE f.run_uuid = r.run_uuid AND f.key = ? AND {condition}"
    query.where(f"EXISTS ({exists})", key, comparison.value)


def _condition(column: str, operator: str) -> str:
    if operator == "ILIKE":
        return f"lower({column}) LIKE lower(?)"
    return f"{column} {operator} ?"


def _add_ordering(query: _Query, place: int, ordering: Ordering) -> None:
    direction = "ASC" if ordering.ascending else "DESC"
    if ordering.entity is Entity.ATTRIBUTE:
        column = f"r.{_COLUMNS.get(ordering.key, ordering.key)}"
        query.orderings += [f"CASE WHEN {column} IS NULL THEN 1 ELSE 0 END", f"{column} {direction}"]
        return
    alias = f"o{place}"
    table = _TABLES[ordering.entity]
    query.joins.append(f"LEFT JOIN {table} {alias} ON {alias}.run_uuid = r.run_uuid AND {alias}.key = ?")
    query.join_parameters.append(ordering.key)
    missing = f"CASE WHEN {alias}.value IS NULL THEN 1 ELSE 0 END"
    if ordering.entity is Entity.METRIC:
        missing = f"CASE WHEN {alias}.is_nan THEN 1 WHEN {alias}.value IS NULL THEN 2 ELSE 0 END"
    query.orderings += [missing, f"{alias}.value {direction}"]
