"""The log of a job that has no process of its own: what its controller decided, line by line."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from modelyard.artifacts.storage import Storage, run_folder
from modelyard.domain.errors import ModelyardError, NotFound
from modelyard.domain.job_record import JobRecord

logger = logging.getLogger(__name__)

_PATH = "user_logs/std_log.txt"


@dataclass(frozen=True)
class ParentLog:
    """Appends to the log of a sweep or pipeline. A log that cannot be written never stops its job."""

    storage: Storage
    record: JobRecord

    def append(self, lines: Sequence[str]) -> None:
        if not lines:
            return
        store = self.storage.run_artifacts(self.record.workspace)
        path = f"{run_folder(self.record.run_id)}/{_PATH}"
        text = "".join(f"{line}\n" for line in lines).encode()
        try:
            place = store.local_path(path)
            if place is None:  # object stores cannot append
                before = b""
                with suppress(NotFound):
                    before = b"".join(store.open_read(path))
                store.put_stream(path, [before, text])
                return
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("ab") as file:
                file.write(text)
        except (OSError, ModelyardError) as error:
            logger.warning("the log of %s could not be written: %s", self.record.name, error)
