"""Durable ask and tell on SQLite: `python bench/search_store.py [--trials 1000] [--finished 10000] [--quick]`.

Each trial is proposed, written, told and written again, as a sweep does, beside Optuna's RDBStorage with the same
sampler and in the same run. Then a sweep with many finished trials: the next suggestion, a page of its list, a restart.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna

from modelyard.domain.search_policy import BayesianSampling, Goal, RandomSampling
from modelyard.domain.search_space import LogUniform, Uniform
from modelyard.domain.trial import TrialPhase, TrialRecord
from modelyard.kit.paging import Page
from modelyard.services.workspaces import ensure_default
from modelyard.store.database import Database
from modelyard.tuning.sampling_strategy import SearchProblem, make_strategy
from modelyard.tuning.search import KeptTrial, Search, TrialEnd, TrialResult

optuna.logging.set_verbosity(optuna.logging.ERROR)
SPACE = {"x": Uniform(min_value=0, max_value=1), "y": Uniform(min_value=0, max_value=1)}
SPACE["lr"] = LogUniform(min_value=-9, max_value=0)  # type: ignore[assignment]
SAMPLERS = {
    "random": (RandomSampling(seed=1), optuna.samplers.RandomSampler(seed=1)),
    "bayesian": (BayesianSampling(seed=1), optuna.samplers.TPESampler(seed=1, multivariate=True)),
}
TARGET_SECONDS = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--finished", type=int, default=10_000)
    parser.add_argument("--no-peer", action="store_true", help="ours alone")
    parser.add_argument("--quick", action="store_true", help="200 trials, 1,000 finished ones")
    arguments = parser.parse_args()
    trials, finished = (200, 1_000) if arguments.quick else (arguments.trials, arguments.finished)
    optuna.logging.disable_default_handler()
    print(f"{trials} trials asked, told and kept{'':10}seconds")
    for name, (spec, sampler) in SAMPLERS.items():
        with_store(lambda database, spec=spec, name=name: print_row(f"modelyard, {name}", ours(database, spec, trials)))
        if not arguments.no_peer:
            print_row(f"Optuna, {name}", theirs(sampler, trials))
    for name, (spec, _) in SAMPLERS.items():
        with_store(lambda database, spec=spec, name=name: print_many(database, spec, name, finished))


def with_store(work: Callable[[Database], None]) -> None:
    folder = Path(tempfile.mkdtemp(prefix="modelyard-bench-"))
    database = Database(f"sqlite:///{folder}/modelyard.db")
    try:
        database.migrate()
        with database.transaction() as tx:
            ensure_default(tx)
        work(database)
    finally:
        database.dispose()
        shutil.rmtree(folder)


def search_for(spec: Any) -> Search:
    return Search(make_strategy(spec, SearchProblem(SPACE, [Goal.MINIMIZE], 1)))


def value_of(parameters: dict[str, Any]) -> float:
    return float((parameters["x"] - 0.3) ** 2 + (parameters["y"] - 0.6) ** 2 + parameters["lr"])


def step(database: Database, search: Search) -> None:
    """One trial through its life: proposed and kept, then told and kept."""
    proposal = search.ask()
    number = proposal.number
    names = {"job_name": f"s_{number}", "run_id": f"s_{number}"}
    with database.transaction() as tx:
        made = TrialRecord(
            workspace="default",
            sweep_name="s",
            number=number,
            parameters=proposal.parameters,
            memento=proposal.memento,
            **names,
        )
        tx.trials.create(made)
    value = value_of(proposal.parameters)
    memento = search.tell(number, TrialResult(TrialEnd.COMPLETED, [value], [value]))
    with database.transaction() as tx:
        ended = replace(made, phase=TrialPhase.COMPLETED, objectives=[value], curve=[value], memento=memento)
        tx.trials.save(ended)


def ours(database: Database, spec: Any, trials: int) -> float:
    search = search_for(spec)
    return timed(lambda: [step(database, search) for _ in range(trials)])


def theirs(sampler: Any, trials: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        study = optuna.create_study(storage=f"sqlite:///{folder}/optuna.db", sampler=sampler)

        def objective(trial: optuna.Trial) -> float:
            names = {"x": (0.0, 1.0, False), "y": (0.0, 1.0, False), "lr": (1e-4, 1.0, True)}
            return value_of({name: trial.suggest_float(name, a, b, log=log) for name, (a, b, log) in names.items()})

        return timed(lambda: study.optimize(objective, n_trials=trials))


def print_many(database: Database, spec: Any, name: str, finished: int) -> None:
    """A sweep with so many finished trials, proposed by chance, then the sampler's own questions."""
    fast = search_for(RandomSampling(seed=1))
    for _ in range(finished):
        step(database, fast)
    search = search_for(spec)

    def restart() -> None:
        with database.snapshot() as tx:
            kept = [
                KeptTrial(one.memento, TrialResult(TrialEnd.COMPLETED, one.objectives or [], one.curve))
                for one in tx.trials.of_sweep("default", "s")
            ]
        search.restore(kept)

    def page() -> None:
        with database.snapshot() as tx:
            tx.trials.best_first("default", "s", Page(size=50), maximize=False)

    print(f"\nwith {finished} finished trials, {name}{'':10}milliseconds")
    print(f"{'restart':36}{1000 * timed(restart):10.0f}")
    search.ask()
    print(f"{'next suggestion, asked and told':36}{median_ms(20, lambda: step(database, search)):10.1f}")
    print(f"{'page of 50, best first':36}{median_ms(20, page):10.1f}")


def print_row(name: str, seconds: float) -> None:
    target = f"   target under {TARGET_SECONDS} for 1,000" if name.startswith("modelyard") else ""
    print(f"{name:36}{seconds:8.2f}{target}", flush=True)


def median_ms(repeats: int, work: Callable[[], object]) -> float:
    return 1000 * statistics.median(timed(work) for _ in range(repeats))


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
