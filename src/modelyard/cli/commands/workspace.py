"""`modelyard workspace`"""

from __future__ import annotations

from typing import Any

from modelyard.cli.call import Call
from modelyard.cli.documents import changes_from_sets, load_entity
from modelyard.cli.grammar import FILE, MAX_RESULTS, NO_WAIT, SET, YES, Command, Group, option
from modelyard.domain.errors import InvalidInput

_COLUMNS = ("name", "display_name", "location", "resource_group", "created=creation_context.created_at")
_CHANGEABLE = ("display_name", "description", "tags")
_NAME = option("-n", "--name", help="Its name; the workspace in use when left out.")


def create_workspace(call: Call) -> Any:
    args = call.args
    flags = {
        "name": args.name,
        "location": args.location,
        "description": args.description,
        "display_name": args.display_name,
        "resource_group": args.resource_group,
        "subscription_id": args.subscription,
    }
    return call.client.workspaces.begin_create(load_entity(call, "workspace", flags)).result().to_dict()


def show_workspace(call: Call) -> Any:
    return call.scope.workspaces.get(_name(call))


def list_workspaces(call: Call) -> Any:
    return call.first(call.scope.workspaces.list())


def update_workspace(call: Call) -> Any:
    args = call.args
    given = {"display_name": args.display_name, "description": args.description}
    changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    changes |= changes_from_sets(args.set, _CHANGEABLE)
    if not changes:
        raise InvalidInput("Nothing to change.", field="--set", mend="such as --set tags.team=vision")
    if isinstance(changes.get("tags"), dict):
        changes["tags"] = {**(call.scope.workspaces.get(_name(call)).get("tags") or {}), **changes["tags"]}
    return call.scope.workspaces.patch(_name(call), changes)


def delete_workspace(call: Call) -> Any:
    name = _name(call)
    call.confirm(f"Delete the workspace '{name}' with everything in it?")
    call.scope.workspaces.delete(name)


def _name(call: Call) -> str:
    return str(call.args.name or call.connection.workspace)


_COMMANDS = (
    Command(
        "create",
        "Create a workspace.",
        create_workspace,
        (
            FILE,
            option("-n", "--name", help="Its name."),
            option("-l", "--location", help="A label; nothing moves."),
            option("--display-name", help="The name to show."),
            option("--description", help="What it is for."),
            NO_WAIT,
            SET,
        ),
        ("modelyard workspace create -n vision", "modelyard workspace create -f workspace.yml"),
        _COLUMNS,
    ),
    Command("show", "Show a workspace.", show_workspace, (_NAME,), ("modelyard workspace show",), _COLUMNS),
    Command("list", "List workspaces.", list_workspaces, (MAX_RESULTS,), ("modelyard workspace list",), _COLUMNS),
    Command(
        "update",
        "Change display name, description or tags.",
        update_workspace,
        (
            _NAME,
            option("--display-name", help="The new name to show."),
            option("--description", help="The new description."),
            SET,
        ),
        ("modelyard workspace update -n vision --set tags.team=vision",),
        _COLUMNS,
    ),
    Command(
        "delete",
        "Delete a workspace with everything in it.",
        delete_workspace,
        (
            _NAME,
            YES,
            NO_WAIT,
            option("--all-resources", help="Taken, as Azure ML scripts give it.", action="store_true"),
            option("--permanently-delete", help="Taken: a deletion is permanent.", action="store_true"),
        ),
        ("modelyard workspace delete -n vision --yes",),
    ),
)

ENTRIES = {"workspace": Group("workspace", "Workspaces: the boundary of names and storage.", _COMMANDS)}
