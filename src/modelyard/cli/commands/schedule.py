"""`modelyard schedule`"""

from __future__ import annotations

from typing import Any

from modelyard.cli.call import Call
from modelyard.cli.documents import load_entity
from modelyard.cli.grammar import FILE, MAX_RESULTS, NAME, SET, YES, Command, Group, option

_COLUMNS = (
    "name",
    "enabled=is_enabled",
    "next=next_run_at",
    "last=last_run_at",
    "trigger=trigger.type",
    "catch_up",
    "description",
)
_HISTORY = ("due=due_at", "outcome", "job=job_name", "reason", "fired=fired_at")


def create_schedule(call: Call) -> Any:
    schedule = load_entity(call, "schedule", {"name": call.args.name}, file_needed=True)
    return call.client.schedules.begin_create_or_update(schedule).result().to_dict()


def show_schedule(call: Call) -> Any:
    return call.client.schedules.get(call.args.name).to_dict()


def list_schedules(call: Call) -> Any:
    return call.first(schedule.to_dict() for schedule in call.client.schedules.list())


def enable_schedule(call: Call) -> Any:
    return call.client.schedules.begin_enable(call.args.name).result().to_dict()


def disable_schedule(call: Call) -> Any:
    return call.client.schedules.begin_disable(call.args.name).result().to_dict()


def delete_schedule(call: Call) -> Any:
    call.confirm(f"Delete the schedule '{call.args.name}' with its history?")
    call.client.schedules.begin_delete(call.args.name).wait()


def trigger_schedule(call: Call) -> Any:
    return call.client.schedules.trigger(call.args.name).to_dict()


def show_history(call: Call) -> Any:
    return call.first(call.client.schedules.history(call.args.name))


_COMMANDS = (
    Command(
        "create",
        "Create a schedule, or replace what it was.",
        create_schedule,
        (FILE, option("-n", "--name", help="Its name."), SET),
        ("modelyard schedule create -f nightly.yml",),
        _COLUMNS,
    ),
    Command("show", "Show a schedule.", show_schedule, (NAME,), ("modelyard schedule show -n nightly",), _COLUMNS),
    Command("list", "List schedules.", list_schedules, (MAX_RESULTS,), ("modelyard schedule list",), _COLUMNS),
    Command(
        "enable",
        "Let it fire again, from now on.",
        enable_schedule,
        (NAME,),
        ("modelyard schedule enable -n nightly",),
        _COLUMNS,
    ),
    Command("disable", "Pause it.", disable_schedule, (NAME,), ("modelyard schedule disable -n nightly",), _COLUMNS),
    Command(
        "trigger",
        "Submit its job now, beside its times.",
        trigger_schedule,
        (NAME,),
        ("modelyard schedule trigger -n nightly",),
    ),
    Command(
        "history",
        "List its firings, newest first.",
        show_history,
        (NAME, MAX_RESULTS),
        ("modelyard schedule history -n nightly",),
        _HISTORY,
    ),
    Command(
        "delete",
        "Remove it with its history; jobs that it submitted stay.",
        delete_schedule,
        (NAME, YES),
        ("modelyard schedule delete -n nightly --yes",),
    ),
)

ENTRIES = {"schedule": Group("schedule", "Jobs that are submitted by the clock.", _COMMANDS)}
