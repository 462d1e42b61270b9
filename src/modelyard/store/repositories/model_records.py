"""Records of models, and the queries that both databases share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, String, Table, and_, cast, func, select

from modelyard.store.rows.mlflow_tables import model_versions as versions
from modelyard.store.rows.mlflow_tables import registered_models as names
from modelyard.store.rows.models import MODEL_VERSIONS, MODELS

DELETED_STAGE = "Deleted_Internal"
# Stages that MLflow knows; any other word is kept on our side alone.
MLFLOW_STAGES = {"none": "None", "staging": "Staging", "production": "Production", "archived": "Archived"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewModelVersion:
    """`version` None: the next number. `source` and `download_uri` are MLflow's: where from, and where to read."""

    name: str
    source: str
    download_uri: str
    spec: Mapping[str, Any]
    version: str | None = None
    run_id: str | None = None
    description: str | None = None
    tags: Mapping[str, str] | None = None
    properties: Mapping[str, str] | None = None
    content_hash: str | None = None
    job_name: str | None = None
    stage: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersionRecord:
    """One version. `number` is what MLflow calls it, `version` what we do; they differ only where it is a text."""

    workspace: str
    name: str
    number: int
    version: str
    spec: dict[str, Any]
    source: str
    download_uri: str
    run_id: str | None
    stage: str | None
    description: str | None
    tags: dict[str, str]
    properties: dict[str, str]
    content_hash: str | None
    job_name: str | None
    archived: bool
    created_at: datetime
    modified_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRecord:
    """One row per name; `latest` is the newest version that is not archived."""

    workspace: str
    name: str
    description: str | None
    tags: dict[str, str]
    properties: dict[str, str]
    archived: bool
    created_at: datetime
    modified_at: datetime
    created_by: str
    latest: ModelVersionRecord | None


JOINED = versions.outerjoin(
    MODEL_VERSIONS,
    and_(
        MODEL_VERSIONS.c.workspace == versions.c.workspace,
        MODEL_VERSIONS.c.name == versions.c.name,
        MODEL_VERSIONS.c.number == versions.c.version,
    ),
)
# The version as we show it: a text may stand for MLflow's number.
SHOWN: ColumnElement[str] = func.coalesce(MODEL_VERSIONS.c.version, cast(versions.c.version, String))


def select_versions() -> Select[Any]:
    """MLflow's columns, and ours with `own_` before their names."""
    own = [column.label(f"own_{column.name}") for column in MODEL_VERSIONS.c]
    return select(*versions.c, SHOWN.label("shown"), *own).select_from(JOINED)


def select_names() -> Select[Any]:
    """As `select_versions`, of names."""
    own = [column.label(f"own_{column.name}") for column in MODELS.c]
    same = and_(MODELS.c.workspace == names.c.workspace, MODELS.c.name == names.c.name)
    return select(*names.c, *own).select_from(names.outerjoin(MODELS, same))


def of_name(table: Table, workspace: str, name: str) -> ColumnElement[bool]:
    return (table.c.workspace == workspace) & (table.c.name == name)


def alive(workspace: str, name: str) -> ColumnElement[bool]:
    """Versions of a name that MLflow has not deleted."""
    return of_name(versions, workspace, name) & (func.coalesce(versions.c.current_stage, "None") != DELETED_STAGE)


def version_record(row: Any, tags: Mapping[str, str]) -> ModelVersionRecord:
    """A version; one that MLflow made without us has MLflow's own facts."""
    spec = dict(row.own_spec or {"type": "mlflow_model"})
    stage = row.current_stage if row.current_stage not in (None, "None") else spec.get("stage")
    return ModelVersionRecord(
        workspace=row.workspace,
        name=row.name,
        number=row.version,
        version=row.shown,
        spec=spec,
        source=row.source or "",
        download_uri=row.storage_location or row.source or "",
        run_id=row.run_id or None,
        stage=stage,
        description=row.description or None,
        tags=dict(tags),
        properties=dict(row.own_properties or {}),
        content_hash=row.own_content_hash,
        job_name=row.own_job_name,
        archived=bool(row.own_archived),
        created_at=row.own_created_at or moment(row.creation_time),
        modified_at=max(row.own_modified_at or moment(0), moment(row.last_updated_time)),
        created_by=row.own_created_by or row.user_id or "",
    )


def name_record(row: Any, tags: Mapping[str, str], latest: ModelVersionRecord | None) -> ModelRecord:
    return ModelRecord(
        workspace=row.workspace,
        name=row.name,
        description=row.description or None,
        tags=dict(tags),
        properties=dict(row.own_properties or {}),
        archived=bool(row.own_archived),
        created_at=row.own_created_at or moment(row.creation_time),
        modified_at=max(row.own_modified_at or moment(0), moment(row.last_updated_time)),
        created_by=row.own_created_by or "",
        latest=latest,
    )


def moment(milliseconds: int | None) -> datetime:
    return datetime.fromtimestamp((milliseconds or 0) / 1000, UTC)


def milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
