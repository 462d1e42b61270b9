"""The decision about a deployment, as a table of what is seen and what is done; and played to its end."""

from dataclasses import replace

import pytest

from modelyard.controllers.deployment_plan import DeploymentView, Phase, Plan, SeenInstance, decide
from modelyard.domain.statuses import ProvisioningState as State

ERROR = {"type": "ValueError", "message": "no such file"}


def seen(name: str, build: str, phase: Phase = Phase.READY, **more: object) -> SeenInstance:
    return SeenInstance(name, build, phase, **more)  # type: ignore[arg-type]


OLD = seen("old", "v1", serving=True)


def test_creation_starts_what_is_wanted_once_it_is_prepared() -> None:
    view = DeploymentView(State.CREATING, wanted=2)

    assert decide(view) == Plan()
    assert decide(replace(view, target="v1")).start == 2


def test_creation_succeeds_when_all_are_ready() -> None:
    one, two = seen("a", "v1"), seen("b", "v1", Phase.STARTING)
    view = DeploymentView(State.CREATING, wanted=2, target="v1", instances=(one, two))

    waiting = decide(view)
    assert (waiting.start, waiting.status, waiting.promote) == (0, None, ())
    done = decide(replace(view, instances=(one, replace(two, phase=Phase.READY))))
    assert (done.status, done.promote, done.serving, done.error) == (State.SUCCEEDED, ("a", "b"), "v1", {})


@pytest.mark.parametrize(
    "broken",
    [
        seen("a", "v1", Phase.FAILED, error=ERROR),
        seen("a", "v1", Phase.GONE),
        seen("a", "v1", Phase.STARTING, age_seconds=700),
    ],
)
def test_creation_fails_with_the_reason(broken: SeenInstance) -> None:
    plan = decide(DeploymentView(State.CREATING, wanted=1, target="v1", instances=(broken,)))

    assert plan.status is State.FAILED
    assert plan.error is not None
    assert plan.error["message"]
    assert "a" in plan.drain + plan.forget


def test_preparation_that_fails() -> None:
    view = DeploymentView(State.UPDATING, wanted=1, serving="v1", preparation_error=ERROR, instances=(OLD,))
    plan = decide(view)

    assert (plan.status, plan.error, plan.drain, plan.forget) == (State.FAILED, ERROR, (), ())


def test_update_switches_when_the_new_ones_are_ready_and_not_before() -> None:
    new = seen("new", "v2", Phase.STARTING)
    view = DeploymentView(State.UPDATING, wanted=1, target="v2", serving="v1", instances=(OLD,))

    assert (decide(view).start, decide(view).build, decide(view).drain) == (1, "v2", ())
    assert decide(replace(view, instances=(OLD, new))).drain == ()
    done = decide(replace(view, instances=(OLD, replace(new, phase=Phase.READY))))
    assert (done.promote, done.drain, done.status) == (("new",), ("old",), State.SUCCEEDED)


def test_update_that_fails_leaves_the_old_one_serving() -> None:
    new = seen("new", "v2", Phase.FAILED, error=ERROR)
    view = DeploymentView(State.UPDATING, wanted=1, target="v2", serving="v1", instances=(OLD, new))
    plan = decide(view)

    assert (plan.status, plan.forget, plan.drain, plan.error) == (State.FAILED, ("new",), (), ERROR)


def test_old_one_that_dies_during_an_update_is_replaced() -> None:
    dead = replace(OLD, phase=Phase.GONE)
    view = DeploymentView(State.UPDATING, wanted=1, serving="v1", instances=(dead,))
    plan = decide(view)

    assert (plan.start, plan.build, plan.forget) == (1, "v1", ("old",))


def test_more_and_fewer_instances_keep_those_that_serve() -> None:
    view = DeploymentView(State.UPDATING, wanted=3, target="v1", serving="v1", instances=(OLD,))
    assert decide(view).start == 2
    fewer = (OLD, seen("b", "v1", serving=True), seen("c", "v1", serving=True))
    plan = decide(replace(view, wanted=1, instances=fewer))
    assert (len(plan.drain), plan.promote, plan.status) == (2, (), State.SUCCEEDED)


