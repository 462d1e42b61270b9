"""Trials of AutoML jobs: told of by the engine, read as a leaderboard."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends
from pydantic import BaseModel

from modelyard.domain.errors import PermissionDenied
from modelyard.domain.trial_report import TrialReports
from modelyard.server.access import Access, allow
from modelyard.server.pages import PageQuery
from modelyard.server.routing import make_router
from modelyard.services import automl_trials

router = make_router("automl")
BASE = "/workspaces/{workspace}/jobs/{name}"
Reader = Annotated[Access, Depends(allow("jobs.read"))]
Writer = Annotated[Access, Depends(allow("jobs.write"))]


class Recorded(BaseModel):
    """How many trials were new, and whether the job is to end."""

    recorded: int
    cancel_requested: bool


class RankedTrial(BaseModel):
    name: str
    run_id: str
    number: int
    algorithm: str | None
    origin: str | None
    status: str
    score: float | None
    score_std: float | None
    winner: bool
    parameters: dict[str, Any]
    metrics: dict[str, dict[str, float]]
    fit_seconds: float | None
    row_milliseconds: float | None
    batch_milliseconds: float | None
    size_bytes: int | None
    peak_memory_bytes: int | None
    feature_hash: str | None
    error: str | None
    started_at: datetime | None
    ended_at: datetime | None


class Leaderboard(BaseModel):
    value: list[RankedTrial]
    next_page_token: str | None


@router.post(BASE + "/trial-records", response_model=Recorded)
def record_trials(workspace: str, name: str, body: TrialReports, access: Writer) -> dict[str, Any]:
    """Trials that are over, from the engine of an AutoML job; each is written once, however often it is told."""
    if access.caller.job not in (None, name):
        raise PermissionDenied("A job's token tells of its own trials alone.", field="name")
    last = body.search
    with access.write() as tx:
        recorded = automl_trials.record(tx, workspace, name, body.model_copy(update={"search": None}))
    if last is not None:
        with access.read() as tx:
            runs = automl_trials.winner_run_id(tx, workspace, name, body)
        if runs is not None:
            automl_trials.keep_winner(access.state.storage.run_artifacts(workspace), *runs)
        with access.write() as tx:
            automl_trials.record(tx, workspace, name, body.model_copy(update={"trials": []}))
    with access.read() as tx:
        return {"recorded": recorded, "cancel_requested": tx.jobs.get(workspace, name).cancel_requested}


@router.get(BASE + "/leaderboard", response_model=Leaderboard)
def show_leaderboard(workspace: str, name: str, access: Reader, page: PageQuery) -> dict[str, Any]:
    """Trials of an AutoML job, best first."""
    with access.read() as tx:
        found = automl_trials.leaderboard(tx, workspace, name, page)
    return {"value": list(found.items), "next_page_token": found.next_token}
