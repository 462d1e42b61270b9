"""Trials of AutoML jobs: written down as the engine tells of them, and read as a leaderboard."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from modelyard.artifacts.storage import run_folder
from modelyard.domain.errors import InvalidInput, NotFound
from modelyard.domain.job_plan import JobPlan
from modelyard.domain.job_record import JobRecord
from modelyard.domain.statuses import JobStatus
from modelyard.domain.trial import TrialPhase, TrialRecord
from modelyard.domain.trial_report import SearchReport, TrialEnd, TrialReport, TrialReports
from modelyard.kinds.trial import MLFLOW_MODEL
from modelyard.kit.paging import Page, PageOf
from modelyard.ports.artifact_store import ArtifactStore
from modelyard.services import lineage
from modelyard.services.files import run_artifact_uri
from modelyard.store.repositories.jobs import NewJob
from modelyard.store.repositories.runs import FAILED, FINISHED, KILLED, MetricRow
from modelyard.store.transaction import Transaction

AUTOML = "automl"
BEST_TAG = "automl_best_child_run_id"
# Properties of an AutoML job that the platform writes.
_DIRECTION, _MAXIMIZE = "objective", "maximize"
_WINNER_OF = "winner_of_attempt"
OWN_PROPERTIES = frozenset({"best_child_run_id", "best_child_name", "score", "primary_metric", _DIRECTION, _WINNER_OF})
# What of the job's artifacts becomes the winner's too.
_OF_THE_WINNER = ("mlflow-model", "charts", "explanation", "script")
_ENDS: Mapping[TrialEnd, tuple[TrialPhase, JobStatus, str]] = {
    TrialEnd.COMPLETED: (TrialPhase.COMPLETED, JobStatus.COMPLETED, FINISHED),
    TrialEnd.STOPPED: (TrialPhase.STOPPED, JobStatus.CANCELED, KILLED),
    TrialEnd.FAILED: (TrialPhase.FAILED, JobStatus.FAILED, FAILED),
    TrialEnd.TIMED_OUT: (TrialPhase.FAILED, JobStatus.FAILED, FAILED),
}
_KEPT_OF_TRIAL = ("number", "algorithm", "origin", "score", "score_std", "fold_scores", "metrics")
_MEASURES = (
    "fit_seconds",
    "row_milliseconds",
    "batch_milliseconds",
    "size_bytes",
    "peak_memory_bytes",
    "feature_hash",
)


def record(tx: Transaction, workspace: str, name: str, reports: TrialReports) -> int:
    """Write a batch in this transaction: a child job and a run for each trial that was not known; how many were new.

    With `reports.search` the job gets its winner. Told twice, nothing changes.
    """
    job = automl_job(tx, workspace, name)
    known = {trial.number: trial for trial in tx.trials.numbered(workspace, job.name, _numbers(reports))}
    fresh = [trial for trial in reports.trials if _number(reports, trial.number) not in known]
    for trial in fresh:
        _write_trial(tx, job, reports, trial)
    _follow_best(tx, job, reports)
    if reports.search is not None:
        _finish(tx, tx.jobs.get(workspace, job.name), reports, reports.search)
    return len(fresh)


def keep_winner(store: ArtifactStore, job_run_id: str, trial_run_id: str) -> int:
    """Copy what the winner left among the job's artifacts to the winner's own run; how many files. No transaction."""
    source, target = run_folder(job_run_id), run_folder(trial_run_id)
    copied = 0
    for folder in _OF_THE_WINNER:
        for file in store.list(f"{source}/outputs/{folder}"):
            store.copy(file.path, target + file.path.removeprefix(source))
            copied += 1
    return copied


def winner_run_id(tx: Transaction, workspace: str, name: str, reports: TrialReports) -> tuple[str, str] | None:
    """The runs of the job and of its winner, when the winner is known and was told of before or is told of now."""
    job = automl_job(tx, workspace, name)
    search = reports.search
    if search is None or search.best is None or not search.model:
        return None
    try:
        best = tx.trials.get(workspace, job.name, _number(reports, search.best))
    except NotFound as error:
        raise InvalidInput(f"There is no trial {search.best} to win.", field="search.best") from error
    return job.run_id, best.run_id


def leaderboard(tx: Transaction, workspace: str, name: str, page: Page) -> PageOf[dict[str, Any]]:
    """Trials of an AutoML job, best first; those without a score last."""
    job = automl_job(tx, workspace, name)
    found = tx.trials.best_first(workspace, job.name, page, maximize=job.properties.get(_DIRECTION) == _MAXIMIZE)
    jobs = {child.name: child for child in tx.jobs.named(workspace, [trial.job_name for trial in found.items])}
    winner = job.properties.get("best_child_run_id")
    return found.map(lambda trial: _row(trial, jobs[trial.job_name], winner))


def automl_job(tx: Transaction, workspace: str, name: str) -> JobRecord:
    """The AutoML job of that name; InvalidInput for a job of another kind."""
    tx.workspaces.get(workspace)
    found = tx.jobs.get(workspace, name)
    if found.kind != AUTOML:
        raise InvalidInput(f"'{found.name}' is a {found.kind} job, not an AutoML job.", field="name")
    return found


def _numbers(reports: TrialReports) -> list[int]:
    return [_number(reports, trial.number) for trial in reports.trials]


def _number(reports: TrialReports, number: int) -> int:
    """The number in the job: an attempt that began anew counts on its own, beyond those of the ones before."""
    return number + (reports.attempt - 1) * 10_000_000


def _name(job: JobRecord, reports: TrialReports, number: int) -> str:
    return f"{job.name}_{number}" if reports.attempt == 1 else f"{job.name}_{reports.attempt}_{number}"


def _write_trial(tx: Transaction, job: JobRecord, reports: TrialReports, trial: TrialReport) -> None:
    phase, status, run_status = _ENDS[trial.status]
    name = _name(job, reports, trial.number)
    run_id = name if len(name) <= 32 and not tx.runs.exists(name) else secrets.token_hex(16)
    began, ended = _moment(trial.started_at, tx.now), _moment(trial.ended_at, tx.now)
    tags = _tags(reports, trial)
    child = tx.jobs.create(
        NewJob(
            workspace=job.workspace,
            name=name,
            run_id=run_id,
            kind="trial",
            spec=_spec(trial, run_id),
            status=status,
            experiment_name=job.experiment_name,
            display_name=f"{trial.algorithm} {trial.number}",
            compute=job.compute,
            parent_name=job.name,
            tags=tags,
            properties={"run_template": "automl_child", "primary_metric": reports.metric, **tags},
            error=_error(trial),
            due_now=False,
            started_at=began,
            ended_at=ended,
        )
    )
    tx.runs.create_for_job(
        job.workspace,
        job.experiment_name,
        run_id,
        child.display_name,
        parent_run_id=job.run_id,
        user=job.created_by,
        tags={**tags, "modelyard.job": name},
    )
    tx.runs.begin(run_id, began)
    tx.runs.end(run_id, run_status, ended)
    tx.runs.log(run_id, metric_rows(reports, trial, ended), _params(trial))
    record = TrialRecord(
        workspace=job.workspace,
        sweep_name=job.name,
        number=_number(reports, trial.number),
        job_name=name,
        run_id=run_id,
        parameters=trial.params,
        memento={},
        phase=phase,
        # One that was given up was judged on fewer folds: its score stands in the list, and cannot be the best.
        objectives=[trial.score] if trial.score is not None and trial.status is TrialEnd.COMPLETED else None,
        reason=trial.error,
        cost=trial.fit_seconds or 0.0,
        ended_at=ended,
    )
    tx.trials.create(record)
    tx.trials.save(record)


def _spec(trial: TrialReport, run_id: str) -> dict[str, Any]:
    body = trial.model_dump(mode="json", exclude_none=True)
    kept = {key: body[key] for key in (*_KEPT_OF_TRIAL, *_MEASURES) if key in body}
    output = {"type": "mlflow_model", "path": run_artifact_uri(run_id, f"outputs/{MLFLOW_MODEL}")}
    return {**kept, "parameters": trial.params, "outputs": {MLFLOW_MODEL: output}}


def _tags(reports: TrialReports, trial: TrialReport) -> dict[str, str]:
    """As Azure ML's AutoML marks its children."""
    score = "" if trial.score is None else repr(trial.score)
    seconds = "" if trial.fit_seconds is None else f"{trial.fit_seconds:.3f}"
    tags = {"iteration": str(trial.number), "run_algorithm": trial.algorithm, "score": score, "fit_time": seconds}
    return {key: value for key, value in tags.items() if value}


