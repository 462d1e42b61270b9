"""When a trigger fires next."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from tzlocal.windows_tz import win_tz

from modelyard.domain.errors import InvalidInput, did_you_mean
from modelyard.kinds.schedule import CronTrigger, Frequency, RecurrenceTrigger, listed

# A trigger that has not fired for so long never will.
_HORIZON_DAYS = 366 * 5
_STEPS = {Frequency.MINUTE: timedelta(minutes=1), Frequency.HOUR: timedelta(hours=1), Frequency.DAY: timedelta(days=1)}
_STEPS |= {Frequency.WEEK: timedelta(weeks=1)}


def check(trigger: CronTrigger | RecurrenceTrigger, now: datetime) -> None:
    """InvalidInput for an unknown time zone, a broken expression, or a trigger that never fires again."""
    zone(trigger)
    if isinstance(trigger, CronTrigger):
        try:
            CronSim(trigger.expression, now)
        except CronSimError as error:
            raise InvalidInput(
                f"'{trigger.expression}' is not a cron expression: {error}.",
                field="trigger.expression",
                mend="write minute, hour, day of month, month, day of week: '0 8 * * 1-5'",
            ) from error
    if next_time(trigger, now, made=now) is None:
        raise InvalidInput("The trigger never fires.", field="trigger", mend="change its expression or its end_time")


def next_time(trigger: CronTrigger | RecurrenceTrigger, after: datetime, *, made: datetime) -> datetime | None:
    """The first moment (UTC) after `after`; None when there is none. `made` is the start where none is given."""
    here = zone(trigger)
    start = _moment(trigger.start_time, here) or made
    end = _moment(trigger.end_time, here)
    begin = max(after, start - timedelta(microseconds=1))
    if isinstance(trigger, CronTrigger):
        found = _cron(trigger.expression, begin.astimezone(here))
    elif trigger.schedule is None:
        found = _every(trigger, start.astimezone(here), begin)
    else:
        found = next((moment for moment in _pattern(trigger, start, here, begin) if moment > begin), None)
    if found is None or (end is not None and found > end):
        return None
    return found.astimezone(UTC)


def zone(trigger: CronTrigger | RecurrenceTrigger) -> ZoneInfo:
    """The zone by its IANA or Windows name."""
    name = win_tz.get(trigger.time_zone, trigger.time_zone)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError) as error:
        near = did_you_mean(name, [*win_tz, *win_tz.values()])
        raise InvalidInput(
            f"There is no time zone '{trigger.time_zone[:60]}'.", field="trigger.time_zone", mend=near
        ) from error


def _moment(text: str | None, here: ZoneInfo) -> datetime | None:
    if text is None:
        return None
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=here)


def _cron(expression: str, after: datetime) -> datetime | None:
    try:
        found: datetime = next(CronSim(expression, after))
    except (StopIteration, CronSimError):
        return None
    return found


def _every(trigger: RecurrenceTrigger, start: datetime, after: datetime) -> datetime | None:
    """`start` and every interval from it. Days, weeks and months go by the clock on the wall."""
    if trigger.frequency is Frequency.MONTH:
        months = (_later(start, trigger.interval * count) for count in range(_HORIZON_DAYS // 28))
        return next((moment for moment in months if moment > after), None)
    step = _STEPS[trigger.frequency] * trigger.interval
    count = max(0, int((after - start) / step) - 1)
    while True:
        if trigger.frequency in (Frequency.MINUTE, Frequency.HOUR):
            moment = (start.astimezone(UTC) + step * count).astimezone(start.tzinfo)
        else:
            moment = (start.replace(tzinfo=None) + step * count).replace(tzinfo=start.tzinfo)
        if moment > after:
            return moment
        count += 1


def _later(start: datetime, months: int) -> datetime:
    """The same day so many months later, the month's last where it is shorter."""
    index = start.year * 12 + start.month - 1 + months
    year, month = divmod(index, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)


def _pattern(trigger: RecurrenceTrigger, start: datetime, here: ZoneInfo, after: datetime) -> Iterator[datetime]:
    assert trigger.schedule is not None
    times = sorted(
        time(hour, minute) for hour in listed(trigger.schedule.hours) for minute in listed(trigger.schedule.minutes)
    )
    first = start.astimezone(here).date()
    day = max(first, after.astimezone(here).date() - timedelta(days=1))
    for _ in range(_HORIZON_DAYS):
        if _on(trigger, first, day):
            for clock in times:
                yield datetime.combine(day, clock, tzinfo=here)
        day += timedelta(days=1)


def _on(trigger: RecurrenceTrigger, first: date, day: date) -> bool:
    pattern = trigger.schedule
    assert pattern is not None
    if trigger.frequency is Frequency.DAY:
        return (day - first).days % trigger.interval == 0
    if trigger.frequency is Frequency.WEEK:
        weeks = (day - first + timedelta(days=first.weekday())).days // 7
        days = [name.number for name in listed(pattern.week_days)] or [first.weekday()]
        return weeks % trigger.interval == 0 and day.weekday() in days
    months = (day.year - first.year) * 12 + day.month - first.month
    if months % trigger.interval:
        return False
    if pattern.week_days:
        return day.weekday() in [name.number for name in listed(pattern.week_days)]
    return day.day in (listed(pattern.month_days) or [first.day])
