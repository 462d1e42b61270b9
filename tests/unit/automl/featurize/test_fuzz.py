"""Whatever a frame holds, it is made into features or refused by an error of the family."""

import datetime
import decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelyard.automl.featurize.checks import checked
from modelyard.automl.featurize.design import View
from modelyard.automl.featurize.feature_plan import FeaturePlan
from modelyard.automl.featurize.featurizer import Featurizer
from modelyard.automl.featurize.guardrails import report
from modelyard.automl.featurize.reading import read
from modelyard.automl.featurize.target import TargetCoding
from modelyard.automl.plan.settings import Settings
from modelyard.automl.task import Task
from modelyard.domain.errors import ModelyardError

CELLS: dict[str, st.SearchStrategy[Any]] = {
    "float": st.floats(),
    "whole": st.integers(-(2**62), 2**62),
    "few": st.integers(0, 2),
    "text": st.text(max_size=12),
    "word": st.sampled_from(["a", "b", "", " ", "nan", "1,5", "$3", "2024-01-01", "07/04/2021", "é", "true"]),
    "bool": st.booleans(),
    "moment": st.datetimes(datetime.datetime(1700, 1, 1), datetime.datetime(2200, 1, 1)),
    "date": st.dates(),
    # pandas itself cannot ask a signalling NaN whether it is missing.
    "decimal": st.decimals(allow_nan=False) | st.just(decimal.Decimal("NaN")),
    "span": st.timedeltas(datetime.timedelta(-9999), datetime.timedelta(9999)),
    "list": st.lists(st.integers(0, 3), max_size=2),
    "bytes": st.binary(max_size=4),
    "complex": st.complex_numbers(allow_nan=False, allow_infinity=False),
    "na": st.sampled_from([None, float("nan"), pd.NA, pd.NaT]),
}


@st.composite
def columns(draw: st.DrawFn, rows: int) -> list[Any]:
    kinds = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=3))
    cell = st.one_of([CELLS[kind] for kind in kinds])
    return [draw(cell) for _ in range(rows)]


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.sampled_from([0, 1, 9, 12, 25]))
    names = draw(st.lists(st.sampled_from(["a", "b", "y", "", "ü x", "a.1", 3, None]), max_size=4))
    frame = pd.DataFrame(index=range(rows))
    parts = [pd.Series(draw(columns(rows)), name=name, index=frame.index) for name in names]
    if draw(st.booleans()) and rows:
        parts.append(pd.Series([0, 1] * rows, name="y")[:rows])
    if not parts:
        return frame
    made = pd.concat(parts, axis=1)
    made.columns = [part.name for part in parts]
    return made.convert_dtypes() if draw(st.booleans()) else made


@pytest.mark.filterwarnings("ignore::pandas.errors.PerformanceWarning")
@settings(max_examples=60, deadline=None)
@given(frame=frames(), task=st.sampled_from([None, Task.BINARY, Task.REGRESSION]), view=st.sampled_from(list(View)))
def test_no_frame_ends_in_a_traceback(frame: pd.DataFrame, task: Task | None, view: View) -> None:
    own = Settings("y", task)
    try:
        table, repairs = checked(read(frame), own)
        coding = TargetCoding.of(table["y"], task)
        target, features = coding.encode(table["y"]), table.drop(columns="y")
        plan = FeaturePlan.make(features, target, coding.task, own.featurization)
        found = report(features, target, coding.task, plan)
    except ModelyardError as error:
        assert error.message
        return
    assert all(isinstance(line, str) for line in repairs) and all(one.to_dict() for one in found)
    featurizer = Featurizer(plan, view)
    made = featurizer.fit_transform(features, target, seed=0)
    assert made.matrix.shape == (len(features), len(made.names))
    matrix = made.matrix if isinstance(made.matrix, np.ndarray) else made.matrix.toarray()
    assert not np.isinf(matrix).any()
    if view not in (View.TREE, View.CODES):
        assert not np.isnan(matrix).any()
    one = featurizer.transform(features.iloc[:1])
    few = featurizer.transform(features.iloc[:2]).matrix
    alone, both = (part if isinstance(part, np.ndarray) else part.toarray() for part in (one.matrix, few))
    np.testing.assert_allclose(alone[0], both[0], rtol=1e-5, atol=1e-6)
