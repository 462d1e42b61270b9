"""Trials of sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from modelyard.domain.errors import Conflict
from modelyard.domain.trial import TrialPhase, TrialRecord, from_json, to_json
from modelyard.kit.paging import Page, PageOf
from modelyard.store.failures import Duplicate
from modelyard.store.repository import Repository
from modelyard.store.rows.trials import TRIALS

_FIELDS = [field.name for field in fields(TrialRecord)]


class TrialRepository(Repository):
    def create(self, trial: TrialRecord) -> TrialRecord:
        """A proposed trial; Conflict when the sweep has its number."""
        values = {
            "workspace": trial.workspace,
            "sweep_name": trial.sweep_name,
            "number": trial.number,
            "job_name": trial.job_name,
            "run_id": trial.run_id,
            "parameters": trial.parameters,
            "memento": trial.memento,
            "phase": trial.phase.value,
            "curve": [],
            "by_policy": False,
            "cost": 0,
            "created_at": self.tx.now,
        }
        try:
            row = self.connection.execute(insert(TRIALS).values(values).returning(*TRIALS.c)).one()
        except Duplicate as error:
            raise Conflict(f"The sweep '{trial.sweep_name}' has a trial {trial.number} already.") from error
        return _record(row)

    def save(self, trial: TrialRecord) -> None:
        """Write a trial as it stands now."""
        mine = (
            (TRIALS.c.workspace == trial.workspace)
            & (TRIALS.c.sweep_name == trial.sweep_name)
            & (TRIALS.c.number == trial.number)
        )
        values = {
            "memento": trial.memento,
            "phase": trial.phase.value,
            "objectives": to_json(trial.objectives),
            "curve": to_json(trial.curve),
            "reason": trial.reason,
            "by_policy": trial.by_policy,
            "cost": trial.cost,
            "ended_at": (trial.ended_at or self.tx.now) if trial.phase.over else None,
        }
        self.connection.execute(update(TRIALS).where(mine).values(values))

    def of_sweep(self, workspace: str, sweep: str) -> Sequence[TrialRecord]:
        """Every trial, by number: what a controller reads once, when it first meets the sweep."""
        rows = self.connection.execute(
            select(TRIALS)
            .where(TRIALS.c.workspace == workspace, TRIALS.c.sweep_name == sweep)
            .order_by(TRIALS.c.number)
        )
        return [_record(row) for row in rows]

    def page_of_sweep(
        self, workspace: str, sweep: str, page: Page, *, newest_first: bool = False
    ) -> PageOf[TrialRecord]:
        statement = select(TRIALS).where(TRIALS.c.workspace == workspace, TRIALS.c.sweep_name == sweep)
        return self.page(statement, [TRIALS.c.number], page, _record, descending=newest_first)

    def count_by_phase(self, workspace: str, sweep: str) -> dict[TrialPhase, int]:
        statement = (
            select(TRIALS.c.phase, func.count())
            .where(TRIALS.c.workspace == workspace, TRIALS.c.sweep_name == sweep)
            .group_by(TRIALS.c.phase)
        )
        return {TrialPhase(phase): count for phase, count in self.connection.execute(statement)}


def _record(row: Row[Any]) -> TrialRecord:
    values = {name: row._mapping[name] for name in _FIELDS}
    values["phase"] = TrialPhase(values["phase"])
    values["objectives"] = from_json(values["objectives"])
    values["curve"] = from_json(values["curve"]) or []
    return TrialRecord(**values)
