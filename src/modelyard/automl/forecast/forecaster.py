"""The promise of a candidate for series."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from modelyard.automl.forecast.panel import Future, Panel
from modelyard.automl.models.tabular_model import Means

Params = Mapping[str, Any]


@dataclass(frozen=True)
class PanelShape:
    """What a forecaster may know of its series before it sees them."""

    series: int
    points: int
    """Of all series together."""
    shortest: int
    """Points of the shortest series, in the first backtest."""
    horizon: int
    season: int
    known_columns: int = 0
    past_columns: int = 0
    zero_fraction: float = 0.0
    """Of the target's values."""
    smallest: float = 0.0
    """Of the target's values."""


class Forecaster(ABC):
    """A way to forecast with its parameters; after `fit`, able to. One thread uses it at a time.

    A class is either a `LocalForecaster` (every series alone) or a `GlobalForecaster` (one model of all series).
    """

    name: ClassVar[str]
    """Canonical name of the algorithm, Azure ML's where it has one."""
    aliases: ClassVar[tuple[str, ...]] = ()
    uses_known: ClassVar[bool] = False
    """Learns from the columns known of the future; others leave them aside."""
    extra_module: ClassVar[str | None] = None
    """Optional library; the forecaster is left out, with a line, where it is not installed."""

    def __init__(self, params: Params | None = None) -> None:
        self.params = dict(params or {})
        self.fit_seconds = 0.0
        self.forms: dict[str, Any] = {}
        """What the last fit chose on its way (orders, number of trees), as JSON. Set before a fit, it is not chosen
        again, which is far quicker."""

    @classmethod
    def unsuited(cls, shape: PanelShape) -> str | None:
        """Why it is not worth a try on such series; None: it is."""
        return None

    @classmethod
    def portfolio(cls, shape: PanelShape) -> Sequence[Params]:
        """Strong configurations, best first."""
        return [{}]

    @classmethod
    @abstractmethod
    def seconds(cls, shape: PanelShape) -> float:
        """Duration of one fit of all series on one core of today, roughly."""

    def fit(self, panel: Panel, horizon: int, means: Means) -> Self:
        """Learn from the panel, to forecast `horizon` steps and further.

        Raises:
            OutOfTime: nothing usable at the deadline.
        """
        begun = time.monotonic()
        self._fit(panel, horizon, means)
        self.fit_seconds = time.monotonic() - begun
        return self

    @abstractmethod
    def _fit(self, panel: Panel, horizon: int, means: Means) -> None: ...

    @abstractmethod
    def forecast(self, panel: Panel, horizon: int, future: Future) -> np.ndarray:
        """(series, horizon): the middle of what comes after the end of each series of `panel`, finite.

        The panel is that of `fit`, or the same series with a later end.
        """

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """What `restore` needs: JSON values, texts, bytes and numpy arrays (none of objects). Never a pickle."""

    @classmethod
    @abstractmethod
    def restore(cls, params: Params, state: Mapping[str, Any]) -> Self:
        """The fitted forecaster of `state`."""
