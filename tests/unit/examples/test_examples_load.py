"""Every example file is what its schema says, down to the last key."""

import re
from pathlib import Path

import pytest

from modelyard import yamlio

EXAMPLES = Path(__file__).parents[3] / "examples"
SCHEMA = re.compile(r"^\$schema:\s*\S+/(?P<name>\w+)\.schema\.json", re.MULTILINE)
KINDS = {
    "commandJob": "job",
    "sweepJob": "job",
    "autoMLJob": "job",
    "data": "data",
    "model": "model",
    "environment": "environment",
    "managedOnlineEndpoint": "online-endpoint",
    "managedOnlineDeployment": "online-deployment",
}
FILES = {
    str(path.relative_to(EXAMPLES)): KINDS[found["name"]]
    for path in sorted(EXAMPLES.rglob("*.yml"))
    if (found := SCHEMA.search(path.read_text("utf-8")))
}


def test_there_are_examples_of_every_noun() -> None:
    assert set(FILES.values()) == set(KINDS.values())


@pytest.mark.parametrize("name", FILES)
def test_example_loads(name: str) -> None:
    entity = yamlio.load(FILES[name], EXAMPLES / name)
    assert entity.to_dict()
