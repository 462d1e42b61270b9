"""The MLflow tables that we read or write ourselves, as Core tables; a test compares them with MLflow's own.

They have a `MetaData` of their own: our migrations never touch them (see `store/mlflow_schema`).
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, MetaData, String, Table, Text

mlflow_metadata = MetaData()


def _table(name: str, *columns: Column[object]) -> Table:
    return Table(name, mlflow_metadata, *columns)


def _key(name: str, length: int = 256) -> Column[object]:
    return Column(name, String(length), primary_key=True)


experiments = _table(
    "experiments",
    Column("experiment_id", Integer, primary_key=True),
    Column("name", String(256), nullable=False),
    Column("artifact_location", String(256)),
    Column("lifecycle_stage", String(32)),
    Column("creation_time", BigInteger),
    Column("last_update_time", BigInteger),
    Column("workspace", String(63), nullable=False),
)
experiment_tags = _table(
    "experiment_tags",
    _key("key", 250),
    Column("value", Text),
    Column("experiment_id", Integer, primary_key=True),
)
runs = _table(
    "runs",
    _key("run_uuid", 32),
    Column("name", String(250)),
    Column("source_type", String(20)),
    Column("source_name", String(500)),
    Column("entry_point_name", String(50)),
    Column("user_id", String(256)),
    Column("status", String(9)),
    Column("start_time", BigInteger),
    Column("end_time", BigInteger),
    Column("deleted_time", BigInteger),
    Column("source_version", String(50)),
    Column("lifecycle_stage", String(20)),
    Column("artifact_uri", String(200)),
    Column("experiment_id", Integer),
)
metrics = _table(
    "metrics",
    _key("key", 250),
    Column("value", Float, primary_key=True),
    Column("timestamp", BigInteger, primary_key=True),
    _key("run_uuid", 32),
    Column("step", BigInteger, primary_key=True),
    Column("is_nan", Boolean, primary_key=True),
)
latest_metrics = _table(
    "latest_metrics",
    _key("key", 250),
    Column("value", Float, nullable=False),
    Column("timestamp", BigInteger),
    Column("step", BigInteger, nullable=False),
    Column("is_nan", Boolean, nullable=False),
    _key("run_uuid", 32),
)
params = _table("params", _key("key", 250), Column("value", String(8000), nullable=False), _key("run_uuid", 32))
tags = _table("tags", _key("key", 250), Column("value", String(8000)), _key("run_uuid", 32))
registered_models = _table(
    "registered_models",
    _key("name"),
    Column("creation_time", BigInteger),
    Column("last_updated_time", BigInteger),
    Column("description", String(5000)),
    _key("workspace", 63),
)
registered_model_tags = _table(
    "registered_model_tags", _key("key", 250), Column("value", String(5000)), _key("name"), _key("workspace", 63)
)
registered_model_aliases = _table(
    "registered_model_aliases",
    _key("alias"),
    Column("version", Integer, nullable=False),
    _key("name"),
    _key("workspace", 63),
)
model_versions = _table(
    "model_versions",
    _key("name"),
    Column("version", Integer, primary_key=True),
    Column("creation_time", BigInteger),
    Column("last_updated_time", BigInteger),
    Column("description", String(5000)),
    Column("user_id", String(256)),
    Column("current_stage", String(20)),
    Column("source", String(500)),
    Column("run_id", String(32)),
    Column("status", String(20)),
    Column("status_message", String(500)),
    Column("run_link", String(500)),
    Column("storage_location", String(500)),
    _key("workspace", 63),
)
model_version_tags = _table(
    "model_version_tags",
    _key("key", 250),
    Column("value", Text),
    _key("name"),
    Column("version", Integer, primary_key=True),
    _key("workspace", 63),
)
logged_models = _table(
    "logged_models",
    _key("model_id", 36),
    Column("experiment_id", Integer, nullable=False),
    Column("name", String(500), nullable=False),
    Column("artifact_location", String(1000), nullable=False),
    Column("creation_timestamp_ms", BigInteger, nullable=False),
    Column("last_updated_timestamp_ms", BigInteger, nullable=False),
    Column("status", Integer, nullable=False),
    Column("lifecycle_stage", String(32)),
    Column("model_type", String(500)),
    Column("source_run_id", String(32)),
    Column("status_message", String(1000)),
)
