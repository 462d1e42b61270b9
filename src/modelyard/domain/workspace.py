"""Workspaces: the boundary of names, roles and storage."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from modelyard.domain.entity import Entity, Part, Text, read_only
from modelyard.domain.identity import IdentityConfiguration


class CustomerManagedKey(Part):
    key_vault: str | None = None
    key_uri: str | None = None
    cosmosdb_id: str | None = None
    storage_id: str | None = None
    search_id: str | None = None


class Workspace(Entity):
    """A workspace. Fields that describe Azure resources are kept as labels and have no effect here."""

    name_pattern: ClassVar[re.Pattern[str]] = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}")
    name_rule: ClassVar[str] = "letters, digits, '_' and '-', at most 63, beginning with a letter or digit"

    display_name: str | None = None
    location: str | None = None
    """A label; nothing moves."""
    resource_group: str | None = None
    """A label, by which Azure-shaped clients address the workspace."""
    subscription_id: str | None = None
    """A label, by which Azure-shaped clients address the workspace."""
    kind: str | None = None
    hbi_workspace: bool | None = None
    storage_account: str | None = None
    container_registry: str | None = None
    key_vault: str | None = None
    application_insights: str | None = None
    customer_managed_key: CustomerManagedKey | None = None
    image_build_compute: str | None = None
    public_network_access: str | None = None
    network_acls: dict[str, Any] | None = None
    system_datastores_auth_mode: str | None = None
    identity: IdentityConfiguration | None = None
    primary_user_assigned_identity: str | None = None
    workspace_hub: str | None = None
    hub_id: str | None = None
    managed_network: dict[str, Any] | None = None
    provision_network_now: bool | None = None
    enable_data_isolation: bool | None = None
    allow_roleassignment_on_rg: bool | None = None
    serverless_compute: dict[str, Any] | None = None
    discovery_url: str | None = read_only()
    mlflow_tracking_uri: str | None = read_only()
    default_datastore: str | None = read_only()
    labels: dict[str, Text] | None = read_only()
