"""Trials in the order of what they reached, on both databases."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from modelyard.domain.errors import InvalidInput
from modelyard.domain.trial import TrialCopy, TrialPhase, TrialRecord
from modelyard.kit.paging import Page
from modelyard.store.database import Database

SCORES = [[0.5], None, [math.nan], [1e-9], [2.0, 7.0], [math.inf], [0.5]]


@pytest.fixture
def trials(yard: Database) -> Database:
    with yard.transaction(actor="test") as tx:
        for number, objectives in enumerate(SCORES):
            trial = TrialRecord(
                workspace="default",
                sweep_name="s",
                number=number,
                job_name=f"s_{number}",
                run_id=f"r{number}",
                parameters={"x": number},
                memento={},
            )
            made = tx.trials.create(trial)
            tx.trials.save(replace(made, phase=TrialPhase.COMPLETED, objectives=objectives, cost=number))
    return yard


@pytest.mark.parametrize(
    ("maximize", "order"), [(True, [4, 0, 6, 3, 1, 2, 5]), (False, [3, 0, 6, 4, 1, 2, 5])], ids=["maximize", "minimize"]
)
@pytest.mark.parametrize("size", [1, 3, 50])
def test_best_first_page_by_page(trials: Database, size: int, maximize: bool, order: list[int]) -> None:
    found: list[int] = []
    token = None
    with trials.snapshot() as tx:
        while True:
            page = tx.trials.best_first("default", "s", Page(size, token), maximize=maximize)
            found += [trial.number for trial in page]
            token = page.next_token
            if token is None:
                break
    assert found == order


def test_a_token_of_another_list_is_refused(trials: Database) -> None:
    with trials.snapshot() as tx, pytest.raises(InvalidInput, match="page token"):
        tx.trials.best_first("default", "s", Page(2, "WzFd"), maximize=True)


def test_outcomes_and_some_by_number(trials: Database) -> None:
    with trials.snapshot() as tx:
        outcomes = tx.trials.outcomes("default", "s")
        assert [outcome.cost for outcome in outcomes] == list(range(len(SCORES)))
        assert math.isnan((outcomes[2].objectives or [0])[0])
        assert [trial.number for trial in tx.trials.numbered("default", "s", [5, 1])] == [1, 5]


def test_copies_and_changed_parameters_are_kept(trials: Database) -> None:
    with trials.transaction(actor="test") as tx:
        trial = tx.trials.get("default", "s", 2)
        assert trial.copies == []
        tx.trials.save(
            replace(trial, parameters={"x": 9}, copies=[TrialCopy(1, 4, {"x": 2}), TrialCopy(3, 8, {"x": 5})])
        )
    with trials.snapshot() as tx:
        kept = tx.trials.get("default", "s", 2)
    assert kept.parameters == {"x": 9}
    assert kept.copies == [TrialCopy(1, 4, {"x": 2}), TrialCopy(3, 8, {"x": 5})]
