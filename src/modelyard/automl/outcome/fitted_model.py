"""The part of a winner that answers: columns in, predictions out. It travels with every saved model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from modelyard.automl.ensemble.fitted_ensemble import FittedEnsemble
from modelyard.automl.featurize.design import Design
from modelyard.automl.outcome.served_model import ServedModel, from_header
from modelyard.kit.deferred import deferred

featurizing = deferred("modelyard.automl.featurize.featurizer")


class Transformer(Protocol):
    """A fitted featurizer, as far as a prediction needs it."""

    def transform(self, columns: Mapping[str, np.ndarray]) -> Design: ...

    def state(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class FittedModel(ServedModel):
    """Featurizers and an ensemble over them."""

    kind: ClassVar[str] = "ensemble"

    featurizers: Mapping[str, Transformer]
    """By the name of the design they make: a view, or `tree/0` where models of folds keep their own."""
    ensemble: FittedEnsemble

    def outputs_of(self, arrays: Mapping[str, np.ndarray], threads: int = 1) -> np.ndarray:
        designs = {name: self.featurizers[name].transform(arrays) for name in self.ensemble.designs}
        return self.ensemble.predict(designs, threads)

    def state(self) -> dict[str, Any]:
        return {
            **self.header(),
            "featurizers": {name: self.featurizers[name].state() for name in self.ensemble.designs},
            "ensemble": self.ensemble.state(),
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        made = {name: featurizing.Featurizer.restore(stored) for name, stored in state["featurizers"].items()}
        return cls(*from_header(state), made, FittedEnsemble.restore(state["ensemble"]))

    def modules(self) -> frozenset[str]:
        models = (type(one) for member in self.ensemble.members for one in member.models)
        return frozenset(kind.__module__ for kind in (*models, *map(type, self.featurizers.values())))
