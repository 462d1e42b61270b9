from __future__ import annotations

import pytest

from modelyard.automl.forecast.backtest import plan_origins
from modelyard.domain.errors import InvalidInput


def test_origins_step_back_from_the_end() -> None:
    assert plan_origins([240] * 100, 12, 12, None, None).cuts == (36, 24, 12)
    assert plan_origins([240], 12, 12, 5, None).cuts == (60, 48, 36, 24, 12)
    assert plan_origins([240], 12, 12, 3, 1).cuts == (14, 13, 12)


def test_short_histories_bear_fewer() -> None:
    assert plan_origins([15] * 100, 12, 1, None, None).cuts == (12,)
    assert len(plan_origins([60], 12, 12, None, None).cuts) >= 2


@pytest.mark.parametrize(
    ("lengths", "horizon", "folds", "message"),
    [([12, 9], 12, None, "not shorter than the longest"), ([40], 12, 5, "5 backtests of 12 steps do not fit")],
)
def test_what_does_not_fit_is_refused(lengths: list[int], horizon: int, folds: int | None, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        plan_origins(lengths, horizon, 1, folds, None)
