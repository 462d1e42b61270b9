"""Every file in `scorer/protocols`: one request one reader, the same features in every form, errors of one family."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelyard.domain.errors import InvalidInput
from modelyard.kit.http_message import Request
from modelyard.scorer.protocol import Body, ScoringProtocol, known_protocols, protocol_for
from modelyard.scorer.signature import ColumnSpec, Signature

KNOWN = known_protocols()
NAMES, ROWS = ["a", "n", "t"], [[1.5, 3, "x"], [-2.0, 4, "y, z"]]
SIGNATURE = Signature((ColumnSpec("a", "double"), ColumnSpec("n", "long"), ColumnSpec("t", "string")))

each_protocol = pytest.mark.parametrize("protocol", KNOWN, ids=lambda one: one.name)


def body_of(protocol: ScoringProtocol, names: list[str] = NAMES, rows: list[list[Any]] = ROWS) -> Body:
    path, content_type, raw = protocol.request(names, rows)
    return Body(Request("POST", path.encode(), [(b"content-type", content_type.encode())], raw))


@each_protocol
def test_exactly_one_protocol_claims_a_request(protocol: ScoringProtocol) -> None:
    assert [one.name for one in KNOWN if one.claims(body_of(protocol))] == [protocol.name]


@each_protocol
def test_features_are_those_of_the_table(protocol: ScoringProtocol) -> None:
    features = protocol.decode(body_of(protocol), SIGNATURE).features
    a, n, t = features.arrays()

    assert (a.tolist(), n.tolist(), t.tolist()) == ([1.5, -2.0], [3, 4], ["x", "y, z"])
    assert features.rows == 2
    assert features.frame()["a"].tolist() == [1.5, -2.0]


@each_protocol
def test_missing_column_is_named(protocol: ScoringProtocol) -> None:
    call = protocol.decode(body_of(protocol, ["a", "n"], [[1.5, 3]]), SIGNATURE)

    with pytest.raises(InvalidInput) as caught:
        call.features.arrays()
    assert caught.value.field == "t"


@each_protocol
def test_wrong_value_is_named(protocol: ScoringProtocol) -> None:
    with pytest.raises(InvalidInput) as caught:
        protocol.decode(body_of(protocol, NAMES, [["wrong", 3, "x"]]), SIGNATURE).features.arrays()
    assert caught.value.field == "a"


@each_protocol
@pytest.mark.parametrize("predictions", [np.array([0.5, np.nan]), np.array([[1, 2]]), ["x", "y"], []])
def test_answers_are_json(protocol: ScoringProtocol, predictions: Any) -> None:
    call = protocol.decode(body_of(protocol), SIGNATURE)

    assert json.loads(protocol.encode(predictions, call)) is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)
KEYS = ("input_data", "dataframe_split", "dataframe_records", "instances", "inputs", "params", "columns", "data", "id")
DOCUMENTS = JSON | st.dictionaries(st.sampled_from(KEYS), JSON, min_size=1, max_size=3)


@given(document=DOCUMENTS, path=st.sampled_from([b"/score", b"/v2/models/m/infer"]))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
def test_any_document_is_read_or_refused(document: Any, path: bytes) -> None:
    read_or_refused(Body(Request("POST", path, [], json.dumps(document).encode())))


@given(raw=st.binary(max_size=60), kind=st.sampled_from([b"application/json", b"text/csv", b"image/png"]))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_bytes_are_read_or_refused(raw: bytes, kind: bytes) -> None:
    read_or_refused(Body(Request("POST", b"/score", [(b"content-type", kind)], raw)))


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(InvalidInput, match="not JSON"):
        protocol_for(Body(Request("POST", b"/score", [], b"[" * 100_000)), KNOWN)


def read_or_refused(body: Body) -> None:
    try:
        features = protocol_for(body, KNOWN).decode(body, SIGNATURE).features
        if features.tensors is None:
            features.arrays()
    except InvalidInput:
        return
