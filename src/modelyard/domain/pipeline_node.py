"""One node of a pipeline, as it is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from modelyard.domain.pipeline_graph import NodePhase


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRecord:
    """`instance` is the node's name, or `<node>.<n>` for one run of a loop's body."""

    workspace: str
    pipeline_name: str
    instance: str
    phase: NodePhase = NodePhase.ACTIVE
    job_name: str | None = None
    fingerprint: str | None = None
    """Equal for two runs that must give the same outputs; None where no other run may stand for this one."""
    identity: dict[str, Any] = field(default_factory=dict)
    """What the fingerprint is made of, part by part: for the explanation of a run that was not reused."""
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By name: `path`, `type`, `content` (hash or None), `value` of a literal."""
    reused_from: str | None = None
    """The job whose outputs these are."""
    reason: str | None = None
    created_at: datetime | None = None
    ended_at: datetime | None = None
