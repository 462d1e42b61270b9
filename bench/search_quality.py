"""How good the best point is after a number of trials, beside Optuna and random search (and Ray Tune if installed).

`python bench/search_quality.py [--seeds 20] [--trials 60] [--quick] [--no-tuning | --no-analytic] [--data DIR]
[--own] [--cache DIR] [--processes N]`

Regret is f(best) - f(optimum), on ten analytic functions and on three real tuning problems: LightGBM over a tabulated
grid of settings (lightgbm_problems.py), on scikit-learn's data, or on `<name>/train.parquet` of `--data`. For each
problem and each number of concurrent trials the table shows the median over seeds; the last lines compare ours with
each peer: wins, ties and losses by the median, and how many of the differences are beyond noise (Mann-Whitney,
two-sided, p < 0.01). `--own` adds our other samplers. With `--cache` tables and the results of peers are kept.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import statistics
import tempfile
import warnings
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy: two processes share the cores
import optuna
from analytic_functions import FUNCTIONS, Problem
from lightgbm_problems import problems as lightgbm_problems
from scipy.stats import mannwhitneyu

from modelyard.domain.search_policy import BayesianSampling, Goal, RandomSampling
from modelyard.domain.search_space import Randint, Uniform
from modelyard.tuning.sampling_strategy import SearchProblem, make_strategy
from modelyard.tuning.search import Search, TrialEnd, TrialResult

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore")
Play = tuple[str, Problem, int, int, int]  # contestant, problem, seed, trials, concurrent
OURS = "ours"
PEERS = ("optuna TPE", "random", "ray default")
OWN: dict[str, Any] = {
    OURS: BayesianSampling(),
    "ours random": RandomSampling(),
    "ours TPE": BayesianSampling(surrogate="tpe"),
    "ours sobol": RandomSampling(rule="sobol"),
}
CONCURRENT = (1, 2, 8)


def play(game: Play) -> float:
    """The regret of one contestant after one search."""
    name, problem, seed, trials, concurrent = game
    if name in OWN:
        return ours(problem, seed, trials, concurrent, OWN[name])
    if name == "optuna TPE":
        return by_optuna(problem, seed, trials, concurrent)
    return by_ray(problem, seed, trials) if name == "ray default" else by_chance(problem, seed, trials)


def ours(problem: Problem, seed: int, trials: int, concurrent: int, spec: Any) -> float:
    space = {
        f"x{place}": Randint(upper=int(high) + 1) if problem.whole(place) else Uniform(min_value=low, max_value=high)
        for place, (low, high) in enumerate(problem.bounds)
    }
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


def by_optuna(problem: Problem, seed: int, trials: int, concurrent: int) -> float:
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    running: deque[tuple[Any, float]] = deque()
    best = math.inf
    for _ in range(trials):
        trial = study.ask()
        point = [
            trial.suggest_int(f"x{place}", *bound) if problem.whole(place) else trial.suggest_float(f"x{place}", *bound)
            for place, bound in enumerate(problem.bounds)
        ]
        value = problem.function(point)
        best = min(best, value)
        running.append((trial, value))
        if len(running) == concurrent:
            study.tell(*running.popleft())
    return best - problem.optimum


def by_chance(problem: Problem, seed: int, trials: int) -> float:
    draw = random.Random(seed)

    def point() -> list[float]:
        return [
            draw.randint(int(low), int(high)) if problem.whole(place) else draw.uniform(low, high)
            for place, (low, high) in enumerate(problem.bounds)
        ]

    return min(problem.function(point()) for _ in range(trials)) - problem.optimum


def by_ray(problem: Problem, seed: int, trials: int) -> float:
    """Ray Tune's default search (BasicVariantGenerator) draws every trial from its domains, independently."""
    import numpy
    from ray import tune

    state = numpy.random.RandomState(seed)
    domains = [
        tune.randint(int(low), int(high) + 1) if problem.whole(place) else tune.uniform(low, high)
        for place, (low, high) in enumerate(problem.bounds)
    ]
    points = ([domain.sample(random_state=state) for domain in domains] for _ in range(trials))
    return min(problem.function(point) for point in points) - problem.optimum


