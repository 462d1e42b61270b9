"""A sweep to look at while it runs: `make demo-sweep`, on the platform of `make demo`.

LightGBM on the tumours: a bayesian search with median stopping and warm trials, its table live, its best trial
registered as a model.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

from main import HOME, MODELYARD, NAME, register_data, show, start_platform, tumours
from rich.live import Live
from rich.table import Table

from modelyard import MLClient, load_job
from modelyard.constants import AssetTypes
from modelyard.domain.errors import ModelyardError
from modelyard.entities import Model

HERE = Path(__file__).parent
OVER = ("Completed", "Failed", "Canceled")
PARAMETERS = ("learning_rate", "leaves", "rows", "columns")
LOOK_SECONDS = 0.5
MOST_ROWS = 12


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=24)
    arguments = parser.parse_args()
    os.environ["MODELYARD_HOME"] = str(HOME)
    try:
        run(arguments.trials)
    except ModelyardError as error:
        show.failure(str(error), error.mend or f"read {HOME}/logs/server.log")
        return 1
    return 0


def run(trials: int) -> None:
    with show.step("Start the platform", "modelyard up"):
        start_platform()
        client = MLClient(workspace_name="default")
    register_data(client, tumours())
    with show.step("Search", "modelyard job create -f examples/demo/sweep/sweep.yml --stream"):
        job = load_job(HERE / "sweep" / "sweep.yml")
        job.set_limits(max_total_trials=trials)
        name = str(client.jobs.create_or_update(job).name)
        show.fact("sweep", name)
        began = time.perf_counter()
        status = follow(client, name)
        seconds = time.perf_counter() - began
        if status != "Completed":
            raise ModelyardError(f"the sweep ended {status}", mend=f"modelyard job show -n {name}")
    show_best(client, name, seconds)
    path = f"azureml://jobs/{name}/outputs/model"
    line = f"modelyard model create --name {NAME}-searched --type custom_model --path {path}"
    with show.step("Register the winner", line):
        made = client.models.create_or_update(Model(name=f"{NAME}-searched", path=path, type=AssetTypes.CUSTOM_MODEL))
        show.fact("model", f"{made.name}:{made.version}")
    show.console.print("\n[bold green]Done.[/] The platform is left running.\n")
    show.console.print("[bold]Next[/]")
    show.console.print(f"   export MODELYARD_HOME={HOME} PATH={MODELYARD.parent}:$PATH")
    show.console.print(f"   modelyard job trials {name} --best -o table")
    show.console.print(f"   modelyard job extend -n {name} --max-total-trials {2 * trials}")


def follow(client: MLClient, name: str) -> str:
    """Show the table of trials until the sweep has ended; its status. A terminal has it live, a file the end of it."""
    with Live(console=show.console, auto_refresh=False, transient=False) as live:
        while True:
            status = str(client.jobs.get(name).status)
            if show.console.is_terminal or status in OVER:
                live.update(table(client, name), refresh=True)
            if status in OVER:
                break
            time.sleep(LOOK_SECONDS)
    show.console.print()
    return status


def table(client: MLClient, name: str) -> Table:
    """The best trials so far, and how many there are of each kind."""
    summary = client.jobs.sweep_summary(name)
    counts = ", ".join(f"{count} {phase}" for phase, count in summary["counts"].items() if count)
    shown = Table("trial", "log loss", *PARAMETERS, "phase", title=f"{summary['trials']} trials: {counts}")
    for number, trial in enumerate(client.jobs.list_trials(name, order_by="best")):
        if number == MOST_ROWS:
            break
        score = trial["score"] if trial["score"] is not None else trial["last_value"]
        style = "bold green" if number == 0 and trial["score"] is not None else None
        cells = [cell(trial["parameters"][key]) for key in PARAMETERS]
        shown.add_row(str(trial["number"]), cell(score), *cells, trial["phase"], style=style)
    return shown


def cell(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "" if value is None else str(value)


def show_best(client: MLClient, name: str, seconds: float) -> None:
    summary = client.jobs.sweep_summary(name)
    best = summary["best_trial"]
    drawn = ", ".join(f"{key} {cell(best['parameters'][key])}" for key in PARAMETERS)
    show.fact("best", f"trial {best['number']}, log loss {best['score']:.4f}: {drawn}")
    weights = sorted(summary["importances"].items(), key=lambda item: -item[1])
    show.fact("matters", ", ".join(f"{key} {100 * weight:.0f} %" for key, weight in weights) or "too few trials to say")
    stopped = summary["counts"].get("stopped", 0)
    show.fact("time", f"{seconds:.1f} s, {1000 * seconds / summary['trials']:.0f} ms a trial; {stopped} stopped early")


if __name__ == "__main__":
    sys.exit(main())
