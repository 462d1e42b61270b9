"""The committed page says what the commands say, and every example in it is a line that is understood."""

import shlex
from pathlib import Path

import pytest

from modelyard.cli.catalogue import ENTRIES
from modelyard.cli.grammar import Command
from modelyard.cli.parsing import load_entry, parse_options
from modelyard.cli.reference import page

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "cli.md"


def commands() -> list[tuple[str, Command]]:
    found: list[tuple[str, Command]] = []
    for word in ENTRIES:
        entry = load_entry(word)
        verbs = [entry] if isinstance(entry, Command) else entry.commands
        found += [(f"modelyard {word}" if verb is entry else f"modelyard {word} {verb.name}", verb) for verb in verbs]
    return found


def test_the_committed_page_is_current() -> None:
    mend = "python -m modelyard.cli.reference docs/reference/cli.md"
    assert PAGE.read_text("utf-8") == page(), f"write it again: {mend}"


@pytest.mark.parametrize(("title", "command"), commands(), ids=[title for title, _ in commands()])
def test_every_command_has_an_example_that_parses(title: str, command: Command) -> None:
    assert command.examples, "a command without an example"
    for example in command.examples:
        line = example.partition("$(")[2].rstrip(")") if "$(" in example and "=$(" in example else example
        for part in line.split("&&"):
            words = shlex.split(part.partition(" > ")[0].partition(" < ")[0].strip().removeprefix("export "))
            options = words[len(title.split()) :] if " ".join(words).startswith(title) else None
            if options is not None:
                parse_options(title, command, options)


def test_summaries_are_one_line_and_end_as_a_sentence() -> None:
    for title, command in commands():
        assert command.summary.endswith("."), title
        assert "\n" not in command.summary, title