def _params(trial: TrialReport) -> dict[str, str]:
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in trial.params.items()}
    return {"algorithm": trial.algorithm, **texts}


def metric_rows(reports: TrialReports, trial: TrialReport, at: datetime) -> list[MetricRow]:
    """Metrics of the validation under their own names, of other splits behind the split's; folds as steps.

    The primary metric is the trial's score, the mean over its folds; over all rows at once it is `pooled_<metric>`.
    """
    rows = _split_rows(trial.metrics, at)
    if trial.score is not None:
        rows = [row._replace(key=f"pooled_{row.key}") if row.key == reports.metric else row for row in rows]
        rows.append(MetricRow(reports.metric, trial.score, at))
    folds = [MetricRow(f"fold_{reports.metric}", value, at, step) for step, value in _numbered(trial.fold_scores)]
    measures = {name: getattr(trial, name) for name in _MEASURES if name != "feature_hash"}
    rows += [MetricRow(name, float(value), at) for name, value in measures.items() if value is not None]
    return rows + folds


def _split_rows(metrics: Mapping[str, Mapping[str, float]], at: datetime) -> list[MetricRow]:
    return [
        MetricRow(name if split == "validation" else f"{split}_{name}", value, at)
        for split, values in metrics.items()
        for name, value in values.items()
    ]


