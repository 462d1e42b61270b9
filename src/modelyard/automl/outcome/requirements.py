"""What must be installed where a saved model answers: the libraries that its code imports, as they are here."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from functools import lru_cache
from importlib import metadata
from typing import Any

_DISTRIBUTIONS = {
    "sklearn": ("scikit-learn",),
    "xgboost": ("xgboost-cpu", "xgboost"),
    "lightgbm": ("lightgbm",),
    "catboost": ("catboost",),
    "onnxruntime": ("onnxruntime",),
    "numpy": ("numpy",),
    "scipy": ("scipy",),
    "pydantic": ("pydantic",),
    "statsforecast": ("statsforecast",),
    "holidays": ("holidays",),
}
"""By top-level module; other modules of the shipped code are not needed to predict."""
_ALWAYS = ("mlflow", "numpy", "pandas", "scikit-learn", "skops")
"""Of `mlflow.sklearn.load_model`; the native way needs numpy and the members' libraries alone."""


def pinned(libraries: Iterable[str]) -> list[str]:
    """`name==version` of the distributions behind top-level modules, and of what MLflow needs to load a model."""
    names = {_installed(_DISTRIBUTIONS[library]) for library in libraries if library in _DISTRIBUTIONS}
    versions = {name: version_of(name) for name in names.union(_ALWAYS)}
    return [f"{name}=={version}" for name, version in sorted(versions.items()) if version]


@lru_cache(maxsize=64)
def version_of(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def conda_environment(requirements: list[str]) -> dict[str, Any]:
    return {
        "name": "modelyard-automl",
        "channels": ["conda-forge"],
        "dependencies": [f"python={platform.python_version()}", "pip", {"pip": requirements}],
    }


def python_environment() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "build_dependencies": ["pip"],
        "dependencies": ["-r requirements.txt"],
    }


def _installed(candidates: tuple[str, ...]) -> str:
    return next((name for name in candidates if version_of(name)), candidates[0])
