"""LightGBM's text as an ONNX graph, array by array: a converter that walks nodes one by one takes seconds."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelyard.automl.models.leaf_forest import rounded_down
from modelyard.automl.models.onnx_form import tree_model

_CATEGORICAL, _DEFAULT_LEFT = 1, 2
_MISSING_SHIFT, _MISSING_ZERO, _MISSING_NAN = 2, 1, 2
_NUMBERS = ("split_feature", "decision_type", "left_child", "right_child", "cat_boundaries", "cat_threshold")
_REALS = ("threshold", "leaf_value")
_PLAIN = ("regression", "regression_l1", "binary sigmoid:1", "multiclass num_class:")

Arrays = dict[str, np.ndarray]


def lightgbm_graph(text: str, features: int) -> bytes | None:
    """The graph of a booster's text: raw scores, (rows, outputs). None where it says what ONNX has no word for: zeros
    that mean missing, linear leaves, an objective with a transformation of its own."""
    head, *trees = text.partition("\nend of trees")[0].split("\nTree=")
    facts = dict(line.partition("=")[::2] for line in head.splitlines())
    if not facts.get("objective", "").startswith(_PLAIN) or not trees:
        return None
    outputs = int(facts["num_tree_per_iteration"])
    parts = []
    for number, tree in enumerate(trees):
        part = _attributes(number, _read(tree), number % outputs)
        if part is None:
            return None
        parts.append(part)
    joined: dict[str, Any] = {name: np.concatenate([part[name] for part in parts]).tolist() for part in parts[:1]
                              for name in part}  # fmt: skip
    if "average_output" in facts:
        joined["aggregate_function"] = "AVERAGE"
    return tree_model(joined, features, outputs)


def _read(tree: str) -> Arrays:
    found: Arrays = {"linear": np.zeros(0)}
    for line in tree.splitlines():
        name, _, values = line.partition("=")
        if name in _NUMBERS:
            found[name] = np.array(values.split(), dtype=np.int64)
        elif name in _REALS:
            found[name] = np.array(values.split(), dtype=np.float64)
        elif name == "is_linear" and values.strip() != "0":
            found["linear"] = np.ones(1)
    return found


def _attributes(number: int, tree: Arrays, output: int) -> Arrays | None:
    """Inner nodes keep their numbers, leaves follow, then the further nodes of categorical splits."""
    leaves = len(tree["leaf_value"])
    inner = leaves - 1
    if len(tree["linear"]):
        return None
    if not inner:
        return _joined(number, output, _Nodes.leaf(), 0, tree["leaf_value"])
    kind = tree["decision_type"]
    missing = (kind >> _MISSING_SHIFT) & 3
    categorical = (kind & _CATEGORICAL).astype(bool)
    if (missing[~categorical] == _MISSING_ZERO).any():
        return None
    # Without a sign for missing, NaN counts as 0.
    left_of_nan = np.where(missing == _MISSING_NAN, (kind & _DEFAULT_LEFT) > 0, tree["threshold"] >= 0)
    nodes = _Nodes(
        feature=tree["split_feature"],
        value=rounded_down(tree["threshold"]),
        true=_place(tree["left_child"], inner),
        false=_place(tree["right_child"], inner),
        nan=left_of_nan & ~categorical,
        equal=categorical,
    )
    for node in np.flatnonzero(categorical).tolist():
        nodes = _with_categories(nodes, node, tree, inner + leaves)
    return _joined(number, output, nodes, inner, tree["leaf_value"])


class _Nodes:
    """Inner nodes, those of the tree first. A node asks `x <= value`, or `x == value` where `equal`."""

    def __init__(
        self,
        feature: np.ndarray,
        value: np.ndarray,
        true: np.ndarray,
        false: np.ndarray,
        nan: np.ndarray,
        equal: np.ndarray,
    ) -> None:
        self.feature, self.value, self.true = feature, value, true
        self.false, self.nan, self.equal = false, nan, equal

    @classmethod
    def leaf(cls) -> _Nodes:
        none = np.zeros(0, dtype=np.int64)
        return cls(none, none.astype(np.float32), none, none, none.astype(bool), none.astype(bool))


def _with_categories(nodes: _Nodes, node: int, tree: Arrays, taken: int) -> _Nodes:
    """A set of categories as a chain of equalities, all true branches to one child; ONNX Runtime knows the pattern."""
    which = int(tree["threshold"][node])
    words = tree["cat_threshold"][tree["cat_boundaries"][which] : tree["cat_boundaries"][which + 1]]
    members = [32 * place + bit for place, word in enumerate(words.tolist()) for bit in range(32) if word >> bit & 1]
    more = len(members) - 1
    first = taken + len(nodes.feature) - (taken - len(tree["leaf_value"]))
    chain = np.arange(first, first + more)
    false = nodes.false.copy()
    value = nodes.value.copy()
    value[node] = members[0]
    if more:
        false[node] = chain[0]
    return _Nodes(
        np.concatenate([nodes.feature, np.full(more, nodes.feature[node])]),
        np.concatenate([value, np.array(members[1:], dtype=np.float32)]),
        np.concatenate([nodes.true, np.full(more, nodes.true[node])]),
        np.concatenate([false, chain[1:], nodes.false[node : node + 1]] if more else [false]),
        np.concatenate([nodes.nan, np.zeros(more, dtype=bool)]),
        np.concatenate([nodes.equal, np.ones(more, dtype=bool)]),
    )


def _joined(number: int, output: int, nodes: _Nodes, inner: int, values: np.ndarray) -> Arrays:
    leaves = len(values)
    zeros = np.zeros(leaves, dtype=np.int64)

    def laid(own: np.ndarray, of_leaves: np.ndarray) -> np.ndarray:
        return np.concatenate([own[:inner], of_leaves, own[inner:]])

    modes = np.where(nodes.equal, "BRANCH_EQ", "BRANCH_LEQ").astype(object)
    total = len(nodes.feature) + leaves
    return {
        "nodes_treeids": np.full(total, number),
        "nodes_nodeids": np.arange(total),
        "nodes_featureids": laid(nodes.feature, zeros),
        "nodes_modes": laid(modes, np.full(leaves, "LEAF", dtype=object)),
        "nodes_values": laid(nodes.value, zeros.astype(np.float32)),
        "nodes_truenodeids": laid(nodes.true, zeros),
        "nodes_falsenodeids": laid(nodes.false, zeros),
        "nodes_missing_value_tracks_true": laid(nodes.nan.astype(np.int64), zeros),
        "target_treeids": np.full(leaves, number),
        "target_nodeids": np.arange(inner, inner + leaves),
        "target_ids": np.full(leaves, output),
        "target_weights": values.astype(np.float32),
    }


def _place(children: np.ndarray, inner: int) -> np.ndarray:
    return np.where(children >= 0, children, inner - children - 1)
