"""What is found to be imported, without running any of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modelyard.compute.python_command import python_call
from modelyard.compute.script_imports import imported_modules


def found(code: Path, command: str = "python train.py", files: dict[str, str] | None = None) -> list[str]:
    for name, text in (files or {}).items():
        path = code / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return list(imported_modules(code, python_call(command)))


@pytest.mark.parametrize(
    ("script", "modules"),
    [
        ("import pandas as pd, numpy", ["pandas", "numpy"]),
        ("from sklearn.ensemble import A, B", ["sklearn.ensemble:A", "sklearn.ensemble:B"]),
        ("from sklearn import *", ["sklearn"]),
        ("try:\n    import lightgbm\nexcept ImportError:\n    import absent", ["lightgbm"]),
        ("if True:\n    import a\nif TYPE_CHECKING:\n    import b", ["a"]),
        ("def late():\n    import torch\nclass X:\n    import y", []),
        ("from __future__ import annotations\nimport os", ["os"]),
        ("from . import nothing", []),
        ("this is no Python", []),
    ],
)
def test_imports_at_the_top(tmp_path: Path, script: str, modules: list[str]) -> None:
    assert found(tmp_path, files={"train.py": script}) == modules


def test_own_files_are_followed_and_left_out(tmp_path: Path) -> None:
    modules = found(
        tmp_path,
        files={
            "train.py": "import own\nfrom pkg.deep import work\nimport json",
            "own.py": "import pandas",
            "pkg/__init__.py": "import scipy",
            "pkg/deep.py": "from . import near\nfrom .near import x\nimport lightgbm",
            "pkg/near.py": "import polars",
        },
    )
    assert set(modules) == {"json", "pandas", "scipy", "lightgbm", "polars"}


def test_a_module_is_found_in_the_code(tmp_path: Path) -> None:
    assert found(tmp_path, "python -m pkg.train", {"pkg/train.py": "import pandas"}) == ["pandas"]


def test_an_installed_module_is_loaded_by_its_package(tmp_path: Path) -> None:
    assert found(tmp_path, "python -m lightgbm.tools") == ["lightgbm"]


def test_a_script_outside_of_the_code_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("import pandas")
    (tmp_path / "code").mkdir()
    assert found(tmp_path / "code", "python ../secret.py") == []


def test_a_changed_script_is_read_again(tmp_path: Path) -> None:
    assert found(tmp_path, files={"train.py": "import json"}) == ["json"]
    (tmp_path / "train.py").write_text("import csv")
    os.utime(tmp_path / "train.py", ns=(1, 1))
    assert found(tmp_path) == ["csv"]
