"""Identities of jobs, computes, endpoints and workspaces, as Azure ML writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Tag, field_validator

from modelyard.domain.entity import Part, read_only
from modelyard.domain.unions import by_type


class AmlTokenConfiguration(Part):
    """The job acts with its own token (the default)."""

    type: Literal["aml_token"] = "aml_token"


class UserIdentityConfiguration(Part):
    """The job acts as the user who submitted it."""

    type: Literal["user_identity"] = "user_identity"


class ManagedIdentityConfiguration(Part):
    """The identity of a compute, or one that was assigned by a user."""

    type_aliases: ClassVar[tuple[str, ...]] = ("managed_identity",)

    type: Literal["managed"] = "managed"
    client_id: str | None = None
    object_id: str | None = None
    principal_id: str | None = None
    resource_id: str | None = None
    msi_resource_id: str | None = None


JobIdentity = Annotated[
    Annotated[AmlTokenConfiguration, Tag("<amltoken>")]
    | Annotated[UserIdentityConfiguration, Tag("<useridentity>")]
    | Annotated[ManagedIdentityConfiguration, Tag("<managed>")],
    by_type(aliases={"managedidentity": "managed"}),
]


class IdentityConfiguration(Part):
    """Accepted and kept; access here is by tokens and roles."""

    type: str | None = None
    user_assigned_identities: list[ManagedIdentityConfiguration] | None = None
    principal_id: str | None = read_only()
    tenant_id: str | None = read_only()

    @field_validator("user_assigned_identities", mode="before")
    @classmethod
    def _by_resource_id(cls, value: Any) -> Any:
        """Workspaces write a mapping of resource ids, computes a list."""
        if not isinstance(value, Mapping):
            return value
        return [{"resource_id": key, **(item if isinstance(item, Mapping) else {})} for key, item in value.items()]
