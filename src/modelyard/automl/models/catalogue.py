"""Which candidates there are: found by a scan of this package, asked for by any of their names."""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache

from modelyard.automl.models.tabular_model import TabularModel
from modelyard.automl.task import Task
from modelyard.domain.errors import InvalidInput, MissingExtra
from modelyard.kit.registry import scan


@cache
def models() -> dict[str, type[TabularModel]]:
    """Every candidate by its canonical name, in the order of the files."""
    package = importlib.import_module("modelyard.automl.models")
    return {model.name: model for model in scan(package, TabularModel)}  # type: ignore[type-abstract]


def candidates(task: Task) -> dict[str, type[TabularModel]]:
    """Those that learn `task` and whose library is installed."""
    return {name: model for name, model in models().items() if task in model.tasks and installed(model)}


def installed(model: type[TabularModel]) -> bool:
    """Whether the library that `model` stands on can be imported; nothing is imported to tell."""
    return model.extra_module is None or importlib.util.find_spec(model.extra_module) is not None


def canonical(name: str) -> str | None:
    """`LightGBM` for `light_gbm`, `lightgbm`, `LightGBM`; None for what is no candidate."""
    return _names().get(_folded(name))


def find(name: str) -> type[TabularModel]:
    """The candidate of a canonical name or alias, in any spelling of case and underscores.

    Raises:
        InvalidInput: there is none of that name.
        MissingExtra: its library is not installed.
    """
    known = canonical(name)
    if known is None:
        raise InvalidInput(f"no algorithm is called '{name[:60]}'", mend=f"choose from {', '.join(models())}")
    if not installed(models()[known]):
        raise MissingExtra(known, "automl")
    return models()[known]


@cache
def _names() -> dict[str, str]:
    return {_folded(spelling): name for name, model in models().items() for spelling in (name, *model.aliases)}


def _folded(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
