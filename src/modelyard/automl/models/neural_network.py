"""A small neural network for tables: what is known to work by default, at the price of seconds on a core."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np

from modelyard.automl.featurize.design import Design, View
from modelyard.automl.models.blas import one_thread
from modelyard.automl.models.network_input import NetworkInput, Shown
from modelyard.automl.models.perceptron import Adam, Blueprint, Perceptron, batches, parted
from modelyard.automl.models.probabilities import softmax
from modelyard.automl.models.proxy import loss, wants_logarithm, wants_median
from modelyard.automl.models.tabular_model import Means, OutOfTime, Params, Part, Shape, TabularModel
from modelyard.automl.models.target_form import IDENTITY, LOG, TargetForm
from modelyard.automl.task import Task
from modelyard.domain.search_space import AnyDistribution, Choice, LogUniform, Uniform

# With more numbers than this, waves of each cost more than they tell.
_MOST_WAVED = 80
_SMALLEST_BATCH = 64
# Predictions stay within the targets seen, and this part of their range beyond.
_BEYOND = 0.1
# Of all epochs: so many without a better one on the watch, and the rest will only learn by heart.
_PATIENCE = 0.35
# Products of so few rows are done before other threads have woken.
_FEW_ROWS = 64


class NeuralNetwork(TabularModel):
    """`hidden` (width), `layers`, `epochs`, `rate`, `dropout`, `decay`, `waves`, `target` as LightGBM's.

    After RealMLP (Holzmüller et al. 2024): robust scaling with a smooth clip, learnt waves of each number, vectors for
    large categories, AdamW, a rate that falls by a cosine; the epoch of least loss on the watch is kept. The rate falls
    with the clock as well, so that a fit that meets its deadline has settled by then.
    """

    name = "NeuralNetwork"
    aliases = ("MLP", "MLPClassifier", "MLPRegressor", "NN")
    tasks = frozenset({Task.BINARY, Task.MULTICLASS, Task.REGRESSION})
    view = View.CODES
    extra_module = "scipy"

    def __init__(self, task: Task, classes: int, params: Params) -> None:
        super().__init__(task, classes, params)
        self._input: NetworkInput | None = None
        self._network: Perceptron | None = None
        self._form = TargetForm()
        self._bounds = (-math.inf, math.inf)
        self._best = 0

    @classmethod
    def default(cls, shape: Shape) -> Params:
        return {"hidden": 128, "layers": 2, "epochs": _epochs(shape.rows), "rate": 3e-3, "dropout": 0.1,
                "decay": 0.02, "waves": True}  # fmt: skip

    @classmethod
    def portfolio(cls, shape: Shape) -> Sequence[Params]:
        base = dict(cls.default(shape))
        found = [base, {**base, "hidden": 192, "layers": 3, "dropout": 0.25, "rate": 2e-3, "waves": False}]
        if shape.task is Task.REGRESSION:
            found.insert(1, {**base, "target": LOG})
        return found

    @classmethod
    def space(cls, shape: Shape) -> Mapping[str, AnyDistribution]:
        space: dict[str, AnyDistribution] = {
            "hidden": Choice(values=[64, 128, 192, 256]),
            "layers": Choice(values=[1, 2, 3]),
            "rate": LogUniform(min_value=math.log(5e-4), max_value=math.log(2e-2)),
            "dropout": Uniform(min_value=0.0, max_value=0.4),
            "decay": LogUniform(min_value=math.log(1e-4), max_value=math.log(0.3)),
            "waves": Choice(values=[True, False]),
        }
        if shape.task is Task.REGRESSION:
            space["target"] = Choice(values=[IDENTITY, LOG])
        return space

    @classmethod
    def memory_bytes(cls, shape: Shape, params: Params) -> int:
        weights = _size(shape, params)
        return 20_000_000 + shape.rows * (shape.features + 10 * shape.categorical) * 8 + weights * 40 + 40_000_000

    @classmethod
    def seconds(cls, shape: Shape, params: Params, threads: int) -> float:
        steps = float(params.get("epochs", 30)) * max(1.0, shape.rows / _batch(shape.rows))
        waved = min(shape.features - shape.categorical, _MOST_WAVED) if params.get("waves") else 0
        one = _batch(shape.rows) * (_size(shape, params) * 6 / 4e10 + waved * 8 * 1.5e-8) + 6e-4
        return 0.05 + 0.7 * steps * one

    def _fit(self, train: Part, watch: Part | None, means: Means) -> None:
        goal = self._prepared(train, means)
        assert self._input is not None
        watched = None if watch is None else (self._input.shown(watch.design), watch)
        with one_thread():
            self._descend(self._input.shown(train.design), goal, train.weight, watched, means)
            if not wants_median(means.metric) and not wants_logarithm(means.metric) and self.task is Task.REGRESSION:
                seen = watch or train
                self._form = self._form.smeared(seen.target, self._answer(self._input.shown(seen.design))[:, 0])

    def _descend(
        self,
        shown: Shown,
        goal: np.ndarray,
        weight: np.ndarray | None,
        watched: tuple[Shown, Part] | None,
        means: Means,
    ) -> None:
        network, params = self._network, self.params
        assert network is not None
        chance = np.random.default_rng(means.seed)
        own = np.ones(len(goal)) if weight is None else weight / weight.mean()
        begun, epochs = time.monotonic(), int(params.get("epochs", 30))
        slope = np.zeros_like(network.values)
        into, adam = parted(network.blueprint, slope), Adam(len(slope), float(params.get("decay", 0.02)))
        lowest, best, done = math.inf, network.values.copy(), 0.0
        for epoch in range(epochs):
            parts = batches(len(goal), _batch(len(goal)), chance)
            for number, rows in enumerate(parts):
                done = _progress((epoch + number / len(parts)) / epochs, begun, means.deadline)
                if done >= 1.0:
                    break
                off = self._off(goal[rows], own[rows].astype(np.float32), means.metric)
                network.slopes(shown.rows(rows), off, into, float(params.get("dropout", 0.1)), chance)
                adam.step(network.values, slope, _rate(float(params.get("rate", 3e-3)), done))
            if watched is not None:
                found = loss(self.task, means.metric, watched[1].target, self._predicted(watched[0]), watched[1].weight)
                if np.isfinite(found) and found < lowest:
                    lowest, best, self._best = found, network.values.copy(), epoch + 1
            if done >= 1.0 or (watched is not None and epoch - self._best >= _PATIENCE * epochs):
                break
        if not adam.steps:
            raise OutOfTime("no step of the network was done before the deadline")
        if np.isfinite(lowest):
            network.values[:] = best
        if not np.isfinite(network.values).all():
            raise FloatingPointError("the network diverged: lower its rate")

    def predict(self, design: Design, threads: int = 1) -> np.ndarray:
        assert self._input is not None
        shown = self._input.shown(design)
        if len(shown.numbers) < _FEW_ROWS:
            return self._predicted(shown)
        with one_thread():
            return self._predicted(shown)

    def _predicted(self, shown: Shown) -> np.ndarray:
        answer = self._answer(shown)
        if self.task.is_classification:
            return softmax(answer)
        return self._form.backward(np.clip(answer[:, 0], *self._bounds))

    def refit_params(self, fits: Sequence[Self], growth: float) -> Params:
        """As many epochs as were good for `fits`; the rate then falls within them."""
        best = [fit._best for fit in fits if fit._best]
        return {**self.params, "epochs": max(3, round(float(np.mean(best))))} if best else self.params

    def state(self) -> dict[str, Any]:
        assert self._network is not None and self._input is not None
        blueprint = {key: list(value) if isinstance(value, tuple) else value
                     for key, value in vars(self._network.blueprint).items()}  # fmt: skip
        return {"input": self._input.state(), "blueprint": blueprint, "values": self._network.values,
                "form": self._form.state(), "bounds": np.array(self._bounds)}  # fmt: skip

    @classmethod
    def restore(cls, task: Task, classes: int, params: Params, state: Mapping[str, Any]) -> Self:
        model = cls(task, classes, params)
        model._input = NetworkInput.restore(state["input"])
        found: dict[str, Any] = {
            key: tuple(one) if isinstance(one, list) else one for key, one in state["blueprint"].items()
        }
        model._network = Perceptron(Blueprint(**found), np.array(state["values"], dtype=np.float32))
        model._form = TargetForm.restore(state["form"])
        model._bounds = (float(state["bounds"][0]), float(state["bounds"][1]))
        return model

    def _prepared(self, train: Part, means: Means) -> np.ndarray:
        """The target as it is learnt; what the rows tell of the input is set."""
        goal = train.target.astype(np.int64) if self.task.is_classification else train.target
        if self.task is Task.REGRESSION:
            kind = LOG if wants_logarithm(means.metric) else str(self.params.get("target", IDENTITY))
            self._form = TargetForm.of(kind, train.target, scaled=True)
            goal = self._form.forward(train.target).astype(np.float32)
            room = _BEYOND * float(goal.max() - goal.min())
            self._bounds = (float(goal.min()) - room, float(goal.max()) + room)
        self._input = NetworkInput.of(train.design)
        numbers = len(self._input.numbers)
        waves = bool(self.params.get("waves", True)) and 0 < numbers <= _MOST_WAVED
        hidden = (int(self.params.get("hidden", 128)),) * int(self.params.get("layers", 2))
        outputs = self.classes if self.task.is_classification else 1
        tables = tuple(int(count) for count in self._input.large_counts)
        blueprint = Blueprint(numbers, self._input.marks, tables, hidden, outputs, waves)
        self._network = Perceptron.fresh(blueprint, np.random.default_rng(means.seed))
        return goal

    def _off(self, goal: np.ndarray, weight: np.ndarray, metric: str) -> Callable[[np.ndarray], np.ndarray]:
        rows = np.arange(len(goal))

        def of_classes(answer: np.ndarray) -> np.ndarray:
            shares = softmax(answer)
            shares[rows, goal] -= 1.0
            return shares * (weight / len(goal))[:, None]

        def of_numbers(answer: np.ndarray) -> np.ndarray:
            difference = answer[:, 0] - goal
            each = np.clip(difference * 10.0, -1.0, 1.0) if wants_median(metric) else 2.0 * difference
            return np.asarray((each * weight / len(goal))[:, None], dtype=np.float32)

        return of_classes if self.task.is_classification else of_numbers

    def _answer(self, shown: Shown) -> np.ndarray:
        assert self._network is not None
        return self._network.answer(shown).astype(np.float64)


def _epochs(rows: int) -> int:
    """Some 4,000 steps: the many epochs of few rows cost as much as the few of many."""
    return round(min(150, max(15, 4_000 * _batch(rows) / max(rows, 1))))


def _batch(rows: int) -> int:
    """64 for a thousand rows, 256 for twenty thousand, 1,024 for half a million."""
    return int(min(1024, max(_SMALLEST_BATCH, 2 ** round(math.log2(max(rows, 2)) * 0.45 + 1.5))))


def _size(shape: Shape, params: Params) -> int:
    hidden, layers = int(params.get("hidden", 128)), int(params.get("layers", 2))
    width = (shape.features - shape.categorical) * (5 if params.get("waves") else 1) + 8 * shape.categorical
    return hidden * (width + hidden * (layers - 1) + shape.classes)


def _progress(part: float, begun: float, deadline: float | None) -> float:
    """From 0 to 1: how much of the work is done, or of the time, whichever is more."""
    if deadline is None:
        return part
    now = time.monotonic()
    return max(part, (now - begun) / (deadline - begun)) if deadline > begun else 1.0


def _rate(highest: float, done: float) -> float:
    """Up within the first twentieth, then down by a cosine."""
    return highest * min(1.0, done / 0.05 + 0.1) * (0.5 + 0.5 * math.cos(math.pi * done))
