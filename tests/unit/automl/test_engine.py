"""The engine from a table to a predictor, on small tables and short budgets."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelyard import automl
from modelyard.automl.outcome.predictor import Predictor
from modelyard.automl.plan.settings import Limits, Settings, Training
from modelyard.automl.progress import Silent
from modelyard.automl.trial import TrialResult, TrialStatus
from modelyard.domain.errors import InvalidInput

pandas = pytest.importorskip("pandas")
pytest.importorskip("lightgbm")

_QUICK: Mapping[str, Any] = {"allowed": ("LightGBM", "LogisticRegression"), "timeout_seconds": 60, "progress": "none"}


def _table(rows: int = 240, seed: int = 0) -> Any:
    random = np.random.default_rng(seed)
    size, colour = random.normal(size=rows), random.choice(["red", "green", "blue"], rows)
    chance = 1 / (1 + np.exp(-2 * size - 2 * (colour == "red")))
    frame = pandas.DataFrame({"size": size, "colour": colour, "shop": random.integers(0, 12, rows)})
    frame.loc[::17, "size"] = np.nan
    return frame.assign(bought=np.where(random.random(rows) < chance, "yes", "no"))


def test_a_table_becomes_a_predictor_that_is_kept_and_read_back(tmp_path: Path) -> None:
    frame = _table()
    found = automl.fit(frame, target="bought", max_trials=3, folds=3, test=_table(80, 1), **_QUICK)
    assert isinstance(found, Predictor)
    assert found.classes == ("no", "yes")
    assert set(found.predict(frame)) <= {"no", "yes"}
    assert found.record.metrics["validation"]["auc_weighted"] > 0.7
    assert found.record.metrics["test"]["auc_weighted"] > 0.7
    low, high = found.record.interval or (1, 0)
    assert low < found.record.metrics["test"]["auc_weighted"] < high
    assert sorted(one.number for one in found.trials if one.origin != "ensemble") == [0, 1, 2]
    read = Predictor.load(found.save(tmp_path / "model"))
    np.testing.assert_allclose(read.predict_proba(frame), found.predict_proba(frame))


class _Interrupting(Silent):
    """Ctrl-C when the second trial has ended."""

    def __init__(self) -> None:
        self.ended: list[TrialResult] = []

    def trial_ended(self, result: TrialResult) -> None:
        self.ended.append(result)
        if len(self.ended) == 2:
            raise KeyboardInterrupt


def test_ctrl_c_returns_the_best_so_far() -> None:
    found = automl.fit(_table(), target="bought", listener=_Interrupting(), folds=2, **_QUICK)
    assert isinstance(found, Predictor)
    # Two run side by side: the second to end need not be the second that began.
    assert found.record.winner in {one.number for one in found.trials if one.score is not None}
    assert len(found.predict(_table())) == 240


@pytest.mark.slow
def test_the_time_is_a_wall() -> None:
    begun = time.monotonic()
    found = automl.fit(_table(600), target="bought", timeout_seconds=8, progress="none")
    # What other work on the machine may add is no fault of the engine.
    assert time.monotonic() - begun < 10
    assert any(one.status is TrialStatus.COMPLETED for one in found.record.trials)


def test_regression_of_weighted_rows_in_groups() -> None:
    random = np.random.default_rng(2)
    frame = pandas.DataFrame({"a": random.normal(size=200), "weight": random.random(200) + 0.1})
    frame["shop"], frame["y"] = np.arange(200) // 10, 3 * frame["a"] + random.normal(size=200)
    found = automl.fit(
        frame, target="y", task="regression", metric="rmse", weight_column="weight", group_columns=["shop"], folds=3,
        max_trials=2, allowed=("LightGBM", "ElasticNet"), progress="none", timeout_seconds=60,
    )  # fmt: skip
    assert [column.name for column in found.model.columns] == ["a"]
    assert found.record.validation["scheme"] == "grouped k-fold"
    assert found.record.metrics["validation"]["root_mean_squared_error"] < 2.5


def test_a_given_validation_set_judges() -> None:
    found = automl.fit(_table(), target="bought", validation=_table(60, 3), max_trials=1, **_QUICK)
    assert found.record.validation["scheme"] == "given validation set"
    assert found.record.validation["rows_judged_on"] == 60


def test_limits_on_latency_leave_the_slow_ones_out() -> None:
    settings = Settings("bought", limits=Limits(timeout_seconds=60, max_trials=2), training=Training(voting=False))
    found = automl.fit(
        _table(), settings=settings, max_row_milliseconds=1e-9, allowed=_QUICK["allowed"], progress="none", folds=2
    )
    assert any("No candidate keeps the limits" in message for message in found.record.messages)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"target": "bougth"}, "did you mean 'bought'"),
        ({"metric": "rmse"}, "does not fit binary"),
        ({"allowed": ("LightGBMM",)}, "no algorithm"),
        ({"folds": 1000}, "folds"),
        ({"n_trials": 5}, "no setting"),
        ({"progress": "loud"}, "progress"),
    ],
)
def test_what_cannot_be_is_refused_before_any_training(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        automl.fit(_table(), **{"target": "bought", **_QUICK, **changes})
