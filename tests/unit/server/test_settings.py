"""Settings: read from the environment in one place, refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelyard.domain.errors import InvalidInput
from modelyard.server.settings import Settings


def test_the_environment_is_read() -> None:
    settings = Settings.from_environment(
        {
            "MODELYARD_HOME": "/var/yard",
            "MODELYARD_PORT": "7000",
            "MODELYARD_RUN_GATEWAY": "false",
            "MODELYARD_LOCAL_CPUS": "1.5",
            "MODELYARD_TOKEN": "of the client",
            "OTHER": "x",
        }
    )
    assert (settings.home, settings.port, settings.run_gateway) == (Path("/var/yard"), 7000, False)
    assert settings.local_cpus == 1.5
    assert settings.resolved_database_url == "sqlite:////var/yard/modelyard.db"


def test_an_empty_value_counts_as_unset() -> None:
    assert Settings.from_environment({"MODELYARD_PORT": "", "MODELYARD_DATABASE_URL": ""}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MODELYARD_PORT", "http"),
        ("MODELYARD_PORT", "65536"),
        ("MODELYARD_MAX_BODY_BYTES", "-1"),
        ("MODELYARD_LOCAL_GPUS", "many"),
        ("MODELYARD_MAX_CONCURRENT_JOBS", "0"),
        ("MODELYARD_RUN_CONTROLLERS", "perhaps"),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Settings.from_environment({name: value})
    assert refused.value.field == name
    assert name in str(refused.value.mend)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:5600"),
        ("0.0.0.0", "http://127.0.0.1:5600"),
        ("::", "http://[::1]:5600"),
        ("yard.example", "http://yard.example:5600"),
    ],
)
def test_the_address_for_clients_of_this_machine(host: str, url: str) -> None:
    assert Settings(host=host).public_url == url
