"""The saved form of a predictor: one folder, versioned, checked by hash, without pickles.

predictor.json    format, version, sha256 of the other files, what one wants to know without loading
model.zip         featurizers and ensemble (see `state_archive`): all that a prediction needs
search.json       trials, metrics, settings, guardrails, metadata
explanation.json  importances, where they were asked for
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelyard.automl.outcome.model_archive import require_known
from modelyard.automl.outcome.served_model import FORMAT, VERSION
from modelyard.domain.errors import InvalidInput, NotFound

MANIFEST = "predictor.json"
MODEL = "model.zip"


def write_folder(folder: Path, files: Mapping[str, bytes], facts: Mapping[str, Any]) -> None:
    """Write `files` and the manifest over them. The folder is made; a saved predictor in it is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    manifest = {"format": FORMAT, "version": VERSION, **facts, "files": hashes}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")


def read_manifest(folder: Path) -> dict[str, Any]:
    """
    Raises:
        NotFound: there is no saved predictor.
        Unsupported: a later version wrote it.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise NotFound(f"There is no saved predictor in '{folder.name}'.", field="folder")
    manifest = json.loads(path.read_text("utf-8"))
    require_known(manifest)
    return dict(manifest)


def read_file(folder: Path, manifest: Mapping[str, Any], name: str) -> bytes:
    """One of the manifest's files, checked.

    Raises:
        InvalidInput: it is not the file that was written.
    """
    content = (folder / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != manifest["files"].get(name):
        raise InvalidInput(f"'{name}' of the saved predictor was changed or damaged.", field=name)
    return content
