"""Who is tried first, what time and machine allow."""

from __future__ import annotations

import pytest

from modelyard.automl.models.tabular_model import Shape
from modelyard.automl.plan import resources
from modelyard.automl.plan.budget import Budget
from modelyard.automl.plan.estimates import Estimates
from modelyard.automl.plan.portfolio import allowed_models, portfolio
from modelyard.automl.plan.settings import Limits, Training
from modelyard.automl.task import Task
from modelyard.domain.errors import InvalidInput

pytest.importorskip("lightgbm")

_SHAPE = Shape(Task.BINARY, 5_000, 12, 3, 2)


def test_a_default_lightgbm_is_first_and_families_come_before_their_second_shapes() -> None:
    found = portfolio(allowed_models(Task.BINARY, Training()), _SHAPE, explicit=False, threads=1)
    names = [one.algorithm for one in found]
    assert names[0] == "LightGBM"
    assert {"CatBoost", "XGBoost", "LogisticRegression"} <= set(names[:6])
    assert "DecisionTree" not in names
    assert all(one.seconds > 0 and one.memory_bytes > 0 for one in found)


def test_a_weak_algorithm_is_tried_by_who_asks_for_it() -> None:
    kept = allowed_models(Task.BINARY, Training(allowed=("decision_tree",)))
    first = portfolio(kept, _SHAPE, explicit=True, threads=1)[0]
    assert first.algorithm == "DecisionTree"


def test_algorithms_that_leave_nothing_or_do_not_fit_are_refused() -> None:
    with pytest.raises(InvalidInput, match="leave none"):
        allowed_models(Task.BINARY, Training(allowed=("LightGBM",), blocked=("light_gbm",)))
    with pytest.raises(InvalidInput, match="does not learn"):
        allowed_models(Task.BINARY, Training(allowed=("ElasticNet",)))


def test_estimates_learn_from_what_was_measured() -> None:
    known = Estimates()
    assert known.seconds("LightGBM", 2.0) == 2.0
    known.learn("LightGBM", 1.0, 4.0)
    assert known.seconds("LightGBM", 2.0) == 8.0
    assert known.seconds("CatBoost", 2.0) == pytest.approx(4.0)  # half the way, on the scale of factors


def test_the_search_ends_before_what_finishing_needs() -> None:
    budget = Budget(100.0, begun=0.0)
    budget.kept = 20.0
    assert budget.search_deadline == pytest.approx(budget.deadline - 20.0)
    budget.kept = 90.0
    assert budget.search_deadline == pytest.approx(budget.earliest_end)
    assert budget.search_deadline < budget.last_end < budget.deadline < 100.0


@pytest.mark.parametrize(
    ("limits", "workers", "threads"),
    [
        (Limits(), 8, 1),
        (Limits(max_concurrent_trials=1), 3, 2),
        (Limits(max_concurrent_trials=1, threads_per_trial=2), 2, 1),
    ],
)
def test_cores_go_to_fits_side_by_side(
    monkeypatch: pytest.MonkeyPatch, limits: Limits, workers: int, threads: int
) -> None:
    monkeypatch.setattr(resources, "available_cores", lambda: 8)
    found = resources.share_machine(Limits(**{**vars(limits), "memory_bytes": 1 << 35}), 3, 1_000_000)
    assert (found.workers, found.threads) == (workers, threads)


def test_little_memory_means_few_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "available_cores", lambda: 8)
    assert resources.share_machine(Limits(memory_bytes=1 << 29), 5, 30_000_000).workers == 1
