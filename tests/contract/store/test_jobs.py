"""Jobs: written, listed and filtered."""

from datetime import timedelta

import pytest

from modelyard.domain.errors import Conflict, InvalidInput, NotFound
from modelyard.domain.statuses import JobStatus
from modelyard.kit.paging import Page
from modelyard.store.repositories.jobs import JobFilter

W = "default"


def names(page):
    return [job.name for job in page]


def test_a_job_comes_back_as_it_was_written(yard, new_job, clock):
    spec = {"zeta": 1, "alpha": {"nested": [1.5, None, "ü"]}}
    new_job("one", spec=spec, tags={"b": "2", "a": "1"}, priority=30, experiment_name="exp", description="d")
    with yard.snapshot() as tx:
        job = tx.jobs.get(W, "one")
    assert job.spec == spec
    assert list(job.spec) == ["zeta", "alpha"], "the order of keys is the user's"
    assert (job.tags, job.priority, job.experiment_name, job.description) == (
        {"a": "1", "b": "2"},
        30,
        "exp",
        "d",
    )
    assert (job.status, job.created_by, job.created_at, job.wake_at) == (
        JobStatus.QUEUED,
        "ann",
        clock.now(),
        clock.now(),
    )
    assert (job.error, job.started_at, job.lease_token, job.display_name) == (None, None, None, "one")


def test_a_name_is_taken_once_in_a_workspace_and_a_run_id_once_in_all(yard, new_job):
    new_job("one")
    with yard.transaction() as tx:
        tx.workspaces.create("other")
    with pytest.raises(Conflict, match="'one' exists already") as conflict:
        new_job("one", run_id="free")
    assert conflict.value.field == "name"
    with pytest.raises(Conflict):
        new_job("one", workspace="other")
    assert new_job("one", workspace="other", run_id="free").workspace == "other"


def test_a_job_needs_its_workspace(new_job):
    with pytest.raises(NotFound):
        new_job("one", workspace="nowhere")


def test_a_run_id_resolves_where_a_name_does(yard, new_job):
    new_job("one", run_id="0123abc")
    with yard.snapshot() as tx:
        assert tx.jobs.get(W, "0123abc").name == "one"
        assert tx.jobs.by_run_id("0123abc").name == "one"
        assert tx.jobs.by_run_id("one") is None
        with pytest.raises(NotFound, match="no job 'two'"):
            tx.jobs.get(W, "two")


@pytest.mark.parametrize("oldest_first", [False, True])
def test_pages_join_to_the_whole_list(yard, new_job, oldest_first):
    for number in range(7):
        new_job(f"job-{number}")
    seen, token = [], None
    with yard.snapshot() as tx:
        while True:
            page = tx.jobs.list(W, Page(3, token), oldest_first=oldest_first)
            seen += names(page)
            token = page.next_token
            if token is None:
                break
    assert seen == sorted(seen, reverse=not oldest_first)
    assert len(seen) == 7


def test_a_job_created_between_two_pages_moves_nothing(yard, new_job):
    for number in range(4):
        new_job(f"job-{number}")
    with yard.snapshot() as tx:
        first = tx.jobs.list(W, Page(2))
    new_job("late")
    with yard.snapshot() as tx:
        assert names(tx.jobs.list(W, Page(2, first.next_token))) == ["job-1", "job-0"]


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        (JobFilter(), {"train", "child", "other"}),
        (JobFilter(statuses=[JobStatus.QUEUED]), {"train", "child", "other"}),
        (JobFilter(statuses=[JobStatus.FAILED]), set()),
        (JobFilter(statuses=[]), set()),
        (JobFilter(kinds=["sweep"]), {"other"}),
        (JobFilter(parent_name="train"), {"child"}),
        (JobFilter(top_level=True), {"train", "other"}),
        (JobFilter(experiment_name="night"), {"child"}),
        (JobFilter(compute="gpu"), {"train"}),
        (JobFilter(tags={"team": "red"}), {"train"}),
        (JobFilter(tags={"team": None}), {"train", "other"}),
        (JobFilter(tags={"team": "red", "x": None}), set()),
        (JobFilter(tags={'q"uo%te': "it's"}), {"other"}),
        (JobFilter(text="TRA"), {"train"}),
        (JobFilter(text="100%"), {"child"}),
        (JobFilter(text="_"), set()),
        (JobFilter(archived=True), {"hidden"}),
        (JobFilter(archived=None), {"train", "child", "other", "hidden"}),
        (JobFilter(created_by="ann"), {"train", "child", "other"}),
        (JobFilter(created_by="bob"), set()),
    ],
)
def test_filters(yard, new_job, filter, expected):
    new_job("train", compute="gpu", tags={"team": "red"})
    new_job("child", parent_name="train", experiment_name="night", display_name="100% done")
    new_job("other", kind="sweep", tags={"team": "blue", 'q"uo%te': "it's"})
    new_job("hidden")
    with yard.transaction() as tx:
        tx.jobs.edit(W, "hidden", archived=True)
    with yard.snapshot() as tx:
        assert set(names(tx.jobs.list(W, Page(), filter))) == expected


