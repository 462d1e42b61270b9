"""The stream of events: live, resumable, bounded to what the caller may see."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from modelyard.server.event_hub import EventHub
from modelyard.store.database import Database

from .conftest import LiveServer, Yard


def events_of(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Whole events of a stream, comments left out."""
    event: dict[str, Any] = {}
    for line in lines:
        if not line and event:
            yield event
            event = {}
        elif line and not line.startswith(":"):
            key, _, value = line.partition(": ")
            event[key] = json.loads(value) if key == "data" else value


def put_compute(http: httpx.Client, name: str) -> None:
    assert http.put(f"/api/v1/workspaces/default/computes/{name}", json={"type": "local"}).status_code == 200


def test_a_change_is_seen_at_once(live: LiveServer) -> None:
    with live.http() as http, http.stream("GET", "/api/v1/events/stream?type=modelyard.compute.*") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        next(lines)
        put_compute(http, "seen")
        first = next(events_of(lines))
    assert first["event"] == "modelyard.compute.created"
    assert first["data"]["subject"] == "computes/seen"
    assert first["data"]["id"] == first["id"]
    assert first["data"]["actor"] == "admin"


def test_a_reader_that_comes_back_misses_nothing(live: LiveServer) -> None:
    with live.http() as http:
        put_compute(http, "before")
        listed = http.get("/api/v1/events", params={"page_size": 1000}).json()["value"]
        seen = next(event["id"] for event in listed if event["subject"] == "computes/before")
        for number in range(5):
            put_compute(http, f"while-away-{number}")
        headers = {"Last-Event-ID": seen}
        with http.stream("GET", "/api/v1/events/stream?type=modelyard.compute.created", headers=headers) as stream:
            found = events_of(stream.iter_lines())
            subjects = [next(found)["data"]["subject"] for _ in range(5)]
    assert subjects == [f"computes/while-away-{number}" for number in range(5)]


def test_many_readers_see_every_change(live: LiveServer) -> None:
    seen: dict[int, list[str]] = {}
    ready = threading.Barrier(9)

    def read(number: int) -> None:
        with live.http() as http, http.stream("GET", "/api/v1/events/stream?type=modelyard.compute.created") as stream:
            lines = stream.iter_lines()
            next(lines)
            ready.wait()
            found = events_of(lines)
            seen[number] = [next(found)["data"]["subject"] for _ in range(10)]

    threads = [threading.Thread(target=read, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    ready.wait()
    with live.http() as http:
        for number in range(10):
            put_compute(http, f"many-{number}")
    for thread in threads:
        thread.join()
    assert list(seen.values()) == [[f"computes/many-{number}" for number in range(10)]] * 8


def test_lists_are_paged_oldest_first(client: TestClient) -> None:
    for number in range(4):
        client.put(f"/api/v1/workspaces/default/computes/paged-{number}", json={"type": "local"})
    query = {"type": "modelyard.compute.*", "workspace": "default", "page_size": "3"}
    first = client.get("/api/v1/events", params=query).json()
    second = client.get("/api/v1/events", params={**query, "page_token": first["next_page_token"]}).json()
    ids = [int(event["id"]) for event in first["value"] + second["value"]]
    assert len(ids) >= 5
    assert ids == sorted(set(ids))


@pytest.mark.parametrize("value", ["x", "-1", "9" * 30, "1.5"])
def test_a_bad_event_id_is_refused(client: TestClient, value: str) -> None:
    assert client.get("/api/v1/events", params={"page_token": value}).status_code == 400
    assert client.get("/api/v1/events/stream", headers={"Last-Event-ID": value}).status_code == 400


def test_another_process_s_change_is_seen(yard: Yard) -> None:
    """On SQLite one process has the home; on PostgreSQL servers share the database."""
    url = yard.state.settings.resolved_database_url
    if yard.state.database.sqlite:
        pytest.skip("one server has the home")

    async def scenario() -> bool:
        hub = EventHub(yard.state.database)
        hub.start()
        await asyncio.sleep(1.2)
        ticket = hub.ticket()
        await asyncio.to_thread(write_elsewhere, url)
        seen = await hub.wait(ticket, 5)
        await hub.stop()
        return seen

    assert asyncio.run(scenario())


def write_elsewhere(url: str) -> None:
    other = Database(url)
    with other.transaction() as tx:
        tx.emit("modelyard.test.happened", "tests/1", workspace="default")
    other.dispose()
