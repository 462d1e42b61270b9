"""Models told in ONNX predict as they do natively, and come back from their state."""

from __future__ import annotations

import numpy as np
import pytest

from modelyard.automl.featurize.design import Design
from modelyard.automl.models.catalogue import candidates, find
from modelyard.automl.models.onnx import OnnxModel
from modelyard.automl.models.onnx_form import ConvertsToOnnx
from modelyard.automl.models.tabular_model import Means, Part, Shape
from modelyard.automl.task import Task

DRAW = np.random.default_rng(3)
MATRIX = DRAW.normal(size=(500, 6)).astype(np.float32)
MATRIX[DRAW.random(MATRIX.shape) < 0.1] = np.nan
MATRIX[:, 5] = DRAW.integers(0, 4, 500)
SIGNAL = np.nan_to_num(MATRIX[:, 0]) + (MATRIX[:, 5] == 2) * 2 + DRAW.normal(size=500) * 0.3
DESIGN = Design(MATRIX, tuple("abcdef"), (5,), (4,))
TARGETS = {
    Task.BINARY: ((SIGNAL > 0).astype(np.int64), 2),
    Task.MULTICLASS: (np.digitize(SIGNAL, [-0.5, 1.0]), 3),
    Task.REGRESSION: (SIGNAL, 1),
}
CONVERTIBLE = [
    (task, name) for task in TARGETS for name, kind in candidates(task).items() if issubclass(kind, ConvertsToOnnx)
]


@pytest.mark.parametrize(("task", "name"), CONVERTIBLE)
def test_onnx_predicts_as_the_model_does(task: Task, name: str) -> None:
    target, classes = TARGETS[task]
    kind = find(name)
    params = {**kind.default(Shape(task, 500, 6, 1, classes)), "trees": 12}
    model = kind(task, classes, params).fit(Part(DESIGN, target), None, Means())
    form = model.onnx_form(6)
    assert form is not None
    converted = OnnxModel.of(model, form)
    expected = model.predict(DESIGN)
    np.testing.assert_allclose(converted.predict(DESIGN), expected, atol=1e-5 * max(1.0, float(np.ptp(expected))))
    back = OnnxModel.restore(task, classes, converted.params, converted.state())
    np.testing.assert_array_equal(back.predict(DESIGN), converted.predict(DESIGN))
    assert back.params["algorithm"] == name
    row = Design(MATRIX[7:8], DESIGN.names, DESIGN.categorical, DESIGN.cardinalities)
    np.testing.assert_allclose(back.predict(row)[0], back.predict(DESIGN, threads=2)[7], atol=1e-6)


def test_classes_that_training_lacks_stay_at_zero() -> None:
    kind = find("RandomForest")
    target = TARGETS[Task.BINARY][0] * 2  # of three classes, the middle one is not there
    model = kind(Task.MULTICLASS, 3, {"trees": 5}).fit(Part(DESIGN, target), None, Means())
    form = model.onnx_form(6)
    np.testing.assert_allclose(OnnxModel.of(model, form).predict(DESIGN), model.predict(DESIGN), atol=1e-5)


def test_it_is_no_candidate() -> None:
    assert all("ONNX" not in candidates(task) for task in Task)
