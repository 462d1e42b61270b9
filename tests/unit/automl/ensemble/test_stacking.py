from __future__ import annotations

import numpy as np
import pytest

from modelyard.automl.ensemble.calibration import fitted_temperature
from modelyard.automl.ensemble.combiner import tempered
from modelyard.automl.ensemble.stacking import cross_stack, fit_stack
from modelyard.automl.models.probabilities import softmax
from modelyard.automl.models.proxy import loss
from modelyard.automl.task import Task


@pytest.fixture
def chance() -> np.random.Generator:
    return np.random.default_rng(0)


def _classes(chance: np.random.Generator, rows: int = 600) -> tuple[np.ndarray, np.ndarray]:
    truth = 2 * chance.normal(size=(rows, 3))
    drawn = (softmax(truth).cumsum(axis=1) > chance.random((rows, 1))).argmax(axis=1)
    return truth, drawn


def test_numbers_are_shifted_and_weighted(chance: np.random.Generator) -> None:
    target = chance.normal(size=500) * 10 + 100
    one, two = target - 30 + chance.normal(size=500), target + chance.normal(size=500) * 20
    stack = fit_stack(Task.REGRESSION, [one, two], target)
    assert (stack.weights >= 0).all()
    assert stack.weights[0] > 0.9 > stack.weights[1]
    assert np.abs(stack.combine([one, two]) - target).mean() < 1.0


def test_an_opposite_candidate_gets_nothing(chance: np.random.Generator) -> None:
    target = chance.normal(size=300)
    stack = fit_stack(Task.REGRESSION, [target + 0.1 * chance.normal(size=300), -target], target)
    assert stack.weights[1] == 0.0


def test_probabilities_that_are_too_sure_are_softened(chance: np.random.Generator) -> None:
    truth, drawn = _classes(chance)
    sure = softmax(4 * truth)
    stack = fit_stack(Task.MULTICLASS, [sure], drawn)
    assert stack.weights[0] == pytest.approx(0.25, abs=0.06)
    found = stack.combine([sure])
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    assert loss(Task.MULTICLASS, "", drawn, found, None) < 0.8 * loss(Task.MULTICLASS, "", drawn, sure, None)


def test_crossed_predictions_come_from_other_rows(chance: np.random.Generator) -> None:
    noise = [chance.normal(size=60) for _ in range(20)]
    target, folds = chance.normal(size=60), np.arange(60) % 5
    honest = cross_stack(Task.REGRESSION, noise, target, folds)
    fitted = fit_stack(Task.REGRESSION, noise, target).combine(noise)
    assert np.isfinite(honest).all()
    assert np.mean((honest - target) ** 2) > np.mean((fitted - target) ** 2)


def test_rows_without_a_prediction_stay_without(chance: np.random.Generator) -> None:
    truth, drawn = _classes(chance, 90)
    shares = softmax(truth)
    shares[:10] = np.nan
    found = cross_stack(Task.MULTICLASS, [shares], drawn, np.arange(90) % 3)
    assert np.isnan(found[:10]).all()
    assert np.isfinite(found[10:]).all()


def test_weights_of_rows_count(chance: np.random.Generator) -> None:
    target = chance.normal(size=200)
    half = np.arange(200) < 100
    one, two = np.where(half, target, -target), np.where(half, -target, target)
    stack = fit_stack(Task.REGRESSION, [one, two], target, np.where(half, 1.0, 1e-6))
    assert stack.weights[0] > 5 * stack.weights[1]


def test_a_temperature_is_found_where_there_is_one(chance: np.random.Generator) -> None:
    truth, drawn = _classes(chance, 1500)
    sure = softmax(2 * truth)
    found = fitted_temperature(drawn, sure)
    assert found == pytest.approx(2.0, rel=0.25)
    assert loss(Task.MULTICLASS, "", drawn, tempered(sure, found), None) < loss(Task.MULTICLASS, "", drawn, sure, None)


def test_calibrated_probabilities_are_left_alone(chance: np.random.Generator) -> None:
    truth, drawn = _classes(chance, 4000)
    assert fitted_temperature(drawn, softmax(truth)) == pytest.approx(1.0, abs=0.06)
