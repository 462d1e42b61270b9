"""Lineage and events as users see them."""

import pytest

from modelyard.domain.data import Data
from modelyard.domain.errors import InvalidInput, NotFound
from modelyard.services import assets, events, lineage
from modelyard.store.records import AssetKind
from modelyard.store.repositories.jobs import NewJob

W = "default"
ROOT = {"kind": "data", "name": "iris", "version": "1"}
JOB = {"kind": "job", "name": "train"}
MODEL = {"kind": "model", "name": "flowers", "version": "1"}
BLUE = {"kind": "deployment", "name": "score/blue"}


@pytest.fixture
def story(tx):
    made = assets.create(tx, W, AssetKind.DATA, Data(name="iris", path="https://example.org/iris.csv"))
    tx.jobs.create(NewJob(workspace=W, name="train", run_id="train", kind="command", spec={}))
    lineage.record_consumed(tx, W, "train", lineage.node_of(made.id))
    lineage.record_produced(tx, W, "train", lineage.asset_node("model", "flowers", "1"))
    lineage.record_deployed(tx, W, "score", "blue", lineage.asset_node("model", "flowers", "1"))


def edges(found):
    return [(edge["source"]["name"], edge["relation"], edge["target"]["name"]) for edge in found["edges"]]


def test_the_whole_story_from_data_to_deployment(tx, story):
    found = lineage.graph(tx, W, "data", "iris", direction="down")
    assert found["root"] == ROOT
    assert found["nodes"][0] == ROOT
    assert {node["name"] for node in found["nodes"]} == {"iris", "train", "flowers", "score/blue"}
    assert set(edges(found)) == {
        ("iris", "consumed", "train"),
        ("train", "produced", "flowers"),
        ("flowers", "deployed", "score/blue"),
    }
    assert not found["truncated"]


@pytest.mark.parametrize(
    ("kind", "name", "version", "root"),
    [("jobs", "train", None, JOB), ("deployments", "score/blue", None, BLUE), ("data", "iris", "1", ROOT)],
)
def test_any_thing_may_be_asked_for(tx, story, kind, name, version, root):
    found = lineage.graph(tx, W, kind, name, version, depth=1)
    assert found["root"] == root


@pytest.mark.parametrize(
    ("kind", "name", "version", "error"),
    [
        ("data", "iris", "2", NotFound),
        ("data", "wine", None, NotFound),
        ("jobs", "nobody", None, NotFound),
        ("models", "nobody", None, NotFound),
        ("models", "nobody", "1", NotFound),
        ("deployment", "score/green", None, NotFound),
        ("deployment", "score", None, NotFound),
        ("pigs", "x", None, InvalidInput),
    ],
)
def test_what_is_not_there_has_no_lineage(tx, story, kind, name, version, error):
    with pytest.raises(error):
        lineage.graph(tx, W, kind, name, version)


def test_what_has_no_version_is_no_node():
    assert lineage.node_of("https://example.org/x") is None
    assert lineage.node_of("azureml:iris@latest") is None


def test_events_are_cloud_events(database):
    with database.transaction("ann") as tx:
        tx.workspaces.create("lab")
    with database.snapshot() as tx:
        (event,) = events.after(tx, 0, workspace="lab")
        assert events.last_id(tx) == int(event["id"])
        assert events.after(tx, int(event["id"])) == []
    assert event.pop("time").endswith("Z")
    assert event == {
        "specversion": "1.0",
        "id": event["id"],
        "source": "/modelyard/workspaces/lab",
        "type": "modelyard.workspace.created",
        "subject": "workspaces/lab",
        "datacontenttype": "application/json",
        "workspace": "lab",
        "actor": "ann",
        "data": {},
    }
