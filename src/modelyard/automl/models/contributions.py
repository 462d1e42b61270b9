"""What some candidates can tell beyond a prediction: the share of each feature in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from modelyard.automl.featurize.design import Design


class GivesContributions(ABC):
    """A model whose predictions can be taken apart exactly.

    Contributions are in the model's margin: log odds of class 1 (binary), scores before the softmax (multiclass), the
    target's unit (regression).
    """

    contribution_method: ClassVar[str] = "tree_shap"

    @property
    def contributes(self) -> bool:
        """Whether this one's can; False where its margin is in a unit of its own (the logarithm of a target)."""
        return True

    @abstractmethod
    def contributions(self, design: Design) -> np.ndarray:
        """(rows, features + 1), or (rows, features + 1, classes) for multiclass; the last is the base value.

        Along the features they add up to the margin.
        """
