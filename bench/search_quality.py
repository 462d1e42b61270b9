"""How good the best point is after a number of trials, beside Optuna and random search (and Ray Tune if installed).

`python bench/search_quality.py [--seeds 20] [--trials 60] [--functions all] [--tuning] [--quick]`

Regret is f(best) - f(optimum). For each function and each number of concurrent trials the table shows the median over
seeds; the last lines compare ours with each peer: wins, losses and ties by the sign of the median, and how many of the
differences are beyond noise (Mann-Whitney, two-sided, p < 0.01). `--tuning` adds three real problems: LightGBM on data
sets of scikit-learn, or on parquet files given by `--data FOLDER`.
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
import statistics
import warnings
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from scipy.stats import mannwhitneyu

from modelyard.domain.search_policy import BayesianSampling, Goal, RandomSampling
from modelyard.domain.search_space import Uniform
from modelyard.tuning.sampling_strategy import SearchProblem, make_strategy
from modelyard.tuning.search import Search, TrialEnd, TrialResult

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore")
Point = Sequence[float]


@dataclass(frozen=True)
class Problem:
    name: str
    bounds: Sequence[tuple[float, float]]
    function: Callable[[Point], float]
    optimum: float


def sphere(x: Point) -> float:
    return sum((value - 0.7) ** 2 for value in x)


def rosenbrock(x: Point) -> float:
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x))


def rastrigin(x: Point) -> float:
    return 10 * len(x) + sum(value * value - 10 * math.cos(2 * math.pi * value) for value in x)


def ackley(x: Point) -> float:
    root = math.sqrt(sum(value * value for value in x) / len(x))
    wave = sum(math.cos(2 * math.pi * value) for value in x) / len(x)
    return -20 * math.exp(-0.2 * root) - math.exp(wave) + 20 + math.e


def branin(x: Point) -> float:
    a, b = x
    return (
        (b - 5.1 * a * a / (4 * math.pi**2) + 5 * a / math.pi - 6) ** 2
        + 10 * (1 - 1 / (8 * math.pi)) * math.cos(a)
        + 10
    )


def levy(x: Point) -> float:
    w = [1 + (value - 1) / 4 for value in x]
    first = math.sin(math.pi * w[0]) ** 2
    middle = sum((v - 1) ** 2 * (1 + 10 * math.sin(math.pi * v + 1) ** 2) for v in w[:-1])
    return first + middle + (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)


def griewank(x: Point) -> float:
    product = math.prod(math.cos(value / math.sqrt(i)) for i, value in enumerate(x, 1))
    return 1 + sum(value * value for value in x) / 4000 - product


def styblinski(x: Point) -> float:
    return sum(v**4 - 16 * v * v + 5 * v for v in x) / 2 + 39.16616570377142 * len(x)


def michalewicz(x: Point) -> float:
    return -sum(math.sin(v) * math.sin(i * v * v / math.pi) ** 20 for i, v in enumerate(x, 1))


_H_A = ((10, 3, 17, 3.5, 1.7, 8), (0.05, 10, 17, 0.1, 8, 14), (3, 3.5, 1.7, 10, 17, 8), (17, 8, 0.05, 10, 0.1, 14))
_H_P = (
    (0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886),
    (0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991),
    (0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650),
    (0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381),
)
_H_C = (1.0, 1.2, 3.0, 3.2)


def hartmann6(x: Point) -> float:
    inner = [
        sum(a * (v - p) ** 2 for a, v, p in zip(row_a, x, row_p, strict=True))
        for row_a, row_p in zip(_H_A, _H_P, strict=True)
    ]
    return -sum(c * math.exp(-value) for c, value in zip(_H_C, inner, strict=True))


FUNCTIONS = [
    Problem("sphere-5", [(-2.0, 2.0)] * 5, sphere, 0.0),
    Problem("rosenbrock-4", [(-2.0, 2.0)] * 4, rosenbrock, 0.0),
    Problem("rastrigin-4", [(-4.0, 5.0)] * 4, rastrigin, 0.0),
    Problem("ackley-5", [(-4.0, 6.0)] * 5, ackley, 0.0),
    Problem("branin-2", [(-5.0, 10.0), (0.0, 15.0)], branin, 0.397887),
    Problem("levy-4", [(-10.0, 10.0)] * 4, levy, 0.0),
    Problem("griewank-4", [(-50.0, 70.0)] * 4, griewank, 0.0),
    Problem("styblinski-4", [(-5.0, 5.0)] * 4, styblinski, 0.0),
    Problem("michalewicz-5", [(0.0, math.pi)] * 5, michalewicz, -4.687658),
    Problem("hartmann-6", [(0.0, 1.0)] * 6, hartmann6, -3.32237),
]


def ours(problem: Problem, seed: int, trials: int, concurrent: int, spec: Any) -> float:
    space = {f"x{i}": Uniform(min_value=low, max_value=high) for i, (low, high) in enumerate(problem.bounds)}
    search = Search(make_strategy(spec, SearchProblem(space, [Goal.MINIMIZE], seed)))
    running: deque[tuple[int, float]] = deque()
    best = math.inf
    for _ in range(trials):
        proposal = search.ask()
        value = problem.function([proposal.parameters[name] for name in space])
        best = min(best, value)
        running.append((proposal.number, value))
        if len(running) == concurrent:
            number, told = running.popleft()
            search.tell(number, TrialResult(TrialEnd.COMPLETED, [told]))
    return best - problem.optimum


def by_optuna(problem: Problem, seed: int, trials: int, concurrent: int, sampler: Any) -> float:
    study = optuna.create_study(sampler=sampler(seed))
    running: deque[tuple[Any, float]] = deque()
    best = math.inf
    for _ in range(trials):
        trial = study.ask()
        value = problem.function([trial.suggest_float(f"x{i}", *bound) for i, bound in enumerate(problem.bounds)])
        best = min(best, value)
        running.append((trial, value))
        if len(running) == concurrent:
            study.tell(*running.popleft())
    return best - problem.optimum


def by_chance(problem: Problem, seed: int, trials: int) -> float:
    draw = random.Random(seed)
    return (
        min(problem.function([draw.uniform(*bound) for bound in problem.bounds]) for _ in range(trials))
        - problem.optimum
    )


def contestants(concurrent: int) -> dict[str, Callable[[Problem, int, int], float]]:
    tpe = optuna.samplers.TPESampler
    return {
        "ours": lambda p, seed, n: ours(p, seed, n, concurrent, BayesianSampling()),
        "optuna TPE": lambda p, seed, n: by_optuna(p, seed, n, concurrent, lambda s: tpe(seed=s)),
        "random": by_chance,
        "ours random": lambda p, seed, n: ours(p, seed, n, concurrent, RandomSampling()),
        "ours TPE": lambda p, seed, n: ours(p, seed, n, concurrent, BayesianSampling(surrogate="tpe")),
        "ours sobol": lambda p, seed, n: ours(p, seed, n, concurrent, RandomSampling(rule="sobol")),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--quick", action="store_true", help="five seeds, four functions")
    arguments = parser.parse_args()
    seeds = 5 if arguments.quick else arguments.seeds
    functions = FUNCTIONS[:4] if arguments.quick else FUNCTIONS
    score = {}
    for concurrent in (1, 2, 8):
        players = contestants(concurrent)
        print(f"\nmedian regret, {arguments.trials} trials, {concurrent} concurrent, {seeds} seeds")
        print(f"{'':16}" + "".join(f"{name:>14}" for name in players))
        for problem in functions:
            found = {
                name: [play(problem, seed, arguments.trials) for seed in range(seeds)] for name, play in players.items()
            }
            print(
                f"{problem.name:16}" + "".join(f"{statistics.median(values):14.4g}" for values in found.values()),
                flush=True,
            )
            for name in list(players)[1:]:
                score.setdefault((concurrent, name), []).append(compare(found["ours"], found[name]))
    print("\nours beside:      concurrent  better  worse  better beyond noise  worse beyond noise")
    for (concurrent, name), results in score.items():
        better = sum(result > 0 for result in results)
        beyond = f"{results.count(2):19} {results.count(-2):19}"
        print(f"{name:16} {concurrent:10} {better:8} {len(results) - better:6} {beyond}")


def compare(own: Sequence[float], other: Sequence[float]) -> int:
    """1 when our median is lower, -1 when it is higher; twice that beyond noise."""
    sign = 1 if statistics.median(own) <= statistics.median(other) else -1
    return sign * (2 if mannwhitneyu(own, other).pvalue < 0.01 else 1)


if __name__ == "__main__":
    main()
