from __future__ import annotations

import io
from typing import Any

from modelyard.automl.job_log import JobLog
from modelyard.automl.trial import TrialResult, TrialStatus

FACTS = {
    "rows": 569,
    "columns": 3,
    "features": {"columns": [{"purpose": "numeric"}, {"purpose": "numeric"}, {"purpose": "text"}]},
    "guardrails": [{"status": "passed", "text": "Fine."}, {"status": "warning", "text": "One class is rare."}],
}


def trial(number: int, score: float | None, status: TrialStatus = TrialStatus.COMPLETED, **more: Any) -> TrialResult:
    return TrialResult(number, "LightGBM", {"num_leaves": 31}, status, score, **more)


def written(*trials: TrialResult, greater: bool = True, quiet: bool = False) -> list[str]:
    stream = io.StringIO()
    log = JobLog(stream, quiet=quiet)
    log.begin("AUC_weighted", greater, 60.0)
    log.started(FACTS)
    for one in trials:
        log.trial_started(one.number, one.algorithm, one.params)
        log.trial_ended(one)
    log.leaderboard(list(trials), 1)
    return stream.getvalue().splitlines()


def test_the_log_tells_what_is_tried_the_best_and_the_time_left() -> None:
    lines = written(
        trial(0, 0.9, score_std=0.01), trial(1, 0.95, fit_seconds=0.5, row_milliseconds=0.11), trial(2, 0.91)
    )
    assert lines[:2] == ["rows: 569, 3 columns (2 numeric, 1 text)", "warning: One class is rare."]
    assert "LightGBM" in lines[2] and "begins" in lines[2] and "num_leaves=31" in lines[2]
    assert "AUC_weighted 0.9 ± 0.01   best so far" in lines[3]
    assert "0.5 s   0.11 ms a row   best so far" in lines[5]
    assert lines[5].endswith("left")
    assert "best so far" not in lines[7]
    assert lines[8] == "The best of 3 trials:"
    assert lines[9].startswith(" *   1")


def test_of_losses_the_least_is_best() -> None:
    lines = written(trial(0, 0.9), trial(1, 0.5), greater=False, quiet=True)
    assert "best so far" in lines[3]
    assert not any("begins" in line for line in lines)


def test_failures_say_why_in_one_line() -> None:
    failed = trial(0, None, TrialStatus.FAILED, error="Traceback\n  File x\nValueError: no rows")
    stopped = trial(1, 0.6, TrialStatus.STOPPED)
    lines = written(failed, stopped)
    assert any("failed: ValueError: no rows" in line for line in lines)
    assert any("given up at AUC_weighted 0.6" in line for line in lines)
