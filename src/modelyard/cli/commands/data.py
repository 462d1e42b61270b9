"""`modelyard data`"""

from __future__ import annotations

from typing import Any

from modelyard.cli.asset_commands import AssetNoun
from modelyard.cli.call import Call
from modelyard.cli.documents import load_entity, tag_flags
from modelyard.cli.grammar import FILE, LABEL, NAME, SET, TAGS, VERSION, Command, Group, option

_NOUN = AssetNoun("data", "data", "iris")
_TYPES = ("uri_file", "uri_folder", "mltable")


def create_data(call: Call) -> Any:
    args = call.args
    flags = {
        "name": args.name,
        "version": args.version,
        "type": args.type,
        "path": args.path,
        "description": args.description,
        "datastore": args.datastore,
        **tag_flags(args.tags),
    }
    return call.client.data.create_or_update(load_entity(call, "data", flags)).to_dict()


def preview_data(call: Call) -> Any:
    found = _NOUN.find(call)
    report = _NOUN.resource(call).report(found["name"], found["version"], "preview", rows=call.args.rows)
    if call.args.output == "table" or (call.args.output is None and not call.args.query):
        return _records(report)
    return report


def profile_data(call: Call) -> Any:
    found = _NOUN.find(call)
    report = _NOUN.resource(call).report(found["name"], found["version"], "profile")
    return report.get("columns", report) if call.args.output in (None, "table") and not call.args.query else report


def _records(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows as mappings by the names of their columns."""
    names = [column["name"] if isinstance(column, dict) else str(column) for column in report.get("columns", [])]
    return [row if isinstance(row, dict) else dict(zip(names, row, strict=False)) for row in report.get("rows", [])]


_CREATE = Command(
    "create",
    "Create a version: local files are uploaded, a URI is kept as a reference.",
    create_data,
    (
        FILE,
        option("-n", "--name", help="Its name."),
        VERSION,
        option("-t", "--type", help="What stands at the path.", choices=_TYPES),
        option("-p", "--path", help="A local path, a URL or an azureml:// URI."),
        option("-d", "--description", help="What it is."),
        option("--datastore", help="The datastore that a local path is uploaded to."),
        option("--skip-validation", help="Taken, as Azure ML scripts give it.", action="store_true"),
        TAGS,
        SET,
    ),
    (
        "modelyard data create -f data.yml",
        "modelyard data create -n iris -t uri_file -p ./iris.csv",
        "modelyard data create -f data.yml --set version=3 tags.owner=me",
    ),
    _NOUN.columns,
)
_PREVIEW = Command(
    "preview",
    "Show its first rows.",
    preview_data,
    (NAME, VERSION, LABEL, option("--rows", help="How many.", type=int, metavar="COUNT")),
    ("modelyard data preview -n iris --label latest",),
)
_PROFILE = Command(
    "profile",
    "Show counts, ranges and frequent values of each column.",
    profile_data,
    (NAME, VERSION, LABEL),
    ("modelyard data profile -n iris -v 1 -o table",),
    ("name", "type", "count", "missing", "distinct", "min", "max", "mean", "std"),
)

ENTRIES = {"data": Group("data", "Versioned data.", (_CREATE, *_NOUN.commands(), _NOUN.download(), _PREVIEW, _PROFILE))}
