"""The decorators of the `inference-schema` package, for scripts whose environment does not have it.

A decorated `run` takes keyword arguments; each is made from JSON as its sample says.
"""

from __future__ import annotations

import functools
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from modelyard.domain.extras import require

_MARK = "__inputs_by_schema__"


class SchemaMismatch(Exception):
    """A value that cannot be read as the sample says."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class AbstractParameterType(ABC):
    """How one parameter is read from JSON."""

    def __init__(self, sample_input: Any) -> None:
        self.sample_input = sample_input

    @abstractmethod
    def deserialize_input(self, input_data: Any) -> Any:
        """The value that `run` gets; ValueError or TypeError when it cannot be made."""


class StandardPythonParameterType(AbstractParameterType):
    """Plain JSON values; a mapping or list may hold other parameter types."""

    def deserialize_input(self, input_data: Any) -> Any:
        return _plain(self.sample_input, input_data)


class NumpyParameterType(AbstractParameterType):
    """A nested list as an array of the sample's type and shape (the first axis is free)."""

    def __init__(self, sample_input: Any, enforce_column_type: bool = True, enforce_shape: bool = True) -> None:
        super().__init__(sample_input)
        self._enforce_type = enforce_column_type
        self._enforce_shape = enforce_shape

    def deserialize_input(self, input_data: Any) -> Any:
        array = np.array(input_data, dtype=self.sample_input.dtype if self._enforce_type else None)
        if self._enforce_shape and array.shape[1:] != self.sample_input.shape[1:]:
            raise ValueError(f"has shape {list(array.shape)}, and the sample {list(self.sample_input.shape)}")
        return array


class PandasParameterType(AbstractParameterType):
    """A frame from records, or as `orient` says, with the sample's columns and types."""

    def __init__(
        self,
        sample_input: Any,
        enforce_column_type: bool = True,
        enforce_shape: bool = True,
        apply_column_names: bool = False,
        orient: str = "records",
    ) -> None:
        super().__init__(sample_input)
        self._enforce_type = enforce_column_type
        self._enforce_shape = enforce_shape
        self._apply_names = apply_column_names
        self._orient = orient

    def deserialize_input(self, input_data: Any) -> Any:
        pd = require("pandas", extra="scorer", what="PandasParameterType")
        if self._orient == "split":
            frame = pd.DataFrame(**{key: input_data[key] for key in ("data", "columns", "index") if key in input_data})
        elif self._orient in ("index", "columns"):
            frame = pd.DataFrame.from_dict(input_data, orient=self._orient)
        else:
            frame = pd.DataFrame(input_data)
        sample = self.sample_input
        if self._enforce_shape and len(frame.columns) != len(sample.columns):
            raise ValueError(f"has {len(frame.columns)} columns, and the sample {len(sample.columns)}")
        if self._apply_names:
            frame.columns = sample.columns
        if self._enforce_type:
            frame = frame.astype({name: kind for name, kind in sample.dtypes.items() if name in frame.columns})
        return frame


def input_schema(
    param_name: str,
    param_type: AbstractParameterType,
    convert_to_provided_type: bool = True,
    optional: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Reads the parameter `param_name` by `param_type` before the function sees it."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if param_name in kwargs and convert_to_provided_type:
                kwargs[param_name] = _read(param_name, param_type, kwargs[param_name])
            elif param_name not in kwargs and not args and not optional and _needed(function, param_name):
                raise SchemaMismatch(param_name, f"The parameter '{param_name}' is missing.")
            return function(*args, **kwargs)

        setattr(call, _MARK, {**getattr(function, _MARK, {}), param_name: param_type})
        return call

    return decorate


def output_schema(output_type: AbstractParameterType) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Describes the answer; it does not change it."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        function.__output_by_schema__ = output_type  # type: ignore[attr-defined]
        return function

    return decorate


def is_schema_decorated(function: Callable[..., Any]) -> bool:
    """Whether `run` takes keyword arguments: by these decorators or by those of the real package."""
    if hasattr(function, _MARK):
        return True
    try:
        real = require("inference_schema.schema_util", extra="scorer", what="inference-schema")
    except Exception:
        return False
    return bool(getattr(real, "is_schema_decorated", lambda _: False)(function))


def _read(name: str, param_type: AbstractParameterType, value: Any) -> Any:
    try:
        return param_type.deserialize_input(value)
    except (ValueError, TypeError, KeyError) as error:
        raise SchemaMismatch(name, f"The parameter '{name}' {error}.") from error


def _plain(sample: Any, value: Any) -> Any:
    if isinstance(sample, AbstractParameterType):
        return sample.deserialize_input(value)
    if isinstance(sample, dict) and isinstance(value, dict):
        return {key: _plain(sample.get(key), one) for key, one in value.items()}
    if isinstance(sample, bool | int | float | str | list | dict) and not _same_kind(sample, value):
        raise ValueError(f"is a {type(value).__name__}, and the sample a {type(sample).__name__}")
    return value


def _same_kind(sample: Any, value: Any) -> bool:
    if isinstance(sample, float):
        return isinstance(value, int | float)
    return isinstance(value, type(sample))


def _needed(function: Callable[..., Any], name: str) -> bool:
    parameter = inspect.signature(function).parameters.get(name)
    return parameter is not None and parameter.default is inspect.Parameter.empty