def test_a_range_of_creation_has_its_begin_and_not_its_end(yard, new_job, clock):
    for name in ("a", "b", "c"):
        new_job(name)
        clock.advance(60)
    middle = clock.now() - timedelta(seconds=120)
    with yard.snapshot() as tx:
        assert names(tx.jobs.list(W, Page(), JobFilter(created_after=middle))) == ["c", "b"]
        assert names(tx.jobs.list(W, Page(), JobFilter(created_before=middle))) == ["a"]


@pytest.mark.parametrize(
    "token", ["", "x", "AAAA", "WzFd" * 400, "WyJ4Il0", "WzEuNV0", "W251bGxd", "WzEsMl0", "[1]", "é"]
)
def test_a_token_that_is_not_ours_is_refused(yard, token):
    with yard.snapshot() as tx, pytest.raises(InvalidInput) as refused:
        tx.jobs.list(W, Page(2, token))
    assert refused.value.field == "page_token"


@pytest.mark.parametrize("size", [0, -1, 1001])
def test_a_page_has_bounds(yard, size):
    with yard.snapshot() as tx, pytest.raises(InvalidInput) as refused:
        tx.jobs.list(W, Page(size))
    assert refused.value.field == "page_size"


def test_what_belongs_to_the_user_may_change(yard, new_job):
    new_job("one", tags={"a": "1"})
    with yard.transaction() as tx:
        job = tx.jobs.edit(W, "one", display_name="One", tags={}, description="text")
        assert (job.display_name, job.tags, job.description) == ("One", {}, "text")
        assert tx.jobs.edit(W, "one").display_name == "One"
    with yard.snapshot() as tx:
        assert [record.event.data for record in tx.events.after(0, types=["modelyard.job.updated"])] == [
            {"fields": ["description", "display_name", "tags"]}
        ]


def test_counts_and_the_queue_of_a_compute(yard, new_job):
    new_job("low", priority=10)
    new_job("high", priority=30)
    new_job("next", priority=10, compute="gpu")
    new_job("waiting", status=JobStatus.NOT_STARTED)
    with yard.snapshot() as tx:
        assert tx.jobs.count_by_status(workspace=W) == {JobStatus.QUEUED: 3, JobStatus.NOT_STARTED: 1}
        assert tx.jobs.count_by_status(compute="gpu") == {JobStatus.QUEUED: 1}
        assert [job.name for job in tx.jobs.with_status([JobStatus.QUEUED])] == ["high", "low", "next"]
        assert [job.name for job in tx.jobs.with_status([JobStatus.QUEUED], compute="gpu")] == ["next"]


def test_children_in_the_order_of_their_making(yard, new_job):
    new_job("parent")
    for number in range(3):
        new_job(f"child-{number}", parent_name="parent")
    with yard.snapshot() as tx:
        assert names(tx.jobs.children(W, "parent", Page())) == ["child-0", "child-1", "child-2"]


def test_cancelling_is_asked_once_and_wakes_the_job(yard, new_job, clock):
    new_job("one", due_now=False)
    with yard.transaction() as tx:
        asked = tx.jobs.request_cancel(W, "one")
        assert asked.cancel_requested
        assert asked.wake_at == clock.now()
        assert tx.jobs.request_cancel(W, "one").wake_count == asked.wake_count
    with yard.snapshot() as tx:
        assert len(tx.events.after(0, types=["modelyard.job.cancel_requested"])) == 1
