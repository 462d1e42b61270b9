"""Jobs as their readers see them: the row as an entity."""

from __future__ import annotations

from typing import Any

from modelyard.domain.job import Job
from modelyard.domain.job_plan import JobPlan
from modelyard.domain.job_record import JobRecord
from modelyard.kinds.catalogue import parse_stored
from modelyard.services.stored import creation_context

SWEEP = "sweep"
# Kinds whose outputs have their place when they have ended.
_WITHOUT_PLACES = frozenset({SWEEP, "pipeline"})
_LOG_FOLDERS = ("user_logs", "system_logs")


def entity(record: JobRecord, public_url: str) -> Job:
    """The job with what the platform knows of it: status, error, times, where its outputs and pages are."""
    body: dict[str, Any] = {
        **record.spec,
        "outputs": outputs_of(record),
        "type": record.kind,
        "name": record.name,
        "id": f"azureml://workspaces/{record.workspace}/jobs/{record.name}",
        "display_name": record.display_name,
        "description": record.description,
        "experiment_name": record.experiment_name,
        "compute": record.compute,
        "tags": record.tags,
        "properties": record.properties,
        "status": record.status.value,
        "error": record.error,
        "run_id": record.run_id,
        "attempt": record.attempt,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
        "archived": record.archived,
        "creation_context": creation_context(record),
        "services": {**record.spec.get("services", {}), **_pages(record, public_url)},
    }
    if record.parent_name:
        body["parent_job_name"] = record.parent_name
    found = parse_stored("job", body)
    assert isinstance(found, Job)
    return found


def concrete_outputs(spec: dict[str, Any], plan: JobPlan) -> dict[str, Any]:
    """The spec with the place of each output, so that a reader finds what was written."""
    outputs = {
        name: {**(spec.get("outputs", {}).get(name) or {}), "path": planned.uri, "mode": planned.mode}
        for name, planned in plan.outputs.items()
    }
    return {**spec, "outputs": outputs} if outputs else spec


def outputs_of(record: JobRecord) -> dict[str, Any]:
    """The outputs of a job by name; those of a sweep or pipeline have their place when it has ended."""
    given: dict[str, Any] = record.spec.get("outputs") or {}
    if record.kind not in _WITHOUT_PLACES:
        return given
    if "plan" in record.state:
        return dict(concrete_outputs(record.spec, JobPlan.of(record.state)).get("outputs") or {})
    return {name: {key: value for key, value in output.items() if key != "path"} for name, output in given.items()}


def artifact_run_id(record: JobRecord, path: str) -> str:
    """The run that keeps the artifact `path` of a job: of a sweep the best trial's, but for the sweep's own logs."""
    best = record.properties.get("best_child_run_id")
    own = record.kind != SWEEP or path.split("/", 1)[0] in _LOG_FOLDERS
    return record.run_id if own or not best else best


def _pages(record: JobRecord, public_url: str) -> dict[str, Any]:
    return {
        "Tracking": {"type": "Tracking", "endpoint": f"{public_url}/mlflow/{record.workspace}"},
        "Studio": {"type": "Studio", "endpoint": f"{public_url}/jobs/{record.workspace}/{record.name}"},
    }
