"""AutoML without a server: each example in a few lines. `python library.py [name]`"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pandas as pd

from modelyard import automl

DATA = Path(__file__).parent / "data"
# A few trials each, so that the examples are quick; give minutes, and no such limit, to a table of your own.
BUDGET = {"timeout_minutes": 1, "max_trials": 3, "progress": "plain"}


def classification() -> None:
    predictor = automl.fit(DATA / "tumours.csv", target="benign", primary_metric="AUC_weighted", **BUDGET)
    print(predictor.leaderboard().head())
    print(predictor.predict_proba(pd.read_csv(DATA / "tumours.csv").head(3)))


def imbalanced() -> None:
    table = pd.read_csv(DATA / "payments.csv")
    train, test = table.iloc[:1200], table.iloc[1200:]
    predictor = automl.fit(train, target="is_fraud", primary_metric="average_precision_score_weighted", **BUDGET)
    print(predictor.score(test))


def regression() -> None:
    predictor = automl.fit(DATA / "diabetes.csv", target="progression", **BUDGET)
    with tempfile.TemporaryDirectory() as folder:
        predictor.save(folder)
        again = automl.Predictor.load(folder)
    print(again.predict(pd.read_csv(DATA / "diabetes.csv").head(3)))


def forecasting() -> None:
    table = pd.read_csv(DATA / "sales.csv", parse_dates=["day"])
    past, future = table[table["day"] < "2024-06-15"], table[table["day"] >= "2024-06-15"]
    predictor = automl.fit(
        past,
        target="units",
        task="forecasting",
        time_column_name="day",
        time_series_id_column_names="store",
        forecast_horizon=14,
        **BUDGET,
    )
    print(predictor.forecast(future.drop(columns="units"), quantiles=[0.1, 0.9]).head())


def many_models() -> None:
    table = pd.read_csv(DATA / "sales.csv", parse_dates=["day"])
    predictor = automl.fit_many(table, by="store", target="units", timeout_minutes=1, max_trials=2)
    print(predictor.table())


def text() -> None:
    job = automl.classification(
        training_data=str(DATA / "reviews.csv"),
        target_column_name="again",
        primary_metric="accuracy",
        column_name_and_types={"review": "Text"},
        mode="custom",
        timeout_minutes=1,
        max_trials=3,
    )
    predictor = job.fit()  # the same job, here and now
    print(predictor.predict({"review": "broken and late , returned for a refund", "product": "lamp", "price": 30.0}))


EXAMPLES = {run.__name__: run for run in (classification, imbalanced, regression, forecasting, many_models, text)}

if __name__ == "__main__":
    for name in sys.argv[1:] or EXAMPLES:
        EXAMPLES[name]()
