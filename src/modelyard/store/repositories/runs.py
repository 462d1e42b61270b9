"""The MLflow run of each job, written in the job's own transaction."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from modelyard.domain.errors import Conflict
from modelyard.store.repository import Repository
from modelyard.store.rows.mlflow_tables import (
    experiments,
    latest_metrics,
    logged_models,
    metrics,
    params,
    runs,
    tags,
)

_LONGEST_PARAM = 6000  # of MLflow 2 and 3 clients alike
_LARGEST = 1.7976931348623157e308
SERVED_ROOT = "mlflow-artifacts:/"
_PARENT_TAG, _NAME_TAG, _USER_TAG = "mlflow.parentRunId", "mlflow.runName", "mlflow.user"
SCHEDULED, RUNNING, FINISHED, FAILED, KILLED = "SCHEDULED", "RUNNING", "FINISHED", "FAILED", "KILLED"


class MetricRow(NamedTuple):
    """One value of a metric; finite."""

    key: str
    value: float
    at: datetime
    step: int = 0


class RunRepository(Repository):
    def create_for_job(
        self,
        workspace: str,
        experiment: str,
        run_id: str,
        name: str,
        *,
        parent_run_id: str | None = None,
        user: str = "",
        tags: Mapping[str, str] | None = None,
    ) -> int:
        """A scheduled run in an experiment, which is made when it is not there; the experiment's id.

        Conflict when the experiment was deleted.
        """
        experiment_id = self.experiment_id(workspace, experiment)
        values = {
            "run_uuid": run_id,
            "name": name,
            "source_type": "UNKNOWN",
            "source_name": "",
            "entry_point_name": "",
            "user_id": user,
            "status": SCHEDULED,
            "start_time": _milliseconds(self.tx.now),
            "source_version": "",
            "lifecycle_stage": "active",
            "artifact_uri": f"{SERVED_ROOT}ExperimentRun/dcid.{run_id}",
            "experiment_id": experiment_id,
        }
        self.connection.execute(insert(runs).values(values))
        given = {**(tags or {}), _NAME_TAG: name, _USER_TAG: user}
        if parent_run_id is not None:
            given[_PARENT_TAG] = parent_run_id
        self._set_tags(run_id, given)
        return experiment_id

    def exists(self, run_id: str) -> bool:
        """Whether any workspace has a run of that id, deleted or not."""
        found = self.connection.execute(select(runs.c.run_uuid).where(runs.c.run_uuid == run_id))
        return found.first() is not None

    def status(self, run_id: str) -> str | None:
        """Where the run stands in MLflow's words; None when there is none."""
        found: str | None = self.connection.execute(select(runs.c.status).where(runs.c.run_uuid == run_id)).scalar()
        return found

    def artifact_uri(self, run_id: str) -> str | None:
        """The address of the run's artifact folder; None for an unknown run."""
        found = self.connection.execute(select(runs.c.artifact_uri).where(runs.c.run_uuid == run_id))
        uri: str | None = found.scalar()
        return uri

    def logged_model_uri(self, run_id: str, name: str) -> str | None:
        """The address of the files of the newest model that the run logged under a name, if it did."""
        found = self.connection.execute(
            select(logged_models.c.artifact_location)
            .where(
                logged_models.c.source_run_id == run_id,
                logged_models.c.name == name,
                logged_models.c.lifecycle_stage == "active",
            )
            .order_by(logged_models.c.creation_timestamp_ms.desc())
            .limit(1)
        )
        uri: str | None = found.scalar()
        return uri

    def log(
        self,
        run_id: str,
        values: Sequence[MetricRow],
        given: Mapping[str, str],
        *,
        marks: Mapping[str, str] | None = None,
    ) -> None:
        """Metrics, params and tags (`marks`) of a run. The latest value of a metric is that of its highest step.

        Logged again, nothing is doubled; a param stays as it was first.
        """
        rows = [_metric(run_id, row) for row in values]
        latest = {row["key"]: row for row in sorted(rows, key=lambda row: int(row["step"]))}
        self._upsert(metrics, rows, ())
        self._upsert(latest_metrics, list(latest.values()), ("value", "timestamp", "step", "is_nan"))
        texts = {key[:250]: text[:_LONGEST_PARAM] for key, text in given.items()}
        self._upsert(params, [{"run_uuid": run_id, "key": key, "value": text} for key, text in texts.items()], ())
        labels = {key[:250]: text[:8000] for key, text in (marks or {}).items()}
        self._upsert(
            tags, [{"run_uuid": run_id, "key": key, "value": text} for key, text in labels.items()], ("value",)
        )

    def _upsert(self, table: Table, rows: Sequence[Mapping[str, Any]], changed: Sequence[str]) -> None:
        """Insert rows; where one with its key is there, the `changed` columns are written over."""
        if not rows:
            return
        statement: Any = (sqlite.insert if self.tx.sqlite else postgresql.insert)(table)
        keys = [column.name for column in table.primary_key]
        over = {name: statement.excluded[name] for name in changed}
        insertion = (
            statement.on_conflict_do_update(index_elements=keys, set_=over)
            if over
            else statement.on_conflict_do_nothing()
        )
        self.connection.execute(insertion, [dict(row) for row in rows])

    def begin(self, run_id: str, at: datetime) -> None:
        """The run's job began to run its command."""
        self._update(run_id, status=RUNNING, start_time=_milliseconds(at), end_time=None)

    def wait(self, run_id: str) -> None:
        """The run's job is to go on later: it is paused, or waits for another attempt. MLflow has no word of its own
        for that."""
        self._update(run_id, status=SCHEDULED, end_time=None)

    def go_on(self, run_id: str) -> None:
        """The run's job runs again."""
        self._update(run_id, status=RUNNING, end_time=None)

    def end(self, run_id: str, status: str, at: datetime) -> None:
        """The run's job ended: FINISHED, FAILED or KILLED."""
        self._update(run_id, status=status, end_time=_milliseconds(at))

    def restate(self, run_id: str, given: Mapping[str, str]) -> None:
        """The run goes on with other parameters: these tags are replaced, and the parameters that it logged forgotten,
        so that its command can log those it has now."""
        self.connection.execute(delete(params).where(params.c.run_uuid == run_id))
        self.connection.execute(delete(tags).where(tags.c.run_uuid == run_id, tags.c.key.in_(list(given))))
        self._set_tags(run_id, given)

    def curves(self, run_ids: Sequence[str], key: str) -> dict[str, list[float]]:
        """The values of a metric that each run has logged, by step and time; a run without any is left out.

        A run that names its steps has one value at each, the last it logged: an attempt that begins anew, or goes on
        from a checkpoint before its predecessor's end, logs steps again. A run that never does has them all at 0.
        """
        wanted = (metrics.c.run_uuid.in_(run_ids)) & (metrics.c.key == key)
        query = select(metrics.c.run_uuid, metrics.c.step, metrics.c.value, metrics.c.is_nan).where(wanted)
        logged: dict[str, list[tuple[int, float]]] = {}
        for run_id, step, value, is_nan in self.connection.execute(query.order_by(metrics.c.step, metrics.c.timestamp)):
            logged.setdefault(run_id, []).append((step, _number(value, is_nan)))
        return {run_id: _one_a_step(values) for run_id, values in logged.items()}

    def has_metric(self, run_id: str, key: str) -> bool:
        """Whether the run has logged the metric at least once."""
        wanted = (metrics.c.run_uuid == run_id) & (metrics.c.key == key)
        return self.connection.execute(select(metrics.c.key).where(wanted).limit(1)).first() is not None

    def experiment_id(self, workspace: str, name: str) -> int:
        """The id of an experiment, which is made when it is not there. Conflict when it was deleted."""
        wanted = (experiments.c.name == name) & (experiments.c.workspace == workspace)
        query = select(experiments.c.experiment_id, experiments.c.lifecycle_stage).where(wanted)
        found = self.connection.execute(query).one_or_none()
        if found is None:
            now = _milliseconds(self.tx.now)
            values = {
                "name": name,
                "workspace": workspace,
                "lifecycle_stage": "active",
                "creation_time": now,
                "last_update_time": now,
            }
            if self.insert_new(experiments, values):
                created = self.connection.execute(query).one()
                located = update(experiments).where(experiments.c.experiment_id == created.experiment_id)
                self.connection.execute(located.values(artifact_location=f"{SERVED_ROOT}{created.experiment_id}"))
            found = self.connection.execute(query).one()
        if found.lifecycle_stage != "active":
            raise Conflict(
                f"The experiment '{name}' was deleted.", field="experiment_name", mend="restore it, or name another"
            )
        return int(found.experiment_id)

    def _update(self, run_id: str, **values: object) -> None:
        self.connection.execute(update(runs).where(runs.c.run_uuid == run_id).values(**values))

    def _set_tags(self, run_id: str, given: Mapping[str, str]) -> None:
        rows = [{"run_uuid": run_id, "key": key[:250], "value": value[:8000]} for key, value in given.items()]
        if rows:
            self.connection.execute(insert(tags), rows)


def _one_a_step(logged: Sequence[tuple[int, float]]) -> list[float]:
    """The values in the order of their steps; all of them when there is but one step."""
    by_step = dict(logged)
    return list(by_step.values()) if len(by_step) > 1 else [value for _, value in logged]


def _metric(run_id: str, row: MetricRow) -> dict[str, Any]:
    moment = _milliseconds(row.at)
    return {
        "run_uuid": run_id,
        "key": row.key[:250],
        "value": row.value,
        "timestamp": moment,
        "step": row.step,
        "is_nan": False,
    }


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _number(value: float, is_nan: bool) -> float:
    """MLflow keeps NaN as a flag and an infinity as the largest float."""
    if is_nan:
        return math.nan
    return math.copysign(math.inf, value) if abs(value) >= _LARGEST else value
