"""What many models leave behind: one predictor that routes by group, and a table of how each group went."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

import numpy as np

from modelyard.automl.groups.groups_model import GroupsModel
from modelyard.automl.outcome import leaderboard as leaderboards
from modelyard.automl.outcome import mlflow_model, model_archive, saved
from modelyard.automl.outcome.known_target import known_target
from modelyard.automl.outcome.search_record import SearchRecord
from modelyard.automl.outcome.served_model import Label
from modelyard.automl.task import Task
from modelyard.automl.trial import TrialResult
from modelyard.automl.validate.metrics import all_metrics, metric
from modelyard.domain.errors import InvalidInput
from modelyard.domain.extras import LazyModule

pandas: Any = LazyModule("pandas", extra="automl", what="the table of groups")

_RESULTS = "groups.json"
_SEARCH = "search.json"
_SCRIPT = '''"""Trains the models of {groups} groups again: python train.py TRAINING_TABLE [FOLDER]"""

import sys

from modelyard import automl

if __name__ == "__main__":
    predictor = automl.fit_many(
        sys.argv[1],
        target={target!r},
        by={by!r},
        task={task!r},
        primary_metric={metric!r},
    )
    print(predictor.table())
    predictor.save(sys.argv[2] if len(sys.argv) > 2 else "models")
'''


class GroupStatus(StrEnum):
    TRAINED = "Trained"
    FAILED = "Failed"
    OUT_OF_TIME = "OutOfTime"
    """The budget ended first; the fallback answers."""
    TOO_SMALL = "TooSmall"
    """Fewer rows than asked for; the fallback answers."""


@dataclass(frozen=True)
class GroupResult:
    group: tuple[str, ...]
    rows: int
    status: GroupStatus
    algorithm: str | None = None
    score: float | None = None
    """Of the primary metric on rows held out."""
    baseline: float | None = None
    """Of the best constant there."""
    seconds: float | None = None
    size_bytes: int | None = None
    error: str | None = None


class GroupsPredictor:
    """One thread uses it at a time."""

    def __init__(
        self, model: GroupsModel, record: SearchRecord, results: Sequence[GroupResult], seconds: float = 0.0
    ) -> None:
        self.model = model
        self.record = record
        self.group_results = tuple(results)
        self.seconds = seconds
        """Wall time of the whole training."""

    @property
    def task(self) -> Task:
        return self.model.task

    @property
    def target(self) -> str:
        return self.record.target

    @property
    def trials(self) -> tuple[TrialResult, ...]:
        """One a group, and one of all together."""
        return self.record.trials

    @property
    def by(self) -> tuple[str, ...]:
        return self.model.by

    @property
    def classes(self) -> tuple[Label, ...]:
        return self.model.classes

    def predict(self, data: Any) -> np.ndarray:
        """(rows,) labels or values, each by the model of its row's group.

        Raises:
            InvalidInput: a column is missing, or a group is unknown and there is no fallback.
        """
        return self.model.predict(data)

    def predict_proba(self, data: Any) -> np.ndarray:
        """(rows, classes), over the classes of all groups.

        Raises:
            InvalidInput: as `predict`, and for a regression.
        """
        return self.model.predict_proba(data)

    def score(self, data: Any) -> dict[str, float]:
        """All metrics of the task over the rows of all groups together.

        Raises:
            InvalidInput: the target is missing, or holds a class that training did not see.
        """
        target, rows = known_target(data, self.target, self.task, self.classes)
        return all_metrics(self.task, target, self.model.outputs(data.iloc[rows]))

    def leaderboard(self) -> Any:
        """The trials as `Predictor.leaderboard` has them; `table` says more of the groups."""
        return leaderboards.frame(self.trials, metric(self.record.metric, self.task).greater_is_better)

    def script(self) -> str:
        """A Python script that trains the models again from a table."""
        return _SCRIPT.format(
            target=self.target,
            by=list(self.by),
            task=self.task.value,
            metric=self.record.metric,
            groups=len(self.group_results),
        )

    def table(self) -> Any:
        """A frame of one row a group: its key, rows, status, algorithm, score, baseline, seconds, error."""
        rows = [{**dict(zip(self.by, one.group, strict=True)), **_told(one)} for one in self.group_results]
        return pandas.DataFrame(rows)

    def save(self, folder: str | Path) -> Path:
        """Write all models into `folder`, which is made."""
        stored = {"seconds": self.seconds, "groups": [asdict(one) for one in self.group_results]}
        files = {
            saved.MODEL: model_archive.model_bytes(self.model),
            _RESULTS: json.dumps(stored).encode(),
            _SEARCH: json.dumps(self.record.to_dict()).encode(),
        }
        saved.write_folder(Path(folder), files, {"kind": "groups", "task": self.task.value, "target": self.target})
        return Path(folder)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """What `save` wrote. A group's model is made when its first row comes.

        Raises:
            NotFound: there is nothing saved in `folder`.
            InvalidInput: it is no predictor of groups, or a file is not as it was written.
        """
        path = Path(folder)
        manifest = saved.read_manifest(path)
        model = model_archive.model_from(saved.read_file(path, manifest, saved.MODEL))
        if not isinstance(model, GroupsModel):
            raise InvalidInput("The folder holds a predictor of one table.", mend="use Predictor.load")
        stored = json.loads(saved.read_file(path, manifest, _RESULTS))
        results = [_result(one) for one in stored["groups"]]
        record = SearchRecord.from_dict(json.loads(saved.read_file(path, manifest, _SEARCH)))
        return cls(model, record, results, stored["seconds"])

    def export_mlflow(self, folder: str | Path) -> Path:
        """One MLflow model that answers for every group.

        Raises:
            Conflict: something is in `folder`.
        """
        table = json.dumps([_told(one) | {"group": list(one.group)} for one in self.group_results], indent=1)
        files = {_RESULTS: table.encode(), "train.py": self.script().encode()}
        return mlflow_model.export(self.model, Path(folder), metadata=self.record.metadata, files=files)


def _told(result: GroupResult) -> dict[str, Any]:
    told = asdict(result)
    del told["group"]
    return {**told, "status": str(result.status)}


def _result(stored: Mapping[str, Any]) -> GroupResult:
    return GroupResult(**{**stored, "group": tuple(stored["group"]), "status": GroupStatus(stored["status"])})
