"""Warm processes that are killed, refuse, are idle or too many; and tasks that must not share one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modelyard.compute import warm_process
from modelyard.compute.local import LocalBackend
from modelyard.domain.task import TaskObservation, TaskPhase
from tests.unit.runtime.tasks import alive, until

from .warm_tasks import PATIENCE_SECONDS, Workbench

PARENT = "import os; print(os.getpid())"


@pytest.fixture
def backend() -> Iterator[LocalBackend]:
    backend = LocalBackend(warm_idle_seconds=60, warm_processes=2)
    yield backend
    backend.close()


@pytest.fixture
def bench(backend: LocalBackend, tmp_path: Path) -> Workbench:
    return Workbench(backend, tmp_path, imports=["json"])


def only(backend: LocalBackend) -> int:
    (pid,) = backend.warm_pids()
    return pid


def test_tasks_of_one_kind_share_a_process(bench: Workbench) -> None:
    assert bench.run(PARENT).warm
    first = only(bench.backend)
    assert bench.run(PARENT).warm
    assert only(bench.backend) == first


@pytest.mark.parametrize(
    "other",
    [{"workspace": "team"}, {"env": {"OMP_NUM_THREADS": "1"}}],
    ids=["workspace", "variable"],
)
def test_other_kinds_have_another(bench: Workbench, other: dict[str, Any]) -> None:
    bench.run(PARENT)
    assert bench.run(PARENT, **other).warm
    assert len(bench.backend.warm_pids()) == 2


def test_other_imports_have_another(bench: Workbench) -> None:
    bench.run(PARENT)
    bench.imports = ["csv"]
    assert bench.run(PARENT).warm
    assert len(bench.backend.warm_pids()) == 2


def test_variables_that_only_a_script_reads_do_not_matter(bench: Workbench) -> None:
    logs = [bench.run("import os; print(os.environ['RATE'])", env={"RATE": rate}).log for rate in ("1", "2")]
    assert logs == ["1\n", "2\n"]
    assert len(bench.backend.warm_pids()) == 1


def test_of_too_many_the_longest_unused_goes(bench: Workbench) -> None:
    for workspace in ("a", "b", "c"):
        assert bench.run(PARENT, workspace=workspace).warm
    until(lambda: len(bench.backend.warm_pids()) == 2)


def test_a_killed_process_harms_no_task_and_is_replaced(bench: Workbench) -> None:
    spec, done, seen = bench.launch("import time\nprint('in', flush=True)\ntime.sleep(0.5)\nprint('out')")
    handle = bench.backend.handle(spec.directory)
    until(lambda: bench.backend.observe(handle).phase is TaskPhase.RUNNING)
    before = only(bench.backend)
    os.kill(before, signal.SIGKILL)
    assert done.wait(PATIENCE_SECONDS)
    assert bench.seen(spec, seen[-1]).log == "in\nout\n"
    assert bench.run(PARENT).exit.succeeded
    until(lambda: bench.run(PARENT).warm)
    assert only(bench.backend) != before


def test_one_killed_while_it_loads_leaves_its_tasks_to_a_plain_start(backend: LocalBackend, tmp_path: Path) -> None:
    slow = tmp_path / "lib"
    slow.mkdir()
    (slow / "slow_to_load.py").write_text("import time; time.sleep(60)")
    bench = Workbench(backend, tmp_path, imports=["slow_to_load"])
    spec, done, seen = bench.launch(PARENT, env={"PYTHONPATH": str(slow)})
    os.kill(only(backend), signal.SIGKILL)
    assert done.wait(PATIENCE_SECONDS)
    found = bench.seen(spec, seen[-1])
    assert found.exit.succeeded
    assert "not warm: the warm process could not begin" in found.system_log


def test_one_that_does_not_answer_is_given_up(
    backend: LocalBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm_process, "START_SECONDS", 0.2)
    monkeypatch.setattr(warm_process, "LOOK_SECONDS", 0.05)
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "hangs.py").write_text("import time; time.sleep(60)")
    bench = Workbench(backend, tmp_path, imports=["hangs"])
    found = bench.run(PARENT, env={"PYTHONPATH": str(tmp_path / "lib")})
    assert found.exit.succeeded
    assert "not warm: the warm process did not answer" in found.system_log


def test_a_module_that_leaves_threads_is_not_loaded_beforehand(backend: LocalBackend, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "busy.py").write_text(
        "import threading\nthreading.Thread(target=threading.Event().wait, name='busy-thread', daemon=True).start()"
    )
    bench = Workbench(backend, tmp_path, imports=["json", "busy"])
    found = bench.run("import busy; print('done')", env={"PYTHONPATH": str(tmp_path / "lib")})
    assert found.log == "done\n"
    assert found.warm
    assert "not loaded beforehand: busy: threads are alive after the import: busy-thread" in found.system_log


def test_a_process_with_threads_from_its_start_is_not_forked(backend: LocalBackend, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "sitecustomize.py").write_text(
        "import threading\nthreading.Thread(target=threading.Event().wait, name='early', daemon=True).start()"
    )
    bench = Workbench(backend, tmp_path, imports=["json"])
    for _ in range(2):  # the second is not asked again
        found = bench.run(PARENT, env={"PYTHONPATH": str(tmp_path / "lib")})
        assert found.exit.succeeded
        assert "not warm: threads are alive after the import: early" in found.system_log


def test_a_module_that_opens_a_device_is_not_loaded_beforehand(backend: LocalBackend, tmp_path: Path) -> None:
    """A file stands for the device: no test machine needs one, and what counts is that it is open."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "sitecustomize.py").write_text(
        "import sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'modelyard_runtime.fork_server':\n"
        "            from modelyard_runtime import preload\n"
        f"            preload.DEVICES = ('{tmp_path}/nvidia',)\n"
        "sys.meta_path.insert(0, Finder())\n"
    )
    (tmp_path / "lib" / "uses_device.py").write_text(f"handle = open('{tmp_path}/nvidia0', 'w')")
    bench = Workbench(backend, tmp_path, imports=["json", "uses_device"])
    found = bench.run("import uses_device; print('done')", env={"PYTHONPATH": str(tmp_path / "lib")})
    assert found.log == "done\n"
    assert f"uses_device: a device is in use after the import: {tmp_path}/nvidia0" in found.system_log


