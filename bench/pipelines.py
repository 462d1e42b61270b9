"""What a pipeline costs beyond the commands of its nodes: `python bench/pipelines.py [--large 1000] [--quick]`.

Ten steps one after the other, a hundred side by side, fifty that are all taken from an earlier run, and a large one.
The floor is the same commands started by a bare loop. The peer, Metaflow, runs in the same run where it is installed
(`--metaflow PYTHON` names a Python that has it).
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from jobs import AT_ONCE, Platform, bare_loop, platform

COMMAND = "python -c 'print(1)' > ${{outputs.n}}"
PATIENCE_SECONDS = 900.0
FLOWS = {
    "sequence": """
from metaflow import FlowSpec, step
class Flow(FlowSpec):
    @step
    def start(self):
        self.next(self.s0)
{steps}
    @step
    def end(self):
        pass
if __name__ == "__main__":
    Flow()
""",
    "fan-out": """
from metaflow import FlowSpec, step
class Flow(FlowSpec):
    @step
    def start(self):
        self.items = list(range({count}))
        self.next(self.work, foreach="items")
    @step
    def work(self):
        self.next(self.join)
    @step
    def join(self, inputs):
        self.next(self.end)
    @step
    def end(self):
        pass
if __name__ == "__main__":
    Flow()
""",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", type=int, default=1000, help="nodes of the large pipeline")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round, a large one of 200 nodes")
    parser.add_argument("--metaflow", default=sys.executable, help="a Python that has metaflow")
    arguments = parser.parse_args()
    rounds, large = (1, 200) if arguments.quick else (arguments.rounds, arguments.large)
    with platform() as yard:
        run(yard, chain(2))  # the first pays for imports
        chains = [run(yard, chain(10)) for _ in range(rounds)]
        fans = [run(yard, fan(100)) for _ in range(rounds)]
        first = run(yard, chain(50, force=False))
        reused = [run(yard, chain(50, force=False)) for _ in range(rounds)]
        big = growth(yard, large)
    floors = [bare_loop(count)[0] for count in (10, 100)]
    peers = [metaflow(arguments.metaflow, name, count) for name, count in (("sequence", 10), ("fan-out", 100))]
    print("| pipeline | seconds | bare commands, s | ms a step beyond them | Metaflow, s |")
    print("|---|---|---|---|---|")
    # Bare commands of a chain run one at a time: the loop has AT_ONCE places.
    row("10 steps in sequence", statistics.median(chains), floors[0] * AT_ONCE, 10, peers[0])
    row("100 side by side, 2 at a time", statistics.median(fans), floors[1], 100, peers[1])
    print(f"| 50 steps, all reused (first run {first:.2f} s) | {statistics.median(reused):.2f} | | | |")
    print(f"| {large} nodes, 10 chains | {big['seconds']:.1f} | | | |")
    quarters = ", ".join(f"{1000 * value:.0f}" for value in big["quarters"])
    print(f"\nThe large one: submitted in {big['submitted']:.2f} s; ms a node in each quarter of its life: {quarters}")


def row(name: str, seconds: float, floor: float, steps: int, peer: float | None) -> None:
    beyond = 1000 * (seconds - floor) / steps
    shown = "not installed" if peer is None else f"{peer:.1f}"
    print(f"| {name} | {seconds:.2f} | {floor:.2f} | {beyond:.0f} | {shown} |")


def chain(length: int, *, force: bool = True) -> dict[str, Any]:
    nodes: dict[str, Any] = {}
    for index in range(length):
        # A number of its own, so that no step stands for another.
        command = COMMAND if force else COMMAND.replace("print(1)", f"print({index})")
        node: dict[str, Any] = {"command": command, "outputs": {"n": {"type": "uri_file"}}}
        if index:
            node["inputs"] = {"before": f"${{{{parent.jobs.s{index - 1}.outputs.n}}}}"}
        nodes[f"s{index}"] = node
    return {"type": "pipeline", "settings": {"force_rerun": force}, "jobs": nodes}


def fan(width: int) -> dict[str, Any]:
    node = {"command": COMMAND, "outputs": {"n": {"type": "uri_file"}}}
    jobs = {f"s{index}": node for index in range(width)}
    return {"type": "pipeline", "settings": {"force_rerun": True}, "jobs": jobs}


def run(yard: Platform, body: dict[str, Any]) -> float:
    """Seconds from the submission to the recorded end."""
    began = time.perf_counter()
    answer = yard.rest.post("/jobs", json=body)
    answer.raise_for_status()
    yard.ended(str(answer.json()["name"]))
    return time.perf_counter() - began


def growth(yard: Platform, nodes: int) -> dict[str, Any]:
    """A large pipeline: how long its submission takes, and how long a node takes early and late."""
    chains = 10
    jobs: dict[str, Any] = {}
    for number in range(chains):
        for name, node in chain(nodes // chains)["jobs"].items():
            node["inputs"] = {
                key: text.replace("jobs.s", f"jobs.c{number}_s") for key, text in node.get("inputs", {}).items()
            }
            jobs[f"c{number}_{name}"] = {**node, "command": "echo 1 > ${{outputs.n}}"}
    began = time.perf_counter()
    answer = yard.rest.post("/jobs", json={"type": "pipeline", "jobs": jobs, "settings": {"force_rerun": True}})
    answer.raise_for_status()
    submitted = time.perf_counter() - began
    name = answer.json()["name"]
    marks: list[float] = []
    while len(marks) < 4:
        status = yard.job(name)["status"]
        phases = [node["phase"] for node in yard.rest.get(f"/jobs/{name}/nodes").json()["value"]]
        done = sum(phase == "completed" for phase in phases)
        while len(marks) < 4 and done >= len(jobs) * (len(marks) + 1) // 4:
            marks.append(time.perf_counter() - began)
        if status in ("Failed", "Canceled") or time.perf_counter() - began > PATIENCE_SECONDS:
            raise SystemExit(f"{name} is {status} with {done} nodes done")
        time.sleep(0.5)
    quarters = [(mark - before) / (len(jobs) / 4) for mark, before in zip(marks, [submitted, *marks[:-1]], strict=True)]
    return {"seconds": marks[-1], "submitted": submitted, "quarters": quarters}


def metaflow(python: str, name: str, count: int) -> float | None:
    """Seconds of the same shape in Metaflow; None where it is not installed."""
    if subprocess.run([python, "-c", "import metaflow"], capture_output=True, check=False).returncode:
        return None
    following = [f"s{index + 1}" for index in range(count - 3)] + ["end"]
    steps = "".join(
        f"    @step\n    def s{index}(self):\n        self.next(self.{after})\n"
        for index, after in enumerate(following)
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "flow.py"
        file.write_text(FLOWS[name].replace("{steps}", steps).replace("{count}", str(count)))
        began = time.perf_counter()
        command = [python, str(file), "--no-pylint", "run", "--max-workers", str(AT_ONCE)]
        subprocess.run(command, check=True, capture_output=True, cwd=folder, env={"HOME": folder, "USER": "bench"})
        return time.perf_counter() - began


if __name__ == "__main__":
    main()
