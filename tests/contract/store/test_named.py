"""Workspaces, computes and datastores: things under one name each."""

import pytest

from modelyard.domain.errors import Conflict, NotFound
from modelyard.kit.paging import Page

W = "default"


def test_a_workspace_comes_back_as_it_was_written_and_may_change(yard, clock):
    with yard.transaction("ann") as tx:
        made = tx.workspaces.create("lab", subscription_id="s", resource_group="g", tags={"a": "1"}, spec={"k": 1})
        assert (made.subscription_id, made.resource_group, made.tags, made.spec) == ("s", "g", {"a": "1"}, {"k": 1})
        changed = tx.workspaces.edit("lab", description="d", tags={})
        assert (changed.description, changed.tags, changed.subscription_id) == ("d", {}, "s")
        assert tx.workspaces.get("lab") == changed
    with yard.transaction() as tx, pytest.raises(Conflict, match="'lab' exists already"):
        tx.workspaces.create("lab")
    with yard.snapshot() as tx, pytest.raises(NotFound, match="no workspace 'lad'") as missing:
        tx.workspaces.get("lad")
    assert missing.value.mend == "did you mean 'lab'?"


def test_a_workspace_goes_with_all_its_rows_and_leaves_its_events(yard, new_job):
    with yard.transaction() as tx:
        tx.workspaces.create("lab")
        tx.computes.put("lab", "c", kind="local", spec={})
        tx.endpoints.create("lab", "e", spec={})
    new_job("one", workspace="lab")
    with yard.transaction() as tx:
        tx.workspaces.delete("lab")
        assert tx.jobs.find("lab", "one") is None
        assert tx.computes.names("lab") == []
        assert tx.endpoints.names("lab") == []
        assert tx.workspaces.names() == [W]
    with yard.snapshot() as tx:
        kinds = [record.event.type for record in tx.events.after(0, workspaces=["lab"])]
    assert kinds[-1] == "modelyard.workspace.deleted"
    assert "modelyard.job.created" in kinds


def test_a_compute_is_created_then_replaced(yard):
    with yard.transaction() as tx:
        tx.computes.put(W, "big", kind="local", spec={"cpus": 8}, tags={"a": "1"})
        tx.computes.put(W, "big", kind="local", spec={"cpus": 16})
        found = tx.computes.get(W, "big")
        assert (found.spec, found.tags) == ({"cpus": 16}, {})
        tx.computes.delete(W, "big")
        with pytest.raises(NotFound):
            tx.computes.delete(W, "big")
    with yard.snapshot() as tx:
        kinds = [record.event.type for record in tx.events.after(0, types=["modelyard.compute.*"])]
    assert kinds == ["modelyard.compute.created", "modelyard.compute.updated", "modelyard.compute.deleted"]


def test_lists_go_by_name_and_can_be_narrowed(yard):
    with yard.transaction() as tx:
        for name in ("c", "a", "b-gpu"):
            tx.computes.put(W, name, kind="ray" if name == "c" else "local", spec={}, tags={"n": name})

        def names(**conditions):
            return [found.name for found in tx.computes.list(W, Page(), **conditions)]

        assert names() == ["a", "b-gpu", "c"]
        assert names(kind="ray") == ["c"]
        assert names(text="GPU") == ["b-gpu"]
        assert names(tags={"n": "a"}) == ["a"]
        page = tx.computes.list(W, Page(2))
        assert [found.name for found in tx.computes.list(W, Page(2, page.next_token))] == ["c"]


def test_what_is_missing_is_named_with_what_there_is(yard):
    with yard.transaction() as tx:
        tx.computes.put(W, "local", kind="local", spec={})
        tx.computes.put(W, "gpu", kind="local", spec={})
        with pytest.raises(NotFound, match=r"There are: gpu, local\.") as missing:
            tx.computes.get(W, "locl")
    assert missing.value.mend == "did you mean 'local'?"


def test_credentials_are_sealed_kept_and_forgotten_as_asked(yard):
    secret = {"account_key": "very-secret-value"}
    with yard.transaction() as tx:
        tx.datastores.put(W, "blob", kind="azure_blob", spec={"account_name": "a"}, credentials=secret)
    with yard.transaction() as tx:
        assert tx.datastores.credentials(W, "blob") == secret
        raw = str(tx.connection.exec_driver_sql("SELECT * FROM yard_datastores").all()) + str(tx.events.after(0))
        assert "very-secret-value" not in raw
        kept = tx.datastores.put(W, "blob", kind="azure_blob", spec={"account_name": "b"})
        assert kept.has_credentials
        assert tx.datastores.credentials(W, "blob") == secret
        assert not tx.datastores.put(W, "blob", kind="azure_blob", spec={}, credentials={}).has_credentials
        assert tx.datastores.credentials(W, "blob") == {}


def test_there_is_one_default_datastore(yard):
    with yard.transaction() as tx:
        with pytest.raises(NotFound, match="no default"):
            tx.datastores.default(W)
        for name in ("one", "two"):
            tx.datastores.put(W, name, kind="local_folder", spec={})
            tx.datastores.set_default(W, name)
        tx.datastores.put(W, "two", kind="local_folder", spec={"path": "/x"})
        assert tx.datastores.default(W).name == "two"
        assert [found.is_default for found in tx.datastores.list(W, Page())] == [False, True]
