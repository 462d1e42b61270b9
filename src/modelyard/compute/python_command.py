"""Reading a command: is it the plain start of one Python script, which a fork can stand for?"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Outside quotes each of these has, or may have, a meaning for the shell.
_SPECIAL = frozenset("$`;&|<>()*?[]{}~#!\\\n\r")
_IN_DOUBLE_QUOTES = frozenset("$`\\!")
_PYTHON = re.compile(r"python(\d(\.\d+)?)?\Z")
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*\Z")


@dataclass(frozen=True)
class PythonCall:
    """`python target arguments`, or `python -m target arguments`."""

    word: str
    """What stands for the interpreter: a name to be found on the path, or an absolute path."""
    flags: tuple[str, ...]
    module: bool
    target: str
    arguments: tuple[str, ...]


class NotPlain(ValueError):
    """The command is something else; the message says what, for its owner."""


def python_call(command: str) -> PythonCall:
    """Raises NotPlain for a command that a shell would do more with than start one script."""
    words = _words(command)
    if not words or not (_PYTHON.match(words[0]) or (words[0].startswith("/") and _is_python(words[0]))):
        raise NotPlain("the command is not of the form 'python script.py ...' or 'python -m module ...'")
    rest = words[1:]
    flags = []
    while rest and rest[0] == "-u":  # a job's output has no buffer anyway
        flags.append(rest.pop(0))
    module = bool(rest) and rest[0] == "-m"
    rest = rest[1:] if module else rest
    if not rest or rest[0].startswith("-") or not rest[0]:
        raise NotPlain(f"the command gives Python the option {rest[0]}" if rest else "the command names no script")
    if module and not _MODULE.match(rest[0]):
        raise NotPlain(f"'{rest[0][:80]}' is no name of a module")
    return PythonCall(words[0], tuple(flags), module, rest[0], tuple(rest[1:]))


def _is_python(path: str) -> bool:
    return _PYTHON.match(path.rpartition("/")[2]) is not None


def _words(command: str) -> list[str]:
    """The words of a command without expansions. Raises NotPlain where the shell would do anything else to it."""
    text = command.strip().replace("\\\n", "")
    words: list[str] = []
    word: str | None = None
    quote = ""
    for letter in text:
        if quote:
            if letter == quote:
                quote = ""
            elif quote == '"' and letter in _IN_DOUBLE_QUOTES:
                raise NotPlain(f"the command has a {letter} for the shell to read")
            else:
                word = (word or "") + letter
        elif letter in "'\"":
            quote, word = letter, word or ""
        elif letter in _SPECIAL:
            shown = {"\n": "second line", "\r": "carriage return"}.get(letter, letter)
            raise NotPlain(f"the command has a {shown} for the shell to read")
        elif letter in " \t":
            words += [] if word is None else [word]
            word = None
        else:
            word = (word or "") + letter
    if quote:
        raise NotPlain("the command has a quote without its end")
    return words + ([] if word is None else [word])