def test_a_file_with_the_name_of_a_loaded_module_is_found_first(backend: LocalBackend, tmp_path: Path) -> None:
    bench = Workbench(backend, tmp_path, imports=["colorsys"], files={"colorsys.py": "VALUE = 'mine'"})
    found = bench.run("import colorsys; print(colorsys.VALUE)")
    assert found.log == "mine\n"
    assert "not warm: colorsys.py of the code has the name of a module that is loaded" in found.system_log


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("python script.py | cat", "the command has a | for the shell to read"),
        ("echo x", "the command is not of the form 'python script.py ...'"),
        ("python -O script.py", "the command gives Python the option -O"),
        ("python3.1 script.py; true", "the command has a ;"),
        ("python absent.py", "absent.py is no file"),
    ],
)
def test_other_commands_start_as_ever(bench: Workbench, command: str, why: str) -> None:
    found = bench.run(PARENT, command=command)
    assert not found.warm
    assert f"not warm: {why}" in found.system_log


def test_an_idle_process_ends(tmp_path: Path) -> None:
    backend = LocalBackend(warm_idle_seconds=0.1)
    bench = Workbench(backend, tmp_path, imports=["json"])
    bench.run(PARENT)
    until(lambda: not backend.warm_pids())
    assert bench.run(PARENT).exit.succeeded
    backend.close()


def test_processes_end_with_the_server_and_tasks_go_on(tmp_path: Path) -> None:
    backend = LocalBackend()
    bench = Workbench(backend, tmp_path, imports=["json"])
    spec, _, _ = bench.launch("import time\ntime.sleep(0.5)\nprint('out')")
    handle = backend.handle(spec.directory)
    until(lambda: backend.observe(handle).phase is TaskPhase.RUNNING)
    pid = only(backend)
    backend.close()
    assert not alive(pid)
    again = LocalBackend()
    seen: list[TaskObservation] = []
    again.watch(again.handle(spec.directory), seen.append)
    until(lambda: bool(seen) and seen[-1].phase is TaskPhase.EXITED)
    assert seen[-1].exit is not None
    assert seen[-1].exit.succeeded
    again.close()


