"""LightGBM: gradient boosting of leaf-wise trees (Ke et al. 2017)."""

from __future__ import annotations

import time
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.design import Design, View
from modelyard.automl.models.boosting import Watching, boosting_seconds, learning_rate, useful_threads, whole
from modelyard.automl.models.contributions import GivesContributions
from modelyard.automl.models.leaf_forest import walked
from modelyard.automl.models.lightgbm_graph import lightgbm_graph
from modelyard.automl.models.onnx_form import OUTPUT, ConvertsToOnnx, Finish, OnnxForm
from modelyard.automl.models.probabilities import pair, sigmoid, softmax
from modelyard.automl.models.proxy import wants_logarithm, wants_median
from modelyard.automl.models.tabular_model import Means, OutOfTime, Params, Part, Shape, TabularModel
from modelyard.automl.models.target_form import IDENTITY, LOG, TargetForm
from modelyard.automl.task import Task
from modelyard.domain.extras import LazyModule
from modelyard.domain.search_space import AnyDistribution, Choice, LogUniform, QLogUniform, QUniform, Uniform

lgb: Any = LazyModule("lightgbm", extra="automl", what="LightGBM")

# Ours; the rest of the parameters are LightGBM's own.
_OURS = ("trees", "target", "categories")
# Lines of the model's text: sizes of the trees' texts, which change, and sums that only the training needs.
_UNREAD = ("tree_sizes=", "leaf_weight=", "internal_value=", "internal_weight=")
_FEW_ROWS = 3_000
# Codes of more values than this are left to their target encoding and their order: native splits overfit them.
_MOST_NATIVE = 100


