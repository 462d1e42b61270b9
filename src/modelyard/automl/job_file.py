"""The file that an AutoML job's task is started with: the job, and what it was given of its compute."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelyard.domain.errors import InvalidInput
from modelyard.kinds.automl import BEST_MODEL, DATA_FIELDS, AutoMLJob


@dataclass(frozen=True)
class JobFile:
    job: AutoMLJob
    data: Mapping[str, str]
    """Paths on this machine by field, `training_data` among them."""
    references: Mapping[str, str]
    """What the data are called on the platform, by field."""
    cores: int | None = None
    memory_bytes: int | None = None
    environment: str | None = None
    best_model: str | None = None
    """Where the winner's MLflow model goes, beside the artifacts."""

    @classmethod
    def read(cls, path: Path, environment: Mapping[str, str]) -> JobFile:
        """The file of a task, whose paths are in the environment as the launcher sets it.

        Raises:
            InvalidInput: it is not such a file, or a path is missing.
        """
        try:
            body: dict[str, Any] = json.loads(path.read_text("utf-8"))
            job = AutoMLJob.from_stored(body["job"])
        except (OSError, ValueError, KeyError) as error:
            raise InvalidInput(f"'{path}' is not the file of an AutoML job: {error}", field="job_file") from error
        named = {field: environment.get(f"AZURE_ML_INPUT_{field}") for field in DATA_FIELDS if field in job.data()}
        missing = [field for field, place in named.items() if not place]
        if missing:
            raise InvalidInput(f"the place of {missing[0]} is not known here", field=missing[0])
        return cls(
            job=job,
            data={field: str(place) for field, place in named.items()},
            references=body.get("data") or {},
            cores=int(body["cores"]) if body.get("cores") else None,
            memory_bytes=body.get("memory_bytes"),
            environment=body.get("environment"),
            best_model=environment.get(f"AZURE_ML_OUTPUT_{BEST_MODEL}"),
        )
