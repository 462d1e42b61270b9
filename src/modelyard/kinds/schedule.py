"""Schedules: jobs that are submitted by the clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, Tag
from pydantic_core import PydanticCustomError

from modelyard.domain.choices import Choice
from modelyard.domain.entity import Entity, Part, problem, read_only
from modelyard.domain.errors import InvalidInput
from modelyard.domain.job import Job
from modelyard.domain.sources import SourceMapping
from modelyard.domain.unions import MAPPING_OR_TEXT, by_type
from modelyard.kit.deferred import deferred

if TYPE_CHECKING:
    from modelyard.kinds import catalogue
else:  # it knows schedules itself
    catalogue = deferred("modelyard.kinds.catalogue")


class Frequency(Choice):
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class WeekDay(Choice):
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"

    @property
    def number(self) -> int:
        """0 for Monday, as `datetime.weekday()`."""
        return list(WeekDay).index(self)


class CatchUp(Choice):
    """What becomes of firings that were due while the server was down, or while the schedule could not fire."""

    NONE = "none"
    LAST = "last"
    ALL = "all"


class _Trigger(Part):
    start_time: str | None = None
    """ISO 8601; in `time_zone` unless it carries an offset."""
    end_time: str | None = None
    time_zone: str = "UTC"
    """An IANA name such as `Europe/Berlin`, or a Windows name such as `Eastern Standard Time`."""

    def problems(self) -> Iterable[dict[str, str]]:
        for name in ("start_time", "end_time"):
            text = getattr(self, name)
            if text is not None and not _is_moment(text):
                yield problem(name, f"'{text[:60]}' is not a time", "write it as 2026-12-31T08:00:00")


class CronTrigger(_Trigger):
    """By a cron expression of five fields: minute, hour, day of month, month, day of week."""

    positional: ClassVar[tuple[str, ...]] = ("expression", "start_time", "end_time", "time_zone")

    type: Literal["cron"] = "cron"
    expression: str

    def problems(self) -> Iterable[dict[str, str]]:
        yield from super().problems()
        if len(self.expression.split()) != 5:
            mend = "write minute, hour, day of month, month, day of week: '0 8 * * 1-5'"
            yield problem("expression", f"'{self.expression[:60]}' has not five fields", mend)


class RecurrencePattern(Part):
    """Times of day, and days."""

    hours: int | list[int]
    minutes: int | list[int]
    week_days: WeekDay | list[WeekDay] | None = None
    month_days: int | list[int] | None = None

    def problems(self) -> Iterable[dict[str, str]]:
        for name, least, most in (("hours", 0, 23), ("minutes", 0, 59), ("month_days", 1, 31)):
            given = getattr(self, name)
            for value in listed(given):
                if not least <= value <= most:
                    yield problem(name, f"{value} is not from {least} to {most}")


class RecurrenceTrigger(_Trigger):
    """Every so many minutes, hours, days, weeks or months."""

    positional: ClassVar[tuple[str, ...]] = ("frequency", "interval", "schedule", "start_time", "end_time", "time_zone")

    type: Literal["recurrence"] = "recurrence"
    frequency: Frequency
    interval: int = Field(ge=1, le=10_000)
    schedule: RecurrencePattern | None = None

    def problems(self) -> Iterable[dict[str, str]]:
        yield from super().problems()
        if self.schedule is not None and self.frequency in (Frequency.MINUTE, Frequency.HOUR):
            yield problem(
                "schedule", f"a pattern of days does not go with every {self.frequency}", "use frequency: day"
            )


Trigger = Annotated[
    Annotated[CronTrigger, Tag("<cron>")] | Annotated[RecurrenceTrigger, Tag("<recurrence>")], by_type()
]


def _job_in_place(value: Any) -> Any:
    """A job written in a file, read where it stands: its problems are told with it, its paths become absolute."""
    if isinstance(value, Job):
        return value.to_dict()
    if not isinstance(value, SourceMapping) or isinstance(value.get("job"), str):
        return value
    try:
        return catalogue.parse("job", value).to_dict()
    except InvalidInput as error:
        found = error.details or [{"field": error.field or "", "message": error.message}]
        raise PydanticCustomError("problems", "{text}", {"text": error.message, "problems": found}) from error


JobInPlace = Annotated[
    Annotated[str, Tag("<text>")] | Annotated[dict[str, Any], Tag("<mapping>")],
    MAPPING_OR_TEXT,
    BeforeValidator(_job_in_place),
]
"""`azureml:<job>`, a job as a mapping or file, or `{job: azureml:<job>, ...}` with changes."""


class Schedule(Entity):
    """Submits a job by a trigger."""

    display_name: str | None = None
    trigger: Trigger
    create_job: JobInPlace
    """`azureml:<job>`, a job as a mapping or file, or `{job: azureml:<job>, ...}` with changes."""
    catch_up: CatchUp = CatchUp.LAST
    """After downtime: `none` of the firings that were missed, the `last` of them, or `all` (at most 100)."""
    is_enabled: bool | None = read_only()
    next_run_at: datetime | None = read_only()
    last_run_at: datetime | None = read_only()
    provisioning_state: str | None = read_only()


JobSchedule = Schedule


def listed(value: Any) -> list[Any]:
    """One or several, as a list."""
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
