"""The cheap logger against a server that speaks HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest

from modelyard import log


class Recorder(BaseHTTPRequestHandler):
    seen: ClassVar[list[tuple[str, str | None, Any]]] = []
    answers: ClassVar[list[int]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((self.path, self.headers["Authorization"], body))
        self.send_response(self.answers.pop(0) if self.answers else 200)
        self.end_headers()
        self.wfile.write(b'{"message": "said"}')

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Recorder]]:
    Recorder.seen, Recorder.answers = [], []
    with HTTPServer(("127.0.0.1", 0), Recorder) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{http.server_port}/mlflow/default")
        monkeypatch.setenv("MLFLOW_RUN_ID", "run1")
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret")
        yield Recorder
        http.shutdown()
        thread.join()


def test_a_metric_by_mlflows_protocol(server: type[Recorder]) -> None:
    log.log_metric("loss", 0.25, step=3)
    ((path, authorization, body),) = server.seen
    assert (path, authorization) == ("/mlflow/default/api/2.0/mlflow/runs/log-batch", "Bearer secret")
    assert body["run_id"] == "run1"
    (metric,) = body["metrics"]
    assert (metric["key"], metric["value"], metric["step"]) == ("loss", 0.25, 3)
    assert metric["timestamp"] > 1_700_000_000_000


def test_names_and_numbers_of_every_kind(server: type[Recorder]) -> None:
    values = {'a"b\\': 1, "größe/😀": float("nan"), "up": float("inf"), "down": float("-inf"), "small": 1e-300}
    log.log_metrics(values)
    logged = {metric["key"]: metric["value"] for metric in server.seen[0][2]["metrics"]}
    assert logged == {'a"b\\': 1.0, "größe/😀": "NaN", "up": "Infinity", "down": "-Infinity", "small": 1e-300}


def test_a_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not(
    server: type[Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log.time, "sleep", lambda _: None)
    server.answers[:] = [503, 429, 200]
    log.log_metric("loss", 1)
    assert len(server.seen) == 3
    assert server.seen[0] == server.seen[2]
    server.answers[:] = [403]
    with pytest.raises(log.NotLogged, match=r"403.*said"):
        log.log_metric("loss", 1)
    assert len(server.seen) == 4


def test_nobody_there(server: type[Recorder], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1/mlflow/default")
    with pytest.raises(log.NotLogged, match="cannot be reached"):
        log.log_metric("loss", 1)


def test_outside_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    with pytest.raises(log.NotLogged, match="MLFLOW_RUN_ID is not set: metrics are logged from within a job"):
        log.log_metric("loss", 1)


def test_the_command_line(server: type[Recorder], capsys: pytest.CaptureFixture[str]) -> None:
    assert log.main(["loss=0.5", "acc=1e-2", "--step", "7"]) == 0
    assert [(one["key"], one["value"], one["step"]) for one in server.seen[0][2]["metrics"]] == [
        ("loss", 0.5, 7),
        ("acc", 0.01, 7),
    ]
    for wrong in ([], ["loss"], ["loss=much"], ["loss=1", "--step"]):
        assert log.main(wrong) == 2
    assert "usage: python -m modelyard.log" in capsys.readouterr().err
    server.answers[:] = [404]
    assert log.main(["loss=1"]) == 1


def test_it_loads_almost_nothing() -> None:
    names = "json ssl urllib.request mlflow pydantic"
    code = f"import sys, modelyard.log; print(*sorted(set({names!r}.split()) & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == ""
