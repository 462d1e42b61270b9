"""The reference page of the CLI, made from the commands themselves."""

from __future__ import annotations

import sys
from pathlib import Path

from modelyard.cli.catalogue import SECTIONS
from modelyard.cli.grammar import COMMON, Command
from modelyard.cli.help_text import command_help, option_rows, root_help
from modelyard.cli.parsing import load_entry

_HEAD = """\
# Command line

This page is made from the commands by `python -m modelyard.cli.reference docs/reference/cli.md`; a test compares them.

Answers go to standard output, everything else to standard error. On a terminal lists are tables and things are YAML;
in a pipe both are JSON. `-o` and `--query` (JMESPath) choose. Exit codes: 0 done, 1 failed, 2 not understood or
invalid, 130 interrupted.

Which server: `--server-url`, else `MODELYARD_SERVER_URL`, else that of `modelyard login`, else the one running here.
Which token: `MODELYARD_TOKEN`, else that of the login, else the admin token of the local server. Which workspace: `-w`,
else `MODELYARD_WORKSPACE`, else that of `modelyard configure`, else `default`.
"""


def page() -> str:
    parts = [_HEAD, _block(root_help()), "## Common options\n", _block("\n".join(option_rows(COMMON)))]
    for section, entries in SECTIONS.items():
        parts.append(f"## {section}\n")
        for word in entries:
            entry = load_entry(word)
            if isinstance(entry, Command):
                parts += [f"### modelyard {word}\n", _block(_help(f"modelyard {word}", entry))]
                continue
            for command in entry.commands:
                title = f"modelyard {word} {command.name}"
                parts += [f"### {title}\n", _block(_help(title, command))]
    return "\n".join(parts)


def _help(title: str, command: Command) -> str:
    return command_help(title, command, with_common=False)


def _block(text: str) -> str:
    return f"```\n{text}\n```\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), "utf-8")
