"""Three real tuning problems: LightGBM on small data, over a grid of settings whose results are tabulated.

Every combination of the settings has one result, computed when it is first asked for and kept: that makes twenty seeds
of every contestant affordable, and the best of the table known.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from analytic_functions import Point, Problem

# Each dimension of a point is a place in one of these lists.
SETTINGS: dict[str, Sequence[float]] = {
    "learning_rate": (0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6),
    "num_leaves": (3, 6, 12, 24, 48),
    "min_child_samples": (2, 8, 32, 96),
    "feature_fraction": (0.3, 0.6, 1.0),
    "lambda_l2": (0.0, 3.0, 30.0),
}
ROUNDS = 60
MOST_ROWS = 2500
FOLDERS = {
    "adult": ("income", "binary"),
    "california": ("median_house_value", "regression"),
    "bike_sharing": ("cnt", "regression"),
}
LOADERS = {"breast_cancer": "binary", "diabetes": "regression", "digits": "binary"}
Data = tuple[Any, Any, Any, Any, str]


def problems(folder: Path | None, cache: Path, pool: Executor, most: int = 3) -> list[Problem]:
    """Problems with their tables filled; `folder` holds `<name>/train.parquet`, else scikit-learn's data is used."""
    names = list(FOLDERS if folder else LOADERS)[:most]
    return [_problem(name, folder, cache, pool) for name in names]


def _problem(name: str, folder: Path | None, cache: Path, pool: Executor) -> Problem:
    points = list(itertools.product(*[range(len(values)) for values in SETTINGS.values()]))
    file = cache / f"lightgbm-{name}-{ROUNDS}-{MOST_ROWS}-{len(points)}.json"
    if not file.exists():
        values = list(pool.map(_value, [name] * len(points), [folder] * len(points), points, chunksize=20))
        file.write_text(json.dumps(values), encoding="utf-8")
    table = dict(zip(points, json.loads(file.read_text("utf-8")), strict=True))
    bounds = [(0, len(values) - 1) for values in SETTINGS.values()]
    return Problem(f"lightgbm {name}", bounds, Table(table), min(table.values()))


class Table:
    """The tabulated loss at a point."""

    def __init__(self, values: dict[tuple[int, ...], float]) -> None:
        self._values = values

    def __call__(self, point: Point) -> float:
        return self._values[tuple(int(place) for place in point)]


def _value(name: str, folder: Path | None, point: Sequence[int]) -> float:
    """The loss on rows that were not trained on: log loss, or mean squared error over the target's variance."""
    import lightgbm

    train_rows, train_target, test_rows, test_target, objective = _data(name, folder)
    chosen = {setting: values[place] for (setting, values), place in zip(SETTINGS.items(), point, strict=True)}
    settings = {"objective": objective, "verbosity": -1, "num_threads": 1, "seed": 0, "deterministic": True, **chosen}
    model = lightgbm.train(settings, lightgbm.Dataset(train_rows, train_target), ROUNDS)
    found = np.asarray(model.predict(test_rows))
    if objective == "regression":
        return float(np.mean((found - test_target) ** 2) / np.var(test_target))
    share = np.clip(found, 1e-7, 1 - 1e-7)
    return float(-np.mean(test_target * np.log(share) + (1 - test_target) * np.log(1 - share)))


@lru_cache(maxsize=4)
def _data(name: str, folder: Path | None) -> Data:
    rows, target, objective = _from_parquet(name, folder) if folder else _from_sklearn(name)
    order = np.random.default_rng(0).permutation(len(target))[: 2 * MOST_ROWS]
    half = len(order) // 2
    train, test = order[:half], order[half:]
    return rows[train], target[train], rows[test], target[test], objective


def _from_sklearn(name: str) -> tuple[Any, Any, str]:
    from sklearn import datasets

    load: Callable[..., Any] = getattr(datasets, f"load_{name}")
    rows, target = load(return_X_y=True)
    target = target % 2 if name == "digits" else target  # even or odd: ten classes would take ten times as long
    return rows, target.astype(float), LOADERS[name]


def _from_parquet(name: str, folder: Path) -> tuple[Any, Any, str]:
    import pandas

    label, objective = FOLDERS[name]
    table = pandas.read_parquet(folder / name / "train.parquet")
    target = table.pop(label)
    columns = {}
    for column, values in table.items():
        if pandas.api.types.is_datetime64_any_dtype(values):
            columns |= {f"{column}.{part}": getattr(values.dt, part) for part in ("month", "dayofweek", "hour")}
        else:
            numeric = pandas.api.types.is_numeric_dtype(values)
            columns[str(column)] = values if numeric else values.astype("category").cat.codes
    rows = pandas.DataFrame(columns).to_numpy(dtype=float)
    wanted = target.to_numpy(dtype=float) if objective == "regression" else pandas.factorize(target)[0].astype(float)
    return rows, wanted, objective
