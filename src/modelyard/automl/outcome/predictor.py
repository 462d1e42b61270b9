"""What a search returns: a model that predicts, and all that is known of how it came about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

import numpy as np

from modelyard.automl.outcome import explanation as explanations
from modelyard.automl.outcome import leaderboard as leaderboards
from modelyard.automl.outcome import mlflow_model, model_archive, saved
from modelyard.automl.outcome import script as scripts
from modelyard.automl.outcome.explanation import Explanation
from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.outcome.search_record import SearchRecord
from modelyard.automl.outcome.served_model import Label
from modelyard.automl.select import pareto
from modelyard.automl.task import Task
from modelyard.automl.trial import TrialResult
from modelyard.automl.validate import metrics
from modelyard.domain.errors import InvalidInput
from modelyard.kit.deferred import deferred

known_targets = deferred("modelyard.automl.outcome.known_target")

_SEARCH = "search.json"
_SCRIPT = "train.py"
_EXPLANATION = "explanation.json"


class Predictor:
    """One thread uses it at a time."""

    def __init__(self, model: FittedModel, record: SearchRecord, explanation: Explanation | None = None) -> None:
        self.model = model
        self.record = record
        self.explanation = explanation

    @property
    def task(self) -> Task:
        return self.model.task

    @property
    def target(self) -> str:
        return self.record.target

    @property
    def classes(self) -> tuple[Label, ...]:
        """Labels in the order of `predict_proba`; empty for regression."""
        return self.model.classes

    @property
    def trials(self) -> tuple[TrialResult, ...]:
        return self.record.trials

    def predict(self, data: Any) -> np.ndarray:
        """(rows,) labels or values. `data`: a frame, rows as mappings, a mapping of columns, or of scalars (one row).

        Raises:
            InvalidInput: a column is missing.
        """
        return self.model.predict(data)

    def predict_proba(self, data: Any) -> np.ndarray:
        """(rows, classes) probabilities, in the order of `classes`.

        Raises:
            InvalidInput: as `predict`, and for a regression.
        """
        return self.model.predict_proba(data)

    def score(self, data: Any, weight: np.ndarray | None = None) -> dict[str, float]:
        """All metrics of the task on a frame that has the target; rows without it are left out.

        Raises:
            InvalidInput: the target is missing, or holds a class that training did not see.
        """
        target, rows = known_targets.known_target(data, self.target, self.task, self.classes)
        return metrics.all_metrics(self.task, target, self.model.outputs(data.iloc[rows]), weight)

    def leaderboard(self) -> Any:
        """A frame of the trials, best first; failed ones last, with their errors."""
        return leaderboards.frame(self.trials, self._greater_is_better)

    def pareto(self) -> Any:
        """The rows of `leaderboard` that no other beats in score, one-row latency and size at once."""
        metric = metrics.metric(self.record.metric, self.task)
        nan = float("nan")
        scored = [(trial, trial.score) for trial in self.trials if trial.score is not None]
        costs = [(metric.loss(score), one.row_milliseconds or nan, one.size_bytes or nan) for one, score in scored]
        front = [scored[index][0] for index in pareto.pareto_front(costs)]
        return leaderboards.frame(front, metric.greater_is_better)

    def explain(self, data: Any = None, rows: int = 200, seconds: float = 30.0) -> Explanation:
        """Importances of the columns on up to `rows` rows of `data`; without it, those kept from training.

        Raises:
            InvalidInput: no data is given and none were kept, or a column is missing.
        """
        if data is not None:
            return explanations.explain(self.model, data, rows=rows, seconds=seconds)
        if self.explanation is None:
            raise InvalidInput(
                "No importances were kept from training.",
                field="data",
                mend="give a table, or train with enable_model_explainability",
            )
        return self.explanation

    @property
    def _greater_is_better(self) -> bool:
        return metrics.metric(self.record.metric, self.task).greater_is_better

    def save(self, folder: str | Path) -> Path:
        """Write the predictor into `folder` (see `saved`), which is made."""
        files = {saved.MODEL: model_archive.model_bytes(self.model), _SEARCH: _json(self.record.to_dict())}
        if self.explanation is not None:
            files[_EXPLANATION] = _json(self.explanation.to_dict())
        saved.write_folder(Path(folder), files, {"task": self.task.value, "target": self.target})
        return Path(folder)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The predictor that `save` wrote: the same predictions, bit for bit on the same machine.

        Raises:
            NotFound: there is none in `folder`.
            InvalidInput: a file is not as it was written.
            Unsupported: a later version wrote it.
        """
        path = Path(folder)
        manifest = saved.read_manifest(path)
        explanation = None
        if _EXPLANATION in manifest["files"]:
            explanation = Explanation.from_dict(json.loads(saved.read_file(path, manifest, _EXPLANATION)))
        return cls(
            model_archive.fitted_model_from(saved.read_file(path, manifest, saved.MODEL)),
            SearchRecord.from_dict(json.loads(saved.read_file(path, manifest, _SEARCH))),
            explanation,
        )

    def export_mlflow(self, folder: str | Path) -> Path:
        """An MLflow model (flavors `sklearn` and `python_function`) in `folder`.

        Raises:
            Conflict: something is in `folder`.
        """
        files = {_SEARCH: _json(self.record.to_dict()), _SCRIPT: self.script().encode()}
        if self.explanation is not None:
            files[_EXPLANATION] = _json(self.explanation.to_dict())
        return mlflow_model.export(self.model, Path(folder), metadata=self.record.metadata, files=files)

    def script(self) -> str:
        """The winner as a Python script that trains it again from a table."""
        return scripts.script(self.model, self.record)


def _json(value: Any) -> bytes:
    def plain(one: Any) -> Any:
        return one.item() if isinstance(one, np.generic) else str(one)

    return (json.dumps(value, indent=1, ensure_ascii=False, default=plain) + "\n").encode()
