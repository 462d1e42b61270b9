"""Deployment files and the operations page name settings that exist, and the page names them all."""

import re
from pathlib import Path

import pytest

from modelyard.server.settings import PREFIX, Settings

ROOT = Path(__file__).parents[3]
OF_THE_SERVER = {PREFIX + name.upper() for name in Settings.model_fields}
OF_CLIENTS = {"MODELYARD_TOKEN", "MODELYARD_SERVER_URL", "MODELYARD_WORKSPACE"}
FILES = sorted(path for path in (ROOT / "deploy").rglob("*") if path.is_file())


def named_in(path: Path) -> set[str]:
    return set(re.findall(r"\bMODELYARD_[A-Z][A-Z_]*[A-Z]\b", path.read_text("utf-8")))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_deployment_files_name_settings_that_exist(path: Path) -> None:
    assert named_in(path) <= OF_THE_SERVER | OF_CLIENTS


def test_operations_page_has_every_setting() -> None:
    assert not (OF_THE_SERVER | OF_CLIENTS) - named_in(ROOT / "docs" / "operations.md")
