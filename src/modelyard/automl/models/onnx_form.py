"""What becomes of a model in ONNX: the graph of its trees, and the last step from their sums to a prediction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from modelyard.automl.models.probabilities import normalised, pair, sigmoid, softmax, spread
from modelyard.automl.models.target_form import TargetForm
from modelyard.domain.extras import LazyModule

if TYPE_CHECKING:
    from modelyard.automl.models.leaf_forest import Tree

onnx_helper: Any = LazyModule("onnx.helper", extra="automl", what="conversion to ONNX")

INPUT, OUTPUT = "features", "output"
_ML_OPSET, _OPSET, _IR = 3, 17, 8


class Finish(StrEnum):
    """How the graph's output becomes a prediction."""

    NUMBER = "number"
    POSITIVE = "positive"
    """Probability of class 1."""
    SHARES = "shares"
    LOG_ODDS = "log_odds"
    SCORES = "scores"
    """Before a softmax."""


@dataclass(frozen=True)
class OnnxForm:
    """`graph` takes (rows, features) float32 as its one input; `output` names what it gives, (rows, outputs)."""

    graph: bytes
    output: str
    finish: Finish
    target: TargetForm = field(default_factory=TargetForm)
    present: np.ndarray | None = None
    """Classes that the graph tells; None: all."""

    def finished(self, raw: np.ndarray, classes: int) -> np.ndarray:
        """A prediction as `TabularModel.predict` gives it, in float64."""
        values = raw.astype(np.float64)
        if self.finish is Finish.NUMBER:
            return self.target.backward(values.reshape(len(values)))
        if self.finish is Finish.POSITIVE:
            shares = pair(values.reshape(len(values)))
        elif self.finish is Finish.LOG_ODDS:
            shares = pair(sigmoid(values.reshape(len(values))))
        else:
            shares = softmax(values) if self.finish is Finish.SCORES else normalised(values)
        return shares if self.present is None else spread(shares, self.present, classes)

    def state(self) -> dict[str, Any]:
        return {"graph": self.graph, "output": self.output, "finish": str(self.finish),
                "target": self.target.state(), "present": self.present}  # fmt: skip

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        present = None if state["present"] is None else np.asarray(state["present"])
        target = TargetForm.restore(state["target"])
        return cls(bytes(state["graph"]), state["output"], Finish(state["finish"]), target, present)


class ConvertsToOnnx(ABC):
    """A model that can be told in ONNX, trees above all: ONNX Runtime walks them two to three times as fast."""

    @abstractmethod
    def onnx_form(self, features: int) -> OnnxForm | None:
        """None where this one cannot be converted."""


def forest_graph(
    trees: Sequence[Tree], features: int, *, mean: bool, rounds_of: int = 0, offset: np.ndarray | None = None
) -> bytes:
    """The graph of `trees`: the mean of their values or their sum, each round of `rounds_of` adding to each output."""
    outputs = rounds_of if rounds_of > 1 else trees[0].values.shape[1]
    parts = [_attributes(number, tree, number % rounds_of if rounds_of > 1 else None)
             for number, tree in enumerate(trees)]  # fmt: skip
    joined: dict[str, Any] = {name: np.concatenate([part[name] for part in parts]).tolist() for name in parts[0]}
    joined["nodes_modes"] = ["LEAF" if leaf else "BRANCH_LEQ" for leaf in joined.pop("leaves")]
    if mean:
        joined["aggregate_function"] = "AVERAGE"
    if offset is not None and np.any(offset):
        joined["base_values"] = np.broadcast_to(offset, (outputs,)).astype(np.float32).tolist()
    return tree_model(joined, features, outputs)


def tree_model(attributes: Mapping[str, Any], features: int, outputs: int) -> bytes:
    """A model of one node, `TreeEnsembleRegressor` with these attributes."""
    node = onnx_helper.make_node(
        "TreeEnsembleRegressor", [INPUT], [OUTPUT], domain="ai.onnx.ml", n_targets=outputs, **attributes
    )
    return _model(node, features, outputs)


def _attributes(number: int, tree: Tree, output: int | None) -> dict[str, np.ndarray]:
    """Of one tree: inner nodes keep their numbers, leaves follow."""
    inner, leaves = len(tree.feature), len(tree.values)
    place = np.arange(inner + leaves)
    zeros = np.zeros(leaves, dtype=np.int64)
    width = tree.values.shape[1]
    return {
        "nodes_treeids": np.full(inner + leaves, number),
        "nodes_nodeids": place,
        "nodes_featureids": np.concatenate([tree.feature, zeros]),
        "nodes_values": np.concatenate([tree.threshold, zeros.astype(np.float32)]),
        "nodes_truenodeids": np.concatenate([_place(tree.left, inner), zeros]),
        "nodes_falsenodeids": np.concatenate([_place(tree.right, inner), zeros]),
        "nodes_missing_value_tracks_true": np.concatenate([tree.missing_left.astype(np.int64), zeros]),
        "leaves": place >= inner,
        "target_treeids": np.full(leaves * width, number),
        "target_nodeids": np.repeat(place[inner:], width),
        "target_ids": np.tile(np.arange(width), leaves) if output is None else np.full(leaves, output),
        "target_weights": tree.values.ravel(),
    }


def _place(children: np.ndarray, inner: int) -> np.ndarray:
    return np.where(children >= 0, children, inner - children.astype(np.int64) - 1)


def _model(node: Any, features: int, outputs: int) -> bytes:
    floats = 1  # TensorProto.FLOAT
    graph = onnx_helper.make_graph(
        [node],
        "forest",
        [onnx_helper.make_tensor_value_info(INPUT, floats, [None, features])],
        [onnx_helper.make_tensor_value_info(OUTPUT, floats, [None, outputs])],
    )
    opsets = [onnx_helper.make_opsetid("", _OPSET), onnx_helper.make_opsetid("ai.onnx.ml", _ML_OPSET)]
    model = onnx_helper.make_model(graph, opset_imports=opsets, ir_version=_IR, producer_name="modelyard")
    return bytes(model.SerializeToString())
