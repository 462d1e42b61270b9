"""Where a folder of code comes from: commit, branch, remote, and what was not committed."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

_TIMEOUT_SECONDS = 20
_DIFF_LIMIT_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True)
class Provenance:
    """The state of the working tree that a folder belongs to. `diff` is what `git diff HEAD` says, cut at 10 MB."""

    repository: str | None
    branch: str | None
    commit: str
    dirty: bool
    diff: bytes

    def properties(self) -> dict[str, str]:
        """Under the names that Azure ML and MLflow give them."""
        facts = {
            "azureml.git.repository_uri": self.repository,
            "azureml.git.branch": self.branch,
            "azureml.git.commit": self.commit,
            "azureml.git.dirty": str(self.dirty),
            "mlflow.source.git.repoURL": self.repository,
            "mlflow.source.git.branch": self.branch,
            "mlflow.source.git.commit": self.commit,
        }
        return {key: value for key, value in facts.items() if value}


def provenance(folder: Path) -> Provenance | None:
    """None outside a working tree, in one without a commit, and where git is not installed."""
    place = folder if folder.is_dir() else folder.parent
    head = _git(place, "rev-parse", "HEAD", "--abbrev-ref", "HEAD") if shutil.which("git") else None
    if head is None:
        return None
    commit, branch = head.decode().split()[:2]
    remote = _git(place, "config", "--get", "remote.origin.url")
    status = _git(place, "status", "--porcelain", "--", ".")
    dirty = bool(status)
    diff = _git(place, "diff", "HEAD", "--", ".") if dirty else b""
    return Provenance(
        repository=without_credentials(remote.decode().strip()) if remote else None,
        branch=None if branch == "HEAD" else branch,
        commit=commit,
        dirty=dirty,
        diff=(diff or b"")[:_DIFF_LIMIT_BYTES],
    )


def without_credentials(remote: str) -> str:
    """`https://user:secret@host/x` as `https://host/x`; other forms carry no secret and stay as they are."""
    parts = urlsplit(remote)
    if not parts.scheme.startswith("http") or "@" not in parts.netloc:
        return remote
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _git(folder: Path, *arguments: str) -> bytes | None:
    command = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-C", str(folder), *arguments]
    try:
        answer = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout if answer.returncode == 0 else None
