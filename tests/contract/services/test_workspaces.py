"""Workspaces, computes and datastores as users see them."""

import pytest

from modelyard.domain.compute import Compute
from modelyard.domain.datastore import Datastore
from modelyard.domain.errors import Conflict, InvalidInput, NotFound
from modelyard.domain.job_record import JobUpdate
from modelyard.domain.statuses import JobStatus
from modelyard.domain.workspace import Workspace
from modelyard.kit.paging import Page
from modelyard.services import computes, datastores, workspaces
from modelyard.store.repositories.jobs import NewJob

W = "default"


def add_job(tx, name="one", workspace=W, compute="local"):
    return tx.jobs.create(NewJob(workspace=workspace, name=name, run_id=name, kind="command", spec={}, compute=compute))


def test_a_workspace_comes_with_datastores_and_the_local_compute(tx):
    made = workspaces.create(
        tx, Workspace.from_dict({"name": "lab", "location": "west", "resource_group": "g", "tags": {"a": 1}})
    )
    assert (made.name, made.location, made.resource_group, made.tags) == ("lab", "west", "g", {"a": "1"})
    assert made.creation_context.created_by == "ann"
    assert made.id == "azureml://workspaces/lab"
    assert [store.name for store in datastores.list_page(tx, "lab", Page())] == [
        "workspaceartifactstore",
        "workspaceblobstore",
        "workspacefilestore",
        "workspaceworkingdirectory",
    ]
    assert datastores.default(tx, "lab").name == "workspaceblobstore"
    assert [compute.name for compute in computes.list_page(tx, "lab", Page())] == ["local"]
    assert workspaces.get(tx, "lab").to_dict() == made.to_dict()


def test_the_default_workspace_is_made_once_and_stays(tx):
    workspaces.ensure_default(tx)
    assert [found.name for found in workspaces.list_page(tx, Page())] == [W]
    with pytest.raises(Conflict, match="cannot be deleted"):
        workspaces.delete(tx, W)


def test_a_caller_of_one_workspace_sees_that_one(tx):
    workspaces.create(tx, Workspace(name="lab"))
    assert [found.name for found in workspaces.list_page(tx, Page(), only="lab")] == ["lab"]
    assert workspaces.list_page(tx, Page(), only="none").items == []


def test_what_is_said_of_a_workspace_may_change_but_not_its_name(tx):
    workspaces.create(tx, Workspace(name="lab", location="west", tags={"a": "1"}))
    changed = workspaces.edit(tx, "lab", {"description": "d", "tags": {"b": 2}, "hbi_workspace": True})
    assert (changed.description, changed.location, changed.tags, changed.hbi_workspace) == (
        "d",
        "west",
        {"b": "2"},
        True,
    )
    with pytest.raises(InvalidInput, match=r"unknown|not") as unknown:
        workspaces.edit(tx, "lab", {"descriptoin": "x"})
    assert "description" in str(unknown.value.to_dict())
    with pytest.raises(InvalidInput, match="renamed"):
        workspaces.update(tx, "lab", Workspace(name="other"))


def test_a_workspace_is_deleted_when_nothing_runs_in_it(tx):
    workspaces.create(tx, Workspace(name="lab"))
    add_job(tx, workspace="lab")
    with pytest.raises(Conflict, match="1 unfinished job") as busy:
        workspaces.delete(tx, "lab")
    assert busy.value.mend
    (job,) = tx.jobs.lease_due("me", tx.now, 1, 30)
    tx.jobs.apply(job, JobUpdate(status=JobStatus.CANCELED))
    tx.endpoints.create("lab", "score", spec={})
    with pytest.raises(Conflict, match="endpoints score"):
        workspaces.delete(tx, "lab")
    tx.endpoints.remove(tx.endpoints.get("lab", "score"))
    workspaces.delete(tx, "lab")
    with pytest.raises(NotFound):
        workspaces.get(tx, "lab")


def test_a_new_workspace_of_an_old_name_begins_empty(tx):
    workspaces.create(tx, Workspace(name="lab"))
    before = tx.runs.experiment_id("lab", "night")
    workspaces.delete(tx, "lab")
    workspaces.create(tx, Workspace(name="lab"))
    assert tx.runs.experiment_id("lab", "night") != before


def test_an_unknown_compute_is_told_with_those_there_are_and_how_to_make_one(tx):
    computes.put(tx, W, Compute.from_dict({"name": "big", "type": "local", "cpus": 8}))
    with pytest.raises(NotFound, match=r"no compute 'loca' .* There are: big, local\.") as unknown:
        computes.target(tx, W, "loca")
    assert unknown.value.field == "compute"
    assert "did you mean 'local'?" in unknown.value.mend
    assert "modelyard compute create" in unknown.value.mend


@pytest.mark.parametrize("name", [None, "", "serverless", "local"])
def test_no_compute_and_serverless_mean_this_machine(tx, name):
    assert computes.target(tx, W, name).name == "local"


def test_computes_are_put_shown_and_deleted(tx):
    computes.put(tx, W, Compute.from_dict({"name": "big", "type": "local", "cpus": 8, "tags": {"a": "b"}}))
    changed = computes.put(tx, W, Compute.from_dict({"name": "big", "type": "local", "cpus": 16}))
    assert changed.to_dict()["cpus"] == 16
    assert computes.get(tx, W, "big").tags == {}
    add_job(tx, compute="big")
    with pytest.raises(Conflict, match="1 unfinished jobs"):
        computes.delete(tx, W, "big")
    (job,) = tx.jobs.lease_due("me", tx.now, 1, 30)
    tx.jobs.apply(job, JobUpdate(status=JobStatus.CANCELED))
    computes.delete(tx, W, "big")
    with pytest.raises(Conflict):
        computes.delete(tx, W, "local")
    with pytest.raises(InvalidInput):
        computes.put(tx, W, Compute.from_dict({"name": "local", "type": "kubernetes"}))


def test_credentials_go_in_and_never_come_out(tx):
    spec = {
        "name": "blob",
        "type": "azure_blob",
        "account_name": "acc",
        "container_name": "c",
        "credentials": {"account_key": "very-secret"},
    }
    made = datastores.put(tx, W, Datastore.from_dict(spec))
    assert "very-secret" not in str(made.to_dict())
    assert "very-secret" not in str([found.to_dict() for found in datastores.list_page(tx, W, Page())])
    assert tx.datastores.credentials(W, "blob") == {"account_key": "very-secret"}
    del spec["credentials"]
    datastores.put(tx, W, Datastore.from_dict({**spec, "description": "again"}))
    assert tx.datastores.credentials(W, "blob") == {"account_key": "very-secret"}


def test_managed_and_default_datastores_stay(tx):
    for call in (
        lambda: datastores.delete(tx, W, "workspaceblobstore"),
        lambda: datastores.put(
            tx, W, Datastore.from_dict({"name": "workspaceblobstore", "type": "local_folder", "path": "/etc"})
        ),
    ):
        with pytest.raises(Conflict, match="belongs to the platform"):
            call()
    datastores.put(tx, W, Datastore.from_dict({"name": "own", "type": "local_folder", "path": "/data"}))
    datastores.set_default(tx, W, "own")
    with pytest.raises(Conflict, match="default"):
        datastores.delete(tx, W, "own")
    datastores.set_default(tx, W, "workspaceblobstore")
    datastores.delete(tx, W, "own")
    with pytest.raises(NotFound, match="There are: workspaceartifactstore"):
        datastores.get(tx, W, "own")
