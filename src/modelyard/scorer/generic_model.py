"""Any MLflow model by `mlflow.pyfunc`: every flavor there is, at MLflow's own speed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelyard.domain.errors import InvalidInput
from modelyard.domain.extras import require
from modelyard.scorer.features import Features
from modelyard.scorer.model import MlflowFiles, ScoringModel

_CALLERS_MISTAKES = frozenset({"INVALID_PARAMETER_VALUE", "BAD_REQUEST"})


class GenericModel(ScoringModel):
    loader = "mlflow.pyfunc"

    def __init__(self, files: MlflowFiles) -> None:
        self.signature = files.signature
        pyfunc = require("mlflow.pyfunc", extra="server", what="an MLflow model without a native loader")
        self._model = pyfunc.load_model(str(files.path))

    def predict(self, features: Features, params: Mapping[str, Any] | None) -> Any:
        try:
            return self._model.predict(features.natural(), params=dict(params) if params else None)
        except Exception as error:
            # MLflow says what is wrong with the columns by one exception class and a code.
            if getattr(error, "error_code", "") in _CALLERS_MISTAKES:
                raise InvalidInput(str(error)[:2000]) from error
            raise
