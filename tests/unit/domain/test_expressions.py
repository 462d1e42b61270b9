from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.domain.errors import InvalidInput
from modelyard.domain.expressions import check, find, malformed, substitute

SCOPE = {"inputs.rate": "0.1", "inputs.data": "/in/data", "outputs.model": "/out", "inputs.flag": None, "name": "job1"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("${{inputs.rate}}", "0.1"),
        ("a ${{ inputs.rate }} b ${{outputs.model}}", "a 0.1 b /out"),
        ("${{inputs.rate}}_${{name}}", "0.1_job1"),
        ("x ${{inputs.flag}} y", "x  y"),
        ("run $[[--flag ${{inputs.flag}}]] end", "run  end"),
        ("run $[[--rate ${{inputs.rate}}]] end", "run --rate 0.1 end"),
        ("run $[[--a ${{inputs.rate}} --b ${{inputs.flag}}]]", "run "),
        ("run $[[\n --rate ${{inputs.rate}}\n]]", "run \n --rate 0.1\n"),
        ("$[[ --always ]]", " --always "),
        ("echo ${HOME} $(date) $((1+1)) ${x[0]}", "echo ${HOME} $(date) $((1+1)) ${x[0]}"),
    ],
)
def test_substitution(text: str, expected: str) -> None:
    assert substitute(text, SCOPE) == expected


def test_substituted_text_is_not_read_again() -> None:
    assert substitute("${{inputs.a}}", {"inputs.a": "${{inputs.b}}", "inputs.b": "no"}) == "${{inputs.b}}"


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidInput) as caught:
        substitute("x ${{inputs.raet}}", SCOPE, field="command")
    assert caught.value.field == "command"
    assert caught.value.mend == "did you mean '${{inputs.rate}}'?"


def test_an_unknown_name_in_an_optional_block_is_refused_too() -> None:
    with pytest.raises(InvalidInput):
        substitute("$[[ ${{inputs.nothing}} ]]", SCOPE)


def test_find_tells_the_optional_ones() -> None:
    found = find("a ${{inputs.a}} $[[ ${{inputs.b}} ]]")
    assert [(item.name, item.optional) for item in found] == [("inputs.a", False), ("inputs.b", True)]
    assert found[0].parts == ("inputs", "a")


@pytest.mark.parametrize("text", ["${{}}", "${{ a b }}", "${{inputs.a", "${{inputs.a}"])
def test_broken_expressions_are_found(text: str) -> None:
    assert malformed(text)
    assert check(text, ["inputs.a"], field="command")


def test_check_lists_what_is_known_when_nothing_is_near() -> None:
    (problem,) = check("${{search_space.lr}}", ["inputs.a", "inputs.b"], field="command")
    assert problem["mend"] == "known: inputs.a, inputs.b"


@given(st.text(alphabet="${}[]i. \na", max_size=40))
def test_any_text_is_substituted_or_refused(text: str) -> None:
    try:
        substitute(text, {"a": "1", "i": None})
    except InvalidInput:
        return


@pytest.mark.parametrize("piece", ["$[[", "${{", "$[[ ${{i", "${{ ", "]]", "$[[${{i}}]]"])
def test_time_is_in_proportion_to_the_text(piece: str) -> None:
    text = piece * 40_000
    began = time.perf_counter()
    find(text)
    malformed(text)
    substitute(text, {"i": "1"})
    assert time.perf_counter() - began < 5
