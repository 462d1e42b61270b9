"""What an environment runs in: the interpreter that is there, a venv, an engine's image or the host."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from modelyard.domain.errors import InvalidInput, Unavailable
from modelyard.environments.environments import Environments
from modelyard.environments.installed import satisfied
from modelyard.environments.requirements import PythonRequirements


def pip(*lines: str) -> dict[str, Any]:
    return {"image": "x", "conda_file": {"dependencies": [{"pip": list(lines)}]}}


@pytest.mark.parametrize(
    ("requirements", "expected"),
    [
        (PythonRequirements(), True),
        (PythonRequirements(packages=("pydantic>=2", "PyYAML")), True),
        (PythonRequirements(packages=("pydantic<2",)), False),
        (PythonRequirements(packages=("no-such-package-here",)), False),
        (PythonRequirements(packages=('no-such-package-here; sys_platform == "win32"',)), True),
        (PythonRequirements(python="==2.7.*"), False),
        (PythonRequirements(python=">=3.11", packages=("pydantic",)), True),
        (PythonRequirements(packages=("pydantic",), options=("--pre",)), False),
        (PythonRequirements(packages=("pydantic @ https://x.example/p.whl",)), False),
        (PythonRequirements(packages=("httpx[no-such-extra]",)), False),
    ],
)
def test_whether_the_running_interpreter_will_do(requirements: PythonRequirements, expected: bool) -> None:
    assert satisfied(requirements) is expected


def test_nothing_asked_for_is_the_servers_own_interpreter(tmp_path: Path) -> None:
    environments = Environments(tmp_path, search_path="")
    for definition in ({}, pip("pydantic")):
        assert environments.ready(definition)
        assert environments.key(definition) == ""
        assert environments.runtime(definition).bin == Path(sys.executable).parent


def test_a_venv_is_built_once_and_put_in_place_whole(tmp_path: Path) -> None:
    definition = pip("--no-index")
    environments = Environments(tmp_path / "envs", search_path="")
    assert not environments.ready(definition)
    threads = [threading.Thread(target=environments.build, args=(definition,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert environments.ready(definition)
    runtime = environments.runtime(definition)
    shown = subprocess.run([runtime.python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True)
    assert shown.stdout.strip() == str(tmp_path / "envs" / environments.key(definition))
    assert environments.log(definition).read_text().count("uv venv") == 1


def test_a_build_that_fails_says_why_and_leaves_only_its_log(tmp_path: Path) -> None:
    definition = pip("--no-index", "no-such-package-here==1")
    environments = Environments(tmp_path / "envs", search_path="")
    with pytest.raises(InvalidInput, match="no-such-package-here"):
        environments.build(definition)
    assert not environments.ready(definition)
    assert {path.suffix for path in (tmp_path / "envs").iterdir()} == {".log", ".lock"}


def engine(folder: Path, script: str) -> str:
    """A stand-in for docker on a search path of its own."""
    folder.mkdir(exist_ok=True)
    tool = folder / "docker"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    return str(folder)


def test_an_image_runs_in_an_engine_that_answers(tmp_path: Path) -> None:
    environments = Environments(tmp_path, search_path=engine(tmp_path / "bin", "exit 0"))
    runtime = environments.runtime({"image": "ubuntu"})
    assert (runtime.image, runtime.engine, runtime.bin) == ("ubuntu", str(tmp_path / "bin" / "docker"), None)


def test_a_client_without_its_daemon_is_no_engine(tmp_path: Path) -> None:
    environments = Environments(tmp_path, search_path=engine(tmp_path / "bin", "exit 1"))
    runtime = environments.runtime({"image": "ubuntu"})
    assert runtime.image is None
    assert "no container engine" in runtime.notes[0]


def test_requirements_are_met_on_the_host_though_there_is_an_image(tmp_path: Path) -> None:
    environments = Environments(tmp_path, search_path=engine(tmp_path / "bin", "exit 0"))
    runtime = environments.runtime(pip("pydantic"))
    assert runtime.image is None
    assert "not used" in runtime.notes[0]


def test_a_build_context_becomes_an_image(tmp_path: Path) -> None:
    marker = tmp_path / "built"
    script = f'case "$1" in image) test -e {marker};; build) echo "$@"; touch {marker};; esac'
    environments = Environments(tmp_path / "envs", search_path=engine(tmp_path / "bin", script))
    definition = {"build": {"path": "azureml://datastores/x/paths/y", "dockerfile_path": "Dockerfile.gpu"}}
    assert not environments.ready(definition)
    environments.build(definition, tmp_path)
    assert environments.ready(definition)
    assert f"{tmp_path}/Dockerfile.gpu" in environments.log(definition).read_text()
    assert environments.runtime(definition).image == f"modelyard-env:{environments.key(definition)}"


def test_a_build_context_that_fails_has_the_engines_words(tmp_path: Path) -> None:
    script = 'case "$1" in image) exit 1;; build) echo "no such base image"; exit 2;; esac'
    environments = Environments(tmp_path / "envs", search_path=engine(tmp_path / "bin", script))
    with pytest.raises(Unavailable, match="no such base image"):
        environments.build({"build": {"path": "x"}}, tmp_path)
