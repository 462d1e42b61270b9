"""Jobs over REST: what is refused, what is listed, and one that runs from the request to its last line."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from modelyard.server.app import create_app
from modelyard.server.settings import Settings

from .conftest import Yard

JOBS = "/api/v1/workspaces/default/jobs"


def submit(client: TestClient, **changes: Any) -> Any:
    return client.post(JOBS, json={"type": "command", "command": "echo hello", **changes})


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"type": "comand"}, 400, "type"),
        ({"command": "echo ${{inputs.nothing}}"}, 400, "command"),
        ({"compute": "nowhere"}, 404, "compute"),
        ({"environment": "azureml:nothing:1"}, 404, "environment"),
        ({"name": "bad/name"}, 400, "name"),
        ({"unknown": 1}, 400, "unknown"),
        ({"inputs": {"x": {"type": "uri_file", "path": "azureml:no-data:1"}}}, 404, "inputs.x.path"),
    ],
)
def test_what_could_never_run_is_refused(client: TestClient, changes: dict[str, Any], status: int, field: str) -> None:
    for params in ({}, {"validate_only": "true"}):
        refused = client.post(JOBS, json={"type": "command", "command": "echo hello", **changes}, params=params)
        assert refused.status_code == status, refused.text
        assert refused.json()["error"]["field"] == field
    assert client.get(JOBS, params={"q": "bad"}).json()["value"] == []


def test_validation_creates_nothing(yard: Yard) -> None:
    before = yard.client.get("/api/v1/events", params={"page_size": 1000}).json()["value"]
    body = {"type": "command", "command": "echo", "name": "only-validated"}
    assert yard.client.post(JOBS, json=body, params={"validate_only": "true"}).status_code == 201
    assert yard.client.get(f"{JOBS}/only-validated").status_code == 404
    assert yard.client.get("/api/v1/events", params={"page_size": 1000}).json()["value"] == before


def test_jobs_are_filtered_and_paged(client: TestClient) -> None:
    for number in range(5):
        made = submit(client, name=f"listed-{number}", tags={"round": str(number % 2)}, experiment_name="lists")
        assert made.status_code == 201, made.text
    query: dict[str, Any] = {"experiment": "lists", "page_size": 2}
    names = []
    while True:
        page = client.get(JOBS, params=query).json()
        names += [job["name"] for job in page["value"]]
        if page["next_page_token"] is None:
            break
        query["page_token"] = page["next_page_token"]
    assert names == [f"listed-{number}" for number in (4, 3, 2, 1, 0)]

    def found(**params: Any) -> list[str]:
        return [job["name"] for job in client.get(JOBS, params={"experiment": "lists", **params}).json()["value"]]

    assert found(tag="round=1") == ["listed-3", "listed-1"]
    assert found(q="listed-2") == ["listed-2"]
    assert found(status=["Queued", "Running"], order_by="created_at asc")[0] == "listed-0"
    assert found(status="Completed") == []
    client.patch(f"{JOBS}/listed-0", json={"archived": True})
    assert "listed-0" not in found()
    assert found(archived="true") == ["listed-0"]
    assert len(found(archived="all")) == 5


def test_an_unknown_status_has_a_mend(client: TestClient) -> None:
    error = client.get(JOBS, params={"status": "Complete"}).json()["error"]
    assert (error["field"], error["mend"]) == ("status", "did you mean 'Completed'?")


def test_a_job_is_changed(client: TestClient) -> None:
    submit(client, name="changed")
    changed = client.patch(f"{JOBS}/changed", json={"display_name": "A job", "tags": {"a": "b"}}).json()
    assert (changed["display_name"], changed["tags"]) == ("A job", {"a": "b"})
    assert client.patch(f"{JOBS}/changed", json={"command": "rm"}).status_code == 400


def test_rivals_for_a_name_leave_one_job(client: TestClient) -> None:
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(submit(client, name="rivals").status_code)) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201] + [409] * 5


def test_rivals_for_a_version_leave_one(client: TestClient) -> None:
    answers: list[tuple[int, str]] = []

    def create(number: int) -> None:
        path = f"azureml://datastores/workspaceblobstore/paths/rival-{number}"
        body = {"name": "rival-data", "version": "1", "type": "uri_folder", "path": path}
        answer = client.post("/api/v1/workspaces/default/data", json=body)
        answers.append((answer.status_code, answer.json().get("path", answer.json().get("error", {}).get("code"))))

    threads = [threading.Thread(target=create, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = [path for status, path in answers if status == 201]
    assert sorted(status for status, _ in answers) == [201] + [409] * 5
    assert {code for status, code in answers if status == 409} == {"conflict"}
    shown = client.get("/api/v1/workspaces/default/data/rival-data/versions/1").json()
    assert [shown["path"]] == won


@pytest.mark.parametrize(
    "path", ["logs/secret.txt", "logs/user_logs/../../x", "artifacts/../../../x", "logs/user_logs"]
)
def test_only_what_the_job_left_is_shown(client: TestClient, path: str) -> None:
    submit(client, name="left-nothing")
    assert client.get(f"{JOBS}/left-nothing/{path}").status_code in (400, 404)
    assert client.get(f"{JOBS}/left-nothing/logs").json()["value"] == []
    assert client.get(f"{JOBS}/left-nothing/artifacts").json()["value"] == []
    assert client.get(f"{JOBS}/nobody/logs").status_code == 404


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A server that runs jobs."""
    settings = Settings(home=tmp_path_factory.mktemp("running"), run_gateway=False)
    with TestClient(create_app(settings)) as client:
        client.headers["Authorization"] = f"Bearer {(settings.home / 'admin-token').read_text().strip()}"
        yield client


def test_a_job_from_its_request_to_its_last_line(running: TestClient) -> None:
    command = "for i in 1 2 3; do echo line $i; sleep 0.05; done; mkdir -p outputs; echo kept > outputs/kept.txt"
    name = submit(running, command=command).json()["name"]
    log = "user_logs/std_log.txt"
    followed = running.get(f"{JOBS}/{name}/logs/{log}", params={"follow": "true"}).text
    data = [json.loads(line.removeprefix("data: ")) for line in followed.splitlines() if line.startswith("data: ")]
    assert "".join(item.get("text", "") for item in data) == "line 1\nline 2\nline 3\n"
    assert data[-1] == {"status": "Completed"}
    assert running.get(f"{JOBS}/{name}").json()["status"] == "Completed"
    assert running.get(f"{JOBS}/{name}/logs/{log}", params={"offset": 7}).text == "line 2\nline 3\n"
    listed = {found["path"] for found in running.get(f"{JOBS}/{name}/artifacts").json()["value"]}
    assert {"outputs/kept.txt", log} <= listed
    assert running.get(f"{JOBS}/{name}/artifacts/outputs/kept.txt").text == "kept\n"
    statuses = [
        event["data"]["to"]
        for event in running.get("/api/v1/events", params={"subject": f"jobs/{name}", "page_size": 100}).json()["value"]
        if event["type"] == "modelyard.job.status_changed"
    ]
    assert statuses[-1] == "Completed"


def test_a_failed_job_says_why_first(running: TestClient) -> None:
    name = submit(running, command="python -c 'import no_such_module'").json()["name"]
    followed = running.get(f"{JOBS}/{name}/logs/user_logs/std_log.txt", params={"follow": "true"}).text
    last = json.loads(followed.strip().splitlines()[-1].removeprefix("data: "))
    assert last["status"] == "Failed"
    assert "no_such_module" in last["error"]["message"]
    assert last["error"]["hint"]
