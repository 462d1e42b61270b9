"""What to do about a deployment: a pure decision over what its controller sees.

An instance belongs to a *build*: the fingerprint of model, code, environment and limits. A rollout starts all
instances of the new build beside the old ones and switches when every one is ready; a build that fails leaves the
old one serving. Whether the status is Succeeded or Failed, the build that serves is kept at its number of instances.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from modelyard.domain.statuses import ProvisioningState

QUICK_RESTARTS = 5
LONGEST_PAUSE_SECONDS = 30.0
WATCH_SECONDS = 0.05
DRAIN_SECONDS = 0.25
_ROLLING = (ProvisioningState.CREATING, ProvisioningState.UPDATING, ProvisioningState.SCALING)


class Phase(StrEnum):
    """Where an instance's process stands."""

    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"
    GONE = "gone"


@dataclass(frozen=True)
class SeenInstance:
    name: str
    build: str
    phase: Phase
    serving: bool = False
    draining: bool = False
    age_seconds: float = 0.0
    error: dict[str, Any] | None = None

    @property
    def alive(self) -> bool:
        return self.phase in (Phase.STARTING, Phase.READY)


@dataclass(frozen=True)
class DeploymentView:
    """`target` is the build the user asked for, None while it is prepared; `serving` the one that last succeeded."""

    status: ProvisioningState
    wanted: int
    target: str | None = None
    serving: str | None = None
    preparation_error: dict[str, Any] | None = None
    instances: tuple[SeenInstance, ...] = ()
    start_timeout_seconds: float = 600.0
    restarts: int = 0
    since_restart_seconds: float = LONGEST_PAUSE_SECONDS * 2


@dataclass(frozen=True)
class Plan:
    """Names of instances to promote into the routing, to drain, and to forget; how many to start, of which build."""

    start: int = 0
    build: str | None = None
    promote: tuple[str, ...] = ()
    drain: tuple[str, ...] = ()
    forget: tuple[str, ...] = ()
    status: ProvisioningState | None = None
    error: dict[str, Any] | None = None
    serving: str | None = None
    restarts: int | None = None
    removed: bool = False
    again_in_seconds: float | None = field(default=None)


def decide(view: DeploymentView) -> Plan:
    """The next step; deciding again from what it leads to gives the step after."""
    if view.status is ProvisioningState.DELETING:
        return _delete(view)
    if view.status in _ROLLING:
        return _roll_out(view)
    return _keep_up(view)


def _delete(view: DeploymentView) -> Plan:
    gone = _names(one for one in view.instances if not one.alive)
    left = [one for one in view.instances if one.alive]
    if not left:
        return Plan(forget=gone, removed=True)
    drain = _names(one for one in left if not one.draining)
    return Plan(forget=gone, drain=drain, again_in_seconds=DRAIN_SECONDS)


def _roll_out(view: DeploymentView) -> Plan:
    """Towards the target: start what is missing, switch when all are ready, give up when one fails."""
    if view.preparation_error is not None:
        return _give_up(view, view.preparation_error)
    if view.target is None:
        return _with_upkeep(view, Plan())
    mine = [one for one in view.instances if one.build == view.target and not one.draining]
    for one in mine:
        if one.phase is Phase.FAILED or (one.phase is Phase.GONE and not one.serving):
            return _give_up(view, one.error or _died(one))
        if one.phase is Phase.STARTING and one.age_seconds > view.start_timeout_seconds:
            return _give_up(view, _too_slow(view.start_timeout_seconds))
    ready = [one for one in mine if one.phase is Phase.READY]
    if len(ready) >= view.wanted:
        return _switch(view, ready)
    alive = [one for one in mine if one.alive]
    missing = max(view.wanted - len(alive), 0)
    gone = _names(one for one in view.instances if not one.alive and (one.draining or one.build == view.target))
    plan = Plan(start=missing, build=view.target, forget=gone, again_in_seconds=WATCH_SECONDS)
    return _with_upkeep(view, plan)


def _switch(view: DeploymentView, ready: list[SeenInstance]) -> Plan:
    kept = sorted(ready, key=lambda one: not one.serving)[: view.wanted]
    names = {one.name for one in kept}
    others = [one for one in view.instances if one.name not in names]
    drain = _names(one for one in others if one.alive and not one.draining)
    left = any(one.alive for one in others)
    return Plan(
        promote=_names(one for one in kept if not one.serving),
        drain=drain,
        forget=_names(one for one in others if not one.alive),
        status=ProvisioningState.SUCCEEDED,
        error={},
        serving=view.target,
        restarts=0,
        again_in_seconds=DRAIN_SECONDS if left else None,
    )


