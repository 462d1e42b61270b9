"""How a sweep proposes trials, what it aims at, and when it ends them early: the words of its YAML."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, Tag

from modelyard.domain.choices import Choice as Words
from modelyard.domain.entity import Part, problem
from modelyard.domain.unions import by_type


class Goal(Words):
    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"

    def better(self, one: float, other: float) -> bool:
        """Whether `one` is strictly better than `other`. NaN is worse than every number."""
        if math.isnan(one):
            return False
        if math.isnan(other):
            return True
        return one > other if self is Goal.MAXIMIZE else one < other


class Objective(Part):
    """The metric that trials log through MLflow, and the direction wanted."""

    positional: ClassVar[tuple[str, ...]] = ("goal", "primary_metric")

    goal: Goal
    primary_metric: str = Field(min_length=1, max_length=250)


class SamplingRule(Words):
    RANDOM = "random"
    SOBOL = "sobol"


class RandomSampling(Part):
    """Independent draws, or a Sobol sequence."""

    type: Literal["random"] = "random"
    seed: int | None = Field(default=None, ge=0, lt=2**32)
    rule: SamplingRule = SamplingRule.RANDOM
    logbase: float | Literal["e"] = "e"
    """The base of the log distributions."""

    def problems(self) -> Iterable[dict[str, str]]:
        if self.logbase != "e" and not self.logbase > 1:
            yield problem("logbase", f"logbase must be above 1 or 'e', not {self.logbase}")


class GridSampling(Part):
    """Every combination of a discrete space, once."""

    type: Literal["grid"] = "grid"


class Surrogate(Words):
    AUTO = "auto"
    TPE = "tpe"


class BayesianSampling(Part):
    """A model of the objective proposes the trials: a Gaussian process while trials are few and the space is flat,
    the tree-structured Parzen estimator (Bergstra et al. 2011) beyond."""

    type: Literal["bayesian"] = "bayesian"
    seed: int | None = Field(default=None, ge=0, lt=2**32)
    logbase: float | Literal["e"] = "e"
    surrogate: Surrogate = Surrogate.AUTO
    """`tpe` uses the estimator from the first trial on."""
    startup_trials: int = Field(default=10, ge=1)
    """Quasi-random trials before the model is used."""
    multivariate: bool = True
    """Model the parameters together, not each by itself."""
    constant_liar: bool = True
    """Count a running trial as a bad one, so that concurrent trials spread out."""


class GaussianProcessSampling(Part):
    """A Gaussian process with expected improvement: few, expensive trials of a smooth objective."""

    type_aliases: ClassVar[tuple[str, ...]] = ("gaussian_process",)

    type: Literal["gp"] = "gp"
    seed: int | None = Field(default=None, ge=0, lt=2**32)
    logbase: float | Literal["e"] = "e"
    startup_trials: int = Field(default=10, ge=1)


class CmaEsSampling(Part):
    """Covariance matrix adaptation (Hansen 2016): continuous spaces, some hundreds of trials."""

    type: Literal["cma_es"] = "cma_es"
    seed: int | None = Field(default=None, ge=0, lt=2**32)
    logbase: float | Literal["e"] = "e"
    startup_trials: int = Field(default=1, ge=1)


class Nsga2Sampling(Part):
    """NSGA-II (Deb et al. 2002): several objectives at once."""

    type: Literal["nsga2"] = "nsga2"
    seed: int | None = Field(default=None, ge=0, lt=2**32)
    logbase: float | Literal["e"] = "e"
    population_size: int = Field(default=50, ge=2)


def _named(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


SamplingAlgorithm = Annotated[
    Annotated[RandomSampling, Tag("<random>")]
    | Annotated[GridSampling, Tag("<grid>")]
    | Annotated[BayesianSampling, Tag("<bayesian>")]
    | Annotated[GaussianProcessSampling, Tag("<gp>")]
    | Annotated[CmaEsSampling, Tag("<cmaes>")]
    | Annotated[Nsga2Sampling, Tag("<nsga2>")],
    by_type(aliases={"gaussianprocess": "gp", "nsgaii": "nsga2"}),
]
# In YAML the algorithm may be a bare word.
SamplingAlgorithmOrName = Annotated[SamplingAlgorithm, BeforeValidator(_named)]


class _Policy(Part):
    evaluation_interval: int = Field(default=1, ge=0)
    """Judge at every multiple of so many logged values; 0 counts as 1."""
    delay_evaluation: int = Field(default=0, ge=0)
    """Never judge before so many logged values."""

    def judges_at(self, step: int) -> bool:
        """Whether the policy looks at a trial that has just logged its `step`th value (from 1)."""
        return step >= max(self.delay_evaluation, 1) and step % max(self.evaluation_interval, 1) == 0


class BanditPolicy(_Policy):
    """Stop what is worse than the best by more than a slack (a ratio or an amount)."""

    type: Literal["bandit"] = "bandit"
    slack_factor: float = Field(default=0.0, ge=0)
    slack_amount: float = Field(default=0.0, ge=0)

    def problems(self) -> Iterable[dict[str, str]]:
        if self.slack_factor and self.slack_amount:
            yield problem("slack_amount", "give slack_factor or slack_amount, not both", "remove one of them")


class MedianStoppingPolicy(_Policy):
    """Stop what is worse than the median of the running averages of all trials (Golovin et al. 2017)."""

    type: Literal["median_stopping"] = "median_stopping"


class TruncationSelectionPolicy(_Policy):
    """At each interval stop the worst share of the running trials."""

    type: Literal["truncation_selection"] = "truncation_selection"
    truncation_percentage: int = Field(ge=1, le=99)
    exclude_finished_jobs: bool = True
    """Rank a trial among the running ones alone."""


class AshaPolicy(Part):
    """Asynchronous successive halving (Li et al. 2020): promotion at rungs; trials pause and resume."""

    type: Literal["asha"] = "asha"
    min_resource: int = Field(default=1, ge=1)
    """Logged values until the first rung."""
    max_resource: int | None = Field(default=None, ge=1)
    """Logged values of a full trial."""
    reduction_factor: int = Field(default=3, ge=2)
    """One in so many goes on at each rung."""
    pause: bool = True
    """Pause at rungs and resume from the checkpoint; else stop for good."""

    def problems(self) -> Iterable[dict[str, str]]:
        if self.max_resource is not None and self.max_resource < self.min_resource:
            yield problem("max_resource", "max_resource is below min_resource")


class HyperbandPolicy(Part):
    """Brackets of successive halving with different first rungs (Li et al. 2018)."""

    type: Literal["hyperband"] = "hyperband"
    min_resource: int = Field(default=1, ge=1)
    max_resource: int = Field(ge=1)
    reduction_factor: int = Field(default=3, ge=2)
    pause: bool = True

    def problems(self) -> Iterable[dict[str, str]]:
        if self.max_resource < self.min_resource:
            yield problem("max_resource", "max_resource is below min_resource")


class PbtPolicy(_Policy):
    """Population based training (Jaderberg et al. 2017): at each interval the worst go on from a copy of a good
    trial's checkpoint, with its parameters changed. The population is all trials of the sweep."""

    type_aliases: ClassVar[tuple[str, ...]] = ("population_based_training",)

    type: Literal["pbt"] = "pbt"
    quantile_fraction: float = Field(default=0.25, gt=0, le=0.5)
    """The share of the trials that copies, and the share that is copied."""
    perturbation_factors: list[float] = Field(default_factory=lambda: [0.8, 1.2], min_length=1)
    """A number is multiplied by one of these; a listed value moves to a neighbour."""
    resample_probability: float = Field(default=0.25, ge=0, le=1)
    """How often a parameter is drawn anew from its distribution instead."""
    fixed: list[str] = Field(default_factory=list)
    """Parameters that a copy takes over as they are, such as those that shape the network."""
    max_resource: int | None = Field(default=None, ge=1)
    """Logged values of a full trial: from there on it is left to its own end."""
    seed: int | None = Field(default=None, ge=0, lt=2**32)
    """Fixes whom a trial copies and what is changed; the sweep's when left out."""

    def problems(self) -> Iterable[dict[str, str]]:
        for place, factor in enumerate(self.perturbation_factors):
            if not (math.isfinite(factor) and factor > 0):
                yield problem(f"perturbation_factors.{place}", f"a factor must be above 0, not {factor:g}")


EarlyTermination = Annotated[
    Annotated[BanditPolicy, Tag("<bandit>")]
    | Annotated[MedianStoppingPolicy, Tag("<medianstopping>")]
    | Annotated[TruncationSelectionPolicy, Tag("<truncationselection>")]
    | Annotated[AshaPolicy, Tag("<asha>")]
    | Annotated[HyperbandPolicy, Tag("<hyperband>")]
    | Annotated[PbtPolicy, Tag("<pbt>")],
    by_type(aliases={"populationbasedtraining": "pbt"}),
]
