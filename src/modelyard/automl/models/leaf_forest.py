"""Trees as plain arrays, whoever grew them, and their predictions at the speed of LightGBM's C++.

scikit-learn's forests predict one row in milliseconds and are saved by pickle. Here a tree is what it is: a feature, a
threshold and two children for each node, a row of values for each leaf. The arrays are what is saved; LightGBM's engine
walks them (a row in tens of microseconds), given the trees in its own text format.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from modelyard.domain.extras import LazyModule

lgb: Any = LazyModule("lightgbm", extra="automl", what="the engine that walks trees")

# LightGBM's `decision_type`: bits 2 and 3 say what is missing (2: NaN), bit 1 where missing goes.
_NAN_IS_MISSING = 8
_MISSING_LEFT = 2
_TREES_AT_A_TIME = 200
_MANY_ROWS = 300


@dataclass(frozen=True)
class Tree:
    """Inner nodes are numbered from 0 in an order where node 0 is the root; a child below 0 is leaf `-child - 1`."""

    feature: np.ndarray
    """(inner,) int32"""
    threshold: np.ndarray
    """(inner,) float32: a value up to it goes left."""
    missing_left: np.ndarray
    """(inner,) bool"""
    left: np.ndarray
    right: np.ndarray
    """(inner,) int32"""
    values: np.ndarray
    """(leaves, outputs) float32"""


class LeafForest:
    """Mean of the trees' values, or their sum where each round of `rounds_of` trees adds one to each output."""

    def __init__(self, trees: Sequence[Tree], features: int, rounds_of: int = 0) -> None:
        self._trees = list(trees)
        self._features = features
        self._rounds_of = rounds_of
        outputs = self._trees[0].values.shape[1]
        # With one output LightGBM adds up the leaves itself; with several it tells which leaf, and we look up its row.
        self._vector = outputs > 1
        self._booster = lgb.Booster(model_str=self._text())

    @property
    def trees(self) -> int:
        return len(self._trees)

    @property
    def arrays(self) -> Sequence[Tree]:
        return self._trees

    @property
    def rounds_of(self) -> int:
        return self._rounds_of

    def predict(self, matrix: np.ndarray, threads: int = 1) -> np.ndarray:
        """(rows,) where there is one output, else (rows, outputs), float64."""
        call = {"num_threads": threads, "validate_features": False}
        if not self._vector:
            total = walked(self._booster, matrix, len(self._trees), max(1, self._rounds_of), threads)
            return total if self._rounds_of else total / len(self._trees)
        leaves = np.asarray(self._booster.predict(matrix, pred_leaf=True, **call)).reshape(len(matrix), -1)
        total = np.zeros((len(matrix), self._trees[0].values.shape[1]))
        for tree, column in zip(self._trees, leaves.T, strict=True):
            total += tree.values[column]
        return total / len(self._trees)

    def importances(self) -> np.ndarray:
        """How many splits use each feature."""
        return np.bincount(np.concatenate([tree.feature for tree in self._trees]), minlength=self._features) * 1.0

    def state(self) -> dict[str, Any]:
        small = np.int16 if self._features < 2**15 else np.int32
        joined = {name: np.concatenate([getattr(tree, name) for tree in self._trees])
                  for name in ("feature", "threshold", "missing_left", "left", "right", "values")}  # fmt: skip
        joined["feature"] = joined["feature"].astype(small)
        joined["missing_left"] = np.packbits(joined["missing_left"])
        inner = np.array([len(tree.feature) for tree in self._trees], dtype=np.int32)
        return {**joined, "inner": inner, "features": self._features, "rounds_of": self._rounds_of}

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        inner = np.asarray(state["inner"])
        missing = np.unpackbits(np.asarray(state["missing_left"]), count=int(inner.sum())).astype(bool)
        trees, node, leaf = [], 0, 0
        for size in inner.tolist():
            nodes, leaves = slice(node, node + size), slice(leaf, leaf + size + 1)
            node, leaf = nodes.stop, leaves.stop
            trees.append(Tree(np.asarray(state["feature"][nodes], dtype=np.int32), state["threshold"][nodes],
                              missing[nodes], state["left"][nodes], state["right"][nodes],
                              state["values"][leaves]))  # fmt: skip
        return cls(trees, int(state["features"]), int(state["rounds_of"]))

    def _text(self) -> str:
        a_round = max(1, self._rounds_of)
        head = ["tree", "version=v4", f"num_class={a_round}", f"num_tree_per_iteration={a_round}", "label_index=0",
                f"max_feature_idx={self._features - 1}",
                "feature_names=" + " ".join(f"f{index}" for index in range(self._features)),
                "feature_infos=" + " ".join(["[-inf:inf]"] * self._features)]  # fmt: skip
        trees = [_tree_text(number, tree, self._vector) for number, tree in enumerate(self._trees)]
        return "\n".join([*head, "", *trees, "end of trees", "", "parameters:", "end of parameters", ""])


