"""Calls in processes of their own: answered, ended on time and memory, replaced, and gone with their parent."""

from __future__ import annotations

import math
import operator
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.automl.search.workers import Finished, Workers, WorkersLost
from modelyard.kit.process import process_start


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    with Workers(2, memory_bytes=200 << 20, folder=tmp_path, preload=()) as made:
        yield made


def _all(workers: Workers, count: int) -> dict[int, Finished]:
    found: dict[int, Finished] = {}
    end = time.monotonic() + 30
    while len(found) < count and time.monotonic() < end:
        found.update((one.number, one) for one in workers.wait(5))
    return found


def test_calls_are_answered_and_wait_for_a_free_worker(workers: Workers) -> None:
    numbers = [workers.submit(operator.mul, value, value) for value in range(20)]
    found = _all(workers, 20)
    assert [found[number].value for number in numbers] == [value * value for value in range(20)]
    assert workers.idle == 2


def test_a_call_that_raises_costs_only_itself(workers: Workers) -> None:
    bad = workers.submit(math.sqrt, -1.0)
    good = workers.submit(math.sqrt, 4.0)
    found = _all(workers, 2)
    failure = found[bad].failure
    assert failure is not None
    assert (failure.reason, failure.type) == ("error", "ValueError")
    assert found[good].value == 2.0


def test_a_call_is_ended_when_its_time_is_over(workers: Workers) -> None:
    workers.submit(time.sleep, 60, seconds=0.05)
    (found,) = _all(workers, 1).values()
    assert found.failure is not None
    assert found.failure.reason == "time"
    assert found.seconds < 10
    after = workers.submit(operator.add, 1, 1)
    assert _all(workers, 1)[after].value == 2


def test_a_call_that_takes_too_much_memory_is_ended(workers: Workers) -> None:
    workers.submit(_hold, 600 << 20, seconds=20.0)
    (found,) = _all(workers, 1).values()
    assert found.failure is not None
    assert found.failure.reason == "memory"


def test_a_worker_that_dies_is_replaced_and_the_reason_told(workers: Workers) -> None:
    workers.submit(os._exit, 3)
    (found,) = _all(workers, 1).values()
    assert found.failure is not None
    assert "code 3" in found.failure.message
    killed = workers.submit(os.kill, 0, 0)
    assert _all(workers, 1)[killed].failure is None


def test_a_cancelled_call_is_forgotten_and_its_worker_free_again(workers: Workers) -> None:
    running = workers.submit(time.sleep, 60)
    queued = [workers.submit(time.sleep, 60) for _ in range(2)]
    workers.wait(0.05)
    for number in (running, *queued):
        workers.cancel(number)
    after = workers.submit(operator.add, 2, 2)
    assert _all(workers, 1)[after].value == 4


def test_no_worker_means_an_error_and_not_a_wait(tmp_path: Path) -> None:
    with Workers(1, folder=tmp_path, preload=()) as workers:
        workers._process.kill()
        workers.submit(operator.add, 1, 1)
        with pytest.raises(WorkersLost):
            _all(workers, 1)


def test_a_script_needs_no_guard_and_leaves_no_process(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(_SCRIPT)
    output = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=True)
    pid = int(output.stdout.split()[1])
    assert output.stdout.startswith("42 ")
    assert _gone(pid)


def test_workers_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(_SCRIPT + "workers.submit(time.sleep, 600)\nwhile True: workers.wait(600)\n")
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline().split()[1])
        assert process_start(pid) is not None
        parent.send_signal(signal.SIGKILL)
    assert _gone(pid)


_SCRIPT = """
import operator, os, time
from modelyard.automl.search.workers import Workers
workers = Workers(1, preload=())
workers.submit(operator.mul, 6, 7)
value = workers.wait(30)[0].value
workers.submit(os.getpid)
print(value, workers.wait(30)[0].value, flush=True)
"""


def _hold(size: int) -> None:
    held = bytearray(size)
    held[::4096] = b"1" * len(held[::4096])
    time.sleep(10)


def _gone(pid: int) -> bool:
    end = time.monotonic() + 10
    while process_start(pid) is not None and time.monotonic() < end:
        time.sleep(0.01)
    return process_start(pid) is None
