"""How the predictions of several members become one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from modelyard.automl.models.probabilities import softmax

_SMALLEST = 1e-9


class Combiner(ABC):
    kind: ClassVar[str]

    @abstractmethod
    def combine(self, predictions: Sequence[np.ndarray]) -> np.ndarray:
        """One prediction of the shape of each of `predictions`, which come in the order of the members."""

    @abstractmethod
    def influence(self) -> np.ndarray:
        """(members,) from 0: how much each counts; members of 0 can be left out."""

    @abstractmethod
    def only(self, kept: Sequence[int]) -> Self:
        """The combiner of those members alone."""

    @abstractmethod
    def state(self) -> dict[str, Any]: ...

    @classmethod
    @abstractmethod
    def restore(cls, state: Mapping[str, Any]) -> Self: ...


class WeightedMean(Combiner):
    """Voting. With a temperature other than 1 probabilities are sharpened (below 1) or softened after the mean."""

    kind = "weighted_mean"

    def __init__(self, weights: Sequence[float] | np.ndarray, temperature: float = 1.0) -> None:
        given = np.asarray(weights, dtype=np.float64)
        self.weights: np.ndarray = given / given.sum()
        self.temperature = float(temperature)

    def combine(self, predictions: Sequence[np.ndarray]) -> np.ndarray:
        mean: np.ndarray = np.zeros(np.shape(predictions[0]))
        for weight, prediction in zip(self.weights, predictions, strict=True):
            mean += weight * prediction
        return mean if self.temperature == 1.0 or mean.ndim == 1 else tempered(mean, self.temperature)

    def influence(self) -> np.ndarray:
        return self.weights

    def only(self, kept: Sequence[int]) -> Self:
        return type(self)(self.weights[list(kept)], self.temperature)

    def state(self) -> dict[str, Any]:
        return {"weights": self.weights.tolist(), "temperature": self.temperature}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        return cls(state["weights"], state["temperature"])


class LinearStack(Combiner):
    """Numbers: `intercept + sum(w * prediction)`. Probabilities: softmax of `intercept_k + sum(w * log p_k)`, a
    weighted geometric mean (log-linear pool) whose sum of weights is also a temperature. No weight is negative."""

    kind = "linear_stack"

    def __init__(self, weights: Sequence[float] | np.ndarray, intercept: Sequence[float] | np.ndarray) -> None:
        self.weights = np.asarray(weights, dtype=np.float64)
        self.intercept = np.asarray(intercept, dtype=np.float64)

    def combine(self, predictions: Sequence[np.ndarray]) -> np.ndarray:
        total: np.ndarray | None = None
        for weight, prediction in zip(self.weights, predictions, strict=True):
            seen = prediction if prediction.ndim == 1 else np.log(np.maximum(prediction, _SMALLEST))
            total = weight * seen if total is None else total + weight * seen
        assert total is not None
        return total + self.intercept[0] if total.ndim == 1 else softmax(total + self.intercept)

    def influence(self) -> np.ndarray:
        return np.asarray(self.weights / max(float(self.weights.sum()), _SMALLEST))

    def only(self, kept: Sequence[int]) -> Self:
        return type(self)(self.weights[list(kept)], self.intercept)

    def state(self) -> dict[str, Any]:
        return {"weights": self.weights.tolist(), "intercept": self.intercept.tolist()}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        return cls(state["weights"], state["intercept"])


def tempered(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """`p ** (1 / temperature)`, normalised."""
    return softmax(np.log(np.maximum(probabilities, _SMALLEST)) / temperature)


def restore_combiner(state: Mapping[str, Any]) -> Combiner:
    known: dict[str, type[Combiner]] = {kind.kind: kind for kind in (WeightedMean, LinearStack)}
    return known[state["kind"]].restore(state)
