"""The matrix that a model learns from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

Matrix: TypeAlias = Any
"""A numpy array, or a scipy CSR matrix where the view says sparse."""


class View(StrEnum):
    """How the columns of a table become numbers. A model names the one it wants; trials of one view share designs."""

    TREE = "tree"
    """Dense float32. Missing stays NaN. Categories are codes from 0 (rare and unseen together; missing is NaN), listed
    in `categorical`; those of many values also target-encoded; text by TF-IDF reduced to some dozens of columns."""
    CODES = "codes"
    """As TREE, without target encodings: for libraries that encode categories themselves (CatBoost, LightGBM)."""
    LINEAR = "linear"
    """Imputed, with indicators of what was missing, scaled; one-hot; TF-IDF. Sparse where that is smaller."""
    DENSE = "dense"
    """As LINEAR, dense, text and high cardinality reduced: for distances, kernels and networks."""
    COUNTS = "counts"
    """Nothing negative: scaled to 0..1, one-hot, term counts: for the naive Bayes of counts."""


@dataclass(frozen=True)
class Design:
    """`matrix` has shape (rows, features)."""

    matrix: Matrix
    names: tuple[str, ...]
    """One a feature: `age`, `workclass=Private`, `note:svd3`."""
    categorical: tuple[int, ...] = ()
    """Features that hold codes."""
    cardinalities: tuple[int, ...] = ()
    """Number of codes, one for each of `categorical`."""
