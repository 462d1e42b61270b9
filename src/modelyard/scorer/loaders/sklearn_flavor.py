"""scikit-learn models without MLflow: its generic way calls `predict` on the same frame, after checks of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelyard.scorer.estimators import load_estimator
from modelyard.scorer.features import Features
from modelyard.scorer.model import FlavorLoader, MlflowFiles, ScoringModel
from modelyard.scorer.signature import Signature

_METHODS = frozenset({"predict", "predict_proba", "predict_log_proba", "predict_joint_log_proba"})


class SklearnModel(ScoringModel):
    loader = "sklearn"

    def __init__(self, estimator: Any, method: str, signature: Signature | None) -> None:
        self.signature = signature
        self._predict = getattr(estimator, method)

    def predict(self, features: Features, params: Mapping[str, Any] | None) -> Any:
        return self._predict(features.natural())


class SklearnLoader(FlavorLoader):
    def accepts(self, files: MlflowFiles) -> bool:
        flavor = files.flavors.get("sklearn")
        generic = files.flavors.get("python_function") or {}
        signature = files.signature
        return (
            flavor is not None
            and generic.get("loader_module") == "mlflow.sklearn"
            and not flavor.get("code")
            and generic.get("predict_fn", "predict") in _METHODS
            and (signature is None or (signature.simple and not signature.has_params))
        )

    def load(self, files: MlflowFiles) -> ScoringModel:
        flavor = files.flavors["sklearn"]
        method = files.flavors["python_function"].get("predict_fn", "predict")
        estimator = load_estimator(files.path / flavor["pickled_model"], flavor, "pickle")
        return SklearnModel(estimator, method, files.signature)
