"""XGBoost: gradient boosting of level-wise trees on histograms (Chen & Guestrin 2016)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.design import Design, View
from modelyard.automl.models.boosting import Watching, boosting_seconds, learning_rate, useful_threads
from modelyard.automl.models.leaf_forest import LeafForest, Tree, compact
from modelyard.automl.models.onnx_form import OUTPUT, ConvertsToOnnx, Finish, OnnxForm, forest_graph
from modelyard.automl.models.probabilities import pair, sigmoid, softmax
from modelyard.automl.models.proxy import wants_logarithm, wants_median
from modelyard.automl.models.tabular_model import Means, OutOfTime, Params, Part, Shape, TabularModel
from modelyard.automl.models.target_form import IDENTITY, LOG, TargetForm
from modelyard.automl.task import Task
from modelyard.domain.extras import LazyModule
from modelyard.domain.search_space import AnyDistribution, Choice, LogUniform, QUniform, Uniform

xgb: Any = LazyModule("xgboost", extra="automl", what="XGBoost")

_OURS = ("trees", "target")


class XGBoostModel(TabularModel, ConvertsToOnnx):
    """Parameters are XGBoost's names, and `trees` and `target` as LightGBM's. Codes of categories are taken in their
    order; their target encodings stand beside them.

    The library predicts one row in half a millisecond and more, so its trees are kept as a `LeafForest`.
    """

    name = "XGBoost"
    aliases = ("XGBoostClassifier", "XGBoostRegressor", "XGB")
    tasks = frozenset({Task.BINARY, Task.MULTICLASS, Task.REGRESSION})
    view = View.TREE
    extra_module = "xgboost"

    def __init__(self, task: Task, classes: int, params: Params) -> None:
        super().__init__(task, classes, params)
        self._forest: LeafForest | None = None
        self._offset = np.zeros(1)
        self._trees = 0
        self._form = TargetForm()

    @classmethod
    def default(cls, shape: Shape) -> Params:
        # With very many classes the rounds are bounded, and have to go further each.
        rate = min(0.2, learning_rate(shape) * (1.5 if shape.classes > 10 else 1.0))
        return {"learning_rate": round(rate, 3), "max_depth": 6, "min_child_weight": 1.0, "subsample": 0.9,
                "colsample_bytree": 0.8}  # fmt: skip

    @classmethod
    def portfolio(cls, shape: Shape) -> Sequence[Params]:
        """Shapes of TabRepo's portfolio (Salinas & Erickson 2023): shallow and wide, deep and narrow."""
        base = dict(cls.default(shape))
        found = [
            {**base, "max_depth": 5, "min_child_weight": 1.5, "colsample_bytree": 0.6},
            {**base, "max_depth": 9, "min_child_weight": 1.0, "colsample_bytree": 0.5, "reg_lambda": 5.0},
            base,
        ]
        if shape.task is Task.REGRESSION:
            found.insert(1, {**base, "target": LOG, "max_depth": 8, "colsample_bytree": 0.6})
        return found

    @classmethod
    def space(cls, shape: Shape) -> Mapping[str, AnyDistribution]:
        space: dict[str, AnyDistribution] = {
            "learning_rate": LogUniform(min_value=math.log(0.01), max_value=math.log(0.2)),
            "max_depth": QUniform(min_value=3, max_value=10, q=1),
            "min_child_weight": LogUniform(min_value=math.log(0.1), max_value=math.log(60)),
            "subsample": Uniform(min_value=0.5, max_value=1.0),
            "colsample_bytree": Uniform(min_value=0.3, max_value=1.0),
            "reg_alpha": LogUniform(min_value=math.log(1e-4), max_value=math.log(10)),
            "reg_lambda": LogUniform(min_value=math.log(1e-3), max_value=math.log(30)),
        }
        if shape.task is Task.REGRESSION:
            space["target"] = Choice(values=[IDENTITY, LOG])
        return space

    @classmethod
    def memory_bytes(cls, shape: Shape, params: Params) -> int:
        nodes = 1 << min(14, int(params.get("max_depth", 6)))
        return 60_000_000 + shape.rows * (shape.features * 6 + 48 * shape.classes) + nodes * shape.features * 256 * 16

    @classmethod
    def seconds(cls, shape: Shape, params: Params, threads: int) -> float:
        depth = float((float(params.get("max_depth", 6)) / 6) ** 1.5)
        return depth * boosting_seconds(shape, params, threads, row_nanoseconds=8.0, tree_seconds=8e-4)

    def _fit(self, train: Part, watch: Part | None, means: Means) -> None:
        if self.task is Task.REGRESSION:
            kind = LOG if wants_logarithm(means.metric) else str(self.params.get("target", IDENTITY))
            self._form = TargetForm.of(kind, train.target)
        own = self._own_params(train, means)
        bins = {"max_bin": int(own.get("max_bin", 256)), "nthread": own["nthread"]}
        data = xgb.QuantileDMatrix(train.design.matrix, self._goal(train), weight=train.weight, **bins)
        watched = []
        if watch is not None:
            goal = self._goal(watch)
            watched = [(xgb.QuantileDMatrix(watch.design.matrix, goal, weight=watch.weight, ref=data, **bins), "watch")]
        booster = xgb.Booster(own, [data, *[one for one, _ in watched]])
        watching = Watching(self.params, means, watched=watch is not None, outputs=self._outputs)
        while watching.goes_on():
            booster.update(data, watching.made)
            # The answer is a text such as "[7]\twatch-logloss:0.31".
            watching.count(float(booster.eval_set(watched, watching.made).rsplit(":", 1)[1]) if watched else None)
        self._trees = watching.best or watching.made
        if not self._trees:
            raise OutOfTime("no tree of XGBoost was grown before the deadline")
        self._keep(booster[: self._trees], train.design.matrix)
        if self._form.kind == LOG and not wants_median(means.metric) and not wants_logarithm(means.metric):
            seen = watch or train
            self._form = self._form.smeared(seen.target, self._raw(seen.design.matrix, means.threads))

    def predict(self, design: Design, threads: int = 1) -> np.ndarray:
        raw = self._raw(design.matrix, threads)
        if self.task is Task.REGRESSION:
            return self._form.backward(raw)
        return pair(sigmoid(raw)) if self.task is Task.BINARY else softmax(raw)

    def refit_params(self, fits: Sequence[Self], growth: float) -> Params:
        trees = float(np.mean([fit._trees for fit in fits])) * growth**0.5
        return {**self.params, "trees": max(1, round(trees))}

    def fitted_params(self) -> dict[str, Any]:
        return {**self.params, "trees": self._trees} if self._trees else dict(self.params)

    def state(self) -> dict[str, Any]:
        assert self._forest is not None
        return {"forest": self._forest.state(), "offset": self._offset, "trees": self._trees,
                "form": self._form.state()}  # fmt: skip

    @classmethod
    def restore(cls, task: Task, classes: int, params: Params, state: Mapping[str, Any]) -> Self:
        model = cls(task, classes, params)
        model._forest = LeafForest.restore(state["forest"])
        model._offset = np.asarray(state["offset"])
        model._trees = int(state["trees"])
        model._form = TargetForm.restore(state["form"])
        return model

    def onnx_form(self, features: int) -> OnnxForm:
        assert self._forest is not None
        forest = self._forest
        graph = forest_graph(forest.arrays, features, mean=False, rounds_of=forest.rounds_of, offset=self._offset)
        finish = {Task.BINARY: Finish.LOG_ODDS, Task.MULTICLASS: Finish.SCORES, Task.REGRESSION: Finish.NUMBER}
        return OnnxForm(graph, OUTPUT, finish[self.task], self._form)

    def importances(self) -> np.ndarray:
        assert self._forest is not None
        return self._forest.importances()

    def _keep(self, booster: Any, matrix: np.ndarray) -> None:
        trees = json.loads(bytes(booster.save_raw("json")))["learner"]["gradient_booster"]["model"]["trees"]
        self._forest = LeafForest([_arrays(tree) for tree in trees], matrix.shape[1], self._outputs)
        # The base score, which the library keeps in a form of each objective: what its margin has beyond the trees.
        rows = matrix[:50]
        margin = booster.predict(xgb.DMatrix(rows), output_margin=True, validate_features=False)
        beyond = np.asarray(margin, dtype=np.float64) - self._forest.predict(rows)
        self._offset = np.atleast_1d(np.median(beyond, axis=0))
        if np.abs(beyond - self._offset).max() > 1e-3 * max(1.0, float(np.abs(margin).max())):
            raise RuntimeError("the trees of XGBoost do not predict as the library does")

    def _raw(self, matrix: np.ndarray, threads: int) -> np.ndarray:
        assert self._forest is not None
        found = self._forest.predict(matrix, threads)
        return found + (self._offset[0] if found.ndim == 1 else self._offset)

    @property
    def _outputs(self) -> int:
        return self.classes if self.task is Task.MULTICLASS else 1

    def _goal(self, part: Part) -> np.ndarray:
        return self._form.forward(part.target) if self.task is Task.REGRESSION else part.target

    def _own_params(self, train: Part, means: Means) -> dict[str, Any]:
        objective = {Task.BINARY: "binary:logistic", Task.MULTICLASS: "multi:softprob",
                     Task.REGRESSION: "reg:squarederror"}[self.task]  # fmt: skip
        metric = {Task.BINARY: "logloss", Task.MULTICLASS: "mlogloss", Task.REGRESSION: "rmse"}[self.task]
        if self.task is Task.REGRESSION and wants_median(means.metric):
            objective, metric = "reg:absoluteerror", "mae"
        own = {"objective": objective, "eval_metric": metric, "tree_method": "hist", "device": "cpu", "verbosity": 0,
               "seed": means.seed,
               "nthread": useful_threads(train.design.matrix.shape, means.threads)}  # fmt: skip
        if self.task is Task.MULTICLASS:
            own["num_class"] = self.classes
        whole = ("max_depth", "max_bin", "max_leaves")
        given = {key: value for key, value in self.params.items() if key not in _OURS}
        return own | {key: int(value) if key in whole else value for key, value in given.items()}


def _arrays(tree: Mapping[str, Any]) -> Tree:
    left = np.array(tree["left_children"], dtype=np.int32)
    cut = np.array(tree["split_conditions"], dtype=np.float32)
    return compact(
        np.array(tree["split_indices"], dtype=np.int32),
        # The library's left is below its threshold, ours is up to it.
        np.nextafter(cut, np.float32(-np.inf)),
        np.array(tree["default_left"], dtype=bool),
        left,
        np.array(tree["right_children"], dtype=np.int32),
        left < 0,
        cut[:, None],
    )
