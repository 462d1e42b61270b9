"""What a job reserves, and how its command is started."""

from __future__ import annotations

from typing import Any

import pytest

from modelyard.domain.errors import InvalidInput
from modelyard.domain.task import Resources
from modelyard.services.resource_properties import ResourceProperties


@pytest.mark.parametrize(
    ("properties", "nodes", "demand"),
    [
        ({}, 1, Resources(1, 0, 0)),
        ({}, 3, Resources(3, 0, 0)),
        ({"cpus": 2, "memory": "1.5g", "gpus": 1}, 2, Resources(4, 2 * 3 * 2**29, 2)),
        ({"memory_bytes": "1000"}, 1, Resources(1, 1000, 0)),
        ({"AISuperComputer": {"interactive": True}}, 1, Resources(1, 0, 0)),
    ],
)
def test_demand(properties: dict[str, Any], nodes: int, demand: Resources) -> None:
    assert ResourceProperties.read(properties, nodes) == ResourceProperties(demand)


@pytest.mark.parametrize(
    ("properties", "warm", "imports"),
    [
        ({"modelyard.warm": True}, True, None),
        ({"modelyard.warm": "false"}, False, None),
        (
            {"modelyard": {"warm": True, "warm_imports": ["pandas", "sklearn.ensemble"]}},
            True,
            ("pandas", "sklearn.ensemble"),
        ),
        ({"modelyard.warm": "true", "modelyard.warm_imports": "numpy, scipy"}, True, ("numpy", "scipy")),
        ({"modelyard.warm": True, "modelyard.warm_imports": []}, True, ()),
    ],
)
def test_warm(properties: dict[str, Any], warm: bool, imports: tuple[str, ...] | None) -> None:
    found = ResourceProperties.read(properties, 1)
    assert (found.warm, found.warm_imports) == (warm, imports)


@pytest.mark.parametrize(
    ("properties", "field", "mend"),
    [
        ({"cpu": 2}, "cpu", "cpus"),
        ({"CPUs": 2}, "CPUs", "cpus"),
        ({"gpu": 1}, "gpu", "gpus"),
        ({"memory_gb": 4}, "memory_gb", "memory"),
        ({"cores": 2}, "cores", "cpus"),
        ({"cpus": -1}, "cpus", "number"),
        ({"memory": "much"}, "memory_bytes", "bytes"),
        ({"modelyard.warn": True}, "modelyard.warn", "warm"),
        ({"modelyard": {"hot": True}}, "modelyard.hot", "warm"),
        ({"modelyard": "warm"}, "modelyard", "modelyard.warm: true"),
        ({"modelyard.warm": "perhaps"}, "modelyard.warm", "true"),
        ({"modelyard.warm_imports": ["os; x"]}, "modelyard.warm_imports", "list"),
    ],
)
def test_what_means_nothing_is_refused(properties: dict[str, Any], field: str, mend: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        ResourceProperties.read(properties, 1)
    assert refused.value.field == f"resources.properties.{field}"
    assert mend in str(refused.value.mend)
