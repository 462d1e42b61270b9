"""`MLClient` as a script uses it, against the real server."""

import io
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from modelyard import Input, MLClient, Output, command
from modelyard.client.resources.view import ListViewType
from modelyard.client.streaming import JobFailed
from modelyard.domain.errors import Conflict, InvalidInput, NotFound, Unsupported
from modelyard.entities import AmlCompute, Data, Environment, Workspace
from modelyard.identity import DefaultAzureCredential


@pytest.fixture
def client(live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[MLClient]:
    for name, value in live_server.environment.items():
        monkeypatch.setenv(name, value)
    with MLClient(DefaultAzureCredential(), "subscription", "group", "default") as client:
        yield client


@pytest.fixture
def rows(tmp_path: Path) -> str:
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    return str(tmp_path / "rows.csv")


def test_data_versions(client: MLClient, rows: str) -> None:
    first = client.data.create_or_update(Data(name="rows", path=rows, type="uri_file", tags={"k": "v"}))
    second = client.create_or_update(Data(name="rows", path=rows, type="uri_file"))
    assert (first.version, second.version) == ("1", "2")
    assert client.data.get("rows", label="latest").version == "2"
    assert client.data.get("rows", version="1").tags == {"k": "v"}
    assert first.id is not None
    assert first.creation_context is not None
    assert first.creation_context.created_by == "admin"
    first.tags["more"] = "yes"
    assert client.data.create_or_update(first).tags == {"k": "v", "more": "yes"}
    client.data.archive("rows", version="1")
    assert [data.version for data in client.data.list("rows")] == ["2"]
    shown = client.data.list("rows", list_view_type=ListViewType.ALL)
    assert [data.version for data in shown] == ["2", "1"]
    client.data.restore("rows", version="1")
    with pytest.raises(Conflict):
        client.data.create_or_update(Data(name="rows", version="1", path=rows, type="uri_file"))


def test_get_asks_for_a_version_or_a_label(client: MLClient) -> None:
    with pytest.raises(InvalidInput, match="Which version"):
        client.data.get("rows")
    with pytest.raises(NotFound):
        client.data.get("nope", version="1")


def test_lists_page_by_themselves(client: MLClient) -> None:
    for number in range(5):
        environment = Environment(name=f"many-{number}", image="i")
        client.environments.create_or_update(environment)
    names = [found.name for found in client.environments.list() if str(found.name).startswith("many-")]
    assert sorted(map(str, names)) == [f"many-{number}" for number in range(5)]
    assert len(list(islice(client.environments.list(), 2))) == 2


def test_a_job_by_the_builder(client: MLClient, rows: str, tmp_path: Path) -> None:
    data = client.data.create_or_update(Data(name="job-rows", path=rows, type="uri_file"))
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "count.py").write_text(
        "import sys\nlines = open(sys.argv[1]).readlines()\nprint(len(lines), 'lines')\n"
        "open(sys.argv[2] + '/n.txt', 'w').write(str(len(lines)))\n"
    )
    job = command(
        code=str(tmp_path / "src"),
        command="python3 count.py ${{inputs.rows}} ${{outputs.counts}}",
        inputs={"rows": Input(type="uri_file", path=data.id)},
        outputs={"counts": Output(type="uri_folder"), "empty": Output(type="uri_folder")},
        compute="local",
        experiment_name="sdk",
    )
    created = client.jobs.create_or_update(job, tags={"by": "sdk"})
    sink = io.StringIO()
    client.jobs.stream(str(created.name), sink=sink)
    assert sink.getvalue() == "2 lines\n"
    done = client.jobs.get(str(created.name))
    assert done.status == "Completed"
    assert done.tags == {"by": "sdk"}
    assert done.inputs["rows"].path  # type: ignore[attr-defined]
    client.jobs.download(str(created.name), download_path=tmp_path / "out", output_name="counts")
    assert (tmp_path / "out/named-outputs/counts/n.txt").read_text() == "2"
    client.jobs.download(str(created.name), download_path=tmp_path / "everything", all=True)
    assert [path.name for path in (tmp_path / "everything/named-outputs").iterdir()] == ["counts"]
    with pytest.raises(NotFound, match="has no output 'nope'"):
        client.jobs.download(str(created.name), download_path=tmp_path, output_name="nope")
    again = client.jobs.create_or_update(command(code=str(tmp_path / "src"), command="true"))
    assert again.code == done.code  # type: ignore[attr-defined]


