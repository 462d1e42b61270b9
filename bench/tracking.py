"""Experiment tracking beside `mlflow server`: `python bench/tracking.py [--database sqlite|postgresql] [--quick]`.

The unmodified mlflow client, the same calls, fresh databases of the same kind, one server at a time, load maker on
the same machine. A third server that answers `{}` to everything shows what the client alone costs: no server can be
quicker than that. PostgreSQL is a private cluster with its default settings.
"""
# lint: long-file: one question, one file: servers, databases, clients and table of one comparison

from __future__ import annotations

import argparse
import json
import os
import pwd
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

CLIENTS = 8
RUNS = 10_000
EMPTY_SERVER = """
import asyncio, sys
ANSWER = b"HTTP/1.1 200 OK\\r\\ncontent-type: application/json\\r\\ncontent-length: 2\\r\\n\\r\\n{}"
class Answer(asyncio.Protocol):
    def connection_made(self, transport): self.transport, self.buffer = transport, b""
    def data_received(self, data):
        self.buffer += data
        while (end := self.buffer.find(b"\\r\\n\\r\\n")) >= 0:
            head = self.buffer[:end].lower()
            place = head.find(b"content-length:")
            length = int(head[place + 15:].split(b"\\r\\n")[0]) if place >= 0 else 0
            if len(self.buffer) < end + 4 + length: return
            self.buffer = self.buffer[end + 4 + length:]
            self.transport.write(ANSWER)
async def serve():
    server = await asyncio.get_running_loop().create_server(Answer, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()
asyncio.run(serve())
"""


@dataclass
class Plan:
    seconds: float
    batches: int
    runs: int
    searches: int


