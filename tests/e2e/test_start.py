"""The first start, the second start, and who may read what."""

from __future__ import annotations

import stat
from collections.abc import Callable

import pytest

from .installation import Installation


def mode(installation: Installation, name: str = ".") -> int:
    return stat.S_IMODE((installation.home / name).stat().st_mode)


def test_only_the_owner_reads_the_home(platform: Installation) -> None:
    assert mode(platform) == 0o700
    assert mode(platform, "admin-token") == 0o600


def test_up_is_idempotent_and_down_stops(fresh: Installation) -> None:
    pid = fresh.process("server.json")["pid"]
    fresh.cli("up")
    assert fresh.process("server.json")["pid"] == pid
    assert "running" in fresh.cli("status")
    fresh.cli("down")
    assert "running" not in fresh.cli("status", code=1)


@pytest.mark.slow
def test_a_taken_port_is_told(platform: Installation, installations: Callable[..., Installation]) -> None:
    second = installations()
    second.port = platform.port
    message = second.run_cli("up", "--port", str(platform.port))
    assert message.returncode == 1
    assert str(platform.port) in message.stderr
