"""Lineage: walked up and down, to a depth, around cycles."""

import pytest

from modelyard.store.records import LineageNode
from modelyard.store.repositories import lineage

W = "default"
DATA, OTHER = LineageNode("data", "iris", "1"), LineageNode("data", "wine", "1")
TRAIN, EVALUATE = LineageNode("job", "train"), LineageNode("job", "evaluate")
MODEL = LineageNode("model", "flowers", "3")
BLUE = LineageNode("deployment", "score/blue")


@pytest.fixture
def story(yard):
    with yard.transaction() as tx:
        tx.workspaces.create("other")
        for source, target, relation in (
            (DATA, TRAIN, "consumed"),
            (TRAIN, MODEL, "produced"),
            (MODEL, BLUE, "deployed"),
            (MODEL, EVALUATE, "consumed"),
            (OTHER, EVALUATE, "consumed"),
        ):
            assert tx.lineage.add(W, source, target, relation)
        tx.lineage.add("other", MODEL, LineageNode("job", "secret"), "consumed")


def graph(yard, node, **options):
    with yard.snapshot() as tx:
        found = tx.lineage.graph(W, node, **options)
    return {n.name for n in found.nodes}, {(e.source.name, e.target.name) for e in found.edges}


@pytest.mark.parametrize(
    ("options", "nodes", "edges"),
    [
        ({"direction": "up"}, {"flowers", "train", "iris"}, {("iris", "train"), ("train", "flowers")}),
        (
            {"direction": "down"},
            {"flowers", "score/blue", "evaluate"},
            {("flowers", "score/blue"), ("flowers", "evaluate")},
        ),
        ({"direction": "up", "depth": 1}, {"flowers", "train"}, {("train", "flowers")}),
        ({"depth": 1}, {"flowers", "train", "score/blue", "evaluate"}, None),
        ({}, {"flowers", "train", "iris", "score/blue", "evaluate"}, None),
    ],
)
def test_what_made_a_model_and_what_was_made_from_it(yard, story, options, nodes, edges):
    found_nodes, found_edges = graph(yard, MODEL, **options)
    assert found_nodes == nodes
    assert edges is None or found_edges == edges


def test_what_was_made_from_data(yard, story):
    nodes, _ = graph(yard, DATA, direction="down")
    assert nodes == {"iris", "train", "flowers", "score/blue", "evaluate"}


def test_an_edge_is_known_once(yard, story):
    with yard.transaction() as tx:
        assert not tx.lineage.add(W, DATA, TRAIN, "consumed")
        assert tx.lineage.add(W, DATA, TRAIN, "compared")
        assert len(tx.lineage.neighbours(W, TRAIN)) == 3


def test_a_cycle_is_walked_once(yard):
    ring = [LineageNode("data", f"d{number}", "1") for number in range(5)]
    with yard.transaction() as tx:
        for number, node in enumerate(ring):
            tx.lineage.add(W, node, ring[(number + 1) % 5], "consumed")
        tx.lineage.add(W, ring[0], ring[0], "consumed")
    nodes, edges = graph(yard, ring[0], depth=50)
    assert nodes == {"d0", "d1", "d2", "d3", "d4"}
    assert len(edges) == 6


def test_a_thing_without_lineage_stands_alone(yard):
    assert graph(yard, LineageNode("data", "new", "1")) == ({"new"}, set())


def test_names_and_versions_with_colons_keep_apart(yard):
    odd = LineageNode("model", "a:b", "1")
    with yard.transaction() as tx:
        tx.lineage.add(W, TRAIN, odd, "produced")
        (edge,) = tx.lineage.neighbours(W, odd)
    assert edge.target == odd


def test_too_wide_a_graph_is_cut_and_says_so(yard, monkeypatch):
    monkeypatch.setattr(lineage, "MAX_NODES", 10)
    with yard.transaction() as tx:
        for number in range(20):
            tx.lineage.add(W, DATA, LineageNode("job", f"j{number:02}"), "consumed")
        found = tx.lineage.graph(W, DATA, direction="down")
    assert found.truncated
    assert len(found.nodes) == 10
    assert len(found.edges) == 9
