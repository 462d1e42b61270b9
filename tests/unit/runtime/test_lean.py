"""The lean halves do what the front doors do."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from modelyard.runtime.lean import dumps, loads

from .tasks import LAUNCHER

VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False, allow_infinity=False) | some.text(),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_json_goes_both_ways(value: Any) -> None:
    assert loads(json.dumps(value)) == value
    assert json.loads(dumps(value)) == value


@pytest.mark.parametrize("text", ["", "{", '{"a": 1} x', "nope", '{"a": }', "[1,", '"open'])
def test_what_is_no_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        loads(text)


def test_blanks_around_are_no_matter() -> None:
    assert loads(' \n {"a": [1, 2.5, null]} \n') == {"a": [1, 2.5, None]}


def test_what_json_does_not_know_is_refused() -> None:
    with pytest.raises(TypeError):
        dumps({1, 2})


def test_the_launcher_brings_no_slow_module_along() -> None:
    """They took half of its time."""
    command = [sys.executable, "-I", "-S", "-X", "importtime", str(LAUNCHER), "--sweep", "nothing"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    brought = {line.rpartition("|")[2].strip() for line in shown.stderr.splitlines()}
    assert "modelyard_runtime.launcher" in brought
    assert not brought & {"json", "typing", "enum", "re", "ctypes", "subprocess", "shutil", "pathlib", "collections"}
