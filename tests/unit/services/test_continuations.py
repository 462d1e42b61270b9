"""A job made anew from an earlier one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from modelyard.domain.errors import InvalidInput
from modelyard.domain.job_record import JobRecord
from modelyard.domain.statuses import JobStatus
from modelyard.services.continuations import clone_of

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PLACE = "azureml://datastores/workspaceblobstore/paths/azureml"
SPEC = {"command": "true", "outputs": {"model": {"type": "uri_folder", "path": f"{PLACE}/first/model"}}}


def record(**changes: Any) -> JobRecord:
    given: dict[str, Any] = {
        "id": 1,
        "workspace": "default",
        "name": "first",
        "run_id": "first",
        "kind": "command",
        "parent_name": None,
        "experiment_name": "tries",
        "display_name": "first",
        "description": None,
        "compute": "local",
        "priority": 20,
        "status": JobStatus.COMPLETED,
        "spec": SPEC,
        "state": {},
        "error": None,
        "attempt": 1,
        "cancel_requested": False,
        "created_at": NOW,
        "modified_at": NOW,
        "started_at": None,
        "ended_at": None,
        "wake_at": None,
        "created_by": "ada",
        "archived": False,
        "tags": {"keep": "yes"},
        "properties": {"score": "0.5", "mine": "1"},
    }
    return JobRecord(**(given | changes))


def test_a_clone_has_a_name_and_a_place_of_its_own() -> None:
    made = clone_of(record(), {}).to_dict()
    assert "name" not in made
    assert made["outputs"]["model"]["path"] == f"{PLACE}/${{{{name}}}}/model"
    assert (made["experiment_name"], made["tags"], made["properties"]) == ("tries", {"keep": "yes"}, {"mine": "1"})
    assert SPEC["outputs"]["model"]["path"] == f"{PLACE}/first/model"  # type: ignore[index]


def test_changes_go_by_path_and_null_removes() -> None:
    made = clone_of(record(), {"limits.timeout": 9, "tags.keep": None, "tags.new": "1", "name": "second"}).to_dict()
    assert (made["limits"]["timeout"], made["tags"], made["name"]) == (9, {"new": "1"}, "second")


@pytest.mark.parametrize("overrides", [{"command.inner": 1}, {"comand": "false"}, {"command": ""}])
def test_what_no_such_job_can_be_is_refused(overrides: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        clone_of(record(), overrides)
