"""What a pipeline decides: who begins, who is skipped, how it ends."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from modelyard.domain.actions import Action, JobError, SetStatus, SkipNode, StartNode, StopNode
from modelyard.domain.errors import InvalidInput
from modelyard.domain.job_record import JobRecord
from modelyard.domain.pipeline_graph import Binding, Condition, Graph, Loop, NodePhase, NodePlan
from modelyard.domain.statuses import JobStatus
from modelyard.kinds.catalogue import parse
from modelyard.kinds.pipeline import PipelineView, decide

P = NodePhase


def record(status: JobStatus = JobStatus.RUNNING, *, cancel: bool = False) -> JobRecord:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    fields: dict[str, Any] = dict.fromkeys(JobRecord.__dataclass_fields__)
    fields |= {"id": 1, "workspace": "default", "name": "p", "kind": "pipeline", "status": status, "state": {}}
    return JobRecord(**fields | {"cancel_requested": cancel, "created_at": now, "modified_at": now, "wake_count": 0})


def node(*needs: str, **fields: Any) -> NodePlan:
    bindings = {f"inputs.{need}": Binding(node=need, output="o", type="uri_folder") for need in needs}
    return NodePlan(kind=fields.pop("kind", "command"), bindings=bindings, **fields)


def decided(
    nodes: dict[str, NodePlan], phases: dict[str, NodePhase], job: JobRecord | None = None, **view: Any
) -> list[Action]:
    values = view.pop("values", {})
    failure = view.pop("failure", None)
    graph = Graph(nodes=nodes, **view)
    return decide(job or record(), PipelineView(graph=graph, phases=phases, values=values, failure=failure))


def started(actions: list[Action]) -> list[str]:
    return [action.instance for action in actions if isinstance(action, StartNode)]


def skipped(actions: list[Action]) -> dict[str, str]:
    return {
        action.node: action.reason
        for action in actions
        if isinstance(action, SkipNode) and action.phase is NodePhase.SKIPPED
    }


def statuses(actions: list[Action]) -> list[str]:
    return [action.status.value for action in actions if isinstance(action, SetStatus)]


DIAMOND = {"a": node(), "b": node("a"), "c": node("a"), "d": node("b", "c")}


def test_a_fresh_pipeline_runs_what_needs_nothing() -> None:
    actions = decided(DIAMOND, {}, record(JobStatus.NOT_STARTED))
    assert statuses(actions) == ["Running"]
    assert started(actions) == ["a"]


def test_what_is_fed_begins_and_what_is_not_waits() -> None:
    assert started(decided(DIAMOND, {"a": P.COMPLETED})) == ["b", "c"]
    assert started(decided(DIAMOND, {"a": P.COMPLETED, "b": P.REUSED, "c": P.ACTIVE})) == []
    assert started(decided(DIAMOND, {"a": P.COMPLETED, "b": P.REUSED, "c": P.COMPLETED})) == ["d"]


def test_it_completes_when_all_are_over() -> None:
    phases = dict.fromkeys(DIAMOND, P.COMPLETED)
    assert statuses(decided(DIAMOND, phases)) == ["Finalizing", "Completed"]


def test_no_more_begin_than_there_are_places() -> None:
    many = {f"n{index}": node() for index in range(10)}
    assert len(started(decided(many, {"n0": P.ACTIVE}, places=4))) == 3


def test_a_failure_stops_those_that_run_and_then_fails() -> None:
    actions = decided(DIAMOND, {"a": P.COMPLETED, "b": P.FAILED, "c": P.ACTIVE})
    assert [action for action in actions if isinstance(action, StopNode)] == [StopNode("c")]
    assert not started(actions)
    ended = decided(DIAMOND, {"a": P.COMPLETED, "b": P.FAILED, "c": P.CANCELED})
    assert statuses(ended) == ["Failed"]
    last = ended[-1]
    assert isinstance(last, SetStatus)
    assert last.error is not None
    assert "b" in last.error.message


def test_with_continue_the_rest_goes_on_and_what_needs_the_failed_is_skipped() -> None:
    nodes = {**DIAMOND, "e": node("c")}
    actions = decided(nodes, {"a": P.COMPLETED, "b": P.FAILED, "c": P.COMPLETED}, continue_on_failure=True)
    assert skipped(actions) == {"d": "the node 'b' was failed"}
    assert started(actions) == ["e"]


def test_a_cancel_stops_and_then_ends() -> None:
    asked = record(cancel=True)
    assert type(decided(DIAMOND, {"a": P.ACTIVE}, asked)[0]) is StopNode
    assert statuses(decided(DIAMOND, {"a": P.CANCELED}, asked)) == ["CancelRequested", "Canceled"]


def test_what_cannot_be_submitted_fails_the_pipeline() -> None:
    actions = decided(DIAMOND, {"a": P.COMPLETED}, failure=JobError("NotFound", "the data is gone"))
    assert statuses(actions) == ["Failed"]


@pytest.mark.parametrize(("answer", "runs", "not_taken"), [("true", "yes", "no"), ("False", "no", "yes")])
def test_one_branch_runs_and_the_other_is_skipped(answer: str, runs: str, not_taken: str) -> None:
    nodes = {
        "ask": node(),
        "choose": NodePlan(kind="if_else", condition=Condition(node="ask", output="ok")),
        "yes": node(gate="choose", branch=True),
        "no": node(gate="choose", branch=False),
        "behind": node(not_taken),
    }
    actions = decided(nodes, {"ask": P.COMPLETED}, values={"ask": {"ok": answer}})
    assert started(actions) == [runs]
    assert set(skipped(actions)) == {not_taken, "behind"}


def loop(**fields: Any) -> dict[str, NodePlan]:
    return {
        "body": node(body_of="again"),
        "again": NodePlan(kind="do_while", loop=Loop(body="body", condition="more", **fields)),
        "after": node("again"),
    }


def test_a_loop_goes_on_while_its_condition_holds() -> None:
    nodes = loop(most=5)
    assert started(decided(nodes, {})) == ["body.1"]
    again = decided(nodes, {"body.1": P.COMPLETED}, values={"body.1": {"more": "true"}})
    assert [action for action in again if isinstance(action, StartNode)] == [
        StartNode("body", "body.2", previous="body.1")
    ]
    ended = decided(nodes, {"body.1": P.COMPLETED}, values={"body.1": {"more": "false"}})
    assert started(ended) == ["after"]


def test_a_loop_ends_at_its_bound() -> None:
    phases = {"body.1": P.COMPLETED, "body.2": P.COMPLETED}
    actions = decided(loop(most=2), phases, values={"body.2": {"more": "true"}})
    assert started(actions) == ["after"]


def test_items_run_side_by_side_up_to_the_bound() -> None:
    nodes = {
        "body": node(body_of="each"),
        "each": NodePlan(kind="parallel_for", loop=Loop(body="body", most=2, items=({"x": 1}, {"x": 2}, {"x": 3}))),
    }
    assert started(decided(nodes, {})) == ["body.1", "body.2"]
    assert started(decided(nodes, {"body.1": P.COMPLETED, "body.2": P.ACTIVE})) == ["body.3"]
    done = {"body.1": P.COMPLETED, "body.2": P.COMPLETED, "body.3": P.COMPLETED}
    assert statuses(decided(nodes, {**done, "each": P.COMPLETED})) == ["Finalizing", "Completed"]


def command(**fields: Any) -> dict[str, Any]:
    return {"command": "echo", **fields}


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"a": command(inputs={"x": "${{parent.inputs.q}}"})}, "jobs.a.inputs.x", "no input 'q'"),
    ({"a": command(inputs={"x": "${{parent.jobs.b.outputs.o}}"})}, "jobs.a.inputs.x", "no node 'b'"),
    ({"a": command(outputs={"o": "${{parent.outputs.m}}"})}, "jobs.a.outputs.o.path", "no output 'm'"),
    ({"a": command(inputs={"x": "${{parent.jobs}}"})}, "jobs.a.inputs.x", "points at nothing"),
    (
        {
            "a": command(inputs={"x": "${{parent.jobs.b.outputs.o}}"}),
            "b": command(inputs={"x": "${{parent.jobs.a.outputs.o}}"}),
        },
        "jobs.a",
        "a -> b -> a",
    ),
    ({"Bad-Name": command()}, "jobs.Bad-Name", "not a name"),
    ({"a": {}}, "jobs.a.component", "a component or a command"),
    (
        {"a": command(), "l": {"type": "do_while", "body": "a", "condition": "c", "mapping": {}}},
        "jobs.l.limits",
        "required",
    ),
    ({"l": {"type": "if_else", "condition": True, "true_block": "nobody"}}, "jobs.l.true_block", "no node 'nobody'"),
    ({}, "jobs", "at least one node"),
]


@pytest.mark.parametrize(("jobs", "field", "words"), WRONG)
def test_what_is_wrong_is_found_without_a_server(jobs: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse("job", {"type": "pipeline", "jobs": jobs})
    found = {detail["field"]: detail["message"] for detail in caught.value.details}
    assert words in found.get(field, ""), found
