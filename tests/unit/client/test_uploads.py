"""Uploads into the real server."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from modelyard.builders import command
from modelyard.client.connection import find_connection
from modelyard.client.git import Provenance
from modelyard.client.scope import Scope
from modelyard.client.transport import Transport
from modelyard.client.uploads.local_files import LocalFiles
from modelyard.client.uploads.snapshots import FileChanged, SnapshotUploader
from modelyard.domain.code import Code
from modelyard.domain.data import Data
from modelyard.domain.environment import BuildContext, Environment
from modelyard.domain.errors import InvalidInput
from modelyard.domain.job_io import Input
from modelyard.domain.online_deployment import CodeConfiguration, ManagedOnlineDeployment
from modelyard.domain.search_space import Choice
from modelyard.kinds.command import CommandJob


class Wire(httpx.BaseTransport):
    """The network, counting requests, and cutting an upload off after so many bytes when told to."""

    def __init__(self) -> None:
        self.inner = httpx.HTTPTransport()
        self.requests: list[tuple[str, str]] = []
        self.cut_after: int | None = None
        self.offsets: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append((request.method, request.url.path.rsplit("/", 1)[-1]))
        if request.method == "PUT":
            self.offsets.append(request.headers["upload-offset"])
            if self.cut_after is not None:
                request.stream = Cut(request.stream, self.cut_after)
                self.cut_after = None
        return self.inner.handle_request(request)

    def close(self) -> None:
        self.inner.close()

    @property
    def blobs(self) -> int:
        return sum(method == "PUT" for method, _ in self.requests)


class Cut(httpx.SyncByteStream):
    def __init__(self, stream: object, after: int) -> None:
        self.stream, self.after = stream, after

    def __iter__(self) -> Iterator[bytes]:
        sent = 0
        for chunk in self.stream:  # type: ignore[attr-defined]
            yield chunk
            sent += len(chunk)
            if sent >= self.after:
                raise httpx.WriteError("cable pulled")


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def scope(live_server: Any, wire: Wire) -> Iterator[Scope]:
    connection = find_connection(environment=live_server.environment)
    scope = Scope(connection, Transport(connection, handler=wire, sleep=lambda _: time.sleep(0.01)))
    yield scope
    scope.close()


def code(tmp_path: Path, **files: str) -> Path:
    folder = tmp_path / "src"
    for name, text in files.items():
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.py").write_text(text)
    return folder


def test_an_unchanged_folder_uploads_nothing(scope: Scope, wire: Wire, tmp_path: Path) -> None:
    folder = code(tmp_path, a="one", b="two")
    first = SnapshotUploader(scope).upload(folder)
    assert wire.blobs == 2
    wire.requests.clear()
    again = SnapshotUploader(scope).upload(folder)
    assert again.uri == first.uri
    assert wire.requests == [("POST", "snapshots:plan"), ("POST", "snapshots")]


def test_of_a_changed_folder_the_change_alone_is_sent(scope: Scope, wire: Wire, tmp_path: Path) -> None:
    folder = code(tmp_path, c="three", d="four")
    before = SnapshotUploader(scope).upload(folder)
    wire.requests.clear()
    after = SnapshotUploader(scope).upload(code(tmp_path, d="five"))
    assert wire.blobs == 1
    assert after.hash != before.hash


def test_the_folder_arrives_as_it_was(scope: Scope, tmp_path: Path) -> None:
    uri = SnapshotUploader(scope).upload(code(tmp_path, e="print()\n")).uri
    written = scope.files.download(uri, tmp_path / "back")
    assert [file.relative_to(tmp_path).as_posix() for file in written] == ["back/e.py"]
    assert written[0].read_text() == "print()\n"


def test_a_single_file_has_the_address_of_a_file(scope: Scope, tmp_path: Path) -> None:
    file = tmp_path / "iris.csv"
    file.write_text("a,b\n")
    uri = SnapshotUploader(scope).upload(file).uri
    assert uri.endswith("/iris.csv")
    assert scope.files.download(uri, tmp_path / "back")[0].read_text() == "a,b\n"


def test_an_upload_goes_on_from_where_it_broke_off(scope: Scope, wire: Wire, tmp_path: Path) -> None:
    file = tmp_path / "large.bin"
    file.write_bytes(bytes(range(256)) * 4096 * 4)
    wire.cut_after = 2 << 20
    uri = SnapshotUploader(scope).upload(file).uri
    # Between the two the server may still have held the broken connection for another client.
    assert wire.offsets[0] == "0"
    assert 0 < int(wire.offsets[-1]) <= 2 << 20
    assert scope.files.download(uri, tmp_path / "back")[0].read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    "text", ["short", "another text of the very same length", "one that is longer than before was" * 3]
)
def test_a_file_that_changes_meanwhile_is_named(
    scope: Scope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    file = tmp_path / "moving.txt"
    file.write_text("the text while the file was hashed..")
    plan = scope.transport.request

    def change_after_the_plan(method: str, path: str, **options: Any) -> Any:
        answer = plan(method, path, **options)
        file.write_text(text)
        return answer

    monkeypatch.setattr(scope.transport, "request", change_after_the_plan)
    with pytest.raises(FileChanged, match=r"moving.txt' changed while it was uploaded"):
        SnapshotUploader(scope).upload(file)


def test_an_empty_folder_is_refused_with_its_field(scope: Scope, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    with pytest.raises(InvalidInput, match="holds no files") as caught:
        SnapshotUploader(scope).upload(tmp_path / "src", field="code")
    assert caught.value.field == "code"


def test_a_large_code_folder_is_warned_about(scope: Scope, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    SnapshotUploader(scope).upload(code(tmp_path, f="x" * 100), size_limit=50)
    assert ".amlignore" in caplog.text


def test_local_paths_of_a_job_become_addresses(scope: Scope, tmp_path: Path) -> None:
    folder = code(tmp_path, g="x")
    (tmp_path / "conda.yml").write_text("dependencies: [python]\n")
    job = CommandJob(
        command="true",
        code=str(folder),
        environment=Environment(image="i", conda_file=str(tmp_path / "conda.yml")),
        inputs={
            "local": Input(path=str(folder)),
            "asset": Input(path="azureml:iris:1"),
            "web": Input(type="uri_file", path="https://example.org/x"),
            "number": 3,
        },
    )
    sent = LocalFiles(scope).uploaded(job)
    prefix = "azureml://datastores/workspaceblobstore/paths/LocalUpload/"
    assert str(sent.code).startswith(prefix)
    assert sent.inputs["local"].path.startswith(prefix)  # type: ignore[union-attr]
    assert sent.inputs["asset"].path == "azureml:iris:1"  # type: ignore[union-attr]
    assert sent.inputs["web"].path == "https://example.org/x"  # type: ignore[union-attr]
    assert sent.inputs["number"] == 3
    assert sent.environment.conda_file == {"dependencies": ["python"]}  # type: ignore[union-attr]
    assert job.code == str(folder), "the caller's own job stays as it was"


def test_every_kind_of_local_path(scope: Scope, tmp_path: Path) -> None:
    folder = str(code(tmp_path, h="x"))
    files = LocalFiles(scope)
    assert str(files.uploaded(Data(name="d", path=folder)).path).startswith("azureml://")
    assert str(files.uploaded(Code(path=folder)).path).startswith("azureml://")
    built = files.uploaded(Environment(name="e", build=BuildContext(path=folder)))
    assert built.build is not None
    assert str(built.build.path).startswith("azureml://")
    deployment = ManagedOnlineDeployment(
        name="blue",
        endpoint_name="e",
        model=folder,
        code_configuration=CodeConfiguration(code=folder, scoring_script="h.py"),
    )
    sent = files.uploaded(deployment)
    assert sent.model.path.startswith("azureml://")  # type: ignore[union-attr]
    assert sent.code_configuration.code.startswith("azureml://")  # type: ignore[union-attr]


def test_git_facts_and_the_diff_go_with_the_job(scope: Scope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Provenance("https://example.org/r", "main", "c" * 40, True, b"-one\n+two\n")
    monkeypatch.setattr("modelyard.client.uploads.local_files.provenance", lambda _: found)
    folder = str(code(tmp_path, i="x"))
    sent = LocalFiles(scope).uploaded(CommandJob(command="true", code=folder))
    assert sent.properties["azureml.git.branch"] == "main"
    swept = command(command="echo ${{inputs.x}}", code=folder, inputs={"x": Choice(values=[1])})
    sweep = LocalFiles(scope).uploaded(swept.sweep(primary_metric="m", goal="minimize", max_total_trials=1))
    assert sweep.properties == sent.properties
    assert sweep.trial.code == sent.code
    written = scope.files.download(sent.properties["modelyard.git.diff"], tmp_path / "back")
    assert written[0].read_bytes() == b"-one\n+two\n"
