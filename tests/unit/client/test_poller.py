import pytest

from modelyard.client.operations.provisioning import ProvisioningFailed, until_gone, until_provisioned
from modelyard.client.poller import LROPoller, Progress
from modelyard.domain.errors import NotFound


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def __call__(self) -> float:
        return self.now


def after(looks: int) -> LROPoller[str]:
    time, left = Time(), iter(range(looks))

    def look() -> Progress[str]:
        return Progress("Creating", False) if next(left, None) is not None else Progress("Succeeded", True, "it")

    return LROPoller(look, sleep=time.sleep, clock=time)


def test_result_waits_for_the_end() -> None:
    poller = after(5)
    assert poller.status() == "Creating"
    assert poller.result() == "it"
    assert poller.done()
    assert poller.status() == "Succeeded"


def test_a_wait_that_is_too_short_says_so() -> None:
    poller = after(100)
    poller.wait(timeout=1)
    assert not poller.done()
    with pytest.raises(TimeoutError, match="still Creating"):
        poller.result(timeout=1)


def test_failure_carries_the_recorded_reason() -> None:
    error = {"type": "ValueError", "message": "no model", "where": "score.py:3", "hint": "add it"}
    states = iter([{"name": "blue", "provisioning_state": "Failed", "error": error}])
    poller = until_provisioned(
        "deployment", {"name": "blue", "provisioning_state": "Creating"}, lambda: next(states), lambda body: body
    )
    with pytest.raises(
        ProvisioningFailed, match=r"deployment 'blue' failed: ValueError: no model \(score.py:3\)"
    ) as got:
        poller.result()
    assert got.value.mend == "add it"


def test_deletion_is_over_when_the_thing_is_gone() -> None:
    def read() -> dict[str, str]:
        raise NotFound("gone")

    assert until_gone("endpoint", read).result() is None
