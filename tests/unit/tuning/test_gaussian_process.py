"""The process itself: what it fits, and that a fit may be gone on from."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from modelyard.domain.search_policy import GaussianProcessSampling, Goal
from modelyard.domain.search_space import Uniform
from modelyard.tuning.blas_threads import one_blas_thread
from modelyard.tuning.gaussian_process import Array, fit, solved, standardise
from modelyard.tuning.sampling_strategy import SearchProblem, make_strategy
from modelyard.tuning.search import Search, TrialEnd, TrialResult


def bowl(count: int) -> tuple[Array, Array]:
    inputs = np.random.default_rng(1).random((count, 2))
    return inputs, standardise(((inputs - 0.4) ** 2).sum(1))


def test_it_predicts_a_smooth_function() -> None:
    inputs, y = bowl(40)
    mean, deviation = fit(inputs[:30], y[:30], 1).predict(inputs[30:])
    assert np.median(np.abs(mean - y[30:])) < 0.05
    assert (deviation < 0.2).all()


def test_a_process_of_known_hyperparameters_is_the_one_that_was_fitted() -> None:
    inputs, y = bowl(25)
    fitted = fit(inputs, y, 1)
    again = solved(inputs, y, fitted.logs)
    assert np.allclose(fitted.predict(inputs)[0], again.predict(inputs)[0])


def test_a_fit_that_begins_at_an_earlier_one_is_no_worse() -> None:
    inputs, y = bowl(40)
    earlier = fit(inputs[:30], y[:30], 1).logs
    cold, warm = fit(inputs, y, 2), fit(inputs, y, 2, earlier)
    held = np.random.default_rng(3).random((50, 2))
    assert np.abs(cold.predict(held)[0] - warm.predict(held)[0]).max() < 0.05


def test_hyperparameters_are_fitted_anew_now_and_then() -> None:
    space = {"x": Uniform(min_value=0, max_value=1)}
    search = Search(make_strategy(GaussianProcessSampling(startup_trials=5), SearchProblem(space, [Goal.MINIMIZE], 1)))
    fitted = []
    for _ in range(60):
        proposal = search.ask()
        fitted.append("modelyard:fit" in proposal.memento["system"])
        search.tell(proposal.number, TrialResult(TrialEnd.COMPLETED, [(proposal.parameters["x"] - 0.3) ** 2]))
    assert fitted[:5] == [False] * 5
    assert fitted[5:12] == [True] * 7
    assert 15 < sum(fitted) < 35


@pytest.mark.filterwarnings("ignore")
def test_linear_algebra_runs_in_one_thread() -> None:
    with one_blas_thread():
        assert {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"} == {1}
