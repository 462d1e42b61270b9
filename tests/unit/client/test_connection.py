import json
from pathlib import Path

import pytest

from modelyard.client.connection import find_connection
from modelyard.client.home import Home
from modelyard.domain.errors import InvalidInput, Unauthenticated, Unavailable


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "server.json").write_text(json.dumps({"url": "http://127.0.0.1:5600"}))
    (tmp_path / "admin-token").write_text("admin-secret\n")
    return tmp_path


def test_local_server_is_found_with_its_admin_token(home: Path) -> None:
    found = find_connection(environment={"MODELYARD_HOME": str(home)})
    assert (found.server_url, found.token, found.workspace) == ("http://127.0.0.1:5600", "admin-secret", "default")


def test_argument_wins_over_environment_and_environment_over_files(home: Path) -> None:
    environment = {
        "MODELYARD_HOME": str(home),
        "MODELYARD_SERVER_URL": "https://yard.example/",
        "MODELYARD_TOKEN": "mine",
        "MODELYARD_WORKSPACE": "vision",
    }
    found = find_connection(environment=environment)
    assert (found.server_url, found.token, found.workspace) == ("https://yard.example", "mine", "vision")
    found = find_connection(server_url="http://other:1", token="t", workspace="w", environment=environment)
    assert (found.server_url, found.token, found.workspace) == ("http://other:1", "t", "w")


def test_the_admin_token_is_never_sent_to_another_machine(home: Path) -> None:
    with pytest.raises(Unauthenticated, match="No token is known"):
        find_connection(server_url="https://elsewhere.example", environment={"MODELYARD_HOME": str(home)})


def test_login_is_remembered_for_its_own_server_alone(home: Path) -> None:
    Home(home).remember({"server_url": "https://yard.example", "token": "kept", "defaults": {"workspace": "vision"}})
    found = find_connection(environment={"MODELYARD_HOME": str(home)})
    assert (found.server_url, found.token, found.workspace) == ("https://yard.example", "kept", "vision")
    assert (home / "client.json").stat().st_mode & 0o777 == 0o600
    with pytest.raises(Unauthenticated):
        find_connection(server_url="https://elsewhere.example", environment={"MODELYARD_HOME": str(home)})


def test_no_server_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        find_connection(environment={"MODELYARD_HOME": str(tmp_path)})
    assert "modelyard up" in str(caught.value.mend)


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="not the address"):
        find_connection(server_url="localhost:5600", environment={"MODELYARD_HOME": str(tmp_path)})


def test_the_text_form_holds_no_token(home: Path) -> None:
    assert "admin-secret" not in repr(find_connection(environment={"MODELYARD_HOME": str(home)}))
