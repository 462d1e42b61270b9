"""Forests of scikit-learn: grown by it, kept and walked as plain arrays."""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from modelyard.automl.featurize.design import Design, View
from modelyard.automl.models.boosting import whole
from modelyard.automl.models.leaf_forest import LeafForest, Tree, compact
from modelyard.automl.models.onnx_form import OUTPUT, ConvertsToOnnx, Finish, OnnxForm, forest_graph
from modelyard.automl.models.probabilities import normalised, pair, spread
from modelyard.automl.models.proxy import wants_logarithm, wants_median
from modelyard.automl.models.tabular_model import Means, OutOfTime, Params, Part, Shape, TabularModel
from modelyard.automl.models.target_form import IDENTITY, LOG, TargetForm
from modelyard.automl.task import Task
from modelyard.domain.search_space import AnyDistribution, Choice, QLogUniform, Uniform

_STEP = 10


class Forest(TabularModel, ConvertsToOnnx):
    """`trees`, and scikit-learn's `criterion`, `max_features`, `min_samples_leaf`, `max_depth`; `target` as LightGBM's.

    Leaves hold several rows and trees are some dozens: a forest serves an ensemble by being different, and a larger one
    is many times the size for the third digit.
    """

    tasks = frozenset({Task.BINARY, Task.MULTICLASS, Task.REGRESSION})
    view = View.TREE
    extra_module = "sklearn"

    _pull: ClassVar[float] = 0.1
    """Rows of average classes that each leaf is thought to have beyond its own: no class is impossible."""

    def __init__(self, task: Task, classes: int, params: Params) -> None:
        super().__init__(task, classes, params)
        self._forest: LeafForest | None = None
        self._present = np.arange(classes)
        self._form = TargetForm()

    @classmethod
    def default(cls, shape: Shape) -> Params:
        leaf = min(10, max(1, round(math.log10(max(shape.rows, 10)) - 1) * 2 - 1))
        if shape.task is Task.REGRESSION:
            # A mean of few numbers is no worse for it, where a share of few rows is.
            leaf = 1 if shape.rows <= 5_000 else 2 if shape.rows <= 50_000 else 5
        wide = 1.0 if shape.task is Task.REGRESSION else max(0.2, min(1.0, shape.features**-0.5))
        return {"trees": 100 if shape.rows <= 50_000 else 60, "min_samples_leaf": leaf, "max_features": round(wide, 3)}

    @classmethod
    def space(cls, shape: Shape) -> Mapping[str, AnyDistribution]:
        criteria = ["gini", "entropy"] if shape.task.is_classification else ["squared_error"]
        space: dict[str, AnyDistribution] = {
            "min_samples_leaf": QLogUniform(min_value=0.0, max_value=math.log(40), q=1),
            "max_features": Uniform(min_value=0.1, max_value=1.0),
            "criterion": Choice(values=criteria),
        }
        if shape.task is Task.REGRESSION:
            space["target"] = Choice(values=[IDENTITY, LOG])
        return space

    @classmethod
    def memory_bytes(cls, shape: Shape, params: Params) -> int:
        nodes = 2 * shape.rows / max(1.0, float(params.get("min_samples_leaf", 1)))
        outputs = shape.classes if shape.task.is_classification else 1
        # The library's own nodes, our arrays and the text that the engine reads.
        return int(20e6 + nodes * float(params.get("trees", 100)) * (64 + 8 * outputs + 20 + 160) + shape.rows * 40)

    @classmethod
    def seconds(cls, shape: Shape, params: Params, threads: int) -> float:
        tried = max(1.0, float(params.get("max_features", 1.0)) * shape.features)
        work = shape.rows * math.log2(max(4, shape.rows)) * tried * cls._nanoseconds()
        return 0.1 + float(params.get("trees", 100)) * (work * 1e-9 + 2e-3) / float(max(1, threads) ** 0.9)

    @classmethod
    @abstractmethod
    def _nanoseconds(cls) -> float:
        """Of one value at one level of one tree."""

    @abstractmethod
    def _learner(self, **settings: Any) -> Any:
        """The library's forest, not yet fitted."""

    def _fit(self, train: Part, watch: Part | None, means: Means) -> None:
        target = train.target
        if self.task is Task.REGRESSION:
            kind = LOG if wants_logarithm(means.metric) else str(self.params.get("target", IDENTITY))
            self._form = TargetForm.of(kind, target)
            target = self._form.forward(target)
        given = whole(self.params, "min_samples_leaf", "max_depth", "max_leaf_nodes")
        own = {key: value for key, value in given.items() if key not in ("trees", "target")}
        learner = self._learner(n_estimators=0, warm_start=True, n_jobs=means.threads, random_state=means.seed, **own)
        grown = self._grow(learner, train, target, means)
        if self.task.is_classification:
            self._present = np.asarray(learner.classes_, dtype=np.int64)
        prior = None
        if self.task.is_classification:
            counts = np.bincount(target.astype(np.int64), weights=train.weight)[self._present]
            prior = self._pull * counts / counts.sum()
        self._forest = LeafForest([_arrays(one.tree_, prior) for one in grown], train.design.matrix.shape[1])
        if self._form.kind == LOG and not wants_median(means.metric) and not wants_logarithm(means.metric):
            seen = watch or train
            raw = self._forest.predict(seen.design.matrix, means.threads)
            self._form = self._form.smeared(seen.target, raw)

    def _grow(self, learner: Any, train: Part, target: np.ndarray, means: Means) -> list[Any]:
        most, longest = int(self.params.get("trees", 100)), 0.0
        made = 0
        while made < most:
            begun = time.monotonic()
            # Walking the trees into arrays takes its time too: half as long as growing them is on the safe side.
            if means.deadline is not None and begun + longest * (1.5 if made else 1.0) > means.deadline:
                break
            # The first step is one tree: it tells how long the others take.
            made = min(most, made + (_STEP if made else 1))
            learner.set_params(n_estimators=made).fit(train.design.matrix, target, sample_weight=train.weight)
            longest = (time.monotonic() - begun) * (1 if made > 1 else _STEP / max(1, means.threads))
        if not made:
            raise OutOfTime("no tree was grown before the deadline")
        return list(learner.estimators_)

    def predict(self, design: Design, threads: int = 1) -> np.ndarray:
        assert self._forest is not None
        raw = self._forest.predict(design.matrix, threads)
        if self.task is Task.REGRESSION:
            return self._form.backward(raw)
        if len(self._present) == 1:
            return spread(np.ones((len(raw), 1)), self._present, self.classes)
        return spread(pair(raw) if raw.ndim == 1 else normalised(raw), self._present, self.classes)

    def fitted_params(self) -> dict[str, Any]:
        return {**self.params, "trees": self._forest.trees} if self._forest is not None else dict(self.params)

    def state(self) -> dict[str, Any]:
        assert self._forest is not None
        return {"forest": self._forest.state(), "present": self._present, "form": self._form.state()}

    @classmethod
    def restore(cls, task: Task, classes: int, params: Params, state: Mapping[str, Any]) -> Self:
        model = cls(task, classes, params)
        model._forest = LeafForest.restore(state["forest"])
        model._present = np.asarray(state["present"])
        model._form = TargetForm.restore(state["form"])
        return model

    def onnx_form(self, features: int) -> OnnxForm | None:
        assert self._forest is not None
        graph = forest_graph(self._forest.arrays, features, mean=True)
        if self.task is Task.REGRESSION:
            return OnnxForm(graph, OUTPUT, Finish.NUMBER, self._form)
        if len(self._present) == 1:
            return None
        positive = self._forest.arrays[0].values.shape[1] == 1
        return OnnxForm(graph, OUTPUT, Finish.POSITIVE if positive else Finish.SHARES, present=self._present)

    def importances(self) -> np.ndarray:
        assert self._forest is not None
        return self._forest.importances()


def _arrays(tree: Any, prior: np.ndarray | None) -> Tree:
    """`prior`: of the classes, in rows added to each leaf; None for regression."""
    nodes = tree.__getstate__()["nodes"]
    values = tree.value[:, 0, :]
    if prior is not None:
        rows = nodes["n_node_samples"][:, None].astype(np.float64)
        shares = (rows * normalised(values) + prior) / (rows + prior.sum())
        values = shares[:, 1:] if shares.shape[1] == 2 else shares
    return compact(nodes["feature"], nodes["threshold"], nodes["missing_go_to_left"], nodes["left_child"],
                   nodes["right_child"], nodes["left_child"] < 0, values)  # fmt: skip
