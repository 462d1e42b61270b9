"""Online deployments: what is to be served behind an endpoint. The deployment controller carries it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelyard.domain.environment import Environment
from modelyard.domain.errors import Conflict, InvalidInput, Unsupported, did_you_mean
from modelyard.domain.online_deployment import (
    KubernetesOnlineDeployment,
    ManagedOnlineDeployment,
    OnlineDeployment,
    TargetUtilizationScaleSettings,
)
from modelyard.domain.statuses import ProvisioningState
from modelyard.kit.paging import Page, PageOf
from modelyard.services import assets, lineage, served_models
from modelyard.services.stored import creation_context, spec_of
from modelyard.store.records import AssetKind, DeploymentRecord, InstanceRecord
from modelyard.store.transaction import Transaction

RESOLVED = "_resolved"
"""The key of a stored spec under which every reference stands as what it meant when it was asked for."""
PICKLES_PROPERTY = "modelyard.loads_pickle"
NOT_HONOURED_PROPERTY = "modelyard.not_honoured"
_EDITABLE = frozenset({"tags", "description", "properties", "instance_count", "request_settings"})


def put(tx: Transaction, workspace: str, endpoint: str, entity: OnlineDeployment) -> OnlineDeployment:
    """Create a deployment, or roll it over to what is asked now."""
    if not entity.name:
        raise InvalidInput("A deployment needs a name.", field="name")
    if entity.endpoint_name not in (None, endpoint):
        raise InvalidInput(
            f"The deployment names the endpoint '{entity.endpoint_name}', and the address '{endpoint}'.",
            field="endpoint_name",
        )
    owner = tx.endpoints.get(workspace, endpoint)
    if owner.status is ProvisioningState.DELETING:
        raise Conflict(f"The endpoint '{endpoint}' is being deleted.", field="endpoint_name")
    resolved = _resolve(tx, workspace, entity)
    values: dict[str, Any] = {
        "spec": {**_spec(entity), RESOLVED: resolved},
        "description": entity.description,
        "tags": entity.tags,
        "properties": {**entity.properties, **_notes(entity)},
    }
    if tx.deployments.find(workspace, endpoint, entity.name) is None:
        record = tx.deployments.create(workspace, endpoint, entity.name, **values)
    else:
        record = tx.deployments.change(workspace, endpoint, entity.name, **values)
    _record_lineage(tx, record, resolved)
    return to_entity(record)


def edit(tx: Transaction, workspace: str, endpoint: str, name: str, changes: Mapping[str, Any]) -> OnlineDeployment:
    """Change some of tags, description, properties, instance_count, request_settings; the rest stays."""
    for key in changes:
        if key not in _EDITABLE:
            mend = (
                did_you_mean(key, _EDITABLE) or f"editable: {', '.join(sorted(_EDITABLE))}; for the rest PUT it whole"
            )
            raise InvalidInput(f"'{key}' of a deployment cannot be edited.", field=key, mend=mend)
    record = tx.deployments.get(workspace, endpoint, name)
    checked = OnlineDeployment.from_dict({**_written(record), **changes})
    values = {
        "spec": {**_spec(checked), RESOLVED: record.spec.get(RESOLVED, {})},
        "description": checked.description,
        "tags": checked.tags,
        "properties": checked.properties,
    }
    return to_entity(tx.deployments.change(workspace, endpoint, name, **values))


def get(tx: Transaction, workspace: str, endpoint: str, name: str) -> OnlineDeployment:
    record = tx.deployments.get(workspace, endpoint, name)
    return to_entity(record, tx.instances.list(workspace, endpoint, name))


def list_page(tx: Transaction, workspace: str, endpoint: str, page: Page) -> PageOf[OnlineDeployment]:
    """Deployments of an endpoint, by name; NotFound without the endpoint."""
    tx.endpoints.get(workspace, endpoint)
    return tx.deployments.list_page(workspace, endpoint, page).map(to_entity)


def delete(tx: Transaction, workspace: str, endpoint: str, name: str) -> OnlineDeployment:
    """Ask for it to be drained and taken down; Conflict while it has traffic."""
    tx.deployments.get(workspace, endpoint, name)
    owner = tx.endpoints.get(workspace, endpoint)
    for field, shares in (("traffic", owner.traffic), ("mirror_traffic", owner.mirror_traffic)):
        if shares.get(name):
            raise Conflict(
                f"The deployment '{name}' has {shares[name]} percent of the {field}.",
                field=field,
                mend="give its traffic to another deployment first, or set it to 0",
            )
    return to_entity(tx.deployments.request_delete(workspace, endpoint, name))


def wanted_instances(spec: Mapping[str, Any]) -> int:
    """How many workers a stored deployment asks for."""
    count = spec.get("instance_count")
    if count is None:
        count = (spec.get("scale_settings") or {}).get("min_instances")
    return max(int(count or 1), 1)


def to_entity(record: DeploymentRecord, instances: Sequence[InstanceRecord] = ()) -> OnlineDeployment:
    shown = [
        {"name": one.name, "status": one.status, "since": one.created_at.isoformat()}
        | ({"error": one.error} if one.error else {})
        for one in instances
    ]
    where = f"online-endpoints/{record.endpoint}/deployments/{record.name}"
    pickles = record.state.get("pickles") or []
    noted = {PICKLES_PROPERTY: "; ".join(pickles)} if pickles else {}
    return OnlineDeployment.from_stored(
        {
            **_written(record),
            "properties": {**record.properties, **noted},
            "id": f"azureml://workspaces/{record.workspace}/{where}",
            "provisioning_state": record.status.value,
            "error": record.error,
            "instances": shown or None,
            "creation_context": creation_context(record),
        }
    )


def _resolve(tx: Transaction, workspace: str, entity: OnlineDeployment) -> dict[str, Any]:
    """Every reference as what it means now; InvalidInput or NotFound for what cannot be served."""
    if isinstance(entity, KubernetesOnlineDeployment):
        raise Unsupported(
            "There is no attached Kubernetes cluster to serve from.",
            field="type",
            mend="use type: managed to serve from this machine",
        )
    resolved: dict[str, Any] = {}
    if entity.model is not None:
        resolved["model"] = served_models.resolve(tx, workspace, entity.model)
    script = entity.code_configuration.scoring_script if entity.code_configuration else None
    if script is None and resolved.get("model", {}).get("type") != "mlflow_model":
        raise InvalidInput(
            "Only an MLflow model is served without a scoring script.",
            field="code_configuration",
            mend="give code_configuration with code and scoring_script, or register the model as mlflow_model",
        )
    if isinstance(entity.environment, str):
        found = assets.resolve(tx, workspace, entity.environment, AssetKind.ENVIRONMENT, field="environment")
        resolved["environment"] = found.to_dict()
    elif isinstance(entity.environment, Environment):
        resolved["environment"] = entity.environment.to_dict()
    return resolved


def _spec(entity: OnlineDeployment) -> dict[str, Any]:
    return {key: value for key, value in spec_of(entity).items() if key != "endpoint_name"}


def _notes(entity: OnlineDeployment) -> dict[str, str]:
    """Fields that are accepted for Azure's sake and do nothing here: said, not hidden."""
    ignored = []
    if entity.data_collector is not None:
        ignored.append("data_collector")
    if isinstance(entity.scale_settings, TargetUtilizationScaleSettings):
        ignored.append("scale_settings (min_instances is kept running)")
    if isinstance(entity, ManagedOnlineDeployment):
        if entity.egress_public_network_access == "disabled":
            ignored.append("egress_public_network_access")
        if entity.private_network_connection:
            ignored.append("private_network_connection")
    return {NOT_HONOURED_PROPERTY: ", ".join(ignored)} if ignored else {}


def _record_lineage(tx: Transaction, record: DeploymentRecord, resolved: Mapping[str, Any]) -> None:
    for kind in ("model", "environment"):
        found = resolved.get(kind) or {}
        if found.get("name") and found.get("version"):
            source = lineage.asset_node(kind, str(found["name"]), str(found["version"]))
            lineage.record_deployed(tx, record.workspace, record.endpoint, record.name, source)


def _written(record: DeploymentRecord) -> dict[str, Any]:
    return {
        **{key: value for key, value in record.spec.items() if key != RESOLVED},
        "name": record.name,
        "endpoint_name": record.endpoint,
        "description": record.description,
        "tags": record.tags,
        "properties": record.properties,
    }
