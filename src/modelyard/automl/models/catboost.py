"""CatBoost: ordered encodings of categories and oblivious trees (Prokhorenkova et al. 2018)."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.design import Design, View
from modelyard.automl.models.boosting import Watching, boosting_seconds, learning_rate, useful_threads
from modelyard.automl.models.contributions import GivesContributions
from modelyard.automl.models.probabilities import pair, softmax
from modelyard.automl.models.proxy import wants_logarithm, wants_median
from modelyard.automl.models.tabular_model import Means, OutOfTime, Params, Part, Shape, TabularModel
from modelyard.automl.models.target_form import IDENTITY, LOG, TargetForm
from modelyard.automl.task import Task
from modelyard.domain.extras import LazyModule
from modelyard.domain.search_space import AnyDistribution, Choice, LogUniform, QUniform

cb: Any = LazyModule("catboost", extra="automl", what="CatBoost")

_OURS = ("trees", "target", "learning_rate")


class CatBoostModel(TabularModel, GivesContributions):
    """Parameters are CatBoost's names, and `trees` and `target` as LightGBM's."""

    name = "CatBoost"
    aliases = ("CatBoostClassifier", "CatBoostRegressor", "CAT")
    tasks = frozenset({Task.BINARY, Task.MULTICLASS, Task.REGRESSION})
    view = View.CODES
    extra_module = "catboost"

    def __init__(self, task: Task, classes: int, params: Params) -> None:
        super().__init__(task, classes, params)
        self._model: Any = None
        self._trees = 0
        self._form = TargetForm()
        self._present = np.arange(max(classes, 1))
        self._order = np.zeros(0, dtype=np.int64)

    @classmethod
    def default(cls, shape: Shape) -> Params:
        # Its trees are weaker and dearer than LightGBM's: the rate is higher for the same time.
        return {"learning_rate": round(min(0.2, 1.8 * learning_rate(shape)), 3), "depth": 6, "l2_leaf_reg": 3.0,
                "max_ctr_complexity": 1, "one_hot_max_size": 5}  # fmt: skip

    @classmethod
    def portfolio(cls, shape: Shape) -> Sequence[Params]:
        """Shapes of TabRepo's portfolio (Salinas & Erickson 2023): the default, shallow, deep with few combinations."""
        base = dict(cls.default(shape))
        combined = 2 if shape.rows <= 20_000 else 1
        found = [
            base,
            {**base, "depth": 4, "l2_leaf_reg": 4.5, "one_hot_max_size": 3, "max_ctr_complexity": combined},
            {**base, "depth": 8, "l2_leaf_reg": 3.3, "one_hot_max_size": 10, "max_ctr_complexity": combined},
        ]
        if shape.task is Task.REGRESSION:
            found.insert(1, {**base, "target": LOG})
        return found

    @classmethod
    def space(cls, shape: Shape) -> Mapping[str, AnyDistribution]:
        space: dict[str, AnyDistribution] = {
            "learning_rate": LogUniform(min_value=math.log(0.03), max_value=math.log(0.2)),
            "depth": QUniform(min_value=3, max_value=8, q=1),
            "l2_leaf_reg": LogUniform(min_value=math.log(0.5), max_value=math.log(20)),
            "random_strength": LogUniform(min_value=math.log(0.1), max_value=math.log(5)),
        }
        if shape.categorical:
            space["one_hot_max_size"] = Choice(values=[2, 5, 10, 20])
        if shape.task is Task.REGRESSION:
            space["target"] = Choice(values=[IDENTITY, LOG])
        return space

    @classmethod
    def memory_bytes(cls, shape: Shape, params: Params) -> int:
        leaves = 1 << int(params.get("depth", 6))
        encodings = shape.rows * shape.categorical * 16
        return 120_000_000 + shape.rows * (shape.features * 8 + 60 * shape.classes) + encodings + leaves * 1_000_000

    @classmethod
    def seconds(cls, shape: Shape, params: Params, threads: int) -> float:
        rate = float(params.get("learning_rate", 0.1))
        known = (
            params if "trees" in params else {**params, "trees": 40.0 / rate * min(1.0, max(0.3, shape.rows / 5_000))}
        )
        outputs = shape.classes if shape.task is Task.MULTICLASS else 1
        work = boosting_seconds(shape, known, threads, row_nanoseconds=18.0, tree_seconds=5e-4)
        # One tree holds the values of all classes.
        return float(work * (float(params.get("depth", 6)) / 6) ** 2 * (1 + shape.categorical * 0.1) / outputs**0.4)

    def _fit(self, train: Part, watch: Part | None, means: Means) -> None:
        goal = train.target.astype(np.int64) if self.task.is_classification else train.target
        if self.task is Task.REGRESSION:
            kind = LOG if wants_logarithm(means.metric) else str(self.params.get("target", IDENTITY))
            self._form = TargetForm.of(kind, train.target)
            goal = self._form.forward(goal)
        else:
            self._present = np.unique(goal)
        if self.task.is_classification and len(self._present) == 1:
            return
        self._order = _order(train.design)
        watching = Watching(self.params, means, watched=watch is not None)
        learner = cb.CatBoost(self._own_params(train, watching, means))
        watched = self._watched(watch) if watch is not None else None
        learner.fit(_pool(train, goal), eval_set=watched, callbacks=[_Clock(watching)])
        self._trees = int(learner.tree_count_)
        if not self._trees:
            raise OutOfTime("no tree of CatBoost was grown before the deadline")
        self._model = _read(_written(learner))
        if self._form.kind == LOG and not wants_median(means.metric) and not wants_logarithm(means.metric):
            seen = watch or train
            self._form = self._form.smeared(seen.target, self._raw(seen.design, means.threads))

    def _watched(self, watch: Part) -> Any:
        if self.task is Task.REGRESSION:
            return _pool(watch, self._form.forward(watch.target))
        # A class that the training rows lack has no loss under this model.
        known = np.isin(watch.target, self._present)
        weight = None if watch.weight is None else watch.weight[known]
        design = Design(watch.design.matrix[known], watch.design.names, watch.design.categorical)
        return _pool(Part(design, watch.target[known], weight), watch.target[known].astype(np.int64))

    def predict(self, design: Design, threads: int = 1) -> np.ndarray:
        if self.task is Task.REGRESSION:
            return self._form.backward(self._raw(design, threads))
        full = np.zeros((design.matrix.shape[0], self.classes))
        if len(self._present) == 1:
            full[:, self._present] = 1.0
            return full
        raw = self._raw(design, threads)
        shares = pair(1.0 / (1.0 + np.exp(-raw))) if raw.ndim == 1 else softmax(raw)
        if len(self._present) == self.classes:
            return shares
        full[:, self._present] = shares
        return full

    def refit_params(self, fits: Sequence[Self], growth: float) -> Params:
        trees = float(np.mean([fit._trees for fit in fits])) * growth**0.5
        return {**self.params, "trees": max(1, round(trees))}

    def fitted_params(self) -> dict[str, Any]:
        return {**self.params, "trees": self._trees} if self._trees else dict(self.params)

    def state(self) -> dict[str, Any]:
        content = b"" if self._model is None else _written(self._model)
        return {
            "model": content,
            "trees": self._trees,
            "form": self._form.state(),
            "present": self._present,
            "order": self._order,
        }

    @classmethod
    def restore(cls, task: Task, classes: int, params: Params, state: Mapping[str, Any]) -> Self:
        model = cls(task, classes, params)
        model._model = _read(bytes(state["model"])) if len(state["model"]) else None
        model._trees = int(state["trees"])
        model._form = TargetForm.restore(state["form"])
        model._present = np.asarray(state["present"])
        model._order = np.asarray(state["order"])
        return model

    @property
    def contributes(self) -> bool:
        whole = self.task is Task.REGRESSION or len(self._present) == self.classes
        return self._form.kind == IDENTITY and self._model is not None and whole

    def contributions(self, design: Design) -> np.ndarray:
        found = np.asarray(self._model.get_feature_importance(cb.Pool(_columns(design)), type="ShapValues"))
        back = np.argsort(_order(design))
        found = found[..., [*back, found.shape[-1] - 1]]
        return np.moveaxis(found, 1, 2) if found.ndim == 3 else found

    def importances(self) -> np.ndarray | None:
        if self._model is None:
            return None
        # The library counts numbers first, then categories.
        found = np.asarray(self._model.get_feature_importance(type="PredictionValuesChange"), dtype=np.float64)
        return np.asarray(found[np.argsort(self._order)])

    def _raw(self, design: Design, threads: int) -> np.ndarray:
        found = self._model.predict(_columns(design), prediction_type="RawFormulaVal", thread_count=threads)
        return np.asarray(found)

    def _own_params(self, train: Part, watching: Watching, means: Means) -> dict[str, Any]:
        loss = "RMSE"
        if self.task.is_classification:
            loss = "Logloss" if len(self._present) == 2 else "MultiClass"
        elif wants_median(means.metric):
            loss = "MAE"
        own = {"loss_function": loss, "iterations": watching.most, "random_seed": means.seed, "verbose": False,
               "learning_rate": float(self.params.get("learning_rate", 0.1)), "allow_writing_files": False,
               "thread_count": useful_threads(train.design.matrix.shape, means.threads)}  # fmt: skip
        whole = ("depth", "max_ctr_complexity", "one_hot_max_size")
        given = {key: value for key, value in self.params.items() if key not in _OURS}
        return own | {key: int(value) if key in whole else value for key, value in given.items()}


