from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from modelyard.automl.models.forest import _arrays
from modelyard.automl.models.leaf_forest import LeafForest, rounded_down


@pytest.mark.parametrize("classes", [1, 2, 3])
def test_it_predicts_as_the_forest_that_it_was_made_of(classes: int) -> None:
    table, target = {1: load_diabetes, 2: load_breast_cancer, 3: load_wine}[classes](return_X_y=True)
    table = table.astype(np.float32)
    table[np.random.default_rng(0).random(table.shape) < 0.1] = np.nan
    learner = (RandomForestRegressor if classes == 1 else RandomForestClassifier)(12, random_state=0)
    learner.fit(table, target)
    prior = None if classes == 1 else np.zeros(classes)
    forest = LeafForest([_arrays(one.tree_, prior) for one in learner.estimators_], table.shape[1])
    found = forest.predict(table)
    wanted = learner.predict(table) if classes == 1 else learner.predict_proba(table)
    np.testing.assert_allclose(found, wanted[:, 1] if classes == 2 else wanted, rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(LeafForest.restore(forest.state()).predict(table), found)
    np.testing.assert_allclose(forest.predict(table[3:4]), found[3:4], rtol=1e-12)


def test_thresholds_part_as_before_in_half_the_precision() -> None:
    chance = np.random.default_rng(0)
    values = chance.normal(size=2000).astype(np.float32)
    thresholds = (values[:-1].astype(np.float64) + np.nextafter(values[:-1], np.float32(np.inf))) / 2
    small = rounded_down(thresholds)
    np.testing.assert_array_equal(values[:-1] <= small, values[:-1] <= thresholds)
    np.testing.assert_array_equal(values[1:] <= small, values[1:] <= thresholds)
