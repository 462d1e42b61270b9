from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.domain.errors import InvalidInput
from modelyard.domain.references import (
    AssetKind,
    AssetRef,
    DatastoreUri,
    GitUri,
    HttpUri,
    JobOutputUri,
    LocalPath,
    ModelUri,
    Reference,
    RegistryRef,
    RunUri,
    StorageUri,
    parse_asset_reference,
    parse_reference,
    relative_path,
)

LONG = "subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("azureml:titanic:3", AssetRef("titanic", "3")),
        ("modelyard:titanic:3", AssetRef("titanic", "3")),
        ("azureml:titanic@latest", AssetRef("titanic", label="latest")),
        ("azureml:cpu-cluster", AssetRef("cpu-cluster")),
        ("azureml:env:2024-01-31.4", AssetRef("env", "2024-01-31.4")),
        (f"azureml:/{LONG}/environments/e/versions/3", AssetRef("e", "3", None, "environment", "w")),
        (f"/{LONG}/models/m/versions/3", AssetRef("m", "3", None, "model", "w")),
        (f"/{LONG}/computes/big", AssetRef("big", None, None, "compute", "w")),
        (
            "azureml://subscriptions/s/resourcegroups/g/workspaces/w/data/d/versions/1",
            AssetRef("d", "1", None, "data", "w"),
        ),
        ("azureml://locations/eu/workspaces/guid/models/m/versions/1", AssetRef("m", "1", None, "model", "guid")),
        ("azureml://resourceGroups/g/workspaces/w/codes/c/versions/1", AssetRef("c", "1", None, "code", "w")),
        ("azureml://models/m/versions/2", AssetRef("m", "2", None, "model")),
        ("azureml://data/d/labels/latest", AssetRef("d", None, "latest", "data")),
        (
            "azureml://registries/azureml/environments/sklearn-1.5/labels/latest",
            RegistryRef("azureml", "environment", "sklearn-1.5", None, "latest"),
        ),
        ("azureml://feeds/team/models/m/versions/2", RegistryRef("team", "model", "m", "2")),
        ("azureml://registries/team/components/train", RegistryRef("team", "component", "train")),
        ("azureml://datastores/blob/paths/a/b/", DatastoreUri("blob", "a/b")),
        ("azureml://datastores/blob/paths/", DatastoreUri("blob", "")),
        (
            "azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/blob/paths/a",
            DatastoreUri("blob", "a", "w"),
        ),
        ("azureml://datastores/ws/ExperimentRun/dcid.run1/x", DatastoreUri("ws", "ExperimentRun/dcid.run1/x")),
        ("azureml://datastores/workspacemanageddatastore", DatastoreUri("workspacemanageddatastore", "")),
        ("azureml://jobs/j/outputs/artifacts/paths/model/", JobOutputUri("j", "artifacts", "model")),
        ("azureml://jobs/j", AssetRef("j", kind="job")),
        ("azureml://jobs/j/outputs/model", JobOutputUri("j", "model")),
        ("azureml://artifacts/ExperimentRun/dcid.run1/a/b", RunUri("run1", "a/b")),
        ("runs:/abc/model", RunUri("abc", "model")),
        ("models:/m/3", ModelUri("m", "3")),
        ("models:/m@champion", ModelUri("m", alias="champion")),
        ("https://x.org/a.csv", HttpUri("https://x.org/a.csv")),
        ("wasbs://c@a.blob.core.windows.net/p", StorageUri("wasbs", "wasbs://c@a.blob.core.windows.net/p")),
        ("abfss://f@a.dfs.core.windows.net/p", StorageUri("abfss", "abfss://f@a.dfs.core.windows.net/p")),
        ("s3://bucket/key", StorageUri("s3", "s3://bucket/key")),
        ("git+https://github.com/x/y", GitUri("git+https://github.com/x/y")),
        ("./data", LocalPath("./data")),
        ("../data", LocalPath("../data")),
        ("file:./data", LocalPath("./data")),
        ("file:///tmp/data", LocalPath("/tmp/data")),
        ("C:\\data", LocalPath("C:\\data")),
    ],
)
def test_every_form_is_read(text: str, expected: Reference) -> None:
    assert parse_reference(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\x00b",
        "azureml:",
        "azureml:a:b:c",
        "azureml:a/b:1",
        "azureml://",
        "azureml://nothing/x",
        "azureml://jobs/j/outputs/",
        "azureml://models/m/versions",
        "azureml://registries/r/planets/p",
        "azureml://datastores/blob/paths/../../etc/passwd",
        "azureml://jobs/j/outputs/o/paths/../../x",
        "runs:/r/../../x",
        "models:/m",
        "ftp://x/y",
    ],
)
def test_what_cannot_be_read_is_refused_naming_the_field(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_reference(text, field="inputs.a.path")
    assert caught.value.field == "inputs.a.path"


@pytest.mark.parametrize(
    "text",
    [
        "azureml:a:1",
        "azureml:a@prod",
        "azureml://models/m/versions/2",
        "azureml://registries/r/models/m/labels/x",
        "azureml://datastores/blob/paths/a/b",
        "azureml://workspaces/w/datastores/blob/paths/a",
        "azureml://jobs/j/outputs/o/paths/p",
        "runs:/r/model",
        "models:/m/3",
        "models:/m@a",
        "https://x.org/y",
    ],
)
def test_a_reference_is_written_as_it_is_read(text: str) -> None:
    assert str(parse_reference(text)) == text


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("env:1", "environment", AssetRef("env", "1", None, "environment")),
        ("azureml:env@latest", "environment", AssetRef("env", None, "latest", "environment")),
        ("models:/m/3", "model", AssetRef("m", "3", None, "model")),
    ],
)
def test_an_asset_of_a_kind(text: str, kind: AssetKind, expected: AssetRef) -> None:
    assert parse_asset_reference(text, kind) == expected


def test_an_asset_of_another_kind_is_refused() -> None:
    with pytest.raises(InvalidInput, match="is a model, not a data"):
        parse_asset_reference("azureml://models/m/versions/2", "data")


@given(st.text(max_size=40))
def test_a_relative_path_never_leaves_its_root(text: str) -> None:
    try:
        found = relative_path(text)
    except InvalidInput:
        return
    assert not found.startswith("/")
    assert ".." not in found.split("/")


@given(st.text(alphabet="azuremldstor:/.@-_1\\ ~", max_size=40).map(lambda text: f"azureml:{text}"))
def test_any_text_is_a_reference_or_a_refusal(text: str) -> None:
    try:
        parse_reference(text)
    except InvalidInput:
        return
