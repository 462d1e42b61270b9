"""Order and cycles of a graph."""

from __future__ import annotations

import pytest

from modelyard.domain.pipeline_graph import Binding, Graph, Loop, NodePhase, NodePlan, cycle, producer


def node(*needs: str, **fields: object) -> NodePlan:
    bindings = {need: Binding(node=need, output="o", type="uri_file") for need in needs}
    return NodePlan.model_validate({"kind": "command", "bindings": bindings, **fields})


def test_everything_comes_after_what_it_needs() -> None:
    graph = Graph(nodes={"d": node("b", "c"), "c": node("a"), "b": node("a"), "a": node()})
    order = graph.order
    assert order[0] == "a"
    assert order[-1] == "d"


def test_a_cycle_is_told_as_a_path() -> None:
    nodes = {"a": node("c"), "b": node("a"), "c": node("b"), "free": node()}
    path = cycle(nodes)
    assert path is not None
    assert path[0] == path[-1]
    assert set(path) == {"a", "b", "c"}
    with pytest.raises(ValueError, match="cycle"):
        _ = Graph(nodes=nodes).order


def test_a_deep_chain_needs_no_recursion() -> None:
    nodes = {"n0": node()} | {f"n{index}": node(f"n{index - 1}") for index in range(1, 5000)}
    assert len(Graph(nodes=nodes).order) == 5000


def test_what_reads_a_body_waits_for_its_loop() -> None:
    nodes = {
        "body": node(body_of="loop"),
        "loop": node(kind="do_while", loop=Loop(body="body")),
        "after": node("body"),
    }
    order = Graph(nodes=nodes).order
    assert order.index("loop") < order.index("after")
    phases = {"body.1": NodePhase.COMPLETED, "body.2": NodePhase.COMPLETED, "body.10": NodePhase.COMPLETED}
    assert producer(Graph(nodes=nodes), phases, "body") == "body.10"
