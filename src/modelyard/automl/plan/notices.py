"""Settings that a search over a table cannot follow to the letter: each is said, none is ignored in silence."""

from __future__ import annotations

from collections.abc import Iterator

from modelyard.automl.plan.settings import Settings

# The stack is linear in numbers and log-linear in probabilities: what these names of Azure ML stand for.
_LINEAR_STACKS = frozenset(
    {"none", "linearregression", "elasticnet", "elasticnetcv", "logisticregression", "logisticregressioncv"}
)
_DEFAULT_TRAIN_FRACTION = 0.2


def notices(settings: Settings) -> Iterator[str]:
    """A line for each."""
    training = settings.training
    learner = training.stack_meta_learner
    if learner is not None and learner.replace("_", "").lower() not in _LINEAR_STACKS:
        yield f"The stack ensemble is linear, without negative weights; {learner} is not used to combine."
    if training.stack_meta_learner_params:
        yield "The stack ensemble finds its own weights: stack_meta_learner_kwargs are not used."
    if training.stack_meta_learner_train_fraction != _DEFAULT_TRAIN_FRACTION:
        yield "The stack ensemble learns from all out-of-fold rows, cross-validated: its train fraction is not used."
    if training.neural:
        yield "Neural networks for tables are small ones that need no accelerator; enable_dnn_training adds none."
