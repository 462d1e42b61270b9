"""Column types and groups that every table of ours shares."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Integer, MetaData, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

# Named constraints, so that migrations can address them on both databases.
METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

NAME_LENGTH = 255
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware datetime kept as whole microseconds since 1970 in UTC: sorts alike on every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any | None, dialect: Any) -> datetime | None:
        return None if value is None else _EPOCH + timedelta(microseconds=value)


# SQLite autoincrements only a column declared INTEGER.
Id = BigInteger().with_variant(Integer, "sqlite")
# Text on both databases, so that the order of keys is kept as the user wrote it.
Json = JSON(none_as_null=True)
# Searchable on PostgreSQL by containment.
Tags = JSON().with_variant(JSONB(), "postgresql")


def id_column() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


def workspace_column() -> Column[str]:
    return Column(
        "workspace", String(NAME_LENGTH), ForeignKey("yard_workspaces.name", ondelete="CASCADE"), nullable=False
    )


def label_columns() -> list[Column[Any]]:
    """Description, tags and properties: on every entity."""
    return [
        Column("description", Text),
        Column("tags", Tags, nullable=False, default=dict),
        Column("properties", Json, nullable=False, default=dict),
    ]


def audit_columns() -> list[Column[Any]]:
    return [
        Column("created_at", Moment, nullable=False),
        Column("modified_at", Moment, nullable=False),
        Column("created_by", String(NAME_LENGTH), nullable=False),
    ]


def lease_columns() -> list[Column[Any]]:
    """A row is due when `wake_at` has come and nobody holds an unexpired lease; see `leasing.py`."""
    return [
        Column("wake_at", Moment),
        Column("wake_count", Integer, nullable=False, default=0),
        Column("lease_owner", String(NAME_LENGTH)),
        Column("lease_token", String(64)),
        Column("lease_expires_at", Moment),
    ]


def flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, default=False)
