from __future__ import annotations

import numpy as np
import pytest

from modelyard.automl.ensemble.combiner import Combiner, LinearStack, WeightedMean
from modelyard.automl.ensemble.fitted_ensemble import FittedEnsemble, Member
from modelyard.automl.models.catalogue import find
from modelyard.automl.models.tabular_model import Means, TabularModel
from modelyard.automl.task import Task
from modelyard.testing.tabular_samples import Sample, sample

CLASSES = {Task.BINARY: 2, Task.MULTICLASS: 3, Task.REGRESSION: 1}


def _model(name: str, task: Task) -> tuple[TabularModel, Sample]:
    kind = find(name)
    data = sample(kind.view, task)
    return kind(task, CLASSES[task], kind.default(data.shape)).fit(data.train, None, Means()), data


@pytest.mark.parametrize("task", list(CLASSES))
@pytest.mark.parametrize("stacked", [False, True])
def test_members_of_several_views_are_combined_and_restored(task: Task, stacked: bool) -> None:
    (tree, one), (near, two) = _model("DecisionTree", task), _model("KNN", task)
    combiner: Combiner = WeightedMean([3, 1], 1.2)
    if stacked:
        combiner = LinearStack([0.7, 0.2], np.zeros(CLASSES[task]))
    ensemble = FittedEnsemble(task, CLASSES[task], [Member.of(tree), Member.of(near)], combiner)
    designs = {"tree": one.watch.design, "dense": two.watch.design}
    assert set(ensemble.designs) == set(designs)
    found = ensemble.predict(designs)
    again = FittedEnsemble.restore(ensemble.state())
    np.testing.assert_array_equal(again.predict(designs), found)
    assert [name for name, _ in again.shares()] == ["DecisionTree", "KNN"]
    if task.is_classification:
        np.testing.assert_allclose(found.sum(axis=1), 1.0)


def test_models_of_folds_are_averaged_over_their_own_designs() -> None:
    first, data = _model("Ridge", Task.REGRESSION)
    second, _ = _model("Ridge", Task.REGRESSION)
    other = sample(find("Ridge").view, Task.REGRESSION, seed=5).watch.design
    member = Member((first, second), ("linear/0", "linear/1"))
    found = member.predict({"linear/0": data.watch.design, "linear/1": other})
    np.testing.assert_allclose(found, (first.predict(data.watch.design) + second.predict(other)) / 2)


def test_what_hardly_counts_is_left_out() -> None:
    model, data = _model("Ridge", Task.REGRESSION)
    ensemble = FittedEnsemble(Task.REGRESSION, 1, [Member.of(model)] * 3, WeightedMean([0.6, 0.005, 0.395]))
    slim = ensemble.pruned()
    assert len(slim.members) == 2
    assert isinstance(slim.combiner, WeightedMean)
    assert slim.combiner.weights.sum() == pytest.approx(1.0)
    assert slim.pruned() is slim
    np.testing.assert_allclose(
        slim.predict({"linear": data.watch.design}), ensemble.predict({"linear": data.watch.design})
    )


def test_a_single_model_is_an_ensemble_of_one() -> None:
    model, data = _model("LogisticRegression", Task.BINARY)
    ensemble = FittedEnsemble.single(model)
    np.testing.assert_allclose(ensemble.predict({"linear": data.watch.design}), model.predict(data.watch.design))
