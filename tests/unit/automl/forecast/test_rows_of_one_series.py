"""A request about one series need not tell the future of the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.unit.automl.forecast.frames import asked, monthly

from modelyard.automl.forecast.search import fit_forecast
from modelyard.automl.plan.settings import Limits, Training
from modelyard.automl.trial import TrialResult
from modelyard.domain.errors import InvalidInput


class Silent:
    def started(self, facts: object) -> None: ...

    def trial_started(self, number: int, algorithm: str, params: object) -> None: ...

    def trial_ended(self, result: TrialResult) -> None: ...

    def message(self, text: str) -> None: ...


def test_known_columns_of_other_series_are_not_asked_for(tmp_path: Path) -> None:
    frame = monthly(2, 48)
    price = np.random.default_rng(5).normal(size=len(frame))
    frame = frame.assign(price=price, sales=frame["sales"] + 3 * price)
    settings = replace(
        asked(horizon=2), limits=Limits(timeout_seconds=30, max_trials=1), training=Training(allowed=("Prophet",))
    )
    predictor = fit_forecast(frame, settings, Silent())
    months = pd.to_datetime(["2019-01-01", "2019-02-01"])
    rows = pd.DataFrame({"store": "s1", "month": months, "price": [0.1, 0.2]})
    assert predictor.predict(rows).shape == (2,)
    with pytest.raises(InvalidInput, match="future of price is needed"):
        predictor.forecast(rows)
    assert (predictor.export_mlflow(tmp_path / "model") / "MLmodel").exists()
