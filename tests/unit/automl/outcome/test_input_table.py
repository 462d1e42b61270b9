"""Frames, rows and columns become the same arrays."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from modelyard.automl.outcome.input_table import ColumnKind, InputColumn, InputTable, columns_of_frame
from modelyard.domain.errors import InvalidInput

FRAME = pd.DataFrame(
    {
        "age": [31, 52],
        "pay": [1.5, np.nan],
        "member": [True, False],
        "town": ["Lyon", None],
        "since": pd.to_datetime(["2020-01-01", "2021-06-30"]),
        "size": pd.Categorical(["S", "M"]),
        "seats": pd.array([4, None], dtype="Int64"),
    }
)
COLUMNS = columns_of_frame(FRAME)


def test_kinds_and_examples_of_a_frame():
    assert {column.name: column.kind for column in COLUMNS} == {
        "age": ColumnKind.INTEGER,
        "pay": ColumnKind.NUMBER,
        "member": ColumnKind.TRUTH,
        "town": ColumnKind.TEXT,
        "since": ColumnKind.MOMENT,
        "size": ColumnKind.TEXT,
        "seats": ColumnKind.NUMBER,
    }
    assert [column.example for column in COLUMNS] == [31, 1.5, True, "Lyon", "2020-01-01T00:00:00", "S", 4.0]


def test_a_frame_rows_and_columns_are_the_same_table():
    of_frame = InputTable.of(FRAME, COLUMNS)
    records = FRAME.astype(object).where(FRAME.notna(), None).to_dict("records")
    of_rows = InputTable.of(records, COLUMNS)
    of_columns = InputTable.of({name: FRAME[name] for name in FRAME}, COLUMNS)
    for table in (of_rows, of_columns):
        assert table.rows == of_frame.rows == 2
        for name in ("age", "pay", "seats", "member"):
            np.testing.assert_array_equal(table.arrays[name].astype(float), of_frame.arrays[name].astype(float))
    assert of_rows.arrays["town"].tolist() == ["Lyon", None]
    assert of_frame.arrays["town"][0] == "Lyon"
    assert of_frame.arrays["since"].dtype == "datetime64[ns]"


def test_a_mapping_of_scalars_is_one_row():
    table = InputTable.of({"age": 3, "town": None}, [InputColumn("age", ColumnKind.INTEGER), COLUMNS[3]])
    assert table.rows == 1
    assert table.arrays["age"].tolist() == [3.0]
    assert table.arrays["town"].tolist() == [None]


def test_a_single_row_of_a_frame_is_as_in_the_frame():
    whole = InputTable.of(FRAME, COLUMNS)
    for number in range(2):
        row = InputTable.of(FRAME.iloc[[number]], COLUMNS)
        for name, array in whole.arrays.items():
            assert row.arrays[name].dtype == array.dtype
            pd.testing.assert_index_equal(pd.Index(row.arrays[name]), pd.Index(array[number : number + 1]))


def test_missing_columns_are_named_with_a_guess():
    with pytest.raises(InvalidInput, match="age") as caught:
        InputTable.of(FRAME.rename(columns={"age": "Age"}), COLUMNS)
    assert "Age" in (caught.value.mend or "")


@pytest.mark.parametrize("data", [3, "text", [1, 2], np.ones((2, 2))])
def test_what_is_no_table_is_refused(data):
    with pytest.raises(InvalidInput):
        InputTable.of(data, COLUMNS)


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(InvalidInput):
        InputTable.of({"age": [1, 2], "pay": [1.0]}, COLUMNS[:2])
