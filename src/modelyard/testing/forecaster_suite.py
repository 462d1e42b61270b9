"""The promise of `Forecaster`, as tests: subclass it, give it `kind` and `params` fixtures, and pytest runs all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modelyard.automl.forecast.backtest import Origins, run_backtest
from modelyard.automl.forecast.forecaster import Forecaster, Params
from modelyard.automl.forecast.frequency import steps_after
from modelyard.automl.forecast.panel import Future, Panel, Series
from modelyard.automl.forecast.parts import fit_part
from modelyard.automl.models.tabular_model import Means, OutOfTime
from modelyard.automl.outcome.state_archive import pack, unpack

HORIZON = 6
MEANS = Means(threads=1, seed=7)


def waves(number: int, points: int, *, level: float = 100.0, seed: int = 0) -> Series:
    """Monthly, positive, with a trend, a yearly season, noise and the effect of one known column."""
    draw = np.random.default_rng(seed + number)
    times = steps_after(np.datetime64("2011-12-01", "ns"), "MS", points)
    place = np.arange(points)
    known = draw.normal(size=(points, 1))
    target = level * (1 + number) + 0.5 * place + 10 * np.sin(2 * np.pi * place / 12) + 3 * known[:, 0]
    return Series((f"s{number}",), times, target + draw.normal(size=points), known, np.empty((points, 0)))


def panel_of(*series: Series) -> Panel:
    return Panel(tuple(series), "MS", 12, ("promotion",))


def future_of(panel: Panel, horizon: int) -> Future:
    return tuple(np.zeros((horizon, len(panel.known_names))) for _ in panel.series)


class ForecasterSuite:
    @pytest.fixture(scope="class")
    @classmethod
    def panel(cls) -> Panel:
        return panel_of(waves(0, 60), waves(1, 48), waves(2, 72))

    @pytest.fixture(scope="class")
    @classmethod
    def fitted(cls, kind: type[Forecaster], params: Params, panel: Panel) -> Forecaster:
        return kind(params).fit(panel, HORIZON, MEANS)

    def test_a_forecast_is_one_finite_number_a_series_and_step(self, fitted: Forecaster, panel: Panel) -> None:
        found = fitted.forecast(panel, HORIZON, future_of(panel, HORIZON))
        assert found.shape == (3, HORIZON)
        assert np.isfinite(found).all()
        assert fitted.fit_seconds > 0

    def test_it_stays_near_what_it_has_seen(self, fitted: Forecaster, panel: Panel) -> None:
        found = fitted.forecast(panel, HORIZON, future_of(panel, HORIZON))
        for one, row in zip(panel.series, found, strict=True):
            spread = np.ptp(one.target)
            assert row.min() > one.target.min() - spread and row.max() < one.target.max() + spread

    def test_the_restored_one_forecasts_the_same(
        self, fitted: Forecaster, kind: type[Forecaster], params: Params, panel: Panel
    ) -> None:
        again = kind.restore(params, unpack(pack(fitted.state())))
        future = future_of(panel, HORIZON)
        np.testing.assert_allclose(again.forecast(panel, HORIZON, future), fitted.forecast(panel, HORIZON, future))

    def test_a_horizon_beyond_the_fit_begins_with_the_same_steps(self, fitted: Forecaster, panel: Panel) -> None:
        far = fitted.forecast(panel, 2 * HORIZON, future_of(panel, 2 * HORIZON))
        assert far.shape == (3, 2 * HORIZON) and np.isfinite(far).all()
        near = fitted.forecast(panel, HORIZON, future_of(panel, HORIZON))
        np.testing.assert_allclose(far[:, :HORIZON], near, rtol=1e-4)

    def test_a_later_history_is_taken_without_a_fit(self, fitted: Forecaster, panel: Panel) -> None:
        grown = panel_of(waves(0, 61), waves(1, 49), waves(2, 73))
        found = fitted.forecast(grown, HORIZON, future_of(grown, HORIZON))
        assert found.shape == (3, HORIZON) and np.isfinite(found).all()

    def test_nothing_is_learnt_from_after_the_origin(
        self, kind: type[Forecaster], params: Params, panel: Panel
    ) -> None:
        """What comes after the oldest origin is turned upside down: what is forecast from there does not move."""
        origins = Origins(HORIZON, (2 * HORIZON, HORIZON))
        turned = []
        for one in panel.series:
            target, known = one.target.copy(), one.known
            target[-2 * HORIZON :] = -1000.0
            turned.append(replace(one, target=target, known=known))
        honest = run_backtest(kind, params, panel, origins, MEANS)
        other = run_backtest(kind, params, replace(panel, series=tuple(turned)), origins, MEANS)
        assert honest.forecasts.shape == (2, 3, HORIZON)
        np.testing.assert_allclose(honest.forecasts[0], other.forecasts[0])

    def test_the_same_seed_gives_the_same_forecast(
        self, fitted: Forecaster, kind: type[Forecaster], params: Params, panel: Panel
    ) -> None:
        future = future_of(panel, HORIZON)
        again = kind(params).fit(panel, HORIZON, MEANS)
        np.testing.assert_allclose(again.forecast(panel, HORIZON, future), fitted.forecast(panel, HORIZON, future))

    def test_odd_series_cost_only_themselves(self, kind: type[Forecaster], params: Params, panel: Panel) -> None:
        """Constant, two points, one point, all nought, negative."""
        flat = replace(waves(3, 60), target=np.full(60, 5.0))
        nought = replace(waves(4, 60), target=np.zeros(60))
        negative = replace(waves(5, 60), target=-waves(5, 60).target)
        odd = replace(
            panel, series=(*panel.series, flat, waves(6, 40).until(2), waves(7, 40).until(1), nought, negative)
        )
        found = kind(params).fit(odd, HORIZON, MEANS).forecast(odd, HORIZON, future_of(odd, HORIZON))
        assert found.shape == (8, HORIZON) and np.isfinite(found).all()
        np.testing.assert_allclose(found[3], 5.0, atol=1.0)
        np.testing.assert_allclose(found[6], 0.0, atol=1.0)
        assert (found[7] < 0).all()

    def test_one_series_alone(self, kind: type[Forecaster], params: Params, panel: Panel) -> None:
        alone = panel.part([0])
        found = kind(params).fit(alone, HORIZON, MEANS).forecast(alone, HORIZON, future_of(alone, HORIZON))
        assert found.shape == (1, HORIZON) and np.isfinite(found).all()

    def test_the_deadline_is_a_wall(self, kind: type[Forecaster], params: Params, panel: Panel) -> None:
        with pytest.raises(OutOfTime):
            kind(params).fit(panel, HORIZON, replace(MEANS, deadline=0.0))

    def test_a_fit_elsewhere_gives_its_state(
        self, fitted: Forecaster, kind: type[Forecaster], params: Params, panel: Panel
    ) -> None:
        there = fit_part(kind.name, params, panel, HORIZON, None, 60.0, MEANS.seed)
        future = future_of(panel, HORIZON)
        again = kind.restore(params, there.state)
        np.testing.assert_allclose(again.forecast(panel, HORIZON, future), fitted.forecast(panel, HORIZON, future))
