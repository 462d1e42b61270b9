"""Command lines run in this process, as a script runs them."""

import json
from typing import Any

import pytest

from modelyard.cli.main import main


class Shell:
    """Runs lines in this process and keeps what they said."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys
        self.err = ""

    def __call__(self, *words: str, code: int = 0) -> str:
        got = main(words)
        shown = self.capsys.readouterr()
        self.err = shown.err
        assert got == code, shown.err
        return shown.out.rstrip("\n")

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "-o", "json"))
