"""The controller of online endpoints: leases rows, looks at workers, decides, acts, writes back.

One thread steps; preparations (files, environments) run in threads of their own and wake it. Workers are processes
that outlive this one: at the start every deployment is looked at, and workers still alive are adopted.
"""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from modelyard.artifacts.storage import Storage
from modelyard.controllers.deployment_plan import DeploymentView, Phase, Plan, SeenInstance, decide
from modelyard.controllers.deployment_preparation import Preparation
from modelyard.controllers.liveness import Liveness
from modelyard.controllers.loop import ControllerLoop
from modelyard.controllers.preparing import Preparing
from modelyard.controllers.scoring_instances import ScoringInstances
from modelyard.domain.errors import ModelyardError
from modelyard.domain.statuses import ProvisioningState
from modelyard.environments.environments import Environments
from modelyard.kit.ids import random_text
from modelyard.services.online_deployments import wanted_instances
from modelyard.services.routing import SERVING, RoutingPublisher
from modelyard.store.database import Database
from modelyard.store.records import DeploymentRecord, EndpointRecord, InstanceRecord, ProvisioningUpdate
from modelyard.store.transaction import Transaction

log = logging.getLogger(__name__)

R = TypeVar("R", DeploymentRecord, EndpointRecord)

STARTING = "Starting"
DRAINING = "Draining"
_LEASE_SECONDS = 60.0
_AT_ONCE = 20
_LOOK_AT_WORKERS_SECONDS = 0.5
_IDLE_SECONDS = 30.0
_ROUTING_SEEN_SECONDS = 0.4
_KILL_AFTER_SECONDS = 10.0


@dataclass(frozen=True)
class _Launch:
    directory: Path
    document: dict[str, Any]
    python: Path


