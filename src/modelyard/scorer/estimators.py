"""Reading estimators in scikit-learn's manner: skops, pickle or cloudpickle, as the model's own file says."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelyard.domain.errors import PermissionDenied
from modelyard.domain.extras import require


def load_estimator(path: Path, flavor: Mapping[str, Any], default_format: str) -> Any:
    """The estimator in `path`. Pickles are refused when MLFLOW_ALLOW_PICKLE_DESERIALIZATION is false."""
    stored_as = flavor.get("serialization_format") or default_format
    if os.environ.get("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "true").lower() in ("false", "0"):
        raise PermissionDenied(
            f"The model is stored as {stored_as}, and MLFLOW_ALLOW_PICKLE_DESERIALIZATION is false.",
            mend="allow it in the deployment's environment_variables, or store the model as ONNX",
        )
    if stored_as == "skops":
        skops = require("skops.io", extra="server", what="a model stored by skops")
        return skops.load(path, trusted=flavor.get("skops_trusted_types"))
    with path.open("rb") as file:
        if stored_as == "cloudpickle":
            return require("cloudpickle", extra="server", what="a model stored by cloudpickle").load(file)
        return pickle.load(file)
