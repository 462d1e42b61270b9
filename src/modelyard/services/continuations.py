"""Sweeps that go on beyond their end or their limits, and jobs made anew from earlier ones."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from modelyard.domain.errors import Conflict, InvalidInput
from modelyard.domain.job import Job
from modelyard.domain.job_record import JobRecord
from modelyard.domain.statuses import JobStatus
from modelyard.domain.trial import TrialPhase
from modelyard.kinds.catalogue import parse
from modelyard.services.automl_trials import OWN_PROPERTIES as AUTOML_PROPERTIES
from modelyard.store.transaction import Transaction

SWEEP = "sweep"
_PLATFORM_PROPERTIES = frozenset({"best_child_run_id", "score"}) | AUTOML_PROPERTIES


def extend(tx: Transaction, workspace: str, name: str, *, max_total_trials: int, timeout: int | None) -> JobRecord:
    """Give a sweep more trials, and `timeout` seconds from now on; one that has ended goes on.

    InvalidInput when there are that many trials already.
    """
    record = _sweep(tx, workspace, name)
    present = record.spec["limits"]
    trials = sum(tx.trials.count_by_phase(workspace, record.name).values())
    if max_total_trials <= trials:
        raise InvalidInput(
            f"The sweep '{record.name}' has {trials} trials already.",
            field="max_total_trials",
            mend=f"ask for more than {trials}",
        )
    limits = {**present, "max_total_trials": max_total_trials}
    if timeout is not None:
        limits["timeout"] = timeout
    spec = {**record.spec, "limits": limits}
    if not record.status.terminal and tx.jobs.change_spec(record, spec):
        return tx.jobs.get(workspace, record.name)
    return _reopen(tx, tx.jobs.get(workspace, record.name), spec, forgiven=0)


def resume(tx: Transaction, workspace: str, name: str) -> JobRecord:
    """Let a sweep that was cancelled or failed go on; trials that the end cut off are made up for by further ones.

    Conflict when it completed, or has no trial left to run; one that runs stays as it is.
    """
    record = _sweep(tx, workspace, name)
    if not record.status.terminal:
        return record
    mend = f"modelyard job extend -n {record.name} --max-total-trials <more>"
    if record.status is JobStatus.COMPLETED:
        raise Conflict(f"The sweep '{record.name}' has completed.", field="status", mend=mend)
    counts = tx.trials.count_by_phase(workspace, record.name)
    forgiven = counts.get(TrialPhase.CANCELED, 0)
    if sum(counts.values()) - forgiven >= int(record.spec["limits"]["max_total_trials"]):
        raise Conflict(f"Every trial of the sweep '{record.name}' is over.", field="status", mend=mend)
    return _reopen(tx, record, record.spec, forgiven)


def clone_of(record: JobRecord, overrides: Mapping[str, Any]) -> Job:
    """A job like that of `record`, not submitted yet, with changes by dotted path such as `limits.timeout`.

    It gets a name of its own unless the changes give one. InvalidInput for what no such job can be.
    """
    body = copy.deepcopy(record.spec)
    _free_outputs(body, record.name)
    body |= {
        "type": record.kind,
        "experiment_name": record.experiment_name,
        "display_name": record.display_name if record.display_name != record.name else None,
        "description": record.description,
        "compute": record.compute,
        "tags": dict(record.tags),
        "properties": {key: value for key, value in record.properties.items() if key not in _PLATFORM_PROPERTIES},
    }
    body = {key: value for key, value in body.items() if value is not None}
    for path, value in overrides.items():
        _set(body, path, value)
    job = parse("job", body)
    if not isinstance(job, Job):
        raise InvalidInput(f"'{record.name}' is not a job.", field="name")
    return job


def _sweep(tx: Transaction, workspace: str, name: str) -> JobRecord:
    record = tx.jobs.get(workspace, name)
    if record.kind != SWEEP:
        raise InvalidInput(f"The job '{name}' is not a sweep, it is a {record.kind}.", field="name")
    return record


def _reopen(tx: Transaction, record: JobRecord, spec: Mapping[str, Any], forgiven: int) -> JobRecord:
    state = {key: value for key, value in record.state.items() if key not in ("failure", "plan")}
    state |= {"forgiven_trials": forgiven, "reopened_at": tx.now.isoformat()}
    reopened = tx.jobs.reopen(record, spec, state)
    tx.runs.begin(record.run_id, record.started_at or tx.now)
    return reopened


def _free_outputs(body: dict[str, Any], name: str) -> None:
    """Outputs in a place of the job's own get one of the new job's own."""
    for output in (body.get("outputs") or {}).values():
        if isinstance(output, dict) and isinstance(output.get("path"), str):
            output["path"] = "/".join("${{name}}" if part == name else part for part in output["path"].split("/"))


def _set(body: dict[str, Any], path: str, value: Any) -> None:
    *above, last = path.split(".")
    target: Any = body
    for step in above:
        target = target.setdefault(step, {}) if isinstance(target, dict) else None
        if not isinstance(target, dict):
            raise InvalidInput(f"There is nothing inside of '{step}' to change.", field=path)
    if value is None:
        target.pop(last, None)
    else:
        target[last] = value
