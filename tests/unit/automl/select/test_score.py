"""The weights say what wins; hard limits exclude before anything wins."""

from __future__ import annotations

from modelyard.automl.plan.settings import Choice
from modelyard.automl.select.pareto import pareto_front
from modelyard.automl.select.score import Option, scored

_GOOD_SLOW = Option(1, loss=0.10, spread=0.02, row_milliseconds=20.0, size_bytes=10_000_000)
_FAIR_QUICK = Option(2, loss=0.11, spread=0.01, row_milliseconds=0.2, size_bytes=100_000)
_POOR_QUICK = Option(3, loss=0.30, spread=0.00, row_milliseconds=0.1, size_bytes=50_000)
_ALL = (_POOR_QUICK, _GOOD_SLOW, _FAIR_QUICK)


def test_quality_alone_takes_the_best() -> None:
    assert [one.number for one in scored(_ALL, Choice())] == [1, 2, 3]


def test_a_weight_on_latency_takes_the_quick_one() -> None:
    assert scored(_ALL, Choice(latency=1.0))[0].number in (2, 3)


def test_a_weight_on_stability_is_for_even_folds() -> None:
    assert scored(_ALL, Choice(quality=0.1, stability=1.0))[0].number == 3


def test_what_breaks_a_limit_comes_last_and_says_so() -> None:
    ranking = scored(_ALL, Choice(max_row_milliseconds=1.0, max_size_bytes=1_000_000))
    assert [one.number for one in ranking] == [2, 3, 1]
    assert ranking[-1].excluded is not None
    assert "20 ms" in ranking[-1].excluded


def test_what_was_not_measured_breaks_no_limit() -> None:
    assert scored([Option(1, 0.1)], Choice(max_row_milliseconds=1.0))[0].excluded is None


def test_one_option_is_the_best_of_itself() -> None:
    assert scored([_GOOD_SLOW], Choice(latency=1, cost=1, stability=1))[0].parts["quality"] == 1.0


def test_a_loss_without_end_never_wins() -> None:
    assert scored([Option(1, float("inf")), Option(2, 5.0)], Choice())[0].number == 2


def test_the_front_holds_whom_nobody_beats_in_everything() -> None:
    costs = [[0.1, 20.0], [0.11, 0.2], [0.3, 0.1], [0.3, 0.3], [float("nan"), 0.05]]
    assert pareto_front(costs) == [0, 1, 2, 4]
    assert pareto_front([]) == []
    assert pareto_front([[1.0, 1.0], [1.0, 1.0]]) == [0, 1]
