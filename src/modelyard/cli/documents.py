"""The entity that a create or update command is about: its file, its flags, its --set."""

from __future__ import annotations

import importlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelyard.cli.call import Call
from modelyard.domain.errors import InvalidInput


def load_entity(call: Call, kind: str, flags: Mapping[str, Any] | None = None, *, file_needed: bool = False) -> Any:
    """The `kind` that --file describes. Flags win over the file, --set wins over both; without a file flags are all.

    InvalidInput carries file, line and field of every problem.
    """
    given = {key: value for key, value in (flags or {}).items() if value is not None}
    if call.args.file is None and (file_needed or not given):
        raise InvalidInput(f"Which {kind}?", field="--file", mend=f"describe it in a file: {call.title} -f {kind}.yml")
    # Relative paths in flags and --set are relative to the file, as in Azure's CLI; a flag's path is the caller's.
    absolute = {key: str(Path(value).absolute()) if _is_path(key, value) else value for key, value in given.items()}
    yamlio = importlib.import_module("modelyard.yamlio")
    overrides = [*([yamlio.Flags(absolute)] if absolute else []), *checked_sets(call.args.set)]
    source: Any = Path(call.args.file) if call.args.file is not None else io.StringIO("{}\n")
    return yamlio.load(kind, source, overrides)


def changed_entity(call: Call, kind: str, stored: Mapping[str, Any], flags: Mapping[str, Any] | None = None) -> Any:
    """What the server has, with flags and --set applied: as a file would say it that held all of it."""
    known = importlib.import_module("modelyard.kinds.catalogue").parse_stored(kind, stored)
    return load_entity(call, kind, {**known.to_dict(), **(flags or {})})


def checked_sets(sets: list[str]) -> list[str]:
    for item in sets:
        if "=" not in item:
            raise InvalidInput(f"'{item}' is not path=value.", field="--set", mend="write it as --set a.b=value")
    return sets


def tag_flags(words: list[str] | None) -> dict[str, str]:
    """`--tags a=1 b=2` as flags, each tag beside those of the file."""
    found: dict[str, str] = {}
    for word in words or []:
        key, mark, value = word.partition("=")
        if not mark or not key or '"' in key:
            raise InvalidInput(
                f"'{word}' is not name=value.", field="--tags", mend="write --tags name=value name=value"
            )
        found[f'tags."{key}"'] = value
    return found


def pairs(words: list[str] | None, flag: str) -> dict[str, str]:
    """`["a=1", "b=2 c=3"]` as a mapping: each word may hold several pairs, as in --traffic "blue=90 green=10"."""
    found: dict[str, str] = {}
    for word in " ".join(words or []).split():
        key, mark, value = word.partition("=")
        if not mark or not key:
            raise InvalidInput(f"'{word}' is not name=value.", field=flag, mend=f'write {flag} "name=value name=value"')
        found[key] = value
    return found


def changes_from_sets(sets: list[str], allowed: tuple[str, ...]) -> dict[str, Any]:
    """`tags.owner=me description=text` as the changes of an update; a field that cannot change is InvalidInput."""
    changes: dict[str, Any] = {}
    for item in checked_sets(sets):
        path, _, value = item.partition("=")
        field, _, inner = path.partition(".")
        if field not in allowed:
            raise InvalidInput(
                f"'{field}' cannot be changed.", field=f"--set {path}", mend=f"these can: {', '.join(allowed)}"
            )
        if inner:
            changes.setdefault(field, {})[inner] = value
        else:
            changes[field] = value
    return changes


def _is_path(key: str, value: Any) -> bool:
    """Whether a flag names a local path: relative to where the caller stands, not to the file."""
    if key not in ("path", "conda_file", "build.path") or not isinstance(value, str):
        return False
    local: bool = importlib.import_module("modelyard.domain.sources").is_local_path(value)
    return local
