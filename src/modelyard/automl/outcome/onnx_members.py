"""Members that answer by ONNX Runtime, where that was seen to be the same and to be quicker."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from modelyard.automl.ensemble.fitted_ensemble import FittedEnsemble, Member
from modelyard.automl.featurize.design import Design
from modelyard.automl.models.onnx import OnnxModel
from modelyard.automl.models.onnx_form import ConvertsToOnnx
from modelyard.automl.models.tabular_model import TabularModel
from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.outcome.input_table import InputTable

TOLERANCE = 1e-4
"""Of probabilities, and of numbers relative to their spread: float32 sums against float64 ones differ by less."""
_ROWS = 2_000


@dataclass(frozen=True)
class OnnxCheck:
    """What was seen when one member's model was converted."""

    algorithm: str
    kept: str
    """`onnx` or `native`: who answers from now on."""
    reason: str
    difference: float | None = None
    """Largest, over `rows`; in the measure of `TOLERANCE`."""
    rows: int = 0
    native_row_milliseconds: float | None = None
    onnx_row_milliseconds: float | None = None

    def to_dict(self) -> dict[str, Any]:
        return {"tolerance": TOLERANCE, **asdict(self)}


def with_onnx(model: FittedModel, data: Any, *, seconds: float = 10.0) -> tuple[FittedModel, list[OnnxCheck]]:
    """`model` with those members in ONNX that predict up to 2,000 rows of `data` the same and one row quicker.

    No conversion is begun once `seconds` have passed; what is left stays native, and so says its check.
    """
    end = time.monotonic() + seconds
    arrays = InputTable.of(data.iloc[:_ROWS], model.columns).arrays
    designs = {name: model.featurizers[name].transform(arrays) for name in model.ensemble.designs}
    members, checks = [], []
    for member in model.ensemble.members:
        made = []
        for one, name in zip(member.models, member.designs, strict=True):
            chosen, check = _chosen(one, designs[name], end)
            made.append(chosen)
            checks.append(check)
        # A member's models are restored as one kind, so it is all or none.
        whole = all(isinstance(one, OnnxModel) for one in made)
        members.append(Member(tuple(made), member.designs) if whole else member)
        if not whole:
            checks[-len(made) :] = [replace(check, kept="native") for check in checks[-len(made) :]]
    ensemble = model.ensemble
    changed = FittedEnsemble(ensemble.task, ensemble.classes, members, ensemble.combiner)
    return replace(model, ensemble=changed), checks


def _chosen(model: TabularModel, design: Design, end: float) -> tuple[TabularModel, OnnxCheck]:
    if isinstance(model, OnnxModel):
        return model, OnnxCheck(str(model.params.get("algorithm")), "onnx", "it was in ONNX already")
    if not isinstance(model, ConvertsToOnnx):
        return model, OnnxCheck(model.name, "native", "its own form is plain arrays, or cannot be told in ONNX")
    if time.monotonic() > end:
        return model, OnnxCheck(model.name, "native", "there was no time to convert it")
    try:
        form = model.onnx_form(design.matrix.shape[1])
        if form is None:
            return model, OnnxCheck(model.name, "native", "it cannot be told in ONNX")
        converted = OnnxModel.of(model, form)
        difference = _difference(model.predict(design), converted.predict(design))
    except Exception as error:  # The converters' and the runtime's own errors share no base.
        return model, OnnxCheck(model.name, "native", f"conversion failed: {type(error).__name__}: {error}"[:300])
    return _quicker(model, converted, design, difference)


def _quicker(
    model: TabularModel, converted: OnnxModel, design: Design, difference: float
) -> tuple[TabularModel, OnnxCheck]:
    row = Design(design.matrix[:1], design.names, design.categorical, design.cardinalities)
    rows = int(design.matrix.shape[0])
    if not difference <= TOLERANCE:
        return model, OnnxCheck(model.name, "native", "its predictions differ", difference, rows)
    native = _row_milliseconds(lambda: model.predict(row))
    onnx = _row_milliseconds(lambda: converted.predict(row))
    quicker = onnx < native
    reason = f"one row takes {onnx:.3f} ms in ONNX, {native:.3f} ms natively"
    check = OnnxCheck(model.name, "onnx" if quicker else "native", reason, difference, rows, native, onnx)
    return (converted if quicker else model), check


def _difference(native: np.ndarray, onnx: np.ndarray) -> float:
    scale = 1.0 if native.ndim == 2 else max(float(native.std()), 1e-12)
    return float(np.abs(native - onnx).max()) / scale


def _row_milliseconds(call: Callable[[], object]) -> float:
    times = []
    for _ in range(30):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


def summary(checks: list[OnnxCheck]) -> Mapping[str, Any]:
    """For metadata: who answers, and the largest difference."""
    differences = [check.difference for check in checks if check.kept == "onnx" and check.difference is not None]
    return {
        "tolerance": TOLERANCE,
        "largest_difference": max(differences, default=None),
        "members": [check.to_dict() for check in checks],
    }
