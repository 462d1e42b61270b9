"""The controller on both databases, with workers that are files instead of processes, and a clock that is moved."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from modelyard.artifacts.storage import Storage
from modelyard.controllers.deployments import DeploymentController
from modelyard.controllers.scoring_instances import ScoringInstances
from modelyard.domain.online_deployment import OnlineDeployment
from modelyard.domain.online_endpoint import OnlineEndpoint
from modelyard.environments.environments import Environments
from modelyard.kit.process import process_start
from modelyard.services import online_deployments, online_endpoints, workspaces
from modelyard.store.database import Database
from modelyard.store.secrets import SecretBox
from modelyard.testing.manual_clock import ManualClock


class FileWorkers(ScoringInstances):
    """Workers that are ready at once; `broken` ones report a failure instead; SIGTERM and `kill` end them."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.broken = False
        self.started: list[Path] = []

    def start(self, directory: Path, document: Mapping[str, Any], python: Path) -> None:
        directory.mkdir(parents=True)
        self.started.append(directory)
        own = {"pid": os.getpid(), "pid_start": process_start(os.getpid())}
        (directory / "instance.json").write_text(json.dumps(document))
        (directory / "worker.json").write_text(json.dumps(own))
        if self.broken:
            (directory / "failed.json").write_text('{"error": {"type": "ValueError", "message": "no"}}')
        else:
            (directory / "ready.json").write_text('{"model": {"loader": "script", "pickles": ["sklearn model.pkl"]}}')

    def signal(self, directory: Path, number: signal.Signals) -> None:
        self.kill(directory)

    def kill(self, directory: Path) -> None:
        (directory / "worker.json").write_text('{"pid": 0, "pid_start": 1}')


class Yard:
    """A controller whose steps are taken by the test."""

    def __init__(self, database: Database, clock: ManualClock, home: Path) -> None:
        self.database, self.clock, self.home = database, clock, home
        self.workers = FileWorkers(home / "endpoints")
        self.controller = self.new_controller()
        with self.database.transaction() as tx:
            workspaces.ensure_default(tx)
        code = home / "storage" / "default" / "workspaceblobstore" / "code"
        code.mkdir(parents=True)
        (code / "score.py").write_text("")

    def new_controller(self) -> DeploymentController:
        storage, environments = Storage(self.home), Environments(self.home / "envs")
        return DeploymentController(self.database, self.home, storage, environments, self.workers)

    def endpoint(self, **body: Any) -> None:
        with self.database.transaction() as tx:
            online_endpoints.put(tx, "default", OnlineEndpoint.from_dict({"name": "iris", **body}), "http://g")
        self.controller.wake()

    def deploy(self, color: str, count: int = 1) -> None:
        body = {
            "type": "managed",
            "name": "blue",
            "instance_count": count,
            "environment_variables": {"COLOR": color},
            "code_configuration": {
                "code": "azureml://datastores/workspaceblobstore/paths/code",
                "scoring_script": "score.py",
            },
        }
        with self.database.transaction() as tx:
            online_deployments.put(tx, "default", "iris", OnlineDeployment.from_dict(body))
        self.controller.wake()

    def settle(self, seconds: float = 3.0) -> None:
        """Step through `seconds` of the clock; preparations, which have threads, are waited for."""
        for _ in range(int(seconds / 0.05)):
            self.controller._step()
            while any(thread.name.startswith("prepare-") for thread in threading.enumerate()):
                time.sleep(0.001)
            self.clock.advance(0.05)

    def deployment(self) -> OnlineDeployment:
        with self.database.snapshot() as tx:
            return online_deployments.get(tx, "default", "iris", "blue")

    def routed(self) -> list[str]:
        """The colors of the instances in the routing file."""
        table = json.loads((self.home / "endpoints" / "routing.json").read_text())["endpoints"]
        found = table["default/iris"]["deployments"].get("blue", {"instances": []})["instances"]
        folder = self.home / "endpoints" / "default" / "iris" / "blue"
        documents = [json.loads((folder / one["id"] / "instance.json").read_text()) for one in found]
        return [one["env"]["COLOR"] for one in documents]


@pytest.fixture
def yard(database_url: str, tmp_path: Path) -> Iterator[Yard]:
    clock = ManualClock()
    database = Database(database_url, secrets=SecretBox(Fernet.generate_key()), clock=clock)
    try:
        made = Yard(database, clock, tmp_path)
        made.endpoint()
        yield made
    finally:
        database.dispose()


