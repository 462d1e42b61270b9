"""Every `modelyard ...` line of the pages and scripts is a command that the CLI takes, with flags that it has."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from modelyard.cli.grammar import Command
from modelyard.cli.parsing import find_verb, load_entry, parse_options

ROOT = Path(__file__).parents[3]
PAGES = [
    ROOT / "README.md",
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if page.parent.name != "adr"),
    *sorted((ROOT / "examples").rglob("*.sh")),
    *sorted((ROOT / "deploy").rglob("*.yaml")),
]
BLOCK = re.compile(r"^```\w*$(.*?)^```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"`(modelyard [^`\n]+)`")
IN_LINE_OF_SHELL = re.compile(r"(?:^|\$\(|\||&&|;)\s*(modelyard [^|;&)#>\n]+)")
# A row of a table or a sentence may name a command family rather than a line to type.
PLACEHOLDERS = ("<", "...")


def lines_of(page: Path) -> list[str]:
    text = page.read_text("utf-8")
    if page.suffix != ".md":
        return IN_LINE_OF_SHELL.findall(text.replace("\\\n", " "))
    shell = "\n".join(BLOCK.findall(text))
    found = [line for row in shell.splitlines() for line in IN_LINE_OF_SHELL.findall(row)]
    return found + INLINE.findall(BLOCK.sub("", text))


def understood(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    if words == ["--help"]:
        return
    found = load_entry(words[0])
    if isinstance(found, Command):
        parse_options(words[0], found, words[1:])
    elif len(words) > 1:
        parse_options(" ".join(words[:2]), find_verb(found, words[1]), [w for w in words[2:] if w != "--help"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_are_understood(page: Path) -> None:
    for line in lines_of(page):
        if not any(mark in line for mark in PLACEHOLDERS):
            understood(line.strip())


def test_commands_in_messages_are_understood() -> None:
    """The mend of an error is a line to type; only the words before its values are looked at."""
    for path in sorted((ROOT / "src").rglob("*.py")):
        for line in re.findall(r"`modelyard ([a-z][a-z-]+(?: [a-z][a-z-]+)?)", path.read_text("utf-8")):
            words = line.split()
            found = load_entry(words[0])
            if not isinstance(found, Command) and len(words) > 1:
                find_verb(found, words[1])


def test_a_wrong_flag_is_found() -> None:
    with pytest.raises(Exception, match="--colour"):
        understood("modelyard job list --colour red")
