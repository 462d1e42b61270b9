"""One call from a YAML file to an entity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from modelyard.domain.entity import Entity
from modelyard.domain.errors import InvalidInput
from modelyard.domain.sources import SourceMapping
from modelyard.kinds.catalogue import entity_class
from modelyard.yamlio.overrides import apply
from modelyard.yamlio.paths import missing_paths
from modelyard.yamlio.positions import located, refusal
from modelyard.yamlio.tree import Tree

Overrides = Iterable[str | Mapping[str, Any]]


def load(
    kind: str,
    source: str | Path | IO[str],
    overrides: Overrides = (),
    *,
    origin: str | Path | None = None,
    check_paths: bool = True,
) -> Entity:
    """The entity in `source`, a path or an open file; InvalidInput holds every problem with file and line.

    `overrides` are `a.b.c=value` texts or mappings of such paths. Relative paths stand against the
    file's folder; for a file without a name, against `origin` or the working directory. A local path
    that does not exist is a problem too, unless `check_paths` is false.
    """
    shown, folder = _place(source, origin)
    tree = Tree()
    try:
        values = tree.read_file(Path(source)) if isinstance(source, str | Path) else _read(tree, source, shown, folder)
        document = _document(values, shown, folder)
        apply(document, overrides, tree.positions, folder)
        entity = entity_class(kind, document).from_dict(document)
    except InvalidInput as error:
        if error.file is not None:
            raise
        raise located(error, tree.positions, shown) from None
    missing = missing_paths(entity) if check_paths else []
    if missing:
        raise located(refusal(missing, shown), tree.positions, shown)
    return entity


def _place(source: str | Path | IO[str], origin: str | Path | None) -> tuple[str, Path]:
    if isinstance(source, str | Path):
        return str(source), Path(source).resolve().parent
    name = getattr(source, "name", None)
    named = isinstance(name, str) and Path(name).is_file()
    folder = Path(origin or (Path(name).parent if named and isinstance(name, str) else "."))
    return str(name) if named else "<input>", folder.resolve()


def _read(tree: Tree, source: IO[str], shown: str, folder: Path) -> Any:
    return tree.read_text(source.read(), shown, folder)


def _document(values: Any, shown: str, folder: Path) -> SourceMapping:
    if values is None:
        return SourceMapping({}, folder)
    if not isinstance(values, SourceMapping):
        raise InvalidInput("the file holds no mapping", file=shown, line=1, mend="write fields as `name: value`")
    return values
