"""The launcher end to end: what a command finds around it, and what it leaves behind."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from .tasks import TaskFolder


@pytest.fixture
def task(tmp_path: Path) -> TaskFolder:
    return TaskFolder(tmp_path)


def test_a_command_of_several_lines_ends_with_the_code_of_its_last(task: TaskFolder) -> None:
    record = task.run("false\necho one\necho two >&2\nexit 7")
    assert record["exit_code"] == 7
    assert task.log == "one\ntwo\n"
    assert record["started_at"] <= record["ended_at"]
    assert record["error"]["type"] == "CommandFailed"
    assert "two" in record["error"]["message"]


def test_success_has_no_error(task: TaskFolder) -> None:
    record = task.run("true")
    assert (record["exit_code"], record["error"], record["timed_out"], record["cancelled"]) == (0, None, False, False)


def test_standard_output_and_error_keep_their_order_without_buffers(task: TaskFolder) -> None:
    task.run('python -c "import sys\nfor n in range(4): print(n, file=[sys.stdout, sys.stderr][n % 2])"')
    assert task.log == "0\n1\n2\n3\n"


def test_code_is_copied_and_writable(task: TaskFolder, tmp_path: Path) -> None:
    code = tmp_path / "code"
    (code / "pkg").mkdir(parents=True)
    (code / "main.sh").write_text("echo from code; echo changed > pkg/data.txt")
    (code / "pkg" / "data.txt").write_text("original")
    (code / "pkg" / "data.txt").chmod(0o444)
    assert task.run("bash main.sh && cat pkg/data.txt", code={"path": str(code), "mode": "copy"})["exit_code"] == 0
    assert task.log == "from code\nchanged\n"
    assert (code / "pkg" / "data.txt").read_text() == "original"


def test_outputs_and_logs_are_the_runs_own(task: TaskFolder) -> None:
    task.run("echo model > outputs/model.txt; mkdir logs/deep; echo line > logs/deep/a.log; exit 1")
    assert (task.artifacts / "outputs" / "model.txt").read_text() == "model\n"
    assert (task.artifacts / "logs" / "deep" / "a.log").read_text() == "line\n"


def test_inputs_by_mode(task: TaskFolder, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.csv").write_text("1,2\n")
    inputs = [
        {"name": "whole", "type": "uri_folder", "mode": "ro_mount", "source": {"path": str(data)}, "target": str(data)},
        {
            "name": "linked",
            "type": "uri_folder",
            "mode": "ro_mount",
            "source": {"path": str(data)},
            "target": str(task.directory / "inputs" / "linked"),
        },
        {
            "name": "copied",
            "type": "uri_file",
            "mode": "download",
            "source": {"path": str(data / "a.csv")},
            "target": str(task.directory / "inputs" / "copied" / "a.csv"),
        },
    ]
    command = f"cat {data}/a.csv ../inputs/linked/a.csv ../inputs/copied/a.csv; echo x >> ../inputs/copied/a.csv"
    assert task.run(command, inputs=inputs)["exit_code"] == 0
    assert task.log == "1,2\n" * 3
    assert (data / "a.csv").read_text() == "1,2\n"


def test_a_missing_input_is_named(task: TaskFolder, tmp_path: Path) -> None:
    missing = str(tmp_path / "none")
    entry = {"name": "data", "type": "uri_folder", "mode": "ro_mount", "source": {"path": missing}, "target": missing}
    record = task.run("echo never", inputs=[entry])
    assert record["error"]["type"] == "InputNotFound"
    assert "'data'" in record["error"]["message"]
    assert record["exit_code"] is None
    assert not (task.artifacts / "user_logs" / "std_log.txt").exists()


def test_outputs_by_mode(task: TaskFolder, tmp_path: Path) -> None:
    store = tmp_path / "store"
    outputs = [
        {"name": "folder", "type": "uri_folder", "mode": "rw_mount", "path": str(store / "folder")},
        {"name": "file", "type": "uri_file", "mode": "rw_mount", "path": str(store / "deep" / "file.txt")},
        {
            "name": "later",
            "type": "uri_folder",
            "mode": "upload",
            "path": str(task.directory / "outputs" / "later"),
            "destination": str(store / "later"),
        },
    ]
    command = (
        f"ls -A {store}/folder; echo a > {store}/folder/a; echo b > {store}/deep/file.txt; echo c > ../outputs/later/c"
    )
    assert task.run(command, outputs=outputs)["exit_code"] == 0
    assert task.log == ""
    assert (store / "folder" / "a").read_text() == "a\n"
    assert (store / "deep" / "file.txt").read_text() == "b\n"
    assert (store / "later" / "c").read_text() == "c\n"


def test_a_retry_empties_an_output_that_is_its_own(task: TaskFolder, tmp_path: Path) -> None:
    place = tmp_path / "out"
    place.mkdir()
    (place / "half").write_text("left by the first attempt")
    entry = {"name": "out", "type": "uri_folder", "mode": "rw_mount", "path": str(place), "fresh": True}
    task.run(f"ls -A {place}", outputs=[entry])
    assert task.log == ""


def test_the_environment_is_what_was_asked_for(task: TaskFolder) -> None:
    task.run("echo $GREETING $MODELYARD_TASK_ID $PYTHONUNBUFFERED", env={"GREETING": "hi", "PATH": os.environ["PATH"]})
    greeting, task_id, unbuffered = task.log.split()
    assert (greeting, unbuffered) == ("hi", "1")
    assert task_id == task.record("task.json")["task_id"]


def test_the_environments_interpreter_comes_first(task: TaskFolder, tmp_path: Path) -> None:
    tool = tmp_path / "bin" / "python"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho the right one\n")
    tool.chmod(0o755)
    task.run("python", interpreter_bin=str(tool.parent))
    assert task.log == "the right one\n"


def test_a_command_longer_than_an_argument_may_be(task: TaskFolder) -> None:
    assert task.run("echo start\n" + "# filler\n" * 30_000 + "echo end")["exit_code"] == 0
    assert task.log == "start\nend\n"


def test_a_second_launcher_leaves_the_task_alone(task: TaskFolder) -> None:
    task.run("echo once")
    assert task.start().wait(20) == 3
    assert task.log == "once\n"


def test_a_second_attempt_appends_to_the_log_and_reads_only_its_own_end(task: TaskFolder) -> None:
    task.run("echo 'Traceback (most recent call last):'; echo 'ValueError: of the first attempt'; exit 1")
    again = TaskFolder(task.root / "second")
    again.root.mkdir()
    record = again.run("echo second; exit 2", artifacts_dir=str(task.artifacts))
    assert task.log.endswith("second\n")
    assert record["error"]["type"] == "CommandFailed"


def test_a_damaged_description_is_a_recorded_failure(task: TaskFolder) -> None:
    task.directory.mkdir()
    (task.directory / "task.json").write_text("{")
    assert task.start().wait(20) == 0
    assert task.record("exit.json")["error"]["type"] == "TaskUnreadable"


@pytest.mark.parametrize(
    ("distribution", "script", "expected"),
    [
        ({"type": "pytorch", "nodes": 2}, "$RANK/$WORLD_SIZE $NODE_RANK $LOCAL_RANK", ["0/4 0 0", "3/4 1 1"]),
        ({"type": "mpi"}, "$OMPI_COMM_WORLD_RANK/$OMPI_COMM_WORLD_SIZE", ["0/4", "3/4"]),
    ],
)
def test_ranks_of_a_distribution(
    task: TaskFolder, distribution: dict[str, object], script: str, expected: list[str]
) -> None:
    assert task.run(f'echo "{script}"', processes=4, distribution=distribution)["exit_code"] == 0
    logs = task.artifacts / "user_logs"
    assert [task.log.strip(), (logs / "std_log_process_3.txt").read_text().strip()] == expected


def test_tensorflow_ranks_know_the_cluster(task: TaskFolder) -> None:
    task.run('echo "$TF_CONFIG"', processes=3, distribution={"type": "tensorflow", "parameter_server_count": 1})
    last = json.loads((task.artifacts / "user_logs" / "std_log_process_2.txt").read_text())
    assert last["task"] == {"type": "ps", "index": 0}
    assert [len(last["cluster"]["worker"]), len(last["cluster"]["ps"])] == [2, 1]


def test_one_rank_that_fails_ends_the_others(task: TaskFolder) -> None:
    record = task.run('[ "$RANK" = 1 ] && exit 5; sleep 60', processes=2, distribution={"type": "pytorch"})
    assert record["exit_code"] == 5


def test_a_container_command_is_the_engines(task: TaskFolder, tmp_path: Path) -> None:
    engine = tmp_path / "docker"
    engine.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\necho "value=$GREETING"\n')
    engine.chmod(0o755)
    container = {"engine": str(engine), "image": "python:3.12", "args": ["--gpus", "1"]}
    task.run("echo inside", container=container, env={"GREETING": "hi", "PATH": os.environ["PATH"]})
    said = task.log.splitlines()
    assert said[:3] == ["run", "--rm", "--init"]
    assert said[-4:] == ["python:3.12", "-c", "echo inside", "value=hi"]
    assert f"{task.directory}:{task.directory}" in said
    assert said[said.index("--workdir") + 1] == f"{task.directory}/wd"
    assert "GREETING" in said
    assert "PATH" not in said


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere root may write into every file")
def test_a_command_cannot_write_into_a_read_only_input(task: TaskFolder, tmp_path: Path) -> None:
    blob = tmp_path / "blob"
    blob.write_text("shared by many\n")
    blob.chmod(0o444)
    assert task.run(f"echo mine >> {blob}")["exit_code"] == 1
    assert blob.read_text() == "shared by many\n"
