"""Identities of computes, endpoints and workspaces, as Azure ML writes them."""

from __future__ import annotations

from modelyard.domain.entity import Part, read_only


class ManagedIdentityConfiguration(Part):
    """One user-assigned identity."""

    type: str | None = None
    client_id: str | None = None
    object_id: str | None = None
    principal_id: str | None = None
    resource_id: str | None = None
    msi_resource_id: str | None = None


class IdentityConfiguration(Part):
    """Accepted and kept; access here is by tokens and roles."""

    type: str | None = None
    user_assigned_identities: list[ManagedIdentityConfiguration] | None = None
    principal_id: str | None = read_only()
    tenant_id: str | None = read_only()
