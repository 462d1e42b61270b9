"""Many threads and processes at once: each job to one owner, no writer starved, no write lost."""

import json
import subprocess
import sys
import threading
from collections import Counter

import pytest

from modelyard.domain.job_record import JobUpdate
from modelyard.domain.statuses import JobStatus
from modelyard.store.database import Database
from modelyard.store.repositories.jobs import NewJob

W = "default"

_WORKER = """
import json, sys
from modelyard.domain.job_record import JobUpdate
from modelyard.domain.statuses import JobStatus
from modelyard.store.database import Database
database, owner, done = Database(sys.argv[1]), sys.argv[2], []
while True:
    with database.transaction() as tx:
        jobs = tx.jobs.lease_due(owner, tx.now, 3, 30)
    if not jobs:
        break
    for job in jobs:
        with database.transaction() as tx:
            assert tx.jobs.apply(job, JobUpdate(status=JobStatus.CANCELED))
        done.append(job.name)
print(json.dumps(done))
"""


def fill(database, count):
    with database.transaction() as tx:
        tx.workspaces.create(W)
        for number in range(count):
            name = f"job-{number:03}"
            tx.jobs.create(NewJob(workspace=W, name=name, run_id=name, kind="command", spec={}))


def run_threads(count, call):
    threads = [threading.Thread(target=call, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_processes_share_the_jobs_and_none_is_done_twice(database_url):
    database = Database(database_url)
    fill(database, 60)
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKER, database_url, f"worker-{number}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    outputs = [worker.communicate(timeout=60) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], outputs
    done = Counter(name for output, _ in outputs for name in json.loads(output))
    with database.snapshot() as tx:
        assert tx.jobs.count_by_status() == {JobStatus.CANCELED: 60}
        moved = tx.events.after(0, types=["modelyard.job.status_changed"])
    database.dispose()
    assert len(done) == 60
    assert set(done.values()) == {1}
    assert len(moved) == 60


def test_threads_share_the_jobs_and_none_is_done_twice(database_url):
    database = Database(database_url)
    fill(database, 60)
    done: list[str] = []

    def work(number: int) -> None:
        while True:
            with database.transaction() as tx:
                jobs = tx.jobs.lease_due(f"thread-{number}", tx.now, 4, 30)
                assert len(jobs) <= 4
                for job in jobs:
                    assert tx.jobs.apply(job, JobUpdate(status=JobStatus.STARTING))
                    done.append(job.name)
            if not jobs:
                return

    run_threads(6, work)
    database.dispose()
    assert Counter(Counter(done).values()) == {1: 60}


def test_two_deciders_on_one_job_cannot_both_win(database_url):
    database = Database(database_url)
    fill(database, 1)
    with database.transaction() as tx:
        (job,) = tx.jobs.lease_due("me", tx.now, 1, 30)
    results: list[bool] = []

    def decide(_: int) -> None:
        with database.transaction() as tx:
            results.append(tx.jobs.apply(job, JobUpdate(status=JobStatus.STARTING)))

    run_threads(4, decide)
    database.dispose()
    assert sorted(results) == [False, False, False, True]


@pytest.mark.parametrize("writers", [12])
def test_many_writers_and_readers_get_through(database_url, writers):
    database = Database(database_url)
    fill(database, 0)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for count in range(8):
                name = f"{number}-{count}"
                with database.transaction() as tx:
                    tx.jobs.create(NewJob(workspace=W, name=name, run_id=name, kind="command", spec={}))
                with database.snapshot() as tx:
                    assert tx.jobs.get(W, name)
        except BaseException as error:
            failures.append(error)

    run_threads(writers, work)
    with database.snapshot() as tx:
        assert tx.jobs.count_by_status() == {JobStatus.QUEUED: writers * 8}
    database.dispose()
    assert failures == []


def test_a_snapshot_is_of_one_moment(database_url):
    database = Database(database_url)
    fill(database, 1)
    with database.snapshot() as tx:
        assert len(tx.workspaces.names()) == 1
        with database.transaction() as writer:
            writer.workspaces.create("later")
        assert len(tx.workspaces.names()) == 1
    with database.snapshot() as tx:
        assert len(tx.workspaces.names()) == 2
    database.dispose()


def test_a_snapshot_cannot_write(database_url):
    database = Database(database_url)
    with pytest.raises(Exception, match=r"(?i)read-?only"), database.snapshot() as tx:
        tx.workspaces.create("no")
    with database.transaction() as tx:
        assert tx.workspaces.names() == []
    database.dispose()


def test_a_write_inside_a_write_is_a_mistake_said_at_once_on_sqlite(sqlite_url):
    database = Database(sqlite_url)
    with pytest.raises(RuntimeError, match="inside another"), database.transaction(), database.transaction():
        pass
    with database.transaction() as tx:
        tx.workspaces.create(W)
    database.dispose()
