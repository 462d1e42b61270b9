"""Naive Bayes of what is there and what is not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from modelyard.automl.featurize.design import Matrix
from modelyard.automl.models.naive_bayes import NaiveBayes, dense
from modelyard.automl.models.tabular_model import Params, Shape
from modelyard.domain.search_space import AnyDistribution, LogUniform, Uniform


class BernoulliNaiveBayes(NaiveBayes):
    """`alpha`: added to every count; a value above `threshold` counts as there."""

    name = "BernoulliNaiveBayes"
    aliases = ("BernoulliNB",)

    @classmethod
    def default(cls, shape: Shape) -> Params:
        return {"alpha": 1.0, "threshold": 0.5}

    @classmethod
    def space(cls, shape: Shape) -> Mapping[str, AnyDistribution]:
        return {"alpha": LogUniform(min_value=math.log(1e-3), max_value=math.log(10)),
                "threshold": Uniform(min_value=0.0, max_value=0.9)}  # fmt: skip

    def _learn(self, member: Any, matrix: Matrix, counts: np.ndarray) -> dict[str, np.ndarray]:
        alpha = float(self.params.get("alpha", 1.0))
        share = (dense(member @ self._there(matrix)) + alpha) / (counts[:, None] + 2 * alpha)
        absent = np.log1p(-share)
        return {"logs": (np.log(share) - absent).T.astype(np.float32), "absent": absent.sum(axis=1)}

    def _scores(self, matrix: Matrix) -> np.ndarray:
        return np.asarray(self._there(matrix) @ self._terms["logs"] + self._terms["absent"])

    def _there(self, matrix: Any) -> Any:
        there: Any = matrix > float(self.params.get("threshold", 0.5))
        return there.astype(np.float32)
