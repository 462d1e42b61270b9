"""`modelyard automl`: the engine on this machine, without a server."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from modelyard.cli.call import Call
from modelyard.cli.grammar import Command, Group, option
from modelyard.domain.errors import Conflict, InvalidInput

_COLUMNS = ("number", "algorithm", "score", "std=score_std", "fit_s=fit_seconds", "row_ms=row_milliseconds", "winner")
_ROWS_SHOWN = 10


def fit_table(call: Call) -> Any:
    args = call.args
    folder = Path(args.output_folder)
    if folder.exists() and any(folder.iterdir()):
        raise Conflict(f"'{folder}' is not empty.", field="output_folder", mend="name another folder with --model")
    engine = importlib.import_module("modelyard.automl.engine")
    results = importlib.import_module("modelyard.automl.job_results")
    progress = "live" if sys.stderr.isatty() else "plain"
    found = engine.fit(
        args.data,
        args.target,
        args.task,
        test=args.test_data,
        progress="none" if args.quiet else progress,
        **_options(call),
    )
    results.Results(folder, call.note).write(found)
    call.note(f"The model lies in {folder}: mlflow-model to deploy, predictor for automl.Predictor.load.")
    return [_row(trial, found.record.winner) for trial in _ranked(found)[:_ROWS_SHOWN]]


def _options(call: Call) -> dict[str, Any]:
    """What was given, and every `--set` beside it."""
    args = call.args
    given = {
        "timeout_minutes": args.timeout_minutes,
        "max_trials": args.max_trials,
        "primary_metric": args.metric,
        "time_column_name": args.time_column,
        "time_series_id_column_names": args.series_columns,
        "forecast_horizon": args.horizon,
    }
    overrides = importlib.import_module("modelyard.yamlio.overrides")
    for text in args.set:
        name, equals, value = text.partition("=")
        if not equals:
            raise InvalidInput(f"'{text[:60]}' is not NAME=VALUE.", field="--set", mend="such as --set max_trials=20")
        given[name.strip()] = overrides.parse_value(value, name)
    return {name: value for name, value in given.items() if value is not None}


def _ranked(found: Any) -> list[Any]:
    metrics = importlib.import_module("modelyard.automl.validate.metrics")
    metric = metrics.metric(found.record.metric)
    scored = [trial for trial in found.record.trials if trial.score is not None]
    return sorted(scored, key=lambda trial: metric.loss(trial.score))


def _row(trial: Any, winner: int | None) -> dict[str, Any]:
    return {
        "number": trial.number,
        "algorithm": trial.algorithm,
        "score": trial.score,
        "score_std": trial.score_std,
        "fit_seconds": trial.fit_seconds,
        "row_milliseconds": trial.row_milliseconds,
        "winner": trial.number == winner,
    }


_FIT = Command(
    "fit",
    "Search for the best model of a table here, and write it to a folder.",
    fit_table,
    (
        option("data", help="A CSV or Parquet file, or an MLTable folder.", metavar="DATA"),
        option("--target", help="The column to predict.", required=True, metavar="COLUMN"),
        option(
            "--task",
            help="Told from the target when left out.",
            choices=("classification", "regression", "forecasting"),
        ),
        option("--timeout-minutes", help="Of the whole search; 60 when left out.", type=float, metavar="MINUTES"),
        option("--max-trials", help="Candidates at most.", type=int, metavar="COUNT"),
        option("--metric", help="What the best is best at, such as AUC_weighted.", metavar="METRIC"),
        option("--test-data", help="Rows for the honest score of the winner.", metavar="DATA"),
        option("--time-column", help="Of a forecast: the column of moments.", metavar="COLUMN"),
        option("--series-columns", help="Of a forecast: columns that tell series apart.", nargs="+", metavar="COLUMN"),
        option("--horizon", help="Of a forecast: periods ahead.", type=int, metavar="PERIODS"),
        option("--model", help="The folder to write to.", default="model", dest="output_folder", metavar="FOLDER"),
        option("--quiet", help="Show no progress.", action="store_true"),
        option(
            "--set",
            help="Any further setting by Azure ML's name: name=value; several may follow.",
            nargs="+",
            action="extend",
            default=[],
            metavar="NAME=VALUE",
        ),
    ),
    (
        "modelyard automl fit titanic.csv --target survived --timeout-minutes 1",
        "modelyard automl fit sales.csv --target sales --time-column day --series-columns store --horizon 28",
        "modelyard automl fit bank.csv --target y --set enable_stack_ensemble=false n_cross_validations=5",
    ),
    _COLUMNS,
)

ENTRIES = {"automl": Group("automl", "AutoML on this machine, without a server.", (_FIT,))}
