"""From a frame to the table that is searched: what is left out is not asked for again."""

import numpy as np
import pandas as pd
import pytest

from modelyard.automl.plan.settings import Settings
from modelyard.automl.search.listening import Record
from modelyard.automl.search.preparation import prepare
from modelyard.automl.task import Task
from modelyard.domain.errors import InvalidInput


def table(rows: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"row_id": range(rows), "x": rng.normal(size=rows), "y": rng.integers(0, 2, rows)})


def test_predictions_need_the_used_columns_alone() -> None:
    prepared = prepare(table(), Settings("y"), Record([]))
    assert [column.name for column in prepared.table.columns] == ["x"]
    assert prepared.table.task is Task.BINARY
    left = {each["name"]: each for each in prepared.guardrails}["key columns"]
    assert list(left["columns"]) == ["row_id"]


def test_a_classification_of_many_whole_numbers_stays_one() -> None:
    frame = table().assign(y=np.arange(200) % 25)
    assert prepare(frame, Settings("y", Task.MULTICLASS), Record([])).table.task is Task.MULTICLASS
    assert prepare(frame, Settings("y"), Record([])).table.task is Task.REGRESSION


def test_rows_to_test_on_that_were_learnt_from_are_said() -> None:
    frame = table()
    prepared = prepare(frame, Settings("y"), Record([]), test=frame[:20])
    overlap = {each["name"]: each for each in prepared.guardrails}["test overlap"]
    assert overlap["status"] == "alerted"


def test_a_test_table_without_a_column_is_refused() -> None:
    with pytest.raises(InvalidInput, match="test_data has no column 'x'"):
        prepare(table(), Settings("y"), Record([]), test=table()[["row_id", "y"]])
