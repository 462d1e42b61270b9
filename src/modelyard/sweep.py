"""Search spaces, sampling algorithms and early termination under the names that Azure ML's SDKs give them.

Those of SDK v1 (`BayesianParameterSampling`, `choice`, `PrimaryMetricGoal`, ...) mean the same as those of today.
"""

from __future__ import annotations

from typing import Any

from modelyard.domain.search_policy import (
    AshaPolicy,
    BanditPolicy,
    BayesianSampling,
    CmaEsSampling,
    GaussianProcessSampling,
    Goal,
    GridSampling,
    HyperbandPolicy,
    MedianStoppingPolicy,
    Nsga2Sampling,
    Objective,
    PbtPolicy,
    RandomSampling,
    SamplingAlgorithm,
    TruncationSelectionPolicy,
)
from modelyard.domain.search_space import (
    Choice,
    LogNormal,
    LogUniform,
    Normal,
    QLogNormal,
    QLogUniform,
    QNormal,
    QUniform,
    Randint,
    Uniform,
)
from modelyard.kinds.sweep import SweepJob, SweepJobLimits

RandomSamplingAlgorithm = RandomSampling
GridSamplingAlgorithm = GridSampling
BayesianSamplingAlgorithm = BayesianSampling
RandomParameterSampling = RandomSampling
GridParameterSampling = GridSampling
BayesianParameterSampling = BayesianSampling
PrimaryMetricGoal = Goal
uniform = Uniform
quniform = QUniform
loguniform = LogUniform
qloguniform = QLogUniform
normal = Normal
qnormal = QNormal
lognormal = LogNormal
qlognormal = QLogNormal
randint = Randint


def choice(*options: Any) -> Choice:
    """One of the options, given one by one or as a list or range."""
    whole = len(options) == 1 and isinstance(options[0], list | tuple | range)
    return Choice(values=list(options[0] if whole else options))


__all__ = [
    "AshaPolicy",
    "BanditPolicy",
    "BayesianParameterSampling",
    "BayesianSamplingAlgorithm",
    "Choice",
    "CmaEsSampling",
    "GaussianProcessSampling",
    "GridParameterSampling",
    "GridSamplingAlgorithm",
    "HyperbandPolicy",
    "LogNormal",
    "LogUniform",
    "MedianStoppingPolicy",
    "Normal",
    "Nsga2Sampling",
    "Objective",
    "PbtPolicy",
    "PrimaryMetricGoal",
    "QLogNormal",
    "QLogUniform",
    "QNormal",
    "QUniform",
    "Randint",
    "RandomParameterSampling",
    "RandomSamplingAlgorithm",
    "SamplingAlgorithm",
    "SweepJob",
    "SweepJobLimits",
    "TruncationSelectionPolicy",
    "Uniform",
    "choice",
    "lognormal",
    "loguniform",
    "normal",
    "qlognormal",
    "qloguniform",
    "qnormal",
    "quniform",
    "randint",
    "uniform",
]
