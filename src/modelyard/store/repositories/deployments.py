"""Online deployments: one model version behind an endpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, insert, select

from modelyard.domain.errors import Conflict, NotFound, did_you_mean
from modelyard.domain.statuses import ProvisioningState
from modelyard.kit.paging import Page, PageOf
from modelyard.store.failures import Duplicate
from modelyard.store.provisioning import ProvisionedRepository
from modelyard.store.records import DeploymentRecord
from modelyard.store.rows.endpoints import DEPLOYMENTS

_FIELDS = [field.name for field in fields(DeploymentRecord)]


class DeploymentRepository(ProvisionedRepository[DeploymentRecord]):
    """A deployment's name is its own only within its endpoint."""

    table = DEPLOYMENTS
    noun = "deployment"

    def create(
        self,
        workspace: str,
        endpoint: str,
        name: str,
        *,
        spec: Mapping[str, Any],
        state: Mapping[str, Any] | None = None,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> DeploymentRecord:
        """A new deployment at Creating, due at once; NotFound without the endpoint, Conflict when it is there."""
        values = {
            "workspace": workspace,
            "endpoint": endpoint,
            "name": name,
            "spec": dict(spec),
            "state": dict(state or {}),
            "description": description,
            "tags": dict(tags or {}),
            "properties": dict(properties or {}),
            "status": ProvisioningState.CREATING.value,
            "spec_generation": 1,
            "observed_generation": 0,
            "created_at": self.tx.now,
            "modified_at": self.tx.now,
            "created_by": self.tx.actor,
            "wake_at": self.tx.now,
            "wake_count": 0,
        }
        try:
            row = self.connection.execute(insert(DEPLOYMENTS).values(values).returning(*DEPLOYMENTS.c)).one()
        except Duplicate as error:
            raise Conflict(f"Endpoint '{endpoint}' has a deployment '{name}' already.", field="name") from error
        record = self._record(row)
        self._emit_of(record, "created", {})
        return record

    def get(self, workspace: str, endpoint: str, name: str) -> DeploymentRecord:
        """The deployment of an endpoint; NotFound, with those there are, else."""
        found = self.find(workspace, endpoint, name)
        if found is None:
            known = [record.name for record in self.list(workspace, endpoint)]
            listed = ", ".join(known) or "none"
            raise NotFound(
                f"Endpoint '{endpoint}' has no deployment '{name}'. There are: {listed}.",
                field="deployment",
                mend=did_you_mean(name, known),
            )
        return found

    def find(self, workspace: str, endpoint: str, name: str) -> DeploymentRecord | None:
        statement = select(DEPLOYMENTS).where(_is(workspace, endpoint, name))
        row = self.connection.execute(statement).one_or_none()
        return None if row is None else self._record(row)

    def list(self, workspace: str, endpoint: str) -> Sequence[DeploymentRecord]:
        """Every deployment of an endpoint, by name."""
        mine = (DEPLOYMENTS.c.workspace == workspace) & (DEPLOYMENTS.c.endpoint == endpoint)
        rows = self.connection.execute(select(DEPLOYMENTS).where(mine).order_by(DEPLOYMENTS.c.name)).all()
        return [self._record(row) for row in rows]

    def list_page(self, workspace: str, endpoint: str, page: Page) -> PageOf[DeploymentRecord]:
        """Deployments of an endpoint by name, page by page."""
        mine = (DEPLOYMENTS.c.workspace == workspace) & (DEPLOYMENTS.c.endpoint == endpoint)
        return self.page(select(DEPLOYMENTS).where(mine), [DEPLOYMENTS.c.name], page, self._record)

    def change(self, workspace: str, endpoint: str, name: str, **values: Any) -> DeploymentRecord:
        """What a user changes: spec, description, tags, properties."""
        return self._ask(self._locked(workspace, endpoint, name), values, ProvisioningState.UPDATING)

    def request_delete(self, workspace: str, endpoint: str, name: str) -> DeploymentRecord:
        """Ask the controller to take it down; asking again changes nothing."""
        record = self._locked(workspace, endpoint, name)
        if record.status is ProvisioningState.DELETING:
            return record
        return self._ask(record, {}, ProvisioningState.DELETING)

    def remove(self, record: DeploymentRecord) -> None:
        """Forget the row and its instances: the controller's last step."""
        self._remove(record)

    def wake(self, workspace: str, endpoint: str, name: str) -> None:
        self.wake_id(self.get(workspace, endpoint, name).id)

    def _locked(self, workspace: str, endpoint: str, name: str) -> DeploymentRecord:
        statement = select(DEPLOYMENTS).where(_is(workspace, endpoint, name))
        row = self.connection.execute(statement.with_for_update()).one_or_none()
        return self.get(workspace, endpoint, name) if row is None else self._record(row)

    def _record(self, row: Row[Any]) -> DeploymentRecord:
        values = {name: row._mapping[name] for name in _FIELDS}
        return DeploymentRecord(**{**values, "status": ProvisioningState(values["status"])})

    def _emit_of(self, record: DeploymentRecord, verb: str, data: Mapping[str, Any]) -> None:
        subject = f"endpoints/{record.endpoint}/deployments/{record.name}"
        self.tx.emit(f"modelyard.deployment.{verb}", subject, workspace=record.workspace, data=data)


def _is(workspace: str, endpoint: str, name: str) -> ColumnElement[bool]:
    return and_(DEPLOYMENTS.c.workspace == workspace, DEPLOYMENTS.c.endpoint == endpoint, DEPLOYMENTS.c.name == name)
