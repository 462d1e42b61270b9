"""The signature of an MLflow model, read without MLflow: what columns or tensors the model takes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

NUMERIC_TYPES = frozenset({"double", "float", "long", "integer", "boolean"})
SIMPLE_TYPES = NUMERIC_TYPES | {"string", "binary", "datetime"}


@dataclass(frozen=True)
class ColumnSpec:
    name: str | None
    type: str
    required: bool = True


@dataclass(frozen=True)
class TensorSpec:
    name: str | None
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Signature:
    """`columns` or `tensors` is filled; `has_params` when predict takes parameters."""

    columns: tuple[ColumnSpec, ...] = ()
    tensors: tuple[TensorSpec, ...] = ()
    outputs: tuple[ColumnSpec | TensorSpec, ...] = ()
    has_params: bool = False

    @cached_property
    def names(self) -> list[str]:
        return [column.name for column in self.columns if column.name is not None]

    @cached_property
    def named(self) -> bool:
        return bool(self.columns) and len(self.names) == len(self.columns)

    @cached_property
    def simple(self) -> bool:
        """Every column is of a scalar type that we check and convert by ourselves."""
        return bool(self.columns) and all(column.type in SIMPLE_TYPES for column in self.columns)

    @cached_property
    def all_floating(self) -> bool:
        """A table of it is one matrix of doubles, and any number or null is right in any cell."""
        return bool(self.columns) and all(column.type == "double" for column in self.columns)

    @cached_property
    def all_numeric(self) -> bool:
        return bool(self.columns) and all(column.type in NUMERIC_TYPES for column in self.columns)


def from_mlmodel(mlmodel: Mapping[str, Any]) -> Signature | None:
    """The signature of a parsed `MLmodel` file, None when it has none."""
    raw = mlmodel.get("signature")
    if not raw or not raw.get("inputs"):
        return None
    inputs = [_spec(one) for one in json.loads(raw["inputs"])]
    outputs = [_spec(one) for one in json.loads(raw["outputs"])] if raw.get("outputs") else []
    return Signature(
        columns=tuple(one for one in inputs if isinstance(one, ColumnSpec)),
        tensors=tuple(one for one in inputs if isinstance(one, TensorSpec)),
        outputs=tuple(outputs),
        has_params=bool(raw.get("params")),
    )


def _spec(raw: Mapping[str, Any]) -> ColumnSpec | TensorSpec:
    if raw.get("type") == "tensor":
        tensor = raw["tensor-spec"]
        shape: Sequence[int] = tensor["shape"]
        return TensorSpec(raw.get("name"), str(tensor["dtype"]), tuple(shape))
    return ColumnSpec(raw.get("name"), str(raw["type"]), bool(raw.get("required", True)))
