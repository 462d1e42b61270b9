"""The first schema: workspaces, tokens, assets, jobs, endpoints, events and lineage."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# lint: long-function: drafted by a program, read in one go, never changed after its release
def upgrade() -> None:
    op.create_table(
        "yard_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("type", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=1024), nullable=False),
        sa.Column("workspace", sa.String(length=255), nullable=True),
        sa.Column("actor", sa.String(length=255), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_yard_events")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_yard_events_time"), "yard_events", ["time"], unique=False)
    op.create_index(op.f("ix_yard_events_workspace_id"), "yard_events", ["workspace", "id"], unique=False)
    op.create_table(
        "yard_workspaces",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("display_name", sa.String(length=255), nullable=True),
        sa.Column("subscription_id", sa.String(length=255), nullable=True),
        sa.Column("resource_group", sa.String(length=255), nullable=True),
        sa.Column("location", sa.String(length=255), nullable=True),
        sa.Column("spec", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("tags", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("properties", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_yard_workspaces")),
        sa.UniqueConstraint("name", name=op.f("uq_yard_workspaces_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "yard_assets",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("workspace", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("next_number", sa.BigInteger(), nullable=False),
        sa.Column("latest_version_id", sa.BigInteger(), nullable=True),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("tags", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("properties", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["yard_workspaces.name"], name=op.f("fk_yard_assets_workspace"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_yard_assets")),
        sa.UniqueConstraint("workspace", "kind", "name", name=op.f("uq_yard_assets_workspace_kind_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_yard_assets_workspace_kind_id"), "yard_assets", ["workspace", "kind", "id"], unique=False)
    op.create_table(
        "yard_computes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("workspace", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("spec", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("tags", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("properties", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["yard_workspaces.name"], name=op.f("fk_yard_computes_workspace"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_yard_computes")),
        sa.UniqueConstraint("workspace", "name", name=op.f("uq_yard_computes_workspace_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "yard_datastores",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("workspace", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("spec", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("sealed_credentials", sa.LargeBinary(), nullable=True),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("tags", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("properties", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["yard_workspaces.name"], name=op.f("fk_yard_datastores_workspace"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_yard_datastores")),
        sa.UniqueConstraint("workspace", "name", name=op.f("uq_yard_datastores_workspace_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "yard_endpoints",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("workspace", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("spec", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("auth_mode", sa.String(length=32), nullable=False),
        sa.Column("traffic", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("mirror_traffic", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("state", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("sealed_keys", sa.LargeBinary(), nullable=True),
        sa.Column("primary_key_hash", sa.String(length=64), nullable=True),
        sa.Column("secondary_key_hash", sa.String(length=64), nullable=True),
        sa.Column("spec_generation", sa.Integer(), nullable=False),
        sa.Column("observed_generation", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("tags", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("properties", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.Column("wake_at", sa.BigInteger(), nullable=True),
        sa.Column("wake_count", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(length=255), nullable=True),
        sa.Column("lease_token", sa.String(length=64), nullable=True),
        sa.Column("lease_expires_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace"], ["yard_workspaces.name"], name=op.f("fk_yard_endpoints_workspace"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_yard_endpoints")),
        sa.UniqueConstraint("workspace", "name", name=op.f("uq_yard_endpoints_workspace_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_yard_endpoints_due",
        "yard_endpoints",
        ["wake_at"],
        unique=False,
        sqlite_where=sa.text("wake_at IS NOT NULL"),
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )
    op.create_table(
        "yard_jobs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("workspace", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("parent_name", sa.String(length=255), nullable=True),
        sa.Column("experiment_name", sa.String(length=255), nullable=False),
        sa.Column("display_name", sa.String(length=255), nullable=False),
        sa.Column("compute", sa.String(length=255), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("spec", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("state", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("tags", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("properties", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.Column("wake_at", sa.BigInteger(), nullable=True),
        sa.Column("wake_count", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(length=255), nullable=True),
        sa.Column("lease_token", sa.String(length=64), nullable=True),
        sa.Column("lease_expires_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace"], ["yard_workspaces.name"], name=op.f("fk_yard_jobs_workspace"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_yard_jobs")),
        sa.UniqueConstraint("run_id", name=op.f("uq_yard_jobs_run_id")),
        sa.UniqueConstraint("workspace", "name", name=op.f("uq_yard_jobs_workspace_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_yard_jobs_due",
        "yard_jobs",
        ["wake_at"],
        unique=False,
        sqlite_where=sa.text("wake_at IS NOT NULL"),
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )
    op.create_index("ix_yard_jobs_queue", "yard_jobs", ["status", sa.text("priority DESC"), "id"], unique=False)
    op.create_index(
        op.f("ix_yard_jobs_workspace_experiment_name_id"),
        "yard_jobs",
        ["workspace", "experiment_name", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_yard_jobs_workspace_id"), "yard_jobs", ["workspace", "id"], unique=False)
    op.create_index(
        op.f("ix_yard_jobs_workspace_parent_name_id"), "yard_jobs", ["workspace", "parent_name", "id"], unique=False
    )
    op.create_index(op.f("ix_yard_jobs_workspace_status_id"), "yard_jobs", ["workspace", "status", "id"], unique=False)
    op.create_table(
        "yard_lineage",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("workspace", sa.String(length=255), nullable=False),
        sa.Column("source", sa.String(length=600), nullable=False),
        sa.Column("target", sa.String(length=600), nullable=False),
        sa.Column("relation", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"], ["yard_workspaces.name"], name=op.f("fk_yard_lineage_workspace"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_yard_lineage")),
        sa.UniqueConstraint(
            "workspace", "source", "target", "relation", name=op.f("uq_yard_lineage_workspace_source_target_relation")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_yard_lineage_workspace_target"), "yard_lineage", ["workspace", "target"], unique=False)
    op.create_table(
        "yard_tokens",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("actor", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("workspace", sa.String(length=255), nullable=True),
        sa.Column("job_name", sa.String(length=255), nullable=True),
        sa.Column("hint", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace"], ["yard_workspaces.name"], name=op.f("fk_yard_tokens_workspace"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_yard_tokens")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_yard_tokens_secret_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_yard_tokens_workspace_job_name"), "yard_tokens", ["workspace", "job_name"], unique=False)
    op.create_table(
        "yard_asset_versions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("asset_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("version", sa.String(length=255), nullable=False),
        sa.Column("spec", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("content_hash", sa.String(length=128), nullable=True),
        sa.Column("job_name", sa.String(length=255), nullable=True),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("tags", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("properties", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["yard_assets.id"], name=op.f("fk_yard_asset_versions_asset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_yard_asset_versions")),
        sa.UniqueConstraint("asset_id", "version", name=op.f("uq_yard_asset_versions_asset_id_version")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_yard_asset_versions_asset_id_id"), "yard_asset_versions", ["asset_id", "id"], unique=False)
    op.create_index(op.f("ix_yard_asset_versions_content_hash"), "yard_asset_versions", ["content_hash"], unique=False)
    op.create_table(
        "yard_deployments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("workspace", sa.String(length=255), nullable=False),
        sa.Column("endpoint", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("spec", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("state", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("spec_generation", sa.Integer(), nullable=False),
        sa.Column("observed_generation", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("tags", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("properties", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.Column("wake_at", sa.BigInteger(), nullable=True),
        sa.Column("wake_count", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(length=255), nullable=True),
        sa.Column("lease_token", sa.String(length=64), nullable=True),
        sa.Column("lease_expires_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace", "endpoint"],
            ["yard_endpoints.workspace", "yard_endpoints.name"],
            name=op.f("fk_yard_deployments_workspace"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_yard_deployments")),
        sa.UniqueConstraint("workspace", "endpoint", "name", name=op.f("uq_yard_deployments_workspace_endpoint_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_yard_deployments_due",
        "yard_deployments",
        ["wake_at"],
        unique=False,
        sqlite_where=sa.text("wake_at IS NOT NULL"),
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )
    op.create_table(
        "yard_asset_labels",
        sa.Column("asset_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("label", sa.String(length=255), nullable=False),
        sa.Column("version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["yard_assets.id"], name=op.f("fk_yard_asset_labels_asset_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["yard_asset_versions.id"], name=op.f("fk_yard_asset_labels_version_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("asset_id", "label", name=op.f("pk_yard_asset_labels")),
    )
    op.create_index(op.f("ix_yard_asset_labels_version_id"), "yard_asset_labels", ["version_id"], unique=False)
    op.create_table(
        "yard_instances",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("workspace", sa.String(length=255), nullable=False),
        sa.Column("endpoint", sa.String(length=255), nullable=False),
        sa.Column("deployment", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("handle", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace", "endpoint", "deployment"],
            ["yard_deployments.workspace", "yard_deployments.endpoint", "yard_deployments.name"],
            name=op.f("fk_yard_instances_workspace"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_yard_instances")),
        sa.UniqueConstraint(
            "workspace",
            "endpoint",
            "deployment",
            "name",
            name=op.f("uq_yard_instances_workspace_endpoint_deployment_name"),
        ),
        sqlite_autoincrement=True,
    )