class Results:
    """Regrets by contestant, problem and seed; those of peers are kept in a file, since their code does not change."""

    def __init__(self, pool: Executor, file: Path) -> None:
        self._pool = pool
        self._file = file
        self._kept: dict[str, float] = json.loads(file.read_text("utf-8")) if file.exists() else {}

    def of(self, games: Sequence[Play]) -> list[float]:
        missing = [game for game in games if self._key(game) not in self._kept]
        found = dict(zip(map(self._key, missing), self._pool.map(play, missing, chunksize=4), strict=True))
        self._kept |= {key: value for key, value in found.items() if not key.startswith(OURS)}
        self._file.write_text(json.dumps(self._kept), encoding="utf-8")
        return [found.get(key, self._kept.get(key, math.nan)) for key in map(self._key, games)]

    def _key(self, game: Play) -> str:
        name, problem, seed, trials, concurrent = game
        return f"{name}/{problem.name}/{seed}/{trials}/{concurrent if name in ('optuna TPE', *OWN) else 1}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--quick", action="store_true", help="five seeds, four functions, one real problem")
    parser.add_argument("--no-tuning", action="store_true", help="the analytic functions alone")
    parser.add_argument("--no-analytic", action="store_true", help="the real problems alone")
    parser.add_argument("--data", type=Path, help="folder with adult, california and bike_sharing as parquet files")
    parser.add_argument("--own", action="store_true", help="our other samplers too")
    parser.add_argument("--cache", type=Path, help="folder to keep tables and the results of peers in")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, ProcessPoolExecutor(arguments.processes) as pool:
        cache = arguments.cache or Path(scratch)
        cache.mkdir(parents=True, exist_ok=True)
        chosen = [] if arguments.no_analytic else FUNCTIONS[:4] if arguments.quick else list(FUNCTIONS)
        if not arguments.no_tuning:
            chosen += lightgbm_problems(arguments.data, cache, pool, most=1 if arguments.quick else 3)
        peers = [name for name in PEERS if name != "ray default" or find_spec("ray")]
        if len(peers) < len(PEERS):
            print("Ray is not installed: its default search, which is random, is left out")
        players = [*(OWN if arguments.own else [OURS]), *peers]
        results = Results(pool, cache / "search-quality.json")
        compare_all(players, chosen, 5 if arguments.quick else arguments.seeds, arguments.trials, results)


def compare_all(players: Sequence[str], chosen: Sequence[Problem], seeds: int, trials: int, results: Results) -> None:
    score: dict[tuple[int, str], list[int]] = {}
    for concurrent in CONCURRENT:
        print(f"\nmedian regret, {trials} trials, {concurrent} concurrent, {seeds} seeds")
        print(f"{'':24}" + "".join(f"{name:>14}" for name in players))
        for problem in chosen:
            found = {
                name: results.of([(name, problem, seed, trials, concurrent) for seed in range(seeds)])
                for name in players
            }
            middles = "".join(f"{statistics.median(values):14.4g}" for values in found.values())
            print(f"{problem.name:24}{middles}", flush=True)
            for name in players[1:]:
                score.setdefault((concurrent, name), []).append(compare(found[OURS], found[name]))
    print("\nours beside:      concurrent  better  equal  worse  better beyond noise  worse beyond noise")
    for (concurrent, name), one in score.items():
        signs = [(result > 0) - (result < 0) for result in one]
        counts = f"{signs.count(1):8} {signs.count(0):6} {signs.count(-1):6}"
        print(f"{name:16} {concurrent:10} {counts} {one.count(2):19} {one.count(-2):19}")


def compare(own: Sequence[float], other: Sequence[float]) -> int:
    """1 when our median is lower, -1 when it is higher, 0 when equal; twice that beyond noise."""
    mine, theirs = statistics.median(own), statistics.median(other)
    sign = (theirs > mine) - (theirs < mine)
    return sign * (2 if mannwhitneyu(own, other).pvalue < 0.01 else 1)


if __name__ == "__main__":
    main()
