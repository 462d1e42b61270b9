from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from modelyard.domain.errors import NotFound
from modelyard.kinds.catalogue import kind_names
from modelyard.kinds.schemas import schema

ROOT = Path(__file__).parents[3]
COMMITTED = ROOT / "docs" / "reference" / "schemas"
FILES = ROOT / "tests" / "unit" / "yamlio" / "files"


@pytest.mark.parametrize("kind", kind_names())
def test_the_committed_schema_is_the_one_of_the_classes(kind: str) -> None:
    written = json.loads((COMMITTED / f"{kind}.schema.json").read_text())
    assert written == schema(kind), "run `make schemas` and commit docs/reference/schemas"


def test_no_schema_of_a_kind_that_is_gone() -> None:
    assert sorted(path.name.removesuffix(".schema.json") for path in COMMITTED.iterdir()) == kind_names()


@pytest.mark.parametrize("kind", kind_names())
def test_every_schema_is_a_schema(kind: str) -> None:
    jsonschema_rs.meta.validate(schema(kind))


@pytest.mark.parametrize("name", ["hello", "inputs", "tensorflow", "ray", "anchors"])
def test_an_editor_finds_no_fault_in_an_example(name: str) -> None:
    path = FILES / "jobs" / f"{name}.yml"
    jsonschema_rs.validate(schema("command-job"), yaml.safe_load(path.read_text()))


def test_an_editor_sees_what_each_field_is() -> None:
    fields: dict[str, Any] = schema("command-job")["properties"]
    assert "bash" in fields["command"]["description"]
    assert fields["status"]["readOnly"] is True
    assert schema("command-job")["required"] == ["command"]
    assert schema("data")["$defs"]["DataType"]["enum"] == ["uri_file", "uri_folder", "mltable"]


def test_an_unknown_kind_is_refused_with_the_nearest() -> None:
    with pytest.raises(NotFound) as caught:
        schema("comand-job")
    assert caught.value.mend == "did you mean 'command-job'?"
