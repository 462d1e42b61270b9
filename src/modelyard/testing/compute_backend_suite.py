"""What every compute backend promises. Subclass it, give the fixtures `backend` and `place`, and pytest runs it all.

`place` is a folder for task directories that the backend can reach.
"""

from __future__ import annotations

import queue
import time
from pathlib import Path
from typing import Any

from modelyard.domain.task import Resources, TaskObservation, TaskPhase
from modelyard.ports.compute_backend import ComputeBackend, TaskSpec

PATIENCE_SECONDS = 20.0


def task(place: Path, name: str, command: str, **document: Any) -> TaskSpec:
    """A task of one command with nothing around it."""
    body = {
        "version": 1,
        "task_id": name,
        "workspace": "default",
        "job": name,
        "attempt": 1,
        "command": command,
        "env": {},
        "inputs": [],
        "outputs": [],
        "artifacts_dir": str(place / f"{name}-artifacts"),
        "timeout_seconds": None,
        "grace_seconds": 1,
        **document,
    }
    return TaskSpec(task_id=name, directory=str(place / name), document=body)


def settled(backend: ComputeBackend, handle: dict[str, Any], *phases: TaskPhase) -> TaskObservation:
    """Observe until the task is in one of the phases."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        seen = backend.observe(handle)
        if seen.phase in phases:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"the task is {seen.phase} and not {phases}")
        time.sleep(0.01)


class ComputeBackendSuite:
    def test_a_task_runs_to_its_exit_record(self, backend: ComputeBackend, place: Path) -> None:
        seen = settled(backend, backend.launch(task(place, "a", "exit 3")), TaskPhase.EXITED)
        assert seen.exit is not None
        assert seen.exit.exit_code == 3
        assert not seen.exit.succeeded
        assert seen.exit.error is not None

    def test_success_is_exit_code_zero_without_error(self, backend: ComputeBackend, place: Path) -> None:
        seen = settled(backend, backend.launch(task(place, "a", "exit 0")), TaskPhase.EXITED)
        assert seen.exit is not None
        assert seen.exit.succeeded

    def test_an_unknown_directory_is_absent(self, backend: ComputeBackend, place: Path) -> None:
        assert backend.observe(backend.handle(str(place / "none"))).phase is TaskPhase.ABSENT

    def test_a_directory_is_run_once_however_often_it_is_launched(self, backend: ComputeBackend, place: Path) -> None:
        spec = task(place, "a", f"echo x >> {place}/count")
        handles = [backend.launch(spec) for _ in range(3)]
        for handle in handles:
            assert settled(backend, handle, TaskPhase.EXITED).exit is not None
        backend.launch(spec)
        written = place / "count"
        assert not written.exists() or written.read_text() == "x\n"

    def test_a_handle_is_found_again_by_its_directory(self, backend: ComputeBackend, place: Path) -> None:
        spec = task(place, "a", "exit 0")
        settled(backend, backend.launch(spec), TaskPhase.EXITED)
        assert backend.observe(backend.handle(spec.directory)).phase is TaskPhase.EXITED

    def test_the_watcher_hears_the_beginning_and_once_the_end(self, backend: ComputeBackend, place: Path) -> None:
        heard: queue.Queue[TaskPhase] = queue.Queue()
        handle = backend.launch(task(place, "a", "sleep 60"))
        backend.watch(handle, lambda seen: heard.put(seen.phase))
        assert heard.get(timeout=PATIENCE_SECONDS) is TaskPhase.RUNNING
        backend.stop(handle, 1)
        assert heard.get(timeout=PATIENCE_SECONDS) is TaskPhase.EXITED
        assert heard.empty()

    def test_watching_a_task_that_ended_tells_its_end(self, backend: ComputeBackend, place: Path) -> None:
        heard: queue.Queue[TaskPhase] = queue.Queue()
        handle = backend.launch(task(place, "a", "exit 0"))
        settled(backend, handle, TaskPhase.EXITED)
        backend.watch(handle, lambda seen: heard.put(seen.phase))
        while (phase := heard.get(timeout=PATIENCE_SECONDS)) is TaskPhase.RUNNING:
            pass
        assert phase is TaskPhase.EXITED

    def test_stop_ends_a_running_task_as_cancelled(self, backend: ComputeBackend, place: Path) -> None:
        handle = backend.launch(task(place, "a", "sleep 60"))
        settled(backend, handle, TaskPhase.RUNNING)
        backend.stop(handle, 1)
        seen = settled(backend, handle, TaskPhase.EXITED)
        assert seen.exit is not None
        assert seen.exit.cancelled
        backend.stop(handle, 1)

    def test_stop_bars_a_task_that_never_began(self, backend: ComputeBackend, place: Path) -> None:
        (place / "a").mkdir()
        handle = backend.handle(str(place / "a"))
        backend.stop(handle, 1)
        assert backend.observe(handle).phase is TaskPhase.EXITED

    def test_many_tasks_at_once(self, backend: ComputeBackend, place: Path) -> None:
        handles = [backend.launch(task(place, f"t{number}", f"exit {number}")) for number in range(6)]
        for number, handle in enumerate(handles):
            record = settled(backend, handle, TaskPhase.EXITED).exit
            assert record is not None
            assert record.exit_code == number

    def test_it_has_a_capacity(self, backend: ComputeBackend) -> None:
        assert Resources().fits(backend.capacity())
