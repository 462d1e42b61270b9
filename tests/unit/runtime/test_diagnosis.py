"""From the end of a log to what its owner is told first."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelyard.runtime.diagnosis import diagnose


@pytest.fixture
def work(tmp_path: Path) -> Path:
    place = tmp_path / "wd"
    place.mkdir()
    return place


def told(work: Path, log: str, *, code: int | None = 1, signal: int | None = None, oom: int = 0) -> dict[str, str]:
    path = work.parent / "log.txt"
    path.write_text(log)
    return diagnose(code, signal, str(path), 0, str(work), oom)


def test_the_last_frame_of_the_jobs_own_code_is_named(work: Path) -> None:
    log = f"""epoch 1
Traceback (most recent call last):
  File "{work}/train.py", line 30, in <module>
    main()
  File "{work}/src/model.py", line 12, in fit
    estimator.fit(x)
  File "/usr/lib/python3/site-packages/sklearn/base.py", line 1473, in wrapper
    raise ValueError("bad")
    ~~~~~^^^^
ValueError: Input X contains NaN.
LogisticRegression does not accept missing values encoded as NaN natively.
"""
    error = told(work, log)
    assert error["type"] == "ValueError"
    assert error["message"].startswith("Input X contains NaN.\nLogisticRegression")
    assert error["where"] == "src/model.py:12 in fit"


def test_of_a_chain_the_last_exception_counts(work: Path) -> None:
    log = f"""Traceback (most recent call last):
  File "{work}/a.py", line 1, in <module>
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "{work}/a.py", line 9, in load
RuntimeError: no column x
"""
    error = told(work, log)
    assert (error["type"], error["message"], error["where"]) == ("RuntimeError", "no column x", "a.py:9 in load")


@pytest.mark.parametrize(
    ("module", "package"), [("lightgbm", "lightgbm"), ("sklearn.linear_model", "scikit-learn"), ("yaml", "pyyaml")]
)
def test_a_missing_module_says_what_to_install(work: Path, module: str, package: str) -> None:
    start = 'Traceback (most recent call last):\n  File "a.py", line 1\n'
    log = f"{start}ModuleNotFoundError: No module named '{module}'\n"
    assert f"pip install {package}" in told(work, log)["hint"]


def test_a_syntax_error_has_its_line(work: Path) -> None:
    log = f"""  File "{work}/train.py", line 3
    def f(:
          ^
SyntaxError: invalid syntax
"""
    error = told(work, log)
    assert (error["type"], error["where"]) == ("SyntaxError", "train.py:3")


def test_a_command_that_is_not_there(work: Path) -> None:
    error = told(work, "bash: line 1: lightgbm-train: command not found\n", code=127)
    assert error["type"] == "CommandNotFound"
    assert "'lightgbm-train'" in error["message"]


@pytest.mark.parametrize(("code", "signal"), [(None, 9), (137, None)])
def test_a_kill_by_the_kernel_is_told_from_any_other(work: Path, code: int | None, signal: int | None) -> None:
    assert told(work, "", code=code, signal=signal, oom=1)["type"] == "OutOfMemory"
    other = told(work, "", code=code, signal=signal)
    assert other["type"] == "Killed"
    assert "SIGKILL" in other["message"]


def test_without_a_traceback_the_last_lines_speak(work: Path) -> None:
    error = told(work, "one\ntwo\nError in library(caret) : there is no package\n\n", code=3)
    assert error["type"] == "CommandFailed"
    assert "exit code 3" in error["message"]
    assert "no package" in error["message"]


def test_only_the_end_of_a_large_log_is_read(work: Path) -> None:
    log = "Traceback (most recent call last):\nValueError: long ago\n" + "x" * 200_000 + "\nfailed\n"
    assert told(work, log)["type"] == "CommandFailed"


def test_a_log_that_is_no_text(work: Path) -> None:
    path = work.parent / "log.txt"
    path.write_bytes(b"\xff\xfe\x00Traceback (most recent call last):\n" * 3)
    assert diagnose(1, None, str(path), 0, str(work), 0)["type"] == "CommandFailed"
    assert diagnose(1, None, str(path) + ".none", 0, str(work), 0)["type"] == "CommandFailed"