class DeploymentController:
    """`start` and `stop` once; `wake` whenever endpoints or deployments were asked to change."""

    def __init__(
        self,
        database: Database,
        home: Path,
        storage: Storage,
        environments: Environments,
        instances: ScoringInstances | None = None,
    ) -> None:
        root = home / "endpoints"
        self._database = database
        self._owner = f"{socket.gethostname()}:{home}"
        self._instances = instances or ScoringInstances(root)
        self._liveness = Liveness()
        preparation = Preparation(database, storage, environments, root)
        self._preparing = Preparing(preparation.prepare, self._prepared)
        self.publisher = RoutingPublisher(database, root / "routing.json")
        self._loop = ControllerLoop("deployments", self._step, idle_seconds=_LOOK_AT_WORKERS_SECONDS)
        self._asked = threading.Event()
        # The earliest wake_at that was written, by the clock that rows are leased by: no look comes a moment too soon.
        self._due_at = database.clock.now()
        self._watched: dict[int, tuple[Path, ...]] = {}

    def start(self) -> None:
        with self._database.transaction(actor="server") as tx:
            for repository in (tx.endpoints, tx.deployments):
                repository.release(self._owner)
                repository.wake_all()
        self.publisher.publish()
        self._asked.set()
        self._loop.start()

    def stop(self) -> None:
        self._loop.stop()

    def wake(self) -> None:
        """Look at what is due, soon. From any thread; fits `after_commit`."""
        self._asked.set()
        self._loop.wake()

    def _prepared(self, row_id: int) -> None:
        with self._database.transaction(actor="server") as tx:
            tx.deployments.wake_id(row_id)
        self.wake()

    def _step(self) -> float | None:
        self._wake_for_the_dead()
        now = self._database.clock.now()
        if self._asked.is_set() or now >= self._due_at:
            self._asked.clear()
            self._due_at = now + timedelta(seconds=_IDLE_SECONDS)
            while self._handle_due():
                pass
        wait = max((self._due_at - self._database.clock.now()).total_seconds(), 0.0)
        return min(wait, _LOOK_AT_WORKERS_SECONDS)

    def _handle_due(self) -> bool:
        with self._database.transaction(actor="server") as tx:
            deployments = tx.deployments.lease_due(self._owner, tx.now, _AT_ONCE, _LEASE_SECONDS)
            endpoints = tx.endpoints.lease_due(self._owner, tx.now, _AT_ONCE, _LEASE_SECONDS)
        for deployment in deployments:
            self._guarded(self._handle, deployment)
        for endpoint in endpoints:
            self._guarded(self._handle_endpoint, endpoint)
        return len(deployments) == _AT_ONCE or len(endpoints) == _AT_ONCE

    def _guarded(self, handle: Callable[[R], None], record: R) -> None:
        """One row that cannot be handled must not hold up the others; its lease runs out, and it is tried again."""
        try:
            handle(record)
        except Exception:
            log.exception("a deployment or endpoint cannot be handled now")
            self._again(self._database.clock.now() + timedelta(seconds=_LEASE_SECONDS))

    def _wake_for_the_dead(self) -> None:
        """A worker that served and is gone makes its deployment due: /proc is asked, not the database."""
        for row_id, directories in list(self._watched.items()):
            for directory in directories:
                self._instances.trim_log(directory)
                if self._liveness.is_stuck(directory, self._instances.socket(directory)):
                    log.warning("the worker in %s does not answer and is killed", directory)
                    self._instances.signal(directory, signal.SIGKILL)
            if any(self._instances.observe(one, 0.0).phase is not Phase.READY for one in directories):
                del self._watched[row_id]
                with self._database.transaction(actor="server") as tx:
                    tx.deployments.wake_id(row_id)
                self._asked.set()

    # endpoints

    def _handle_endpoint(self, record: EndpointRecord) -> None:
        self.publisher.publish()
        with self._database.transaction(actor="server") as tx:
            if record.status is ProvisioningState.DELETING:
                self._delete_endpoint(tx, record)
                return
            done = record.status is not ProvisioningState.SUCCEEDED
            update = ProvisioningUpdate(
                status=ProvisioningState.SUCCEEDED if done else None, observed_generation=record.spec_generation
            )
            tx.endpoints.apply(record, update)

    def _delete_endpoint(self, tx: Transaction, record: EndpointRecord) -> None:
        left = tx.deployments.list(record.workspace, record.name)
        for one in left:
            tx.deployments.request_delete(record.workspace, record.name, one.name)
        if left:
            wake_at = self._again(tx.now + timedelta(seconds=0.1))
            tx.endpoints.apply(record, ProvisioningUpdate(wake_at=wake_at))
            return
        tx.endpoints.remove(record)
        tx.after_commit(lambda: self._instances.erase(record.workspace, record.name))

    # deployments

    def _handle(self, record: DeploymentRecord) -> None:
        with self._database.snapshot() as tx:
            rows = tx.instances.list(record.workspace, record.endpoint, record.name)
        state = dict(record.state)
        error = self._take_preparation(record, state)
        seen = [self._see(row) for row in rows]
        for row, one in zip(rows, seen, strict=True):
            if one.draining and one.alive:
                self._stop_gently(row, state)
        plan = decide(self._view(record, state, seen, error))
        self._carry_out(record, state, rows, plan)

    def _take_preparation(self, record: DeploymentRecord, state: dict[str, Any]) -> dict[str, Any] | None:
        """The build that is asked for, put into `state` once it is prepared; the error where it cannot be."""
        rolling = record.status in (
            ProvisioningState.CREATING,
            ProvisioningState.UPDATING,
            ProvisioningState.SCALING,
        )
        if not rolling or state.get("target_generation") == record.spec_generation:
            return None
        outcome = self._preparing.outcome(record)
        if outcome is None:
            return None
        if isinstance(outcome, ModelyardError):
            return {"type": outcome.code, "message": outcome.message, "hint": outcome.mend, "field": outcome.field}
        state["target"] = outcome
        state["target_generation"] = record.spec_generation
        return None

    def _see(self, row: InstanceRecord) -> SeenInstance:
        age = (self._database.clock.now() - row.created_at).total_seconds()
        found = self._instances.observe(Path(row.handle["directory"]), age)
        return SeenInstance(
            name=row.name,
            build=row.handle["build"],
            phase=found.phase,
            serving=row.status == SERVING,
            draining=row.status == DRAINING,
            age_seconds=age,
            error=found.error,
        )

    def _view(
        self, record: DeploymentRecord, state: dict[str, Any], seen: list[SeenInstance], error: dict[str, Any] | None
    ) -> DeploymentView:
        current = state.get("target_generation") == record.spec_generation
        target, serving = state.get("target") if current else None, state.get("serving")
        restarted = state.get("restarted_at")
        now = self._database.clock.now().timestamp()
        return DeploymentView(
            status=record.status,
            wanted=wanted_instances(record.spec),
            target=target["fingerprint"] if target else None,
            serving=serving["fingerprint"] if serving else None,
            preparation_error=error,
            instances=tuple(seen),
            start_timeout_seconds=target["start_timeout_seconds"] if target else 600.0,
            restarts=int(state.get("restarts", 0)),
            since_restart_seconds=now - restarted if restarted else 1e9,
        )

    def _carry_out(
        self, record: DeploymentRecord, state: dict[str, Any], rows: Sequence[InstanceRecord], plan: Plan
    ) -> None:
        """Write the decision under the lease, then act: whoever finds the rows later can act the same."""
        by_name = {row.name: row for row in rows}
        launches: list[_Launch] = []
        build = self._build(state, plan.build)
        self._note(state, plan, by_name)
        with self._database.transaction(actor="server") as tx:
            if plan.removed:
                self._remove(tx, record, plan, by_name)
                return
            if not tx.deployments.apply(record, self._update(tx, record, state, plan)):
                return
            if plan.start and build is not None:
                launches = [self._new_instance(tx, record, build) for _ in range(plan.start)]
            for name in plan.promote:
                tx.instances.set(by_name[name], status=SERVING)
            for name in plan.drain:
                handle = by_name[name].handle | {"drain_at": tx.now.timestamp()}
                tx.instances.set(by_name[name], status=DRAINING, handle=handle)
            self._forget_rows(tx, record, plan, by_name)
        if plan.promote or plan.drain or plan.forget:
            self.publisher.publish()
        for launch in launches:
            self._launch(launch)
        for name in plan.forget:
            self._instances.forget(Path(by_name[name].handle["directory"]))
        self._watch(record, rows, plan)

    def _update(
        self, tx: Transaction, record: DeploymentRecord, state: dict[str, Any], plan: Plan
    ) -> ProvisioningUpdate:
        again = plan.again_in_seconds
        return ProvisioningUpdate(
            status=plan.status,
            state=state,
            error=plan.error,
            observed_generation=record.spec_generation if plan.status is not None else None,
            wake_at=self._again(tx.now + timedelta(seconds=again)) if again is not None else None,
        )

    def _note(self, state: dict[str, Any], plan: Plan, by_name: dict[str, InstanceRecord]) -> None:
        """What the decision changes in the deployment's memory."""
        if plan.restarts is not None:
            state["restarts"] = plan.restarts
            state["restarted_at"] = self._database.clock.now().timestamp()
        if plan.serving is not None:
            state["serving"] = state["target"]
        for name in plan.promote:
            model = self._instances.observe(Path(by_name[name].handle["directory"]), 0.0).model or {}
            state["pickles"] = model.get("pickles") or []
            state["loader"] = model.get("loader")

    def _build(self, state: dict[str, Any], fingerprint: str | None) -> dict[str, Any] | None:
        for name in ("target", "serving"):
            build: dict[str, Any] | None = state.get(name)
            if build is not None and build["fingerprint"] == fingerprint:
                return build
        return None

    def _new_instance(self, tx: Transaction, record: DeploymentRecord, build: dict[str, Any]) -> _Launch:
        name = f"{record.spec_generation}-{random_text(8)}"
        directory = self._instances.directory(record.workspace, record.endpoint, record.name, name)
        address = self._instances.socket(directory)
        tx.instances.create(
            record.workspace,
            record.endpoint,
            record.name,
            name,
            generation=record.spec_generation,
            status=STARTING,
            handle={"directory": str(directory), "socket": address, "build": build["fingerprint"]},
        )
        document = {
            "version": 1,
            "id": name,
            "workspace": record.workspace,
            "endpoint": record.endpoint,
            "deployment": record.name,
            "socket": address,
            **{key: build[key] for key in ("model", "code_path", "scoring_script", "env", "limits")},
        }
        return _Launch(directory, document, Path(build["python"]))

    def _launch(self, launch: _Launch) -> None:
        try:
            self._instances.start(launch.directory, launch.document, launch.python)
        except (ModelyardError, OSError) as error:
            log.exception("a scoring worker cannot be started")
            self._instances.fail(launch.directory, error)

    def _forget_rows(
        self, tx: Transaction, record: DeploymentRecord, plan: Plan, by_name: dict[str, InstanceRecord]
    ) -> None:
        for name in plan.forget:
            row = by_name[name]
            tx.instances.delete(row)
            if row.status == SERVING:
                subject = f"endpoints/{record.endpoint}/deployments/{record.name}"
                tx.emit(
                    "modelyard.deployment.instance_died", subject, workspace=record.workspace, data={"instance": name}
                )

    def _remove(
        self, tx: Transaction, record: DeploymentRecord, plan: Plan, by_name: dict[str, InstanceRecord]
    ) -> None:
        tx.deployments.remove(record)
        self._watched.pop(record.id, None)
        owner = tx.endpoints.find(record.workspace, record.endpoint)
        if owner is not None:
            tx.endpoints.wake_id(owner.id)
        self._asked.set()
        for name in plan.forget:
            directory = Path(by_name[name].handle["directory"])
            tx.after_commit(lambda directory=directory: self._instances.forget(directory))  # type: ignore[misc]
        tx.after_commit(lambda: self._instances.erase(record.workspace, record.endpoint, record.name))

    def _stop_gently(self, row: InstanceRecord, state: dict[str, Any]) -> None:
        """Once the gateway has had time to see the new routing; a worker that will not end is killed."""
        directory = Path(row.handle["directory"])
        passed = self._database.clock.now().timestamp() - float(row.handle.get("drain_at", 0.0))
        build = state.get("serving") or state.get("target") or {}
        longest = (build.get("limits") or {}).get("request_timeout_ms", 5000) / 1000 + _KILL_AFTER_SECONDS
        if passed > longest:
            self._instances.signal(directory, signal.SIGKILL)
        elif passed >= _ROUTING_SEEN_SECONDS:
            self._instances.signal(directory, signal.SIGTERM)

    def _watch(self, record: DeploymentRecord, rows: Sequence[InstanceRecord], plan: Plan) -> None:
        left = set(plan.forget) | set(plan.drain)
        serving = [row for row in rows if row.status == SERVING or row.name in plan.promote]
        kept = tuple(Path(row.handle["directory"]) for row in serving if row.name not in left)
        if kept:
            self._watched[record.id] = kept
        else:
            self._watched.pop(record.id, None)

    def _again(self, wake_at: datetime) -> datetime:
        self._due_at = min(self._due_at, wake_at)
        return wake_at
