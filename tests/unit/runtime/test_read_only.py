"""What a command may do to inputs that are the stored files themselves."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from modelyard.runtime.lean import prctl
from modelyard.runtime.processes import PR_CAPBSET_DROP

from .tasks import TaskFolder

CAP_SYS_ADMIN = 21
mounts = pytest.mark.skipif(
    subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0,
    reason="this user may make no mount namespace",
)


@pytest.fixture
def task(tmp_path: Path) -> TaskFolder:
    return TaskFolder(tmp_path)


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A folder of a datastore, with a file that its owner may write to."""
    folder = tmp_path / "stored"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "rows.csv").write_text("a\n")
    return folder


def give_up_mounts() -> None:
    prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN)


def an_input(path: Path, mode: str = "ro_mount", name: str = "rows") -> dict[str, Any]:
    return {"name": name, "type": "uri_folder", "mode": mode, "source": {"path": str(path)}, "target": str(path)}


@mounts
def test_a_mounted_folder_can_be_read_and_nothing_else(task: TaskFolder, stored: Path) -> None:
    command = (
        f"cat {stored}/deep/rows.csv; echo b >> {stored}/deep/rows.csv || echo no; touch {stored}/new || echo no; "
        f"rm {stored}/deep/rows.csv || echo no; echo own > outputs/own"
    )
    assert task.run(command, inputs=[an_input(stored)])["exit_code"] == 0
    assert [line for line in task.log.splitlines() if len(line) < 3] == ["a", "no", "no", "no"]
    assert "Read-only file system" in task.log
    assert (stored / "deep" / "rows.csv").read_text() == "a\n"
    assert (task.artifacts / "outputs" / "own").read_text() == "own\n"
    (stored / "after").touch()


@mounts
def test_a_mounted_file(task: TaskFolder, stored: Path) -> None:
    file = stored / "deep" / "rows.csv"
    task.run(f"echo b > {file} || echo no", inputs=[an_input(file)])
    assert task.log.endswith("no\n")


def test_one_that_is_mounted_to_write_can_be_written_to(task: TaskFolder, stored: Path) -> None:
    task.run(f"touch {stored}/new", inputs=[an_input(stored, "rw_mount")])
    assert (stored / "new").exists()


def test_one_that_holds_an_output_stays_as_it_is_and_the_log_says_so(task: TaskFolder, stored: Path) -> None:
    out = {"name": "out", "type": "uri_folder", "mode": "rw_mount", "path": str(stored / "out")}
    record = task.run(f"touch {stored}/out/new", inputs=[an_input(stored)], outputs=[out])
    assert record["exit_code"] == 0
    assert "input 'rows' can be written to: an output of the job lies in the same place" in task.system_log


def test_where_there_are_no_mounts_the_log_says_so(task: TaskFolder, stored: Path) -> None:
    task.write(f"cat {stored}/deep/rows.csv", inputs=[an_input(stored)])
    assert task.start(preexec=give_up_mounts).wait(20) == 0
    assert task.record("exit.json")["exit_code"] == 0
    assert "what the inputs 'rows' hold can be written to" in task.system_log


def test_nothing_is_said_of_what_nobody_could_write_to(task: TaskFolder, stored: Path) -> None:
    task.run("true", inputs=[an_input(stored, "download"), an_input(Path("/proc/version"), name="version")])
    assert "can be written to" not in task.system_log
