"""What every loaded model offers the worker, whichever library is behind it."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import yaml

from modelyard.scorer.features import Features
from modelyard.scorer.signature import Signature, from_mlmodel

_AUTOML_ESTIMATOR = re.compile(r"modelyard_model_[0-9a-f]{8}\.automl\.outcome\.estimator\.Estimator")


@dataclass(frozen=True)
class MlflowFiles:
    """An MLflow model's folder and its parsed `MLmodel` file."""

    path: Path
    mlmodel: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> MlflowFiles:
        """Find the folder that holds `MLmodel`: the path itself, or its only such sub-folder."""
        if not (path / "MLmodel").is_file():
            nested = sorted(path.glob("*/MLmodel"))
            if len(nested) != 1:
                raise FileNotFoundError(f"no MLmodel file in {path.name}: is this an MLflow model?")
            path = nested[0].parent
        return cls(path, yaml.safe_load((path / "MLmodel").read_text("utf-8")))

    @property
    def flavors(self) -> Mapping[str, Any]:
        return self.mlmodel.get("flavors") or {}

    @property
    def signature(self) -> Signature | None:
        return from_mlmodel(self.mlmodel)

    def pickles(self) -> list[str]:
        """What of this model is Python's own object format, which runs code when it is loaded: for people to see."""
        found = []
        for name, flavor in sorted(self.flavors.items()):
            if not isinstance(flavor, Mapping):
                continue
            file = flavor.get("pickled_model") or flavor.get("python_model") or flavor.get("data")
            if isinstance(file, str) and file.endswith((".pkl", ".pickle", ".joblib")):
                found.append(f"{name} {file}")
            elif isinstance(file, str) and file.endswith(".skops") and not _is_plain(flavor):
                found.append(f"{name} {file} (skops, trusting types that the model itself names)")
        return found


def _is_plain(flavor: Mapping[str, Any]) -> bool:
    """Whether a skops file holds no types but scikit-learn's, or is an AutoML model: bytes under one name."""
    trusted = flavor.get("skops_trusted_types") or []
    return all(_AUTOML_ESTIMATOR.fullmatch(str(one)) for one in trusted)


class ScoringModel(ABC):
    """A loaded model. `predict` may be called from several threads, as many as the deployment allows at once."""

    loader: ClassVar[str]
    signature: Signature | None = None

    @abstractmethod
    def predict(self, features: Features, params: Mapping[str, Any] | None) -> Any:
        """Predictions for all rows, in order. InvalidInput for what the caller can mend."""


class FlavorLoader(ABC):
    """Loads one flavor of MLflow model natively, quicker to start and to answer than the generic way."""

    @abstractmethod
    def accepts(self, files: MlflowFiles) -> bool:
        """Whether this loader gives the same answers as MLflow's generic one for this model."""

    @abstractmethod
    def load(self, files: MlflowFiles) -> ScoringModel: ...
