"""What may stand next on an unfinished line."""

from __future__ import annotations

from collections.abc import Sequence

from modelyard.cli.catalogue import ENTRIES
from modelyard.cli.grammar import Command, Group, Option
from modelyard.cli.parsing import all_options, load_entry
from modelyard.domain.errors import ModelyardError


def complete(words: Sequence[str]) -> list[str]:
    """Candidates for the last of `words`, which may be empty. Nothing is asked of a server."""
    *done, last = words or [""]
    return sorted(word for word in _candidates(list(done), last) if word.startswith(last))


def _candidates(done: list[str], last: str) -> list[str]:
    if not done:
        return list(ENTRIES)
    try:
        entry = load_entry(done[0])
    except ModelyardError:
        return []
    if isinstance(entry, Group) and len(done) == 1:
        return [command.name for command in entry.commands]
    command = entry.command(done[1]) if isinstance(entry, Group) else entry
    return _of_command(command, done, last) if command is not None else []


def _of_command(command: Command, done: list[str], last: str) -> list[str]:
    options = all_options(command)
    before = _by_flag(options, done[-1])
    if before is not None and before.takes_value:
        return list(before.settings.get("choices", ()))
    if last.startswith("-"):
        return [flag for item in options for flag in item.flags if flag.startswith("--")]
    return [str(choice) for item in options if item.positional for choice in item.settings.get("choices", ())]


def _by_flag(options: Sequence[Option], flag: str) -> Option | None:
    return next((item for item in options if not item.positional and flag in item.flags), None)
