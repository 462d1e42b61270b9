"""Page tokens: round trip, and nothing but our own error for anything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.kit.paging import MalformedToken, PageOf, decode_token, encode_token

PLAIN = st.one_of(st.none(), st.integers(), st.text(), st.floats(allow_nan=False, allow_infinity=False))


@given(st.lists(PLAIN, max_size=4))
def test_a_token_comes_back_as_it_went(place):
    token = encode_token(place)
    assert token.isascii()
    assert "=" not in token
    assert decode_token(token, len(place)) == place


@given(st.text(max_size=60), st.integers(0, 4))
def test_any_text_is_a_place_or_refused(text, length):
    try:
        assert len(decode_token(text, length)) == length
    except MalformedToken:
        pass


def test_a_token_of_another_list_is_refused():
    with pytest.raises(MalformedToken):
        decode_token(encode_token([1, "a"]), 1)


def test_a_page_is_mapped_and_keeps_its_token():
    page = PageOf([1, 2], "next").map(str)
    assert (list(page), len(page), page.next_token) == (["1", "2"], 2, "next")
