"""What a command is: its name, its options, and the function that does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelyard.cli.call import Call


@dataclass(frozen=True)
class Option:
    """One option or positional argument; `settings` are those of `argparse`'s add_argument."""

    flags: tuple[str, ...]
    help: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def positional(self) -> bool:
        return not self.flags[0].startswith("-")

    @property
    def takes_value(self) -> bool:
        return self.settings.get("action") not in ("store_true", "store_false", "help")

    @property
    def metavar(self) -> str:
        """The word that stands for the value in help."""
        if "choices" in self.settings:
            return "|".join(self.settings["choices"])
        longest = max(self.flags, key=len)
        return str(self.settings.get("metavar") or longest.lstrip("-").replace("-", "_").upper())


def option(*flags: str, help: str, **settings: Any) -> Option:
    return Option(flags, help, settings)


@dataclass(frozen=True)
class ExitCode:
    """Returned by a command that has printed all it has to say."""

    code: int


@dataclass(frozen=True)
class Command:
    """`run` gets a Call and returns what is to be printed, None for nothing, or an ExitCode."""

    name: str
    summary: str
    run: Callable[[Call], Any]
    options: tuple[Option, ...] = ()
    examples: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    """Of the table: JMESPath of each column, as `header=path` or a field's name."""


@dataclass(frozen=True)
class Group:
    """A noun and its verbs."""

    name: str
    summary: str
    commands: tuple[Command, ...]

    def command(self, name: str) -> Command | None:
        return next((command for command in self.commands if command.name == name), None)


NAME = option("-n", "--name", help="Its name.", required=True)
VERSION = option("-v", "--version", help="Its version.")
LABEL = option("-l", "--label", help="A label instead of a version, such as latest.")
FILE = option("-f", "--file", help="The YAML file that describes it.", metavar="FILE")
SET = option(
    "--set",
    help="Change fields of the file: path=value; several may follow, and the option may be repeated.",
    nargs="+",
    action="extend",
    default=[],
    metavar="PATH=VALUE",
)
TAGS = option("--tags", help="Tags: name=value; several may follow.", nargs="+", metavar="NAME=VALUE")
NO_WAIT = option("--no-wait", help="Return when it has begun.", action="store_true")
YES = option("-y", "--yes", help="Do not ask.", action="store_true")
MAX_RESULTS = option("-r", "--max-results", help="Show at most so many.", type=int, metavar="COUNT")
ARCHIVED_ONLY = option("--archived-only", help="Show what is archived alone.", action="store_true")
INCLUDE_ARCHIVED = option("--include-archived", help="Show what is archived too.", action="store_true")

FORMATS = ("json", "yaml", "table", "tsv", "none")
COMMON: tuple[Option, ...] = (
    option("-w", "--workspace-name", help="The workspace.", metavar="WORKSPACE"),
    option("-g", "--resource-group", help="Taken and kept as a label, as Azure ML scripts give it."),
    option("--subscription", help="Taken and kept as a label, as Azure ML scripts give it."),
    option("--server-url", help="The server, when it is not the one known here.", metavar="URL"),
    option("--query", help="A JMESPath that selects from the answer.", metavar="JMESPATH"),
    option("-o", "--output", help="How the answer is printed.", choices=FORMATS),
    option("--debug", help="Show the traceback of an error.", action="store_true"),
    option("-h", "--help", help="Show this help.", action="store_true"),
)
"""Options of every command."""
