"""Puts MLflow's tables into a database, and brings older ones up to date.

A fresh database gets the statements in `sqlite.sql` or `postgresql.sql`: a copy of what MLflow's migrations leave
behind, in milliseconds and without importing mlflow; a test makes both and compares them. A database that MLflow
left at an older revision is migrated by MLflow itself, in a process of its own.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from modelyard.domain.errors import Conflict, Unavailable

# The revision that the two SQL files were made from.
REVISION = "dc11669786a5"
_URL_VARIABLE = "MODELYARD_MLFLOW_MIGRATION_URL"
_REVISION_LINE = re.compile(r"^(down_revision|revision)\b[^=]*=\s*(.+)$", re.MULTILINE)
_NAME = re.compile(r"['\"]([0-9a-f]+)['\"]")
_MIGRATION = f"""
import os
from mlflow.store.db.utils import _upgrade_db, create_sqlalchemy_engine
_upgrade_db(create_sqlalchemy_engine(os.environ["{_URL_VARIABLE}"]))
"""


def install(engine: Engine) -> None:
    """Make MLflow's tables, or migrate them, so that they fit the installed mlflow. Idempotent.

    The caller keeps other processes out (an advisory lock, or the lock of the home folder).
    """
    with engine.begin() as connection:
        present = current_revision(connection)
        if present is None:
            _run_script(connection)
            present = REVISION
    if present != installed_head():
        _migrate(engine, present)


def current_revision(connection: Connection) -> str | None:
    """The revision that the database says it is at; None when MLflow was never here."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


@cache
def installed_head() -> str:
    """The newest revision among the installed mlflow's migrations, read from their files: importing mlflow is slow."""
    own: set[str] = set()
    parents: set[str] = set()
    for path in _versions_folder().glob("*.py"):
        lines = dict(_REVISION_LINE.findall(path.read_text("utf-8")))
        own.update(_NAME.findall(lines.get("revision", "")))
        parents.update(_NAME.findall(lines.get("down_revision", "")))
    heads = own - parents
    if len(heads) != 1:
        raise Unavailable(f"The installed mlflow has {len(heads)} newest migrations.", mend="reinstall mlflow")
    return heads.pop()


def _versions_folder() -> Path:
    spec = importlib.util.find_spec("mlflow")
    if spec is None or spec.origin is None:
        raise Unavailable("mlflow is not installed.", mend='pip install "modelyard[server]"')
    return Path(spec.origin).parent / "store" / "db_migrations" / "versions"


def _run_script(connection: Connection) -> None:
    dialect = connection.dialect.name
    for statement in statements(dialect):
        connection.exec_driver_sql(statement)
    connection.execute(text("INSERT INTO alembic_version (version_num) VALUES (:revision)"), {"revision": REVISION})
    connection.execute(
        text("INSERT INTO workspaces (name, description) VALUES ('default', 'Default workspace for legacy resources')")
    )
    # Clients expect an experiment "Default" with the id 0.
    now = int(time.time() * 1000)
    connection.execute(
        text(
            "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time,"
            " last_update_time, workspace)"
            " VALUES (0, 'Default', 'mlflow-artifacts:/0', 'active', :now, :now, 'default')"
        ),
        {"now": now},
    )


def statements(dialect: str) -> list[str]:
    """The statements of one dialect's file, which stand apart by an empty line."""
    return Path(__file__).with_name(f"{dialect}.sql").read_text("utf-8").strip().split("\n\n")


def _migrate(engine: Engine, present: str) -> None:
    """Run MLflow's own migration in a process of its own, so that this one stays small."""
    if not _knows(present):
        raise Conflict(
            f"The MLflow tables are at revision {present}, which the installed mlflow does not know.",
            mend="install the mlflow that this database was last used with, or a newer one",
        )
    environment = {**os.environ, _URL_VARIABLE: engine.url.render_as_string(hide_password=False)}
    done = subprocess.run([sys.executable, "-c", _MIGRATION], env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise Unavailable(f"MLflow's migration of its tables failed: {reason[0]}", mend="see MLflow's release notes")


def _knows(revision: str) -> bool:
    return any(revision in path.name for path in _versions_folder().glob("*.py"))