def test_dead_worker_is_replaced_and_the_new_one_promoted() -> None:
    view = DeploymentView(State.SUCCEEDED, wanted=2, serving="v1", instances=(OLD, seen("b", "v1", Phase.GONE)))
    plan = decide(view)
    assert (plan.start, plan.build, plan.forget, plan.restarts) == (1, "v1", ("b",), 1)
    fresh = seen("c", "v1")
    assert decide(replace(view, instances=(OLD, fresh))).promote == ("c",)
    assert decide(replace(view, instances=(OLD, seen("b", "v1", serving=True)))) == Plan()


def test_worker_that_dies_again_and_again_is_replaced_ever_more_slowly_and_said() -> None:
    dead = seen("a", "v1", Phase.FAILED, error=ERROR)
    view = DeploymentView(State.SUCCEEDED, 1, serving="v1", instances=(dead,), restarts=6, since_restart_seconds=1.0)

    plan = decide(view)
    assert (plan.start, plan.again_in_seconds) == (0, 15.0)
    assert plan.error == ERROR | {"restarts": 6}
    assert decide(replace(view, since_restart_seconds=16.0)).restarts == 7
    assert decide(replace(view, since_restart_seconds=1000.0)).restarts == 1


def test_failed_creation_leaves_nothing_running() -> None:
    stray = seen("a", "v1", Phase.STARTING)

    assert decide(DeploymentView(State.FAILED, wanted=1, instances=(stray,))).drain == ("a",)


def test_deletion_drains_and_then_removes() -> None:
    view = DeploymentView(State.DELETING, wanted=1, serving="v1", instances=(OLD,))

    assert decide(view).drain == ("old",)
    draining = replace(OLD, serving=False, draining=True)
    waiting = decide(replace(view, instances=(draining,)))
    assert (waiting.drain, waiting.removed, waiting.again_in_seconds) == ((), False, 0.25)
    gone = decide(replace(view, instances=(replace(draining, phase=Phase.GONE),)))
    assert (gone.removed, gone.forget) == (True, ("old",))


@pytest.mark.parametrize("fails", [False, True])
def test_rollouts_end_with_exactly_the_wanted_instances_of_one_build(fails: bool) -> None:
    """Played over many steps: at every one the routing holds at least the wanted number of a single build."""
    view = DeploymentView(State.UPDATING, 2, target="v2", serving="v1", instances=(OLD, replace(OLD, name="old2")))
    for number in range(40):
        plan = decide(view)
        view = _played(view, plan, number, fails=fails)
        serving = [one for one in view.instances if one.serving]
        assert len(serving) == 2
        assert len({one.build for one in serving}) == 1
    assert view.status is (State.FAILED if fails else State.SUCCEEDED)
    assert [one.build for one in view.instances] == (["v1", "v1"] if fails else ["v2", "v2"])
    assert decide(view) == Plan()


def _played(view: DeploymentView, plan: Plan, number: int, *, fails: bool) -> DeploymentView:
    """What a plan leads to: processes start, become ready (or fail), and drained ones end."""
    instances = []
    for one in view.instances:
        if one.name in plan.forget:
            continue
        after = replace(one, phase=Phase.GONE) if one.draining else one
        if one.phase is Phase.STARTING:
            after = replace(after, phase=Phase.FAILED if fails else Phase.READY)
        after = replace(after, serving=True) if one.name in plan.promote else after
        after = replace(after, serving=False, draining=True) if one.name in plan.drain else after
        instances.append(after)
    fresh = [seen(f"n{number}-{n}", plan.build or "", Phase.STARTING) for n in range(plan.start)]
    return replace(
        view,
        status=plan.status or view.status,
        serving=plan.serving or view.serving,
        instances=(*instances, *fresh),
    )
