"""The port of early termination: one file in `policies/` for each policy. Rules are pure: curves in, verdicts out."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar

from modelyard.domain.entity import Part
from modelyard.domain.search_policy import Goal
from modelyard.kit.registry import scan
from modelyard.tuning import policies


class Phase(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"  # completed, stopped or failed


@dataclass(frozen=True)
class Curve:
    """The primary metric that a trial logged: `values[k - 1]` at interval k. NaN where it logged NaN."""

    number: int
    values: Sequence[float]
    phase: Phase = Phase.RUNNING

    def best(self, goal: Goal, until: int | None = None) -> float:
        """The best of the first `until` values; NaN when all are NaN or there are none."""
        usable = [value for value in self.values[:until] if not math.isnan(value)]
        if not usable:
            return math.nan
        return max(usable) if goal is Goal.MAXIMIZE else min(usable)


class Action(StrEnum):
    GO_ON = "go_on"
    STOP = "stop"
    PAUSE = "pause"


@dataclass(frozen=True)
class Verdict:
    """What happens to a trial, at which interval, and why in words with numbers."""

    action: Action
    step: int
    reason: str = ""


@dataclass(frozen=True)
class Population:
    """What a rule may know of its sweep: how many trials there will be, at how many places, and a seed for draws."""

    trials: int = 0
    places: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Source:
    """The trial whose checkpoint and parameters another goes on from, and why in words."""

    number: int
    reason: str


class StoppingRule(ABC):
    """Judges a running trial each time it has logged a value.

    `judge` sees every curve of the sweep, the judged one included, and decides from them alone: the same curves give
    the same verdict, in whichever process.
    """

    policy: ClassVar[type[Part]]
    new_first: ClassVar[bool] = False
    """Whether a trial that was not begun takes a free place before those that paused."""

    def __init__(self, policy: Any, goal: Goal, population: Population) -> None:
        self.settings = policy
        self.goal = goal
        self.population = population

    @abstractmethod
    def judge(self, trial: Curve, curves: Sequence[Curve]) -> Verdict:
        """The verdict on `trial` at its last value."""

    def next_to_resume(self, curves: Sequence[Curve]) -> int | None:
        """The number of a paused trial that deserves the next free place; None to start a new one."""
        return None

    def source(self, trial: Curve, curves: Sequence[Curve]) -> Source | None:
        """Whose checkpoint a paused trial that is to go on should take; None for its own."""
        return None

    def go_on(self, trial: Curve) -> Verdict:
        return Verdict(Action.GO_ON, len(trial.values))

    def stop(self, trial: Curve, reason: str) -> Verdict:
        return Verdict(Action.STOP, len(trial.values), reason)


@cache
def rules() -> Mapping[type[Part], type[StoppingRule]]:
    """Every rule by the class of its YAML."""
    return {rule.policy: rule for rule in scan(policies, StoppingRule)}  # type: ignore[type-abstract]


def make_rule(policy: Part, goal: Goal, population: Population | None = None) -> StoppingRule:
    """The rule that `policy` names."""
    return rules()[type(policy)](policy, goal, population or Population())