@dataclass
class Server:
    url: str
    token: str
    process: subprocess.Popen[bytes]
    database_url: str
    start_seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--alone", action="store_true", help="without `mlflow server` beside")
    parser.add_argument("--client", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.client:
        print(json.dumps(work(**json.loads(arguments.client))))
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers end with us
    plan = Plan(1.5, 4, 3, 2) if arguments.quick else Plan(4.0, 12, 8, 3)
    folder = Path(tempfile.mkdtemp(prefix="modelyard-bench-"))
    folder.chmod(0o755)
    try:
        with database_urls(arguments.database, folder) as (theirs_url, ours_url):
            theirs: dict[str, float] = {}
            if not arguments.alone:
                with mlflow_server(theirs_url, folder) as server:
                    theirs = figures(server, plan)
            with modelyard_server(ours_url, folder) as server:
                ours = figures(server, plan)
        with empty_server() as server:
            floor = rates(server, plan)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    show(arguments.database, theirs, ours, floor)


def figures(server: Server, plan: Plan) -> dict[str, float]:
    """Everything that is measured of one server."""
    time.sleep(3)
    found = {"start to first answer, s": server.start_seconds}
    found["idle memory, MB"], found["processes"] = memory(server.process.pid)
    found |= rates(server, plan)
    experiment = client(server, task="experiment")["id"]
    found["run with 10 params and 10 metrics, single calls, ms"] = client(server, task="run", repeats=plan.runs)["ms"]
    fill(server.database_url, int(experiment))
    for name, arguments in SEARCHES.items():
        given = {"experiment": experiment, "repeats": plan.searches, **arguments}
        found[name] = client(server, task="search", **given)["ms"]
    found["memory after, MB"], _ = memory(server.process.pid)
    return found


SEARCHES: dict[str, dict[str, Any]] = {
    f"best 100 of {RUNS:,} runs by a metric, ms": {"order_by": ["metrics.m0 DESC"]},
    f"filter on a metric, ordered, {RUNS:,} runs, ms": {"filter": "metrics.m1 > 0.5", "order_by": ["metrics.m0 DESC"]},
}


def rates(server: Server, plan: Plan) -> dict[str, float]:
    """The calls whose cost the client shares."""
    found: dict[str, float] = {}
    one = client(server, task="log_metric", seconds=plan.seconds)
    found["log_metric, 1 client, calls/s"], found["log_metric, 1 client, p50 ms"] = one["rate"], one["p50"]
    each = together(server, CLIENTS, task="log_metric", seconds=plan.seconds)
    found[f"log_metric, {CLIENTS} clients, calls/s"] = sum(item["rate"] for item in each)
    found[f"log_metric, {CLIENTS} clients, p99 ms"] = max(item["p99"] for item in each)
    found["log_batch of 1,000 metrics, ms"] = client(server, task="log_batch", repeats=plan.batches)["ms"]
    return found


def show(database: str, theirs: dict[str, float], ours: dict[str, float], floor: dict[str, float]) -> None:
    width = max(len(name) for name in ours)
    print(f"database: {database}")
    print(f"{'':{width}}  {'mlflow server':>13}  {'modelyard':>10}  {'ratio':>6}  {'client alone':>12}")
    for name, now in ours.items():
        before, ratio = "", ""
        if name in theirs:
            before = f"{theirs[name]:,.1f}"
            ratio = f"{now / theirs[name] if name.endswith('/s') else theirs[name] / now:.1f}"
        alone = f"{floor[name]:,.1f}" if name in floor else ""
        print(f"{name:{width}}  {before:>13}  {now:10,.1f}  {ratio:>6}  {alone:>12}")


# One client's work, in a process of its own.


def work(task: str, url: str, **given: Any) -> dict[str, Any]:
    from mlflow import MlflowClient

    tracking = MlflowClient(url)
    tasks: dict[str, Callable[..., dict[str, Any]]] = {
        "experiment": new_experiment,
        "log_metric": log_metrics,
        "log_batch": log_batches,
        "run": log_runs,
        "search": search,
    }
    return tasks[task](tracking, **given)


def new_experiment(tracking: Any) -> dict[str, Any]:
    return {"id": tracking.create_experiment("filled")}


def log_metrics(tracking: Any, seconds: float, wait: bool = False) -> dict[str, Any]:
    run_id = new_run(tracking)
    for step in range(10):
        tracking.log_metric(run_id, "warm", 1.0, step=step)
    if wait:
        print("ready", flush=True)
        sys.stdin.readline()
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while (began := time.perf_counter()) < end:
        tracking.log_metric(run_id, "loss", 0.5, step=len(taken))
        taken.append(time.perf_counter() - began)
    taken.sort()
    place = {"p50": 0.5, "p99": 0.99}
    return {"rate": len(taken) / seconds} | {name: 1000 * taken[int(len(taken) * at)] for name, at in place.items()}


def log_batches(tracking: Any, repeats: int) -> dict[str, Any]:
    from mlflow.entities import Metric

    def batch() -> None:
        metrics = [Metric(f"m{index % 10}", float(index), 1_700_000_000_000 + index, index) for index in range(1000)]
        tracking.log_batch(runs.pop(), metrics=metrics)

    runs = [new_run(tracking) for _ in range(repeats + 1)]
    batch()
    return {"ms": median_ms(repeats, batch)}


def log_runs(tracking: Any, repeats: int) -> dict[str, Any]:
    def one() -> None:
        run_id = tracking.create_run("0").info.run_id
        for index in range(10):
            tracking.log_param(run_id, f"p{index}", index)
            tracking.log_metric(run_id, f"m{index}", float(index))
        tracking.update_run(run_id, status="FINISHED")

    one()
    return {"ms": median_ms(repeats, one)}


def search(tracking: Any, experiment: str, order_by: list[str], repeats: int, filter: str = "") -> dict[str, Any]:
    def one() -> None:
        found = tracking.search_runs([experiment], filter, order_by=order_by, max_results=100)
        assert len(found) == 100

    return {"ms": median_ms(repeats, one)}


def new_run(tracking: Any) -> str:
    try:
        return str(tracking.create_run("0").info.run_id)
    except Exception:  # the empty server knows no runs
        return "0" * 32


def median_ms(repeats: int, call: Callable[[], None]) -> float:
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return 1000 * statistics.median(taken)


def client(server: Server, **given: Any) -> dict[str, Any]:
    return result(start_client(server, **given))


def together(server: Server, count: int, **given: Any) -> list[dict[str, Any]]:
    """As many clients at once, all past their imports when the clock starts."""
    processes = [start_client(server, wait=True, **given) for _ in range(count)]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    return [result(process) for process in processes]


def start_client(server: Server, **given: Any) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "MLFLOW_TRACKING_TOKEN": server.token,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    }
    command = [sys.executable, __file__, "--client", json.dumps({"url": server.url, **given})]
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def result(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    output, _ = process.communicate()
    if process.returncode:
        raise SystemExit("a client failed; its message is above")
    answer: dict[str, Any] = json.loads(output.splitlines()[-1])
    return answer


# Servers and databases.


@contextmanager
def mlflow_server(database_url: str, folder: Path) -> Iterator[Server]:
    port = free_port()
    command = [str(Path(sys.executable).with_name("mlflow")), "server", "--port", str(port)]
    command += ["--backend-store-uri", database_url, "--artifacts-destination", str(folder / "artifacts")]
    with running(command, port, "/health", {}, database_url, folder) as server:
        yield server


@contextmanager
def modelyard_server(database_url: str, folder: Path) -> Iterator[Server]:
    port, home = free_port(), folder / "home"
    environment = {
        "MODELYARD_HOME": str(home),
        "MODELYARD_PORT": str(port),
        "MODELYARD_GATEWAY_PORT": str(free_port()),
        "MODELYARD_DATABASE_URL": database_url,
    }
    command = [sys.executable, "-m", "modelyard.server"]
    with running(command, port, "/health", environment, database_url, folder) as server:
        server.token = (home / "admin-token").read_text().strip()
        yield server


@contextmanager
def empty_server() -> Iterator[Server]:
    port = free_port()
    with running([sys.executable, "-c", EMPTY_SERVER, str(port)], port, "/", {}, "", None) as server:
        yield server


@contextmanager
def running(
    command: list[str], port: int, path: str, environment: dict[str, str], database_url: str, folder: Path | None
) -> Iterator[Server]:
    began = time.perf_counter()
    log = (folder / f"{port}.log").open("wb") if folder else subprocess.DEVNULL
    every = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", **environment}
    process = subprocess.Popen(command, env=every, stdout=log, stderr=log, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url + path, process)
        yield Server(url, "none", process, database_url, time.perf_counter() - began)
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the server with every process that it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(15_000):
        if process.poll() is not None:
            raise SystemExit(f"the server ended with {process.returncode} before it answered")
        try:
            urllib.request.urlopen(url, timeout=5).read()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.02)
    raise SystemExit("the server did not answer within five minutes")


