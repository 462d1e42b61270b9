"""Which files of a folder are left out of an upload."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pathspec

# Never of use on the other side, whatever the ignore files say.
_ALWAYS = ("__pycache__/", "*.py[co]", ".git/", ".ipynb_checkpoints/", ".DS_Store", ".mypy_cache/", ".pytest_cache/")


@dataclass(frozen=True)
class _RuleFile:
    folder: str
    rules: pathspec.GitIgnoreSpec


class IgnoreRules:
    """`.amlignore` of the root when there is one, else every `.gitignore` on the way down, as git reads them.

    `gitignore=False` leaves `.gitignore` out: data and models are often kept out of git on purpose.
    """

    def __init__(self, root: Path, *, gitignore: bool = True) -> None:
        self._root = root
        self._always = _spec(_ALWAYS)
        amlignore = _read(root / ".amlignore")
        self._nested = gitignore and amlignore is None
        self._top = [_RuleFile("", amlignore)] if amlignore is not None else []

    def enter(self, folder: str, inherited: list[_RuleFile] | None = None) -> list[_RuleFile]:
        """The rules inside `folder` (relative, POSIX, empty for the root), given those of its parent."""
        rules = list(self._top if inherited is None else inherited)
        own = _read(self._root / folder / ".gitignore") if self._nested else None
        return [*rules, _RuleFile(folder, own)] if own is not None else rules

    def ignored(self, path: str, *, is_folder: bool, rules: list[_RuleFile]) -> bool:
        """True when `path` (relative, POSIX) is left out. The deepest file that has a word on it decides."""
        name = path + "/" if is_folder else path
        if self._always.match_file(name):
            return True
        for rule in reversed(rules):
            below = name[len(rule.folder) + 1 :] if rule.folder else name
            verdict = rule.rules.check_file(below).include
            if verdict is not None:
                return verdict
        return False


def _read(path: Path) -> pathspec.GitIgnoreSpec | None:
    try:
        return _spec(path.read_text("utf-8", errors="replace").splitlines())
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError):
        return None


def _spec(lines: tuple[str, ...] | list[str]) -> pathspec.GitIgnoreSpec:
    return pathspec.GitIgnoreSpec.from_lines(lines)
