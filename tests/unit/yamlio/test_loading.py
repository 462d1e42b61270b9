from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import modelyard
from modelyard import yamlio
from modelyard.domain.entity import Entity
from modelyard.domain.errors import InvalidInput, ModelyardError
from modelyard.entities import (
    CommandJob,
    Environment,
    Input,
    KubernetesOnlineDeployment,
    KubernetesOnlineEndpoint,
    ManagedOnlineDeployment,
    ManagedOnlineEndpoint,
    Model,
)
from modelyard.kinds.catalogue import NOUNS, parse, parse_stored

FILES = Path(__file__).parent / "files"


def job(text: str, *overrides: str, folder: Path | None = None) -> CommandJob:
    loaded = yamlio.load("job", io.StringIO(text), overrides, origin=folder, check_paths=False)
    assert isinstance(loaded, CommandJob)
    return loaded


def refusal(text: str, *overrides: str | dict[str, Any], kind: str = "job") -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        yamlio.load(kind, io.StringIO(text), overrides)
    return caught.value


def test_relative_paths_stand_against_the_file_not_the_working_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    loaded = modelyard.load_job(FILES / "jobs" / "inputs.yml")
    assert isinstance(loaded, CommandJob)
    assert loaded.code == str(FILES / "jobs" / "src")
    rows = loaded.inputs["rows"]
    assert isinstance(rows, Input)
    assert rows.path == str(FILES / "jobs" / "data" / "rows.csv")
    folder = loaded.inputs["folder"]
    assert isinstance(folder, Input)
    assert folder.path == "azureml://datastores/workspaceblobstore/paths/example-data/"


def test_literals_keep_their_type() -> None:
    loaded = modelyard.load_job(FILES / "jobs" / "inputs.yml")
    assert isinstance(loaded, CommandJob)
    assert loaded.inputs["learning_rate"] == 0.9
    assert loaded.inputs["boosting"] == "gbdt"
    assert loaded.inputs["verbose"] is True
    assert loaded.compute == "cpu-cluster"


def test_numbers_that_json_cannot_carry_are_text() -> None:
    found = job("command: echo\ninputs: {a: .nan, b: -.inf, c: 99999999999999999999, d: {value: .inf}}").to_dict()
    assert found["inputs"] == {
        "a": "nan",
        "b": "-inf",
        "c": "99999999999999999999",
        "d": {"type": "uri_folder", "value": "inf"},
    }
    assert (
        "finite"
        in refusal("name: b\ndata_collector: {collections: {}, sampling_rate: .nan}", kind="online-deployment").message
    )


def test_an_included_file_moves_the_base_of_its_paths() -> None:
    loaded = modelyard.load_job(FILES / "includes" / "job.yml")
    assert isinstance(loaded, CommandJob)
    assert loaded.code == str(FILES / "jobs" / "src")
    assert isinstance(loaded.environment, Environment)
    assert loaded.environment.conda_file["name"] == "pydata-example"  # type: ignore[index, call-overload]


def test_a_conda_file_is_read_in_place() -> None:
    loaded = modelyard.load_environment(FILES / "assets" / "env-conda.yml")
    assert isinstance(loaded.conda_file, dict)
    assert loaded.conda_file["dependencies"][0] == "python=3.11"


def test_versions_are_text() -> None:
    loaded = modelyard.load_job(FILES / "jobs" / "outputs.yml")
    assert isinstance(loaded, CommandJob)
    assert loaded.outputs["model"].version == "1.10"
    assert modelyard.load_data(FILES / "assets" / "data-file.yml").version == "2024-01-31"


def test_read_only_fields_in_a_file_are_dropped() -> None:
    loaded = modelyard.load_job(FILES / "jobs" / "services.yml")
    assert loaded.status is None
    assert loaded.creation_context is None


@pytest.mark.parametrize(
    ("file", "kind", "expected"),
    [
        ("endpoint.yml", "online-endpoint", ManagedOnlineEndpoint),
        ("endpoint-kubernetes.yml", "online-endpoint", KubernetesOnlineEndpoint),
        ("blue-deployment.yml", "online-deployment", ManagedOnlineDeployment),
        ("kubernetes-deployment.yml", "online_deployment", KubernetesOnlineDeployment),
    ],
)
def test_the_class_is_found_by_the_rules_of_the_kind(file: str, kind: str, expected: type[Entity]) -> None:
    assert type(yamlio.load(kind, FILES / "endpoints" / file)) is expected


def test_a_model_may_be_included() -> None:
    loaded = modelyard.load_online_deployment(FILES / "endpoints" / "kubernetes-deployment.yml")
    assert isinstance(loaded.model, Model)
    assert loaded.model.path == str(FILES / "assets" / "model")


