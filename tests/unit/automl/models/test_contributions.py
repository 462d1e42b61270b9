"""Contributions add up to the margin, for every candidate that gives them."""

from __future__ import annotations

import numpy as np
import pytest

from modelyard.automl.featurize.design import Design, View
from modelyard.automl.models.catalogue import candidates, find
from modelyard.automl.models.contributions import GivesContributions
from modelyard.automl.models.tabular_model import Means, Part, Shape
from modelyard.automl.task import Task

DRAW = np.random.default_rng(5)
MATRIX = DRAW.normal(size=(300, 5)).astype(np.float32)
MATRIX[:, 4] = DRAW.integers(0, 3, 300)
SIGNAL = MATRIX[:, 0] * 2 + (MATRIX[:, 4] == 1) + DRAW.normal(size=300) * 0.3
TARGETS = {
    Task.BINARY: ((SIGNAL > 0).astype(np.int64), 2),
    Task.MULTICLASS: (np.digitize(SIGNAL, [-1, 1]), 3),
    Task.REGRESSION: (SIGNAL * 10 + 100, 1),
}
GIVING = [
    (task, name) for task in TARGETS for name, kind in candidates(task).items() if issubclass(kind, GivesContributions)
]


@pytest.mark.parametrize(("task", "name"), GIVING)
def test_they_add_up(task: Task, name: str) -> None:
    target, classes = TARGETS[task]
    kind = find(name)
    coded = kind.view in (View.TREE, View.CODES)
    design = Design(MATRIX, tuple("abcde"), (4,) if coded else (), (3,) if coded else ())
    params = dict(kind.default(Shape(task, 300, 5, 1, classes)))
    if "learning_rate" in params and coded:
        params["trees"] = 10
    model = kind(task, classes, params).fit(Part(design, target), None, Means())
    assert isinstance(model, GivesContributions)
    if not model.contributes:
        pytest.skip("its margin is in a unit of its own")
    found = model.contributions(design)
    predicted = model.predict(design)
    margin = found.sum(axis=1)
    if task is Task.REGRESSION:
        assert found.shape == (300, 6)
        np.testing.assert_allclose(margin, predicted, rtol=1e-3)
    elif task is Task.BINARY:
        assert found.shape == (300, 6)
        np.testing.assert_allclose(1 / (1 + np.exp(-margin)), predicted[:, 1], atol=1e-4)
    else:
        assert found.shape == (300, 6, 3)
        shares = np.exp(margin - margin.max(axis=1, keepdims=True))
        np.testing.assert_allclose(shares / shares.sum(axis=1, keepdims=True), predicted, atol=1e-4)
    sizes = np.abs(found).mean(axis=0)
    assert (sizes if sizes.ndim == 1 else sizes.mean(axis=1))[:-1].argmax() == 0
