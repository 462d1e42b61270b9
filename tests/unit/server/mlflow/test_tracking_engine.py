"""Groups of writes: one commit, answers after it, failures alone, patience with other writers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from modelyard.domain.errors import StorageFull
from modelyard.server.mlflow.tracking_engine import TrackingEngine
from modelyard.store.database import Database
from modelyard.store.tracking.connections import TrackingConnection, connect

Work = Callable[[TrackingConnection], Any]
TAG = "INSERT INTO experiment_tags (key, value, experiment_id) VALUES (?, 'v', 0)"


def in_loop(database: Database, use: Callable[[TrackingEngine], Coroutine[Any, Any, Any]]) -> Any:
    async def main() -> Any:
        engine = TrackingEngine(database)
        try:
            return await use(engine)
        finally:
            await asyncio.to_thread(engine.close)

    return asyncio.run(main())


def tagging(key: str) -> Work:
    return lambda connection: connection.run(TAG, (key,))


def tags(database: Database) -> set[str]:
    reader = connect(database.engines.write.url)
    try:
        return {row[0] for row in reader.rows("SELECT key FROM experiment_tags")}
    finally:
        reader.close()


def test_calls_that_come_together_are_all_written(database: Database) -> None:
    async def use(engine: TrackingEngine) -> list[Any]:
        return await asyncio.gather(*[engine.write(tagging(f"k{index}")) for index in range(50)])

    assert in_loop(database, use) == [1] * 50
    assert tags(database) == {f"k{index}" for index in range(50)}


def test_an_answer_comes_after_the_commit(database: Database) -> None:
    async def use(engine: TrackingEngine) -> set[str]:
        await engine.write(tagging("a"))
        return tags(database)

    assert in_loop(database, use) == {"a"}


def test_a_failing_call_fails_alone(database: Database) -> None:
    async def use(engine: TrackingEngine) -> list[Any]:
        works = [tagging("a"), tagging("a"), tagging("b")]
        return await asyncio.gather(*[engine.write(work) for work in works], return_exceptions=True)

    first, second, third = in_loop(database, use)
    assert (first, third) == (1, 1)
    assert isinstance(second, Exception)
    assert tags(database) == {"a", "b"}


def test_calls_wait_for_another_writer(database: Database) -> None:
    opened, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with database.transaction() as tx:
            tx.workspaces.create("w")
            opened.set()
            may_end.wait(20)

    async def use(engine: TrackingEngine) -> Any:
        holder = threading.Thread(target=hold)
        holder.start()
        await asyncio.to_thread(opened.wait, 20)
        writes = [asyncio.ensure_future(engine.write(tagging(key))) for key in "ab"]
        await asyncio.sleep(0.05)
        reads = await engine.read(lambda connection: connection.rows("SELECT count(*) FROM runs"))
        may_end.set()
        found = await asyncio.gather(*writes)
        holder.join()
        return found, reads

    assert in_loop(database, use) == ([1, 1], [(0,)])
    assert tags(database) == {"a", "b"}


def test_another_process_that_writes_is_waited_for(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    other = connect(sqlite_url)

    async def use(engine: TrackingEngine) -> Any:
        other.begin()
        write = asyncio.ensure_future(engine.write(tagging("a")))
        await asyncio.sleep(0.05)
        assert not write.done()
        other.commit()
        return await write

    assert in_loop(database, use) == 1
    other.close()
    database.dispose()


def test_a_client_that_goes_away_leaves_the_others(database: Database) -> None:
    async def use(engine: TrackingEngine) -> Any:
        gone, stays = (asyncio.ensure_future(engine.write(tagging(key))) for key in "ab")
        await asyncio.sleep(0)
        gone.cancel()
        return await stays

    assert in_loop(database, use) == 1


@pytest.mark.postgres
def test_a_lost_connection_is_made_again(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    killer = connect(postgresql_url)

    async def use(engine: TrackingEngine) -> Any:
        await engine.write(tagging("a"))
        killer.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND application_name = 'modelyard'"
        )
        await asyncio.sleep(0.05)
        return await engine.write(tagging("b"))

    assert in_loop(database, use) == 1
    killer.close()
    assert tags(database) == {"a", "b"}
    database.dispose()


def test_a_full_disk_says_so(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    before = tags(database)

    async def use(engine: TrackingEngine) -> Any:
        await engine.write(lambda connection: connection.rows("PRAGMA max_page_count = 1"))
        await engine.write(lambda connection: connection.run(TAG, ("x" * 200_000,)))

    with pytest.raises(StorageFull):
        in_loop(database, use)
    assert tags(database) == before
    database.dispose()
