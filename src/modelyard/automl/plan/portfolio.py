"""In which order configurations are tried before any search: what is strong first, then what complements it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from modelyard.automl.models.catalogue import candidates, canonical, find, models
from modelyard.automl.models.tabular_model import Params, Shape, TabularModel
from modelyard.automl.plan.settings import Training
from modelyard.automl.task import Task
from modelyard.domain.errors import InvalidInput, did_you_mean

BASELINE = "LightGBM"
# (algorithm, index in its own portfolio). The first round is one strong configuration of each family that adds to an
# ensemble of the others, as TabArena (Erickson et al. 2025) and TabRepo (Salinas and Erickson 2024) find them: boosting
# by three libraries, extremely random trees, a network, a linear model; then second shapes of the strong ones.
_ORDER: Sequence[tuple[str, int]] = (
    ("LightGBM", 0),
    ("CatBoost", 0),
    ("LightGBM", 1),
    ("XGBoost", 0),
    ("LogisticRegression", 0),
    ("ElasticNet", 0),
    ("ExtremeRandomTrees", 0),
    ("NeuralNetwork", 0),
    ("LightGBM", 2),
    ("RandomForest", 0),
    ("CatBoost", 1),
    ("XGBoost", 1),
    ("LightGBM", 3),
    ("NeuralNetwork", 1),
    ("KNN", 0),
    ("GradientBoosting", 0),
    ("LightGBM", 4),
    ("CatBoost", 2),
    ("XGBoost", 2),
    ("NeuralNetwork", 2),
    ("ExtremeRandomTrees", 1),
    ("LightGBM", 5),
    ("SVM", 0),
    ("LightGBM", 6),
)
# Left to those who ask for them by name, or who leave nothing stronger.
_WEAK = frozenset(
    {"DecisionTree", "BernoulliNaiveBayes", "MultinomialNaiveBayes", "GaussianNaiveBayes", "SGD", "LinearSVM",
     "LassoLars", "Ridge", "LinearRegression", "Baseline"}
)  # fmt: skip


@dataclass(frozen=True)
class Configuration:
    algorithm: str
    params: Params
    seconds: float
    """Of one fit, estimated."""
    memory_bytes: int


def allowed_models(task: Task, training: Training) -> Mapping[str, type[TabularModel]]:
    """The candidates that the settings leave.

    Raises:
        InvalidInput: a name that is no algorithm, or nothing is left.
    """
    known = candidates(task)
    allowed = None if training.allowed is None else {_canonical(name, task) for name in training.allowed}
    blocked = {_canonical(name, None) for name in training.blocked}
    kept = {
        name: model for name, model in known.items() if name not in blocked and (allowed is None or name in allowed)
    }
    if not kept:
        raise InvalidInput(
            "the allowed and blocked algorithms leave none to try",
            field="allowed_training_algorithms",
            mend=f"choose from {', '.join(known)}",
        )
    return kept


def _canonical(name: str, task: Task | None) -> str:
    found = canonical(name)
    if found is None:
        raise InvalidInput(
            f"no algorithm is called '{name[:60]}'",
            field="allowed_training_algorithms",
            mend=did_you_mean(name, models()),
        )
    if task is not None and task not in find(name).tasks:
        raise InvalidInput(
            f"{found} does not learn {task.value}",
            field="allowed_training_algorithms",
            mend=f"choose from {', '.join(candidates(task))}",
        )
    return found


def portfolio(
    kept: Mapping[str, type[TabularModel]], shape: Shape, *, explicit: bool, threads: int
) -> list[Configuration]:
    """Every configuration worth a look, best order first. `explicit`: the user named the algorithms; all are tried."""
    found = []
    for name, index in _ranked(kept, shape, explicit=explicit):
        model = kept[name]
        params = model.portfolio(shape)[index]
        found.append(
            Configuration(name, params, model.seconds(shape, params, threads), model.memory_bytes(shape, params))
        )
    return found


def _ranked(kept: Mapping[str, type[TabularModel]], shape: Shape, *, explicit: bool) -> Iterator[tuple[str, int]]:
    counts = {name: len(model.portfolio(shape)) for name, model in kept.items()}
    strong = [name for name in kept if name not in _WEAK]
    told = [(name, index) for name, index in _ORDER if index < counts.get(name, 0)]
    yield from told
    # What the order above does not know, each after its kind: first shapes, then second ones.
    further = [(index, name) for name in (kept if explicit or not strong else strong) for index in range(counts[name])]
    for index, name in sorted(further, key=lambda one: one[0]):
        if (name, index) not in told:
            yield name, index