def test_deployment_is_created_updated_and_removed(yard: Yard) -> None:
    yard.deploy("red", count=2)
    yard.settle()
    assert (yard.deployment().provisioning_state, yard.routed()) == ("Succeeded", ["red", "red"])
    assert yard.deployment().properties["modelyard.loads_pickle"] == "sklearn model.pkl"
    yard.deploy("green", count=1)
    yard.settle()
    assert (yard.deployment().provisioning_state, yard.routed()) == ("Succeeded", ["green"])
    with yard.database.transaction() as tx:
        online_endpoints.delete(tx, "default", "iris", "http://g")
    yard.controller.wake()
    yard.settle()
    with yard.database.snapshot() as tx:
        assert tx.endpoints.find("default", "iris") is None
        assert not tx.instances.list()
    assert not (yard.home / "endpoints" / "default" / "iris").exists()


def test_change_of_count_keeps_the_workers_there_are(yard: Yard) -> None:
    yard.deploy("red")
    yard.settle()
    yard.deploy("red", count=3)
    yard.settle()
    assert (len(yard.workers.started), yard.routed()) == (3, ["red"] * 3)


def test_update_that_fails_leaves_the_old_build_and_says_why(yard: Yard) -> None:
    yard.deploy("red")
    yard.settle()
    yard.workers.broken = True
    yard.deploy("green")
    yard.settle()
    found = yard.deployment()
    assert (found.provisioning_state, yard.routed()) == ("Failed", ["red"])
    assert found.error == {"type": "ValueError", "message": "no"}
    yard.workers.broken = False
    yard.deploy("green")
    yard.settle()
    assert (yard.deployment().provisioning_state, yard.routed(), yard.deployment().error) == (
        "Succeeded",
        ["green"],
        None,
    )


def test_dead_worker_is_replaced_by_the_build_that_serves(yard: Yard) -> None:
    yard.deploy("red")
    yard.settle()
    yard.workers.kill(yard.workers.started[0])
    yard.settle()
    assert (len(yard.workers.started), yard.routed()) == (2, ["red"])


def test_next_server_adopts_the_workers(yard: Yard) -> None:
    yard.deploy("red", count=2)
    yard.settle()
    yard.controller = yard.new_controller()
    yard.controller.start()
    yard.controller.stop()
    yard.settle()
    assert (len(yard.workers.started), yard.routed()) == (2, ["red", "red"])


def test_preparation_that_fails_is_told_with_its_mend(yard: Yard) -> None:
    (yard.home / "storage" / "default" / "workspaceblobstore" / "code" / "score.py").unlink()
    (yard.home / "storage" / "default" / "workspaceblobstore" / "code").rmdir()
    yard.deploy("red")
    yard.settle()
    found = yard.deployment()
    assert found.provisioning_state == "Failed"
    assert found.error is not None
    assert found.error["type"] == "not_found"
    assert not yard.workers.started


def test_traffic_and_keys_reach_the_routing(yard: Yard) -> None:
    yard.deploy("red")
    yard.settle()
    with yard.database.transaction() as tx:
        online_endpoints.edit(tx, "default", "iris", {"traffic": {"blue": 100}}, "http://g")
        online_endpoints.regenerate_key(tx, "default", "iris", "primary", "k" * 40)
    yard.controller.wake()
    yard.settle()
    routing = json.loads((yard.home / "endpoints" / "routing.json").read_text())["endpoints"]["default/iris"]
    with yard.database.snapshot() as tx:
        record = tx.endpoints.get("default", "iris")
    assert routing["traffic"] == {"blue": 100}
    assert routing["key_hashes"] == [record.primary_key_hash, record.secondary_key_hash]


def test_no_wake_up_is_missed_by_a_hair(yard: Yard) -> None:
    """A row is due at the very moment that was written, not a moment later."""
    yard.deploy("red")
    for _ in range(200):
        yard.controller._step()
        time.sleep(0.005)
        if yard.deployment().provisioning_state == "Succeeded":
            return
        yard.clock.advance(max((yard.controller._due_at - yard.clock.now()).total_seconds(), 0.0) % 1.0)
    raise AssertionError("the deployment was not looked at when it was due")
