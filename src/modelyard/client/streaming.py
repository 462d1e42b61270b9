"""A job as it happens: its log from the first byte to the last, and its statuses."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from modelyard.client.resources.paths import in_workspace, quoted_path
from modelyard.client.scope import Scope
from modelyard.client.sse import ServerEvent, parse_events
from modelyard.client.wire_errors import rebuild
from modelyard.domain.errors import ModelyardError, NotFound, Unavailable
from modelyard.domain.statuses import JobStatus

STD_LOG = "user_logs/std_log.txt"
_BEFORE_RUNNING = frozenset({"NotStarted", "Queued", "Preparing", "Starting"})
_PAUSES_SECONDS = (0.05, 0.1, 0.2, 0.3, 0.5)
_STREAM_TIMEOUT = httpx.Timeout(60.0, connect=5.0)


class TextSink(Protocol):
    def write(self, text: str, /) -> Any: ...

    def flush(self) -> Any: ...


class JobFailed(ModelyardError):
    """The job ended Failed: the message is its last exception."""

    status = 424
    code = "job_failed"


@dataclass(frozen=True)
class StatusChange:
    status: str
    job: Mapping[str, Any]


@dataclass(frozen=True)
class LogText:
    text: str


class JobStream:
    """Follows one job of a workspace. Reading may break off and goes on from the byte that was read last."""

    def __init__(self, scope: Scope, name: str, sink: TextSink, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._scope = scope
        self._name = name
        self._sink = sink
        self._sleep = sleep
        self._offset = 0

    def run(self) -> dict[str, Any]:
        """Print until the job has ended and answer it; a failed one raises JobFailed."""
        job: Mapping[str, Any] = {}
        for item in self.follow():
            if isinstance(item, LogText):
                self._sink.write(item.text)
            else:
                job = item.job
            self._sink.flush()
        error = failure(job)
        if error is not None:
            raise error
        return dict(job)

    def text(self) -> str:
        """The log so far; empty when there is none yet."""
        return "".join(item.text for item in self._rest())

    def follow(self) -> Iterator[StatusChange | LogText]:
        """Status changes and pieces of the log in their order. The last item is the final status."""
        seen = ""
        quiet = 0
        while True:
            job = self._scope.jobs.get(self._name)
            status = str(job["status"])
            if JobStatus(status).terminal:
                yield from self._rest()
                yield StatusChange(status, job)
                return
            if status != seen:
                seen, quiet = status, 0
                yield StatusChange(status, job)
            if status in _BEFORE_RUNNING:
                self._sleep(_PAUSES_SECONDS[min(quiet, len(_PAUSES_SECONDS) - 1)])
                quiet += 1
            else:
                yield from self._live()

    def _live(self) -> Iterator[LogText]:
        """What the job writes until it ends, the server goes away, or the log is not there yet."""
        try:
            yield from self._read(follow=True)
        except NotFound:
            self._sleep(_PAUSES_SECONDS[1])
        except (httpx.TransportError, Unavailable):
            self._sleep(_PAUSES_SECONDS[-1])

    def _rest(self) -> Iterator[LogText]:
        for _ in _PAUSES_SECONDS:
            try:
                yield from self._read(follow=False)
                return
            except NotFound:
                return
            except httpx.TransportError:
                self._sleep(_PAUSES_SECONDS[-1])

    def _read(self, *, follow: bool) -> Iterator[LogText]:
        path = f"{in_workspace(self._scope.workspace, 'jobs', self._name, 'logs')}/{quoted_path(STD_LOG)}"
        params = {"offset": self._offset, "follow": "true" if follow else None}
        with self._scope.transport.stream(path, params=params, timeout=_STREAM_TIMEOUT) as response:
            if not follow:
                yield from self._plain(response)
                return
            for event in parse_events(response.iter_lines()):
                if event.event == "end":
                    return
                yield from self._piece(event)

    def _plain(self, response: httpx.Response) -> Iterator[LogText]:
        content = response.read()
        self._offset += len(content)
        if content:
            yield LogText(content.decode("utf-8", errors="replace"))

    def _piece(self, event: ServerEvent) -> Iterator[LogText]:
        if event.event != "log":
            return
        body = json.loads(event.data)
        self._offset = int(event.id) if event.id is not None else self._offset + len(body["text"].encode())
        yield LogText(body["text"])


def failure(job: Mapping[str, Any]) -> JobFailed | None:
    """What a failed job died of: exception, place and hint; None for any other status."""
    if job.get("status") != JobStatus.FAILED:
        return None
    error = job.get("error") or {}
    kind = f"{error['type']}: " if error.get("type") else ""
    where = f" ({error['where']})" if error.get("where") else ""
    message = f"{kind}{error.get('message') or 'no reason was recorded'}{where}"
    found = rebuild(JobFailed, message=message, mend=error.get("hint"))
    assert isinstance(found, JobFailed)
    return found