def _give_up(view: DeploymentView, error: dict[str, Any]) -> Plan:
    """Failed, with the reason; the build that served before goes on, and nothing else stays."""
    others = [one for one in view.instances if one.build != view.serving or not one.serving]
    return Plan(
        drain=_names(one for one in others if one.alive and not one.draining),
        forget=_names(one for one in others if not one.alive),
        status=ProvisioningState.FAILED,
        error=error,
        again_in_seconds=DRAIN_SECONDS,
    )


def _keep_up(view: DeploymentView) -> Plan:
    """Succeeded or Failed: replace what died of the serving build, at a growing pace when it dies at once."""
    draining = any(one.draining and one.alive for one in view.instances)
    plan = _with_upkeep(view, Plan(again_in_seconds=DRAIN_SECONDS if draining else None))
    fresh = [one for one in view.instances if one.alive and not one.draining and one.build == view.serving]
    strangers = _names(one for one in view.instances if one.alive and not one.draining and one.build != view.serving)
    surplus = _names(sorted(fresh, key=lambda one: not one.serving)[view.wanted :]) if view.serving else ()
    gone = _names(one for one in view.instances if not one.alive)
    return Plan(
        start=plan.start,
        build=plan.build,
        promote=plan.promote,
        drain=strangers + surplus,
        forget=gone,
        error=_loop_error(view),
        restarts=plan.restarts,
        again_in_seconds=DRAIN_SECONDS if strangers or surplus else plan.again_in_seconds,
    )


def _with_upkeep(view: DeploymentView, plan: Plan) -> Plan:
    """The plan, with what keeps the serving build at its number of instances meanwhile."""
    if view.serving is None or (view.serving == view.target and view.status in _ROLLING):
        return plan
    mine = [one for one in view.instances if one.build == view.serving and not one.draining]
    promote = _names(one for one in mine if one.phase is Phase.READY and not one.serving)
    alive = [one for one in mine if one.alive]
    starting = [one for one in alive if one.phase is Phase.STARTING]
    lost = _names(one for one in mine if not one.alive)
    missing = view.wanted - len(alive)
    again = _sooner(plan.again_in_seconds, WATCH_SECONDS if starting else None)
    if missing <= 0 or plan.start:
        return _merged(plan, promote=promote, forget=lost, again=again)
    pause = _pause(view.restarts)
    if view.since_restart_seconds < pause:
        wait = pause - view.since_restart_seconds
        return _merged(plan, promote=promote, forget=lost, again=_sooner(again, wait))
    settled = view.since_restart_seconds > LONGEST_PAUSE_SECONDS * 2
    return Plan(
        start=missing,
        build=view.serving,
        promote=plan.promote + promote,
        drain=plan.drain,
        forget=tuple(dict.fromkeys(plan.forget + lost)),
        restarts=1 if settled else view.restarts + 1,
        again_in_seconds=WATCH_SECONDS,
    )


def _merged(plan: Plan, *, promote: tuple[str, ...], forget: tuple[str, ...], again: float | None) -> Plan:
    return Plan(
        start=plan.start,
        build=plan.build,
        promote=plan.promote + promote,
        drain=plan.drain,
        forget=tuple(dict.fromkeys(plan.forget + forget)),
        restarts=plan.restarts,
        again_in_seconds=again,
    )


def _loop_error(view: DeploymentView) -> dict[str, Any] | None:
    """A build that dies again and again is told, and mended when it lives again."""
    if view.restarts < QUICK_RESTARTS:
        return None
    for one in view.instances:
        if not one.alive and one.build == view.serving:
            return (one.error or _died(one)) | {"restarts": view.restarts}
    return None


def _pause(restarts: int) -> float:
    return 0.0 if restarts < 2 else float(min(2.0 ** (restarts - 2), LONGEST_PAUSE_SECONDS))


def _died(one: SeenInstance) -> dict[str, Any]:
    return {
        "type": "WorkerDied",
        "message": f"the scoring worker '{one.name}' ended before it was ready",
        "hint": "see the deployment's log; a worker that is killed without a word often had too little memory",
    }


def _too_slow(seconds: float) -> dict[str, Any]:
    return {
        "type": "StartTimeout",
        "message": f"the deployment was not ready within {seconds:g} seconds",
        "hint": "see the deployment's log, or raise readiness_probe.failure_threshold",
    }


def _sooner(left: float | None, right: float | None) -> float | None:
    given = [one for one in (left, right) if one is not None]
    return min(given) if given else None


def _names(instances: Iterable[SeenInstance]) -> tuple[str, ...]:
    return tuple(one.name for one in instances)
