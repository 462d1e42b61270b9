"""The stream of events: in the order of commits, with nothing skipped."""

import threading
from datetime import timedelta

import pytest

from modelyard.domain.events import Event
from modelyard.store.database import Database
from modelyard.store.rows.events import EVENTS

W = "default"


def emit(yard, *subjects, type="modelyard.test.made", workspace=W):
    with yard.transaction("ann") as tx:
        for subject in subjects:
            tx.emit(type, subject, workspace=workspace, data={"n": 1})


def subjects(yard, **conditions):
    with yard.snapshot() as tx:
        return [record.event.subject for record in tx.events.after(0, **conditions)]


def test_an_event_says_what_where_by_whom_and_when(yard, clock):
    emit(yard, "things/one")
    with yard.snapshot() as tx:
        last = tx.events.after(0)[-1]
        assert tx.events.last_id() == last.id
    assert last.event == Event(
        type="modelyard.test.made", subject="things/one", workspace=W, actor="ann", time=clock.now(), data={"n": 1}
    )


def test_what_is_rolled_back_never_happened(yard):
    with pytest.raises(RuntimeError), yard.transaction() as tx:
        tx.emit("modelyard.test.made", "things/one", workspace=W)
        tx.workspaces.create("other")
        raise RuntimeError
    assert subjects(yard, types=["modelyard.test.*"]) == []
    with yard.snapshot() as tx:
        assert tx.workspaces.find("other") is None


def test_reading_goes_on_after_an_id_and_can_be_narrowed(yard):
    emit(yard, "a", "b")
    emit(yard, "c", type="modelyard.other.made")
    emit(yard, "d", workspace=None)
    emit(yard, "e_f", workspace="elsewhere", type="modelyard.testing_made")
    assert subjects(yard, types=["modelyard.test.*"]) == ["a", "b", "d"]
    assert subjects(yard, types=["modelyard.other.made", "modelyard.testing*"]) == ["c", "e_f"]
    assert subjects(yard, types=["modelyard.test_*"]) == []
    assert subjects(yard, workspaces=["elsewhere"]) == ["e_f"]
    assert subjects(yard, workspaces=[]) == []
    assert subjects(yard, subject="b") == ["b"]
    with yard.snapshot() as tx:
        first = tx.events.after(0, limit=2)
        assert [record.id for record in tx.events.after(first[-1].id)] == [
            record.id for record in tx.events.after(0)[2:]
        ]


def test_old_events_are_pruned_and_their_ids_are_not_given_again(yard, clock):
    emit(yard, "old")
    with yard.snapshot() as tx:
        last = tx.events.last_id()
    clock.advance(3600)
    with yard.transaction() as tx:
        assert tx.events.prune(clock.now() - timedelta(minutes=1)) == 2
    emit(yard, "new")
    with yard.snapshot() as tx:
        (record,) = tx.events.after(0)
    assert record.id > last


def test_listeners_and_callbacks_run_after_the_commit_and_only_then(yard):
    heard, called = [], []
    yard.subscribe(lambda: heard.append(len(subjects(yard, types=["modelyard.test.*"]))))
    with yard.transaction() as tx:
        tx.after_commit(lambda: called.append("quiet"))
    assert (heard, called) == ([], ["quiet"])
    with yard.transaction() as tx:
        tx.emit("modelyard.test.made", "one", workspace=W)
        tx.after_commit(lambda: called.append("loud"))
        assert (heard, called) == ([], ["quiet"])
    assert (heard, called) == ([1], ["quiet", "loud"])
    with pytest.raises(RuntimeError), yard.transaction() as tx:
        tx.emit("modelyard.test.made", "two", workspace=W)
        tx.after_commit(lambda: called.append("never"))
        raise RuntimeError
    assert (heard, called) == ([1], ["quiet", "loud"])


def test_a_failing_listener_or_callback_fails_nothing_else(yard):
    called = []

    def fail():
        raise RuntimeError("deaf")

    yard.subscribe(fail)
    yard.subscribe(lambda: called.append("listener"))
    with yard.transaction() as tx:
        tx.emit("modelyard.test.made", "one", workspace=W)
        tx.after_commit(fail)
        tx.after_commit(lambda: called.append("callback"))
    assert called == ["listener", "callback"]


@pytest.mark.postgres
def test_a_slow_commit_is_not_stepped_over(postgresql_url: str):
    """Two writers append; the one that began first commits last. A reader in between must miss neither."""
    database = Database(postgresql_url)
    with database.transaction() as slow:
        slow.workspaces.create("slow")
        with database.transaction() as fast:
            fast.workspaces.create("fast")
        with database.snapshot() as reader:
            first = reader.events.after(0)
    with database.snapshot() as reader:
        later = reader.events.after(first[-1].id)
    database.dispose()
    assert [record.event.subject for record in first] == ["workspaces/fast"]
    assert [record.event.subject for record in later] == ["workspaces/slow"]


def test_a_reader_that_follows_busy_writers_sees_every_event_once_and_in_order(database_url: str):
    database = Database(database_url)
    writers, each = 4, 25
    done = threading.Event()
    seen: list[int] = []
    bodies: list[str] = []

    def write(number: int) -> None:
        for count in range(each):
            with database.transaction() as tx:
                tx.emit("modelyard.test.made", f"{number}-{count}-a", workspace=None)
                tx.emit("modelyard.test.made", f"{number}-{count}-b", workspace=None)

    def follow() -> None:
        while True:
            finished = done.is_set()
            with database.snapshot() as tx:
                found = tx.events.after(seen[-1] if seen else 0)
            seen.extend(record.id for record in found)
            bodies.extend(record.event.subject for record in found)
            if finished and not found:
                return

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    reader = threading.Thread(target=follow)
    reader.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    reader.join()
    with database.snapshot() as tx:
        total = len(tx.connection.execute(EVENTS.select()).all())
    database.dispose()
    assert seen == sorted(set(seen))
    assert len(bodies) == total == 2 * writers * each
