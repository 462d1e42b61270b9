from __future__ import annotations

import time

import numpy as np
import pytest

from modelyard.automl.ensemble.greedy import greedy_weights, held_rows


def rmse(target: np.ndarray, prediction: np.ndarray, weight: np.ndarray | None) -> float:
    return float(np.sqrt(np.average((target - prediction) ** 2, weights=weight)))


@pytest.fixture
def target() -> np.ndarray:
    return np.random.default_rng(0).normal(size=400)


def test_two_that_err_apart_share_the_weight(target: np.ndarray) -> None:
    chance = np.random.default_rng(1)
    one, two = target + chance.normal(size=400), target + chance.normal(size=400)
    bad = chance.normal(size=400) * 5
    weights = greedy_weights([one, two, bad], target, rmse, greater_is_better=False)
    assert weights.sum() == pytest.approx(1.0)
    assert weights[2] == 0.0
    assert 0.35 < weights[0] < 0.65


def test_it_is_never_worse_than_the_best_of_them(target: np.ndarray) -> None:
    chance = np.random.default_rng(2)
    candidates = [target + scale * chance.normal(size=400) for scale in (0.1, 1.0, 2.0, 4.0)]
    weights = greedy_weights(candidates, target, rmse, greater_is_better=False)
    mean = sum(weight * one for weight, one in zip(weights, candidates, strict=True))
    assert rmse(target, mean, None) <= min(rmse(target, one, None) for one in candidates)


def test_a_greater_score_may_be_better(target: np.ndarray) -> None:
    opposite = greedy_weights(
        [target, -target], target, lambda goal, found, weight: -rmse(goal, found, weight), greater_is_better=True
    )
    assert opposite.tolist() == [1.0, 0.0]


def test_rows_that_no_fold_held_are_left_out(target: np.ndarray) -> None:
    good, bad = target.copy(), target + 1.0
    good[::2] = np.nan
    assert held_rows([good, bad]).sum() == 200
    assert greedy_weights([good, bad], target, rmse, greater_is_better=False).tolist() == [1.0, 0.0]


def test_weights_of_rows_count(target: np.ndarray) -> None:
    half = np.arange(400) < 200
    one, two = np.where(half, target, target + 3), np.where(half, target + 3, target)
    weight = np.where(half, 1.0, 0.0)
    weights = greedy_weights([one, two], target, rmse, greater_is_better=False, weight=weight)
    assert weights.tolist() == [1.0, 0.0]


def test_a_score_that_is_no_number_never_wins(target: np.ndarray) -> None:
    def odd(goal: np.ndarray, found: np.ndarray, weight: np.ndarray | None) -> float:
        return float("nan") if found is not None and np.allclose(found, goal + 9) else rmse(goal, found, weight)

    assert greedy_weights([target + 9, target + 1], target, odd, greater_is_better=False)[1] > 0


def test_at_the_deadline_it_returns_what_it_has(target: np.ndarray) -> None:
    weights = greedy_weights(
        [target + 1, target], target, rmse, greater_is_better=False, deadline=time.monotonic() - 1.0
    )
    assert weights.tolist() == [0.0, 1.0]
