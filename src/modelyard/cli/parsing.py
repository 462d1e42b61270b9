"""Words of the command line to a command with its options, or a usage error that says what was meant."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from typing import NoReturn

from modelyard.cli.catalogue import ENTRIES
from modelyard.cli.grammar import COMMON, Command, Group, Option
from modelyard.domain.errors import InvalidInput, did_you_mean


class UsageProblem(InvalidInput):
    """The line is not a command; `command` is the part of it that was understood."""

    code = "usage"


def load_entry(word: str) -> Group | Command:
    """The group or command behind a word of the catalogue; UsageProblem for any other word."""
    entry = ENTRIES.get(word)
    if entry is None:
        near = did_you_mean(word, ENTRIES) or "`modelyard --help` lists them"
        raise UsageProblem(f"There is no command '{word}'.", mend=near)
    module = importlib.import_module(f"modelyard.cli.commands.{entry.module}")
    found: Group | Command = module.ENTRIES[word]
    return found


def find_verb(group: Group, word: str) -> Command:
    command = group.command(word)
    if command is None:
        names = [item.name for item in group.commands]
        near = did_you_mean(word, names) or f"one of {', '.join(names)}"
        raise UsageProblem(f"'modelyard {group.name}' has no command '{word}'.", mend=near)
    return command


def parse_options(title: str, command: Command, words: Sequence[str]) -> argparse.Namespace:
    """The values of the options in `words`; UsageProblem for what does not fit."""
    parser = _Parser(prog=title, add_help=False, allow_abbrev=False, argument_default=None)
    flags: list[str] = []
    for item in all_options(command):
        parser.add_argument(*item.flags, **dict(item.settings))
        flags += item.flags
    # Before argparse, which would first complain of what is missing because of the misspelling.
    for word in words:
        if word.startswith("--") and word.partition("=")[0] not in flags:
            raise _not_taken(title, "option", word.partition("=")[0], flags)
    values, extra = parser.parse_known_args(list(words))
    if extra:
        raise _not_taken(title, "option" if extra[0].startswith("-") else "argument", extra[0], flags)
    return values


def _not_taken(title: str, what: str, word: str, flags: Sequence[str]) -> UsageProblem:
    near = did_you_mean(word, [flag for flag in flags if flag.startswith("-")])
    return UsageProblem(f"'{title}' does not take the {what} '{word}'.", mend=near or f"see `{title} --help`")


def all_options(command: Command) -> tuple[Option, ...]:
    """The command's own options, then the common ones that it does not define itself."""
    own = {flag for item in command.options for flag in item.flags}
    common = []
    for item in COMMON:
        left = tuple(flag for flag in item.flags if flag not in own)
        if any(flag.startswith("--") for flag in left):
            common.append(Option(left, item.help, item.settings))
    return (*command.options, *common)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageProblem(f"{self.prog}: {message}.", mend=f"see `{self.prog} --help`")
