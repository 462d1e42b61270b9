"""The loop steps when woken, retries after errors and ends when asked."""

from __future__ import annotations

import threading

from modelyard.controllers.loop import ControllerLoop


class Steps:
    def __init__(self, *, fail_first: int = 0) -> None:
        self.count = 0
        self.fail_first = fail_first
        self.seen = threading.Semaphore(0)

    def __call__(self) -> float | None:
        self.count += 1
        self.seen.release()
        if self.count <= self.fail_first:
            raise RuntimeError("boom")
        return None


def test_it_steps_at_once_and_at_every_wake() -> None:
    steps = Steps()
    loop = ControllerLoop("t", steps, idle_seconds=60)
    loop.start()
    assert steps.seen.acquire(timeout=5)
    loop.wake("any", "argument")
    assert steps.seen.acquire(timeout=5)
    assert loop.stop()
    assert steps.count == 2


def test_it_steps_when_the_next_thing_falls_due() -> None:
    seen = threading.Semaphore(0)

    def step() -> float:
        seen.release()
        return 0.001

    loop = ControllerLoop("t", step, idle_seconds=60)
    loop.start()
    for _ in range(3):
        assert seen.acquire(timeout=5)
    assert loop.stop()


def test_an_error_is_retried_without_a_wake() -> None:
    steps = Steps(fail_first=2)
    loop = ControllerLoop("t", steps, idle_seconds=60, first_pause_seconds=0.001)
    loop.start()
    for _ in range(3):
        assert steps.seen.acquire(timeout=5)
    assert loop.stop()


def test_stop_without_start_is_harmless() -> None:
    assert ControllerLoop("t", Steps()).stop()
