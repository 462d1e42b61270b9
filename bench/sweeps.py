"""What a sweep adds to each trial: `python bench/sweeps.py [--trials 200] [--quick] [--ray]`.

The trial is one Python process that computes a square and says the value, two at a time. The same process is started
by a bare loop, by Optuna (in memory, and with its storage on SQLite) and, with `--ray` where it is installed, by Ray
Tune, each in the same run. Modelyard's trials are whole jobs: recorded, with logs, runs and a metric by HTTP; warm ones
are forked from a process and not started. What that saves where imports are heavy is in bench/warm_trials.py.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import optuna
from jobs import AT_ONCE, PATIENCE_SECONDS, Platform, cpu_seconds, platform

from modelyard import MLClient
from modelyard.kinds.sweep import SweepJob

optuna.logging.set_verbosity(optuna.logging.ERROR)
TARGET_MS = 60
_PLAIN = "import sys; print((float(sys.argv[1]) - 0.3) ** 2)"
_LOGGING = "import sys\nfrom modelyard.log import log_metric\nlog_metric('loss', (float(sys.argv[1]) - 0.3) ** 2)\n"
OURS = "modelyard"
WARM = "modelyard, warm"
BARE = "bare loop of processes"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--quick", action="store_true", help="40 trials")
    parser.add_argument("--ray", action="store_true", help="with Ray Tune, which must be installed")
    arguments = parser.parse_args()
    trials = 40 if arguments.quick else arguments.trials
    rows, cpu = ours(trials)
    peers: dict[str, Callable[[int], float]] = {
        BARE: bare,
        "Optuna, in memory": lambda count: by_optuna(count, None),
        "Optuna, on SQLite": on_sqlite,
    }
    if arguments.ray:
        peers["Ray Tune"] = by_ray
    for name, play in peers.items():
        rows[name] = play(trials)
    show(rows, trials, cpu)


def ours(trials: int) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds of each of our sweeps, and CPU seconds of the server."""
    rows: dict[str, float] = {}
    cpu: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, platform() as yard:
        (Path(folder) / "trial.py").write_text(_LOGGING)
        for name in (OURS, WARM):
            sweep(yard, folder, 4, warm=name == WARM)  # the first pays for imports
            before = cpu_seconds(yard)[0]
            rows[name] = sweep(yard, folder, trials, warm=name == WARM)
            cpu[name] = cpu_seconds(yard)[0] - before
    return rows, cpu


def show(rows: dict[str, float], trials: int, cpu: dict[str, float]) -> None:
    alone = rows[BARE]
    print(f"{trials} trials, {AT_ONCE} at a time{'':12}seconds  ms a trial  over the bare process")
    for name, seconds in rows.items():
        over = 1000 * (seconds - alone) / trials
        target = f"   target under {TARGET_MS}" if name == OURS else ""
        print(f"{name:36}{seconds:8.2f}{1000 * seconds / trials:12.1f}{over:23.1f}{target}")
    for name, seconds in cpu.items():
        print(f"{f'{name}: server, CPU for each trial':44}{1000 * seconds / trials:12.1f}")


def sweep(yard: Platform, code: str, trials: int, *, warm: bool) -> float:
    """Seconds from the submission to the end."""
    trial = {"code": code, "command": "python trial.py ${{search_space.x}}"}
    job = {
        "type": "sweep",
        "trial": {**trial, "resources": {"properties": {"modelyard.warm": warm}}},
        "search_space": {"x": {"type": "uniform", "min_value": 0, "max_value": 1}},
        "sampling_algorithm": "random",
        "objective": {"goal": "minimize", "primary_metric": "loss"},
        "limits": {"max_total_trials": trials, "max_concurrent_trials": AT_ONCE},
    }
    client = MLClient(
        server_url=str(yard.rest.base_url).split("/api/")[0],
        token=(yard.home / "admin-token").read_text().strip(),
        workspace_name="default",
    )
    began = time.perf_counter()
    name = str(client.jobs.create_or_update(SweepJob.from_dict(job)).name)
    while time.perf_counter() - began < PATIENCE_SECONDS + trials:
        found = yard.job(name)
        if found["status"] in ("Completed", "Failed", "Canceled"):
            if found["status"] != "Completed":
                raise SystemExit(f"the sweep ended {found['status']}: {found.get('error')}")
            return time.perf_counter() - began
        time.sleep(0.05)
    raise SystemExit("the sweep did not end")


def bare(trials: int) -> float:
    return _timed(lambda: _in_pairs(lambda number: run_process(number / trials), trials))


def by_optuna(trials: int, storage: str | None) -> float:
    study = optuna.create_study(storage=storage, sampler=optuna.samplers.RandomSampler(seed=1))

    def objective(trial: optuna.Trial) -> float:
        return run_process(trial.suggest_float("x", 0, 1))

    return _timed(lambda: study.optimize(objective, n_trials=trials, n_jobs=AT_ONCE))


def on_sqlite(trials: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return by_optuna(trials, f"sqlite:///{folder}/optuna.db")


def by_ray(trials: int) -> float:
    from ray import tune

    def objective(parameters: dict[str, float]) -> dict[str, float]:
        return {"loss": run_process(parameters["x"])}

    settings = tune.TuneConfig(num_samples=trials, max_concurrent_trials=AT_ONCE, metric="loss", mode="min")
    tuner = tune.Tuner(objective, param_space={"x": tune.uniform(0, 1)}, tune_config=settings)
    return _timed(tuner.fit)


def run_process(x: float) -> float:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    command = ["bash", "-c", f'python -c "{_PLAIN}" {x}']
    done = subprocess.run(command, capture_output=True, check=True, env={**os.environ, "PATH": path})
    return float(done.stdout)


def _in_pairs(work: Callable[[int], float], count: int) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(work, range(count)))


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