def walked(booster: Any, matrix: np.ndarray, trees: int, outputs: int, threads: int) -> np.ndarray:
    """Raw scores of LightGBM's `booster`: many rows go through some trees at a time, which stay in the cache."""
    call = {"raw_score": True, "num_threads": threads, "validate_features": False}
    step, rounds = max(1, _TREES_AT_A_TIME // outputs), trees // outputs
    if len(matrix) < _MANY_ROWS or rounds <= step:
        return np.asarray(booster.predict(matrix, **call))
    total = np.zeros(len(matrix) if outputs == 1 else (len(matrix), outputs))
    for start in range(0, rounds, step):
        total += booster.predict(matrix, start_iteration=start, num_iteration=min(step, rounds - start), **call)
    return total


def rounded_down(thresholds: np.ndarray) -> np.ndarray:
    """float32 thresholds that part float32 values exactly as the float64 ones do."""
    small = thresholds.astype(np.float32)
    return np.where(small > thresholds, np.nextafter(small, np.float32(-np.inf)), small).astype(np.float32)


def compact(
    feature: np.ndarray, threshold: np.ndarray, missing_left: np.ndarray, left: np.ndarray, right: np.ndarray,
    leaf: np.ndarray, values: np.ndarray,
) -> Tree:  # fmt: skip
    """From one numbering of all nodes, node 0 the root, to a `Tree`; `leaf` tells the leaves, `values` is of all."""
    number = np.empty(len(leaf), dtype=np.int32)
    inner = np.flatnonzero(~leaf)
    ends = np.flatnonzero(leaf)
    number[inner] = np.arange(len(inner))
    number[ends] = -np.arange(len(ends)) - 1
    return Tree(feature[inner].astype(np.int32), rounded_down(threshold[inner].astype(np.float64)),
                missing_left[inner].astype(bool), number[left[inner]], number[right[inner]],
                values[ends].astype(np.float32))  # fmt: skip


def _tree_text(number: int, tree: Tree, vector: bool) -> str:
    leaves = len(tree.values)
    value = np.zeros(leaves) if vector else tree.values[:, 0].astype(np.float64)
    kind = _NAN_IS_MISSING + _MISSING_LEFT * tree.missing_left.astype(np.int32)
    lines = [f"Tree={number}", f"num_leaves={leaves}", "num_cat=0"]
    if leaves > 1:
        lines += [_line("split_feature", tree.feature), _line("split_gain", np.ones(leaves - 1, dtype=np.int32)),
                  _line("threshold", tree.threshold.astype(np.float64)), _line("decision_type", kind),
                  _line("left_child", tree.left), _line("right_child", tree.right)]  # fmt: skip
    return "\n".join([*lines, _line("leaf_value", value), "is_linear=0", "shrinkage=1", "", ""])


def _line(name: str, values: np.ndarray) -> str:
    return f"{name}=" + " ".join(map(repr, values.tolist()))