def test_stop_ends_the_whole_tree_of_a_forked_command(bench: Workbench) -> None:
    spec, done, seen = bench.launch("import os, time\nos.fork()\ntime.sleep(60)")
    handle = bench.backend.handle(spec.directory)
    until(lambda: bench.backend.observe(handle).phase is TaskPhase.RUNNING)
    bench.backend.stop(handle, 0.2)
    assert done.wait(PATIENCE_SECONDS)
    assert seen[-1].exit is not None
    assert seen[-1].exit.cancelled


def test_a_killed_launcher_takes_everything_with_it(bench: Workbench) -> None:
    """Also a grandchild that left the session: it is known by the mark in its environment, which is no exec's."""
    script = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        "        print(os.getpid(), flush=True)\n        time.sleep(60)\n    os._exit(0)\ntime.sleep(60)"
    )
    spec, done, seen = bench.launch(script)
    log = Path(spec.document["artifacts_dir"]) / "user_logs" / "std_log.txt"
    until(lambda: log.exists() and log.read_text().endswith("\n"))
    grandchild = int(log.read_text())
    launcher = (Path(spec.directory) / "launcher.json").read_text()
    os.kill(int(launcher.split(":")[1].split(",")[0]), signal.SIGKILL)
    assert done.wait(PATIENCE_SECONDS)
    assert seen[-1].phase is TaskPhase.LOST
    until(lambda: not alive(grandchild))


def test_a_task_is_stopped_before_its_process_is_there(backend: LocalBackend, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "slow.py").write_text("import time; time.sleep(0.5)")
    bench = Workbench(backend, tmp_path, imports=["slow"])
    spec, done, seen = bench.launch("open('outputs/ran', 'w')", env={"PYTHONPATH": str(tmp_path / "lib")})
    backend.stop(backend.handle(spec.directory), 1)
    assert done.wait(PATIENCE_SECONDS)
    assert seen[-1].exit is not None
    assert seen[-1].exit.cancelled
    assert not (Path(spec.document["artifacts_dir"]) / "outputs" / "ran").exists()


def test_a_module_that_is_worked_on_is_loaded_anew_when_it_changes(backend: LocalBackend, tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    module = tmp_path / "lib" / "worked_on.py"
    module.write_text("VALUE = 'first'")
    bench = Workbench(backend, tmp_path, imports=["worked_on"])
    script, env = "import worked_on; print(worked_on.VALUE)", {"PYTHONPATH": str(tmp_path / "lib")}
    assert bench.run(script, env=env).log == "first\n"
    module.write_text("VALUE = 'second'")
    changed = bench.run(script, env=env)
    assert changed.log == "second\n"
    assert "worked_on.py was changed after it was loaded" in changed.system_log
    until(lambda: bench.run(script, env=env).warm)
    assert bench.run(script, env=env).log == "second\n"


def test_many_at_once(bench: Workbench) -> None:
    began = [bench.launch(f"print({number})") for number in range(8)]
    for number, (spec, done, seen) in enumerate(began):
        assert done.wait(PATIENCE_SECONDS)
        assert bench.seen(spec, seen[-1]).log == f"{number}\n"


def test_a_pool_that_is_switched_off_says_so(tmp_path: Path) -> None:
    backend = LocalBackend(warm_processes=0)
    found = Workbench(backend, tmp_path).run(PARENT)
    assert found.exit.succeeded
    assert "not warm: warm processes are switched off" in found.system_log
    backend.close()


def test_the_script_says_what_is_loaded(backend: LocalBackend, tmp_path: Path) -> None:
    bench = Workbench(backend, tmp_path, files={"part.py": "import unittest.mock"})
    found = bench.run("import sys; print('unittest.mock' in sys.modules)\nimport part")
    assert found.warm
    assert found.log == "True\n"
