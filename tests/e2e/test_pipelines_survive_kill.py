"""kill -9 of the server at random instants of a nested pipeline: every node runs once, and the outputs are right."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .server_process import ServerProcess

KILLS = 20
CHAINS = 10
LENGTH = 5


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    home = tmp_path / "home"
    home.mkdir()
    server = ServerProcess(home)
    server.start()
    yield server
    server.stop()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_each_node_runs_once_and_the_sum_is_right(server: ServerProcess, tmp_path: Path) -> None:
    chance = random.Random(int(os.environ.get("MODELYARD_TEST_SEED", "6")))
    ran = tmp_path / "ran"
    with server.installation.rest() as rest:
        answer = rest.post("/jobs", json=pipeline(ran))
    assert answer.status_code == 201, answer.text
    total = CHAINS * LENGTH + 1
    for mark in sorted(chance.randrange(total - 1) for _ in range(KILLS)):
        deadline = time.monotonic() + 100
        while (len(ran.read_text().split()) if ran.exists() else 0) <= mark:
            assert time.monotonic() < deadline, f"it stands still before node {mark}"
            time.sleep(0.02)
        time.sleep(chance.uniform(0.0, 0.2))
        server.kill()
        server.start()
    assert server.installation.job_ends("tree", timeout=200) == "Completed"
    assert max(Counter(ran.read_text().split()).values()) == 1, "a node ran twice"
    assert len(ran.read_text().split()) == total
    # Each chain adds 1 a node to the number of its chain.
    assert (tmp_path / "sum").read_text().strip() == str(sum(chain + LENGTH for chain in range(CHAINS)))


def pipeline(ran: Path) -> dict[str, Any]:
    """`CHAINS` nested pipelines of `LENGTH` nodes each, and a node that adds up what they give: 61 jobs."""
    chains: dict[str, Any] = {
        f"chain{number}": {
            "type": "pipeline",
            "component": chain(ran),
            "inputs": {"start": number},
        }
        for number in range(CHAINS)
    }
    numbers = {f"n{number}": f"${{{{parent.jobs.chain{number}.outputs.last}}}}" for number in range(CHAINS)}
    terms = " + ".join(f"$(cat ${{{{inputs.{name}}}}})" for name in numbers)
    total = f"echo $MODELYARD_JOB_NAME >> {ran}; echo $(( {terms} )) > {ran.parent / 'sum'}"
    return {
        "type": "pipeline",
        "name": "tree",
        "settings": {"force_rerun": True},
        "jobs": {**chains, "total": {"command": total, "inputs": numbers}},
    }


def chain(ran: Path) -> dict[str, Any]:
    step = f"echo $MODELYARD_JOB_NAME >> {ran}; echo $(( $(cat ${{{{inputs.n}}}}) + 1 )) > ${{{{outputs.m}}}}"
    first = f"echo $MODELYARD_JOB_NAME >> {ran}; echo $(( ${{{{inputs.n}}}} + 1 )) > ${{{{outputs.m}}}}"
    nodes: dict[str, Any] = {
        "s0": {"command": first, "inputs": {"n": "${{parent.inputs.start}}"}, "outputs": {"m": {"type": "uri_file"}}}
    }
    for index in range(1, LENGTH):
        last = index == LENGTH - 1
        nodes[f"s{index}"] = {
            "command": step,
            "inputs": {"n": f"${{{{parent.jobs.s{index - 1}.outputs.m}}}}"},
            "outputs": {"m": {"type": "uri_file", **({"path": "${{parent.outputs.last}}"} if last else {})}},
        }
    ports = {"inputs": {"start": {"type": "integer"}}, "outputs": {"last": {"type": "uri_file"}}}
    return {"type": "pipeline", **ports, "jobs": nodes}
