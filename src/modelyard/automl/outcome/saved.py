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

from modelyard.automl.featurize.design import View
from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.outcome.input_table import ColumnKind, InputColumn
from modelyard.automl.outcome.state_archive import pack, unpack
from modelyard.automl.task import Task
from modelyard.domain.errors import InvalidInput, NotFound, Unsupported
from modelyard.kit.deferred import deferred

FORMAT = "modelyard-automl"
VERSION = 1
MANIFEST = "predictor.json"
MODEL = "model.zip"

featurizers = deferred("modelyard.automl.featurize.featurizer")
ensembles = deferred("modelyard.automl.ensemble.fitted_ensemble")


def model_bytes(model: FittedModel) -> bytes:
    """The model as one archive; `model_from` makes it again, with the same predictions."""
    return pack(
        {
            "format": FORMAT,
            "version": VERSION,
            "task": model.task.value,
            "classes": list(model.classes),
            "columns": [[column.name, column.kind.value, column.example] for column in model.columns],
            "featurizers": {view.value: featurizer.state() for view, featurizer in model.featurizers.items()},
            "ensemble": model.ensemble.state(),
        }
    )


def model_from(archive: bytes) -> FittedModel:
    """The model of `model_bytes`.

    Raises:
        InvalidInput: it is no such archive.
        Unsupported: a later version wrote it.
    """
    state = unpack(archive)
    _require_known(state)
    return FittedModel(
        task=Task(state["task"]),
        columns=tuple(InputColumn(name, ColumnKind(kind), example) for name, kind, example in state["columns"]),
        classes=tuple(state["classes"]),
        featurizers={
            View(view): featurizers.Featurizer.restore(stored) for view, stored in state["featurizers"].items()
        },
        ensemble=ensembles.FittedEnsemble.restore(state["ensemble"]),
    )


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
    _require_known(manifest)
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


def _require_known(stored: Mapping[str, Any]) -> None:
    if stored.get("format") != FORMAT:
        raise InvalidInput("This is not a predictor saved by modelyard.automl.", field="format")
    if int(stored.get("version", 0)) > VERSION:
        raise Unsupported(
            f"The predictor was saved in form {stored['version']}; this release reads up to {VERSION}.",
            mend="upgrade modelyard",
        )