def _numbered(scores: list[float | None]) -> list[tuple[int, float]]:
    return [(step, value) for step, value in enumerate(scores) if value is not None]


def _follow_best(tx: Transaction, job: JobRecord, reports: TrialReports) -> None:
    """The job names the best so far while it runs, so that `<job>_best_child` leads somewhere."""
    if job.properties.get(_WINNER_OF) == str(reports.attempt) or reports.search is not None:
        return
    about = {"primary_metric": reports.metric, _DIRECTION: _MAXIMIZE if reports.greater_is_better else "minimize"}
    best = tx.trials.best_first(job.workspace, job.name, Page(1), maximize=reports.greater_is_better).items
    if best and best[0].objectives:
        about |= _naming(tx, job, best[0])
    _set_properties(tx, job, about)


def _finish(tx: Transaction, job: JobRecord, reports: TrialReports, search: SearchReport) -> None:
    tx.runs.log(job.run_id, _split_rows(search.metrics, tx.now), {})
    about = {**search.properties, _WINNER_OF: str(reports.attempt)}
    if search.best is None:
        _set_properties(tx, job, about)
        return
    try:
        best = tx.trials.get(job.workspace, job.name, _number(reports, search.best))
    except NotFound as error:
        raise InvalidInput(f"There is no trial {search.best} to win.", field="search.best") from error
    _set_properties(tx, job, about | _naming(tx, job, best))
    for planned in JobPlan.of(job.state).inputs.values():
        node = lineage.node_of(str(planned.asset or planned.uri)) if planned.asset or planned.uri else None
        if node is not None:
            lineage.record_consumed(tx, job.workspace, best.job_name, node)


def _naming(tx: Transaction, job: JobRecord, best: TrialRecord) -> dict[str, str]:
    """The properties of a job that name the best trial below it."""
    if job.properties.get("best_child_run_id") != best.run_id:
        tx.runs.log(job.run_id, (), {}, marks={BEST_TAG: best.run_id})
    score = tx.jobs.get(job.workspace, best.job_name).spec.get("score")
    told = {} if score is None else {"score": repr(score)}
    return {"best_child_run_id": best.run_id, "best_child_name": best.job_name, **told}


def _set_properties(tx: Transaction, job: JobRecord, given: Mapping[str, str]) -> None:
    properties = {**job.properties, **given}
    if properties != job.properties:
        tx.jobs.edit(job.workspace, job.name, properties=properties)


def _row(trial: TrialRecord, child: JobRecord, winner: str | None) -> dict[str, Any]:
    spec = child.spec
    return {
        "name": child.name,
        "run_id": child.run_id,
        "number": trial.number,
        "algorithm": spec.get("algorithm"),
        "origin": spec.get("origin"),
        "status": child.status.value,
        "score": spec.get("score"),
        "score_std": spec.get("score_std"),
        "winner": child.run_id == winner,
        "parameters": trial.parameters,
        "metrics": spec.get("metrics", {}),
        **{name: spec.get(name) for name in _MEASURES},
        "error": trial.reason,
        "started_at": child.started_at,
        "ended_at": child.ended_at,
    }


def _error(trial: TrialReport) -> dict[str, Any] | None:
    if trial.status in (TrialEnd.COMPLETED, TrialEnd.STOPPED):
        return None
    kind = "TrialTimedOut" if trial.status is TrialEnd.TIMED_OUT else "TrialFailed"
    return {"type": kind, "message": trial.error or "The trial gave no reason."}


def _moment(seconds: float, fallback: datetime) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else fallback
    except (OverflowError, ValueError, OSError):
        return fallback
