"""Intervals hold the truth, and the luck of having been chosen is taken off."""

from __future__ import annotations

import numpy as np

from modelyard.automl.validate.intervals import bootstrap, corrected
from modelyard.automl.validate.metrics import metric


def test_a_bootstrap_interval_holds_the_score_and_narrows_with_rows() -> None:
    random = np.random.default_rng(0)
    target = random.normal(size=4000)
    prediction = target + random.normal(size=4000)
    few = bootstrap(metric("rmse"), target[:100], prediction[:100])
    many = bootstrap(metric("rmse"), target, prediction)
    assert few.low <= few.score <= few.high
    assert many.low <= 1.0 <= many.high
    assert many.high - many.low < few.high - few.low


def test_the_best_of_many_guessers_is_told_to_be_a_guesser() -> None:
    random = np.random.default_rng(1)
    target = random.integers(0, 2, 100)
    guesses = [np.column_stack([1 - share, share]) for share in random.random((30, 100))]
    auc = metric("auc_weighted")
    luckiest = max(auc.score(target, one) for one in guesses)
    found = corrected(auc, target, guesses, ensemble=False)
    assert luckiest > 0.58
    assert abs(found.score - 0.5) < 0.06
    assert found.low < 0.5 < found.high


def test_rows_that_were_not_judged_are_left_out() -> None:
    target = np.arange(40.0)
    prediction = target.copy()
    prediction[30:] = np.nan
    found = corrected(metric("rmse"), target, [prediction, prediction + 1.0])
    assert found.score == 0.0
