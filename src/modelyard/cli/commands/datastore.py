"""`modelyard datastore`"""

from __future__ import annotations

from typing import Any

from modelyard.cli.call import Call
from modelyard.cli.documents import load_entity
from modelyard.cli.grammar import FILE, MAX_RESULTS, NAME, SET, YES, Command, Group, option

_COLUMNS = ("name", "type", "default=is_default", "description")


def create_datastore(call: Call) -> Any:
    entity = load_entity(call, "datastore", {"name": call.args.name}, file_needed=True)
    return call.client.datastores.create_or_update(entity).to_dict()


def show_datastore(call: Call) -> Any:
    return call.scope.named("datastores").get(call.args.name)


def list_datastores(call: Call) -> Any:
    return call.first(call.scope.named("datastores").list())


def delete_datastore(call: Call) -> Any:
    call.confirm(f"Forget the datastore '{call.args.name}'? Its files stay.")
    call.scope.named("datastores").delete(call.args.name)


_WRITE = (FILE, option("-n", "--name", help="Its name."), SET)
_COMMANDS = (
    Command(
        "create",
        "Name a place where files are kept. Secrets in the file are stored encrypted and never shown again.",
        create_datastore,
        _WRITE,
        ("modelyard datastore create -f datastore.yml",),
        _COLUMNS,
    ),
    Command(
        "show",
        "Show a datastore.",
        show_datastore,
        (NAME,),
        ("modelyard datastore show -n workspaceblobstore",),
        _COLUMNS,
    ),
    Command("list", "List datastores.", list_datastores, (MAX_RESULTS,), ("modelyard datastore list",), _COLUMNS),
    Command(
        "update",
        "Replace a datastore by what the file says.",
        create_datastore,
        _WRITE,
        ("modelyard datastore update -f datastore.yml",),
        _COLUMNS,
    ),
    Command(
        "delete",
        "Forget a datastore; its files stay.",
        delete_datastore,
        (NAME, YES),
        ("modelyard datastore delete -n lake --yes",),
    ),
)

ENTRIES = {"datastore": Group("datastore", "Where files are kept.", _COMMANDS)}
