"""Places in the model: first come, first served, and no longer a wait than allowed."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from modelyard.scorer.admission import Admission, Crowded


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(test(), 5)

    asyncio.run(bounded())


def test_order_of_arrival() -> None:
    async def test() -> None:
        admission, order = Admission(1, 5.0), []

        async def visit(number: int) -> None:
            await admission.enter()
            order.append(number)
            await asyncio.sleep(0)
            admission.leave()

        await asyncio.gather(*(visit(number) for number in range(20)))
        assert order == list(range(20))
        assert (admission.free, admission.waiting) == (1, 0)

    run(test)


def test_wait_that_is_too_long() -> None:
    async def test() -> None:
        admission = Admission(1, 0.02)
        await admission.enter()
        with pytest.raises(Crowded):
            await admission.enter()
        assert admission.waiting == 0
        admission.leave()
        assert admission.try_enter()

    run(test)


def test_no_wait_at_all() -> None:
    async def test() -> None:
        admission = Admission(1, 0.0)
        await admission.enter()
        with pytest.raises(Crowded):
            await admission.enter()

    run(test)


def test_one_who_gives_up_leaves_no_place_taken() -> None:
    async def test() -> None:
        admission = Admission(1, 5.0)
        await admission.enter()
        waiting = asyncio.create_task(admission.enter())
        await asyncio.sleep(0)
        admission.leave()  # the place goes to the one who waits, who is cancelled in the same moment
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert admission.free == 1

    run(test)


def test_a_free_place_is_not_taken_ahead_of_those_who_wait() -> None:
    async def test() -> None:
        admission = Admission(1, 5.0)
        await admission.enter()
        waiting = asyncio.create_task(admission.enter())
        await asyncio.sleep(0)
        assert not admission.try_enter()
        admission.leave()
        await waiting

    run(test)
