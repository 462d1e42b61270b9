"""What a person sees while a search runs."""

from __future__ import annotations

import io

import pytest

from modelyard.automl import progress
from modelyard.automl.progress import LiveBoard, Plain, Silent, listener_for
from modelyard.automl.trial import TrialResult, TrialStatus
from modelyard.domain.errors import InvalidInput

_FACTS = {"task": "binary", "target": "y", "metric": "auc_weighted", "greater_is_better": True, "rows": 10}
_TRIALS = (
    TrialResult(0, "LightGBM", {}, TrialStatus.COMPLETED, 0.8),
    TrialResult(1, "KNN", {}, TrialStatus.FAILED, error="it cannot"),
    TrialResult(2, "XGBoost", {}, TrialStatus.COMPLETED, 0.9),
)


def test_a_line_a_trial_with_a_star_at_the_best(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Plain()
    shown.started(_FACTS)
    for one in _TRIALS:
        shown.trial_started(one.number, one.algorithm, {})
        shown.trial_ended(one)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "binary of y by auc_weighted: 10 rows"
    assert "0.9 *" in lines[3]
    assert "it cannot" in lines[2]


def test_the_board_shows_the_best_first_and_what_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    rich = pytest.importorskip("rich.console")
    output = io.StringIO()
    monkeypatch.setattr(progress.consoles, "Console", lambda stderr: rich.Console(file=output, width=120))
    board = LiveBoard()
    board.started({**_FACTS, "timeout_seconds": 60})
    for one in _TRIALS:
        board.trial_started(one.number, one.algorithm, {})
        board.trial_ended(one)
    board.trial_started(3, "CatBoost", {})
    board.stop()
    text = output.getvalue()
    assert text.index("XGBoost") < text.index("LightGBM")
    assert "trying: CatBoost 3" in text
    assert "1 failed" in text


def test_without_a_person_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert type(listener_for("none")) is Silent
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert type(listener_for("auto")) is Silent
    with pytest.raises(InvalidInput, match="progress"):
        listener_for("loud")
