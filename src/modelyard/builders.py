"""Functions that build jobs in Python, with the arguments of Azure ML's SDK."""

from __future__ import annotations

from typing import Any

from modelyard.kinds.command import CommandJob

_RESOURCES = ("instance_count", "instance_type", "locations", "docker_args", "shm_size")


def command(
    *,
    timeout: int | None = None,
    job_tier: str | None = None,
    priority: str | None = None,
    is_deterministic: bool = True,
    **fields: Any,
) -> CommandJob:
    """A command job. Takes the fields of CommandJob, and resources, limits and queue settings flat.

    `is_deterministic` belongs to pipeline nodes and is accepted for their sake.
    """
    resources = {key: fields.pop(key) for key in _RESOURCES if fields.get(key) is not None}
    if resources:
        fields["resources"] = resources
    if timeout is not None:
        fields["limits"] = {"timeout": timeout}
    queue = {key: value for key, value in (("job_tier", job_tier), ("priority", priority)) if value is not None}
    if queue:
        fields["queue_settings"] = queue
    return CommandJob(**fields)
