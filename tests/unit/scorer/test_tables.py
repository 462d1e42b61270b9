"""Tables on the wire are made rectangular or refused, naming where."""

from typing import Any

import pytest

from modelyard.domain.errors import InvalidInput
from modelyard.scorer.tables import from_columns, from_records, from_rows, from_split


def test_split_form() -> None:
    table = from_split({"columns": ["a", "b"], "index": [7, 8], "data": [[1, 2], [3, 4]]}, "input_data")

    assert (table.names, table.length, table.index) == (["a", "b"], 2, [7, 8])
    assert [list(column) for column in table.columns] == [[1, 3], [2, 4]]


def test_records_with_gaps() -> None:
    table = from_records([{"a": 1}, {"b": 2, "a": 3}], "records")

    assert table.names == ["a", "b"]
    assert [list(row) for row in table.rows] == [[1, None], [3, 2]]


def test_scalars_are_one_column_or_one_named_row() -> None:
    assert [list(row) for row in from_rows([1, 2], "data").rows] == [[1], [2]]
    assert [list(row) for row in from_rows([1, 2], "data", ["a", "b"]).rows] == [[1, 2]]


def test_no_rows() -> None:
    assert from_split({"columns": ["a"], "data": []}, "x").length == 0
    assert from_records([], "x").length == 0


@pytest.mark.parametrize(
    ("make", "value", "said"),
    [
        (from_split, [], "not an object"),
        (from_split, {"columns": ["a"]}, "'data' is missing"),
        (from_split, {"columns": ["a"], "data": [[1]], "dat": 1}, "unknown key 'dat'"),
        (from_split, {"columns": ["a", "a"], "data": [[1, 2]]}, "'a' twice"),
        (from_split, {"columns": "ab", "data": [[1, 2]]}, "not a list of column names"),
        (from_split, {"columns": [["a"]], "data": [[1]]}, "not a list of column names"),
        (from_split, {"columns": ["a", "b"], "data": [[1, 2], [3]]}, "row 1 has 1 values, not 2"),
        (from_split, {"columns": ["a"], "data": [[1]], "index": [1, 2]}, "one entry per row"),
        (from_split, {"data": {"a": 1}}, "not a list of rows"),
        (from_rows, [[1], 2], "mixes rows"),
        (from_rows, [[1], [1, 2]], "row 1 has 2 values, not 1"),
        (from_records, [{"a": 1}, 2], "not a list of objects"),
        (from_records, {"a": 1}, "not a list of objects"),
        (from_columns, {"a": [1, 2], "b": [1]}, "different lengths"),
        (from_columns, {}, "not an object of columns"),
    ],
)
def test_refusals(make: Any, value: Any, said: str) -> None:
    with pytest.raises(InvalidInput, match=said) as caught:
        make(value, "x")
    assert caught.value.field is not None
