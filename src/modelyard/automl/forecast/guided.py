"""Further configurations of regressions on lags, after the portfolio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from modelyard.automl.forecast.candidates import Candidate
from modelyard.automl.forecast.forecaster import PanelShape
from modelyard.automl.forecast.lag_forecaster import LagForecaster

REGRESSORS = ("LightGBM", "CatBoost")
"""Worth a search; the others live on their first configuration."""


class Guide:
    """Draws at random: a handful of backtests is too few for a model of the search to learn from."""

    def __init__(
        self, candidates: Sequence[Candidate], shape: PanelShape, lag_params: Mapping[str, Any], seed: int
    ) -> None:
        self._kinds = sorted(
            {c.kind for c in candidates if issubclass(c.kind, LagForecaster) and c.kind.name in REGRESSORS},
            key=lambda kind: -REGRESSORS.index(kind.name),
        )
        self._seasonal = shape.season > 1
        self._fixed = dict(lag_params)
        self._random = np.random.default_rng(seed)

    @property
    def able(self) -> bool:
        return bool(self._kinds)

    def next(self) -> Candidate:
        """Mostly LightGBM, the quickest."""
        draw = self._random
        kind = self._kinds[-1] if draw.random() < 0.8 else self._kinds[0]
        anchors = ["level", "last", "season"] if self._seasonal else ["level", "last"]
        params: dict[str, Any] = {
            "strategy": "direct" if draw.random() < 0.85 else "recursive",
            "anchor": str(draw.choice(anchors)),
            "identity": bool(draw.random() < 0.5),
        }
        if kind.name == "LightGBM":
            params["model"] = {
                "learning_rate": round(float(np.exp(draw.uniform(np.log(0.03), np.log(0.15)))), 4),
                "num_leaves": int(draw.choice([8, 16, 24, 32, 64])),
                "min_data_in_leaf": int(draw.choice([5, 10, 20, 50])),
                "feature_fraction": round(float(draw.uniform(0.3, 0.9)), 2),
                "bagging_fraction": round(float(draw.uniform(0.5, 0.95)), 2),
                "bagging_freq": 1,
                "lambda_l2": round(float(np.exp(draw.uniform(np.log(0.01), np.log(10)))), 3),
            }
        return Candidate(kind, {**params, **self._fixed}, "guided")
