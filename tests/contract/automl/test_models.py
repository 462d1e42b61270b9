"""Every candidate keeps the promise of `TabularModel`, for every task that it names."""

from __future__ import annotations

import pytest

from modelyard.automl.models.catalogue import models
from modelyard.automl.models.tabular_model import TabularModel
from modelyard.automl.task import Task
from modelyard.testing.tabular_model_suite import TabularModelSuite

PAIRS = [(model, task) for model in models().values() for task in sorted(model.tasks)]


@pytest.mark.parametrize(("model", "task"), PAIRS, ids=[f"{model.name}-{task}" for model, task in PAIRS])
class TestModels(TabularModelSuite):
    pass


def test_every_candidate_is_under_test() -> None:
    learners = [model for model in models().values() if model.tasks]
    assert len({model for model, _ in PAIRS}) == len(learners) >= 20
    assert all(issubclass(model, TabularModel) and task is not Task.FORECASTING for model, task in PAIRS)
