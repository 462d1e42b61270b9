"""What a trial costs when its imports are loaded already: `python bench/warm_trials.py [--trials 40] [--quick]`.

The script imports pandas, scikit-learn and LightGBM, computes a square and logs it. It is run as trials of a sweep,
started anew and forked from a warm process, and by a bare loop of `python script.py`, one and two at a time, in the
same run. The first trial of each is left out of no figure but the warm process's own start, which is shown apart.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jobs import PATIENCE_SECONDS, Platform, cpu_seconds, platform

from modelyard import MLClient, command
from modelyard.sweep import Uniform

TARGET = 10
SCRIPT = """
import sys
import lightgbm
import pandas
import sklearn.ensemble
import sklearn.model_selection
value = (float(sys.argv[1]) - 0.3) ** 2
if len(sys.argv) > 2:
    from modelyard.log import log_metric
    log_metric("loss", value)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--quick", action="store_true", help="10 trials")
    arguments = parser.parse_args()
    trials = 10 if arguments.quick else arguments.trials
    with tempfile.TemporaryDirectory() as folder, platform() as yard:
        code = Path(folder) / "code"
        code.mkdir()
        (code / "script.py").write_text(SCRIPT)
        sweep(yard, code, 1, 1, warm=False)  # the first pays for the server's imports, and fills the disk's cache
        loading = sweep(yard, code, 1, 1, warm=True)
        print(f"first warm trial, which waits for the imports: {loading:.2f} s")
        for at_once in (1, 2):
            show(at_once, trials, measured(yard, code, trials, at_once))


def measured(yard: Platform, code: Path, trials: int, at_once: int) -> dict[str, tuple[float, float]]:
    """Seconds by the clock for all, and CPU of the server."""
    rows = {}
    for name, warm in (("modelyard, warm", True), ("modelyard, started anew", False)):
        before = cpu_seconds(yard)[0]
        seconds = sweep(yard, code, trials, at_once, warm=warm)
        rows[name] = (seconds, cpu_seconds(yard)[0] - before)
    rows["bare loop of python script.py"] = (bare(code, trials, at_once), 0.0)
    return rows


def show(at_once: int, trials: int, rows: dict[str, tuple[float, float]]) -> None:
    warm = rows["modelyard, warm"][0]
    print(f"\n{trials} trials, {at_once} at a time{'':8}ms a trial    times warm    server CPU, ms")
    for name, (seconds, cpu) in rows.items():
        share = f"{seconds / warm:14.1f}" if seconds != warm else f"{'':14}"
        target = f"   target at least {TARGET}" if name.startswith("bare") else ""
        print(f"{name:32}{1000 * seconds / trials:10.0f}{share}{1000 * cpu / trials:18.0f}{target}")


def sweep(yard: Platform, code: Path, trials: int, at_once: int, *, warm: bool) -> float:
    """Seconds from the submission to the end."""
    client = MLClient(
        server_url=str(yard.rest.base_url).split("/api/")[0],
        token=(yard.home / "admin-token").read_text().strip(),
        workspace_name="default",
    )
    job = command(
        code=str(code),
        command="python script.py ${{inputs.x}} log",
        inputs={"x": Uniform(min_value=0, max_value=1)},
        resources={"properties": {"modelyard.warm": warm}},
    ).sweep(
        primary_metric="loss",
        goal="minimize",
        sampling_algorithm="random",
        max_total_trials=trials,
        max_concurrent_trials=at_once,
    )
    began = time.perf_counter()
    name = str(client.jobs.create_or_update(job).name)
    while time.perf_counter() - began < PATIENCE_SECONDS + 10 * trials:
        found = yard.job(name)
        if found["status"] in ("Completed", "Failed", "Canceled"):
            if found["status"] != "Completed":
                raise SystemExit(f"the sweep ended {found['status']}: {found.get('error')}")
            return time.perf_counter() - began
        time.sleep(0.02)
    raise SystemExit("the sweep did not end")


def bare(code: Path, trials: int, at_once: int) -> float:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"

    def run(number: int) -> None:
        line = f"python {code}/script.py {number / trials}"
        subprocess.run(["bash", "-c", line], check=True, env={**os.environ, "PATH": path})

    began = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(run, range(trials)))
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
