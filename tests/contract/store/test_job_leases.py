"""Leases on jobs: nobody works on the same job twice, no wake-up is lost, a stale worker changes nothing."""

from datetime import timedelta

import pytest

from modelyard.domain.errors import IllegalTransition
from modelyard.domain.job_record import JobUpdate
from modelyard.domain.statuses import JobStatus

W = "default"
S = JobStatus


def lease(yard, limit=10, owner="me", seconds=30):
    with yard.transaction() as tx:
        return tx.jobs.lease_due(owner, tx.now, limit, seconds)


def apply(yard, record, *updates):
    with yard.transaction() as tx:
        return tx.jobs.apply(record, *updates)


def get(yard, name="one"):
    with yard.snapshot() as tx:
        return tx.jobs.get(W, name)


def moves(yard):
    with yard.snapshot() as tx:
        found = tx.events.after(0, types=["modelyard.job.status_changed"])
    return [(record.event.data["from"], record.event.data["to"]) for record in found]


def test_due_jobs_go_to_one_owner_the_longest_due_first(yard, new_job, clock):
    for name in ("a", "b", "c"):
        new_job(name)
        clock.advance(1)
    new_job("asleep", due_now=False)
    assert [job.name for job in lease(yard, limit=2)] == ["a", "b"]
    assert [job.name for job in lease(yard, owner="you")] == ["c"]
    assert lease(yard) == []


def test_a_lease_that_ran_out_is_free_again_and_its_holder_changes_nothing(yard, new_job, clock):
    new_job("one")
    (old,) = lease(yard)
    clock.advance(31)
    (new,) = lease(yard, owner="you")
    assert not apply(yard, old, JobUpdate(status=S.STARTING))
    assert get(yard).status is S.QUEUED
    assert apply(yard, new, JobUpdate(status=S.STARTING))
    assert moves(yard) == [("Queued", "Starting")]


def test_an_expired_lease_that_nobody_took_still_holds(yard, new_job, clock):
    new_job("one")
    (job,) = lease(yard)
    clock.advance(31)
    assert apply(yard, job, JobUpdate(status=S.STARTING))


def test_a_lease_can_be_extended_until_it_is_lost(yard, new_job, clock):
    new_job("one")
    (job,) = lease(yard)
    clock.advance(20)
    with yard.transaction() as tx:
        assert tx.jobs.extend_lease(job, 30)
    clock.advance(20)
    assert lease(yard) == []
    clock.advance(20)
    assert lease(yard, owner="you")
    with yard.transaction() as tx:
        assert not tx.jobs.extend_lease(job, 30)


def test_applying_releases_and_says_when_to_look_again(yard, new_job, clock):
    new_job("one")
    (job,) = lease(yard)
    assert apply(yard, job, JobUpdate(status=S.STARTING, wake_at=clock.now() + timedelta(seconds=5)))
    assert lease(yard) == []
    clock.advance(5)
    (job,) = lease(yard)
    assert apply(yard, job, JobUpdate(status=S.RUNNING))
    clock.advance(1000)
    assert lease(yard) == [], "no wake_at: only when somebody wakes it"
    with yard.transaction() as tx:
        assert tx.jobs.wake(W, "one")
    assert lease(yard)


def test_a_released_lease_cannot_be_used_again(yard, new_job):
    new_job("one")
    (job,) = lease(yard)
    assert apply(yard, job, JobUpdate())
    assert not apply(yard, job, JobUpdate(status=S.STARTING))


def test_several_decisions_in_one_write(yard, new_job, clock):
    new_job("one")
    (job,) = lease(yard)
    steps = (
        JobUpdate(status=S.STARTING, state={"handle": 1}, attempt=1),
        JobUpdate(status=S.RUNNING, started_at=clock.now()),
        JobUpdate(status=S.FINALIZING),
        JobUpdate(status=S.FAILED, error={"message": "boom"}),
    )
    assert apply(yard, job, *steps)
    after = get(yard)
    assert (after.status, after.attempt, after.state, after.error) == (S.FAILED, 1, {"handle": 1}, {"message": "boom"})
    assert (after.started_at, after.ended_at, after.wake_at, after.lease_token) == (
        clock.now(),
        clock.now(),
        None,
        None,
    )
    assert moves(yard) == [
        ("Queued", "Starting"),
        ("Starting", "Running"),
        ("Running", "Finalizing"),
        ("Finalizing", "Failed"),
    ]


def test_a_kept_lease_serves_the_next_step(yard, new_job):
    new_job("one")
    (job,) = lease(yard)
    intent = JobUpdate(status=S.STARTING, state={"intent": True}, release=False)
    assert apply(yard, job, intent)
    assert lease(yard) == []
    assert get(yard).lease_token == job.lease_token
    step = job.after(intent)
    assert (step.status, step.state, step.lease_token) == (S.STARTING, {"intent": True}, job.lease_token)
    assert apply(yard, step, JobUpdate(status=S.RUNNING))
    assert get(yard).lease_token is None


