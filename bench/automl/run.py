"""How good, quick and small the models of several AutoML tools are, on the same sets, budget and cores.

`python -m bench.automl.run [--data FOLDER ...] [--budget 60 240] [--tools ours lightgbm flaml autogluon-medium ...]
[--seeds 1] [--cores 2] [--root .bench/automl] [--again] [--verbose]`

A folder has `train.parquet`, `test.parquet` (or .csv) and `meta.json` (`target`, `task`, `metric`), or holds such
folders; without `--data` three small sets of scikit-learn are used, with 10 seconds. Tools run one after the other,
each in a process of its own on the same cores; peers are installed into environments under the root when first asked
for, and left out with a line where that cannot be. Results are kept as files and not measured twice without `--again`.
Scores are of the test rows, which no tool sees; time is that of fitting, memory the peak of the whole process tree.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parent))
from data_sets import DataSet, data_sets
from environments import TOOLS, NotThere, command_of
from tables import show
from task import BenchTask

from modelyard.automl.validate.metrics import metric as metric_of

_PATIENCE = 4.0
"""Times the budget, and a minute, after which a tool is ended."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="*", default=[])
    parser.add_argument("--budget", nargs="*", type=float, default=None)
    parser.add_argument("--tools", nargs="*", default=["ours", "lightgbm"])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--root", type=Path, default=Path(".bench/automl"))
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    tools = [tool for given in arguments.tools for tool in given.split(",")]
    unknown = [tool for tool in tools if tool not in TOOLS]
    if unknown:
        print(f"no tool {unknown[0]}; there are: {', '.join(TOOLS)}", file=sys.stderr)
        return 2
    root = arguments.root.resolve()
    sets = data_sets(arguments.data, root)
    budgets = arguments.budget or ([60.0] if arguments.data else [10.0])
    _use_cores(arguments.cores)
    rows = []
    for tool in tools:
        try:
            command = command_of(tool, root / "envs")
        except NotThere as error:
            print(f"{tool}: left out, {error}")
            continue
        for budget in budgets:
            for one in sets:
                for seed in range(arguments.seeds):
                    rows.append(_result(tool, command, one, budget, seed, root, arguments))
    show(rows, [tool for tool in tools if any(row["tool"] == tool for row in rows)])
    return 0


def _use_cores(count: int) -> None:
    """This process and all that it starts."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])


def _result(
    tool: str, command: list[str], one: DataSet, budget: float, seed: int, root: Path, arguments: argparse.Namespace
) -> dict[str, Any]:
    kept = root / "results" / f"{tool}-{one.name}-{budget:g}-{seed}.json"
    if kept.exists() and not arguments.again:
        found: dict[str, Any] = json.loads(kept.read_text())
        return found
    row = _measured(tool, command, one, budget, seed, root / "work" / kept.stem, arguments.verbose)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(row))
    told = (
        f"{row['score']:.6g} in {row['fit_seconds']:.1f} s" if row["score"] is not None else f"failed: {row['error']}"
    )
    print(f"{tool} {one.name} {budget:g} s: {told} {row.get('notes', '')}", flush=True)
    return row


def _measured(
    tool: str, command: list[str], one: DataSet, budget: float, seed: int, folder: Path, verbose: bool
) -> dict[str, Any]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    task = BenchTask(str(one.train), str(one.test), one.target, one.task, one.metric, budget, seed, str(folder))
    row: dict[str, Any] = {
        "tool": tool,
        "set": one.name,
        "metric": one.metric,
        "budget": budget,
        "seed": seed,
        "score": None,
    }
    environment = {**os.environ, "BENCH_VERBOSE": "1" if verbose else "", "PYTHONPATH": str(Path(__file__).parent)}
    with (folder / "log.txt").open("w") as log:
        output = None if verbose else log
        arguments = [*command, str(task.write()), *TOOLS[tool].arguments]
        # A session of its own: what it leaves running can be ended.
        process = subprocess.Popen(arguments, stdout=output, stderr=output, env=environment, start_new_session=True)
        row["memory_bytes"] = _watched(process, _PATIENCE * budget + 60)
    result = folder / "result.json"
    if not result.exists():
        lines = (folder / "log.txt").read_text(errors="replace").strip().splitlines()
        row["error"] = lines[-1][:300] if lines else f"ended with {process.returncode}"
        return row
    row |= json.loads(result.read_text())
    row["overshoot"] = max(0.0, row["fit_seconds"] / budget - 1.0)
    row["score"] = _score(one, np.load(folder / "predictions.npy"), row["classes"])
    shutil.rmtree(folder, ignore_errors=True)
    return row


def _watched(process: subprocess.Popen[bytes], seconds: float) -> int:
    """Peak memory of the process and all below it, shared pages counted once."""
    peak, end = 0, time.monotonic() + seconds
    while process.poll() is None:
        if time.monotonic() > end:
            os.killpg(process.pid, 9)
        peak = max(peak, _tree_bytes(process.pid))
        time.sleep(0.5)
    return peak


def _tree_bytes(pid: int) -> int:
    total = 0
    try:
        root = psutil.Process(pid)
        for each in [root, *root.children(recursive=True)]:
            try:
                found = each.memory_full_info()
                total += getattr(found, "pss", found.rss)
            except psutil.Error:
                continue
    except psutil.Error:
        return total
    return int(total)


def _score(one: DataSet, outputs: np.ndarray, classes: list[str]) -> float:
    import pandas

    test = pandas.read_parquet(one.test) if one.test.suffix == ".parquet" else pandas.read_csv(one.test)
    found = metric_of({"roc_auc": "auc_weighted"}.get(one.metric, one.metric))
    if one.task == "regression":
        return found.score(test[one.target].to_numpy(float), outputs.ravel())
    order = sorted(classes)
    place = {label: index for index, label in enumerate(order)}
    target = np.array([place[str(label)] for label in test[one.target].tolist()])
    return found.score(target, outputs[:, [classes.index(label) for label in order]])


if __name__ == "__main__":
    sys.exit(main())
