"""The winner of a search over series as a readable Python script that trains it again."""

from __future__ import annotations

import json
from pprint import pformat
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelyard.automl.forecast.predictor import ForecastPredictor

TEMPLATE = '''"""Trains {names} again, as a search chose them: {metric} {score} over its backtests.

python train.py <history.csv or .parquet> <forecast.csv> [<future.csv or .parquet>]
"""

import sys

import numpy as np
import pandas as pd

from modelyard.automl.forecast.candidates import find
from modelyard.automl.forecast.combination import Combination
from modelyard.automl.forecast.fitted_forecast import bounded
from modelyard.automl.forecast.frequency import steps_after
from modelyard.automl.forecast.future import known_future
from modelyard.automl.forecast.series import Reader
from modelyard.automl.models.tabular_model import Means

HORIZON = {horizon}
# How the long frame becomes evenly spaced series.
READER = {reader}
# Each a forecaster, its parameters, and what the search chose on its way (orders, numbers of trees).
MEMBERS = {members}
COMBINATION = Combination(tuple(range(len(MEMBERS))), {weights}, median={median})


def table(path):
    frame = pd.read_parquet(path) if path.endswith(".parquet") else pd.read_csv(path)
    return frame.assign(**{{READER["time_column"]: pd.to_datetime(frame[READER["time_column"]])}})


def main(history, answer, future=None):
    reader = Reader.from_json(READER)
    panel = reader.panel(table(history), print)
    known = known_future(table(future) if future else None, reader, panel, HORIZON)
    forecasts = []
    for name, params, forms in MEMBERS:
        member = find(name)(params)
        member.forms = forms
        member.fit(panel, HORIZON, Means(threads=1, seed={seed}))
        forecasts.append(bounded(panel, member.forecast(panel, HORIZON, known)))
    middle = COMBINATION.of(forecasts)
    rows = {{
        column: [one.key[place] for one in panel.series for _ in range(HORIZON)]
        for place, column in enumerate(READER["series_columns"])
    }}
    rows[READER["time_column"]] = np.concatenate(
        [steps_after(one.times[-1], panel.frequency, HORIZON) for one in panel.series]
    )
    pd.DataFrame({{**rows, "forecast": middle.ravel()}}).to_csv(answer, index=False)


main(*sys.argv[1:])
'''


def script_of(predictor: ForecastPredictor) -> str:
    """Runs where modelyard[automl] is installed; series that the search dropped as too short are forecast too."""
    model, record = predictor.model, predictor.record
    score = record.metrics.get("validation", {}).get(record.metric, float("nan"))
    return TEMPLATE.format(
        names=", ".join(dict.fromkeys(member.name for member in model.members)),
        metric=record.metric,
        score=f"{score:.5g}",
        horizon=model.horizon,
        reader=_literal(json.loads(json.dumps(model.reader.to_json()))),
        members=_literal([_member(member) for member in model.members]),
        weights=repr(tuple(model.combination.weights)),
        median=model.combination.median,
        seed=int(record.settings.get("seed", 0)),
    )


def _member(member: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Forms by series are left out: they are thousands of lines, and are chosen anew."""
    forms = {"model": dict(member.forms["model"])} if "model" in member.forms else {}
    return member.name, json.loads(json.dumps(dict(member.params))), forms


def _literal(value: Any) -> str:
    return pformat(value, width=110, sort_dicts=False)
