import asyncio

import pytest

from modelyard.scorer.lane import Lane


def test_an_exhausted_iterator_in_a_script_is_an_error_and_no_endless_wait() -> None:
    async def wait() -> None:
        lane = Lane(1, may_run_in_place=False)
        try:
            await asyncio.wait_for(lane.submit(lambda: next(iter([])), 0), 5)
        finally:
            lane.close()

    with pytest.raises(RuntimeError, match=r"next\(\) found nothing"):
        asyncio.run(wait())
