"""Lists and leases over many rows go by an index: asked of the planner, not of a clock."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import event, text

from modelyard.domain.statuses import JobStatus
from modelyard.kit.paging import Page
from modelyard.store.database import Database
from modelyard.store.records import AssetKind
from modelyard.store.repositories.jobs import JobFilter
from modelyard.store.rows.assets import ASSETS
from modelyard.store.rows.columns import Moment
from modelyard.store.rows.events import EVENTS
from modelyard.store.rows.jobs import JOBS

W = "default"
COUNT = 10_000


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def large(request, tmp_path_factory):
    """A database with ten thousand jobs, of which a hundred are unfinished, and as many events and assets."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('large')}/large.db"
    else:
        url = request.getfixturevalue("postgresql_databases").take()
    database = Database(url)
    database.migrate()
    with database.transaction() as tx:
        tx.workspaces.create(W)
        now = tx.now
        common = {
            "workspace": W,
            "created_at": now,
            "modified_at": now,
            "created_by": "ann",
            "tags": {},
            "properties": {},
        }
        tx.connection.execute(JOBS.insert(), [_job(number, now, common) for number in range(COUNT)])
        asset = {**common, "kind": "data", "next_number": 1, "anonymous": False, "archived": False}
        tx.connection.execute(ASSETS.insert(), [{**asset, "name": f"a{number}"} for number in range(COUNT // 5)])
        happened = {"type": "t", "subject": "s", "workspace": W, "actor": "a", "time": now, "data": {}}
        tx.connection.execute(EVENTS.insert(), [happened for _ in range(COUNT // 5)])
    if not database.sqlite:  # SQLite has no statistics in service either
        with database.transaction() as tx:
            tx.connection.execute(text("ANALYZE"))
    yield database
    database.dispose()
    if request.param == "postgresql":
        request.getfixturevalue("postgresql_databases").give_back(url)


def _job(number, now, common):
    queued = number % 100 == 0
    status = JobStatus.QUEUED if queued else JobStatus.COMPLETED
    name = f"job-{number}"
    return common | {
        "name": name,
        "run_id": name,
        "kind": "command",
        "parent_name": None if number % 10 else f"parent-{number % 500}",
        "experiment_name": f"e{number % 20}",
        "display_name": name,
        "compute": "local",
        "priority": 10 * (number % 3),
        "status": status.value,
        "spec": {"command": "x" * 200},
        "state": {},
        "attempt": 0,
        "cancel_requested": False,
        "archived": False,
        "wake_at": now if queued else None,
        "wake_count": 0,
    }


QUERIES = {
    "page of jobs": lambda tx: tx.jobs.list(W, Page(50), JobFilter(archived=None)),
    "page of jobs shown": lambda tx: tx.jobs.list(W, Page(50)),
    "deep page of jobs": lambda tx: tx.jobs.list(W, Page(50, "WzUwMDBd")),
    "jobs by status": lambda tx: tx.jobs.list(W, Page(50), JobFilter(statuses=[JobStatus.QUEUED])),
    "jobs of an experiment": lambda tx: tx.jobs.list(W, Page(50), JobFilter(experiment_name="e3")),
    "children": lambda tx: tx.jobs.children(W, "parent-10", Page(50)),
    "job by name": lambda tx: tx.jobs.get(W, "job-5"),
    "job by run": lambda tx: tx.jobs.by_run_id("job-5"),
    "due": lambda tx: tx.jobs.lease_due("me", tx.now, 5, 30),
    "named": lambda tx: tx.jobs.lease_named([5, "job-8"], "me", tx.now, 30),
    "queued": lambda tx: tx.jobs.lease_queued("me", tx.now, 5, 30),
    "page of assets": lambda tx: tx.assets.list(W, AssetKind.DATA, Page(50)),
    "events": lambda tx: tx.events.after(1_900, limit=100),
    "events of a workspace": lambda tx: tx.events.after(1_900, limit=100, workspaces=[W]),
}


@pytest.mark.parametrize("name", QUERIES)
def test_no_table_is_read_from_end_to_end(large, name):
    tx = large.transaction()
    with pytest.raises(_Undo), tx:
        statements = _statements(tx.connection, lambda: QUERIES[name](tx))
        for statement, parameters in statements:
            assert not _whole_tables(tx, statement, parameters), statement
        raise _Undo


class _Undo(Exception):
    pass


def _statements(connection, call):
    seen = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        seen.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    call()
    event.remove(connection, "before_cursor_execute", note)
    return [item for item in seen if not item[0].startswith("SAVEPOINT")]


def _whole_tables(tx, statement, parameters):
    """The steps of the plan that read a table of ours whole, or sort a large one."""
    if tx.sqlite:
        rows = tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        steps = [row[3] for row in rows]
        return [step for step in steps if step.startswith("SCAN yard_") and "USING" not in step]
    plan = tx.connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar()
    return _sequential((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])


def _sequential(node):
    found = []
    if node["Node Type"] == "Seq Scan" and node["Relation Name"].startswith("yard_") and node["Plan Rows"] > 500:
        found.append(node["Relation Name"])
    for child in node.get("Plans", []):
        found += _sequential(child)
    return found


def test_moments_are_whole_microseconds():
    moment = Moment()
    at = datetime(2026, 2, 3, 4, 5, 6, 789_012, tzinfo=UTC)
    assert moment.process_result_value(moment.process_bind_param(at, None), None) == at
    assert moment.process_bind_param(datetime(1969, 12, 31, tzinfo=UTC), None) < 0
