"""A multi-layer perceptron in numpy: its layers, their slopes, and Adam over one flat vector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from modelyard.automl.models.network_input import Shown
from modelyard.domain.extras import LazyModule

sparse: Any = LazyModule("scipy.sparse", extra="automl", what="NeuralNetwork")

_WAVES = 8
_LIFTED = 4
_VECTOR = 8
# Deviation of the first frequencies: low ones learn smooth shapes first.
_FREQUENCY = 0.25


@dataclass(frozen=True)
class Blueprint:
    """Sizes of a network. `waves` tells whether numbers are also shown as learnt waves (Gorishniy et al. 2022, "On
    embeddings for numerical features": periodic, then linear, then ReLU)."""

    numbers: int
    marks: int
    tables: tuple[int, ...]
    hidden: tuple[int, ...]
    outputs: int
    waves: bool

    def shapes(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        width = self.numbers + self.marks + _VECTOR * len(self.tables)
        if self.waves:
            found |= {"frequency": (self.numbers, 1, _WAVES), "phase": (self.numbers, 1, _WAVES),
                      "lift": (self.numbers, _WAVES, _LIFTED), "lifted": (self.numbers, 1, _LIFTED)}  # fmt: skip
            width += self.numbers * _LIFTED
        found |= {f"table{index}": (count + 1, _VECTOR) for index, count in enumerate(self.tables)}
        for index, size in enumerate((*self.hidden, self.outputs)):
            found |= {f"weight{index}": (width, size), f"bias{index}": (size,)}
            width = size
        return found

    @property
    def depth(self) -> int:
        return len(self.hidden) + 1


class Perceptron:
    def __init__(self, blueprint: Blueprint, values: np.ndarray) -> None:
        self.blueprint = blueprint
        self.values = values
        self._parts = parted(blueprint, values)

    @classmethod
    def fresh(cls, blueprint: Blueprint, chance: np.random.Generator) -> Perceptron:
        size = sum(int(np.prod(shape)) for shape in blueprint.shapes().values())
        network = cls(blueprint, np.zeros(size, dtype=np.float32))
        for name, part in network._parts.items():
            if name == "frequency":
                part[...] = chance.normal(0.0, _FREQUENCY, part.shape)
            elif name == "phase":
                part[...] = chance.uniform(-np.pi, np.pi, part.shape)
            elif name == f"weight{blueprint.depth - 1}":
                part[...] = chance.normal(0.0, 0.1 * part.shape[0] ** -0.5, part.shape)
            elif name.startswith(("weight", "lift")) and name != "lifted":
                part[...] = chance.normal(0.0, (2.0 / part.shape[-2]) ** 0.5, part.shape)
            elif name.startswith("table"):
                part[...] = chance.normal(0.0, 0.3, part.shape)
        return network

    def answer(self, shown: Shown) -> np.ndarray:
        """(rows, outputs) float32"""
        return self._forward(shown, 0.0, None)[-1]

    def slopes(
        self, shown: Shown, off: Any, into: Mapping[str, np.ndarray], dropout: float, chance: np.random.Generator
    ) -> None:
        """Write the slope of the loss into `into`; `off(answer)` is its slope by the answer."""
        kept: dict[str, Any] = {}
        layers = self._forward(shown, dropout, chance, kept)
        slope = off(layers[-1])
        for index in reversed(range(self.blueprint.depth)):
            into[f"weight{index}"][...] = layers[index].T @ slope
            into[f"bias{index}"][...] = slope.sum(axis=0)
            slope = slope @ self._parts[f"weight{index}"].T
            if index:
                slope *= kept[f"passed{index}"]
        self._shown_slopes(shown, slope, into, kept)

    def _forward(
        self, shown: Shown, dropout: float, chance: np.random.Generator | None, kept: dict[str, Any] | None = None
    ) -> list[np.ndarray]:
        parts, blueprint = self._parts, self.blueprint
        first = [shown.numbers, shown.fixed]
        if blueprint.waves:
            columns = np.ascontiguousarray(shown.numbers.T)[:, :, None]
            angles = columns * parts["frequency"] * np.float32(2 * np.pi) + parts["phase"]
            waves = np.cos(angles)
            lifted = np.maximum(waves @ parts["lift"] + parts["lifted"], 0.0)
            first.append(lifted.transpose(1, 0, 2).reshape(len(shown.numbers), -1))
            if kept is not None:
                kept |= {"columns": columns, "angles": angles, "waves": waves, "risen": lifted > 0}
        first += [parts[f"table{index}"][shown.codes[:, index]] for index in range(len(blueprint.tables))]
        layers = [np.concatenate(first, axis=1)]
        for index in range(blueprint.depth):
            found = layers[-1] @ parts[f"weight{index}"] + parts[f"bias{index}"]
            if index < blueprint.depth - 1:
                passed = (found > 0).astype(np.float32)
                if dropout and chance is not None:
                    passed *= (chance.random(found.shape, dtype=np.float32) >= dropout) / np.float32(1.0 - dropout)
                found *= passed
                if kept is not None:
                    kept[f"passed{index + 1}"] = passed
            layers.append(found)
        return layers

    def _shown_slopes(
        self, shown: Shown, slope: np.ndarray, into: Mapping[str, np.ndarray], kept: Mapping[str, Any]
    ) -> None:
        blueprint, rows = self.blueprint, len(slope)
        start = blueprint.numbers + blueprint.marks
        if blueprint.waves:
            width = blueprint.numbers * _LIFTED
            risen = slope[:, start : start + width].reshape(rows, blueprint.numbers, _LIFTED).transpose(1, 0, 2)
            risen = np.ascontiguousarray(risen) * kept["risen"]
            start += width
            into["lift"][...] = kept["waves"].transpose(0, 2, 1) @ risen
            into["lifted"][...] = risen.sum(axis=1, keepdims=True)
            turned = risen @ self._parts["lift"].transpose(0, 2, 1)
            turned *= -np.sin(kept["angles"])
            into["phase"][...] = turned.sum(axis=1, keepdims=True)
            turned *= kept["columns"] * np.float32(2 * np.pi)
            into["frequency"][...] = turned.sum(axis=1, keepdims=True)
        for index, count in enumerate(blueprint.tables):
            part = slope[:, start : start + _VECTOR]
            start += _VECTOR
            places = (np.ones(rows, dtype=np.float32), shown.codes[:, index], np.arange(rows + 1))
            into[f"table{index}"][...] = sparse.csr_matrix(places, shape=(rows, count + 1)).T @ part


class Adam:
    """AdamW (Loshchilov & Hutter 2019)."""

    def __init__(self, size: int, decay: float) -> None:
        self._first = np.zeros(size, dtype=np.float32)
        self._second = np.zeros(size, dtype=np.float32)
        self._decay = np.float32(decay)
        self.steps = 0

    def step(self, values: np.ndarray, slope: np.ndarray, rate: float) -> None:
        self.steps += 1
        self._first += np.float32(0.1) * (slope - self._first)
        self._second += np.float32(0.05) * (slope * slope - self._second)
        size = rate / (1.0 - 0.9**self.steps)
        root = np.sqrt(self._second / np.float32(1.0 - 0.95**self.steps)) + np.float32(1e-8)
        values *= np.float32(1.0) - np.float32(rate) * self._decay
        values -= np.float32(size) * self._first / root


def parted(blueprint: Blueprint, values: np.ndarray) -> dict[str, np.ndarray]:
    """Views of one flat vector, by name."""
    found, start = {}, 0
    for name, shape in blueprint.shapes().items():
        size = int(np.prod(shape))
        found[name] = values[start : start + size].reshape(shape)
        start += size
    return found


def batches(rows: int, size: int, chance: np.random.Generator) -> Sequence[np.ndarray]:
    """The rows in an order of chance, in parts of about `size`."""
    return np.array_split(chance.permutation(rows), max(1, round(rows / size)))
