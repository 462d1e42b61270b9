"""The verbs that all kinds of assets have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelyard.cli.call import Call
from modelyard.cli.documents import changes_from_sets
from modelyard.cli.grammar import (
    ARCHIVED_ONLY,
    INCLUDE_ARCHIVED,
    LABEL,
    MAX_RESULTS,
    NAME,
    SET,
    VERSION,
    Command,
    option,
)
from modelyard.domain.errors import InvalidInput

if TYPE_CHECKING:
    from modelyard.client.resources.assets import AssetResource

_NAME_OPTIONAL = option("-n", "--name", help="List the versions of this name.")
_DOWNLOAD_PATH = option("-p", "--download-path", help="The folder to write to.", default=".")


@dataclass(frozen=True)
class AssetNoun:
    """`noun` is the word of the CLI, `collection` that of the address."""

    noun: str
    collection: str
    example: str
    changeable: tuple[str, ...] = ("description", "tags")
    columns: tuple[str, ...] = (
        "name",
        "version",
        "latest=latest_version",
        "type",
        "created=creation_context.created_at",
        "description",
    )

    def resource(self, call: Call) -> AssetResource:
        return call.scope.assets(self.collection)

    def commands(self) -> tuple[Command, ...]:
        """list, show, update, archive, restore."""
        return (self._list(), self._show(), self._update(), self._archive("archive"), self._archive("restore"))

    def download(self) -> Command:
        def run(call: Call) -> Any:
            found = self.find(call)
            target = Path(call.args.download_path) / found["name"]
            written = call.scope.files.download(str(found["path"]), target)
            call.note(f"{len(written)} files in {target}")

        example = f"modelyard {self.noun} download -n {self.example} -v 1 -p ./files"
        options = (NAME, VERSION, LABEL, _DOWNLOAD_PATH)
        return Command("download", "Bring its files here.", run, options, (example,))

    def find(self, call: Call) -> dict[str, Any]:
        return self.resource(call).find(call.args.name, call.args.version, call.args.label)

    def _list(self) -> Command:
        def run(call: Call) -> Any:
            resource = self.resource(call)
            found = (
                resource.names(call.view) if call.args.name is None else resource.versions(call.args.name, call.view)
            )
            return call.first(found)

        examples = (f"modelyard {self.noun} list", f"modelyard {self.noun} list -n {self.example} -o table")
        options = (_NAME_OPTIONAL, MAX_RESULTS, ARCHIVED_ONLY, INCLUDE_ARCHIVED)
        return Command("list", "List names, or the versions of one.", run, options, examples, self.columns)

    def _show(self) -> Command:
        examples = (
            f"modelyard {self.noun} show -n {self.example} -v 1",
            f"modelyard {self.noun} show -n {self.example} --label latest --query version -o tsv",
        )
        return Command("show", "Show one version.", self.find, (NAME, VERSION, LABEL), examples, self.columns)

    def _update(self) -> Command:
        def run(call: Call) -> Any:
            args = call.args
            changes = {"description": args.description} if args.description is not None else {}
            changes |= changes_from_sets(args.set, self.changeable)
            if not changes:
                raise InvalidInput("Nothing to change.", field="--set", mend="such as --set tags.owner=me")
            return self.resource(call).change(args.name, self._merged(call, changes), args.version, args.label)

        options = (NAME, VERSION, LABEL, option("--description", help="The new description."), SET)
        example = f"modelyard {self.noun} update -n {self.example} -v 1 --set tags.owner=me"
        what = f"Change {', '.join(self.changeable)}; everything else of a version is immutable."
        return Command("update", what, run, options, (example,))

    def _merged(self, call: Call, changes: Mapping[str, Any]) -> dict[str, Any]:
        """A single tag is added to those that are there."""
        maps = {key: value for key, value in changes.items() if isinstance(value, dict)}
        if not maps:
            return dict(changes)
        args = call.args
        version_given = args.version is not None or args.label is not None
        resource = self.resource(call)
        found = resource.find(args.name, args.version, args.label) if version_given else resource.get(args.name)
        return {**changes, **{key: {**(found.get(key) or {}), **value} for key, value in maps.items()}}

    def _archive(self, verb: str) -> Command:
        def run(call: Call) -> Any:
            args = call.args
            action = self.resource(call).archive if verb == "archive" else self.resource(call).restore
            action(args.name, args.version, args.label)

        what = "Hide it from lists; it can still be used." if verb == "archive" else "Bring it back into lists."
        example = f"modelyard {self.noun} {verb} -n {self.example} -v 1"
        return Command(verb, what, run, (NAME, VERSION, LABEL), (example,))
