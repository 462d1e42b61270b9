"""Inputs and outputs of jobs."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Tag

from modelyard.domain.choices import AssetTypes, InputOutputModes, InputType
from modelyard.domain.entity import Part, Text, problem
from modelyard.domain.unions import MAPPING_OR_LITERAL


def _wire_number(value: Any) -> Any:
    """Numbers that JSON cannot carry travel as the text that the command sees."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    large = isinstance(value, int) and not isinstance(value, bool) and not -(1 << 63) <= value < 1 << 63
    return str(value) if large else value


Literal = Annotated[bool | int | float | str, BeforeValidator(_wire_number)]


class Input(Part):
    """What a job reads: a file, folder, table or model by its path, or a literal by its default."""

    local_paths: ClassVar[tuple[str, ...]] = ("path",)

    type: InputType = InputType.URI_FOLDER
    """What stands at the path."""
    path: str | None = None
    """A local path, a URL, `azureml:<name>:<version>` or an `azureml://` URI."""
    mode: InputOutputModes | None = None
    """How it reaches the job; read-only mount when left out."""
    path_on_compute: str | None = None
    """Where it is to appear on the compute."""
    datastore: str | None = None
    """The datastore that a local path is uploaded to."""
    value: Literal | None = None
    """A literal."""
    default: Literal | None = None
    """The literal when none is given."""
    optional: bool | None = None
    min: float | int | str | None = None
    max: float | int | str | None = None
    enum: list[Any] | None = None
    description: str | None = None

    @property
    def literal(self) -> bool:
        """True when the job gets a text and not a path."""
        return self.path is None and (self.type.literal or self.value is not None)

    def problems(self) -> Iterable[dict[str, str]]:
        if self.path is not None and self.value is not None:
            yield problem("value", "an input has a path or a value, not both", "remove one of them")
        allowed = _INPUT_MODES if self.type is not InputType.MLTABLE else _TABLE_MODES
        if self.mode is not None and self.mode not in allowed:
            yield _mode_problem(self.mode, f"an input of type {self.type}", allowed)


class Output(Part):
    """Where a job writes. Without a path it is kept with the run; with a name it becomes an asset."""

    type: AssetTypes = AssetTypes.URI_FOLDER
    """What the job writes there."""
    path: str | None = None
    """A datastore URI; `${{name}}`, `${{output_name}}` and `${{default_datastore}}` are replaced."""
    mode: InputOutputModes | None = None
    """How it is written; read-write mount when left out."""
    name: str | None = None
    """Register what was written as an asset of this name."""
    version: Text | None = None
    """The version to register."""
    description: str | None = None

    def problems(self) -> Iterable[dict[str, str]]:
        if self.mode is not None and self.mode not in _OUTPUT_MODES:
            yield _mode_problem(self.mode, "an output", _OUTPUT_MODES)


_INPUT_MODES = (InputOutputModes.RO_MOUNT, InputOutputModes.MOUNT, InputOutputModes.DOWNLOAD, InputOutputModes.DIRECT)
_TABLE_MODES = (*_INPUT_MODES, InputOutputModes.EVAL_MOUNT, InputOutputModes.EVAL_DOWNLOAD)
_OUTPUT_MODES = (InputOutputModes.RW_MOUNT, InputOutputModes.MOUNT, InputOutputModes.UPLOAD, InputOutputModes.DIRECT)


def _mode_problem(mode: str, what: str, allowed: tuple[InputOutputModes, ...]) -> dict[str, str]:
    return problem("mode", f"{what} has no mode '{mode}'", f"one of {', '.join(allowed)}")


JobInput = Annotated[Annotated[Input, Tag("<mapping>")] | Annotated[Literal, Tag("<literal>")], MAPPING_OR_LITERAL]


def _empty_body(value: Any) -> Any:
    return {} if value is None else value


# `model_output:` without a body is a folder kept with the run.
JobOutput = Annotated[Output, BeforeValidator(_empty_body)]


def literal_text(value: Input | bool | int | float | str) -> str | None:
    """The text of a literal input as the command sees it; None for an input that is a path."""
    if not isinstance(value, Input):
        return str(value)
    if not value.literal:
        return None
    given = value.value if value.value is not None else value.default
    return "" if given is None else str(given)


# What the path of an output may name.
PATH_NAMES = ("name", "output_name", "default_datastore")
_PORT = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,254}")


def port_name_problems(field: str, ports: Iterable[str]) -> Iterable[dict[str, str]]:
    """Names of inputs and outputs become environment variables and folders, so they are plain words."""
    for name in ports:
        if not _PORT.fullmatch(name):
            mend = "use letters, digits and '_', beginning with a letter"
            yield problem(f"{field}.{name[:60]}", f"'{name[:60]}' is not a name for one of the {field}", mend)
