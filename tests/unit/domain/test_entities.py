"""The classes as a user of the SDK meets them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import modelyard
from modelyard import Input, MpiDistribution, Output, command
from modelyard.constants import AssetTypes, InputOutputModes
from modelyard.domain.compute import Compute
from modelyard.domain.datastore import Datastore
from modelyard.domain.errors import InvalidInput
from modelyard.domain.job import compute_name
from modelyard.domain.job_io import literal_text
from modelyard.entities import (
    AmlCompute,
    AzureBlobDatastore,
    CodeConfiguration,
    CommandJob,
    Data,
    Environment,
    JupyterLabJobService,
    KubernetesCompute,
    ManagedIdentityConfiguration,
    ManagedOnlineDeployment,
    ManagedOnlineEndpoint,
    Model,
    OnlineRequestSettings,
    PyTorchDistribution,
    Workspace,
)


def test_a_script_written_for_the_azure_sdk() -> None:
    job = command(
        command="python train.py --data ${{inputs.data}} --out ${{outputs.model}}",
        inputs={"data": Input(type=AssetTypes.URI_FILE, path="azureml:titanic:1", mode=InputOutputModes.DOWNLOAD)},
        outputs={"model": Output(type="mlflow_model")},
        environment=Environment(image="python:3.11", conda_file={"dependencies": ["pip"]}),
        compute="cpu-cluster",
        distribution=PyTorchDistribution(process_count_per_instance=2),
        instance_count=2,
        shm_size="2g",
        timeout=60,
        job_tier="Spot",
        display_name="first",
    )
    assert job.inputs["data"].path == "azureml:titanic:1"  # type: ignore[union-attr]
    assert job.outputs["model"].type == "mlflow_model"
    assert job.resources is not None and job.resources.instance_count == 2
    assert job.limits is not None and job.limits.timeout == 60
    job.experiment_name = "later"
    job.set_limits(timeout=5)
    job.set_resources(shm_size="4g")
    assert job.to_dict()["resources"] == {"instance_count": 2, "properties": {}, "shm_size": "4g"}
    assert job.to_dict()["queue_settings"] == {"job_tier": "spot"}


def test_an_entity_from_the_server_has_its_read_only_fields() -> None:
    job = CommandJob.from_stored(
        {
            "type": "command",
            "command": "x",
            "name": "keen_fig_1",
            "status": "Running",
            "services": {"Studio": {"type": "Studio", "endpoint": "http://localhost:5600/jobs/keen_fig_1"}},
            "creation_context": {"created_at": "2026-01-02T03:04:05+00:00", "created_by": "me"},
            "later_field": 1,
        }
    )
    assert job.status == "Running"
    assert job.services is not None
    assert job.services["Studio"].endpoint == job.studio_url == "http://localhost:5600/jobs/keen_fig_1"
    assert job.creation_context is not None and job.creation_context.created_at is not None
    assert job.creation_context.created_at.year == 2026


def test_the_constructor_drops_read_only_fields_and_refuses_unknown_ones() -> None:
    assert Data(name="a", path="x", id="azureml://x").id is None
    with pytest.raises(InvalidInput) as caught:
        Data(name="a", pth="x")  # type: ignore[call-arg]
    assert caught.value.mend == "did you mean 'path'?"


def test_assignment_is_checked() -> None:
    endpoint = ManagedOnlineEndpoint(name="e", auth_mode="KEY")
    endpoint.traffic = {"blue": 100}
    with pytest.raises(InvalidInput, match="traffic"):
        endpoint.traffic = {"blue": "all"}  # type: ignore[dict-item]
    assert endpoint.traffic == {"blue": 100}


def test_assignment_keeps_what_the_server_filled() -> None:
    data = Data.from_stored({"name": "a", "id": "azureml://x", "version": "1"})
    data.description = "new"
    assert data.id == "azureml://x"


def test_nested_mappings_may_be_given_as_mappings() -> None:
    deployment = ManagedOnlineDeployment(
        name="blue",
        model=Model(path="./model"),
        code_configuration=CodeConfiguration(code="./src", scoring_script="score.py"),
        request_settings={"request_timeout_ms": 100},
    )
    assert deployment.request_settings == OnlineRequestSettings(request_timeout_ms=100)


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden", "a b", "a\n", "x" * 256, "a\\b", "é"])
def test_names_that_could_be_paths_are_refused(name: str) -> None:
    for make in (Data, Model, Environment):
        with pytest.raises(InvalidInput) as caught:
            make(name=name)
        assert caught.value.field == "name"


@pytest.mark.parametrize("name", ["1a", "a_b", "-a", "a-", "a.b"])
def test_endpoints_have_names_that_fit_a_host(name: str) -> None:
    with pytest.raises(InvalidInput):
        ManagedOnlineEndpoint(name=name)


def test_a_version_is_a_plain_word() -> None:
    assert Data(name="a", version=3).version == "3"  # type: ignore[arg-type]
    with pytest.raises(InvalidInput):
        Data(name="a", version="1/../2")


def test_traffic_rules() -> None:
    for bad in ({"blue": 50}, {"blue": 120, "green": -20}):
        with pytest.raises(InvalidInput, match="traffic"):
            ManagedOnlineEndpoint(name="e", traffic=bad)
    with pytest.raises(InvalidInput, match="mirror_traffic"):
        ManagedOnlineEndpoint(name="e", mirror_traffic={"blue": 60})


def test_an_environment_has_an_image_or_a_build() -> None:
    with pytest.raises(InvalidInput, match="not both"):
        Environment(name="e", image="x", build={"path": "."})


def test_families_choose_by_type_in_any_spelling() -> None:
    assert isinstance(Compute.from_dict({"name": "c", "type": "AmlCompute"}), AmlCompute)
    assert isinstance(
        Datastore.from_stored({"name": "d", "type": "AzureBlob", "account_name": "a", "container_name": "c"}),
        AzureBlobDatastore,
    )
    with pytest.raises(InvalidInput) as caught:
        Compute.from_dict({"name": "c", "type": "kubernete"})
    assert caught.value.mend == "did you mean 'kubernetes'?"
    with pytest.raises(InvalidInput, match="needs a type"):
        Datastore.from_dict({"name": "d"})


def test_properties_of_a_kubernetes_compute_are_of_any_type() -> None:
    assert KubernetesCompute(name="k", properties={"nodes": 3}).to_dict()["properties"] == {"nodes": 3}


def test_secrets_are_in_no_text_of_the_entity_nor_of_an_error() -> None:
    store = AzureBlobDatastore(
        name="d", account_name="a", container_name="c", credentials={"account_key": "very-secret"}
    )
    assert "very-secret" not in repr(store)
    with pytest.raises(InvalidInput) as caught:
        AzureBlobDatastore(name="d", account_name="a", container_name="c", credentials={"account_key": 12345})
    assert "12345" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.5, "0.5"), (True, "True"), ("x", "x"), (Input(value=3), "3"), (Input(path="x"), None)],
)
def test_literals_as_the_command_sees_them(value: object, expected: str | None) -> None:
    assert literal_text(value) == expected  # type: ignore[arg-type]


def test_a_literal_input_by_type_and_default() -> None:
    assert literal_text(Input(type="number", default=0.1)) == "0.1"
    assert literal_text(Input(type="string", optional=True)) == ""


@pytest.mark.parametrize("text", ["cpu", "azureml:cpu", "azureml:/subscriptions/s/computes/cpu", "/a/computes/cpu/"])
def test_compute_names(text: str) -> None:
    assert compute_name(text) == "cpu"


def test_labels_of_azure_are_kept_on_a_workspace() -> None:
    assert Workspace(name="w", resource_group="g", location="eu").to_dict()["resource_group"] == "g"


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys, json, modelyard; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert not loaded & {"pydantic", "yaml", "httpx", "rich", "modelyard.entities"}


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        modelyard.nothing  # noqa: B018
    assert "load_job" in dir(modelyard)
    assert MpiDistribution(process_count_per_instance=1).type == "mpi"


def test_services_and_identities_by_their_classes() -> None:
    job = command(
        command="echo",
        services={"lab": JupyterLabJobService(nodes="all")},
        identity=ManagedIdentityConfiguration(client_id="c"),
    )
    assert job.to_dict()["services"] == {"lab": {"type": "jupyter_lab", "nodes": "all"}}
    assert job.to_dict()["identity"] == {"type": "managed", "client_id": "c"}


def test_identities_of_a_workspace_are_a_mapping() -> None:
    found = Workspace(
        name="w", identity={"type": "user_assigned", "user_assigned_identities": {"/a/b": {}, "/c": None}}
    )
    assert found.identity is not None and found.identity.user_assigned_identities is not None
    assert [item.resource_id for item in found.identity.user_assigned_identities] == ["/a/b", "/c"]


def test_the_short_form_of_a_code_configuration() -> None:
    found = ManagedOnlineDeployment(name="blue", code_path="./src", scoring_script="score.py")  # type: ignore[call-arg]
    assert found.code_configuration == CodeConfiguration(code="./src", scoring_script="score.py")


@pytest.mark.parametrize(
    ("port", "mode"), [("inputs", "upload"), ("inputs", "eval_mount"), ("outputs", "download"), ("outputs", "ro_mount")]
)
def test_modes_that_make_no_sense(port: str, mode: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        CommandJob(command="echo", **{port: {"a": {"type": "uri_file", "mode": mode}}})
    assert caught.value.field == f"{port}.a.mode"
