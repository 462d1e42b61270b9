"""YAML text to mappings that know their file, with the line of every value.

Plain data only: no tags of other languages, no duplicate keys, no recursion, and a bound on size,
depth and what aliases may grow to. `file:` includes are read in place, relative to the including file.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import yaml

from modelyard.domain.errors import InvalidInput
from modelyard.domain.sources import SourceMapping, is_local_path
from modelyard.yamlio.positions import Position, Positions, joined

MAX_BYTES = 4_000_000
MAX_DEPTH = 60
MAX_VALUES = 100_000
_MAX_INCLUDES = 20

_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "value")
)

# `file:` in these is a path of data or code, never a YAML file to read in place.
_PATH_FIELDS = frozenset({"path", "code", "code_path"})
# Read in place even when written as a bare path.
_READ_FIELDS = frozenset({"conda_file"})
# Components of pipelines and jobs of schedules, written as a bare path of a YAML file.
_COMPONENT_FIELDS = frozenset({"component", "trial", "create_job"})
_YAML_ENDS = (".yml", ".yaml", ".json")


class Tree:
    """Builds one document. `positions` and `count` cover the file and everything it includes."""

    def __init__(self) -> None:
        self.positions = Positions()
        self._count = 0
        self._files: list[Path] = []
        self._scalars = yaml.SafeLoader("")

    def read_file(self, path: Path, at: str = "") -> Any:
        """The document in `path`, standing at the dotted path `at` of the whole."""
        absolute = path.resolve()
        if absolute in self._files:
            raise InvalidInput(f"'{path}' includes itself", field=at)
        if len(self._files) >= _MAX_INCLUDES:
            raise InvalidInput(f"more than {_MAX_INCLUDES} files include each other", field=at)
        self._files.append(absolute)
        try:
            return self.read_text(_content(path, at), str(path), absolute.parent, at)
        finally:
            self._files.pop()

    def read_text(self, text: str, shown: str, folder: Path, at: str = "") -> Any:
        """The document in `text`; `shown` names it in errors, `folder` is what its paths are relative to."""
        node = _composed(text, shown)
        if node is None:
            return None
        return _Reader(self, shown, folder).value(node, at, 0, ())

    def scalar(self, node: yaml.ScalarNode) -> Any:
        return self._scalars.construct_object(node)

    def counted(self, node: yaml.Node, shown: str) -> None:
        self._count += 1
        if self._count > MAX_VALUES:
            raise _refused(f"more than {MAX_VALUES} values", node, shown, "aliases may have multiplied them")


class _Reader:
    """Reads the nodes of one file."""

    def __init__(self, tree: Tree, shown: str, folder: Path) -> None:
        self._tree = tree
        self._shown = shown
        self._folder = folder

    def value(self, node: yaml.Node, at: str, depth: int, above: tuple[int, ...]) -> Any:
        self._tree.counted(node, self._shown)
        if depth > MAX_DEPTH:
            raise _refused(f"nested deeper than {MAX_DEPTH}", node, self._shown)
        if id(node) in above:
            raise _refused("an alias holds itself", node, self._shown)
        if node.tag not in _PLAIN_TAGS:
            raise _refused(f"the tag {node.tag} is not plain YAML", node, self._shown, field=at)
        above = (*above, id(node))
        self._tree.positions.by_path.setdefault(at, Position(self._shown, node.start_mark.line + 1))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, at, depth, above)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, joined(at, i), depth + 1, above) for i, child in enumerate(node.value)]
        return self._scalar(node, at)

    def _mapping(self, node: yaml.MappingNode, at: str, depth: int, above: tuple[int, ...]) -> SourceMapping:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                placeholder = "a value that begins with '{{' is a placeholder: fill it in, or put it in quotes"
                raise _refused("a key must be a single word", key_node, self._shown, placeholder)
            if key_node.tag == "tag:yaml.org,2002:merge":
                merged = self._merged(value_node, at, depth, above) | merged
                continue
            key = key_node.value
            if key in own:
                raise _refused(f"'{key}' is written twice", key_node, self._shown, field=joined(at, key))
            path = joined(at, key)
            self._tree.positions.mark(path, Position(self._shown, key_node.start_mark.line + 1))
            own[key] = self._entry(key, value_node, path, depth, above)
        return SourceMapping(merged | own, self._folder)

    def _merged(self, node: yaml.Node, at: str, depth: int, above: tuple[int, ...]) -> dict[str, Any]:
        """`<<: *other` and `<<: [*first, *second]`; the earlier wins."""
        sources = list(reversed(node.value)) if isinstance(node, yaml.SequenceNode) else [node]
        found: dict[str, Any] = {}
        for source in sources:
            value = self.value(source, at, depth + 1, above)
            if not isinstance(value, dict):
                raise _refused("'<<' takes mappings", source, self._shown)
            found |= value
        return found

    def _entry(self, key: str, node: yaml.Node, at: str, depth: int, above: tuple[int, ...]) -> Any:
        if isinstance(node, yaml.ScalarNode):
            if key == "version" and not self._is_null(node):
                # Versions are text: 1.10 is not 1.1.
                return node.value
            if self._included(key, node):
                return self._include(node, at)
        return self.value(node, at, depth + 1, above)

    def _is_null(self, node: yaml.ScalarNode) -> bool:
        return node.tag == "tag:yaml.org,2002:null"

    def _included(self, key: str, node: yaml.ScalarNode) -> bool:
        text = node.value
        if node.tag != "tag:yaml.org,2002:str" or "\n" in text or not text:
            return False
        if key in _READ_FIELDS:
            return is_local_path(text)
        if not text.endswith(_YAML_ENDS):
            return False
        if key in _COMPONENT_FIELDS:
            return is_local_path(text)
        return text.startswith("file:") and key not in _PATH_FIELDS

    def _include(self, node: yaml.ScalarNode, at: str) -> Any:
        target = self._folder / node.value.removeprefix("file://").removeprefix("file:")
        try:
            return self._tree.read_file(target, at)
        except InvalidInput as error:
            if error.file is None:
                error.file, error.line = self._shown, node.start_mark.line + 1
            raise

    def _scalar(self, node: yaml.Node, at: str) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            raise _refused(f"the tag {node.tag} is not plain YAML", node, self._shown, field=at)
        if node.tag == "tag:yaml.org,2002:timestamp":
            return node.value
        try:
            value = self._tree.scalar(node)
        except (yaml.YAMLError, ValueError, OverflowError, LookupError) as error:
            raise _refused(f"cannot read '{node.value[:60]}'", node, self._shown, field=at) from error
        # JSON has no such numbers.
        return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _composed(text: str, shown: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        what = "; ".join(part for part in (error.context, error.problem) if part)
        raise InvalidInput(f"not YAML: {what}", file=shown, line=line) from None
    except (yaml.YAMLError, ValueError, IndexError) as error:
        raise InvalidInput(f"not YAML: {error}", file=shown) from None
    except RecursionError:
        raise InvalidInput(f"nested deeper than {MAX_DEPTH}", file=shown) from None


def _content(path: Path, at: str) -> str:
    try:
        if path.is_dir():
            raise InvalidInput(f"'{path}' is a folder, not a file", field=at)
        if path.stat().st_size > MAX_BYTES:
            raise InvalidInput(f"'{path}' is larger than {MAX_BYTES} bytes", field=at)
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InvalidInput(f"there is no file '{path}'", field=at) from None
    except UnicodeDecodeError:
        raise InvalidInput(f"'{path}' is not UTF-8 text", field=at) from None
    except (OSError, ValueError) as error:
        raise InvalidInput(f"cannot read '{path}': {error}", field=at) from None


def _refused(
    message: str, node: yaml.Node, shown: str, mend: str | None = None, field: str | None = None
) -> InvalidInput:
    return InvalidInput(message, field=field, mend=mend, file=shown, line=node.start_mark.line + 1)
