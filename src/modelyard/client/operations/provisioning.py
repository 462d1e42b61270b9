"""Waiting for what a controller provisions: endpoints, deployments, computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from modelyard.client.poller import LROPoller, Progress
from modelyard.client.wire_errors import rebuild
from modelyard.domain.errors import ModelyardError, NotFound
from modelyard.domain.statuses import ProvisioningState

T = TypeVar("T")
_OVER = frozenset({ProvisioningState.SUCCEEDED, ProvisioningState.FAILED, ProvisioningState.DELETED})


class ProvisioningFailed(ModelyardError):
    """The platform tried and could not; the message is the reason it met."""

    status = 500
    code = "provisioning_failed"


def until_provisioned(
    noun: str, first: Mapping[str, Any], read: Callable[[], Mapping[str, Any]], convert: Callable[[Any], T]
) -> LROPoller[T]:
    """Poll `read` until its provisioning_state is final. `first` is the answer of the request that began it."""
    answers = iter([first])

    def look() -> Progress[T]:
        body = next(answers, None) or read()
        state = str(body.get("provisioning_state") or ProvisioningState.SUCCEEDED)
        if state == ProvisioningState.FAILED:
            return Progress(state, True, error=_failure(noun, body))
        return Progress(state, state in _OVER, convert(body) if state in _OVER else None)

    return LROPoller(look)


def until_gone(noun: str, read: Callable[[], Mapping[str, Any]]) -> LROPoller[None]:
    """Poll `read` until it is NotFound."""

    def look() -> Progress[None]:
        try:
            body = read()
        except NotFound:
            return Progress("Succeeded", True)
        state = str(body.get("provisioning_state") or ProvisioningState.DELETING)
        if state == ProvisioningState.FAILED:
            return Progress(state, True, error=_failure(noun, body))
        return Progress(state, False)

    return LROPoller(look)


def _failure(noun: str, body: Mapping[str, Any]) -> ModelyardError:
    error = body.get("error") or {}
    where = error.get("where")
    reason = error.get("message") or "no reason was recorded"
    kind = f"{error['type']}: " if error.get("type") else ""
    return rebuild(
        ProvisioningFailed,
        message=f"{noun} '{body.get('name')}' failed: {kind}{reason}" + (f" ({where})" if where else ""),
        mend=error.get("hint") or error.get("mend"),
    )
