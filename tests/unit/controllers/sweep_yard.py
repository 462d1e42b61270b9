"""A small installation with sweeps: trials run on a backend without processes, and end as a test tells them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from modelyard.artifacts.storage import Storage
from modelyard.controllers.sweeps import SweepController
from modelyard.domain.job import Job
from modelyard.domain.task import ExitRecord
from modelyard.domain.trial import TrialRecord
from modelyard.kinds.sweep import SweepJob
from modelyard.services.job_outputs import JobOutputs
from modelyard.store.database import Database
from modelyard.store.rows.mlflow_tables import metrics
from modelyard.testing.fake_compute import FakeBackend

from .yard import Yard

SPACE: dict[str, Any] = {"x": {"type": "uniform", "min_value": 0, "max_value": 1}}


class SweepYard:
    def __init__(self, database: Database, home: Path, cpus: float = 4) -> None:
        self.database = database
        self.home = home
        self.backend = FakeBackend()
        self.yard = Yard.make(database, home, self.backend, cpus=cpus)
        self.forget()

    def forget(self) -> None:
        """The server is killed and another begins: what the controller knew is gone, the rows are not."""
        self.sweeps = SweepController(self.database, "this-host", JobOutputs(Storage(self.home)), lambda: None)
        with self.database.transaction(actor="server") as tx:
            tx.jobs.release("sweeps@this-host")

    def submit(self, **fields: Any) -> str:
        limits = {"max_total_trials": 4, "max_concurrent_trials": 2, **fields.pop("limits", {})}
        job = {
            "type": "sweep",
            "trial": {"command": "sleep ${{search_space.x}}"},
            "search_space": SPACE,
            "sampling_algorithm": {"type": "random", "seed": 7},
            "objective": {"goal": "minimize", "primary_metric": "loss"},
            "limits": limits,
            **fields,
        }
        with self.database.transaction(actor="ada") as tx:
            return str(self.yard.jobs.create(tx, "default", SweepJob.from_dict(job)).name)

    def step(self) -> None:
        """What is due is decided, what was decided is begun, and what that changed is looked at."""
        self.sweeps.step()
        self.yard.controller.step()
        self.sweeps.step()
        self.yard.controller.step()

    def look_again(self, name: str) -> None:
        """The moment comes at which the sweep wanted to look."""
        with self.database.transaction(actor="server") as tx:
            tx.jobs.wake("default", name)
        self.step()

    def log(self, trial: TrialRecord, metric: str, *values: float) -> None:
        """The trial's command logs values, after those it has logged."""
        with self.database.transaction() as tx:
            logged = len(tx.runs.curves([trial.run_id], metric).get(trial.run_id, []))
            rows = [_row(trial, metric, value, step) for step, value in enumerate(values, start=logged)]
            tx.connection.execute(insert(metrics), rows)

    def finish(self, sweep: str, number: int, *values: float, code: int = 0, **more: float) -> None:
        """The trial's command logs the objective, and further metrics by name, and ends."""
        trial = self.trial(sweep, number)
        if values:
            self.log(trial, "loss", *values)
        for metric, value in more.items():
            self.log(trial, metric, value)
        self.end(trial, ExitRecord(code, error={"type": "E", "message": "it broke"} if code else None))
        self.step()

    def end(self, trial: TrialRecord, record: ExitRecord) -> None:
        self.backend.end(str(self.home / "jobs" / "default" / trial.job_name / "1"), record)

    def trials(self, sweep: str) -> Sequence[TrialRecord]:
        with self.database.snapshot() as tx:
            return tx.trials.of_sweep("default", sweep)

    def trial(self, sweep: str, number: int) -> TrialRecord:
        return self.trials(sweep)[number]

    def phases(self, sweep: str) -> list[str]:
        return [trial.phase.value for trial in self.trials(sweep)]

    def job(self, name: str) -> Job:
        return self.yard.job(name)

    def command(self, sweep: str, number: int) -> str:
        with self.database.snapshot() as tx:
            return str(tx.jobs.get("default", self.trial(sweep, number).job_name).spec["command"])


def _row(trial: TrialRecord, metric: str, value: float, step: int) -> dict[str, Any]:
    """As MLflow keeps it: NaN as a flag, the infinities as the largest numbers."""
    kept = 0.0 if math.isnan(value) else max(min(value, 1.7976931348623157e308), -1.7976931348623157e308)
    return {
        "key": metric,
        "value": kept,
        "timestamp": 1_767_225_600_000 + step,
        "run_uuid": trial.run_id,
        "step": step,
        "is_nan": math.isnan(value),
    }
