"""Settings by our names and by Azure ML's."""

from __future__ import annotations

import pytest

from modelyard.automl.plan.options import settings_of
from modelyard.automl.plan.settings import Choice, Limits
from modelyard.automl.task import Task
from modelyard.domain.errors import InvalidInput


def test_names_of_azure_ml_are_understood() -> None:
    found = settings_of(
        None,
        "classification",
        {
            "target_column_name": "y",
            "primary_metric": "AUC_weighted",
            "timeout_minutes": 2,
            "n_cross_validations": "auto",
            "enable_vote_ensemble": False,
            "featurization": "off",
            "allowed_training_algorithms": ["LightGBM"],
        },
    )
    assert (found.target, found.metric, found.task) == ("y", "AUC_weighted", Task.MULTICLASS)
    assert found.limits.timeout_seconds == 120.0
    assert found.validation.folds is None
    assert not found.training.voting
    assert found.training.allowed == ("LightGBM",)
    assert found.featurization.mode == "off"


def test_names_of_ours_and_whole_parts_are_understood() -> None:
    options = {"folds": 4, "seed": 7, "limits": Limits(max_trials=3), "timeout_seconds": 5, "choice": {"latency": 0.5}}
    found = settings_of("y", Task.REGRESSION, options)
    assert (found.validation.folds, found.seed, found.task) == (4, 7, Task.REGRESSION)
    assert (found.limits.max_trials, found.limits.timeout_seconds) == (3, 5)
    assert found.choice == Choice(latency=0.5)
    assert found.forecasting is None


def test_a_forecast_has_its_part() -> None:
    found = settings_of("y", "forecasting", {"time_column_name": "t", "time_series_id_column_names": "store"})
    assert found.forecasting is not None
    assert found.forecasting.series_columns == ("store",)


def test_a_misspelt_name_is_answered_with_the_one_meant() -> None:
    with pytest.raises(InvalidInput, match="did you mean 'timeout_minutes'"):
        settings_of("y", None, {"timeout_minute": 1})
    with pytest.raises(InvalidInput, match="no setting of 'limits'"):
        settings_of("y", None, {"limits": {"folds": 1}})
    with pytest.raises(InvalidInput, match="did you mean 'regression'"):
        settings_of("y", "regresion", {})


def test_a_target_is_needed() -> None:
    with pytest.raises(InvalidInput, match="which column"):
        settings_of(None, None, {})
