"""The port of sampling: one file in `sampling/` for each algorithm."""

from __future__ import annotations

import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler

from modelyard.domain.entity import Part
from modelyard.domain.errors import InvalidInput
from modelyard.domain.search_policy import Goal
from modelyard.kit.registry import scan
from modelyard.tuning import sampling


@dataclass(frozen=True)
class SearchProblem:
    """What is searched: the space, the direction of each objective, and the seed that fixes every draw."""

    space: Mapping[str, Any]
    goals: Sequence[Goal]
    seed: int
    base: float = math.e


class SamplingStrategy(ABC):
    """Makes the Optuna sampler that proposes one trial.

    A proposal depends on the seed, the trial's number and the trials before it, and on nothing else: a search that
    was interrupted goes on with the same proposals. Not safe for several threads.
    """

    spec: ClassVar[type[Part]]

    def __init__(self, spec: Any, problem: SearchProblem) -> None:
        self.problem = problem
        self.check(spec)
        self.spec_values = spec

    def check(self, spec: Any) -> None:
        """InvalidInput when this algorithm cannot search this problem. By default one objective only."""
        check_single_objective(type(self).__name__, self.problem)

    @abstractmethod
    def sampler(self, number: int) -> BaseSampler:
        """The sampler of trial `number` (from 0). Raises SearchExhausted when there is nothing left to propose."""

    def seed_of(self, number: int) -> int:
        """A seed of its own for each trial: splitmix64 of the search's seed and the number, cut to 32 bits."""
        mixed = (self.problem.seed * 0x9E3779B97F4A7C15 + (number + 1) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
        return (mixed ^ (mixed >> 31)) & (2**32 - 1)


@contextmanager
def experimental() -> Iterator[None]:
    """Optuna warns of options that it may still change; our pin of its major version answers that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        yield


class SearchExhausted(Exception):
    """Every point of the space has been proposed."""


def check_single_objective(what: str, problem: SearchProblem) -> None:
    if len(problem.goals) != 1:
        raise InvalidInput(
            f"{what} takes one objective, not {len(problem.goals)}.",
            field="sampling_algorithm",
            mend="use 'nsga2' or 'bayesian' for several objectives",
        )


@cache
def strategies() -> Mapping[type[Part], type[SamplingStrategy]]:
    """Every strategy by the class of its YAML."""
    return {strategy.spec: strategy for strategy in scan(sampling, SamplingStrategy)}  # type: ignore[type-abstract]


def make_strategy(spec: Part, problem: SearchProblem) -> SamplingStrategy:
    """The strategy that `spec` names; InvalidInput when it does not suit the problem."""
    return strategies()[type(spec)](spec, problem)
