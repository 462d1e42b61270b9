"""Statuses and the table of legal transitions: data, enforced by one function.

Job statuses are Azure ML's own; provisioning states are those of its endpoints and deployments.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from modelyard.domain.errors import IllegalTransition


class JobStatus(StrEnum):
    NOT_STARTED = "NotStarted"
    QUEUED = "Queued"
    PREPARING = "Preparing"
    STARTING = "Starting"
    RUNNING = "Running"
    FINALIZING = "Finalizing"
    CANCEL_REQUESTED = "CancelRequested"
    PAUSED = "Paused"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"

    @property
    def terminal(self) -> bool:
        return not JOB_TRANSITIONS[self]


class ProvisioningState(StrEnum):
    CREATING = "Creating"
    UPDATING = "Updating"
    SCALING = "Scaling"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    DELETING = "Deleting"
    DELETED = "Deleted"


_J = JobStatus
_P = ProvisioningState

# A retry goes back to Queued from any state in which a task may be lost.
JOB_TRANSITIONS: Mapping[JobStatus, frozenset[JobStatus]] = {
    _J.NOT_STARTED: frozenset({_J.PREPARING, _J.QUEUED, _J.RUNNING, _J.FAILED, _J.CANCEL_REQUESTED, _J.CANCELED}),
    _J.PREPARING: frozenset({_J.QUEUED, _J.FAILED, _J.CANCEL_REQUESTED, _J.CANCELED}),
    _J.QUEUED: frozenset({_J.PREPARING, _J.STARTING, _J.FAILED, _J.CANCEL_REQUESTED, _J.CANCELED}),
    _J.STARTING: frozenset({_J.RUNNING, _J.FINALIZING, _J.QUEUED, _J.FAILED, _J.CANCEL_REQUESTED}),
    _J.RUNNING: frozenset({_J.FINALIZING, _J.QUEUED, _J.PAUSED, _J.FAILED, _J.CANCEL_REQUESTED}),
    _J.PAUSED: frozenset({_J.QUEUED, _J.CANCEL_REQUESTED, _J.CANCELED, _J.FAILED}),
    _J.FINALIZING: frozenset({_J.COMPLETED, _J.FAILED, _J.CANCELED}),
    _J.CANCEL_REQUESTED: frozenset({_J.CANCELED, _J.COMPLETED, _J.FAILED}),
    _J.COMPLETED: frozenset(),
    _J.FAILED: frozenset(),
    _J.CANCELED: frozenset(),
}

# Out of an end, by kind: a sweep goes on with further trials (record 0011), a
# pipeline with the nodes that did not succeed. For `reopen` alone.
REOPENINGS: Mapping[str, Mapping[JobStatus, JobStatus]] = {
    "sweep": {_J.COMPLETED: _J.RUNNING, _J.FAILED: _J.RUNNING, _J.CANCELED: _J.RUNNING},
    "pipeline": {_J.COMPLETED: _J.RUNNING, _J.FAILED: _J.RUNNING, _J.CANCELED: _J.RUNNING},
}

PROVISIONING_TRANSITIONS: Mapping[ProvisioningState, frozenset[ProvisioningState]] = {
    _P.CREATING: frozenset({_P.SUCCEEDED, _P.FAILED, _P.DELETING}),
    _P.UPDATING: frozenset({_P.SUCCEEDED, _P.FAILED, _P.DELETING}),
    _P.SCALING: frozenset({_P.SUCCEEDED, _P.FAILED, _P.DELETING}),
    _P.SUCCEEDED: frozenset({_P.UPDATING, _P.SCALING, _P.FAILED, _P.DELETING}),
    _P.FAILED: frozenset({_P.UPDATING, _P.SCALING, _P.DELETING}),
    _P.DELETING: frozenset({_P.DELETED, _P.FAILED}),
    _P.DELETED: frozenset(),
}


def check_job_transition(name: str, before: JobStatus, after: JobStatus) -> None:
    """Raise IllegalTransition unless a job may go from `before` to `after`. Staying is not a transition."""
    if after not in JOB_TRANSITIONS[before]:
        raise IllegalTransition(f"Job '{name}' is {before} and cannot become {after}.", field="status")


def reopened(name: str, kind: str, status: JobStatus) -> JobStatus:
    """What an ended job of a kind goes on as; IllegalTransition when it cannot."""
    after = REOPENINGS.get(kind, {}).get(status)
    if after is None:
        raise IllegalTransition(f"Job '{name}' is {status} and cannot go on.", field="status")
    return after


def check_provisioning_transition(name: str, before: ProvisioningState, after: ProvisioningState) -> None:
    """Raise IllegalTransition unless an endpoint or deployment may go from `before` to `after`."""
    if after not in PROVISIONING_TRANSITIONS[before]:
        raise IllegalTransition(f"'{name}' is {before} and cannot become {after}.", field="provisioning_state")
