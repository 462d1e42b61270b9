from __future__ import annotations

import numpy as np

from modelyard.automl.forecast.combination import Combination, greedy, means, medians
from modelyard.automl.forecast.metrics import Truth, metric

ACTUAL = np.random.default_rng(0).normal(size=(3, 20, 6)) + 50
TRUTH = Truth(ACTUAL, np.full(20, 10.0), np.full((3, 20), 1.0))
MASE = metric("mase")


def noisy(seed: int, size: float) -> np.ndarray:
    return ACTUAL + np.random.default_rng(seed).normal(scale=size, size=ACTUAL.shape)


def test_good_candidates_are_joined_and_bad_ones_left_out() -> None:
    found = greedy({0: noisy(1, 1.0), 1: noisy(2, 1.0), 2: noisy(3, 30.0), 3: noisy(4, 1.05)}, TRUTH, MASE)
    assert set(found.members) == {0, 1, 3}
    assert abs(sum(found.weights) - 1) < 1e-9
    assert max(found.weights) < 0.6


def test_one_that_is_far_ahead_stands_nearly_alone() -> None:
    found = greedy({0: noisy(1, 0.01), 1: noisy(2, 5.0), 2: noisy(3, 5.0)}, TRUTH, MASE)
    assert found.members == (0,)


def test_ways_need_company() -> None:
    alone = {4: noisy(1, 1.0)}
    assert greedy(alone, TRUTH, MASE) == Combination((4,), (1.0,))
    assert means(alone, TRUTH, MASE) is None
    assert medians(alone, TRUTH, MASE) is None


def test_a_median_shrugs_off_an_outlier() -> None:
    one = Combination((0, 1, 2), (1 / 3, 1 / 3, 1 / 3), median=True)
    found = one.of([np.array([[1.0]]), np.array([[2.0]]), np.array([[900.0]])])
    assert found.tolist() == [[2.0]]


def test_correlation_is_maximised() -> None:
    spearman = metric("spearman_correlation")
    found = greedy({0: noisy(1, 0.5), 1: -noisy(1, 0.5)}, TRUTH, spearman)
    assert found.members == (0,)
