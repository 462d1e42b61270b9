from __future__ import annotations

from dataclasses import replace

import numpy as np

from modelyard.automl.featurize.design import Design
from modelyard.automl.models.catboost import CatBoostModel
from modelyard.automl.models.tabular_model import Means, Part
from modelyard.automl.task import Task
from modelyard.testing.tabular_samples import sample


def _category_first(part: Part) -> Part:
    design = part.design
    turned = Design(design.matrix[:, [4, 0, 1, 2, 3]], ("code", "a", "b", "c", "d"), (0,), design.cardinalities)
    return replace(part, design=turned)


def test_features_are_told_in_the_order_of_the_design() -> None:
    data = sample(CatBoostModel.view, Task.REGRESSION)
    params = {**CatBoostModel.default(data.shape), "trees": 20}
    last = CatBoostModel(Task.REGRESSION, 1, params).fit(data.train, None, Means())
    first = CatBoostModel(Task.REGRESSION, 1, params).fit(_category_first(data.train), None, Means())
    again = CatBoostModel.restore(Task.REGRESSION, 1, params, first.state())
    for model in (first, again):
        found, wanted = model.importances(), last.importances()
        assert found is not None and wanted is not None
        np.testing.assert_allclose(found[[1, 2, 3, 4, 0]], wanted)
        shares = model.contributions(_category_first(data.watch).design)
        np.testing.assert_allclose(shares[:, [1, 2, 3, 4, 0, 5]], last.contributions(data.watch.design))
