"""The face a saved model shows to `mlflow.pyfunc`: found by the name of its loader module in `MLmodel`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from modelyard.automl.outcome import skops_file
from modelyard.automl.outcome.model_archive import model_from
from modelyard.automl.outcome.served_model import ServedModel
from modelyard.domain.errors import InvalidInput

METHODS = ("predict", "predict_proba")


class PyfuncModel:
    def __init__(self, model: ServedModel) -> None:
        self.model = model

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> np.ndarray:
        """Labels or values; with `params={"method": "predict_proba"}` the probabilities."""
        method = (params or {}).get("method") or METHODS[0]
        if method not in METHODS:
            raise InvalidInput(f"There is no method '{method}': {' or '.join(METHODS)}.", field="method")
        return np.asarray(getattr(self.model, method)(model_input))


def load(path: str | Path) -> ServedModel:
    """The model of an exported file, without MLflow, skops or scikit-learn."""
    return model_from(skops_file.read(Path(path)))


def _load_pyfunc(path: str) -> PyfuncModel:
    """MLflow calls it by this name."""
    return PyfuncModel(load(path))
