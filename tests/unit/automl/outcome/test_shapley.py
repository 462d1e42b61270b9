"""Sampled Shapley values: exact where they can be, additive always."""

from __future__ import annotations

import numpy as np

from modelyard.automl.outcome.shapley import sampled_contributions

DRAW = np.random.default_rng(1)
ARRAYS = {"a": DRAW.normal(size=400), "b": DRAW.normal(size=400), "c": DRAW.normal(size=400)}
CHOSEN = np.arange(20)


def test_of_a_linear_function_they_are_its_terms():
    def linear(arrays):
        return (2 * arrays["a"] - arrays["b"])[:, None]

    values, base, orders = sampled_contributions(linear, ARRAYS, CHOSEN, seconds=5, most_orders=400)
    assert orders == 400
    expected = np.column_stack([2 * (ARRAYS["a"] - ARRAYS["a"].mean()), -(ARRAYS["b"] - ARRAYS["b"].mean())])[:20]
    assert np.abs(values[:, :2, 0] - expected).max() < 0.5
    assert np.all(values[:, 2] == 0)
    assert abs(base[0]) < 0.3


def test_they_add_up_to_the_function():
    def product(arrays):
        return np.column_stack([arrays["a"] * arrays["b"], arrays["c"]])

    values, base, _ = sampled_contributions(product, ARRAYS, CHOSEN, seconds=5, most_orders=2)
    # Along one order and its reverse, each row adds up to its value less that of the row it came from.
    assert values.shape == (20, 3, 2)
    total = values.sum(axis=1).mean(axis=0) + base
    np.testing.assert_allclose(total, product({name: array[:20] for name, array in ARRAYS.items()}).mean(axis=0))


def test_no_time_still_gives_one_order_and_its_reverse():
    def one(arrays):
        return arrays["a"][:, None]

    _, _, orders = sampled_contributions(one, ARRAYS, CHOSEN, seconds=0)
    assert orders == 2
