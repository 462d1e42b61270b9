import io
import json
from collections.abc import Iterator

import httpx
import pytest

from modelyard.client.sse import ServerEvent, parse_events
from modelyard.client.streaming import JobFailed, JobStream

from .wire import scope_over


def test_events_are_parsed_and_heartbeats_dropped() -> None:
    lines = [": hello", "", "id: 3", "event: log", 'data: {"a":', "data: 1}", "", "data:plain", "", "data: unfinished"]
    assert list(parse_events(lines)) == [ServerEvent("log", '{"a":\n1}', "3"), ServerEvent("message", "plain", "3")]


class BrokenStream(httpx.SyncByteStream):
    """Sends a piece and dies."""

    def __init__(self, *pieces: bytes, dies: bool) -> None:
        self.pieces, self.dies = pieces, dies

    def __iter__(self) -> Iterator[bytes]:
        yield from self.pieces
        if self.dies:
            raise httpx.ReadError("reset")


class FakeJob:
    """A job that goes through `statuses`, one a look; its log stream dies after every `piece` bytes."""

    def __init__(self, statuses: list[str], log: bytes, piece: int, error: dict[str, str] | None = None) -> None:
        self.statuses, self.log, self.piece, self.error = statuses, log, piece, error
        self.offsets: list[int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if "/logs/" not in request.url.path:
            status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
            return httpx.Response(200, json={"name": "j", "status": status, "error": self.error})
        offset = int(request.url.params["offset"])
        self.offsets.append(offset)
        if "follow" not in request.url.params:
            return httpx.Response(200, content=self.log[offset:])
        piece = self.log[offset : offset + self.piece]
        end = offset + len(piece)
        data = json.dumps({"text": piece.decode()})
        event = f"id: {end}\nevent: log\ndata: {data}\n\n".encode() if piece else b""
        return httpx.Response(200, stream=BrokenStream(event, dies=True))


def streamed(job: FakeJob) -> str:
    sink = io.StringIO()
    JobStream(scope_over(job), "j", sink, sleep=lambda _: None).run()
    return sink.getvalue()


def test_no_byte_is_lost_or_repeated_when_the_stream_breaks() -> None:
    log = "".join(f"line {number}\n" for number in range(20)).encode()
    job = FakeJob(["Queued", "Starting", *["Running"] * 9, "Completed"], log, piece=10)
    assert streamed(job) == log.decode()
    assert job.offsets[:3] == [0, 10, 20]


def test_a_job_that_ended_before_shows_its_whole_log() -> None:
    assert streamed(FakeJob(["Completed"], b"all\n", 1)) == "all\n"


def test_a_failed_job_raises_its_last_exception() -> None:
    error = {"type": "ValueError", "message": "bad", "where": "train.py:7", "hint": "look"}
    with pytest.raises(JobFailed, match=r"ValueError: bad \(train.py:7\)") as caught:
        streamed(FakeJob(["Failed"], b"", 1, error))
    assert caught.value.mend == "look"


def test_statuses_are_told_in_their_order() -> None:
    job = FakeJob(["Queued", "Queued", "Preparing", "Canceled"], b"", 1)
    stream = JobStream(scope_over(job), "j", io.StringIO(), sleep=lambda _: None)
    assert [getattr(item, "status", None) for item in stream.follow()] == ["Queued", "Preparing", "Canceled"]
