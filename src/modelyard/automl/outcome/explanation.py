"""Importances of columns, overall and row by row.

Where every member can take its predictions apart exactly (trees, linear models), its contributions are used, in log
odds or in the target's unit; else Shapley values of the whole model are sampled, in probabilities or the target's unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from modelyard.automl.ensemble.combiner import WeightedMean
from modelyard.automl.featurize.design import Design
from modelyard.automl.models.contributions import GivesContributions
from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.outcome.input_table import InputTable
from modelyard.automl.outcome.served_model import Label
from modelyard.automl.outcome.shapley import sampled_contributions
from modelyard.automl.task import Task
from modelyard.domain.errors import InvalidInput
from modelyard.domain.extras import LazyModule

pandas: Any = LazyModule("pandas", extra="automl", what="explanations as frames")

_SEPARATORS = "=:@ #/|~<>"


@dataclass(frozen=True)
class Explanation:
    method: str
    """`tree_shap`, `linear_shap`, both joined by `+`, or `sampled_shap`."""
    importances: Mapping[str, float]
    """Mean absolute contribution of each column, largest first."""
    features: Mapping[str, float] = field(default_factory=dict)
    """The same by feature, where the method tells them apart."""
    columns: tuple[str, ...] = ()
    contributions: np.ndarray | None = None
    """(rows, columns), or (rows, columns, classes) for multiclass."""
    base: np.ndarray | None = None
    """(outputs,): what the contributions are added to."""
    classes: tuple[Label, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON types; without the rows."""
        return {"method": self.method, "importances": dict(self.importances), "features": dict(self.features)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        return cls(stored["method"], stored["importances"], stored.get("features", {}))

    def frame(self) -> Any:
        """Row by row, as a pandas frame: one column a column, for multiclass on two levels (class, column).

        Raises:
            InvalidInput: only the importances were kept.
        """
        if self.contributions is None:
            raise InvalidInput("Only the overall importances were kept.", field="data", mend="call explain with data")
        if self.contributions.ndim == 2:
            return pandas.DataFrame(self.contributions, columns=list(self.columns))
        names = pandas.MultiIndex.from_product([list(self.classes), list(self.columns)], names=["class", "column"])
        flat = self.contributions.transpose(0, 2, 1).reshape(len(self.contributions), -1)
        return pandas.DataFrame(flat, columns=names)


def explain(model: FittedModel, data: Any, *, rows: int = 200, seconds: float = 30.0, seed: int = 0) -> Explanation:
    """Of `model` on `rows` rows of `data`, drawn at random where there are more, in about `seconds`.

    Raises:
        InvalidInput: `data` lacks a column, or has no rows.
    """
    table = InputTable.of(data, model.columns)
    if not table.rows:
        raise InvalidInput("There are no rows to explain.", field="data")
    chosen = np.arange(table.rows)
    if table.rows > rows:
        chosen = np.sort(np.random.default_rng(seed).choice(table.rows, rows, replace=False))
    if isinstance(model.ensemble.combiner, WeightedMean) and all(
        isinstance(one, GivesContributions) and one.contributes
        for member in model.ensemble.members
        for one in member.models
    ):
        return _exact(model, {name: values[chosen] for name, values in table.arrays.items()})
    return _sampled(model, table.arrays, chosen, seconds, seed)


def _exact(model: FittedModel, arrays: Mapping[str, np.ndarray]) -> Explanation:
    designs = {name: model.featurizers[name].transform(arrays) for name in model.ensemble.designs}
    columns = tuple(column.name for column in model.columns)
    parts, methods, by_feature = [], [], dict[str, float]()
    for member, share in zip(model.ensemble.members, model.ensemble.combiner.influence(), strict=True):
        for one, name in zip(member.models, member.designs, strict=True):
            assert isinstance(one, GivesContributions)
            weight = float(share) / len(member.models)
            values = one.contributions(designs[name])
            parts.append(weight * by_column(values, designs[name], columns))
            methods.append(one.contribution_method)
            _add_features(by_feature, weight * _mean_absolute(values[:, :-1]), designs[name])
    total = np.sum(parts, axis=0)
    method = "+".join(dict.fromkeys(methods))
    return _explanation(model, method, columns, total[:, :-1], total[:, -1].mean(axis=0), by_feature)


def _sampled(
    model: FittedModel, arrays: Mapping[str, np.ndarray], chosen: np.ndarray, seconds: float, seed: int
) -> Explanation:
    def outputs(mixed: Mapping[str, np.ndarray]) -> np.ndarray:
        values = model.outputs_of(mixed)
        if model.task is Task.BINARY:
            return values[:, 1:]
        return values if values.ndim == 2 else values[:, None]

    values, base, _ = sampled_contributions(outputs, arrays, chosen, seconds=seconds, seed=seed)
    if values.shape[-1] == 1:
        values = values[:, :, 0]
    return _explanation(model, "sampled_shap", tuple(arrays), values, base, {})


def _explanation(
    model: FittedModel,
    method: str,
    columns: tuple[str, ...],
    values: np.ndarray,
    base: np.ndarray,
    by_feature: Mapping[str, float],
) -> Explanation:
    importances = dict(zip(columns, _mean_absolute(values).tolist(), strict=True))
    return Explanation(
        method, _ranked(importances), _ranked(by_feature), columns, values, np.atleast_1d(base), model.classes
    )


def by_column(values: np.ndarray, design: Design, columns: Sequence[str]) -> np.ndarray:
    """(rows, columns + 1, ...): contributions of features added up by the column they come from, the base last."""
    total = np.zeros((len(values), len(columns) + 1, *values.shape[2:]))
    places = {column: place for place, column in enumerate(columns)}
    for feature, name in enumerate(design.names):
        place = places.get(source_column(name, places) or "")
        if place is not None:
            total[:, place] += values[:, feature]
    total[:, -1] = values[:, -1]
    return total


def source_column(feature: str, columns: Mapping[str, Any]) -> str | None:
    """The longest column name that `feature` is, or begins with before a separator: `note` of `note:svd3`."""
    if feature in columns:
        return feature
    for end in range(len(feature) - 1, 0, -1):
        if feature[end] in _SEPARATORS and feature[:end] in columns:
            return feature[:end]
    return None


def _mean_absolute(values: np.ndarray) -> np.ndarray:
    """(columns,): over rows, and over classes where there are several."""
    sizes = np.abs(values).mean(axis=0)
    return np.asarray(sizes.mean(axis=-1) if sizes.ndim == 2 else sizes)


def _add_features(total: dict[str, float], sizes: np.ndarray, design: Design) -> None:
    for name, size in zip(design.names, sizes.tolist(), strict=True):
        total[name] = total.get(name, 0.0) + size


def _ranked(sizes: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))
