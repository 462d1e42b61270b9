"""Columns are checked and converted by the signature, once per column; errors name column, row and value."""

from typing import Any

import numpy as np
import pytest

from modelyard.domain.errors import InvalidInput
from modelyard.scorer.features import Features, tensor
from modelyard.scorer.signature import ColumnSpec, Signature
from modelyard.scorer.tables import Table, from_split


def signature(**types: str) -> Signature:
    return Signature(
        tuple(ColumnSpec(name, kind.removesuffix("?"), not kind.endswith("?")) for name, kind in types.items())
    )


def one(kind: str, *values: Any) -> np.ndarray[Any, Any]:
    return Features(Table(["x"], columns=[list(values)]), signature(x=kind)).arrays()[0]


def test_doubles_in_the_signatures_order() -> None:
    sent = from_split({"columns": ["b", "unused", "a"], "data": [[1, "?", 2.5], [None, "?", 3]]}, "x")
    features = Features(sent, signature(a="double", b="double"))

    assert np.array_equal(features.matrix(), [[2.5, 1], [3, np.nan]], equal_nan=True)
    assert list(features.frame().columns) == ["a", "b"]


def test_quick_way_gives_what_the_careful_one_gives() -> None:
    rows = [[1, 2.5], [None, -3]]
    quick = Features(Table(["a", "b"], rows=rows), signature(a="double", b="double"))
    careful = Features(Table(["a", "b", "c"], rows=[[*row, 0] for row in rows]), signature(a="double", b="double"))

    assert np.array_equal(quick.matrix(), careful.matrix(), equal_nan=True)
    assert quick.frame().equals(careful.frame())


@pytest.mark.parametrize(
    ("kind", "values", "dtype"),
    [
        ("double", (1, 2.5, None), np.float64),
        ("float", (1, 2.5, None), np.float32),
        ("long", (1, 2.0), np.int64),
        ("integer", (1, -2), np.int32),
        ("long?", (1, None), np.float64),
        ("boolean", (True, False), np.bool_),
        ("string", ("a", None), object),
        ("binary", ("YQ==", None), object),
        ("datetime", ("2026-01-02T03:04:05+02:00", None), np.dtype("datetime64[ns]")),
    ],
)
def test_types(kind: str, values: tuple[Any, ...], dtype: Any) -> None:
    assert one(kind, *values).dtype == dtype


def test_moments_are_utc() -> None:
    assert str(one("datetime", "2026-01-02T03:04:05+02:00")[0]).startswith("2026-01-02T01:04:05")


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        ("double", (1, "2"), r"not of type double: a value is not a number \(row 1: '2'\)"),
        ("double", (True,), "not a number"),
        ("double", ([1],), "not a number"),
        ("long", (1.5,), "fraction"),
        ("long", (None,), "missing"),
        ("integer", (2**40,), "integer"),
        ("long", (2**70,), "long"),
        ("boolean", (1,), "true or false"),
        ("string", (5,), "not text"),
        ("binary", ("%%%",), "base64"),
        ("datetime", ("yesterday",), "datetime"),
    ],
)
def test_wrong_values_name_the_column(kind: str, values: tuple[Any, ...], said: str) -> None:
    with pytest.raises(InvalidInput, match=said) as caught:
        one(kind, *values)
    assert caught.value.field == "x"


def test_missing_column_is_named_with_a_near_one() -> None:
    features = Features(Table(["colour", "size"], rows=[["red", 1.0]]), signature(color="string", size="double"))

    with pytest.raises(InvalidInput, match="Missing column: 'color'") as caught:
        features.frame()
    assert caught.value.field == "color"
    assert "colour" in str(caught.value.mend)


def test_optional_column_may_be_left_out() -> None:
    frame = Features(Table(["a"], rows=[[1.0]]), signature(a="double", b="double?")).frame()

    assert np.isnan(frame["b"][0])


def test_names_are_needed_where_the_signature_has_them() -> None:
    with pytest.raises(InvalidInput, match="have names"):
        Features(Table(None, rows=[[1.0]]), signature(a="double")).matrix()


def test_unnamed_columns_by_position() -> None:
    spec = Signature((ColumnSpec(None, "double"), ColumnSpec(None, "long")))

    assert Features(Table(None, rows=[[1.0, 2]]), spec).matrix().tolist() == [[1.0, 2.0]]
    with pytest.raises(InvalidInput, match="takes 2 columns, not 1"):
        Features(Table(None, rows=[[1.0]]), spec).matrix()


def test_text_columns_look_as_they_did_in_training() -> None:
    import pandas as pd

    sent = Features(Table(["a"], rows=[["x"], [None]]), signature(a="string")).frame()

    assert sent["a"].dtype == pd.Series(["x", None]).dtype
    assert sent["a"].isna().tolist() == [False, True]


def test_number_too_large() -> None:
    with pytest.raises(InvalidInput):
        Features(Table(["a"], rows=[[10**400]]), signature(a="double")).matrix()


@pytest.mark.parametrize("value", [[[1], [1, 2]], "text", {"a": 1}, [None]])
def test_ragged_tensor(value: Any) -> None:
    with pytest.raises(InvalidInput):
        tensor(value, "int64", "x")


def test_without_a_signature_a_frame_as_it_came() -> None:
    frame = Features(Table(["a", "b"], rows=[[1, "x"]]), None).frame()

    assert frame.to_dict("records") == [{"a": 1, "b": "x"}]
