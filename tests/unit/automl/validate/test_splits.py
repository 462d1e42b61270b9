"""Every row is judged once, classes and targets are spread evenly, groups stay together."""

from __future__ import annotations

import numpy as np
import pytest

from modelyard.automl.plan.settings import Validation
from modelyard.automl.task import Task
from modelyard.automl.validate.splits import Splits, holdout_rows, make_splits, repeats_for
from modelyard.domain.errors import InvalidInput


def _times_held(splits: Splits) -> np.ndarray:
    held = np.zeros(splits.rows, dtype=int)
    for fold in splits.folds:
        held[fold.valid] += 1
        assert not np.intersect1d(fold.train, fold.valid).size
    return held


def test_folds_hold_every_row_once_and_every_class_evenly() -> None:
    target = np.repeat([0, 1], [800, 50])
    splits = make_splits(Task.BINARY, target, Validation(folds=5))
    assert (_times_held(splits) == 1).all()
    assert {int(target[fold.valid].sum()) for fold in splits.folds} == {10}


def test_folds_of_numbers_have_targets_alike() -> None:
    target = np.random.default_rng(0).lognormal(3, 2, 1000)
    splits = make_splits(Task.REGRESSION, target, Validation(folds=4))
    medians = [np.median(target[fold.valid]) for fold in splits.folds]
    assert (_times_held(splits) == 1).all()
    assert max(medians) / min(medians) < 1.1


def test_a_class_of_one_row_is_always_learnt_from() -> None:
    target = np.array([0] * 20 + [1] * 20 + [2] + [3, 3])
    splits = make_splits(Task.MULTICLASS, target, Validation(folds=5))
    assert all(40 in fold.train for fold in splits.folds)
    assert all(3 in target[fold.train] for fold in splits.folds)


def test_groups_stand_on_one_side() -> None:
    random = np.random.default_rng(1)
    groups = random.integers(0, 40, 600)
    target = (groups % 3 == 0).astype(int)
    splits = make_splits(Task.BINARY, target, Validation(), groups=groups)
    for fold in splits.folds:
        assert not np.intersect1d(groups[fold.train], groups[fold.valid]).size
        assert 0.1 < target[fold.valid].mean() < 0.6
    assert (_times_held(splits) == repeats_for(600)).all()


def test_fewer_groups_than_folds_give_as_many_folds_as_groups() -> None:
    groups = np.repeat([0, 1, 2], 100)
    splits = make_splits(Task.REGRESSION, np.arange(300.0), Validation(), groups=groups)
    assert len(splits.folds) == 3 * repeats_for(300)


def test_a_fraction_is_drawn_as_often_as_there_are_folds() -> None:
    target = np.repeat([0, 1], [90, 10])
    splits = make_splits(Task.BINARY, target, Validation(folds=3, fraction=0.2))
    assert [len(fold.valid) for fold in splits.folds] == [20, 20, 20]
    assert [int(target[fold.valid].sum()) for fold in splits.folds] == [2, 2, 2]
    assert len({tuple(fold.valid) for fold in splits.folds}) == 3


def test_a_given_validation_set_is_the_one_fold() -> None:
    splits = make_splits(Task.REGRESSION, np.arange(10.0), Validation(), validation_rows=3)
    assert splits.folds[0].valid.tolist() == [7, 8, 9]
    assert splits.folds[0].train.tolist() == list(range(7))


def test_given_columns_say_who_learns_and_who_is_judged_on() -> None:
    columns = [np.array([1, 1, 0, 0]), np.array([0, 0, 1, 1])]
    splits = make_splits(Task.REGRESSION, np.arange(4.0), Validation(), cv_columns=columns)
    assert splits.folds[0].valid.tolist() == [2, 3]
    assert splits.folds[1].train.tolist() == [2, 3]


@pytest.mark.parametrize("column", [[1, 2, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]])
def test_columns_that_say_nothing_are_refused(column: list[int]) -> None:
    with pytest.raises(InvalidInput, match="split column"):
        make_splits(Task.REGRESSION, np.arange(4.0), Validation(), cv_columns=[np.array(column)])


@pytest.mark.parametrize(("folds", "rows"), [(1, 100), (60, 100), (11, 10)])
def test_folds_that_cannot_be_are_refused(folds: int, rows: int) -> None:
    with pytest.raises(InvalidInput, match="folds"):
        make_splits(Task.REGRESSION, np.arange(float(rows)), Validation(folds=folds))


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.5, 0.001])
def test_fractions_that_leave_nothing_are_refused(fraction: float) -> None:
    with pytest.raises(InvalidInput):
        make_splits(Task.REGRESSION, np.arange(20.0), Validation(fraction=fraction))


def test_more_rows_get_fewer_folds_and_the_same_seed_the_same_ones() -> None:
    few = make_splits(Task.REGRESSION, np.arange(500.0), Validation(), seed=3)
    again = make_splits(Task.REGRESSION, np.arange(500.0), Validation(), seed=3)
    many = make_splits(Task.REGRESSION, np.arange(50_000.0), Validation(), seed=3)
    assert len(few.folds) > len(many.folds)
    assert all((one.valid == other.valid).all() for one, other in zip(few.folds, again.folds, strict=True))


def test_rows_held_out_leave_every_class_to_learn_from() -> None:
    target = np.array([0] * 50 + [1] * 3 + [2])
    kept, out = holdout_rows(Task.MULTICLASS, target, 0.5)
    assert set(target[kept]) == {0, 1, 2}
    assert len(kept) + len(out) == len(target)
