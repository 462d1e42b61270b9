import json

import httpx
import pytest

from modelyard.client.wire_errors import AnswerLost
from modelyard.domain.errors import Conflict

from .wire import scope_over


class Jobs:
    """A job table behind a wire that loses answers: `lost_before` requests, then `lost_after` answers."""

    def __init__(self, *, lost_before: int = 0, lost_after: int = 0) -> None:
        self.rows: dict[str, dict[str, object]] = {}
        self.lost_before, self.lost_after = lost_before, lost_after
        self.posts = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            row = self.rows.get(request.url.path.rsplit("/", 1)[-1])
            missing = {"error": {"code": "not_found", "message": "no"}}
            return httpx.Response(200, json=row) if row else httpx.Response(404, json=missing)
        self.posts += 1
        if self.posts <= self.lost_before:
            raise httpx.ReadError("reset")
        body = json.loads(request.content)
        if body["name"] in self.rows:
            return httpx.Response(409, json={"error": {"code": "conflict", "message": "there"}})
        self.rows[body["name"]] = body
        if self.posts <= self.lost_before + self.lost_after:
            raise httpx.ReadError("reset")
        return httpx.Response(201, json=body)


def test_the_name_is_made_by_the_client() -> None:
    jobs = Jobs()
    body = scope_over(jobs).jobs.create({"command": "true"})
    assert list(jobs.rows) == [body["name"]]


@pytest.mark.parametrize("jobs", [Jobs(lost_before=1), Jobs(lost_after=1)], ids=["request lost", "answer lost"])
def test_a_lost_answer_does_not_make_two_jobs(jobs: Jobs) -> None:
    body = scope_over(jobs).jobs.create({"command": "true"})
    assert list(jobs.rows) == [body["name"]]


def test_a_name_that_was_taken_is_a_conflict() -> None:
    jobs = Jobs()
    scope_over(jobs).jobs.create({"name": "a"})
    with pytest.raises(Conflict):
        scope_over(jobs).jobs.create({"name": "a"})


def test_a_wire_that_stays_broken_is_an_error() -> None:
    with pytest.raises(AnswerLost):
        scope_over(Jobs(lost_before=9)).jobs.create({})
