"""Each policy on small tables of curves, with the verdict worked out by hand."""

from __future__ import annotations

import math

import pytest

from modelyard.domain.search_policy import (
    AshaPolicy,
    BanditPolicy,
    Goal,
    HyperbandPolicy,
    MedianStoppingPolicy,
    PbtPolicy,
    TruncationSelectionPolicy,
)
from modelyard.tuning.policies.hyperband import HyperbandRule
from modelyard.tuning.stopping_rule import Action, Curve, Phase, Population, StoppingRule, make_rule

MAX, MIN = Goal.MAXIMIZE, Goal.MINIMIZE


def verdict(rule: StoppingRule, own: list[float], *others: list[float], phase: Phase = Phase.RUNNING) -> Action:
    trial = Curve(0, own)
    return rule.judge(trial, [trial, *(Curve(i, values, phase) for i, values in enumerate(others, 1))]).action


@pytest.mark.parametrize(
    ("policy", "goal", "own", "best", "stopped"),
    [
        (BanditPolicy(slack_factor=0.1), MAX, 0.73, 0.8, False),  # 0.8 / 1.1 = 0.7273
        (BanditPolicy(slack_factor=0.1), MAX, 0.72, 0.8, True),
        (BanditPolicy(slack_factor=0.1), MIN, 1.09, 1.0, False),  # 1.0 * 1.1
        (BanditPolicy(slack_factor=0.1), MIN, 1.11, 1.0, True),
        (BanditPolicy(slack_amount=0.05), MAX, 0.76, 0.8, False),
        (BanditPolicy(slack_amount=0.05), MAX, 0.74, 0.8, True),
        (BanditPolicy(slack_amount=0.05), MIN, 0.86, 0.8, True),
        (BanditPolicy(slack_factor=0.1), MAX, -1.0, -1.0, False),  # equal to a negative best
        (BanditPolicy(slack_factor=0.1), MAX, -1.2, -1.0, True),
        (BanditPolicy(slack_factor=0.1), MAX, math.nan, 0.8, True),
    ],
)
def test_bandit(policy: BanditPolicy, goal: Goal, own: float, best: float, stopped: bool) -> None:
    assert verdict(make_rule(policy, goal), [own], [best]) is (Action.STOP if stopped else Action.GO_ON)


def test_bandit_compares_at_the_same_interval() -> None:
    rule = make_rule(BanditPolicy(slack_amount=0.01), MAX)
    assert verdict(rule, [0.5], [0.5, 0.9]) is Action.GO_ON
    assert verdict(rule, [0.5, 0.5], [0.5, 0.9]) is Action.STOP


@pytest.mark.parametrize(("interval", "delay", "judged"), [(1, 0, {1, 2, 3, 4, 5, 6}), (2, 3, {4, 6}), (0, 5, {5, 6})])
def test_interval_and_delay(interval: int, delay: int, judged: set[int]) -> None:
    policy = BanditPolicy(slack_amount=0.1, evaluation_interval=interval, delay_evaluation=delay)
    rule = make_rule(policy, MAX)
    stopped = {k for k in range(1, 7) if verdict(rule, [0.0] * k, [1.0] * k) is Action.STOP}
    assert stopped == judged


def test_median_uses_running_averages_of_trials_that_came_so_far() -> None:
    rule = make_rule(MedianStoppingPolicy(), MAX)
    # averages at interval 2: 0.3, 0.5, 0.7; the fourth has logged one value only
    others = ([0.2, 0.4], [0.4, 0.6], [0.6, 0.8], [0.99])
    assert verdict(rule, [0.1, 0.51], *others) is Action.GO_ON
    assert verdict(rule, [0.1, 0.49], *others) is Action.STOP
    assert verdict(rule, [0.0]) is Action.GO_ON


def test_truncation_stops_the_worst_share() -> None:
    rule = make_rule(TruncationSelectionPolicy(truncation_percentage=40), MAX)
    others = ([0.2], [0.3], [0.4], [0.5])
    assert verdict(rule, [0.1], *others) is Action.STOP
    assert verdict(rule, [0.25], *others) is Action.STOP
    assert verdict(rule, [0.35], *others) is Action.GO_ON
    assert verdict(rule, [0.1], [0.2]) is Action.GO_ON, "40 % of two trials is none"


def test_truncation_leaves_finished_trials_out_unless_told() -> None:
    others = ([0.2], [0.3], [0.4], [0.5])
    alone = make_rule(TruncationSelectionPolicy(truncation_percentage=40), MAX)
    against_all = make_rule(TruncationSelectionPolicy(truncation_percentage=40, exclude_finished_jobs=False), MAX)
    assert verdict(alone, [0.1], *others, phase=Phase.FINISHED) is Action.GO_ON
    assert verdict(against_all, [0.1], *others, phase=Phase.FINISHED) is Action.STOP


