"""A log is followed byte for byte: no line lost, none twice, text cut between characters."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from modelyard.artifacts.local_store import LocalStore
from modelyard.artifacts.object_store import ObjectStore
from modelyard.ports.artifact_store import ArtifactStore
from modelyard.server.event_hub import EventHub
from modelyard.server.log_stream import LogStream, Writer, whole_text_size
from modelyard.store.database import Database


@dataclass
class Job:
    """Writes a log and ends, as a job does: the end is committed after the last byte is written."""

    hub: EventHub
    status: str = "Running"
    ended: bool = False
    looks: list[str] = field(default_factory=list)

    def look(self) -> Writer:
        self.looks.append(self.status)
        return Writer(self.status, self.ended, {"status": self.status})

    def end(self) -> None:
        self.status, self.ended = "Completed", True
        self.hub.wake()


def parsed(frames: list[bytes]) -> list[tuple[str, Any, str | None]]:
    found = []
    for frame in frames:
        lines = dict(line.split(": ", 1) for line in frame.decode().splitlines() if line and not line.startswith(":"))
        if "data" in lines:
            found.append((lines["event"], json.loads(lines["data"]), lines.get("id")))
    return found


def text_of(frames: list[bytes]) -> str:
    return "".join(data["text"] for event, data, _ in parsed(frames) if event == "log")


async def collect(frames: AsyncIterator[bytes], into: list[bytes]) -> None:
    async for frame in frames:
        into.append(frame)


def stream(store: ArtifactStore, job: Job, offset: int = 0) -> LogStream:
    return LogStream(store, "log.txt", job.look, job.hub, lambda: False, offset)


def follow(
    database: Database, store: ArtifactStore, writes: list[bytes], path: Path, *, offset: int = 0
) -> list[bytes]:
    """The frames of a stream that is open while `writes` are appended one after the other."""

    async def scenario() -> list[bytes]:
        hub = EventHub(database)
        hub.start()
        job, frames = Job(hub), list[bytes]()
        reader = asyncio.create_task(collect(stream(store, job, offset).frames(), frames))
        for chunk in writes:
            with path.open("ab") as file:
                file.write(chunk)
            await asyncio.sleep(0.005)
        while not frames:
            await asyncio.sleep(0.001)
        job.end()
        await asyncio.wait_for(reader, 10)
        await hub.stop()
        return frames

    return asyncio.run(scenario())


@pytest.fixture
def sqlite(sqlite_url: str) -> Any:
    database = Database(sqlite_url)
    yield database
    database.dispose()


def test_no_byte_is_lost_while_it_grows(sqlite: Database, tmp_path: Path) -> None:
    lines = [f"line {number} é€😀\n".encode() for number in range(60)]
    frames = follow(sqlite, LocalStore(tmp_path), lines, tmp_path / "log.txt")
    assert text_of(frames) == b"".join(lines).decode()
    events = parsed(frames)
    assert [event for event, _, _ in events if event != "log"] == ["status", "status", "end"]
    assert events[-1][1] == {"status": "Completed"}
    assert events[-1][2] == str(len(b"".join(lines)))


def test_characters_are_not_cut(sqlite: Database, tmp_path: Path) -> None:
    content = "é€😀".encode() * 5
    frames = follow(
        sqlite, LocalStore(tmp_path), [content[at : at + 1] for at in range(len(content))], tmp_path / "log.txt"
    )
    assert text_of(frames) == content.decode()


def test_every_id_is_a_place_to_go_on_from(sqlite: Database, tmp_path: Path) -> None:
    lines = [f"{number} é\n".encode() for number in range(30)]
    path = tmp_path / "log.txt"
    whole = parsed(follow(sqlite, LocalStore(tmp_path), lines, path))
    text = b"".join(lines).decode()
    for event, _, at in whole[:10]:
        if event == "log" and at is not None:
            rest = follow(sqlite, LocalStore(tmp_path), [], path, offset=int(at))
            assert text_of(rest) == text.encode()[int(at) :].decode()


def test_a_log_without_an_end_of_character_is_still_drained(sqlite: Database, tmp_path: Path) -> None:
    frames = follow(sqlite, LocalStore(tmp_path), [b"ok \xf0\x9f\x98"], tmp_path / "log.txt")
    assert text_of(frames) == "ok \ufffd"


def test_bytes_that_are_no_text_pass(sqlite: Database, tmp_path: Path) -> None:
    frames = follow(sqlite, LocalStore(tmp_path), [b"\xff\xfe\x80\x80\x80\x80", b"\xc3(\n"], tmp_path / "log.txt")
    assert text_of(frames).endswith("(\n")
    assert parsed(frames)[-1][2] == "9"


def test_large_logs_come_in_pieces(sqlite: Database, tmp_path: Path) -> None:
    content = b"0123456789abcde\n" * 20_000
    frames = follow(sqlite, LocalStore(tmp_path), [content], tmp_path / "log.txt")
    assert text_of(frames).encode() == content
    assert max(map(len, frames)) < 200_000


def test_a_log_that_never_came_ends_with_its_job(sqlite: Database, tmp_path: Path) -> None:
    async def scenario() -> list[bytes]:
        hub = EventHub(sqlite)
        hub.start()
        job, frames = Job(hub), list[bytes]()
        reader = asyncio.create_task(collect(stream(LocalStore(tmp_path), job).frames(), frames))
        while not frames:
            await asyncio.sleep(0.001)
        job.end()
        await asyncio.wait_for(reader, 10)
        await hub.stop()
        return frames

    assert [event for event, _, _ in parsed(asyncio.run(scenario()))] == ["status", "status", "end"]


def test_a_log_in_an_object_store(sqlite: Database, tmp_path: Path) -> None:
    store = ObjectStore.from_url("memory://")
    store.put_stream("log.txt", [b"remote\n"])
    frames = follow(sqlite, store, [], tmp_path / "unused")
    assert text_of(frames) == "remote\n"


def test_its_job_is_not_asked_in_a_storm(sqlite: Database, tmp_path: Path) -> None:
    async def scenario() -> int:
        hub = EventHub(sqlite)
        hub.start()
        job, frames = Job(hub), list[bytes]()
        reader = asyncio.create_task(collect(stream(LocalStore(tmp_path), job).frames(), frames))
        for _ in range(50):
            with (tmp_path / "log.txt").open("ab") as file:
                file.write(b"x\n")
            await asyncio.sleep(0.002)
        looks = len(job.looks)
        job.end()
        await asyncio.wait_for(reader, 10)
        await hub.stop()
        return looks

    assert asyncio.run(scenario()) <= 2


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (b"", 0),
        (b"a", 1),
        ("é".encode(), 2),
        ("é".encode()[:1], 0),
        (b"a" + "€".encode()[:1], 1),
        (b"a" + "€".encode()[:2], 1),
        (b"a" + "😀".encode()[:3], 1),
        ("😀".encode(), 4),
        (b"\x80\x80\x80\x80\x80", 5),
        (b"\xff", 1),
    ],
)
def test_text_is_cut_between_characters(content: bytes, size: int) -> None:
    assert whole_text_size(content) == size