class LightGBMModel(TabularModel, GivesContributions, ConvertsToOnnx):
    """Parameters are LightGBM's names, and: `trees` (exact number; without, as the watch says), `target` (`identity` or
    `log1p`), `categories` (`native` or `ordered`)."""

    name = "LightGBM"
    aliases = ("LightGBMClassifier", "LightGBMRegressor", "LGBM")
    tasks = frozenset({Task.BINARY, Task.MULTICLASS, Task.REGRESSION})
    view = View.TREE
    extra_module = "lightgbm"

    def __init__(self, task: Task, classes: int, params: Params) -> None:
        super().__init__(task, classes, params)
        self._booster: Any = None
        self._trees = 0
        self._form = TargetForm()

    @classmethod
    def default(cls, shape: Shape) -> Params:
        leaf = 20 if shape.rows > 2_000 else max(2, shape.rows // 100)
        return {"learning_rate": learning_rate(shape), "num_leaves": 31, "min_data_in_leaf": leaf,
                "feature_fraction": 0.9, "bagging_fraction": 0.9, "bagging_freq": 1}  # fmt: skip

    @classmethod
    def portfolio(cls, shape: Shape) -> Sequence[Params]:
        """The default, then shapes that complement it: values of TabRepo's learned portfolio (Salinas & Erickson 2023,
        "TabRepo"; AutoGluon's `zeroshot_portfolio_2023`), rates raised for short budgets, and one of large trees."""
        base = dict(cls.default(shape))
        rate = base["learning_rate"]
        randomised = {**base, "extra_trees": True, "num_leaves": 63, "feature_fraction": 0.8, "min_data_in_leaf": 6}
        found = [
            base,
            {**base, "num_leaves": 16, "feature_fraction": 0.5, "min_data_in_leaf": 40, "lambda_l2": 1.0},
            {**base, "num_leaves": 53, "feature_fraction": 0.7, "min_data_in_leaf": 14, "learning_rate": rate * 0.5},
            {**base, "num_leaves": 8, "feature_fraction": 0.6, "learning_rate": rate * 1.5, "categories": "ordered"},
            {**base, "learning_rate": rate * 0.6, "num_leaves": 127, "min_data_in_leaf": 3, "feature_fraction": 0.7},
            {**base, "extra_trees": True, "num_leaves": 16, "feature_fraction": 0.55, "min_data_in_leaf": 48},
        ]
        # Thresholds drawn at random keep few rows from being learnt by heart; of many rows they lose too much.
        found.insert(1 if shape.rows <= _FEW_ROWS else 4, randomised)
        if shape.task is Task.REGRESSION:
            found.insert(2, {**base, "target": LOG, "num_leaves": 63, "feature_fraction": 0.7})
        return found

    @classmethod
    def space(cls, shape: Shape) -> Mapping[str, AnyDistribution]:
        """FLAML's and AutoGluon's ranges, joined; the number of trees follows from the watch."""
        most = float(np.log(min(512, max(16, shape.rows // 10))))
        space: dict[str, AnyDistribution] = {
            "learning_rate": LogUniform(min_value=float(np.log(0.01)), max_value=float(np.log(0.2))),
            "num_leaves": QLogUniform(min_value=float(np.log(5)), max_value=most, q=1),
            "min_data_in_leaf": QLogUniform(min_value=float(np.log(2)), max_value=float(np.log(100)), q=1),
            "feature_fraction": Uniform(min_value=0.3, max_value=1.0),
            "bagging_fraction": Uniform(min_value=0.5, max_value=1.0),
            "lambda_l1": LogUniform(min_value=float(np.log(1e-4)), max_value=float(np.log(10))),
            "lambda_l2": LogUniform(min_value=float(np.log(1e-4)), max_value=float(np.log(30))),
            "extra_trees": Choice(values=[False, True]),
        }
        if shape.categorical:
            space["categories"] = Choice(values=["native", "ordered"])
            space["cat_smooth"] = QUniform(min_value=1, max_value=60, q=1)
        if shape.task is Task.REGRESSION:
            space["target"] = Choice(values=[IDENTITY, LOG])
        return space

    @classmethod
    def memory_bytes(cls, shape: Shape, params: Params) -> int:
        leaves = int(params.get("num_leaves", 31))
        histograms = min(leaves, 255) * shape.features * 256 * 20
        return 30_000_000 + shape.rows * (shape.features * 3 + 40 * shape.classes) + histograms

    @classmethod
    def seconds(cls, shape: Shape, params: Params, threads: int) -> float:
        leaves = float(params.get("num_leaves", 31))
        factor = float((leaves / 31) ** 0.6 * float(params.get("feature_fraction", 1.0)) ** 0.5)
        return boosting_seconds(shape, params, threads, row_nanoseconds=5.0, tree_seconds=4e-4) * factor

    def _fit(self, train: Part, watch: Part | None, means: Means) -> None:
        own = self._own_params(train, means)
        if self.task is Task.REGRESSION:
            kind = LOG if wants_logarithm(means.metric) else str(self.params.get("target", IDENTITY))
            self._form = TargetForm.of(kind, train.target)
        data = self._dataset(train, own)
        # By hand, not by lgb.train: the deadline is looked at before every tree, and the log is silent.
        booster = lgb.Booster(own, data)
        watching = Watching(self.params, means, watched=watch is not None, outputs=self._outputs)
        if watch is not None:
            booster.add_valid(self._dataset(watch, own, reference=data), "watch")
        while watching.goes_on():
            if booster.update():
                # No split is worth it; the first tree is then a constant.
                watching.made = max(1, watching.made)
                break
            watching.count(booster.eval_valid()[0][2] if watch is not None else None)
        self._trees = watching.best or watching.made
        if not self._trees:
            raise OutOfTime(f"no tree of LightGBM was grown before the deadline ({time.monotonic():.0f})")
        # Read back from its text: what predicts now is what a saved model predicts, and the data go.
        self._booster = lgb.Booster(model_str=_slim(booster.model_to_string(num_iteration=self._trees)))
        if self._form.kind == LOG and not wants_median(means.metric) and not wants_logarithm(means.metric):
            seen = watch or train
            self._form = self._form.smeared(seen.target, self._raw(seen.design.matrix, means.threads))

    def predict(self, design: Design, threads: int = 1) -> np.ndarray:
        raw = self._raw(design.matrix, threads)
        if self.task is Task.BINARY:
            return pair(sigmoid(raw))
        return self._form.backward(raw) if self.task is Task.REGRESSION else softmax(raw)

    def refit_params(self, fits: Sequence[Self], growth: float) -> Params:
        # More rows bear more trees, though fewer than in proportion.
        trees = float(np.mean([fit._trees for fit in fits])) * growth**0.5
        return {**self.params, "trees": max(1, round(trees))}

    def fitted_params(self) -> dict[str, Any]:
        return {**self.params, "trees": self._trees} if self._trees else dict(self.params)

    def state(self) -> dict[str, Any]:
        return {
            "model": zlib.compress(_slim(self._booster.model_to_string()).encode()),
            "trees": self._trees,
            "form": self._form.state(),
        }

    @classmethod
    def restore(cls, task: Task, classes: int, params: Params, state: Mapping[str, Any]) -> Self:
        model = cls(task, classes, params)
        model._booster = lgb.Booster(model_str=zlib.decompress(state["model"]).decode())
        model._trees = int(state["trees"])
        model._form = TargetForm.restore(state["form"])
        return model

    def importances(self) -> np.ndarray:
        return np.asarray(self._booster.feature_importance("gain"), dtype=np.float64)

    @property
    def contributes(self) -> bool:
        return self._form.kind == IDENTITY

    def contributions(self, design: Design) -> np.ndarray:
        values = np.asarray(self._booster.predict(design.matrix, pred_contrib=True, validate_features=False))
        if self.task is not Task.MULTICLASS:
            return values
        return values.reshape(len(values), self.classes, -1).transpose(0, 2, 1)

    def onnx_form(self, features: int) -> OnnxForm | None:
        graph = lightgbm_graph(self._booster.model_to_string(), features)
        finish = {Task.BINARY: Finish.LOG_ODDS, Task.MULTICLASS: Finish.SCORES, Task.REGRESSION: Finish.NUMBER}
        return OnnxForm(graph, OUTPUT, finish[self.task], self._form) if graph is not None else None

    def _raw(self, matrix: np.ndarray, threads: int) -> np.ndarray:
        return walked(self._booster, matrix, self._trees * self._outputs, self._outputs, threads)

    @property
    def _outputs(self) -> int:
        return self.classes if self.task is Task.MULTICLASS else 1

    def _dataset(self, part: Part, own: Mapping[str, Any], reference: Any = None) -> Any:
        design = part.design
        native = self.params.get("categories", "native") == "native"
        counts = zip(design.categorical, design.cardinalities, strict=True)
        categorical = [feature for feature, count in counts if native and count <= _MOST_NATIVE]
        target = self._form.forward(part.target) if self.task is Task.REGRESSION else part.target
        return lgb.Dataset(design.matrix, target, weight=part.weight, reference=reference, params=dict(own),
                           categorical_feature=categorical, free_raw_data=True)  # fmt: skip

    def _own_params(self, train: Part, means: Means) -> dict[str, Any]:
        objective = {Task.BINARY: "binary", Task.MULTICLASS: "multiclass", Task.REGRESSION: "regression"}[self.task]
        metric = {Task.BINARY: "binary_logloss", Task.MULTICLASS: "multi_logloss", Task.REGRESSION: "l2"}[self.task]
        if self.task is Task.REGRESSION and wants_median(means.metric):
            objective = metric = "l1"
        threads = useful_threads(train.design.matrix.shape, means.threads)
        own = {"objective": objective, "metric": metric, "num_threads": threads, "seed": means.seed,
               "verbosity": -1, "deterministic": True, "force_row_wise": True, "feature_pre_filter": False,
               "min_data_per_group": min(100, max(5, len(train.target) // 100))}  # fmt: skip
        if self.task is Task.MULTICLASS:
            own["num_class"] = self.classes
        given = whole(self.params, "num_leaves", "min_data_in_leaf", "bagging_freq", "max_depth", "max_bin")
        return own | {key: value for key, value in given.items() if key not in _OURS}


def _slim(text: str) -> str:
    """The model's text without what neither predictions nor exact contributions read: half its size."""
    trees = text.partition("\nparameters:")[0]
    return "\n".join(line for line in trees.split("\n") if not line.startswith(_UNREAD)) + "\n"
