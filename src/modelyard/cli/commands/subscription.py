"""`modelyard subscription`"""

from __future__ import annotations

from typing import Any

from modelyard.cli.call import Call
from modelyard.cli.documents import load_entity
from modelyard.cli.grammar import FILE, MAX_RESULTS, NAME, SET, YES, Command, Group, option

_COLUMNS = ("name", "target=target.type", "enabled=is_enabled", "waiting", "dead", "cursor", "description")
_DELIVERIES = ("event=event_id", "type", "subject", "phase", "attempts", "code", "reason", "ended=ended_at")


def create_subscription(call: Call) -> Any:
    subscription = load_entity(call, "subscription", {"name": call.args.name}, file_needed=True)
    return call.client.subscriptions.create_or_update(subscription).to_dict()


def show_subscription(call: Call) -> Any:
    return call.client.subscriptions.get(call.args.name).to_dict()


def list_subscriptions(call: Call) -> Any:
    return call.first(found.to_dict() for found in call.client.subscriptions.list())


def pause_subscription(call: Call) -> Any:
    return call.client.subscriptions.pause(call.args.name).to_dict()


def resume_subscription(call: Call) -> Any:
    return call.client.subscriptions.resume(call.args.name).to_dict()


def replay_subscription(call: Call) -> Any:
    return call.client.subscriptions.replay(call.args.name, after=call.args.after).to_dict()


def list_deliveries(call: Call) -> Any:
    return call.first(call.client.subscriptions.deliveries(call.args.name, phase=call.args.phase))


def delete_subscription(call: Call) -> Any:
    call.confirm(f"Delete the subscription '{call.args.name}' with its history?")
    call.client.subscriptions.delete(call.args.name)


_COMMANDS = (
    Command(
        "create",
        "Create a subscription, or replace what it was.",
        create_subscription,
        (FILE, option("-n", "--name", help="Its name."), SET),
        ("modelyard subscription create -f models.yml",),
        _COLUMNS,
    ),
    Command(
        "show", "Show a subscription.", show_subscription, (NAME,), ("modelyard subscription show -n models",), _COLUMNS
    ),
    Command(
        "list", "List subscriptions.", list_subscriptions, (MAX_RESULTS,), ("modelyard subscription list",), _COLUMNS
    ),
    Command(
        "pause", "Deliver nothing.", pause_subscription, (NAME,), ("modelyard subscription pause -n models",), _COLUMNS
    ),
    Command(
        "resume",
        "Deliver again, with what happened meanwhile.",
        resume_subscription,
        (NAME,),
        ("modelyard subscription resume -n models",),
        _COLUMNS,
    ),
    Command(
        "replay",
        "Deliver events again.",
        replay_subscription,
        (NAME, option("--after", help="The id of the last event not wanted again.", type=int, default=0, metavar="ID")),
        ("modelyard subscription replay -n models --after 120",),
        _COLUMNS,
    ),
    Command(
        "deliveries",
        "List deliveries, newest first.",
        list_deliveries,
        (
            NAME,
            MAX_RESULTS,
            option("--phase", help="These alone.", choices=("waiting", "delivered", "dead")),
        ),
        ("modelyard subscription deliveries -n models --phase dead",),
        _DELIVERIES,
    ),
    Command(
        "delete",
        "Remove it with its history.",
        delete_subscription,
        (NAME, YES),
        ("modelyard subscription delete -n models --yes",),
    ),
)

ENTRIES = {"subscription": Group("subscription", "Who is told of events, and jobs that events start.", _COMMANDS)}
