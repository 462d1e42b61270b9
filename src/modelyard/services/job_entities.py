"""Jobs as their readers see them: the row as an entity."""

from __future__ import annotations

from typing import Any

from modelyard.domain.job import Job
from modelyard.domain.job_plan import JobPlan
from modelyard.domain.job_record import JobRecord
from modelyard.kinds.catalogue import parse_stored
from modelyard.services.stored import creation_context


def entity(record: JobRecord, public_url: str) -> Job:
    """The job with what the platform knows of it: status, error, times, where its outputs and pages are."""
    body: dict[str, Any] = {
        **record.spec,
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


def _pages(record: JobRecord, public_url: str) -> dict[str, Any]:
    return {
        "Tracking": {"type": "Tracking", "endpoint": f"{public_url}/mlflow/{record.workspace}"},
        "Studio": {"type": "Studio", "endpoint": f"{public_url}/jobs/{record.workspace}/{record.name}"},
    }