def test_asha_pauses_at_a_rung_and_promotes_the_best_third() -> None:
    rule = make_rule(AshaPolicy(min_resource=1, max_resource=9, reduction_factor=3), MAX)
    curves = [Curve(0, [0.5], Phase.PAUSED), Curve(1, [0.7], Phase.PAUSED)]
    third = Curve(2, [0.6])
    assert rule.judge(third, [*curves, third]).action is Action.PAUSE
    assert rule.next_to_resume(curves) is None, "one third of two is none"
    assert rule.next_to_resume([*curves, Curve(2, [0.6], Phase.PAUSED)]) == 1
    # once promoted it runs on and is not promoted again
    assert (
        rule.next_to_resume([Curve(0, [0.5], Phase.PAUSED), Curve(1, [0.7, 0.8]), Curve(2, [0.6], Phase.PAUSED)])
        is None
    )
    best = Curve(3, [0.9])
    assert rule.judge(best, [*curves, Curve(2, [0.6], Phase.PAUSED), best]).action is Action.GO_ON


def test_asha_never_judges_between_rungs_or_at_the_full_resource() -> None:
    rule = make_rule(AshaPolicy(min_resource=1, max_resource=9, reduction_factor=3, pause=False), MAX)
    good = [1.0] * 9
    actions = {k: verdict(rule, [0.0] * k, good, good, good) for k in range(1, 10)}
    assert [k for k, action in actions.items() if action is Action.STOP] == [1, 3]


def test_hyperband_brackets_follow_the_papers_table() -> None:
    rule = make_rule(HyperbandPolicy(max_resource=81, reduction_factor=3), MAX)
    assert isinstance(rule, HyperbandRule)
    assert rule.bracket_count == 5
    brackets = [rule.bracket_of(number) for number in range(81 + 34 + 15 + 8 + 5)]
    assert [brackets.count(bracket) for bracket in range(5)] == [81, 34, 15, 8, 5]  # table 1 of Li et al. 2018


def test_hyperband_judges_within_a_bracket() -> None:
    rule = make_rule(HyperbandPolicy(max_resource=9, reduction_factor=3), MAX)
    assert isinstance(rule, HyperbandRule)
    careful = next(number for number in range(20) if rule.bracket_of(number) == 1)
    trial = Curve(careful, [0.1])
    assert rule.judge(trial, [trial, *(Curve(number, [0.9]) for number in range(5))]).action is Action.GO_ON


def population(*last: float, places: int = 0, trials: int = 0, phase: Phase = Phase.RUNNING) -> list[Curve]:
    return [Curve(number, [0.1, value], phase) for number, value in enumerate(last)]


def pbt(trials: int = 0, places: int = 0, **fields: object) -> StoppingRule:
    policy = PbtPolicy(evaluation_interval=2, **fields)  # type: ignore[arg-type]
    return make_rule(policy, MAX, Population(trials, places, seed=3))


def test_pbt_lets_the_worst_quarter_copy_one_of_the_best_quarter() -> None:
    seen = population(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
    rule = pbt()
    assert [rule.judge(curve, seen).action for curve in seen] == [Action.PAUSE] * 2 + [Action.GO_ON] * 6
    sources = [rule.source(curve, seen) for curve in seen]
    assert {source.number for source in sources[:2] if source} <= {6, 7}
    assert sources[2:] == [None] * 6
    assert "worst 2 of 8 trials at interval 2" in sources[0].reason if sources[0] else False


def test_pbt_judges_at_its_intervals_below_the_full_resource() -> None:
    rule = pbt(max_resource=6)
    others = [Curve(number, [1.0] * 9) for number in range(1, 4)]
    actions = {k: rule.judge(Curve(0, [0.0] * k), others).action for k in range(1, 9)}
    assert [k for k, action in actions.items() if action is not Action.GO_ON] == [2, 4]


def test_pbt_copies_no_finished_trial_and_none_that_is_no_better() -> None:
    assert pbt().source(Curve(0, [0.1, 0.1]), population(0.1, 0.9, 0.8, phase=Phase.FINISHED)) is None
    assert pbt().source(Curve(0, [0.1, 0.5]), population(0.5, 0.5, 0.5)) is None
    assert pbt().source(Curve(0, [0.5]), population(0.5, 0.9)) is None, "it has come to no interval"


def test_pbt_trials_take_turns_where_places_are_fewer() -> None:
    rule = pbt(trials=3, places=1)
    first = Curve(0, [0.1, 0.9])
    assert rule.new_first
    assert rule.judge(first, [first]).action is Action.PAUSE, "two have not begun"
    paused = [Curve(0, [0.1, 0.9], Phase.PAUSED), Curve(1, [0.1, 0.5], Phase.PAUSED)]
    last = Curve(2, [0.1, 0.7])
    assert rule.judge(last, [*paused, last]).action is Action.GO_ON, "the others have come as far"
    ahead = Curve(2, [0.1, 0.7, 0.8, 0.9])
    assert rule.judge(ahead, [*paused, ahead]).action is Action.PAUSE
    assert rule.next_to_resume([*paused, Curve(2, ahead.values, Phase.PAUSED)]) == 0
    enough = pbt(trials=3, places=3)
    assert enough.judge(first, [first]).action is Action.GO_ON
