"""What a hot call is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from modelyard.domain.permissions import Permission
from modelyard.store.tracking.connections import TrackingConnection

Work = Callable[[TrackingConnection], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class HotCall:
    """`plan(workspace, arguments)` is the work that answers the call, None from it meaning: ask MLflow."""

    method: str
    path: str
    plan: Callable[[str, Mapping[str, Any]], Work]
    writes: bool = False
    # Whether it may take so long that it must not run in the event loop.
    heavy: bool = False
    # Whether its work is a single statement where the database can write within a query.
    one_statement: bool = False
    # Arguments of a query that may come several times.
    repeated: frozenset[str] = frozenset()

    @property
    def permission(self) -> Permission:
        return Permission.TRACKING_WRITE if self.writes else Permission.TRACKING_READ
