"""The promise of `TabularModel`, as tests: give the suite fixtures `model` and `task`, and pytest runs all of them."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from modelyard.automl.featurize.design import View
from modelyard.automl.models.baseline import Baseline
from modelyard.automl.models.proxy import loss
from modelyard.automl.models.tabular_model import Means, OutOfTime, Params, Part, TabularModel
from modelyard.automl.task import Task
from modelyard.domain.search_space import AnyDistribution, Choice, LogNormal, Normal, QLogNormal, QNormal, Randint
from modelyard.testing.tabular_samples import Sample, of_rows, sample

# Learners of many steps are tested on few: what holds after twenty trees holds after a thousand.
_SHORT = {"trees": 25, "epochs": 8, "min_samples_leaf": 5}


class TabularModelSuite:
    """Every candidate with every task that it names."""

    def test_predictions_have_the_shape_of_the_task(self, model: type[TabularModel], task: Task) -> None:
        data, fitted = _sample(model.view, task), _fitted(model, task)
        found = fitted.predict(data.watch.design)
        rows = len(data.watch.target)
        assert found.shape == ((rows, data.shape.classes) if task.is_classification else (rows,))
        assert found.dtype == np.float64
        assert np.isfinite(found).all()
        if task.is_classification:
            assert (found >= 0).all()
            np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-6)

    def test_it_learns(self, model: type[TabularModel], task: Task) -> None:
        data = _sample(model.view, task)
        found, plain = (
            loss(task, "", data.watch.target, one.predict(data.watch.design), None)
            for one in (_fitted(model, task), _fitted(Baseline, task, model.view))
        )
        assert found < 0.97 * plain or model is Baseline

    def test_a_restored_model_predicts_the_same(self, model: type[TabularModel], task: Task) -> None:
        data, fitted = _sample(model.view, task), _fitted(model, task)
        state = fitted.state()
        _check_plain(state)
        again = model.restore(task, data.shape.classes, fitted.params, state)
        np.testing.assert_array_equal(again.predict(data.watch.design), fitted.predict(data.watch.design))
        _check_plain(again.state())

    def test_one_row_is_predicted_as_among_many(self, model: type[TabularModel], task: Task) -> None:
        data, fitted = _sample(model.view, task), _fitted(model, task)
        many = fitted.predict(data.watch.design)
        for row in (0, 7):
            one = fitted.predict(of_rows(data.watch.design, slice(row, row + 1)))
            np.testing.assert_allclose(one[0], many[row], rtol=1e-4, atol=1e-5)

    def test_a_seed_decides(self, model: type[TabularModel], task: Task) -> None:
        data = _sample(model.view, task)
        first, second = (_fit(model, data, task).predict(data.watch.design) for _ in range(2))
        np.testing.assert_array_equal(first, second)

    def test_weights_count(self, model: type[TabularModel], task: Task) -> None:
        data = _sample(model.view, task)
        high = data.train.target > np.mean(data.train.target)
        weight = np.where(high, 20.0, 0.05)
        heavy = _fit(model, replace(data, train=replace(data.train, weight=weight)), task)
        both = [_level(one.predict(data.watch.design)) for one in (heavy, _fitted(model, task))]
        assert both[0] > both[1]

    def test_a_class_without_rows_has_its_column(self, model: type[TabularModel], task: Task) -> None:
        if not task.is_classification:
            return
        data = _sample(model.view, task)
        kept = np.flatnonzero(data.train.target != 0)
        train = Part(of_rows(data.train.design, kept), data.train.target[kept])
        found = _fit(model, replace(data, train=train), task).predict(data.watch.design)
        assert found.shape == (len(data.watch.target), data.shape.classes)
        assert np.isfinite(found).all()
        np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-6)
        assert found[:, 0].mean() < 0.5

    def test_codes_and_gaps_that_were_never_seen(self, model: type[TabularModel], task: Task) -> None:
        if model.view not in (View.TREE, View.CODES):
            return
        data = _sample(model.view, task)
        odd = of_rows(data.watch.design, slice(0, 3))
        odd.matrix[0], odd.matrix[1, 4], odd.matrix[2, :4] = np.nan, 4.0, 1e6
        assert np.isfinite(_fitted(model, task).predict(odd)).all()

    def test_all_rows_are_fitted_with_no_one_to_watch(self, model: type[TabularModel], task: Task) -> None:
        data, fitted = _sample(model.view, task), _fitted(model, task)
        params = fitted.refit_params([fitted, fitted], 1.25)
        _check_plain(dict(params))
        whole = model(task, data.shape.classes, params).fit(data.train, None, Means())
        assert np.isfinite(whole.predict(data.watch.design)).all()

    def test_the_deadline_is_obeyed(self, model: type[TabularModel], task: Task) -> None:
        data = _sample(model.view, task)
        begun = time.monotonic()
        try:
            _fit(model, data, task, Means(deadline=begun - 1.0)).predict(data.watch.design)
        except OutOfTime:
            pass
        assert time.monotonic() - begun < 1.0

    def test_what_the_space_holds_can_be_fitted(self, model: type[TabularModel], task: Task) -> None:
        data = _sample(model.view, task)
        space, default = model.space(data.shape), dict(model.default(data.shape))
        for seed in range(2):
            chance = np.random.default_rng(seed)
            drawn = {name: draw(distribution, chance) for name, distribution in space.items()}
            fitted = _fit(model, data, task, params={**default, **drawn})
            assert np.isfinite(fitted.predict(data.watch.design)).all()

    def test_the_portfolio_is_estimated(self, model: type[TabularModel], task: Task) -> None:
        shape = _sample(model.view, task).shape
        large = replace(shape, rows=100_000, features=100)
        assert len(model.portfolio(shape)) >= 1
        for params in (*model.portfolio(shape), model.default(shape)):
            _check_plain(dict(params))
            assert 1_000 < model.memory_bytes(shape, params) < 4e9
            assert 0 < model.seconds(shape, params, 1) < 60
            assert model.seconds(large, params, 2) >= model.seconds(shape, params, 2)

    def test_importances_are_one_a_feature(self, model: type[TabularModel], task: Task) -> None:
        found = _fitted(model, task).importances()
        if found is not None:
            assert found.shape == (_sample(model.view, task).shape.features,)
            assert (found >= 0).all()


def draw(distribution: AnyDistribution, chance: np.random.Generator) -> Any:
    """A value of the distribution; whole numbers of steps come as samplers give them, as floats."""
    if isinstance(distribution, Choice):
        return distribution.values[int(chance.integers(len(distribution.values)))]
    if isinstance(distribution, Randint):
        return int(chance.integers(distribution.upper))
    if isinstance(distribution, Normal | QNormal | LogNormal | QLogNormal):
        value = float(chance.normal(distribution.mu, distribution.sigma))
    else:
        value = float(chance.uniform(distribution.min_value, distribution.max_value))
    value = math.exp(value) if distribution.logarithmic else value
    step = getattr(distribution, "q", None)
    return value if step is None else float(round(value / step) * step)


@cache
def _sample(view: View, task: Task) -> Sample:
    return sample(view, task)


@cache
def _fitted(model: type[TabularModel], task: Task, view: View | None = None) -> TabularModel:
    return _fit(model, _sample(view or model.view, task), task)


def _fit(
    model: type[TabularModel], data: Sample, task: Task, means: Means | None = None, params: Params | None = None
) -> TabularModel:
    given = dict(params or model.portfolio(data.shape)[0])
    boosted = {"trees"} if "learning_rate" in given else set()
    short = {key: value for key, value in _SHORT.items() if key in given.keys() | boosted}
    return model(task, data.shape.classes, {**given, **short}).fit(data.train, data.watch, means or Means())


def _level(prediction: np.ndarray) -> float:
    """How high the predictions are: of classes, the mean number."""
    return float(prediction.mean() if prediction.ndim == 1 else (prediction @ np.arange(prediction.shape[1])).mean())


def _check_plain(value: Any) -> None:
    """JSON values, texts, bytes and arrays of numbers: what can be saved without a pickle."""
    if isinstance(value, Mapping):
        assert all(isinstance(key, str) for key in value)
        for one in value.values():
            _check_plain(one)
    elif isinstance(value, list | tuple):
        for one in value:
            _check_plain(one)
    elif isinstance(value, np.ndarray):
        assert value.dtype.kind in "biufUS"
    else:
        assert value is None or (
            isinstance(value, bool | int | float | str | bytes) and not isinstance(value, np.generic)
        )
