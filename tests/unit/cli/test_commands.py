"""Commands against the real server, as a script runs them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .shell import Shell


def test_data_from_file_to_download(run: Shell, write: Callable[[str, str], str], tmp_path: Path) -> None:
    write("rows.csv", "a,b\n1,2\n")
    file = write("data.yml", "name: rows\ntype: uri_file\npath: ./rows.csv\ntags: {source: me}\n")
    assert run("data", "create", "-f", file, "--query", "version", "-o", "tsv") == "1"
    assert run("data", "create", "-f", file, "--set", "tags.round=2", "--query", "tags.round", "-o", "tsv") == "2"
    assert run("data", "show", "-n", "rows", "--label", "latest", "--query", "version", "-o", "tsv") == "2"
    assert run("data", "update", "-n", "rows", "-v", "1", "--set", "tags.owner=a", "--query", "tags") == (
        '{\n  "source": "me",\n  "owner": "a"\n}'
    )
    run("data", "archive", "-n", "rows", "-v", "1")
    assert run("data", "list", "-n", "rows", "--query", "[].version", "-o", "tsv") == "2"
    assert run("data", "list", "-n", "rows", "--include-archived", "--query", "[].version", "-o", "tsv") == "2\n1"
    run("data", "restore", "-n", "rows", "-v", "1")
    run("data", "download", "-n", "rows", "-v", "1", "-p", str(tmp_path / "back"))
    assert (tmp_path / "back" / "rows" / "rows.csv").read_text() == "a,b\n1,2\n"


def test_data_from_flags(run: Shell, write: Callable[[str, str], str]) -> None:
    path = write("one.csv", "x\n")
    made = run.json("data", "create", "-n", "flags", "-t", "uri_file", "-p", path, "-d", "by flags")
    assert (made["type"], made["description"]) == ("uri_file", "by flags")
    assert made["path"].endswith("/one.csv")


def test_tags_by_flags_beside_those_of_the_file(run: Shell, write: Callable[[str, str], str]) -> None:
    path = write("one.csv", "x\n")
    made = run.json("data", "create", "-n", "tagged", "-t", "uri_file", "-p", path, "--tags", "a=1", "team.b=x y")
    assert made["tags"] == {"a": "1", "team.b": "x y"}
    file = write("data.yml", "name: tagged\ntype: uri_file\npath: ./one.csv\ntags: {a: old, kept: me}\n")
    assert run.json("data", "create", "-f", file, "--tags", "a=new")["tags"] == {"a": "new", "kept": "me"}
    run("data", "create", "-f", file, "--tags", "a", code=2)
    assert "where: --tags" in run.err


@pytest.mark.parametrize("noun", ["data", "model", "environment"])
def test_a_problem_of_a_flag_is_told_by_the_flag(run: Shell, write: Callable[[str, str], str], noun: str) -> None:
    kind = {"data": "type: uri_file\npath: ./one.csv\n", "model": "path: ./one.csv\n", "environment": "image: i\n"}
    write("one.csv", "x\n")
    run(noun, "create", "-f", write("it.yml", kind[noun]), "-n", "not/a name", code=2)
    assert "where: --name" in run.err
    assert "--set" not in run.err


def test_a_wrong_file_is_said_with_its_lines(run: Shell, write: Callable[[str, str], str]) -> None:
    file = write("data.yml", "name: x\ntyp: uri_file\npath: ./nope.csv\n")
    run("data", "create", "-f", file, code=2)
    assert "data.yml:2 typ" in run.err
    assert "did you mean 'type'?" in run.err


def test_a_missing_local_file_names_the_field(run: Shell, write: Callable[[str, str], str]) -> None:
    run("data", "create", "-f", write("data.yml", "name: x\ntype: uri_file\npath: ./nope.csv\n"), code=2)
    assert "there is no file or folder" in run.err
    assert "data.yml:3 path" in run.err


def test_what_is_not_there_ends_with_1(run: Shell) -> None:
    run("data", "show", "-n", "nope", "-v", "1", code=1)
    assert run.err.startswith("Error: There is no data asset 'nope'")


def test_a_version_or_a_label_is_asked_for(run: Shell) -> None:
    run("model", "show", "-n", "x", code=2)
    assert "Which version of 'x'?" in run.err


def test_environment_from_flags(run: Shell, write: Callable[[str, str], str]) -> None:
    conda = write("conda.yml", "dependencies: [python=3.11]\n")
    made = run.json("environment", "create", "-n", "small", "-i", "img", "-c", conda)
    assert made["conda_file"] == {"dependencies": ["python=3.11"]}


def test_compute_lines_of_azure_scripts(run: Shell) -> None:
    line = "compute create -n cpu-cluster --type amlcompute --min-instances 0 --max-instances 8 -o none"
    assert run(*line.split()) == ""
    run("compute", "update", "-n", "cpu-cluster", "--max-instances", "2")
    shown = run.json("compute", "show", "-n", "cpu-cluster")
    assert (shown["type"], shown["max_instances"], shown["min_instances"]) == ("amlcompute", 2, 0)
    assert set(run("compute", "list", "--query", "[].name", "-o", "tsv").split()) >= {"local", "cpu-cluster"}
    run("compute", "delete", "-n", "cpu-cluster", code=2)
    assert "--yes" in run.err
    run("compute", "delete", "-n", "cpu-cluster", "--yes")
    run("compute", "show", "-n", "cpu-cluster", code=1)


def test_workspaces_and_the_default_one(run: Shell) -> None:
    run("workspace", "create", "-n", "vision", "-g", "group", "-l", "west")
    assert run("workspace", "show", "-n", "vision", "--query", "location", "-o", "tsv") == "west"
    run("workspace", "update", "-n", "vision", "--set", "tags.team=v", "description=seeing")
    run("configure", "--defaults", "workspace=vision", "group=g")
    assert run("workspace", "show", "--query", "description", "-o", "tsv") == "seeing"
    assert run("workspace", "show", "-n", "default", "--query", "name", "-o", "tsv") == "default"
    run("configure", "--defaults", "workspace=")
    assert run("workspace", "show", "--query", "name", "-o", "tsv") == "default"
    run("workspace", "delete", "-n", "vision", "--yes")
    assert run("workspace", "list", "--query", "[].name", "-o", "tsv") == "default"


def test_datastores(run: Shell, write: Callable[[str, str], str], tmp_path: Path) -> None:
    file = write("store.yml", f"name: shelf\ntype: local_folder\npath: {tmp_path}\n")
    assert run("datastore", "create", "-f", file, "--query", "name", "-o", "tsv") == "shelf"
    table = run("datastore", "list", "-o", "table").splitlines()
    assert table[0].split() == ["Name", "Type", "Default", "Description"]
    run("datastore", "delete", "-n", "shelf", "-y")


def test_events_and_lineage(run: Shell, write: Callable[[str, str], str]) -> None:
    run("data", "create", "-n", "seen", "-t", "uri_file", "-p", write("s.csv", "x"))
    assert "data/seen" in run("events")
    assert run.json("events", "-r", "1")[0]["specversion"] == "1.0"
    run("lineage", "data", "seen", "-v", "1")


def test_login_tries_the_token_first(run: Shell, live_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODELYARD_TOKEN")
    monkeypatch.delenv("MODELYARD_SERVER_URL")
    run("login", "--server", live_server.url, "--token", "wrong", code=1)
    run("data", "list", code=1)
    assert "No Modelyard server is known" in run.err
    run("login", "--server", live_server.url, "--token", live_server.token)
    assert "as admin" in run.err
    run("data", "list")
    assert run("token") == live_server.token
    run("logout")
    run("data", "list", code=1)


def test_schema_and_version(run: Shell) -> None:
    assert run.json("schema", "command-job")["properties"]["command"]
    run("schema", "comand-job", code=1)
    assert "command-job" in run.err
    assert run.json("version")["server"] == run.json("version")["client"]


def test_completion_script_names_the_program(run: Shell) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "modelyard __complete" in run("completion", shell)
    run("completion", "tcsh", code=2)
