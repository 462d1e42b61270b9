"""Online endpoints: a stable address, its keys and its traffic."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, field_validator

from modelyard.domain.choices import AuthMode, Enablement
from modelyard.domain.entity import Entity, Part, problem, read_only
from modelyard.domain.identity import IdentityConfiguration
from modelyard.domain.job import compute_name


class OnlineEndpoint(Entity):
    """A stable scoring address in front of deployments."""

    name_pattern: ClassVar[re.Pattern[str]] = re.compile(r"[a-zA-Z]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?")
    name_rule: ClassVar[str] = "letters, digits and '-', at most 63, beginning with a letter, not ending with '-'"

    auth_mode: AuthMode = AuthMode.KEY
    """How callers prove themselves."""
    traffic: dict[str, int] = Field(default_factory=dict)
    """Percent of requests by deployment: sums to 100, or to 0."""
    mirror_traffic: dict[str, int] = Field(default_factory=dict)
    """Percent of requests copied to a deployment whose answers are thrown away; at most 50."""
    location: str | None = None
    identity: IdentityConfiguration | None = None
    kind: str | None = read_only()
    scoring_uri: str | None = read_only()
    openapi_uri: str | None = read_only()
    provisioning_state: str | None = read_only()
    error: dict[str, Any] | None = read_only()

    @classmethod
    def choose(cls, values: Mapping[str, Any]) -> type[Self]:
        if cls is not OnlineEndpoint:
            return cls
        kubernetes = "compute" in values or values.get("kind") == "K8S"
        return KubernetesOnlineEndpoint if kubernetes else ManagedOnlineEndpoint  # type: ignore[return-value]

    def problems(self) -> Iterable[dict[str, str]]:
        yield from super().problems()
        for field, shares in (("traffic", self.traffic), ("mirror_traffic", self.mirror_traffic)):
            for deployment, percent in shares.items():
                if not 0 <= percent <= 100:
                    yield problem(f"{field}.{deployment}", f"{percent} is not a percentage", "use 0 to 100")
        if sum(self.traffic.values()) not in (0, 100):
            yield problem("traffic", f"sums to {sum(self.traffic.values())}", "make it sum to 100, or to 0")
        if sum(self.mirror_traffic.values()) > 50:
            yield problem("mirror_traffic", "is more than 50 percent", "mirror at most 50 percent")


class ManagedOnlineEndpoint(OnlineEndpoint):
    """An endpoint of this platform's own gateway."""

    public_network_access: Enablement | None = None


class KubernetesOnlineEndpoint(OnlineEndpoint):
    """An endpoint on an attached cluster."""

    compute: str | None = None

    @field_validator("compute", mode="before")
    @classmethod
    def _compute_name(cls, value: Any) -> Any:
        return compute_name(value) if isinstance(value, str) else value


class EndpointAuthKeys(Part):
    """The two keys of an endpoint."""

    primary_key: str | None = Field(default=None, repr=False)
    secondary_key: str | None = Field(default=None, repr=False)


class EndpointAuthToken(Part):
    """A short-lived token of an endpoint."""

    access_token: str | None = Field(default=None, repr=False)
    expiry_time_utc: int | None = None
    refresh_after_time_utc: int | None = None
    token_type: str | None = None
