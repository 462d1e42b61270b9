"""Jobs that schedules and events submit: a job written in place, or one like an earlier job with changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelyard.domain.errors import InvalidInput
from modelyard.domain.expressions import find, substitute
from modelyard.domain.job import Job
from modelyard.kinds.catalogue import parse
from modelyard.services.continuations import clone_of
from modelyard.store.transaction import Transaction


def job_of(tx: Transaction, workspace: str, given: Any, scope: Mapping[str, str]) -> Job:
    """The job to submit. `scope` replaces the expressions that it names; others are the job's own and stay.

    NotFound for an earlier job that is gone, InvalidInput for what is no job.
    """
    given = _stamped(given, scope)
    if isinstance(given, str):
        return clone_of(tx.jobs.get(workspace, _name_of(given)), {})
    body = dict(given)
    source = body.pop("job", None)
    if isinstance(source, str):
        body.pop("type", None)
        return clone_of(tx.jobs.get(workspace, _name_of(source)), _dotted(body))
    job = parse("job", source if isinstance(source, Mapping) else body)
    if not isinstance(job, Job):
        raise InvalidInput("This is not a job.", field="create_job")
    return job


def _stamped(value: Any, scope: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        names = {expression.name for expression in find(value)}
        if not names & set(scope):
            return value
        return substitute(value, {name: scope.get(name, f"${{{{{name}}}}}") for name in names})
    if isinstance(value, Mapping):
        return {key: _stamped(inner, scope) for key, inner in value.items()}
    return [_stamped(inner, scope) for inner in value] if isinstance(value, list) else value


def _name_of(reference: str) -> str:
    bare = reference.removeprefix("azureml:").removeprefix("modelyard:")
    return bare.rstrip("/").rsplit("/", 1)[-1]


def _dotted(body: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Changes by dotted path, as a clone takes them."""
    found: dict[str, Any] = {}
    for key, value in body.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping) and value and "path" not in value and "value" not in value:
            found |= _dotted(value, f"{path}.")
        else:
            found[path] = value
    return found
