import io
from typing import Any

import pytest

from modelyard.cli.answers import select, show
from modelyard.domain.errors import InvalidInput

JOB = {"name": "a", "status": "Running", "services": {"Studio": {"endpoint": "http://x"}}, "tags": {"k": "v"}}


def shown(value: Any, form: str, columns: tuple[str, ...] = ()) -> str:
    stream = io.StringIO()
    show(value, form, columns, stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("name", "a"),
        ("services.Studio.endpoint", "http://x"),
        ('services["Studio"].endpoint', "http://x"),
        ("services[Studio].endpoint", "http://x"),
        ("{n: name, s: status}", {"n": "a", "s": "Running"}),
        (None, JOB),
        ("nothing", None),
    ],
)
def test_queries_as_azure_scripts_write_them(query: str | None, found: Any) -> None:
    assert select(JOB, query) == found


@pytest.mark.parametrize("query", ["name[", "sort_by(name, &x)", "abs('a')"])
def test_a_wrong_query_is_invalid_input(query: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        select(JOB, query)
    assert caught.value.field == "--query"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a\n"),
        (None, "\n"),
        (True, "true\n"),
        (3, "3\n"),
        ({"a": 1, "b": None}, "1\t\n"),
        ([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], "1\tx\n2\ty\n"),
        (["a", "b"], "a\nb\n"),
        ([["a", 1], ["b", 2]], "a\t1\nb\t2\n"),
        ("two\nlines\tand a tab", "two lines and a tab\n"),
        ({"tags": {"k": "v"}}, '{"k": "v"}\n'),
        ([], ""),
    ],
)
def test_tabs(value: Any, text: str) -> None:
    assert shown(value, "tsv") == text


def test_json_keeps_every_letter() -> None:
    assert shown({"a": "ü"}, "json") == '{\n  "a": "ü"\n}\n'


def test_yaml() -> None:
    assert shown(JOB, "yaml").startswith("name: a\nstatus: Running\nservices:\n  Studio:\n")
    assert shown("plain", "yaml") == "plain\n"


def test_none_prints_nothing() -> None:
    assert shown(JOB, "none") == ""


def test_a_table_in_a_pipe_is_plain() -> None:
    rows = [JOB, {"name": "long name", "status": "Failed", "created": "2026-01-02T03:04:05.678+00:00"}]
    assert shown(rows, "table", ("name", "status", "when=created", "empty")).splitlines() == [
        "Name       Status   When",
        "---------  -------  -------------------",
        "a          Running",
        "long name  Failed   2026-01-02 03:04:05",
    ]


def test_a_table_of_what_a_query_made_has_its_columns() -> None:
    assert shown([{"n": "a", "x": 1}], "table", ("name",)).splitlines()[0].split() == ["N", "X"]
    assert shown(["a", "b"], "table").splitlines() == ["Result", "------", "a", "b"]
    assert shown([], "table") == ""