class _Clock:
    """The library's callback: asks after each tree whether to go on."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching

    def after_iteration(self, info: Any) -> bool:
        watched = info.metrics.get("validation")
        self._watching.count(next(iter(watched.values()))[-1] if watched else None)
        return self._watching.goes_on()


def _order(design: Design) -> np.ndarray:
    """The features in the order in which the library gets them: numbers, then categories."""
    categorical = np.array(design.categorical, dtype=np.int64)
    return np.concatenate([np.setdiff1d(np.arange(design.matrix.shape[1]), categorical), categorical])


def _columns(design: Design) -> Any:
    """The library's quickest form: float32 numbers and categories as bytes."""
    matrix, categorical = design.matrix, list(design.categorical)
    if not categorical:
        return cb.FeaturesData(num_feature_data=np.ascontiguousarray(matrix, dtype=np.float32))
    numbers = np.delete(matrix, categorical, axis=1) if len(categorical) < matrix.shape[1] else None
    codes = np.nan_to_num(matrix[:, categorical], nan=-1.0).astype(np.int64) + 1
    words = _words(1 << int(codes.max(initial=0)).bit_length())[codes]
    if numbers is None:
        return cb.FeaturesData(cat_feature_data=words)
    return cb.FeaturesData(num_feature_data=np.ascontiguousarray(numbers, dtype=np.float32), cat_feature_data=words)


@cache
def _words(count: int) -> np.ndarray:
    return np.array([str(code - 1).encode() for code in range(count)], dtype=object)


def _pool(part: Part, goal: np.ndarray) -> Any:
    return cb.Pool(_columns(part.design), goal, weight=part.weight)


def _written(model: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.cbm"
        model.save_model(str(path))
        return path.read_bytes()


def _read(content: bytes) -> Any:
    return cb.CatBoost().load_model(blob=content)
