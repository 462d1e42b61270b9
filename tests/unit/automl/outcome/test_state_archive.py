"""State goes into one zip and comes back as it was; what is no data is refused."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from modelyard.automl.outcome.state_archive import pack, unpack
from modelyard.domain.errors import InvalidInput


def test_every_kind_of_value_comes_back():
    state = {
        "none": None,
        "flag": True,
        "count": 3,
        "share": 0.1,
        "missing": float("nan"),
        "text": "short",
        "long": "é" * 5000,
        "blob": b"\x00\x01",
        "array": np.arange(6, dtype=np.float32).reshape(2, 3),
        "words": np.array(["a", "bcd"]),
        "nested": [{"deep": (1, 2)}, []],
        "codes": {1: "one", "$odd": 2},
        "scalar": np.float64(2.5),
    }
    back = unpack(pack(state))
    assert back["array"].dtype == np.float32
    np.testing.assert_array_equal(back.pop("array"), state.pop("array"))
    np.testing.assert_array_equal(back.pop("words"), state.pop("words"))
    assert np.isnan(back.pop("missing"))
    state.pop("missing")
    assert back == {**state, "nested": [{"deep": [1, 2]}, []]}


def test_equal_states_are_equal_bytes():
    assert pack({"a": np.ones(3), "b": "x" * 2000}) == pack({"a": np.ones(3), "b": "x" * 2000})


def test_a_long_text_can_be_read_by_any_zip_tool():
    with zipfile.ZipFile(io.BytesIO(pack({"booster": "tree\n" * 1000}))) as archive:
        assert archive.read("texts/0.txt").decode() == "tree\n" * 1000


@pytest.mark.parametrize("value", [object(), np.array([object()]), {1, 2}])
def test_objects_are_refused(value):
    with pytest.raises(TypeError):
        pack({"value": value})


@pytest.mark.parametrize("content", [b"", b"no zip", pack({})[:-30]])
def test_damage_is_told(content):
    with pytest.raises(InvalidInput):
        unpack(content)


def test_an_array_of_pickles_is_not_read():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        array = io.BytesIO()
        np.save(array, np.array([{"a": 1}], dtype=object), allow_pickle=True)
        archive.writestr("arrays/0.npy", array.getvalue())
        archive.writestr("state.json", '{"x": {"$array": "arrays/0.npy"}}')
    with pytest.raises(InvalidInput):
        unpack(target.getvalue())
