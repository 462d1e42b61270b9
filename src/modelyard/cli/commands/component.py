"""`modelyard component`"""

from __future__ import annotations

from typing import Any

from modelyard.cli.asset_commands import AssetNoun
from modelyard.cli.call import Call
from modelyard.cli.documents import load_entity
from modelyard.cli.grammar import FILE, SET, VERSION, Command, Group, option

_COLUMNS = (
    "name",
    "version",
    "latest=latest_version",
    "type",
    "display_name",
    "created=creation_context.created_at",
    "description",
)
_NOUN = AssetNoun("component", "components", "train_model", columns=_COLUMNS)


def create_component(call: Call) -> Any:
    args = call.args
    flags = {"name": args.name, "version": args.version, "description": args.description}
    return call.client.components.create_or_update(load_entity(call, "component", flags, file_needed=True)).to_dict()


_CREATE = Command(
    "create",
    "Create a version from a YAML file; its code is uploaded.",
    create_component,
    (
        FILE,
        option("-n", "--name", help="Its name."),
        VERSION,
        option("--description", help="What it is."),
        SET,
    ),
    (
        "modelyard component create -f train.yml",
        "modelyard component create -f train.yml --version 2",
    ),
    _NOUN.columns,
)

ENTRIES = {"component": Group("component", "Versioned parts of pipelines.", (_CREATE, *_NOUN.commands()))}