def test_an_illegal_transition_writes_nothing(yard, new_job):
    new_job("one")
    (job,) = lease(yard)
    with pytest.raises(IllegalTransition, match="cannot become Completed"):
        apply(yard, job, JobUpdate(status=S.STARTING, state={"x": 1}), JobUpdate(status=S.COMPLETED))
    assert get(yard).status is S.QUEUED
    assert get(yard).state == {}
    assert moves(yard) == []


def test_the_same_status_again_is_no_transition(yard, new_job):
    new_job("one")
    (job,) = lease(yard)
    assert apply(yard, job, JobUpdate(status=S.QUEUED, state={"seen": 1}))
    assert moves(yard) == []


def test_an_error_stays_until_it_is_cleared(yard, new_job, clock):
    new_job("one")
    (job,) = lease(yard)
    apply(yard, job, JobUpdate(error={"message": "lost"}, wake_at=clock.now()))
    (job,) = lease(yard)
    apply(yard, job, JobUpdate(wake_at=clock.now()))
    assert get(yard).error == {"message": "lost"}
    (job,) = lease(yard)
    apply(yard, job, JobUpdate(error={}))
    assert get(yard).error is None


def test_a_wake_up_during_the_lease_is_not_lost(yard, new_job, clock):
    new_job("one")
    (job,) = lease(yard)
    with yard.transaction() as tx:
        tx.jobs.request_cancel(W, "one")
    assert apply(yard, job, JobUpdate(status=S.STARTING, wake_at=clock.now() + timedelta(hours=1)))
    (again,) = lease(yard)
    assert again.cancel_requested
    assert again.status is S.STARTING


def test_an_ended_job_is_never_due_again(yard, new_job, clock):
    new_job("one")
    (job,) = lease(yard)
    with yard.transaction() as tx:
        tx.jobs.wake(W, "one")
    assert apply(yard, job, JobUpdate(status=S.CANCELED, wake_at=clock.now()))
    with yard.transaction() as tx:
        assert not tx.jobs.wake(W, "one")
        assert tx.jobs.wake_active() == 0
    assert lease(yard) == []


def test_jobs_by_name_are_leased_when_free_and_unfinished(yard, new_job, clock):
    ids = {name: new_job(name, due_now=False).id for name in ("a", "b", "c", "d")}
    with yard.transaction() as tx:
        (taken,) = tx.jobs.lease_named([ids["a"]], "me", tx.now, 30)
        found = tx.jobs.lease_named([ids["a"], "b", ids["c"], "nobody", 10**9], "you", tx.now, 30)
        assert tx.jobs.lease_named([], "you", tx.now, 30) == []
    assert taken.name == "a"
    assert [job.name for job in found] == ["b", "c"]
    apply(yard, found[0], JobUpdate(status=S.CANCELED))
    with yard.transaction() as tx:
        assert tx.jobs.lease_named(["b"], "me", tx.now, 30) == []


def test_the_queue_goes_by_priority_then_age_and_respects_pauses(yard, new_job, clock):
    new_job("old-low", priority=10, due_now=False)
    new_job("high", priority=30, due_now=False)
    new_job("young-low", priority=10, due_now=False)
    skipped = new_job("skipped", priority=30)
    new_job("running", priority=30, status=S.RUNNING)
    new_job("pausing", priority=30)
    (pausing,) = [job for job in lease(yard) if job.name == "pausing"]
    apply(yard, pausing, JobUpdate(wake_at=clock.now() + timedelta(minutes=1)))
    clock.advance(31)
    with yard.transaction() as tx:
        first = tx.jobs.lease_queued("me", tx.now, 2, 30, skip=[skipped.id])
        rest = tx.jobs.lease_queued("me", tx.now, 10, 30, skip=["skipped"])
    assert [job.name for job in first] == ["high", "old-low"]
    assert [job.name for job in rest] == ["young-low"]
    clock.advance(31)
    with yard.transaction() as tx:
        assert "pausing" in [job.name for job in tx.jobs.lease_queued("me", tx.now, 10, 30)]


def test_waking_everything_unfinished(yard, new_job):
    new_job("queued", due_now=False)
    new_job("running", status=S.RUNNING, due_now=False)
    new_job("over", status=S.COMPLETED, due_now=False)
    with yard.transaction() as tx:
        assert tx.jobs.wake_active() == 2
    assert sorted(job.name for job in lease(yard)) == ["queued", "running"]


def test_a_server_frees_what_it_held_in_its_former_life(yard, new_job):
    new_job("one")
    new_job("two")
    lease(yard, limit=1, owner="host-a")
    lease(yard, limit=1, owner="host-b")
    with yard.transaction() as tx:
        assert tx.jobs.release("host-a") == 1
    assert [job.name for job in lease(yard, owner="host-a")] == ["one"]