@contextmanager
def database_urls(kind: str, folder: Path) -> Iterator[tuple[str, str]]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/theirs.db", f"sqlite:///{folder}/ours.db"
        return
    binaries = (
        max(Path("/usr/lib/postgresql").glob("*/bin"), default=None) or Path(shutil.which("postgres") or "").parent
    )
    data = folder / "postgresql"
    data.mkdir()
    user: dict[str, Any] = {}
    if os.getuid() == 0:  # which PostgreSQL refuses
        entry = pwd.getpwnam("postgres" if any(item.pw_name == "postgres" for item in pwd.getpwall()) else "nobody")
        os.chown(data, entry.pw_uid, entry.pw_gid)
        user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": data, **user}
    cluster = ["-D", str(data / "cluster")]
    subprocess.run([binaries / "initdb", *cluster, "-A", "trust", "-U", "postgres", "-E", "UTF8"], check=True, **quiet)
    port = free_port()
    settings = ["-c", f"port={port}", "-c", f"unix_socket_directories={data}", "-c", "max_connections=300"]
    process = subprocess.Popen([binaries / "postgres", *cluster, *settings], **quiet)
    base = f"postgresql://postgres@127.0.0.1:{port}"
    try:
        for name in ("theirs", "ours"):
            make_database(base, name)
        # Each by the driver that it takes for such an address.
        yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/theirs", f"{base}/ours"
    finally:
        process.terminate()
        process.wait(30)


def make_database(base: str, name: str) -> None:
    for _ in range(200):
        try:
            with psycopg.connect(f"{base}/postgres", autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}".encode())
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise SystemExit("PostgreSQL did not start")


def fill(database_url: str, experiment: int) -> None:
    """Runs with five metrics, five params and three tags each, straight into the tables, which both servers share."""
    runs, metrics, params, tags = [], [], [], []
    for index in range(RUNS):
        run_id = f"{index:032x}"
        runs.append((run_id, f"run {index}", "ann", index, f"mlflow-artifacts:/{run_id}", experiment))
        value = (index * 7919 % RUNS) / RUNS
        metrics += [(f"m{key}", (value + key / 10) % 1, index, run_id) for key in range(5)]
        params += [(f"p{key}", str(index % 10), run_id) for key in range(5)]
        tags += [(f"t{key}", str(index % 7), run_id) for key in range(3)]
    statements = [
        (
            "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, status, source_version,"
            " lifecycle_stage, user_id, start_time, artifact_uri, experiment_id)"
            " VALUES (?, ?, 'UNKNOWN', '', '', 'FINISHED', '', 'active', ?, ?, ?, ?)",
            runs,
        ),
        ("INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)", params),
        ("INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)", tags),
    ]
    for table in ("metrics", "latest_metrics"):
        columns = "(key, value, timestamp, run_uuid, step, is_nan)"
        statements.append((f"INSERT INTO {table} {columns} VALUES (?, ?, ?, ?, 0, FALSE)", metrics))
    if database_url.startswith("sqlite"):
        with sqlite3.connect(database_url.removeprefix("sqlite:///"), timeout=60) as lite:
            for statement, rows in statements:
                lite.executemany(statement, rows)
        lite.close()
        return
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection, connection.cursor() as cursor:
        for statement, rows in statements:
            cursor.executemany(statement.replace("?", "%s").encode(), rows)
        cursor.execute("ANALYZE")


def memory(pid: int) -> tuple[float, float]:
    """Resident megabytes of a process and everything below it, and how many processes that is."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family and child not in family}:
        family |= more
    pages = sum(int(Path(f"/proc/{member}/statm").read_text().split()[1]) for member in family)
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6, float(len(family))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
