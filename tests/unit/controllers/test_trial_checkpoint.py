"""The checkpoint of one trial taken over by another."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from modelyard.artifacts.storage import Storage, run_folder
from modelyard.controllers.trial_checkpoint import copy_checkpoint


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path)


def outputs(storage: Storage, run: str, **files: str) -> Path:
    folder = storage.run_artifacts("default").local_path(f"{run_folder(run)}/outputs")
    assert folder is not None
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def found(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_the_outputs_are_replaced_as_a_whole_and_lie_apart(storage: Storage) -> None:
    source = outputs(storage, "a", state="good", deep__weights="w")
    target = outputs(storage, "b", state="bad", own="x")
    assert copy_checkpoint(storage, "default", "a", "b")
    assert found(target) == {"state": "good", "deep/weights": "w"}
    (source / "state").write_text("changed in place")
    assert found(target)["state"] == "good"
    assert [path.name for path in target.parent.iterdir()] == ["outputs"]


def test_a_target_without_outputs_gets_them(storage: Storage) -> None:
    outputs(storage, "a", state="good")
    assert copy_checkpoint(storage, "default", "a", "b")
    assert found(outputs(storage, "b")) == {"state": "good"}


def test_without_a_checkpoint_the_target_stays(storage: Storage) -> None:
    target = outputs(storage, "b", state="own")
    assert not copy_checkpoint(storage, "default", "a", "b")
    outputs(storage, "a").mkdir(parents=True)
    assert not copy_checkpoint(storage, "default", "a", "b")
    assert found(target) == {"state": "own"}


def test_a_checkpoint_that_is_written_meanwhile_is_copied_anew(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = outputs(storage, "a", state="1", other="1")
    target = outputs(storage, "b", state="own")
    whole, rounds = shutil.copytree, [2, 3]

    def busy(*given: Any, **options: Any) -> Any:
        answer = whole(*given, **options)
        if rounds:
            text = str(rounds.pop(0))
            for name in ("state", "other"):
                (source / "new").write_text(text)
                (source / "new").replace(source / name)
        return answer

    monkeypatch.setattr(shutil, "copytree", busy)
    assert copy_checkpoint(storage, "default", "a", "b")
    assert found(target) == {"state": "3", "other": "3"}


def test_a_copy_that_was_cut_off_is_made_again(storage: Storage) -> None:
    outputs(storage, "a", state="good")
    target = outputs(storage, "b", state="own")
    target.rename(target.with_name(".outputs-replaced"))
    outputs(storage, "b").with_name(".outputs-copied").mkdir()
    assert copy_checkpoint(storage, "default", "a", "b")
    assert found(target) == {"state": "good"}
    assert [path.name for path in target.parent.iterdir()] == ["outputs"]


def test_a_link_is_copied_as_a_link(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("not for the other")
    source = outputs(storage, "a", state="good")
    (source / "link").symlink_to(tmp_path / "secret")
    assert copy_checkpoint(storage, "default", "a", "b")
    assert (outputs(storage, "b") / "link").is_symlink()
