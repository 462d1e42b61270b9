"""The face a saved model shows to scikit-learn: what `mlflow.sklearn.load_model` returns."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from modelyard.automl.outcome.model_archive import model_from
from modelyard.automl.outcome.served_model import ServedModel
from modelyard.domain.errors import Unsupported
from modelyard.domain.extras import LazyModule

tagging = LazyModule("sklearn.utils", extra="automl", what="scikit-learn's tags")


class Estimator:
    """A finished model for scikit-learn's scorers, inspections and pipelines. Its state is the model's archive."""

    def __init__(self, archive: bytes) -> None:
        self.__setstate__(archive)

    def __getstate__(self) -> bytes:
        return self._archive

    def __setstate__(self, archive: bytes) -> None:
        self._archive = bytes(archive)
        self._model = model_from(self._archive)
        if self._model.task.is_classification:
            self.classes_ = self._model.labels
        self.feature_names_in_ = np.array([column.name for column in self._model.columns], dtype=object)
        self.n_features_in_ = len(self.feature_names_in_)

    @property
    def model(self) -> ServedModel:
        return self._model

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """(rows,) labels or values of a frame, rows as mappings, or a mapping of columns."""
        return self._model.predict(X)

    def predict_proba(self, X: Any) -> np.ndarray:  # noqa: N803
        """(rows, classes), in the order of `classes_`."""
        return self._model.predict_proba(X)

    def score(self, X: Any, y: Any) -> float:  # noqa: N803
        """Accuracy, or R squared for regressions: scikit-learn's defaults."""
        predicted, known = self.predict(X), np.asarray(y)
        if self._model.task.is_classification:
            return float(np.mean(predicted == known))
        return float(1 - np.sum((known - predicted) ** 2) / np.sum((known - known.mean()) ** 2))

    def fit(self, X: Any, y: Any = None) -> NoReturn:  # noqa: N803
        """scikit-learn asks for the method before it scores a model; this one has learnt already."""
        raise Unsupported(
            "A saved AutoML model does not learn again.", mend="run its train.py, or modelyard.automl.fit"
        )

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {}

    def set_params(self, **params: Any) -> Estimator:
        if params:
            raise Unsupported("A saved AutoML model has no parameters to set.")
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_clone__(self) -> Estimator:
        return self

    def __sklearn_tags__(self) -> Any:
        classifies = self._model.task.is_classification
        return tagging.Tags(
            estimator_type="classifier" if classifies else "regressor",
            target_tags=tagging.TargetTags(required=False),
            classifier_tags=tagging.ClassifierTags() if classifies else None,
            regressor_tags=None if classifies else tagging.RegressorTags(),
            input_tags=tagging.InputTags(allow_nan=True, string=True, categorical=True),
        )
