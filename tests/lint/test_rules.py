"""Each rule finds what it is for, and lets a reasoned escape through."""

from pathlib import Path

import pytest

from .rules import SOURCE_RULES, TEST_RULES, Source, check


def findings(text: str, path: str = "src/modelyard/store/jobs.py") -> list[str]:
    return [finding.rule for finding in check(Source(Path(path), text), SOURCE_RULES)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1\n", []),
        ("x = 1\n" * 401, ["long-file"]),
        ("# lint: long-file: one table of constants\n" + "x = 1\n" * 401, []),
        ("# lint: long-file: one table of constants\n" + "x = 1\n" * 601, ["long-file"]),
        ("def f():\n" + "    x = 1\n" * 59, []),
        ("def f():\n" + "    x = 1\n" * 60, ["long-function"]),
        ("# lint: long-function: a table of routes\ndef f():\n" + "    x = 1\n" * 60, []),
        ("def f():\n    from modelyard.kit import ids\n", ["late-import"]),
        ("def f():\n    import modelyard.kit\n", ["late-import"]),
        ("def f():\n    from . import ids\n", ["late-import"]),
        ("def f():\n    from modelyard.kit import ids  # lint: late-import: loads a plug-in by name\n", []),
        ("def f():\n    from modelyard.kit import ids  # lint: late-import:\n", ["late-import"]),
        ("from modelyard.kit import ids\n", []),
        ("from unittest.mock import MagicMock\n", ["mock"]),
        ("import unittest.mock\n", ["mock"]),
        ("print('x')\n", ["bare-print"]),
        ("def main():\n    print('x')\n", []),
    ],
)
def test_rule_on_a_snippet(text: str, expected: list[str]) -> None:
    assert findings(text) == expected


@pytest.mark.parametrize(
    ("path", "expected"), [("src/modelyard/store/utils.py", ["empty-name"]), ("a/manager/x.py", ["empty-name"])]
)
def test_names_that_say_nothing(path: str, expected: list[str]) -> None:
    assert findings("x = 1\n", path) == expected


def test_tests_may_import_inside_functions() -> None:
    source = Source(Path("tests/unit/test_x.py"), "def f():\n    from modelyard.kit import ids\n")
    assert check(source, TEST_RULES) == []
