"""Folds a candidate is judged on: by the time, and by what the rows can tell."""

from __future__ import annotations

import pytest

from modelyard.automl.plan.depth import wanted_folds


@pytest.mark.parametrize(
    ("fold_rows", "fit_seconds", "seconds", "wanted"),
    [
        (100, 0.1, 60.0, 8),  # cheap: all of them
        (7_000, 2.0, 240.0, 3),  # more rows than that tell nothing new
        (7_000, 10.0, 60.0, 1),  # dear: one fold, more candidates
        (100, 1.5, 20.0, 3),  # few rows: rather fewer candidates than luck
    ],
)
def test_folds_follow_time_and_rows(fold_rows: int, fit_seconds: float, seconds: float, wanted: int) -> None:
    assert wanted_folds(8, fold_rows, fit_seconds, seconds, 2, fixed=False) == wanted


def test_what_was_asked_for_is_done() -> None:
    assert wanted_folds(5, 50_000, 100.0, 10.0, 1, fixed=True) == 5
