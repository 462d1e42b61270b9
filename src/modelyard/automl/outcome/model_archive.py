"""The part of a predictor that answers, as bytes and back: all that a prediction needs, without pickles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.outcome.served_model import FORMAT, VERSION, ServedModel
from modelyard.automl.outcome.state_archive import pack, unpack
from modelyard.domain.errors import InvalidInput, Unsupported
from modelyard.kit.deferred import deferred

groups_models = deferred("modelyard.automl.groups.groups_model")


def model_bytes(model: ServedModel) -> bytes:
    """The model as one archive; `model_from` makes it again, with the same predictions."""
    return pack(model.state())


def model_from(archive: bytes) -> ServedModel:
    """The model of `model_bytes`.

    Raises:
        InvalidInput: it is no such archive.
        Unsupported: a later version wrote it.
    """
    state = unpack(archive)
    require_known(state)
    kinds = {FittedModel.kind: FittedModel, "groups": None}
    if state.get("kind") not in kinds:
        raise Unsupported(f"The archive holds a model of kind '{state.get('kind')}'.", mend="upgrade modelyard")
    made: ServedModel = (kinds[state["kind"]] or groups_models.GroupsModel).restore(state)
    return made


def fitted_model_from(archive: bytes) -> FittedModel:
    """As `model_from`, of the model of one table.

    Raises:
        InvalidInput: it is another kind of archive.
    """
    model = model_from(archive)
    if not isinstance(model, FittedModel):
        raise InvalidInput("The archive holds another kind of model.", field="model.zip")
    return model


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