def test_a_failed_job_raises_from_stream(client: MLClient) -> None:
    created = client.jobs.create_or_update(command(command="echo oh no >&2; exit 3"))
    with pytest.raises(JobFailed, match="3"):
        client.jobs.stream(str(created.name), sink=io.StringIO())


def test_validate_answers_and_raises_when_asked(client: MLClient) -> None:
    assert client.jobs.validate(command(command="true")).passed
    wrong = command(command="true", compute="mars")
    result = client.jobs.validate(wrong)
    assert not result.passed
    assert "mars" in str(result.error_messages)
    with pytest.raises(NotFound):
        client.jobs.validate(wrong, raise_on_failure=True)


def test_cancel_and_its_poller(client: MLClient) -> None:
    created = client.jobs.create_or_update(command(command="sleep 600"))
    client.jobs.begin_cancel(str(created.name)).result(timeout=30)
    assert client.jobs.get(str(created.name)).status == "Canceled"


def test_long_operations_of_azure_scripts(client: MLClient) -> None:
    cluster = AmlCompute(name="cpu-cluster", size="Standard_DS3_v2", min_instances=0, max_instances=4)
    assert client.compute.begin_create_or_update(cluster).result().name == "cpu-cluster"
    assert "cpu-cluster" in [found.name for found in client.compute.list(compute_type="amlcompute")]
    client.compute.begin_delete("cpu-cluster").wait()
    with pytest.raises(NotFound):
        client.compute.get("cpu-cluster")
    created = client.begin_create_or_update(Workspace(name="other", location="west")).result()
    assert created.mlflow_tracking_uri == f"{client.server_url}/mlflow/other"
    assert {found.name for found in client.workspaces.list()} >= {"default", "other"}
    client.workspaces.begin_delete("other", delete_dependent_resources=True).wait()


def test_datastores(client: MLClient) -> None:
    assert client.datastores.get_default().name == "workspaceblobstore"
    assert "workspaceartifactstore" in [found.name for found in client.datastores.list()]


def test_workspaces_do_not_see_each_other(client: MLClient, rows: str) -> None:
    client.workspaces.begin_create(Workspace(name="apart")).result()
    client.data.create_or_update(Data(name="mine", path=rows, type="uri_file"))
    with MLClient(workspace_name="apart") as apart, pytest.raises(NotFound):
        apart.data.get("mine", version="1")


def test_from_config_looks_upwards(client: MLClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".azureml").mkdir()
    config = {"subscription_id": "s", "resource_group": "g", "workspace_name": "from-file"}
    (tmp_path / ".azureml" / "config.json").write_text(json.dumps(config))
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "er")
    with MLClient.from_config(DefaultAzureCredential()) as found:
        assert (found.workspace_name, found.subscription_id, found.resource_group_name) == ("from-file", "s", "g")
    with MLClient.from_config(workspace_name="mine") as found:
        assert found.workspace_name == "mine"
    with pytest.raises(InvalidInput, match="no config file"):
        MLClient.from_config(path=tmp_path / "nope.json")


def test_what_is_not_there_yet_is_said(client: MLClient) -> None:
    with pytest.raises(Unsupported, match="Registries"):
        MLClient(registry_name="shared")
    with pytest.raises(InvalidInput, match="begin_create_or_update"):
        client.create_or_update(AmlCompute(name="x"))
