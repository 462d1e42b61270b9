"""The checkpoint of a trial, its `./outputs`, as another trial takes it over."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path

from modelyard.artifacts.storage import Storage, run_folder

logger = logging.getLogger(__name__)

_OUTPUTS = "outputs"
# A source that runs may write while it is copied: the copy is made anew until nothing changed under it.
_ATTEMPTS = 5
_State = Mapping[str, tuple[int, int, int]]


def copy_checkpoint(storage: Storage, workspace: str, source_run: str, target_run: str) -> bool:
    """Replace the outputs of one run by a copy of another's; the target must not run.

    False, and the target untouched, when the source has none or kept changing. Killed in between, it is done again
    from the beginning: the target has its old outputs, the new ones, or for a moment none.
    """
    store = storage.run_artifacts(workspace)
    source = store.local_path(f"{run_folder(source_run)}/{_OUTPUTS}")
    target = store.local_path(f"{run_folder(target_run)}/{_OUTPUTS}")
    if source is None or target is None:
        return False
    fresh, old = target.with_name(".outputs-copied"), target.with_name(".outputs-replaced")
    if not _copy_still(source, fresh):
        shutil.rmtree(fresh, ignore_errors=True)
        return False
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return True


def _copy_still(source: Path, fresh: Path) -> bool:
    """Copy a folder as it was at one moment; False when it is empty or never held still."""
    for _ in range(_ATTEMPTS):
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            before = _state(source)
            if not before:
                return False
            shutil.copytree(source, fresh, symlinks=True)
            if _state(source) == before:
                return True
        except (OSError, shutil.Error) as error:  # a file was replaced under the copy
            logger.info("the copy of %s begins anew: %s", source.parent.name, error)
    return False


def _state(folder: Path) -> _State:
    found = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        if not path.is_dir() or path.is_symlink():
            found[str(path.relative_to(folder))] = (status.st_size, status.st_mtime_ns, status.st_ino)
    return found
