"""How long a job takes beside its own command: `python bench/jobs.py [--jobs 100] [--rounds 30] [--quick]`.

The peer of each figure is the same command started by a bare loop of `subprocess`, in the same run. The parts of one
job are read from the clocks that the platform itself keeps: the job's row, its events and the launcher's records.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

AT_ONCE = 2
# What a user's first line would do: look at the clock.
COMMAND = "python -c 'import time; print(time.time())'"
PATIENCE_SECONDS = 120.0


@dataclass
class Platform:
    home: Path
    rest: httpx.Client

    def submit(self, command: str) -> str:
        answer = self.rest.post("/jobs", json={"command": command})
        answer.raise_for_status()
        return str(answer.json()["name"])

    def job(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.rest.get(f"/jobs/{name}").json()
        return found

    def ended(self, name: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            job = self.job(name)
            if job["status"] in ("Completed", "Failed", "Canceled"):
                if job["status"] != "Completed":
                    raise SystemExit(f"{name} ended {job['status']}: {job.get('error')}")
                return job
            time.sleep(0.005)
        raise SystemExit(f"{name} did not end")

    def record(self, name: str, which: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / "jobs" / "default" / name / "1" / which).read_text())
        return found

    def first_line(self, job: dict[str, Any]) -> float:
        folder = self.home / "storage" / "default" / "workspaceartifactstore" / "ExperimentRun"
        return float((folder / f"dcid.{job['run_id']}" / "user_logs" / "std_log.txt").read_text().split()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--quick", action="store_true", help="20 jobs, 10 rounds")
    arguments = parser.parse_args()
    jobs, rounds = (20, 10) if arguments.quick else (arguments.jobs, arguments.rounds)
    with platform() as yard:
        yard.ended(yard.submit(COMMAND))  # the first pays for imports
        parts = [one_job(yard) for _ in range(rounds)]
        many = many_jobs(yard, jobs)
        server, tasks = cpu_seconds(yard)
        many_again = many_jobs(yard, jobs)
        server, tasks = (now - before for now, before in zip(cpu_seconds(yard), (server, tasks), strict=True))
    print_parts(parts)
    bare, command = bare_loop(jobs)
    print_many(jobs, min(many, many_again), bare)
    print_cpu({"server": server / jobs, "launcher": (tasks - command) / jobs, "the command itself": command / jobs})


def one_job(yard: Platform) -> dict[str, float]:
    """The moments of one job, in milliseconds since its submission."""
    submitted = time.time()
    name = yard.submit(COMMAND)
    answered = time.time()
    job = yard.ended(name)
    launcher, started, ended = (yard.record(name, f"{which}.json") for which in ("launcher", "started", "exit"))
    events = status_events(yard, name)
    moments = {
        "request answered": answered,
        "decided (Starting)": events["Starting"],
        "launcher runs": launcher["started_at"],
        "process started": started["started_at"],
        "first line of user code": yard.first_line(job),
        "command ended": ended["ended_at"],
        "recorded (Completed)": events["Completed"],
    }
    return {part: 1000 * (moment - submitted) for part, moment in moments.items()}


def status_events(yard: Platform, name: str) -> dict[str, float]:
    address = yard.rest.base_url.join("/api/v1/events")
    found = yard.rest.get(address, params={"subject": f"jobs/{name}", "page_size": 100}).json()["value"]
    return {
        event["data"]["to"]: datetime.fromisoformat(event["time"]).timestamp()
        for event in found
        if event["type"] == "modelyard.job.status_changed"
    }


def many_jobs(yard: Platform, count: int) -> float:
    """Seconds from the first submission to the last end."""
    began = time.perf_counter()
    names = [yard.submit(COMMAND) for _ in range(count)]
    for name in reversed(names):  # the queue is first come, first served: nearly all the waiting is for the last
        while yard.job(name)["status"] not in ("Completed", "Failed", "Canceled"):
            time.sleep(0.05)
    return time.perf_counter() - began


def bare_loop(count: int) -> tuple[float, float]:
    """The same commands, started by a loop that does nothing else: seconds by the clock, and of CPU."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    running: list[subprocess.Popen[bytes]] = []
    for _ in range(count):
        if len(running) == AT_ONCE:
            running.pop(0).wait()
        running.append(subprocess.Popen(["bash", "-c", COMMAND], stdout=subprocess.DEVNULL, env=environment))
    for process in running:
        process.wait()
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def print_parts(rows: list[dict[str, float]]) -> None:
    print(f"one job, medians of {len(rows)}, milliseconds")
    print(f"{'':28}{'at':>8}{'part':>8}")
    before = 0.0
    for part in rows[0]:
        moment = statistics.median(row[part] for row in rows)
        target = "   target under 150" if part == "first line of user code" else ""
        print(f"{part:28}{moment:8.1f}{moment - before:8.1f}{target}")
        before = moment


def print_many(count: int, ours: float, bare: float) -> None:
    print(f"\n{count} jobs, {AT_ONCE} at a time, seconds")
    print(f"{'modelyard':28}{ours:8.2f}   target under {5 * count / 100:g}")
    print(f"{'bare loop of subprocess':28}{bare:8.2f}")


def print_cpu(shares: dict[str, float]) -> None:
    """Where the CPU of one job goes. What is left to take away: all of the server, and of the launcher what is above
    an interpreter's start, which a launcher that is forked instead of started would save as well."""
    floor = interpreter_seconds()
    print("\nCPU of one of them, milliseconds")
    for part, seconds in shares.items():
        print(f"{part:28}{1000 * seconds:8.1f}")
    print(f"{'all':28}{1000 * sum(shares.values()):8.1f}")
    print(f"{'an interpreter that does nothing':34}{1000 * floor:.1f}, once in the launcher")
    print(
        f"{'left to take away':34}{1000 * (shares['server'] + shares['launcher'] - floor):.1f}, and a fork for a start"
    )


def interpreter_seconds(rounds: int = 20) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(rounds):
        subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / rounds


@contextmanager
def platform() -> Iterator[Platform]:
    """A server of its own, with room for two jobs at a time."""
    home = Path(tempfile.mkdtemp(prefix="modelyard-bench-"))
    settings = {"HOME": str(home), "PORT": "0", "LOCAL_CPUS": str(AT_ONCE), "RUN_GATEWAY": "false"}
    environment = {**os.environ, **{f"MODELYARD_{name}": value for name, value in settings.items()}}
    server = subprocess.Popen([sys.executable, "-m", "modelyard.server"], env=environment)
    try:
        yield Platform(home, connect(home))
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(home, ignore_errors=True)


def connect(home: Path) -> httpx.Client:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            url = json.loads((home / "server.json").read_text())["url"]
            httpx.get(f"{url}/health").raise_for_status()
        except (OSError, ValueError, httpx.HTTPError):
            time.sleep(0.05)
            continue
        token = (home / "admin-token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=f"{url}/api/v1/workspaces/default", headers=headers, timeout=30)
    raise SystemExit("the server did not answer")


def cpu_seconds(yard: Platform) -> tuple[float, float]:
    """CPU so far of the server, and of all that it started and saw end."""
    pid = json.loads((yard.home / "server.json").read_text())["pid"]
    fields = [int(word) for word in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]]
    ticks = os.sysconf("SC_CLK_TCK")
    return (fields[0] + fields[1]) / ticks, (fields[2] + fields[3]) / ticks


if __name__ == "__main__":
    main()
