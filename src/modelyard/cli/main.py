"""`modelyard`: find the command that is named, run it, print its answer or its problem."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from modelyard.cli.answers import select, show
from modelyard.cli.call import Call
from modelyard.cli.completions import complete
from modelyard.cli.grammar import Command, ExitCode, Group
from modelyard.cli.help_text import command_help, group_help, root_help
from modelyard.cli.parsing import UsageProblem, find_verb, load_entry, parse_options
from modelyard.cli.problems import exit_code, report
from modelyard.domain.errors import ModelyardError
from modelyard.kit.version import VERSION

INTERRUPTED = 130
_HELP = frozenset({"-h", "--help"})


def main(words: Sequence[str] | None = None) -> int:
    """Run one command line. 0 done, 1 failed, 2 not understood or invalid, 130 interrupted."""
    line = list(sys.argv[1:] if words is None else words)
    # httpx has a command line of its own, whose libraries take longer to load than everything that we use of it.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
    try:
        return _dispatch(line)
    except ModelyardError as error:
        if "--debug" in line:
            traceback.print_exc()
        report(error)
        return exit_code(error)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone; nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if "--debug" in line:
            traceback.print_exc()
        print(f"Error: {type(error).__name__}: {error}\n  mend:  run it again with --debug", file=sys.stderr)
        return 1


def _dispatch(line: list[str]) -> int:
    if not line or line[0] in _HELP:
        print(root_help())
        return 0
    if line[0] == "--version":
        print(f"modelyard {VERSION}")
        return 0
    if line[0] == "__complete":
        print("\n".join(complete(line[1:])))
        return 0
    words = [word for word in line if word != "--debug"] if line[0] == "--debug" else line
    entry = load_entry(words[0])
    if isinstance(entry, Command):
        return _run(f"modelyard {words[0]}", entry, words[1:])
    return _dispatch_verb(entry, words[1:])


def _dispatch_verb(group: Group, words: list[str]) -> int:
    if not words or words[0] in _HELP:
        print(group_help(group))
        return 0
    if words[0].startswith("-"):
        raise UsageProblem(f"'modelyard {group.name}' needs a command first.", mend=f"modelyard {group.name} --help")
    command = find_verb(group, words[0])
    return _run(f"modelyard {group.name} {command.name}", command, words[1:])


def _run(title: str, command: Command, words: list[str]) -> int:
    if _HELP.intersection(words):
        print(command_help(title, command))
        return 0
    args = parse_options(title, command, words)
    with Call(args, title) as call:
        value = command.run(call)
    if isinstance(value, ExitCode):
        return value.code
    if value is not None:
        chosen = select(value, args.query)
        columns = () if args.query else command.columns
        show(chosen, args.output or _default_form(value), columns)
    return 0


def _default_form(value: object) -> str:
    """A person gets tables of lists and YAML of things; a pipe gets JSON, as from Azure's CLI."""
    if not sys.stdout.isatty():
        return "json"
    return "table" if isinstance(value, list) else "yaml"


if __name__ == "__main__":
    sys.exit(main())
