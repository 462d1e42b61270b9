"""Computes: named targets of jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelyard.store.named import NamedRepository
from modelyard.store.records import ComputeRecord
from modelyard.store.rows.computes import COMPUTES

if TYPE_CHECKING:
    from modelyard.store.transaction import Transaction


class ComputeRepository(NamedRepository[ComputeRecord]):
    table = COMPUTES
    noun = "compute"

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction, ComputeRecord)

    def put(
        self,
        workspace: str,
        name: str,
        *,
        kind: str,
        spec: Mapping[str, Any],
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> ComputeRecord:
        """Create it, or replace what it was."""
        values = {
            "kind": kind,
            "spec": dict(spec),
            "description": description,
            "tags": dict(tags or {}),
            "properties": dict(properties or {}),
        }
        if self.find(workspace, name) is None:
            return self._insert(workspace, name, values)
        return self._change(workspace, name, values)
