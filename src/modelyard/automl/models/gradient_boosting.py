"""Gradient boosting of scikit-learn, on histograms; its trees are kept and walked as plain arrays."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.design import Design, View
from modelyard.automl.models.blas import bounded_threads
from modelyard.automl.models.boosting import boosting_seconds, learning_rate, useful_threads, whole
from modelyard.automl.models.leaf_forest import LeafForest, Tree, compact
from modelyard.automl.models.onnx_form import OUTPUT, ConvertsToOnnx, Finish, OnnxForm, forest_graph
from modelyard.automl.models.probabilities import pair, sigmoid, softmax, spread
from modelyard.automl.models.proxy import loss, wants_logarithm, wants_median
from modelyard.automl.models.tabular_model import Means, OutOfTime, Params, Part, Shape, TabularModel
from modelyard.automl.models.target_form import IDENTITY, LOG, TargetForm
from modelyard.automl.task import Task
from modelyard.domain.extras import LazyModule
from modelyard.domain.search_space import AnyDistribution, Choice, LogUniform, QLogUniform, Uniform

ensemble: Any = LazyModule("sklearn.ensemble", extra="automl", what="GradientBoosting")

# Trees between two looks at the watch and the clock. Each look has the library set up anew and ask all its trees, so
# looks are further apart the more trees there are.
_STEP = 20
_MOST_TREES = 800
_STRIDE = 0.3
_FIRST = 5


class GradientBoosting(TabularModel, ConvertsToOnnx):
    """scikit-learn's `learning_rate`, `max_leaf_nodes`, `min_samples_leaf`, `l2_regularization`, `max_features`;
    `trees` and `target` as LightGBM's."""

    name = "GradientBoosting"
    aliases = ("HistGradientBoosting", "GradientBoostingClassifier", "GradientBoostingRegressor", "HGB")
    tasks = frozenset({Task.BINARY, Task.MULTICLASS, Task.REGRESSION})
    view = View.TREE
    extra_module = "sklearn"

    def __init__(self, task: Task, classes: int, params: Params) -> None:
        super().__init__(task, classes, params)
        self._forest: LeafForest | None = None
        self._offset = np.zeros(1)
        self._present = np.arange(classes)
        self._trees = 0
        self._form = TargetForm()

    @classmethod
    def default(cls, shape: Shape) -> Params:
        return {"learning_rate": round(min(0.2, 1.5 * learning_rate(shape)), 3), "max_leaf_nodes": 31,
                "min_samples_leaf": 20 if shape.rows > 2_000 else max(2, shape.rows // 100),
                "l2_regularization": 1.0}  # fmt: skip

    @classmethod
    def portfolio(cls, shape: Shape) -> Sequence[Params]:
        base = dict(cls.default(shape))
        return [base, {**base, "max_leaf_nodes": 12, "max_features": 0.5}]

    @classmethod
    def space(cls, shape: Shape) -> Mapping[str, AnyDistribution]:
        space: dict[str, AnyDistribution] = {
            "learning_rate": LogUniform(min_value=math.log(0.02), max_value=math.log(0.3)),
            "max_leaf_nodes": QLogUniform(min_value=math.log(5), max_value=math.log(256), q=1),
            "min_samples_leaf": QLogUniform(min_value=math.log(2), max_value=math.log(100), q=1),
            "l2_regularization": LogUniform(min_value=math.log(1e-3), max_value=math.log(30)),
            "max_features": Uniform(min_value=0.3, max_value=1.0),
        }
        if shape.task is Task.REGRESSION:
            space["target"] = Choice(values=[IDENTITY, LOG])
        return space

    @classmethod
    def memory_bytes(cls, shape: Shape, params: Params) -> int:
        return 60_000_000 + shape.rows * (shape.features * 10 + 60 * shape.classes)

    @classmethod
    def seconds(cls, shape: Shape, params: Params, threads: int) -> float:
        leaves = float((float(params.get("max_leaf_nodes", 31)) / 31) ** 0.6)
        return 0.2 + leaves * boosting_seconds(shape, params, threads, row_nanoseconds=18.0, tree_seconds=3e-3)

    def _fit(self, train: Part, watch: Part | None, means: Means) -> None:
        goal = train.target
        if self.task is Task.REGRESSION:
            kind = LOG if wants_logarithm(means.metric) else str(self.params.get("target", IDENTITY))
            self._form = TargetForm.of(kind, goal)
            goal = self._form.forward(goal)
        else:
            self._present = np.unique(goal)
            if len(self._present) == 1:
                return
        with bounded_threads(useful_threads(train.design.matrix.shape, means.threads)):
            learner, made = self._grow(self._learner(means), train, goal, watch, means)
        self._keep(learner, made, train.design.matrix)
        if self._form.kind == LOG and not wants_median(means.metric) and not wants_logarithm(means.metric):
            seen = watch or train
            self._form = self._form.smeared(seen.target, self._raw(seen.design.matrix, means.threads))

    def _grow(self, learner: Any, train: Part, goal: np.ndarray, watch: Part | None, means: Means) -> tuple[Any, int]:
        """The learner, and the number of its trees that were best on the watch."""
        fixed = self.params.get("trees")
        most = int(fixed or self._most(watched=watch is not None))
        made, best, lowest, longest = 0, 0, math.inf, 0.0
        while made < most:
            begun = time.monotonic()
            if means.deadline is not None and begun + longest > means.deadline:
                break
            # A first step of few trees tells how long the others take.
            step = max(_STEP, round(_STRIDE * made)) if made else _FIRST
            made = min(most, made + step)
            with warnings.catch_warnings():
                # Weights and a warm start together are what the library warns of; there is no early stopping in it.
                warnings.simplefilter("ignore")
                learner.set_params(max_iter=made).fit(train.design.matrix, goal, sample_weight=train.weight)
            longest = (time.monotonic() - begun) * (1.2 + _STRIDE if made > _FIRST else _STEP / _FIRST)
            if watch is None:
                continue
            found = loss(self.task, means.metric, watch.target, self._asked(learner, watch), watch.weight)
            if found < lowest * (1 - 1e-3) or not best:
                lowest, best = found, made
            elif made - best >= 1.5 * step:
                break
        if not made:
            raise OutOfTime("no tree was grown before the deadline")
        return learner, best or made

    def _most(self, *, watched: bool) -> int:
        if not watched:
            return round(15 / float(self.params.get("learning_rate", 0.1)))
        return _MOST_TREES if self.task is not Task.MULTICLASS else max(60, 4 * _MOST_TREES // self.classes)

    def _asked(self, learner: Any, watch: Part) -> np.ndarray:
        if self.task is Task.REGRESSION:
            return self._form.backward(np.asarray(learner.predict(watch.design.matrix)))
        return spread(np.asarray(learner.predict_proba(watch.design.matrix)), self._present, self.classes)

    def _keep(self, learner: Any, made: int, matrix: np.ndarray) -> None:
        rounds = learner._predictors
        trees = [_arrays(one.nodes) for each in rounds[:made] for one in each]
        whole = LeafForest([_arrays(one.nodes) for each in rounds for one in each], matrix.shape[1], len(rounds[0]))
        # What the library's margin has beyond its trees: the same for every row, or its form has changed.
        margin = learner.decision_function if self.task.is_classification else learner.predict
        beyond = np.asarray(margin(matrix[:50])) - whole.predict(matrix[:50])
        self._offset = np.atleast_1d(np.median(beyond, axis=0))
        if np.abs(beyond - self._offset).max() > 1e-3 * max(1.0, float(np.abs(self._offset).max())):
            raise RuntimeError("the trees of scikit-learn do not predict as the library does")
        self._forest = LeafForest(trees, matrix.shape[1], len(rounds[0]))
        self._trees = min(made, len(rounds))

    def predict(self, design: Design, threads: int = 1) -> np.ndarray:
        rows = design.matrix.shape[0]
        if self.task.is_classification and len(self._present) == 1:
            return spread(np.ones((rows, 1)), self._present, self.classes)
        raw = self._raw(design.matrix, threads)
        if self.task is Task.REGRESSION:
            return self._form.backward(raw)
        return spread(pair(sigmoid(raw)) if raw.ndim == 1 else softmax(raw), self._present, self.classes)

    def refit_params(self, fits: Sequence[Self], growth: float) -> Params:
        trees = float(np.mean([fit._trees for fit in fits])) * growth**0.5
        return {**self.params, "trees": max(1, round(trees))}

    def state(self) -> dict[str, Any]:
        forest = {} if self._forest is None else {"forest": self._forest.state()}
        return {**forest, "offset": self._offset, "present": self._present, "trees": self._trees,
                "form": self._form.state()}  # fmt: skip

    @classmethod
    def restore(cls, task: Task, classes: int, params: Params, state: Mapping[str, Any]) -> Self:
        model = cls(task, classes, params)
        model._forest = LeafForest.restore(state["forest"]) if "forest" in state else None
        model._offset = np.asarray(state["offset"])
        model._present = np.asarray(state["present"])
        model._trees = int(state["trees"])
        model._form = TargetForm.restore(state["form"])
        return model

    def onnx_form(self, features: int) -> OnnxForm | None:
        if self._forest is None:
            return None
        forest = self._forest
        graph = forest_graph(forest.arrays, features, mean=False, rounds_of=forest.rounds_of, offset=self._offset)
        if self.task is Task.REGRESSION:
            return OnnxForm(graph, OUTPUT, Finish.NUMBER, self._form)
        finish = Finish.SCORES if forest.rounds_of > 1 else Finish.LOG_ODDS
        return OnnxForm(graph, OUTPUT, finish, present=self._present)

    def importances(self) -> np.ndarray | None:
        return None if self._forest is None else self._forest.importances()

    def _raw(self, matrix: np.ndarray, threads: int) -> np.ndarray:
        assert self._forest is not None
        found = self._forest.predict(matrix, threads)
        return found + (self._offset[0] if found.ndim == 1 else self._offset)

    def _learner(self, means: Means) -> Any:
        given = whole(self.params, "max_leaf_nodes", "min_samples_leaf", "max_depth", "max_bins")
        own = {key: value for key, value in given.items() if key not in ("trees", "target")}
        own |= {"early_stopping": False, "warm_start": True, "random_state": means.seed}
        if self.task.is_classification:
            return ensemble.HistGradientBoostingClassifier(**own)
        if wants_median(means.metric):
            own["loss"] = "absolute_error"
        return ensemble.HistGradientBoostingRegressor(**own)


def _arrays(nodes: np.ndarray) -> Tree:
    return compact(nodes["feature_idx"], nodes["num_threshold"], nodes["missing_go_to_left"], nodes["left"],
                   nodes["right"], nodes["is_leaf"].astype(bool), nodes["value"][:, None])  # fmt: skip
