"""What a sweep has found: its trials, and the summary of them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import Depends, Query
from pydantic import BaseModel

from modelyard.kit.deferred import deferred
from modelyard.server.access import Access, allow
from modelyard.server.pages import PageQuery
from modelyard.server.routing import make_router

if TYPE_CHECKING:
    from modelyard.services import sweep_results
else:  # the samplers' libraries wait until somebody asks for a sweep
    sweep_results = deferred("modelyard.services.sweep_results")

router = make_router("sweeps")
BASE = "/workspaces/{workspace}/jobs/{name}"
Reader = Annotated[Access, Depends(allow("jobs.read"))]
# NaN and the infinities, which JSON does not know, are text.
Number = float | str


class TrialCopy(BaseModel):
    source: int
    values: int
    replaced: dict[str, Any]


class Trial(BaseModel):
    number: int
    name: str
    run_id: str
    phase: str
    score: Number | None
    objectives: dict[str, Number]
    last_value: Number | None
    logged_values: int
    parameters: dict[str, Any]
    copied_from: int | None
    copies: list[TrialCopy]
    reason: str | None
    cost_core_seconds: float
    created_at: datetime | None
    ended_at: datetime | None


class TrialPage(BaseModel):
    value: list[Trial]
    next_page_token: str | None


class Improvement(BaseModel):
    number: int
    score: Number
    at: datetime | None


class SweepSummary(BaseModel):
    name: str
    status: str
    objectives: list[dict[str, str]]
    counts: dict[str, int]
    trials: int
    max_total_trials: int
    trials_left: int
    best_trial: Trial | None
    best_so_far: list[Improvement]
    importances: dict[str, float]
    cost_core_seconds: float
    max_cost_core_seconds: float | None
    seconds_left: float | None
    seed: int
    searched_ranges: list[str]


@router.get(BASE + "/trials", response_model=TrialPage)
def list_trials(
    workspace: str,
    name: str,
    access: Reader,
    page: PageQuery,
    order_by: Annotated[Literal["newest", "oldest", "best"], Query(description="Which come first.")] = "newest",
) -> dict[str, Any]:
    """Trials of a sweep with their parameters and what came of them."""
    with access.read() as tx:
        found = sweep_results.trials_page(tx, workspace, name, page, order_by)
    return {"value": list(found.items), "next_page_token": found.next_token}


@router.get(BASE + "/sweep", response_model=SweepSummary)
def summarize_sweep(workspace: str, name: str, access: Reader) -> dict[str, Any]:
    """Counts by phase, the best trial, how the best came to be, importances of parameters, cost, time left, ranges."""
    with access.read() as tx:
        results = sweep_results.read(tx, workspace, name)
    return results.summary()
