"""Modelyard: an open, self-hosted machine-learning platform.

Names are imported when they are first used, so that `import modelyard` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelyard.builders import command as command
    from modelyard.client.ml_client import MLClient as MLClient
    from modelyard.domain.identity import AmlTokenConfiguration as AmlTokenConfiguration
    from modelyard.domain.identity import ManagedIdentityConfiguration as ManagedIdentityConfiguration
    from modelyard.domain.identity import UserIdentityConfiguration as UserIdentityConfiguration
    from modelyard.domain.job import MpiDistribution as MpiDistribution
    from modelyard.domain.job import PyTorchDistribution as PyTorchDistribution
    from modelyard.domain.job import RayDistribution as RayDistribution
    from modelyard.domain.job import TensorFlowDistribution as TensorFlowDistribution
    from modelyard.domain.job_io import Input as Input
    from modelyard.domain.job_io import Output as Output
    from modelyard.loaders import load_code as load_code
    from modelyard.loaders import load_component as load_component
    from modelyard.loaders import load_compute as load_compute
    from modelyard.loaders import load_data as load_data
    from modelyard.loaders import load_datastore as load_datastore
    from modelyard.loaders import load_environment as load_environment
    from modelyard.loaders import load_job as load_job
    from modelyard.loaders import load_model as load_model
    from modelyard.loaders import load_online_deployment as load_online_deployment
    from modelyard.loaders import load_online_endpoint as load_online_endpoint
    from modelyard.loaders import load_schedule as load_schedule
    from modelyard.loaders import load_workspace as load_workspace

_HOMES = {
    "MLClient": "modelyard.client",
    "command": "modelyard.builders",
    "Input": "modelyard.domain.job_io",
    "Output": "modelyard.domain.job_io",
    **dict.fromkeys(
        ["AmlTokenConfiguration", "ManagedIdentityConfiguration", "UserIdentityConfiguration"],
        "modelyard.domain.identity",
    ),
    **dict.fromkeys(
        ["MpiDistribution", "PyTorchDistribution", "RayDistribution", "TensorFlowDistribution"],
        "modelyard.domain.job",
    ),
    **dict.fromkeys(
        [
            "load_code",
            "load_component",
            "load_compute",
            "load_data",
            "load_datastore",
            "load_environment",
            "load_job",
            "load_model",
            "load_online_deployment",
            "load_online_endpoint",
            "load_schedule",
            "load_workspace",
        ],
        "modelyard.loaders",
    ),
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'modelyard' has no attribute '{name}'")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
