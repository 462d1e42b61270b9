"""Trials of sweeps."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Float, Row, String, case, func, insert, literal, select, text, update
from sqlalchemy.dialects import postgresql

from modelyard.domain.errors import Conflict, InvalidInput, NotFound
from modelyard.domain.trial import Outcome, TrialCopy, TrialPhase, TrialRecord, from_json, to_json
from modelyard.kit.paging import MalformedToken, Page, PageOf, decode_token, encode_token
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
            "parameters": trial.parameters,
            "memento": trial.memento,
            "phase": trial.phase.value,
            "objectives": to_json(trial.objectives),
            "curve": to_json(trial.curve),
            "copies": [copy.to_dict() for copy in trial.copies] or None,
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

    def best_first(self, workspace: str, sweep: str, page: Page, *, maximize: bool) -> PageOf[TrialRecord]:
        """Trials by their first objective, those without a finite one last; equals in the order of their numbers."""
        rank = self._rank(maximize).label("rank")
        mine = (TRIALS.c.workspace == workspace) & (TRIALS.c.sweep_name == sweep)
        ranked = select(TRIALS, rank).where(mine).subquery()
        statement = select(ranked)
        if page.token is not None:
            last, number = _place(page.token)
            same = (ranked.c.rank == last) & (ranked.c.number > number)
            statement = statement.where((ranked.c.rank > last) | same)
        ordered = statement.order_by(ranked.c.rank, ranked.c.number).limit(page.size + 1)
        rows = self.connection.execute(ordered).all()
        items = [_record(row) for row in rows[: page.size]]
        if len(rows) <= page.size:
            return PageOf(items)
        return PageOf(items, encode_token([rows[page.size - 1].rank, items[-1].number]))

    def outcomes(self, workspace: str, sweep: str) -> list[Outcome]:
        """What every trial came to, by number, without what it logged and how it was proposed."""
        columns = (TRIALS.c.number, TRIALS.c.phase, TRIALS.c.objectives, TRIALS.c.cost, TRIALS.c.ended_at)
        mine = (TRIALS.c.workspace == workspace) & (TRIALS.c.sweep_name == sweep)
        rows = self.connection.execute(select(*columns).where(mine).order_by(TRIALS.c.number))
        return [
            Outcome(row.number, TrialPhase(row.phase), from_json(row.objectives), row.cost, row.ended_at)
            for row in rows
        ]

    def get(self, workspace: str, sweep: str, number: int) -> TrialRecord:
        """One trial; NotFound without it."""
        mine = (TRIALS.c.workspace == workspace) & (TRIALS.c.sweep_name == sweep) & (TRIALS.c.number == number)
        row = self.connection.execute(select(TRIALS).where(mine)).one_or_none()
        if row is None:
            raise NotFound(f"The sweep '{sweep}' has no trial {number}.", field="number")
        return _record(row)

    def numbered(self, workspace: str, sweep: str, numbers: Sequence[int]) -> list[TrialRecord]:
        """These trials, by number."""
        mine = (TRIALS.c.workspace == workspace) & (TRIALS.c.sweep_name == sweep) & TRIALS.c.number.in_(numbers)
        return [_record(row) for row in self.connection.execute(select(TRIALS).where(mine).order_by(TRIALS.c.number))]

    def _rank(self, maximize: bool) -> ColumnElement[float]:
        """Smaller is better; the largest number there is where the objective is not a finite number."""
        if self.tx.sqlite:
            finite = func.json_type(TRIALS.c.objectives, "$[0]").in_(("integer", "real"))
            value = func.json_extract(TRIALS.c.objectives, "$[0]").cast(Float)
        else:
            stored = TRIALS.c.objectives.cast(postgresql.JSONB)
            first = func.jsonb_path_query_first(stored, text("'$[0]'"))
            finite = func.jsonb_typeof(first).in_(("number",))
            value = first.cast(String).cast(postgresql.DOUBLE_PRECISION)
        return case((finite, -value if maximize else value), else_=literal(sys.float_info.max, Float))

    def count_by_phase(self, workspace: str, sweep: str) -> dict[TrialPhase, int]:
        statement = (
            select(TRIALS.c.phase, func.count())
            .where(TRIALS.c.workspace == workspace, TRIALS.c.sweep_name == sweep)
            .group_by(TRIALS.c.phase)
        )
        return {TrialPhase(phase): count for phase, count in self.connection.execute(statement)}


def _place(token: str) -> tuple[float, int]:
    try:
        rank, number = decode_token(token, 2)
    except MalformedToken as error:
        raise InvalidInput(f"{error}.", field="page_token", mend="Start again without a page token.") from error
    if type(rank) not in (float, int) or type(number) is not int or abs(number) >= 2**63:
        raise InvalidInput("The page token belongs to another list.", field="page_token")
    try:
        return float(rank), number
    except OverflowError as error:
        raise InvalidInput("The page token belongs to another list.", field="page_token") from error


def _record(row: Row[Any]) -> TrialRecord:
    values = {name: row._mapping[name] for name in _FIELDS}
    values["phase"] = TrialPhase(values["phase"])
    values["objectives"] = from_json(values["objectives"])
    values["curve"] = from_json(values["curve"]) or []
    values["copies"] = [TrialCopy(**copy) for copy in values["copies"] or []]
    return TrialRecord(**values)
