"""The last steps of a winner: explained while its members can be taken apart, then told in ONNX where that pays."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelyard.automl.outcome.explanation import Explanation, explain
from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.outcome.onnx_members import summary, with_onnx

_ROWS = 200
_SHORT_OF_TIME_ROWS = 30
_SHORT_SECONDS = 1.0


@dataclass(frozen=True)
class FinishedModel:
    model: FittedModel
    explanation: Explanation | None
    onnx: Mapping[str, Any]
    """What was seen of each member, for metadata; empty where ONNX was not asked for."""


def finished_model(model: FittedModel, frame: Any, *, onnx: bool, explained: bool, seconds: float) -> FinishedModel:
    """`model` as it is handed over, in about `seconds`; rows of `frame` (pandas) are used to check and to explain.

    An explanation that was asked for is given however short the time, then of fewer rows.
    """
    end = time.monotonic() + seconds
    explanation = None
    if explained:
        rows = _ROWS if seconds > _SHORT_SECONDS else _SHORT_OF_TIME_ROWS
        explanation = explain(model, frame, rows=rows, seconds=max(0.1, seconds / 2))
    if not onnx:
        return FinishedModel(model, explanation, {})
    converted, checks = with_onnx(model, frame, seconds=end - time.monotonic())
    return FinishedModel(converted, explanation, summary(checks))
