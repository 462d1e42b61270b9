"""The leaderboard's order, and that its record survives a round by JSON."""

from __future__ import annotations

import json

from modelyard.automl.outcome import leaderboard
from modelyard.automl.outcome.search_record import SearchRecord
from modelyard.automl.trial import TrialResult, TrialStatus

TRIALS = (
    TrialResult(1, "LightGBM", {"trees": 3}, TrialStatus.COMPLETED, score=0.8, fold_scores=(0.7, 0.9)),
    TrialResult(2, "SVM", {}, TrialStatus.FAILED, error="no memory"),
    TrialResult(3, "XGBoost", {}, TrialStatus.COMPLETED, score=0.9),
)


def test_best_first_by_the_metrics_direction():
    assert leaderboard.frame(TRIALS, True)["number"].tolist() == [3, 1, 2]
    board = leaderboard.frame(TRIALS, False)
    assert board["number"].tolist() == [1, 3, 2]
    assert board.index.tolist() == [1, 2, 3]
    assert board["error"].tolist()[-1] == "no memory"


def test_a_record_survives_json():
    record = SearchRecord("y", "auc_weighted", TRIALS, winner=3, interval=(0.1, 0.2), messages=("a",))
    stored = json.loads(json.dumps(record.to_dict()))
    assert SearchRecord.from_dict({**stored, "of_a_later_version": 1}) == record


def test_what_was_given_up_stands_behind_what_was_judged_to_the_end():
    lucky = TrialResult(4, "KNN", {}, TrialStatus.STOPPED, score=0.95, fold_scores=(0.95,))
    assert leaderboard.frame([*TRIALS, lucky], True)["number"].tolist() == [3, 1, 4, 2]
