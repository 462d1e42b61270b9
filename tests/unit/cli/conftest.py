"""A shell over the real server that the tests of a module share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .shell import Shell


@pytest.fixture
def run(live_server: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    for name, value in live_server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MODELYARD_WORKSPACE", raising=False)
    return Shell(capsys)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], str]:
    def write(name: str, text: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    return write
