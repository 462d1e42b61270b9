"""Schedules fire once, catch up as they are told, and survive what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from modelyard.controllers.schedules import ScheduleController
from modelyard.domain.errors import InvalidInput
from modelyard.kinds.schedule import Schedule
from modelyard.kit.paging import Page
from modelyard.services.schedules import Schedules
from modelyard.store.database import Database
from modelyard.testing.fake_compute import FakeBackend
from modelyard.testing.manual_clock import ManualClock

from .yard import Yard

START = datetime(2026, 5, 4, 11, 30, tzinfo=UTC)


class ScheduleYard:
    def __init__(self, database: Database, clock: ManualClock, home: Path) -> None:
        self.database = database
        self.clock = clock
        self.yard = Yard.make(database, home, FakeBackend())
        self.schedules = Schedules(self.yard.jobs)
        self.controllers = [ScheduleController(database, self.schedules) for _ in range(2)]

    def put(self, **fields: Any) -> Schedule:
        body = {
            "name": "hourly",
            "trigger": {"type": "cron", "expression": "0 * * * *"},
            "create_job": {"command": "date"},
            **fields,
        }
        with self.database.transaction(actor="ada") as tx:
            return self.schedules.put(tx, "default", Schedule.from_dict(body))

    def later(self, **span: float) -> None:
        self.clock.advance(timedelta(**span).total_seconds())

    def step(self) -> None:
        """Two servers on one database."""
        for controller in self.controllers:
            controller.step()

    def history(self) -> list[tuple[str, str]]:
        with self.database.snapshot() as tx:
            found = self.schedules.history(tx, "default", "hourly", Page(100)).items
        return [(f"{firing.due_at:%H:%M}", firing.outcome) for firing in found][::-1]

    def jobs(self) -> list[Any]:
        with self.database.snapshot() as tx:
            return list(self.yard.jobs.list_page(tx, "default", Page(100)).items)


@pytest.fixture
def yard(database_url: str, tmp_path: Path) -> Iterator[ScheduleYard]:
    clock = ManualClock(START)
    database = Database(database_url, clock=clock)
    yield ScheduleYard(database, clock, tmp_path)
    database.dispose()


def test_it_fires_at_its_time_and_once(yard: ScheduleYard) -> None:
    made = yard.put()
    assert f"{made.next_run_at:%H:%M}" == "12:00"
    yard.step()
    assert yard.jobs() == []
    yard.later(minutes=30)
    yard.step()
    yard.step()
    assert yard.history() == [("12:00", "submitted")]
    (job,) = yard.jobs()
    assert job.properties["azureml.schedule"] == "hourly"


@pytest.mark.parametrize(
    ("policy", "outcomes"),
    [
        ("none", ["skipped", "skipped", "skipped"]),
        ("last", ["skipped", "skipped", "submitted"]),
        ("all", ["submitted", "submitted", "submitted"]),
    ],
)
def test_downtime_is_made_up_for_as_told(yard: ScheduleYard, policy: str, outcomes: list[str]) -> None:
    yard.put(catch_up=policy)
    yard.later(hours=2, minutes=50)
    yard.step()
    assert [outcome for _, outcome in yard.history()] == outcomes
    assert len(yard.jobs()) == outcomes.count("submitted")


def test_a_paused_one_does_not_fire_and_does_not_make_up(yard: ScheduleYard) -> None:
    yard.put(catch_up="all")
    with yard.database.transaction() as tx:
        yard.schedules.disable(tx, "default", "hourly")
    yard.later(hours=5)
    yard.step()
    with yard.database.transaction() as tx:
        assert yard.schedules.enable(tx, "default", "hourly").is_enabled
    yard.step()
    assert yard.history() == []


def test_the_time_of_the_trigger_reaches_inputs_and_tags(yard: ScheduleYard) -> None:
    when = "${{creation_context.trigger_time}}"
    yard.put(create_job={"command": "echo ${{inputs.when}}", "inputs": {"when": when}, "tags": {"when": when}})
    yard.later(minutes=30)
    yard.step()
    (job,) = yard.jobs()
    assert job.inputs["when"] == "2026-05-04T12:00:00+00:00"
    assert job.tags["when"].startswith("2026-05-04T12:00")


def test_a_job_that_cannot_be_submitted_is_written_down_and_the_next_time_is_tried(yard: ScheduleYard) -> None:
    source = yard.yard.submit("date")
    yard.put(create_job={"job": f"azureml:{source}", "command": "date +%s"})
    yard.later(minutes=30)
    yard.step()
    assert yard.jobs()[0].command == "date +%s"
    with yard.database.transaction() as tx:
        tx.schedules.change(
            "default", "hourly", spec={**tx.schedules.get("default", "hourly").spec, "create_job": "azureml:gone"}
        )
    yard.later(hours=1)
    yard.step()
    assert yard.history()[-1] == ("13:00", "failed")
    with yard.database.snapshot() as tx:
        assert tx.schedules.get("default", "hourly").next_at is not None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"create_job": {"command": "echo ${{inputs.x}}"}}, "command"),
        ({"create_job": {"command": "date", "compute": "nowhere"}}, "create_job.compute"),
        ({"trigger": {"type": "cron", "expression": "* * *"}}, "trigger.expression"),
        ({"trigger": {"type": "recurrence", "frequency": "dayly", "interval": 1}}, "trigger.frequency"),
    ],
)
def test_what_is_wrong_is_refused_at_once(yard: ScheduleYard, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Exception) as caught:
        yard.put(**fields)
    error = caught.value
    assert field in (getattr(error, "field", None) or ""), repr(error)
    assert isinstance(error, InvalidInput) or getattr(error, "status", 500) < 500
