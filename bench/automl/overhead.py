"""What the engine costs beside the models: its import, its start, a trial, the end; and how it keeps its budget.

`python -m bench.automl.overhead [--trials 60] [--budgets 5 10]`

Trials are of a logistic regression on 200 rows, one fold, one at a time, so that a trial is nearly all overhead:
proposal, dispatch to a worker, featurization found made, fit, scores, latency and size measured, told to a listener.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import subprocess
import sys
import time

import numpy as np
import pandas

from modelyard import automl


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--budgets", nargs="*", type=float, default=[5.0, 10.0])
    arguments = parser.parse_args()
    print(f"import modelyard.automl: {_import_seconds():.3f} s (median of 5, Python's start taken off)")
    random = np.random.default_rng(0)
    frame = pandas.DataFrame(random.normal(size=(200, 4)), columns=list("abcd"))
    frame["y"] = (frame["a"] + random.normal(size=200) > 0).astype(int)
    begun = time.time()
    found = automl.fit(
        frame, target="y", task="classification", allowed=["LogisticRegression"], fraction=0.25, timeout_seconds=600,
        max_trials=arguments.trials, max_concurrent_trials=1, voting=False, stacking=False, progress="none",
        early_termination=False,
    )  # fmt: skip
    whole = time.time() - begun
    trials = [one for one in found.record.trials if one.origin != "ensemble"]
    gaps = [later.ended_at - one.ended_at for one, later in itertools.pairwise(trials)]
    fits = statistics.median(one.fit_seconds or 0.0 for one in trials)
    print(f"start to first result: {trials[0].ended_at - begun:.2f} s; last result to predictor: "
          f"{begun + whole - trials[-1].ended_at:.2f} s")  # fmt: skip
    print(
        f"a trial: {1000 * statistics.median(gaps):.1f} ms, {1000 * fits:.1f} ms of it the fit ({len(trials)} trials)"
    )
    for budget in arguments.budgets:
        begun = time.perf_counter()
        automl.fit(frame, target="y", timeout_seconds=budget, progress="none")
        seconds = time.perf_counter() - begun
        print(f"budget {budget:g} s: {seconds:.2f} s used ({seconds / budget - 1:+.1%})")
    return 0


def _import_seconds() -> float:
    def run(code: str) -> float:
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - begun

    return statistics.median(run("import modelyard.automl") for _ in range(5)) - statistics.median(
        run("pass") for _ in range(5)
    )


if __name__ == "__main__":
    sys.exit(main())
