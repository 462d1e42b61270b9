"""Forecasters that learn all series at once, by a regression on lagged values (the idea of mlforecast)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np

from modelyard.automl.featurize.design import Design, View
from modelyard.automl.forecast.forecaster import Forecaster, PanelShape, Params
from modelyard.automl.forecast.lag_table import LagPlan, LagTable, Rows, Table, all_rows, rows_of_origins
from modelyard.automl.forecast.local_forecaster import label
from modelyard.automl.forecast.panel import Future, Panel
from modelyard.automl.models import catalogue
from modelyard.automl.models.tabular_model import Means, OutOfTime, Part, Shape, TabularModel
from modelyard.automl.task import Task

MOST_ROWS = 60_000
"""Of the table that is learnt from; a random part is taken of more."""
PART_ROWS = 40_000
FARTHEST = 25.0
"""Movements of a series from its anchor: a target beyond is cut, so that one outlier does not lead the fit."""
MOST_IDENTITIES = 400
"""Series that are told apart by name; of more, only what they do counts."""


class LagForecaster(Forecaster):
    """`strategy`: `direct` (the step is a feature) or `recursive` (one step, on its own forecasts). Further parameters:
    those of `LagPlan`, and `model`, the regressor's own."""

    regressor: ClassVar[str]
    """Name in the catalogue of tabular models."""
    uses_known = True
    row_microseconds: ClassVar[float] = 80.0
    """Of a fit with its choices, for each row of the table, roughly."""

    def __init__(self, params: Params | None = None) -> None:
        super().__init__(params)
        self._model: TabularModel | None = None
        self._plan: LagPlan | None = None
        self._codes: dict[str, int] = {}
        self._centre = np.zeros(0)
        self._spread = np.ones(0)
        self._horizon = 1

    @classmethod
    def unsuited(cls, shape: PanelShape) -> str | None:
        least = 40 + 4 * shape.horizon
        return f"fewer than {least} points before the first origin" if shape.points < least else None

    @classmethod
    def seconds(cls, shape: PanelShape) -> float:
        rows = min(MOST_ROWS, shape.points * shape.horizon)
        return 0.3 + rows * cls.row_microseconds * 1e-6

    @property
    def direct(self) -> bool:
        return bool(self.params.get("strategy", "direct") == "direct")

    def _fit(self, panel: Panel, horizon: int, means: Means) -> None:
        kind = catalogue.find(self.regressor)
        # Absolute errors whatever the metric: tables of lags are full of outliers, and squares follow them.
        means = replace(means, metric="mean_absolute_error")
        self._plan = _plan(self.params, panel)
        self._horizon = horizon
        steps = horizon if self.direct else 1
        self._codes = {label(one): number for number, one in enumerate(panel.series)}
        lags = LagTable(self._plan, panel, self._codes, (), 0)
        skip = min(steps, max(1, int(np.median(lags.lengths)) // 6))
        first = max(1, min(self._plan.season, int(np.median(lags.lengths)) // 3))
        if "model" not in self.forms:
            train = self._part(
                lags, all_rows(lags.lengths, steps, first, MOST_ROWS, means.seed, skip), kind, learn=True
            )
            self.forms = {
                "model": self._chosen(kind, train, lags, _last_rows(lags.lengths, steps, skip, means.seed), means)
            }
            _require_time(means)
        whole = self._part(lags, all_rows(lags.lengths, steps, first, MOST_ROWS, means.seed), kind, learn=True)
        self._model = kind(Task.REGRESSION, 1, self.forms["model"]).fit(whole, None, means)

    def _chosen(
        self, kind: type[TabularModel], train: Part, lags: LagTable, last: Rows, means: Means
    ) -> dict[str, Any]:
        """The regressor's parameters; where it stops by itself, with the trees that served the last points best."""
        params = self._model_params(kind, train)
        if not _takes_missing(kind):
            return params
        watch = self._part(lags, last, kind)
        fitted = kind(Task.REGRESSION, 1, params).fit(train, watch, _half(means))
        return dict(fitted.refit_params([fitted], 1 + len(watch.target) / max(1, len(train.target))))

    def _model_params(self, kind: type[TabularModel], train: Part) -> dict[str, Any]:
        shape = Shape(Task.REGRESSION, len(train.target), train.design.matrix.shape[1])
        return {**kind.default(shape), **self.params.get("model", {})}

    def _part(self, lags: LagTable, rows: Rows, kind: type[TabularModel], *, learn: bool = False) -> Part:
        matrices, targets = [], []
        truth = lags.targets(rows)
        for part in _parts(rows):
            table = lags.table(Rows(rows.series[part], rows.origins[part], rows.steps[part]))
            matrices.append(table.matrix)
            targets.append(np.clip((truth[part] - table.anchors) / table.scales, -FARTHEST, FARTHEST))
        matrix = np.concatenate(matrices)
        if learn and not _takes_missing(kind):
            self._centre = np.nan_to_num(np.nanmedian(np.where(np.isfinite(matrix), matrix, np.nan), axis=0))
            self._spread = np.maximum(np.nanstd(matrix, axis=0), 1e-6)
        return Part(self._design(matrix, lags.names, kind), np.concatenate(targets))

    def _design(self, matrix: np.ndarray, names: tuple[str, ...], kind: type[TabularModel]) -> Design:
        if not _takes_missing(kind):
            filled = np.where(np.isfinite(matrix), matrix, self._centre)
            return Design(np.clip((filled - self._centre) / self._spread, -10, 10).astype(np.float32), names)
        if self._plan is not None and self._plan.identity:
            return Design(matrix, names, (0,), (max(1, len(self._codes)),))
        return Design(matrix, names)

    def forecast(self, panel: Panel, horizon: int, future: Future) -> np.ndarray:
        assert self._plan is not None
        lags = LagTable(self._plan, panel, self._codes, future, horizon)
        count = len(panel)
        if not self.direct:
            return self._recursive(lags, horizon, count)
        # Steps beyond the ones learnt go on from the forecasts of those before.
        found = np.empty((count, horizon))
        for begin in range(0, horizon, self._horizon):
            steps = range(1, min(self._horizon, horizon - begin) + 1)
            values = self._values(lags, rows_of_origins(lags.lengths, steps, begin)).reshape(count, len(steps))
            found[:, begin : begin + len(steps)] = values
            for step in steps:
                lags.put(begin + step, values[:, step - 1])
        return found

    def _recursive(self, lags: LagTable, horizon: int, count: int) -> np.ndarray:
        found = np.empty((count, horizon))
        for step in range(1, horizon + 1):
            found[:, step - 1] = self._values(lags, rows_of_origins(lags.lengths, [1], step - 1))
            lags.put(step, found[:, step - 1])
        return found

    def _values(self, lags: LagTable, rows: Rows) -> np.ndarray:
        assert self._model is not None
        parts = []
        for part in _parts(rows):
            table: Table = lags.table(Rows(rows.series[part], rows.origins[part], rows.steps[part]))
            told = self._model.predict(self._design(table.matrix, lags.names, type(self._model)))
            parts.append(table.anchors + table.scales * np.clip(told, -FARTHEST, FARTHEST))
        return np.concatenate(parts)

    def state(self) -> dict[str, Any]:
        assert self._model is not None and self._plan is not None
        return {
            "plan": self._plan.to_json(),
            "series": list(self._codes),
            "centre": self._centre,
            "spread": self._spread,
            "horizon": self._horizon,
            "model": self._model.state(),
            "model_params": dict(self._model.params),
            "forms": dict(self.forms),
        }

    @classmethod
    def restore(cls, params: Params, state: Mapping[str, Any]) -> Self:
        self = cls(params)
        self.forms = dict(state["forms"])
        self._plan = LagPlan.from_json(state["plan"])
        self._codes = {name: number for number, name in enumerate(state["series"])}
        self._centre, self._spread = state["centre"], state["spread"]
        self._horizon = int(state["horizon"])
        self._model = catalogue.find(cls.regressor).restore(Task.REGRESSION, 1, state["model_params"], state["model"])
        return self


def _plan(params: Params, panel: Panel) -> LagPlan:
    season = panel.season
    recent = range(1, min(max(season, 6), 24) + 1)
    return LagPlan(
        lags=tuple(params.get("lags") or sorted({*recent, *([season, 2 * season, 3 * season] if season > 1 else [])})),
        windows=tuple(params.get("windows") or ((3, season, 2 * season) if season > 3 else (3, 6, 12))),
        season=season,
        anchor=str(params.get("anchor", "level")),
        past=bool(params.get("past", False)),
        stl=str(params.get("stl", "none")),
        identity=bool(params.get("identity", True)) and 1 < len(panel) <= MOST_IDENTITIES,
    )


def _last_rows(lengths: np.ndarray, steps: int, skip: int, seed: int) -> Rows:
    """Targets in the last `skip` points, from origins before them."""
    rows = all_rows(lengths, steps, 0, 10**9, seed)
    chosen = np.flatnonzero(rows.origins + rows.steps >= lengths[rows.series] - skip)
    if len(chosen) > MOST_ROWS // 4:
        chosen = np.sort(np.random.default_rng(seed).choice(chosen, MOST_ROWS // 4, replace=False))
    return Rows(rows.series[chosen], rows.origins[chosen], rows.steps[chosen])


def _parts(rows: Rows) -> Sequence[slice]:
    return [slice(begin, begin + PART_ROWS) for begin in range(0, max(1, len(rows.steps)), PART_ROWS)]


def _takes_missing(kind: type[TabularModel]) -> bool:
    return kind.view in (View.TREE, View.CODES)


def _half(means: Means) -> Means:
    """Half of the time that is left: a second fit follows."""
    if means.deadline is None:
        return means
    now = time.monotonic()
    return replace(means, deadline=now + max(0.0, means.deadline - now) / 2)


def _require_time(means: Means) -> None:
    if means.deadline is not None and time.monotonic() > means.deadline:
        raise OutOfTime("no time is left for the fit on all rows")
