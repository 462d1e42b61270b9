"""`modelyard model`"""

from __future__ import annotations

from typing import Any

from modelyard.cli.asset_commands import AssetNoun
from modelyard.cli.call import Call
from modelyard.cli.documents import load_entity, tag_flags
from modelyard.cli.grammar import FILE, SET, TAGS, VERSION, Command, Group, option

_COLUMNS = (
    "name",
    "version",
    "latest=latest_version",
    "type",
    "stage",
    "job=job_name",
    "created=creation_context.created_at",
)
_NOUN = AssetNoun("model", "models", "iris-mlflow", ("description", "tags", "properties", "stage"), _COLUMNS)
_TYPES = ("custom_model", "mlflow_model", "triton_model")


def create_model(call: Call) -> Any:
    args = call.args
    flags = {
        "name": args.name,
        "version": args.version,
        "type": args.type,
        "path": args.path,
        "description": args.description,
        "stage": args.stage,
        "datastore": args.datastore,
        **tag_flags(args.tags),
    }
    return call.client.models.create_or_update(load_entity(call, "model", flags)).to_dict()


_CREATE = Command(
    "create",
    "Register a version, from local files or from what a job has written.",
    create_model,
    (
        FILE,
        option("-n", "--name", help="Its name."),
        VERSION,
        option("-t", "--type", help="How its files are to be read.", choices=_TYPES),
        option("-p", "--path", help="A local path, azureml://jobs/<job>/outputs/..., runs:/... or another URI."),
        option("-d", "--description", help="What it is."),
        option("-s", "--stage", help="A free word such as Production."),
        option("--datastore", help="The datastore that a local path is uploaded to."),
        TAGS,
        SET,
    ),
    (
        "modelyard model create -f model.yml",
        "modelyard model create -n iris -t mlflow_model -p runs:/$run_id/model",
        "modelyard model create -n iris -t custom_model -p ./model",
    ),
    _NOUN.columns,
)

ENTRIES = {"model": Group("model", "Versioned models.", (_CREATE, *_NOUN.commands(), _NOUN.download()))}