@pytest.mark.parametrize(
    ("override", "field", "value"),
    [
        ("display_name=other", "display_name", "other"),
        ("limits.timeout=30", "limits.timeout", 30),
        ("inputs.a=0.5", "inputs.a", 0.5),
        ("inputs.a=text with: colon", "inputs.a", "text with: colon"),
        ("inputs.new.path=https://x.org/y", "inputs.new.path", "https://x.org/y"),
        ('tags."a.b"=1', "tags", {"a.b": "1"}),
        ("resources.docker_args=[--ipc, host]", "resources.docker_args", ["--ipc", "host"]),
        ('display_name="3"', "display_name", "3"),
        ("compute=azureml:big", "compute", "big"),
    ],
)
def test_an_override_changes_the_document(override: str, field: str, value: object) -> None:
    found: object = job("command: echo\ninputs: {a: 1}", override).to_dict()
    for part in field.split("."):
        found = found[part]  # type: ignore[index]
    assert found == value


def test_overrides_reach_into_lists() -> None:
    text = "command: echo\nresources: {docker_args: [a, b]}"
    assert job(text, "resources.docker_args[1]=c").resources.docker_args == ["a", "c"]  # type: ignore[union-attr]
    assert job(text, "resources.docker_args.2=c").resources.docker_args == ["a", "b", "c"]  # type: ignore[union-attr]
    assert "not an item of a list of 2" in refusal(text, "resources.docker_args.3=c").message


def test_an_override_may_be_a_mapping_as_in_the_sdk() -> None:
    loaded = modelyard.load_job(FILES / "jobs" / "hello.yml", params_override=[{"name": "me"}, {"tags.a": "b"}])
    assert loaded.name == "me"
    assert loaded.tags == {"owner": "data-science", "round": "3", "a": "b"}


def test_an_override_under_a_reference_is_an_error() -> None:
    error = refusal("command: echo\nenvironment: azureml:a:1", "environment.image=x")
    assert error.field == "environment"
    assert "no fields" in error.message


def test_an_error_in_an_override_says_so() -> None:
    error = refusal("command: echo", "limits.timeot=1")
    assert error.file == "--set limits.timeot"
    assert error.line is None


def test_an_error_in_a_flag_or_a_mapping_is_told_as_theirs() -> None:
    flags = refusal("command: echo", yamlio.Flags({"limits.timeot": 1}))
    assert flags.file == "--limits"
    mapping = refusal("command: echo", {"limits.timeot": 1})
    assert mapping.file == "params_override limits.timeot"


@pytest.mark.parametrize("override", ["novalue", "=x", ""])
def test_an_override_without_a_path_or_value_is_refused(override: str) -> None:
    assert "not an override" in refusal("command: echo", override).message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n- b", "no mapping"),
        ("just text", "no mapping"),
        ("", "'command' is required"),
        ("command: 'x", "not YAML"),
        ("a: 1\n---\nb: 2", "not YAML"),
        ("? [a, b]\n: c", "a key must be a single word"),
        ("a: &x [*x]", "holds itself"),
        ("type: pipelin", "unknown job type 'pipelin'"),
        ("a: \x00", "not YAML"),
        ("a: " + "[" * 5000, "nested deeper"),
        ("a: " + "[" * 100 + "]" * 100, "nested deeper"),
    ],
)
def test_what_is_not_a_document_is_refused(text: str, message: str) -> None:
    assert message in refusal(text).message


def test_aliases_cannot_multiply_without_bound() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "values" in refusal("\n".join(lines)).message


def test_a_known_kind_of_job_that_is_not_here_yet_says_so() -> None:
    with pytest.raises(ModelyardError, match="spark"):
        yamlio.load("job", io.StringIO("type: spark\nentry: {}"))


@pytest.mark.parametrize("name", ["missing.yml", "."])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match=r"there is no file|is a folder"):
        yamlio.load("job", tmp_path / name)


def test_a_file_of_other_bytes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "job.yml").write_bytes(b"command: \xff\xfe")
    with pytest.raises(InvalidInput, match="UTF-8"):
        yamlio.load("job", tmp_path / "job.yml")


def test_an_open_file_is_read_relative_to_its_own_folder() -> None:
    with (FILES / "jobs" / "inputs.yml").open() as stream:
        loaded = yamlio.load("job", stream)
    assert isinstance(loaded, CommandJob)
    assert loaded.code == str(FILES / "jobs" / "src")


KEYS = st.sampled_from(
    "name version type command code inputs outputs environment path limits distribution resources services "
    "identity tags properties model traffic scale_settings credentials conda_file build $schema x 3".split()
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["uri_file", "pytorch", "azureml:a:1", "${{inputs.a}}", "azure_blob", "amlcompute", "managed", "../x"]
    )
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


@settings(max_examples=100, deadline=None)
@given(kind=st.sampled_from(sorted(NOUNS)), values=st.dictionaries(KEYS, VALUES, max_size=6))
def test_any_mapping_is_an_entity_or_a_refusal(kind: str, values: dict[str, object]) -> None:
    for read in (parse, parse_stored):
        try:
            entity = read(kind, values)
        except ModelyardError as error:
            assert error.status in (400, 422)
        else:
            assert isinstance(entity, Entity)


@settings(max_examples=100, deadline=None)
@given(text=st.text(alphabet="ab:{}[]&*!<>|-#'\"\n \t?%@`~0$\\", max_size=60))
def test_any_text_is_an_entity_or_a_refusal(text: str) -> None:
    with pytest.raises(ModelyardError):
        yamlio.load("job", io.StringIO(text))
