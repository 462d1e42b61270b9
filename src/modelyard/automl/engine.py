"""The engine as a library: a table in, the best predictor for the budget out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modelyard.automl.plan.budget import Budget
from modelyard.automl.plan.options import settings_of
from modelyard.automl.plan.settings import Settings
from modelyard.automl.progress import shown
from modelyard.automl.task import Task
from modelyard.automl.trial import Listener
from modelyard.kit.deferred import deferred

if TYPE_CHECKING:
    from modelyard.automl.forecast.predictor import ForecastPredictor
    from modelyard.automl.outcome.predictor import Predictor

tabular_search = deferred("modelyard.automl.search.tabular_search")
forecast_search = deferred("modelyard.automl.forecast.search")
reading = deferred("modelyard.automl.featurize.reading")


def fit(
    data: Any,
    target: str | None = None,
    task: Task | str | None = None,
    *,
    validation: Any = None,
    test: Any = None,
    settings: Settings | None = None,
    listener: Listener | None = None,
    progress: str = "auto",
    **options: Any,
) -> Predictor | ForecastPredictor:
    """The best model of `target` that the budget allows.

    `data`, `validation` (rows to judge on) and `test` (rows for the honest score of the winner): a pandas or polars
    frame, a path (csv, parquet, MLTable folder) or a mapping of columns. `task`: `classification`, `regression`,
    `forecasting`, or told from the target. `options`: the fields of `Settings` and its parts, flat, by our names or
    Azure ML's: `timeout_minutes=5, primary_metric="AUC_weighted", max_trials=50`. `progress`: `auto` (live in a
    terminal or notebook, else silent), `plain` (a line a trial) or `none`.

    Ctrl-C ends the search and returns the best so far.

    Raises:
        InvalidInput: the data or the settings do not fit; found before any training.
        NoModel: nothing that was tried can predict.
        MissingExtra: the libraries of the engine are not installed.
    """
    budget = Budget(0.0)
    chosen = settings_of(target, task, options) if settings is None else _overridden(settings, target, task, options)
    budget.seconds = chosen.limits.timeout_seconds
    given = {name: value for name, value in (("validation", validation), ("test", test)) if value is not None}
    with shown(progress, listener) as told:
        frame = reading.read(data)
        others = {name: reading.read(value) for name, value in given.items()}
        if chosen.task is Task.FORECASTING or chosen.forecasting is not None:
            found: ForecastPredictor = forecast_search.fit_forecast(frame, chosen, told, test=others.get("test"))
            return found
        predictor: Predictor = tabular_search.fit_table(frame, chosen, told, budget=budget, **others)
        return predictor


def _overridden(settings: Settings, target: str | None, task: Task | str | None, options: dict[str, Any]) -> Settings:
    """Settings made before, with what is given beside them; parts are taken whole."""
    if not options and task is None:
        return settings if target is None else replace(settings, target=target)
    made = settings_of(target or settings.target, task, options)
    changed = {name: value for name, value in vars(made).items() if value != getattr(Settings(made.target), name)}
    return replace(settings, **changed)
