"""Nodes of pipelines: what became of each, and what an earlier run must equal to stand for a later one."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text, UniqueConstraint

from modelyard.store.rows.columns import METADATA, NAME_LENGTH, Json, Moment, id_column, workspace_column

PIPELINE_NODES = Table(
    "yard_pipeline_nodes",
    METADATA,
    id_column(),
    workspace_column(),
    Column("pipeline_name", String(NAME_LENGTH), nullable=False),
    Column("instance", String(NAME_LENGTH), nullable=False),
    Column("phase", String(16), nullable=False),
    Column("job_name", String(NAME_LENGTH)),
    Column("fingerprint", String(64)),
    Column("identity", Json, nullable=False),
    Column("outputs", Json, nullable=False),
    Column("reused_from", String(NAME_LENGTH)),
    Column("reason", Text),
    Column("created_at", Moment, nullable=False),
    Column("ended_at", Moment),
    UniqueConstraint("workspace", "pipeline_name", "instance"),
    Index(None, "workspace", "fingerprint"),
    Index(None, "workspace", "instance", "id"),
    sqlite_autoincrement=True,
)
