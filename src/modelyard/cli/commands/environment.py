"""`modelyard environment`"""

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
    "curated=tags.curated",
    "image",
    "created=creation_context.created_at",
    "description",
)
_NOUN = AssetNoun("environment", "environments", "lightgbm-env", columns=_COLUMNS)


def create_environment(call: Call) -> Any:
    args = call.args
    build = {"path": args.build_context, "dockerfile_path": args.dockerfile_path}
    flags = {
        "name": args.name,
        "version": args.version,
        "image": args.image,
        "conda_file": args.conda_file,
        "description": args.description,
        "os_type": args.os_type,
        "build": {key: value for key, value in build.items() if value} or None,
        **tag_flags(args.tags),
    }
    return call.client.environments.create_or_update(load_entity(call, "environment", flags)).to_dict()


_CREATE = Command(
    "create",
    "Create a version from an image, a conda file or a build context.",
    create_environment,
    (
        FILE,
        option("-n", "--name", help="Its name."),
        VERSION,
        option("-i", "--image", help="A container image."),
        option("-c", "--conda-file", help="A conda specification.", metavar="FILE"),
        option("-b", "--build-context", help="A folder with a Dockerfile.", metavar="FOLDER"),
        option("-d", "--dockerfile-path", help="The Dockerfile in it.", metavar="PATH"),
        option("--description", help="What it is."),
        option("--os-type", help="Its operating system.", choices=("linux", "windows")),
        TAGS,
        SET,
    ),
    (
        "modelyard environment create -f environment.yml",
        "modelyard environment create -n lightgbm-env -c conda.yml",
    ),
    _NOUN.columns,
)

ENTRIES = {
    "environment": Group(
        "environment", "Versioned environments that jobs and deployments run in.", (_CREATE, *_NOUN.commands())
    )
}
