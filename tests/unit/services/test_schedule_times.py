"""When triggers fire."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest

from modelyard.domain.errors import InvalidInput
from modelyard.kinds.schedule import CronTrigger, RecurrenceTrigger
from modelyard.services.schedule_times import check, next_time

NOW = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)  # a Friday; Berlin's clocks go forward on the 29th


def moments(trigger: Any, count: int, after: datetime = NOW, made: datetime = NOW) -> list[str]:
    def walk() -> Any:
        moment: datetime | None = after
        while moment is not None:
            moment = next_time(trigger, moment, made=made)
            if moment is not None:
                yield moment

    return [f"{moment:%m-%d %H:%M}" for moment in islice(walk(), count)]


def test_cron_in_a_zone_follows_the_clock_on_the_wall() -> None:
    berlin = CronTrigger(expression="0 8 * * *", time_zone="Europe/Berlin")
    assert moments(berlin, 3) == ["03-28 07:00", "03-29 06:00", "03-30 06:00"]
    windows = CronTrigger(expression="0 8 * * *", time_zone="W. Europe Standard Time")
    assert moments(windows, 3) == moments(berlin, 3)


def test_cron_fires_once_where_the_clock_goes_back() -> None:
    trigger = CronTrigger(expression="30 2 * * *", time_zone="Europe/Berlin")
    found = moments(trigger, 3, datetime(2026, 10, 24, 12, tzinfo=UTC))
    assert len({moment.split()[0] for moment in found}) == 3


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"frequency": "minute", "interval": 20}, ["03-27 12:20", "03-27 12:40", "03-27 13:00"]),
        ({"frequency": "hour", "interval": 5}, ["03-27 17:00", "03-27 22:00", "03-28 03:00"]),
        ({"frequency": "day", "interval": 2}, ["03-29 12:00", "03-31 12:00", "04-02 12:00"]),
        ({"frequency": "week", "interval": 1}, ["04-03 12:00", "04-10 12:00", "04-17 12:00"]),
        (
            {"frequency": "day", "interval": 1, "schedule": {"hours": [8, 20], "minutes": 30}},
            ["03-27 20:30", "03-28 08:30", "03-28 20:30"],
        ),
        (
            {"frequency": "week", "interval": 2, "schedule": {"hours": 9, "minutes": 0, "week_days": ["monday"]}},
            ["04-06 09:00", "04-20 09:00", "05-04 09:00"],
        ),
        (
            {"frequency": "month", "interval": 1, "schedule": {"hours": 0, "minutes": 0, "month_days": [1, 31]}},
            ["03-31 00:00", "04-01 00:00", "05-01 00:00"],
        ),
    ],
)
def test_recurrence(fields: dict[str, Any], expected: list[str]) -> None:
    assert moments(RecurrenceTrigger(**fields), 3) == expected


def test_months_without_that_day_use_their_last() -> None:
    trigger = RecurrenceTrigger(frequency="month", interval=1, start_time="2026-01-31T06:00:00")
    assert moments(trigger, 3) == ["03-31 06:00", "04-30 06:00", "05-31 06:00"]


def test_start_and_end_are_kept() -> None:
    trigger = CronTrigger(
        expression="0 * * * *", start_time="2026-03-28T10:30:00", end_time="2026-03-28T12:30:00", time_zone="UTC"
    )
    assert moments(trigger, 9) == ["03-28 11:00", "03-28 12:00"]


@pytest.mark.parametrize(
    ("trigger", "field"),
    [
        (CronTrigger(expression="61 * * * *"), "trigger.expression"),
        (CronTrigger(expression="0 0 30 2 *"), "trigger.expression"),
        (CronTrigger(expression="0 0 * * *", end_time="2020-01-01T00:00:00"), "trigger"),
        (CronTrigger(expression="0 0 * * *", time_zone="Europe/Berlim"), "trigger.time_zone"),
    ],
)
def test_what_never_fires_is_refused(trigger: CronTrigger, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check(trigger, NOW)
    assert caught.value.field == field
