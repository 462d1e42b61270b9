"""LightGBM models on plain arrays: building a frame costs ten times what the trees do for one row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from modelyard.domain.extras import require
from modelyard.scorer.estimators import load_estimator
from modelyard.scorer.features import Features
from modelyard.scorer.model import FlavorLoader, MlflowFiles, ScoringModel
from modelyard.scorer.signature import Signature

_BOOSTER = "lightgbm.basic.Booster"


class BoosterModel(ScoringModel):
    loader = "lightgbm"

    def __init__(self, booster: Any, signature: Signature) -> None:
        self.signature = signature
        # A booster trained on pandas categories maps them by the frame's types; arrays have none.
        self._on_arrays = signature.all_numeric and not booster.pandas_categorical
        self._predict = booster.predict

    def predict(self, features: Features, params: Mapping[str, Any] | None) -> Any:
        return self._predict(features.matrix() if self._on_arrays else features.frame())


class LightgbmEstimatorModel(ScoringModel):
    """The scikit-learn wrapper around a booster; its booster answers where both were seen to agree."""

    loader = "lightgbm"

    def __init__(self, estimator: Any, signature: Signature) -> None:
        self.signature = signature
        self._estimator = estimator
        self._booster = estimator.booster_
        self._classes = getattr(estimator, "classes_", None)
        self._on_arrays = signature.all_numeric and not self._booster.pandas_categorical and self._agree()

    def predict(self, features: Features, params: Mapping[str, Any] | None) -> Any:
        if self._on_arrays:
            return self._quick(features.matrix())
        return self._estimator.predict(features.frame())

    def _quick(self, matrix: Any) -> Any:
        scores = self._booster.predict(matrix)
        if self._classes is None:
            return scores
        chosen = scores.argmax(axis=1) if scores.ndim == 2 else (scores > 0.5).astype(np.int64)
        return self._classes[chosen]

    def _agree(self) -> bool:
        """Both ways on rows drawn from the trees' own thresholds would be ideal; random magnitudes come close."""
        draw = np.random.default_rng(0)
        width = self._booster.num_feature()
        rows = draw.normal(size=(64, width)) * 10.0 ** draw.integers(-2, 4, size=(64, width))
        try:
            return np.array_equal(self._quick(rows), self._estimator.predict(rows, validate_features=False))
        except (TypeError, ValueError, AttributeError):
            return False


class LightgbmLoader(FlavorLoader):
    def accepts(self, files: MlflowFiles) -> bool:
        flavor = files.flavors.get("lightgbm")
        generic = files.flavors.get("python_function") or {}
        signature = files.signature
        return (
            flavor is not None
            and generic.get("loader_module") == "mlflow.lightgbm"
            and not flavor.get("code")
            and signature is not None
            and signature.simple
            and not signature.has_params
        )

    def load(self, files: MlflowFiles) -> ScoringModel:
        flavor = files.flavors["lightgbm"]
        signature = files.signature
        assert signature is not None
        path = files.path / flavor["data"]
        if flavor.get("model_class", _BOOSTER) == _BOOSTER:
            lightgbm = require("lightgbm", extra="examples", what="a LightGBM model")
            return BoosterModel(lightgbm.Booster(model_file=str(path)), signature)
        return LightgbmEstimatorModel(load_estimator(path, flavor, "cloudpickle"), signature)
