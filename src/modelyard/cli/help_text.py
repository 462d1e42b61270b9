"""Help as plain text: the same on a terminal, in a pipe and in the reference page."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from modelyard.cli.catalogue import SECTIONS
from modelyard.cli.grammar import COMMON, Command, Group, Option
from modelyard.cli.parsing import all_options

_WIDTH = 100


def root_help() -> str:
    lines = ["Modelyard: data, jobs, models and endpoints on your own machines.", "", "Usage: modelyard COMMAND ..."]
    for section, entries in SECTIONS.items():
        lines += ["", f"{section}:", *_columns((word, entry.summary) for word, entry in entries.items())]
    lines += ["", "`modelyard COMMAND --help` shows the options of a command, with examples."]
    return "\n".join(lines)


def group_help(group: Group) -> str:
    lines = [group.summary, "", f"Usage: modelyard {group.name} COMMAND ...", "", "Commands:"]
    lines += _columns((command.name, command.summary) for command in group.commands)
    examples = [command.examples[0] for command in group.commands if command.examples][:3]
    return "\n".join([*lines, *_examples(examples)])


def command_help(title: str, command: Command, *, with_common: bool = True) -> str:
    options = all_options(command)
    common_flags = {flag for item in COMMON for flag in item.flags}
    positional = [item for item in options if item.positional]
    own = [item for item in options if not item.positional and not common_flags.issuperset(item.flags)]
    common = [item for item in options if not item.positional and common_flags.issuperset(item.flags)]
    common = common if with_common else []
    lines = [command.summary, "", f"Usage: {usage(title, options)}"]
    for heading, items in (("Arguments", positional), ("Options", own), ("Common options", common)):
        if items:
            lines += ["", f"{heading}:", *option_rows(items)]
    return "\n".join([*lines, *_examples(command.examples)])


def option_rows(options: Sequence[Option]) -> list[str]:
    """One line, or more, for each option."""
    return _columns((_label(item), _described(item)) for item in options)


def usage(title: str, options: Sequence[Option]) -> str:
    needed = [_label(item) for item in options if item.settings.get("required")]
    arguments = [
        f"[{item.metavar}]" if item.settings.get("nargs") in ("?", "*") else item.metavar
        for item in options
        if item.positional
    ]
    return " ".join([title, *arguments, *(label.split(", ")[-1] for label in needed), "[OPTIONS]"])


def _label(item: Option) -> str:
    if item.positional:
        return item.metavar
    several = " ..." if item.settings.get("nargs") in ("+", "*") else ""
    return ", ".join(item.flags) + (f" {item.metavar}{several}" if item.takes_value else "")


def _described(item: Option) -> str:
    default = item.settings.get("default")
    shown = default is not None and default not in (False, []) and item.takes_value
    return item.help + (f" Default: {default}." if shown else "")


def _columns(rows: Iterable[tuple[str, str]]) -> list[str]:
    pairs = list(rows)
    width = min(max(len(left) for left, _ in pairs), 34)
    lines: list[str] = []
    for left, right in pairs:
        wrapped = textwrap.wrap(right, _WIDTH - width - 4) or [""]
        if len(left) > width:
            lines.append(f"  {left}")
            left = ""
        lines.append(f"  {left:<{width}}  {wrapped[0]}".rstrip())
        lines += [" " * (width + 4) + line for line in wrapped[1:]]
    return lines


def _examples(examples: Sequence[str]) -> list[str]:
    return ["", "Examples:", *(f"  {line}" for line in examples)] if examples else []
