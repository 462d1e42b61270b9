"""What a search returns: one model or several, and how their predictions become one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from modelyard.automl.ensemble.combiner import Combiner, WeightedMean, restore_combiner
from modelyard.automl.featurize.design import Design
from modelyard.automl.models.catalogue import find
from modelyard.automl.models.tabular_model import TabularModel
from modelyard.automl.task import Task

# A member that counts less than this costs its latency and size for nothing.
_NEGLIGIBLE = 0.01


@dataclass(frozen=True)
class Member:
    """A candidate: one model, or several of its folds whose mean counts.

    `designs` names the design that each model reads, `tree` (a view) by default; models of folds that keep their own
    featurizers read designs of other names, such as `tree/0`.
    """

    models: tuple[TabularModel, ...]
    designs: tuple[str, ...]

    @classmethod
    def of(cls, *models: TabularModel) -> Self:
        return cls(models, tuple(str(model.view) for model in models))

    @property
    def algorithm(self) -> str:
        return self.models[0].name

    def predict(self, designs: Mapping[str, Design], threads: int = 1) -> np.ndarray:
        total = self.models[0].predict(designs[self.designs[0]], threads)
        for model, name in zip(self.models[1:], self.designs[1:], strict=True):
            total = total + model.predict(designs[name], threads)
        return total if len(self.models) == 1 else total / len(self.models)

    def state(self) -> dict[str, Any]:
        models = [{"params": dict(model.params), "state": model.state()} for model in self.models]
        return {"algorithm": self.algorithm, "designs": list(self.designs), "models": models}

    @classmethod
    def restore(cls, task: Task, classes: int, state: Mapping[str, Any]) -> Self:
        kind = find(state["algorithm"])
        models = [kind.restore(task, classes, one["params"], one["state"]) for one in state["models"]]
        return cls(tuple(models), tuple(state["designs"]))


class FittedEnsemble:
    """One prediction from a mapping of designs. A single model is an ensemble of one."""

    def __init__(self, task: Task, classes: int, members: Sequence[Member], combiner: Combiner) -> None:
        self.task = task
        self.classes = classes
        self.members = tuple(members)
        self.combiner = combiner

    @classmethod
    def single(cls, model: TabularModel) -> Self:
        return cls(model.task, model.classes, [Member.of(model)], WeightedMean([1.0]))

    @property
    def designs(self) -> tuple[str, ...]:
        """Names of the designs that `predict` needs, each once."""
        return tuple(dict.fromkeys(name for member in self.members for name in member.designs))

    def predict(self, designs: Mapping[str, Design], threads: int = 1) -> np.ndarray:
        """(rows,) or (rows, classes), as `TabularModel.predict`."""
        return self.combiner.combine([member.predict(designs, threads) for member in self.members])

    def pruned(self, negligible: float = _NEGLIGIBLE) -> FittedEnsemble:
        """Without the members that hardly count."""
        influence = self.combiner.influence()
        kept = [index for index, share in enumerate(influence) if share >= negligible] or [int(np.argmax(influence))]
        if len(kept) == len(self.members):
            return self
        return FittedEnsemble(
            self.task, self.classes, [self.members[index] for index in kept], self.combiner.only(kept)
        )

    def shares(self) -> list[tuple[str, float]]:
        """Algorithm and influence of each member, for people."""
        influence = self.combiner.influence()
        return [(member.algorithm, float(share)) for member, share in zip(self.members, influence, strict=True)]

    def state(self) -> dict[str, Any]:
        """Nested mappings and lists of JSON values, bytes and numpy arrays."""
        combiner = {"kind": self.combiner.kind, **self.combiner.state()}
        return {"task": str(self.task), "classes": self.classes, "combiner": combiner,
                "members": [member.state() for member in self.members]}  # fmt: skip

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> Self:
        task, classes = Task(state["task"]), int(state["classes"])
        members = [Member.restore(task, classes, one) for one in state["members"]]
        return cls(task, classes, members, restore_combiner(state["combiner"]))
