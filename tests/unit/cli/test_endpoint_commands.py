"""Endpoint commands against a small server that behaves as endpoints do, without workers behind it."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from .shell import Shell

BASE = "/api/v1/workspaces/default/online-endpoints"


class Endpoints(BaseHTTPRequestHandler):
    """Keeps what it is given; what is new is Creating at the first look and Succeeded at the second."""

    rows: dict[str, dict[str, Any]]
    scored: list[dict[str, Any]]
    keys: dict[str, str]

    def log_message(self, format: str, *args: Any) -> None:
        return

    def do_GET(self) -> None:
        name = self.path.removeprefix(f"{BASE}/")
        if self.path.partition("?")[0].endswith("/logs"):
            self.answer(200, b"line one\nline two\n", "text/plain")
        elif name.endswith("/keys"):
            self.answer(200, {f"{kind}_key": key for kind, key in self.keys.items()})
        elif name in self.rows:
            row = self.rows[name]
            self.answer(200, dict(row))
            if row["provisioning_state"] == "Creating":
                row["provisioning_state"] = "Failed" if row.get("description") == "broken" else "Succeeded"
                row["error"] = {"type": "ValueError", "message": "no model here", "where": "score.py:3"}
        else:
            self.answer(404, {"error": {"code": "not_found", "message": f"no {name}"}})

    def do_PUT(self) -> None:
        name = self.path.removeprefix(f"{BASE}/")
        body = json.loads(self.body())
        host, port = self.server.server_address[:2]
        self.rows[name] = {**body, "provisioning_state": "Creating", "scoring_uri": f"http://{host!s}:{port}/score"}
        self.answer(200, self.rows[name])

    def do_PATCH(self) -> None:
        row = self.rows[self.path.removeprefix(f"{BASE}/")]
        row.update(json.loads(self.body()))
        self.answer(200, row)

    def do_POST(self) -> None:
        if self.path == "/score":
            seen = {name.lower(): value for name, value in self.headers.items()}
            self.scored.append({"body": self.body().decode(), **seen})
            self.answer(200, [1, 0])
        else:
            self.keys[json.loads(self.body())["key_type"]] = "fresh"
            self.answer(200, None)

    def do_DELETE(self) -> None:
        self.rows.pop(self.path.removeprefix(f"{BASE}/"))
        self.answer(204, b"")

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers["content-length"]))

    def answer(self, status: int, body: Any, kind: str = "application/json") -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def endpoints() -> Iterator[tuple[str, type[Endpoints]]]:
    handler = type("Handler", (Endpoints,), {"rows": {}, "scored": [], "keys": {"primary": "p", "secondary": "s"}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", handler
        server.shutdown()
        thread.join()


@pytest.fixture
def run(
    endpoints: tuple[str, type[Endpoints]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Shell:
    monkeypatch.setenv("MODELYARD_SERVER_URL", endpoints[0])
    monkeypatch.setenv("MODELYARD_TOKEN", "token")
    monkeypatch.setenv("MODELYARD_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MODELYARD_WORKSPACE", raising=False)
    return Shell(capsys)


@pytest.fixture
def blue(write: Callable[[str, str], str]) -> str:
    return write("blue.yml", "name: blue\nmodel: azureml:iris:1\ninstance_type: Standard_DS3_v2\ninstance_count: 1\n")


def test_create_waits_until_it_is_succeeded(run: Shell) -> None:
    state = run("online-endpoint", "create", "-n", "iris", "--query", "provisioning_state", "-o", "tsv")
    assert state == "Succeeded"
    state = run("online-endpoint", "create", "-n", "later", "--no-wait", "--query", "provisioning_state", "-o", "tsv")
    assert state == "Creating"


def test_the_endpoint_is_named_by_the_flag_and_gets_all_traffic(
    run: Shell, blue: str, endpoints: tuple[str, type[Endpoints]]
) -> None:
    run("online-endpoint", "create", "-n", "iris")
    run("online-deployment", "create", "--endpoint", "iris", "-f", blue, "--all-traffic")
    rows = endpoints[1].rows
    assert rows["iris/deployments/blue"]["endpoint_name"] == "iris"
    assert rows["iris"]["traffic"] == {"blue": 100}
    run("online-endpoint", "update", "-n", "iris", "--traffic", "blue=90 green=10")
    assert rows["iris"]["traffic"] == {"blue": 90, "green": 10}
    run("online-endpoint", "update", "-n", "iris", "--traffic", "blue=most", code=2)
    assert "a share is a whole number" in run.err
    run("online-deployment", "update", "-e", "iris", "-n", "blue", "--set", "instance_count=2")
    assert rows["iris/deployments/blue"]["instance_count"] == 2


def test_a_deployment_without_its_endpoint_is_asked_for_it(run: Shell, blue: str) -> None:
    run("online-deployment", "create", "-f", blue, code=2)
    assert "where: endpoint_name" in run.err


def test_a_deployment_that_failed_says_why(run: Shell, blue: str) -> None:
    run("online-deployment", "create", "-e", "iris", "-f", blue, "--set", "description=broken", code=1)
    assert "deployment 'blue' failed: ValueError: no model here (score.py:3)" in run.err


def test_invoke_scores_with_the_key(
    run: Shell, write: Callable[[str, str], str], endpoints: tuple[str, type[Endpoints]]
) -> None:
    run("online-endpoint", "create", "-n", "iris")
    request = write("request.json", '{"data": [1]}')
    assert run("online-endpoint", "invoke", "-n", "iris", "-r", request, "--deployment", "green") == "[1, 0]"
    seen = endpoints[1].scored[0]
    assert (seen["body"], seen["authorization"]) == ('{"data": [1]}', "Bearer p")
    assert seen["azureml-model-deployment"] == "green"
    run("online-endpoint", "invoke", "-n", "iris", code=2)
    run("online-endpoint", "invoke", "-n", "iris", "-r", "nope.json", code=2)
    assert "'nope.json' cannot be read" in run.err


def test_keys_have_azures_names_and_rotate(run: Shell) -> None:
    run("online-endpoint", "create", "-n", "iris")
    assert run("online-endpoint", "get-credentials", "-n", "iris", "--query", "primaryKey", "-o", "tsv") == "p"
    run("online-endpoint", "regenerate-keys", "-n", "iris", "--key-type", "secondary")
    assert run.json("online-endpoint", "get-credentials", "-n", "iris")["secondaryKey"] == "fresh"


def test_logs_and_deletion(run: Shell, blue: str) -> None:
    run("online-endpoint", "create", "-n", "iris")
    run("online-deployment", "create", "-e", "iris", "-f", blue)
    logs = run("online-deployment", "get-logs", "-e", "iris", "-n", "blue", "--lines", "2")
    assert logs == "line one\nline two"
    run("online-deployment", "delete", "-e", "iris", "-n", "blue", "--yes")
    run("online-endpoint", "delete", "-n", "iris", code=2)
    run("online-endpoint", "delete", "-n", "iris", "--yes")
    run("online-endpoint", "show", "-n", "iris", code=1)
