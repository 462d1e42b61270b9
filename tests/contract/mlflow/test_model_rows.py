"""Models: rows that MLflow and we share."""

from __future__ import annotations

import pytest

from modelyard.domain.errors import Conflict, InvalidInput, NotFound
from modelyard.kit.paging import Page
from modelyard.store.database import Database
from modelyard.store.repositories.assets import AssetFilter
from modelyard.store.repositories.models import NewModelVersion
from modelyard.store.transaction import Transaction


def new(name: str = "fraud", version: str | None = None, **more: object) -> NewModelVersion:
    uri = f"mlflow-artifacts:/datastores/workspaceblobstore/paths/{name}"
    values = {"name": name, "version": version, "source": uri, "download_uri": uri, "spec": {"type": "custom_model"}}
    return NewModelVersion(**{**values, **more})  # type: ignore[arg-type]


@pytest.fixture
def tx(database: Database):
    with database.transaction(actor="ann") as opened:
        opened.workspaces.create("w")
        opened.workspaces.create("v")
        yield opened


def test_versions_count_up_in_each_workspace(tx: Transaction) -> None:
    made = [tx.models.create_version("w", new()).version for _ in range(3)]
    assert made == ["1", "2", "3"]
    assert tx.models.create_version("v", new()).version == "1"


def test_a_text_version_stands_for_a_number(tx: Transaction) -> None:
    tx.models.create_version("w", new())
    made = tx.models.create_version("w", new(version="2026-04"))
    assert (made.version, made.number) == ("2026-04", 2)
    assert tx.models.get("w", "fraud", "2026-04") == made
    assert tx.models.by_number("w", "fraud", 2) == made
    with pytest.raises(Conflict):
        tx.models.create_version("w", new(version="2"))
    assert tx.models.create_version("w", new()).version == "3"


def test_a_version_is_made_once(tx: Transaction) -> None:
    tx.models.create_version("w", new(version="7"))
    with pytest.raises(Conflict) as refused:
        tx.models.create_version("w", new(version="7"))
    assert "8" in str(refused.value.mend)


def test_everything_comes_back(tx: Transaction) -> None:
    made = tx.models.create_version(
        "w",
        new(
            description="d",
            tags={"a": "1"},
            properties={"p": "q"},
            content_hash="h",
            job_name="j",
            run_id="r",
            stage="Pilot",
        ),
    )
    assert (made.description, made.tags, made.properties) == ("d", {"a": "1"}, {"p": "q"})
    assert (made.content_hash, made.job_name, made.run_id, made.stage) == ("h", "j", "r", "Pilot")
    assert (made.created_by, made.archived, made.spec["type"]) == ("ann", False, "custom_model")


def test_an_unknown_version_names_those_there_are(tx: Transaction) -> None:
    tx.models.create_version("w", new())
    with pytest.raises(NotFound, match=r"no version '2'.*There are: 1"):
        tx.models.get("w", "fraud", "2")
    with pytest.raises(NotFound) as refused:
        tx.models.get("w", "frauds", "1")
    assert "fraud" in str(refused.value.mend)


def test_labels_move_and_latest_is_computed(tx: Transaction) -> None:
    for _ in range(2):
        tx.models.create_version("w", new())
    tx.models.set_label("w", "fraud", "champion", "1")
    tx.models.set_label("w", "fraud", "champion", "2")
    assert tx.models.labels("w", "fraud") == {"champion": "2"}
    assert tx.models.by_label("w", "fraud", "latest").version == "2"
    tx.models.set_archived("w", "fraud", "2", archived=True)
    assert tx.models.by_label("w", "fraud", "latest").version == "1"
    assert tx.models.by_label("w", "fraud", "champion").archived
    tx.models.remove_label("w", "fraud", "champion")
    with pytest.raises(NotFound):
        tx.models.by_label("w", "fraud", "champion")
    for bad in ("latest", "v1", "3", "a b"):
        with pytest.raises(InvalidInput):
            tx.models.set_label("w", "fraud", bad, "1")


def test_edits_change_what_is_given(tx: Transaction) -> None:
    tx.models.create_version("w", new(tags={"a": "1"}, description="before"))
    tx.models.edit("w", "fraud", "1", tags={"b": "2"}, stage="Production")
    tx.models.edit("w", "fraud", description="of the name", properties={"x": "y"}, tags={"team": "risk"})
    found, name = tx.models.get("w", "fraud", "1"), tx.models.container("w", "fraud")
    assert (found.tags, found.description, found.stage) == ({"b": "2"}, "before", "Production")
    assert (name.description, name.properties, name.tags) == ("of the name", {"x": "y"}, {"team": "risk"})


def test_lists_are_paged_filtered_and_bounded_to_the_workspace(tx: Transaction) -> None:
    for name in ("a1", "a2", "b1"):
        tx.models.create_version("w", new(name))
        tx.models.create_version("w", new(name))
    tx.models.create_version("v", new("elsewhere"))
    tx.models.edit("w", "b1", tags={"team": "risk"})
    tx.models.set_archived("w", "a2", archived=True)
    first = tx.models.list("w", Page(size=1))
    rest = tx.models.list("w", Page(size=10, token=first.next_token))
    assert sorted(item.name for item in [*first.items, *rest.items]) == ["a1", "b1"]
    assert all(item.latest is not None and item.latest.version == "2" for item in rest.items)
    assert [item.name for item in tx.models.list("w", Page(), AssetFilter(text="a", archived=None)).items] == [
        "a2",
        "a1",
    ]
    assert [item.name for item in tx.models.list("w", Page(), AssetFilter(tags={"team": "risk"})).items] == ["b1"]
    assert [item.version for item in tx.models.list_versions("w", "a1", Page(size=1)).items] == ["2"]


def test_creation_is_an_event(database: Database) -> None:
    with database.transaction() as tx:
        tx.workspaces.create("w")
        tx.models.create_version("w", new())
    with database.snapshot() as tx:
        events = [record.event for record in tx.events.after(0)]
    assert ("modelyard.model.created", "model/fraud/versions/1") in [(event.type, event.subject) for event in events]
