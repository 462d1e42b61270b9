"""Naive Bayes of counts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from modelyard.automl.featurize.design import Matrix
from modelyard.automl.models.naive_bayes import NaiveBayes, dense
from modelyard.automl.models.tabular_model import Params, Shape
from modelyard.domain.search_space import AnyDistribution, LogUniform


class MultinomialNaiveBayes(NaiveBayes):
    """`alpha`: added to every count."""

    name = "MultinomialNaiveBayes"
    aliases = ("MultinomialNB",)

    @classmethod
    def default(cls, shape: Shape) -> Params:
        return {"alpha": 1.0}

    @classmethod
    def space(cls, shape: Shape) -> Mapping[str, AnyDistribution]:
        return {"alpha": LogUniform(min_value=math.log(1e-3), max_value=math.log(10))}

    def _learn(self, member: Any, matrix: Matrix, counts: np.ndarray) -> dict[str, np.ndarray]:
        sums = dense(member @ matrix) + float(self.params.get("alpha", 1.0))
        return {"logs": np.log(sums / sums.sum(axis=1, keepdims=True)).T.astype(np.float32)}

    def _scores(self, matrix: Matrix) -> np.ndarray:
        return np.asarray(matrix @ self._terms["logs"])
