"""What the gateway costs over a scoring worker: one row by one client, and by sixteen.

    python bench/serving_spine.py [--seconds 3]

The model is LightGBM (200 trees) on 20 numeric columns, saved with MLflow. The same request goes to the booster on a
ready array (the floor), to the worker over its Unix socket, and through the gateway with a key over TCP.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEY = "bench-key-of-thirty-two-characters"
COLUMNS = [f"x{number}" for number in range(20)]


@dataclass
class Measured:
    name: str
    clients: int
    p50_ms: float
    p99_ms: float
    per_second: float


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=3.0)
    seconds = arguments.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="my-bench-") as folder:
        home = Path(folder)
        booster, row = save_model(home / "model")
        worker_socket = home / "scorer.sock"
        processes = [start_worker(home, worker_socket), start_gateway(home, worker_socket)]
        try:
            port = int(json.loads(read_when_there(home / "gateway.json"))["url"].rpartition(":")[2])
            read_when_there(home / "ready.json")
            body = json.dumps({"input_data": {"columns": COLUMNS, "data": [row]}}).encode()
            report(booster_alone(booster, row, seconds), worker_socket, port, body, seconds)
        finally:
            for process in processes:
                process.terminate()
                process.wait()


def report(floor: Measured, worker_socket: Path, port: int, body: bytes, seconds: float) -> None:
    worker_request = request_of("/score", body)
    gateway_request = request_of("/default/iris/score", body, f"authorization: Bearer {KEY}\r\n")
    found = [floor]
    for clients in (1, 16):
        found.append(load("worker", clients, lambda: unix(worker_socket), worker_request, seconds))
        found.append(load("gateway", clients, lambda: tcp(port), gateway_request, seconds))
    print(f"{'':28}{'clients':>8}{'p50 ms':>10}{'p99 ms':>10}{'per s':>10}")
    for one in found:
        print(f"{one.name:28}{one.clients:8}{one.p50_ms:10.3f}{one.p99_ms:10.3f}{one.per_second:10.0f}")
    alone = {one.name: one.p50_ms for one in found if one.clients == 1}
    print(f"\ngateway over worker, one client, p50: {alone['gateway'] - alone['worker']:.3f} ms")
    print(f"worker over the booster, one client, p50: {alone['worker'] - floor.p50_ms:.3f} ms")


def save_model(path: Path) -> tuple[Any, list[float]]:
    """Train and save; the booster and one row."""
    warnings.simplefilter("ignore")
    import lightgbm
    import mlflow
    import mlflow.lightgbm
    import numpy as np
    import pandas as pd

    draw = np.random.default_rng(0)
    table = pd.DataFrame(draw.normal(size=(20_000, 20)), columns=COLUMNS)
    target = (table["x0"] + table["x1"] * table["x2"] + draw.normal(size=len(table)) > 0).astype(int)
    settings = {"objective": "binary", "num_leaves": 31, "verbose": -1}
    booster = lightgbm.train(settings, lightgbm.Dataset(table, target), 200)
    signature = mlflow.models.infer_signature(table, booster.predict(table.head()))
    mlflow.lightgbm.save_model(booster, str(path), signature=signature, pip_requirements=["lightgbm"])
    return booster, table.iloc[0].tolist()


def booster_alone(booster: Any, row: list[float], seconds: float) -> Measured:
    import numpy as np

    array, times = np.array([row]), []
    until = time.perf_counter() + min(seconds, 1.0)
    while time.perf_counter() < until:
        started = time.perf_counter()
        booster.predict(array, num_threads=1)
        times.append(time.perf_counter() - started)
    return summary("booster on a ready array", 1, times, sum(times))


def start_worker(home: Path, address: Path) -> subprocess.Popen[bytes]:
    document = {
        "version": 1,
        "id": "bench",
        "endpoint": "iris",
        "deployment": "blue",
        "socket": str(address),
        "model": {"path": str(home / "model"), "type": "mlflow_model"},
        "limits": {"max_concurrent_requests": 16},
    }
    (home / "instance.json").write_text(json.dumps(document))
    return start(home, ["-m", "modelyard.scorer", str(home)], OMP_NUM_THREADS="1")


def start_gateway(home: Path, address: Path) -> subprocess.Popen[bytes]:
    deployment = {"instances": [{"id": "bench", "socket": str(address)}], "request_timeout_ms": 5000}
    endpoint = {
        "auth_mode": "key",
        "key_hashes": [hashlib.sha256(KEY.encode()).hexdigest()],
        "traffic": {"blue": 100},
        "deployments": {"blue": deployment},
    }
    (home / "endpoints").mkdir()
    (home / "endpoints" / "routing.json").write_text(
        json.dumps({"version": 1, "endpoints": {"default/iris": endpoint}})
    )
    return start(home, ["-m", "modelyard.gateway"], MODELYARD_HOME=str(home), MODELYARD_GATEWAY_PORT="0")


def start(home: Path, arguments: list[str], **variables: str) -> subprocess.Popen[bytes]:
    with (home / "processes.log").open("ab") as log:
        return subprocess.Popen([sys.executable, *arguments], env=os.environ | variables, stdout=log, stderr=log)


def read_when_there(path: Path) -> str:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if path.exists():
            return path.read_text()
        time.sleep(0.02)
    raise SystemExit(f"{path.name} did not come: {(path.parent / 'processes.log').read_text()}")


def request_of(path: str, body: bytes, headers: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\n{headers}content-type: application/json\r\ncontent-length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


def unix(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.connect(str(path))
    return made


def tcp(port: int) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def load(name: str, clients: int, connect: Callable[[], socket.socket], request: bytes, seconds: float) -> Measured:
    """Each client sends the next request when it has the whole answer to the last. The first tenth is not counted."""
    times: list[float] = []

    def client() -> None:
        with connect() as connection:
            until, count_from = time.perf_counter() + seconds, time.perf_counter() + seconds / 10
            while (started := time.perf_counter()) < until:
                connection.sendall(request)
                read_answer(connection)
                if started > count_from:
                    times.append(time.perf_counter() - started)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return summary(name, clients, times, seconds * 0.9)


def read_answer(connection: socket.socket) -> None:
    data = connection.recv(65536)
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, rest = data.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(data.decode())
    length = int(head.lower().partition(b"content-length:")[2].split()[0])
    while len(rest) < length:
        rest += connection.recv(65536)


def summary(name: str, clients: int, times: list[float], seconds: float) -> Measured:
    ordered = sorted(times)
    p50, p99 = statistics.median(ordered), ordered[int(len(ordered) * 0.99)]
    return Measured(name, clients, p50 * 1000, p99 * 1000, len(times) / seconds)


if __name__ == "__main__":
    main()
