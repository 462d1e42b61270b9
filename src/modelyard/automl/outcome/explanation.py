"""Importances of columns, overall and row by row, in the unit of the model's margin (log odds, or the target)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from modelyard.automl.outcome.fitted_model import FittedModel


@dataclass(frozen=True)
class Explanation:
    """`importances` are mean absolute contributions, one a column, largest first."""

    method: str
    """`tree_shap`, `linear_shap`, `kernel_shap`, `permutation`, or several joined by `+`."""
    importances: Mapping[str, float]
    features: Mapping[str, float]
    """The same by feature, where the method tells them apart."""
    rows: np.ndarray | None = None
    """(rows, columns) or (rows, columns, classes) contributions, in the order of `columns`."""
    columns: tuple[str, ...] = ()
    base: np.ndarray | None = None
    """What the contributions are added to: one an output."""

    def to_dict(self) -> dict[str, Any]:
        """Without the rows."""
        return {"method": self.method, "importances": dict(self.importances), "features": dict(self.features)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        return cls(stored["method"], stored["importances"], stored.get("features", {}))

    def frame(self) -> Any:
        """Row by row, as a pandas frame; one column a column (and class)."""
        raise NotImplementedError


def explain(model: FittedModel, frame: Any, *, rows: int = 200, seconds: float = 30.0) -> Explanation:
    """Of `model` on up to `rows` rows of `frame`."""
    raise NotImplementedError
