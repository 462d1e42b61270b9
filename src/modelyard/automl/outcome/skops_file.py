"""The one file of an exported model: a skops archive around the model's own bytes, written and read without skops.

skops needs scikit-learn to write what is, for this object, a class name and a file.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from modelyard.domain.errors import InvalidInput

SKOPS_PROTOCOL = 2
_SCHEMA = "schema.json"
_CONTENT = "model.zip"


def write(path: Path, archive: bytes, module: str, class_name: str, skops_version: str) -> None:
    """`skops.io.load(path, trusted=[f"{module}.{class_name}"])` gives `class_name` with `archive` as its state."""
    schema = {
        "__class__": class_name,
        "__module__": module,
        "__loader__": "ObjectNode",
        "content": {
            "__class__": "bytes",
            "__module__": "builtins",
            "__loader__": "BytesNode",
            "file": _CONTENT,
            "__id__": 2,
        },
        "__id__": 1,
        "protocol": SKOPS_PROTOCOL,
        "_skops_version": skops_version,
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as target:
        target.writestr(_CONTENT, archive)
        target.writestr(_SCHEMA, json.dumps(schema, indent=2))


def read(path: Path) -> bytes:
    """The archive that `write` was given.

    Raises:
        InvalidInput: it is no such file.
    """
    try:
        with zipfile.ZipFile(path) as source:
            return source.read(_CONTENT)
    except (zipfile.BadZipFile, KeyError) as error:
        raise InvalidInput(f"'{path.name}' holds no AutoML model.", field=path.name) from error
