"""Odd frames are read or refused with a clear error, never with a traceback of something else."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.automl.forecast.frames import asked

from modelyard.automl.forecast.series import read
from modelyard.automl.forecast.short import handled
from modelyard.domain.errors import InvalidInput

TIMES = st.one_of(
    st.dates(min_value=pd.Timestamp("1700-01-01").date(), max_value=pd.Timestamp("2200-01-01").date()).map(str),
    st.datetimes(min_value=pd.Timestamp("1990-01-01"), max_value=pd.Timestamp("1990-03-01")),
    st.sampled_from(["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-08", None, "soon", 2020, 2021, 3.5]),
)
VALUES = st.one_of(st.floats(), st.integers(-5, 5), st.none(), st.sampled_from(["1", "x", True]))
AGGREGATED = {"frequency": "D", "aggregate": "mean"}
KEYS = st.one_of(st.sampled_from(["a", "b"]), st.none(), st.integers(0, 2))


@st.composite
def frames(draw: Any) -> pd.DataFrame:
    size = draw(st.integers(0, 25))

    def column(values: Any) -> list[Any]:
        found: list[Any] = draw(st.lists(values, min_size=size, max_size=size))
        return found

    regular = draw(st.booleans())
    days = list(pd.date_range("2020-01-01", periods=size)) if regular else column(TIMES)
    return pd.DataFrame(
        {"t": days, "y": column(VALUES), "k": column(KEYS), "extra": column(VALUES)},
        index=draw(st.sampled_from([None, [0] * size])),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    frame=frames(),
    by=st.sampled_from([(), ("k",)]),
    more=st.sampled_from([{}, {"frequency": "D", "aggregate": "mean"}]),
)
def test_any_frame_is_read_or_refused(frame: pd.DataFrame, by: tuple[str, ...], more: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        # Of pandas, on columns of mixed types.
        warnings.simplefilter("ignore")
        try:
            _, panel = read(frame, asked("y", "t", by, **more), lambda text: None)
            panel = handled(panel, "auto", 6, lambda text: None)
        except InvalidInput as error:
            assert str(error)
            return
    for one in panel.series:
        assert len(one) and np.isfinite(one.target).all() and np.isfinite(one.known).all()
        assert (np.diff(one.times.astype(np.int64)) > 0).all()
