"""Naive Bayes of normal distributions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from modelyard.automl.featurize.design import Matrix, View
from modelyard.automl.models.naive_bayes import NaiveBayes, dense
from modelyard.automl.models.tabular_model import Params, Shape
from modelyard.domain.search_space import AnyDistribution, LogUniform


class GaussianNaiveBayes(NaiveBayes):
    """`smoothing`: added to every variance, as a part of the largest."""

    name = "GaussianNaiveBayes"
    aliases = ("GaussianNB",)
    view = View.DENSE

    @classmethod
    def default(cls, shape: Shape) -> Params:
        return {"smoothing": 1e-2}

    @classmethod
    def space(cls, shape: Shape) -> Mapping[str, AnyDistribution]:
        return {"smoothing": LogUniform(min_value=math.log(1e-6), max_value=math.log(1.0))}

    def _learn(self, member: Any, matrix: Matrix, counts: np.ndarray) -> dict[str, np.ndarray]:
        values = dense(matrix)
        means = np.asarray(member @ values) / counts[:, None]
        squares = np.asarray(member @ (values * values)) / counts[:, None]
        spread = values.var(axis=0)
        variance = np.maximum(squares - means**2, 0.0) + float(self.params.get("smoothing", 1e-2)) * spread.max() + 1e-9
        # A class of no row has the variance of all.
        variance[counts < 1e-6] = spread + variance.max()
        inverse = 1.0 / variance
        constant = -0.5 * (np.log(variance) + means**2 * inverse).sum(axis=1)
        return {"square": (-0.5 * inverse).T, "linear": (means * inverse).T, "constant": constant}

    def _scores(self, matrix: Matrix) -> np.ndarray:
        values = dense(matrix)
        terms = self._terms
        return np.asarray(values * values @ terms["square"] + values @ terms["linear"] + terms["constant"])
