"""The files behind the paths of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from modelyard.domain.errors import InvalidInput, NotFound, Unsupported
from modelyard.domain.sources import is_local_path
from modelyard.mltable.definition import TablePath

MAX_FILES = 100_000

# Brings what a URI points at to this machine.
Fetch = Callable[[str], Path]


@dataclass(frozen=True)
class Place:
    """What paths are relative to, and what they may reach.

    `within` bounds them: the server sets it, so that a table of a user cannot read other files of its machine.
    """

    folder: Path
    within: Path | None = None
    fetch: Fetch | None = None


def files_of(paths: Iterable[TablePath], place: Place) -> list[Path]:
    """Every file, in the order written and by name within a folder; NotFound when there is none."""
    found: dict[Path, None] = {}
    for path in paths:
        for file in _expanded(path, place):
            found[file] = None
            if len(found) > MAX_FILES:
                raise InvalidInput(f"the table has more than {MAX_FILES} files", field="paths")
    if not found:
        raise NotFound("the paths of the table hold no file", field="paths")
    return list(found)


def _expanded(path: TablePath, place: Place) -> Iterator[Path]:
    if path.pattern is not None:
        yield from _matching(path.pattern, place)
        return
    text = path.file if path.file is not None else path.folder
    root = _located(str(text), place)
    if not root.exists() and "*" in str(text):
        yield from _matching(str(text), place)
        return
    if not root.exists():
        raise NotFound(f"there is no file or folder '{text}'", field="paths")
    yield from _below(root, place) if root.is_dir() else [root]


def _below(root: Path, place: Place) -> Iterator[Path]:
    for file in sorted(root.rglob("*")):
        hidden = any(part.startswith((".", "_")) for part in file.relative_to(root).parts)
        if file.is_file() and not hidden and file.name != "MLTable":
            yield _bounded(file, str(file), place)


def _matching(pattern: str, place: Place) -> Iterator[Path]:
    if not is_local_path(pattern):
        raise Unsupported(f"the pattern '{pattern[:200]}' is not of local files", field="paths")
    text = pattern.removeprefix("file://").removeprefix("file:")
    base = Path(text)
    anchor, relative = (Path(base.anchor), str(base.relative_to(base.anchor))) if base.anchor else (place.folder, text)
    # Bounded before the search: an absolute pattern would walk the whole machine.
    fixed = anchor.joinpath(*_fixed_parts(relative))
    _bounded(fixed, pattern, place)
    while relative.startswith("./"):
        relative = relative[2:]
    if relative.endswith("**"):
        relative += "/*"
    try:
        found = sorted(anchor.glob(relative))
    except (ValueError, NotImplementedError, IndexError) as error:
        raise InvalidInput(f"'{pattern[:200]}' is not a pattern: {error}", field="paths") from None
    for file in found:
        if file.is_file() and file.name != "MLTable":
            yield _bounded(file, pattern, place)


def _fixed_parts(pattern: str) -> list[str]:
    parts: list[str] = []
    for part in Path(pattern).parts[:-1]:
        if any(letter in part for letter in "*?["):
            break
        parts.append(part)
    return parts


def _located(text: str, place: Place) -> Path:
    if is_local_path(text):
        bare = text.removeprefix("file://").removeprefix("file:")
        return _bounded(place.folder / bare, text, place)
    if place.fetch is None:
        raise Unsupported(
            f"'{text[:200]}' is not on this machine", field="paths", mend="download it first, or read it in a job"
        )
    return place.fetch(text)


def _bounded(path: Path, shown: str, place: Place) -> Path:
    resolved = path.resolve()
    if place.within is not None and not resolved.is_relative_to(place.within.resolve()):
        raise InvalidInput(f"the path '{shown[:200]}' leaves the table's folder", field="paths")
    return resolved
