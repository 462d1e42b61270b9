"""How tasks end against their will: stops, timeouts, kills, full disks. Nothing may be left running."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from .tasks import TaskFolder, alive, until

# A tree that hides: children in sessions of their own, one that ignores SIGTERM, one without the environment.
HIDING = """
echo $$ >> {pids}
setsid bash -c 'echo $$ >> {pids}; trap "" TERM; while true; do sleep 0.05; done' &
env -i setsid bash -c 'echo $$ >> {pids}; sleep 60' &
(setsid bash -c 'echo $$ >> {pids}; sleep 60' &)
until [ $(wc -l < {pids}) = 4 ]; do sleep 0.01; done
echo ready
"""


@pytest.fixture
def task(tmp_path: Path) -> TaskFolder:
    return TaskFolder(tmp_path)


def hiding(tmp_path: Path, then: str) -> tuple[Path, str]:
    pids = tmp_path / "pids"
    return pids, HIDING.format(pids=pids) + then


def stopped_again_and_again(launcher: subprocess.Popen[bytes]) -> int:
    """Signals of one kind merge while they wait to be handled, so a second one is sent until it was seen."""
    deadline = time.monotonic() + 20
    while launcher.poll() is None and time.monotonic() < deadline:
        launcher.send_signal(signal.SIGTERM)
        time.sleep(0.05)
    return launcher.wait(1)


def all_gone(pids: Path) -> bool:
    return not any(alive(int(line)) for line in pids.read_text().split())


def test_stop_ends_the_whole_tree(task: TaskFolder, tmp_path: Path) -> None:
    pids, command = hiding(tmp_path, "sleep 60")
    task.write(command, grace_seconds=0.2)
    launcher = task.start()
    task.await_record("started.json")
    until(lambda: "ready" in task.log)
    launcher.send_signal(signal.SIGTERM)
    assert launcher.wait(20) == 0
    record = task.record("exit.json")
    assert (record["cancelled"], record["error"]) == (True, None)
    assert all_gone(pids)


def test_a_command_that_ends_by_itself_takes_its_background_with_it(task: TaskFolder, tmp_path: Path) -> None:
    pids, command = hiding(tmp_path, "exit 0")
    record = task.run(command, grace_seconds=0.2)
    assert (record["exit_code"], record["cancelled"]) == (0, False)
    assert all_gone(pids)
    assert "background" in task.system_log


def test_stop_gives_the_command_its_grace(task: TaskFolder) -> None:
    task.write("trap 'echo saved; exit 0' TERM; echo ready; while true; do sleep 0.02; done", grace_seconds=10)
    launcher = task.start()
    until(lambda: (task.artifacts / "user_logs" / "std_log.txt").exists() and "ready" in task.log)
    launcher.send_signal(signal.SIGTERM)
    assert launcher.wait(20) == 0
    assert "saved\n" in task.log
    assert task.record("exit.json")["cancelled"]


def test_a_second_stop_does_not_wait(task: TaskFolder) -> None:
    task.write("trap '' TERM; echo ready; while true; do sleep 0.02; done", grace_seconds=60)
    launcher = task.start()
    until(lambda: (task.artifacts / "user_logs" / "std_log.txt").exists() and "ready" in task.log)
    assert stopped_again_and_again(launcher) == 0
    assert task.record("exit.json")["cancelled"]


def test_stop_while_inputs_are_fetched(task: TaskFolder, tmp_path: Path) -> None:
    pipe = tmp_path / "endless"
    os.mkfifo(pipe)
    target = str(task.directory / "inputs" / "slow")
    entry = {"name": "slow", "type": "uri_file", "mode": "download", "source": {"path": str(pipe)}, "target": target}
    task.write("echo never", inputs=[entry])
    launcher = task.start()
    task.await_record("launcher.json")
    until(lambda: (task.artifacts / "system_logs" / "launcher.log").exists())
    assert stopped_again_and_again(launcher) == 0
    assert task.record("exit.json")["cancelled"]


def test_a_timeout_ends_the_tree_and_says_so(task: TaskFolder, tmp_path: Path) -> None:
    pids, command = hiding(tmp_path, "sleep 60")
    record = task.run(command, timeout_seconds=0.5, grace_seconds=0.1)
    assert record["timed_out"]
    assert record["error"]["type"] == "Timeout"
    assert "0.5 s" in record["error"]["message"]
    assert all_gone(pids)


def test_a_killed_launcher_takes_its_processes_with_it(task: TaskFolder, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    command = f"""
echo $$ >> {pids}
setsid bash -c 'echo $$ >> {pids}; trap "" TERM; sleep 60' &
python -c 'import os, time; print(os.getpid(), file=open("{pids}", "a")); time.sleep(60)' &
until [ $(wc -l < {pids}) = 3 ]; do sleep 0.01; done
sleep 60
"""
    task.write(command)
    launcher = task.start()
    until(lambda: pids.exists() and len(pids.read_text().split()) == 3)
    launcher.kill()
    launcher.wait(20)
    until(lambda: all_gone(pids))
    assert not (task.directory / "exit.json").exists()


def test_the_signal_that_ended_a_command_is_named(task: TaskFolder) -> None:
    record = task.run("kill -SEGV $$")
    assert (record["exit_code"], record["signal"]) == (None, signal.SIGSEGV)
    assert "SIGSEGV" in record["error"]["message"]


def test_no_zombies_while_a_command_makes_orphans(task: TaskFolder) -> None:
    task.write("for n in 1 2 3 4 5; do (setsid true &); done; echo ready; sleep 60")
    launcher = task.start()
    until(lambda: (task.artifacts / "user_logs" / "std_log.txt").exists() and "ready" in task.log)

    def zombies() -> str:
        shown = subprocess.run(["ps", "-o", "stat=", "--ppid", str(launcher.pid)], capture_output=True, text=True)
        return "".join(line[0] for line in shown.stdout.split() if line.startswith("Z"))

    until(lambda: zombies() == "")
    launcher.send_signal(signal.SIGTERM)
    launcher.wait(20)


def test_a_file_size_limit_looks_like_a_full_disk_and_the_record_is_written(task: TaskFolder, tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(b"x" * 200_000)
    target = str(task.directory / "inputs" / "big")
    entry = {"name": "big", "type": "uri_file", "mode": "download", "source": {"path": str(big)}, "target": target}
    task.write("echo never", inputs=[entry])

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    assert task.start(preexec=limit).wait(20) == 0
    record = task.record("exit.json")
    assert record["error"]["type"] == "StorageFull"
    assert not list((task.directory / "inputs").glob("*"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    """A file system of 1 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    if os.getuid() != 0 or shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk takes root and mount")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


def test_a_disk_that_fills_up_leaves_a_record(small_disk: Path) -> None:
    task = TaskFolder(small_disk)
    record = task.run("head -c 4000000 /dev/zero > outputs/big.bin")
    assert record["exit_code"] == 1
    assert "disk is full" in record["error"]["hint"]
