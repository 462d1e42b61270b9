"""Nodes of pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from modelyard.domain.errors import Conflict
from modelyard.domain.pipeline_graph import NodePhase
from modelyard.domain.pipeline_node import NodeRecord
from modelyard.store.failures import Duplicate
from modelyard.store.repository import Repository
from modelyard.store.rows.pipeline_nodes import PIPELINE_NODES

_FIELDS = [field.name for field in fields(NodeRecord)]
_DONE = (NodePhase.COMPLETED.value, NodePhase.REUSED.value)


class PipelineNodeRepository(Repository):
    def create(self, node: NodeRecord) -> NodeRecord:
        """A node that begins, or whose end is known at once; Conflict when the pipeline has it."""
        values = {**_values(node), "created_at": self.tx.now}
        try:
            row = self.connection.execute(insert(PIPELINE_NODES).values(values).returning(*PIPELINE_NODES.c)).one()
        except Duplicate as error:
            raise Conflict(f"The pipeline '{node.pipeline_name}' has begun its node '{node.instance}'.") from error
        return _record(row)

    def save(self, node: NodeRecord) -> None:
        """Write a node as it stands now."""
        mine = (
            (PIPELINE_NODES.c.workspace == node.workspace)
            & (PIPELINE_NODES.c.pipeline_name == node.pipeline_name)
            & (PIPELINE_NODES.c.instance == node.instance)
        )
        self.connection.execute(update(PIPELINE_NODES).where(mine).values(_values(node)))

    def of_pipeline(self, workspace: str, pipeline: str) -> Sequence[NodeRecord]:
        """Every node that has begun, in the order of beginning."""
        rows = self.connection.execute(
            select(PIPELINE_NODES)
            .where(PIPELINE_NODES.c.workspace == workspace, PIPELINE_NODES.c.pipeline_name == pipeline)
            .order_by(PIPELINE_NODES.c.id)
        )
        return [_record(row) for row in rows]

    def earlier(self, workspace: str, fingerprint: str, *, limit: int = 5) -> Sequence[NodeRecord]:
        """Finished runs with this fingerprint, newest first."""
        rows = self.connection.execute(
            select(PIPELINE_NODES)
            .where(
                PIPELINE_NODES.c.workspace == workspace,
                PIPELINE_NODES.c.fingerprint == fingerprint,
                PIPELINE_NODES.c.phase.in_(_DONE),
            )
            .order_by(PIPELINE_NODES.c.id.desc())
            .limit(limit)
        )
        return [_record(row) for row in rows]

    def recent(self, workspace: str, instance: str, *, before: str, limit: int = 20) -> Sequence[NodeRecord]:
        """Finished runs of nodes of this name in other pipelines than `before`, newest first."""
        rows = self.connection.execute(
            select(PIPELINE_NODES)
            .where(
                PIPELINE_NODES.c.workspace == workspace,
                PIPELINE_NODES.c.instance == instance,
                PIPELINE_NODES.c.pipeline_name != before,
                PIPELINE_NODES.c.phase.in_(_DONE),
            )
            .order_by(PIPELINE_NODES.c.id.desc())
            .limit(limit)
        )
        return [_record(row) for row in rows]

    def forget(self, workspace: str, pipeline: str, instances: Sequence[str]) -> None:
        """Remove nodes that are to run again."""
        mine = (PIPELINE_NODES.c.workspace == workspace) & (PIPELINE_NODES.c.pipeline_name == pipeline)
        self.connection.execute(delete(PIPELINE_NODES).where(mine, PIPELINE_NODES.c.instance.in_(instances)))


def _values(node: NodeRecord) -> dict[str, Any]:
    values = {name: getattr(node, name) for name in _FIELDS if name not in ("created_at",)}
    return {**values, "phase": node.phase.value}


def _record(row: Row[Any]) -> NodeRecord:
    values = {name: row._mapping[name] for name in _FIELDS}
    values["phase"] = NodePhase(values["phase"])
    return NodeRecord(**values)
