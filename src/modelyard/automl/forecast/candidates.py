"""Which forecasters a search tries, and in what order."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from modelyard.automl.forecast.forecaster import Forecaster, PanelShape, Params
from modelyard.automl.forecast.lag_forecaster import LagForecaster
from modelyard.automl.forecast.panel import Panel
from modelyard.automl.forecast.rows import Note
from modelyard.automl.models import catalogue
from modelyard.automl.plan.settings import Training
from modelyard.domain.errors import InvalidInput, MissingExtra, Unsupported
from modelyard.kit.registry import scan

# Best value for its time first, so that a short budget ends well: what complements what, by the M4 and M5 competitions
# (combinations of ETS, theta, ARIMA and CES; trees over all series) and by our own development sets. A name that comes
# again stands for its next configuration.
ORDER = (
    "SeasonalNaive", "Naive", "Theta", "LightGBM", "Prophet", "LightGBM", "Average", "ETS", "LightGBM", "AutoArima",
    "Arimax", "ExponentialSmoothing", "Prophet", "Theta", "ElasticNet", "MFLES", "ExtremeRandomTrees", "CatBoost",
    "CES", "LightGBM", "Croston", "TSB", "XGBoostRegressor", "RandomForest", "SeasonalAverage", "KNN",
    "GradientBoosting", "LassoLars", "SGD", "DecisionTree",
)  # fmt: skip
ENSEMBLES = ("VotingEnsemble", "StackEnsemble")


@dataclass(frozen=True)
class Candidate:
    kind: type[Forecaster]
    params: Params = field(default_factory=dict)
    origin: str = "portfolio"


@cache
def forecasters() -> Mapping[str, type[Forecaster]]:
    """Every forecaster by its canonical name."""
    package = importlib.import_module("modelyard.automl.forecast.models")
    return {kind.name: kind for kind in scan(package, Forecaster) if _exists(kind)}  # type: ignore[type-abstract]


def _exists(kind: type[Forecaster]) -> bool:
    return not issubclass(kind, LagForecaster) or catalogue.canonical(kind.regressor) is not None


def find(name: str) -> type[Forecaster]:
    """The forecaster of a canonical name or alias, in any spelling of case and underscores.

    Raises:
        InvalidInput: there is none of that name.
    """
    folded = name.replace("_", "").lower()
    if folded == "tcnforecaster":
        raise Unsupported(
            "TCNForecaster, a neural network, is not part of this version.",
            field="training.allowed_training_algorithms",
            mend="LightGBM and CatBoost learn over all series at once in its place.",
        )
    for kind in forecasters().values():
        if folded in {spelling.replace("_", "").lower() for spelling in (kind.name, *kind.aliases)}:
            return kind
    raise InvalidInput(
        f"No forecaster is called '{name[:60]}'.",
        field="training.allowed_training_algorithms",
        mend=f"Choose from: {', '.join(sorted(forecasters()))}.",
    )


def shape_of(panel: Panel, horizon: int, first_cut: int) -> PanelShape:
    """`first_cut`: points held back at the oldest origin."""
    lengths = [len(one) for one in panel.series]
    values = np.concatenate([one.target for one in panel.series])
    return PanelShape(
        series=len(panel),
        points=int(sum(lengths)),
        shortest=max(1, int(np.quantile(lengths, 0.1)) - first_cut),
        horizon=horizon,
        season=panel.season,
        known_columns=len(panel.known_names),
        past_columns=len(panel.past_names),
        zero_fraction=float((values == 0).mean()),
        smallest=float(values.min()),
    )


def candidates(training: Training, shape: PanelShape, lag_params: Params, note: Note) -> list[Candidate]:
    """The portfolio: every forecaster's first configuration in `ORDER`, then the further ones.

    `lag_params`: settings of the user that all regressions on lags take over.

    Raises:
        InvalidInput: a name is unknown, or nothing is left.
    """
    names = [name for name in training.allowed or () if name not in ENSEMBLES]
    allowed = {find(name).name for name in names} if names else set(forecasters())
    blocked = {find(name).name for name in training.blocked if name not in ENSEMBLES and name != "TCNForecaster"}
    if training.neural:
        note("There is no neural forecaster in this version: enable_dnn_training adds none.")
    found: list[Candidate] = []
    for name in sorted(allowed - blocked):
        kind = forecasters()[name]
        reason = _missing(kind) or kind.unsuited(shape)
        if reason and names:
            note(f"{name} is left out: {reason}.")
        if not reason:
            extra = lag_params if issubclass(kind, LagForecaster) else {}
            found += [Candidate(kind, {**params, **extra}) for params in kind.portfolio(shape)]
    found = _ordered(found)
    if not found:
        raise InvalidInput(
            "No forecaster is left that suits these series.", field="training.allowed_training_algorithms"
        )
    return found


def _ordered(found: list[Candidate]) -> list[Candidate]:
    """By `ORDER`; configurations beyond it come last."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(ORDER):
        places.setdefault(name, []).append(place)
    seen: dict[str, int] = {}
    ranked = []
    for number, candidate in enumerate(found):
        turn = seen.get(candidate.kind.name, 0)
        seen[candidate.kind.name] = turn + 1
        own = places.get(candidate.kind.name, [])
        ranked.append((own[turn] if turn < len(own) else len(ORDER) + turn, number, candidate))
    return [candidate for _, _, candidate in sorted(ranked, key=lambda entry: entry[:2])]


def _missing(kind: type[Forecaster]) -> str | None:
    if kind.extra_module is None or importlib.util.find_spec(kind.extra_module) is not None:
        return None
    return str(MissingExtra(kind.name, "automl"))
