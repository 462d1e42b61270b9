"""The part of a predictor that answers, as bytes and back: all that a prediction needs, without pickles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelyard.automl.ensemble.fitted_ensemble import FittedEnsemble
from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.outcome.input_table import ColumnKind, InputColumn
from modelyard.automl.outcome.state_archive import pack, unpack
from modelyard.automl.task import Task
from modelyard.domain.errors import InvalidInput, Unsupported
from modelyard.kit.deferred import deferred

FORMAT = "modelyard-automl"
VERSION = 1

featurizers = deferred("modelyard.automl.featurize.featurizer")


def model_bytes(model: FittedModel) -> bytes:
    """The model as one archive; `model_from` makes it again, with the same predictions."""
    return pack(
        {
            "format": FORMAT,
            "version": VERSION,
            "task": model.task.value,
            "classes": list(model.classes),
            "columns": [[column.name, column.kind.value, column.example] for column in model.columns],
            "featurizers": {name: model.featurizers[name].state() for name in model.ensemble.designs},
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
    require_known(state)
    return FittedModel(
        task=Task(state["task"]),
        columns=tuple(InputColumn(name, ColumnKind(kind), example) for name, kind, example in state["columns"]),
        classes=tuple(state["classes"]),
        featurizers={
            str(name): featurizers.Featurizer.restore(stored) for name, stored in state["featurizers"].items()
        },
        ensemble=FittedEnsemble.restore(state["ensemble"]),
    )


def modules_of(model: FittedModel) -> tuple[str, ...]:
    """Names of the modules whose classes the model is made of, beyond those that `model_from` imports itself."""
    members = {type(one).__module__ for member in model.ensemble.members for one in member.models}
    return tuple(sorted(members | {type(one).__module__ for one in model.featurizers.values()}))


def require_known(stored: Mapping[str, Any]) -> None:
    """
    Raises:
        InvalidInput: another program wrote it.
        Unsupported: a later version did.
    """
    if stored.get("format") != FORMAT:
        raise InvalidInput("This is not a predictor saved by modelyard.automl.", field="format")
    if int(stored.get("version", 0)) > VERSION:
        raise Unsupported(
            f"The predictor was saved in form {stored['version']}; this release reads up to {VERSION}.",
            mend="upgrade modelyard",
        )
