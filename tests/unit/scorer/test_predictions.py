"""Whatever a model gives becomes JSON."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelyard.scorer.predictions import dump, plain


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.array([1.5, np.nan, np.inf]), [1.5, None, None]),
        (np.array([[1, 2]], dtype=np.int32), [[1, 2]]),
        (np.asfortranarray(np.array([[1.0, 2.0], [3.0, 4.0]])), [[1, 2], [3, 4]]),
        (np.array(["a", "b"]), ["a", "b"]),
        (np.array(["a", None], dtype=object), ["a", None]),
        (pd.Series([1, 2]), [1, 2]),
        (pd.DataFrame({"a": [1], "b": ["x"]}), [{"a": 1, "b": "x"}]),
        ({"a": np.array([1]), "b": np.float32(0.5)}, {"a": [1], "b": 0.5}),
        ([np.int64(3), (1, 2), b"a"], [3, [1, 2], "YQ=="]),
        (pd.DataFrame({"a": [pd.NaT]}), [{"a": None}]),
        ("text", "text"),
        (None, None),
    ],
)
def test_json_of(value: Any, shown: Any) -> None:
    assert json.loads(dump(plain(value))) == shown


def test_what_has_no_json_form_says_so() -> None:
    with pytest.raises(TypeError, match=r"object has no JSON form|not JSON serializable"):
        dump(object())
