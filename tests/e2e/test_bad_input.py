"""What is refused, by the CLI: exit code 1 or 2, naming the field, the reason and the mend."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from .installation import MODELYARD, Installation

JOB = 'command: echo hi\nenvironment: {image: "python"}\n'


@dataclass(frozen=True)
class Refusal:
    """A command line, the file it reads (as `FILE`), and texts that its message must hold."""

    arguments: tuple[str, ...]
    file: str
    texts: tuple[str, ...]


CREATE = ("job", "create", "-f", "FILE")
TABLE = {
    "unknown key": Refusal(CREATE, f"{JOB}comand: x\n", ("file.yml:3", "comand", "command")),
    "wrong type": Refusal(CREATE, f"{JOB}limits: {{timeout: soon}}\n", ("file.yml:3", "limits.timeout")),
    "not YAML": Refusal(CREATE, "command: [\n", ("file.yml:",)),
    "undeclared input": Refusal(
        CREATE, 'command: "echo ${{inputs.x}}"\nenvironment: {image: "python"}\n', ("inputs.x",)
    ),
    "unknown compute": Refusal(
        CREATE, f"{JOB}compute: azureml:gpu-cluster\n", ("gpu-cluster", "local", "compute create")
    ),
    "missing data": Refusal(CREATE, f"{JOB}inputs: {{x: {{path: 'azureml:nothing:1'}}}}\n", ("nothing",)),
    "missing local file": Refusal(CREATE, f"{JOB}inputs: {{x: {{type: uri_file, path: none.csv}}}}\n", ("none.csv",)),
    "missing code": Refusal(CREATE, f"{JOB}code: no-such-folder\n", ("no-such-folder",)),
    "too much asked": Refusal(CREATE, f"{JOB}resources: {{properties: {{cpus: 100000}}}}\n", ("100000",)),
    "bad override": Refusal((*CREATE, "--set", "command.x=1"), JOB, ("command.x",)),
    "bad name": Refusal((*CREATE, "--name", "../escape"), JOB, ("name",)),
    "unknown job": Refusal(("job", "show", "-n", "no-such-job"), "", ("no-such-job",)),
    "unknown model": Refusal(("model", "show", "-n", "no-such", "-v", "1"), "", ("no-such",)),
    "unknown command": Refusal(("jbo", "list"), "", ("job",)),
    "unknown flag": Refusal(("job", "list", "--pagesize", "3"), "", ("--pagesize",)),
    "missing file": Refusal(("job", "create", "-f", "none.yml"), "", ("none.yml",)),
    "unknown workspace": Refusal(("job", "list", "-w", "nowhere"), "", ("nowhere", "default")),
    "bad traffic": Refusal(("online-endpoint", "update", "-n", "none", "--traffic", "blue=101"), "", ("none",)),
    "bad query": Refusal(("workspace", "list", "--query", "[?"), "", ("--query",)),
}


@pytest.mark.parametrize("name", TABLE)
def test_refused(platform: Installation, tmp_path: Path, name: str) -> None:
    refusal = TABLE[name]
    (tmp_path / "file.yml").write_text(refusal.file)
    arguments = [str(tmp_path / "file.yml") if word == "FILE" else word for word in refusal.arguments]
    done = platform.run([MODELYARD, *arguments], cwd=tmp_path)
    assert done.returncode in {1, 2}, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout.strip()
    for text in refusal.texts:
        assert text in done.stderr, done.stderr


def test_unresolvable_requirement_fails_the_job_with_the_resolver_s_reason(
    platform: Installation, tmp_path: Path
) -> None:
    (tmp_path / "job.yml").write_text(
        "command: python -c pass\n"
        "environment:\n"
        "  image: python\n"
        "  conda_file: {dependencies: [pip, {pip: ['no-such-package-of-modelyard>=1']}]}\n"
    )
    done = platform.run([MODELYARD, "job", "create", "-f", "job.yml", "--stream"], cwd=tmp_path)
    assert done.returncode in {1, 2}
    assert "no-such-package-of-modelyard" in done.stderr


def test_no_server_says_how_to_start_one(platform: Installation, tmp_path: Path) -> None:
    elsewhere = Installation(tmp_path / "nowhere", platform.port, platform.gateway_port, {})
    done = elsewhere.run([MODELYARD, "job", "list"])
    assert done.returncode == 1
    assert "modelyard up" in done.stderr
