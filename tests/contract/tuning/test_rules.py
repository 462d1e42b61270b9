"""What every early-termination policy promises, run over all that are found."""

from __future__ import annotations

import math
import random

import pytest

from modelyard.domain.entity import Part
from modelyard.domain.search_policy import (
    AshaPolicy,
    BanditPolicy,
    Goal,
    HyperbandPolicy,
    MedianStoppingPolicy,
    PbtPolicy,
    TruncationSelectionPolicy,
)
from modelyard.tuning.stopping_rule import Action, Curve, Phase, StoppingRule, make_rule, rules

POLICIES: list[Part] = [
    BanditPolicy(slack_factor=0.1, evaluation_interval=2, delay_evaluation=3),
    BanditPolicy(slack_amount=0.05, evaluation_interval=2, delay_evaluation=3),
    MedianStoppingPolicy(evaluation_interval=2, delay_evaluation=3),
    TruncationSelectionPolicy(truncation_percentage=30, evaluation_interval=2, delay_evaluation=3),
    AshaPolicy(min_resource=2, reduction_factor=2),
    AshaPolicy(min_resource=2, reduction_factor=2, pause=False),
    HyperbandPolicy(min_resource=2, max_resource=16, reduction_factor=2),
    PbtPolicy(evaluation_interval=2, delay_evaluation=3, seed=5),
]
LENGTH = 12


@pytest.fixture(params=POLICIES, ids=lambda policy: type(policy).__name__)
def policy(request: pytest.FixtureRequest) -> Part:
    found: Part = request.param
    return found


@pytest.fixture(params=list(Goal))
def rule(policy: Part, request: pytest.FixtureRequest) -> StoppingRule:
    return make_rule(policy, request.param)


def curves(seed: int, count: int = 9, *, nan: bool = False) -> list[Curve]:
    """Curves that go up and down at random, some shorter than others."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        level = chance.uniform(-1, 1)
        values = [level + chance.uniform(-0.1, 0.1) for _ in range(chance.randrange(4, LENGTH + 1))]
        if nan:
            values = [math.nan if chance.random() < 0.3 else value for value in values]
        made.append(Curve(number, values, chance.choice(list(Phase))))
    return made


def until(curve: Curve, step: int) -> Curve:
    return Curve(curve.number, curve.values[:step])


def test_every_rule_is_here() -> None:
    assert {type(policy) for policy in POLICIES} == set(rules())


@pytest.mark.parametrize("seed", range(5))
def test_the_same_curves_give_the_same_verdict_in_any_order(rule: StoppingRule, seed: int) -> None:
    seen = curves(seed, nan=True)
    again = make_rule(rule.settings, rule.goal)
    for curve in seen:
        for step in range(1, len(curve.values) + 1):
            own = until(curve, step)
            assert rule.judge(own, seen) == again.judge(own, list(reversed(seen)))
    assert rule.next_to_resume(seen) == again.next_to_resume(list(reversed(seen)))


@pytest.mark.parametrize("seed", range(5))
def test_what_leads_at_every_interval_is_never_stopped(rule: StoppingRule, seed: int) -> None:
    sign = 1 if rule.goal is Goal.MAXIMIZE else -1
    best = Curve(99, [sign * (5.0 + step) for step in range(LENGTH)])
    seen = [*curves(seed), best]
    verdicts = {rule.judge(until(best, step), seen).action for step in range(1, LENGTH + 1)}
    assert Action.STOP not in verdicts


def test_values_that_are_not_numbers_never_break_it(rule: StoppingRule) -> None:
    odd = [math.nan, math.inf, -math.inf, math.nan] * 3
    seen = [*curves(1, nan=True), Curve(50, odd), Curve(51, [math.nan] * LENGTH), Curve(52, [])]
    for step in range(1, LENGTH + 1):
        assert rule.judge(Curve(50, odd[:step]), seen).step == step
        assert rule.judge(Curve(51, [math.nan] * step), seen).action in set(Action)
    rule.next_to_resume(seen)
    for curve in seen:
        rule.source(curve, seen)


def test_it_judges_at_its_intervals_alone(rule: StoppingRule) -> None:
    sign = -1 if rule.goal is Goal.MAXIMIZE else 1
    worst = [sign * 100.0] * LENGTH
    seen = [*curves(2), Curve(50, worst)]
    acted = {
        step for step in range(1, LENGTH + 1) if rule.judge(Curve(50, worst[:step]), seen).action is not Action.GO_ON
    }
    assert acted, "the worst of all is ended at some interval"
    assert all(step % 2 == 0 for step in acted)
    assert min(acted) >= getattr(rule.settings, "delay_evaluation", 0)


@pytest.mark.parametrize("seed", range(5))
def test_a_source_is_an_unfinished_trial_that_did_better(rule: StoppingRule, seed: int) -> None:
    seen = {curve.number: curve for curve in curves(seed, nan=True)}
    for curve in seen.values():
        source = rule.source(curve, list(seen.values()))
        assert source == rule.source(curve, list(reversed(seen.values())))
        if source is not None:
            giver = seen[source.number]
            assert giver.phase is not Phase.FINISHED and source.number != curve.number
            assert any(rule.goal.better(a, b) for a, b in zip(giver.values, curve.values, strict=False))


def test_only_a_paused_trial_is_resumed_and_each_once(rule: StoppingRule) -> None:
    seen = {curve.number: Curve(curve.number, curve.values, Phase.PAUSED) for curve in curves(3)}
    resumed: list[int] = []
    while (number := rule.next_to_resume(list(seen.values()))) is not None:
        assert number not in resumed
        resumed.append(number)
        seen[number] = Curve(number, seen[number].values, Phase.RUNNING)
    assert bool(resumed) == bool(getattr(rule.settings, "pause", False)) or not getattr(rule.settings, "pause", False)
