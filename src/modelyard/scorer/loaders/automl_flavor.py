"""AutoML models by the code they were saved with, on arrays: no frame, no MLflow, no scikit-learn."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from typing import Any

from modelyard.domain.errors import InvalidInput
from modelyard.scorer.features import Features
from modelyard.scorer.model import FlavorLoader, MlflowFiles, ScoringModel
from modelyard.scorer.signature import Signature

_MODULE = re.compile(r"modelyard_model_[0-9a-f]{8}\.automl\.outcome\.pyfunc_model")


class AutomlModel(ScoringModel):
    loader = "automl"

    def __init__(self, model: Any, signature: Signature) -> None:
        self.signature = signature
        self._model = model

    def predict(self, features: Features, params: Mapping[str, Any] | None) -> Any:
        outputs = self._model.outputs_of(self._arrays(features))
        method = (params or {}).get("method", "predict")
        if method == "predict":
            return self._model.decided(outputs)
        if method == "predict_proba" and self._model.classes:
            return outputs
        raise InvalidInput(f"The model has no method '{method}'.", field="params.method", mend="predict")

    def _arrays(self, features: Features) -> dict[str, Any]:
        assert self.signature is not None
        if self.signature.all_floating:
            return dict(zip(self.signature.names, features.matrix().T, strict=True))
        return dict(zip(self.signature.names, features.arrays(), strict=True))


class AutomlLoader(FlavorLoader):
    def accepts(self, files: MlflowFiles) -> bool:
        generic = files.flavors.get("python_function") or {}
        signature = files.signature
        return (
            _MODULE.fullmatch(str(generic.get("loader_module"))) is not None
            and signature is not None
            and signature.simple
        )

    def load(self, files: MlflowFiles) -> ScoringModel:
        generic = files.flavors["python_function"]
        signature = files.signature
        assert signature is not None
        module = importlib.import_module(generic["loader_module"])
        return AutomlModel(module.load(files.path / generic["data"]), signature)
