"""Online endpoints: addresses, traffic and keys. What is asked here is carried out by the deployment controller."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

from modelyard.domain.errors import Conflict, InvalidInput, Unsupported, did_you_mean
from modelyard.domain.online_endpoint import (
    EndpointAuthKeys,
    EndpointAuthToken,
    KubernetesOnlineEndpoint,
    ManagedOnlineEndpoint,
    OnlineEndpoint,
)
from modelyard.domain.statuses import ProvisioningState
from modelyard.kit.paging import Page, PageOf
from modelyard.kit.signed_tokens import issue
from modelyard.services.stored import creation_context, spec_of
from modelyard.store.records import EndpointRecord
from modelyard.store.transaction import Transaction

TOKEN_SECONDS = 12 * 3600
TOKEN_KEY_FILE = "endpoint-token.key"
KEY_AUTH = "key"
_COLUMNS = frozenset({"auth_mode", "traffic", "mirror_traffic"})
_EDITABLE = frozenset({"traffic", "mirror_traffic", "tags", "description", "properties", "auth_mode"})


def put(tx: Transaction, workspace: str, entity: OnlineEndpoint, gateway_url: str) -> OnlineEndpoint:
    """Create an endpoint, or change what it was.

    Traffic that is left out stays as it is: a file without traffic must not take a live endpoint down.
    """
    if not entity.name:
        raise InvalidInput("An endpoint needs a name.", field="name")
    if isinstance(entity, KubernetesOnlineEndpoint):
        raise Unsupported(
            "There is no attached Kubernetes cluster to serve from.",
            field="compute",
            mend="leave 'compute' out: the endpoint is served by this platform's own gateway",
        )
    tx.workspaces.get(workspace)
    found = tx.endpoints.find(workspace, entity.name)
    known = _deployments(tx, workspace, entity.name) if found is not None else []
    _check_shares("traffic", entity.traffic, known, entity.name)
    _check_shares("mirror_traffic", entity.mirror_traffic, known, entity.name)
    values: dict[str, Any] = {
        "spec": {key: value for key, value in spec_of(entity).items() if key not in _COLUMNS},
        "auth_mode": entity.auth_mode.value,
        "description": entity.description,
        "tags": entity.tags,
        "properties": entity.properties,
    }
    if entity.traffic or found is None:
        values["traffic"] = entity.traffic
    if entity.mirror_traffic or found is None:
        values["mirror_traffic"] = entity.mirror_traffic
    if found is None:
        record = tx.endpoints.create(workspace, entity.name, **values)
    else:
        record = tx.endpoints.change(workspace, entity.name, **values)
    return to_entity(record, gateway_url)


def edit(tx: Transaction, workspace: str, name: str, changes: Mapping[str, Any], gateway_url: str) -> OnlineEndpoint:
    """Change some of traffic, mirror_traffic, tags, description, properties, auth_mode; the rest stays."""
    for key in changes:
        if key not in _EDITABLE:
            mend = did_you_mean(key, _EDITABLE) or f"editable: {', '.join(sorted(_EDITABLE))}"
            raise InvalidInput(f"'{key}' of an endpoint cannot be edited.", field=key, mend=mend)
    record = tx.endpoints.get(workspace, name)
    checked = OnlineEndpoint.from_dict({**_written(record), **changes})
    known = _deployments(tx, workspace, name)
    for field in ("traffic", "mirror_traffic"):
        if field in changes:
            _check_shares(field, getattr(checked, field), known, name)
    values = {key: checked.to_dict().get(key, {}) for key in changes if key != "description"}
    if "description" in changes:
        values["description"] = checked.description
    return to_entity(tx.endpoints.change(workspace, name, **values), gateway_url)


def get(tx: Transaction, workspace: str, name: str, gateway_url: str) -> OnlineEndpoint:
    return to_entity(tx.endpoints.get(workspace, name), gateway_url)


def list_page(
    tx: Transaction,
    workspace: str,
    page: Page,
    gateway_url: str,
    *,
    text: str | None = None,
    tags: Mapping[str, str | None] | None = None,
) -> PageOf[OnlineEndpoint]:
    """Endpoints by name."""
    found = tx.endpoints.list(workspace, page, text=text, tags=tags)
    return found.map(lambda record: to_entity(record, gateway_url))


def delete(tx: Transaction, workspace: str, name: str, gateway_url: str) -> OnlineEndpoint:
    """Ask for the endpoint and all of its deployments to be taken down. Asking again changes nothing."""
    for deployment in tx.deployments.list(workspace, name):
        tx.deployments.request_delete(workspace, name, deployment.name)
    return to_entity(tx.endpoints.request_delete(workspace, name), gateway_url)


def keys(tx: Transaction, workspace: str, name: str) -> EndpointAuthKeys:
    """Both keys; Conflict for an endpoint with another auth mode."""
    _require_key_auth(tx.endpoints.get(workspace, name))
    found = tx.endpoints.keys(workspace, name)
    return EndpointAuthKeys(primary_key=found.primary, secondary_key=found.secondary)


def regenerate_key(
    tx: Transaction, workspace: str, name: str, which: Literal["primary", "secondary"], key: str | None = None
) -> EndpointAuthKeys:
    """A new key in place of one of the two; the old one is refused within a moment of the commit."""
    _require_key_auth(tx.endpoints.get(workspace, name))
    if key is not None and not 32 <= len(key) <= 256:
        raise InvalidInput("A key of your own has 32 to 256 characters.", field="key_value")
    found = tx.endpoints.replace_key(workspace, name, which, key)
    return EndpointAuthKeys(primary_key=found.primary, secondary_key=found.secondary)


def token(
    tx: Transaction,
    workspace: str,
    name: str,
    signing_key: Callable[[], bytes],
    now: Callable[[], float] = time.time,
) -> EndpointAuthToken:
    """A token for an endpoint with aml_token or aad_token auth, which the gateway verifies by itself."""
    record = tx.endpoints.get(workspace, name)
    if record.auth_mode == KEY_AUTH:
        raise Conflict(
            f"Endpoint '{name}' takes keys, not tokens.", field="auth_mode", mend="get its keys, or set aml_token"
        )
    issued = now()
    text = issue(signing_key(), f"{workspace}/{name}", expires_at=issued + TOKEN_SECONDS)
    return EndpointAuthToken(
        access_token=text,
        expiry_time_utc=int(issued + TOKEN_SECONDS),
        refresh_after_time_utc=int(issued + TOKEN_SECONDS / 2),
        token_type="Bearer",
    )


def to_entity(record: EndpointRecord, gateway_url: str) -> OnlineEndpoint:
    base = f"{gateway_url}/{record.workspace}/{record.name}"
    return ManagedOnlineEndpoint.from_stored(
        {
            **_written(record),
            "id": f"azureml://workspaces/{record.workspace}/online-endpoints/{record.name}",
            "kind": "Managed",
            "scoring_uri": f"{base}/score",
            "openapi_uri": f"{base}/swagger.json",
            "provisioning_state": record.status.value,
            "error": record.error,
            "creation_context": creation_context(record),
        }
    )


def _written(record: EndpointRecord) -> dict[str, Any]:
    return {
        **record.spec,
        "name": record.name,
        "description": record.description,
        "tags": record.tags,
        "properties": record.properties,
        "auth_mode": record.auth_mode,
        "traffic": record.traffic,
        "mirror_traffic": record.mirror_traffic,
    }


def _deployments(tx: Transaction, workspace: str, name: str) -> list[str]:
    found = tx.deployments.list(workspace, name)
    return [one.name for one in found if one.status is not ProvisioningState.DELETING]


def _check_shares(field: str, shares: Mapping[str, int], known: list[str], endpoint: str) -> None:
    for deployment, percent in shares.items():
        if percent and deployment not in known:
            listed = ", ".join(known) or "none"
            raise InvalidInput(
                f"Endpoint '{endpoint}' has no deployment '{deployment}'. There are: {listed}.",
                field=f"{field}.{deployment}",
                mend=did_you_mean(deployment, known) or "create the deployment before it gets traffic",
            )


def _require_key_auth(record: EndpointRecord) -> None:
    if record.auth_mode != KEY_AUTH:
        raise Conflict(
            f"Endpoint '{record.name}' takes tokens ({record.auth_mode}), not keys.",
            field="auth_mode",
            mend="ask for a token",
        )
