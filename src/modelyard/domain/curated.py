"""Local equivalents of Azure ML's curated environments: names to Python requirements.

A curated environment is known by the beginning of its name (`sklearn-1.5`, `AzureML-sklearn-1.0-ubuntu20.04-py38-cpu`).
The versions here are floors and not pins, so that an interpreter which has newer packages needs no build.
"""

from __future__ import annotations

from collections.abc import Mapping

from modelyard.domain.environment import Environment
from modelyard.domain.errors import NotFound, did_you_mean
from modelyard.domain.references import AssetRef, RegistryRef

_TABLE_BASE = ("mlflow", "numpy", "pandas", "scipy")
_SKLEARN = (*_TABLE_BASE, "scikit-learn>=1.5")
_TORCH = (*_TABLE_BASE, "torch", "torchvision")
_HUGGING_FACE = (*_TORCH, "transformers", "datasets", "accelerate", "evaluate")

# Longer beginnings win.
REQUIREMENTS: Mapping[str, tuple[str, ...]] = {
    "sklearn": _SKLEARN,
    "lightgbm": (*_SKLEARN, "lightgbm>=4"),
    "xgboost": (*_SKLEARN, "xgboost-cpu"),
    "tabular": (*_SKLEARN, "lightgbm>=4", "xgboost-cpu"),
    "automl": (*_SKLEARN, "lightgbm>=4", "xgboost-cpu"),
    "ai-ml-automl": (*_SKLEARN, "lightgbm>=4", "xgboost-cpu"),
    "pytorch": _TORCH,
    "acpt-pytorch": _TORCH,
    "acpt": _TORCH,
    "tensorflow": (*_TABLE_BASE, "tensorflow"),
    "acft-hf-nlp": _HUGGING_FACE,
    "acft-transformers": _HUGGING_FACE,
    "responsibleai": (*_SKLEARN, "shap", "fairlearn", "lightgbm>=4"),
    "dask": (*_TABLE_BASE, "dask[complete]"),
    "mlflow": ("mlflow", "numpy", "pandas"),
    "minimal": (),
    "ubuntu": (),
    "openmpi": (),
    "python-sdk": (),
    "inference": (),
}


def curated(reference: AssetRef | RegistryRef) -> Environment | None:
    """The local equivalent of a curated environment; None for a name that is a workspace's own.

    A name in the registry `azureml`, or one that begins with `AzureML-`, is curated: NotFound when it has
    no equivalent.
    """
    registry = isinstance(reference, RegistryRef) and reference.registry.lower() in ("azureml", "modelyard")
    if not registry and not reference.name.lower().startswith("azureml-"):
        return None
    beginning = _beginning(reference.name)
    if beginning is None:
        raise NotFound(
            f"there is no local equivalent of the curated environment '{reference.name}'",
            field="environment",
            mend=did_you_mean(reference.name, REQUIREMENTS) or f"known beginnings: {', '.join(sorted(REQUIREMENTS))}",
        )
    return Environment(
        name=reference.name,
        version=reference.version or "1",
        description=f"Local equivalent of the curated environment {reference.name}.",
        conda_file={"dependencies": [{"pip": list(REQUIREMENTS[beginning])}]},
        tags={"curated": "true"},
    )


def _beginning(name: str) -> str | None:
    bare = name.lower().removeprefix("azureml-")
    fitting = [word for word in REQUIREMENTS if bare == word or bare.startswith((f"{word}-", f"{word}_"))]
    return max(fitting, key=len) if fitting else None
