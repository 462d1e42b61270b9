import json
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from modelyard.client.mlflow_token import TokenProvider

OURS = "http://127.0.0.1:5600/mlflow/default"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MODELYARD_SERVER_URL", "MODELYARD_TOKEN", "MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MODELYARD_HOME", str(tmp_path))
    (tmp_path / "server.json").write_text(json.dumps({"url": "http://127.0.0.1:5600"}))
    (tmp_path / "admin-token").write_text("secret")


def test_our_server_gets_the_token() -> None:
    provider = TokenProvider(lambda: [OURS, OURS])
    assert provider.in_context()
    assert provider.request_headers() == {"Authorization": "Bearer secret"}


@pytest.mark.parametrize(
    "uris",
    [
        ["https://elsewhere.example", "https://elsewhere.example"],
        [OURS, "https://elsewhere.example"],
        ["http://127.0.0.1:56001/mlflow/default"] * 2,
        ["http://127.0.0.1:5600.elsewhere.example/"] * 2,
        ["file:///tmp/mlruns", "file:///tmp/mlruns"],
        [],
    ],
)
def test_nobody_else_gets_it(uris: list[str]) -> None:
    provider = TokenProvider(lambda: uris)
    assert not provider.in_context()
    assert provider.request_headers() == {}


def test_credentials_that_were_given_to_mlflow_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "mine")
    assert not TokenProvider(lambda: [OURS, OURS]).in_context()


def test_without_a_server_there_is_nothing_to_say(tmp_path: Path) -> None:
    (tmp_path / "server.json").unlink()
    assert not TokenProvider(lambda: [OURS, OURS]).in_context()


def test_mlflow_finds_it() -> None:
    found = entry_points(group="mlflow.request_header_provider")["modelyard"]
    assert found.load() is TokenProvider
