"""Telling the server of trials: in batches, again after it was away, and never what JSON cannot hold."""

from __future__ import annotations

import json
import math
from typing import Any

import httpx
import numpy as np

from modelyard.automl.trial import TrialResult, TrialStatus
from modelyard.automl.trial_reporter import ServerAddress, TrialReporter, trial_document

ADDRESS = ServerAddress("http://server:5600", "default", "bank", "secret", 2)


class Server:
    """Answers as the real one would; `away` counts the calls that find nobody."""

    def __init__(self, away: int = 0, status: int = 200) -> None:
        self.away = away
        self.status = status
        self.bodies: list[dict[str, Any]] = []
        self.tokens: set[str] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            self.away -= 1
            raise httpx.ConnectError("nobody there")
        self.tokens.add(request.headers["Authorization"])
        assert request.url.path == "/api/v1/workspaces/default/jobs/bank/trial-records"
        self.bodies.append(json.loads(request.content))
        return httpx.Response(self.status, json={"recorded": 1, "cancel_requested": False})


def trial(number: int, **more: Any) -> TrialResult:
    return TrialResult(number, "LightGBM", {"leaves": 31}, TrialStatus.COMPLETED, **{"score": 0.9, **more})


def told(server: Server, trials: int = 3) -> tuple[bool, list[str]]:
    said: list[str] = []
    reporter = TrialReporter(ADDRESS, said.append, transport=httpx.MockTransport(server), sleep=lambda _: None)
    reporter.begin("auc_weighted", True, {"auc_weighted": "AUC_weighted"})
    for number in range(trials):
        reporter.add(trial(number, metrics={"validation": {"auc_weighted": 0.9}}))
    return reporter.finish({"best": 0, "model": True}, 10), said


def test_every_trial_is_told_and_the_end_last() -> None:
    server = Server()
    done, said = told(server)
    assert (done, said) == (True, [])
    numbers = [entry["number"] for body in server.bodies for entry in body["trials"]]
    assert numbers == [0, 1, 2]
    assert server.bodies[-1]["search"] == {"best": 0, "model": True}
    assert all(body["metric"] == "AUC_weighted" and body["attempt"] == 2 for body in server.bodies)
    assert server.bodies[0]["trials"][0]["metrics"] == {"validation": {"AUC_weighted": 0.9}}
    assert server.tokens == {"Bearer secret"}


def test_a_server_that_was_away_is_told_again() -> None:
    server = Server(away=5)
    done, said = told(server)
    assert done
    assert [entry["number"] for body in server.bodies for entry in body["trials"]] == [0, 1, 2]
    assert len(said) == 2
    assert "cannot be reached" in said[0]
    assert "is back" in said[1]


def test_a_refusal_ends_the_telling_and_not_the_search() -> None:
    server = Server(status=403)
    done, said = told(server)
    assert not done
    assert len(server.bodies) == 1
    assert "refused" in said[0]


def test_numbers_that_json_cannot_hold_are_left_out() -> None:
    wild = trial(
        0,
        score=math.nan,
        fold_scores=(0.5, math.inf),
        metrics={"train": {"accuracy": math.nan, "f1": 1.0}},
    )
    wild = TrialResult(
        **{**vars(wild), "params": {"a": np.float64(0.5), "b": np.array([1, 2]), "c": None, "d": {1: "x"}}}
    )
    document = trial_document(wild, {})
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["score"] is None
    assert document["fold_scores"] == [0.5, None]
    assert document["metrics"] == {"train": {"f1": 1.0}}
    assert document["params"] == {"a": 0.5, "b": [1, 2], "c": None, "d": {"1": "x"}}


def test_outside_of_a_job_there_is_no_address() -> None:
    assert ServerAddress.of({"MODELYARD_SERVER_URL": "http://x"}) is None
    environment = {
        "MODELYARD_SERVER_URL": "http://server:5600/",
        "MODELYARD_WORKSPACE": "default",
        "MODELYARD_JOB_NAME": "bank",
        "MODELYARD_TOKEN": "secret",
        "MODELYARD_ATTEMPT": "2",
    }
    found = ServerAddress.of(environment)
    assert found is not None
    assert found.attempt == 2
    assert found.trial_name(3) == "bank_2_3"
    assert found.records_url == "http://server:5600/api/v1/workspaces/default/jobs/bank/trial-records"
