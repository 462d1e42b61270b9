"""How long until the platform answers, and what it weighs: `python bench/startup.py [--rounds 5] [--quick]`.

Each figure is a median; the bare interpreter stands beside for what cannot be taken away.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path

MODELYARD = str(Path(sys.executable).with_name("modelyard"))
IDLE_SECONDS = 10
Row = tuple[str, str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="two rounds")
    arguments = parser.parse_args()
    rounds = 2 if arguments.quick else arguments.rounds
    rows = command_rows(rounds) + platform_rows(rounds)
    width = max(len(title) for title, _, _ in rows)
    print(f"{'':{width}}  {'median':>10}  target")
    for title, figure, target in rows:
        print(f"{title:{width}}  {figure:>10}  {target and 'under ' + target}")


def command_rows(rounds: int) -> list[Row]:
    commands: list[tuple[str, list[str], str]] = [
        ("python -c pass (the floor)", [sys.executable, "-c", "pass"], ""),
        ("import modelyard", [sys.executable, "-c", "import modelyard"], "200 ms"),
        ("from modelyard import MLClient", [sys.executable, "-c", "from modelyard import MLClient"], ""),
        ("modelyard --help", [MODELYARD, "--help"], "200 ms"),
        ("modelyard job create --help", [MODELYARD, "job", "create", "--help"], ""),
    ]
    return [
        (title, f"{1000 * median(2 * rounds, partial(run, command)):.0f} ms", target)
        for title, command, target in commands
    ]


def platform_rows(rounds: int) -> list[Row]:
    home = Path(tempfile.mkdtemp(prefix="modelyard-bench-"))
    environment = {**os.environ, "MODELYARD_HOME": str(home)}
    up = [MODELYARD, "up", "--port", str(free_port()), "--gateway-port", str(free_port())]
    down = [MODELYARD, "down"]
    try:
        first = start_to_answer(up, environment, home)
        warm = []
        for _ in range(rounds):
            run(down, environment)
            warm.append(start_to_answer(up, environment, home))
        time.sleep(IDLE_SECONDS)
        idle = {name: memory(home / f"{name}.json") for name in ("server", "gateway")}
        share = cpu_share(home / "server.json")
        ask(home, "/api/2.0/mlflow/registered-models/search")
        after_mlflow = memory(home / "server.json")
    finally:
        run(down, environment)
        shutil.rmtree(home, ignore_errors=True)
    return [
        ("modelyard up, fresh home, to the first answer", f"{first:.2f} s", ""),
        ("modelyard up, warm, to the first answer", f"{statistics.median(warm):.2f} s", "3 s"),
        ("server, idle", f"{idle['server']:.0f} MB", "350 MB"),
        ("gateway, idle", f"{idle['gateway']:.0f} MB", ""),
        ("server, idle, share of one core", f"{100 * share:.1f} %", ""),
        ("server, after a call that needs MLflow", f"{after_mlflow:.0f} MB", ""),
    ]


def start_to_answer(up: list[str], environment: dict[str, str], home: Path) -> float:
    """Seconds from the command to the answer of an authenticated request."""
    started = time.perf_counter()
    run(up, environment)
    ask(home, "/api/v1/workspaces")
    return time.perf_counter() - started


def ask(home: Path, path: str) -> bytes:
    url = json.loads((home / "server.json").read_text())["url"]
    token = (home / "admin-token").read_text().strip()
    request = urllib.request.Request(url + path, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        body: bytes = answer.read()
    return body


def memory(process_file: Path) -> float:
    """Resident megabytes of the process that wrote the file."""
    pid = json.loads(process_file.read_text())["pid"]
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    return kilobytes * 1024 / 1e6


def cpu_share(process_file: Path, seconds: float = 5.0) -> float:
    pid = json.loads(process_file.read_text())["pid"]
    before = cpu_seconds(pid)
    time.sleep(seconds)
    return (cpu_seconds(pid) - before) / seconds


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def median(rounds: int, action: Callable[[], None]) -> float:
    action()
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def run(command: list[str], environment: dict[str, str] | None = None) -> None:
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
