import subprocess
from pathlib import Path

import pytest

from modelyard.client.git import provenance, without_credentials


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    def git(*words: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, "-C", str(tmp_path), *words], check=True, capture_output=True)

    git("init", "--initial-branch=main")
    (tmp_path / "train.py").write_text("one\n")
    git("add", ".")
    git("commit", "-m", "first")
    git("remote", "add", "origin", "https://me:secret@example.org/team/repo.git")
    return tmp_path


def test_a_clean_tree(repository: Path) -> None:
    found = provenance(repository)
    assert found is not None
    properties = found.properties()
    assert len(properties["azureml.git.commit"]) == 40
    assert properties["mlflow.source.git.commit"] == properties["azureml.git.commit"]
    assert properties["azureml.git.branch"] == "main"
    assert properties["azureml.git.dirty"] == "False"
    assert properties["mlflow.source.git.repoURL"] == "https://example.org/team/repo.git"
    assert found.diff == b""


def test_what_was_not_committed_is_in_the_diff(repository: Path) -> None:
    (repository / "train.py").write_text("two\n")
    found = provenance(repository)
    assert found is not None
    assert found.dirty
    assert b"-one\n+two\n" in found.diff


def test_a_new_file_makes_it_dirty(repository: Path) -> None:
    (repository / "new.py").write_text("")
    found = provenance(repository)
    assert found is not None
    assert found.dirty


def test_outside_of_git_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert provenance(tmp_path) is None


@pytest.mark.parametrize(
    ("remote", "kept"),
    [
        ("https://me:secret@example.org/r.git", "https://example.org/r.git"),
        ("https://token@example.org:8443/r", "https://example.org:8443/r"),
        ("git@example.org:team/r.git", "git@example.org:team/r.git"),
        ("ssh://git@example.org/r", "ssh://git@example.org/r"),
        ("https://example.org/r", "https://example.org/r"),
    ],
)
def test_credentials_leave_the_address(remote: str, kept: str) -> None:
    assert without_credentials(remote) == kept
