"""One AutoML job: the search near the data, told of to the server, its results among the job's artifacts."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from modelyard.automl.job_file import JobFile
from modelyard.automl.job_log import JobLog, Listeners
from modelyard.automl.job_results import MLFLOW_MODEL, Results
from modelyard.automl.job_settings import settings_of
from modelyard.automl.plan.settings import Settings
from modelyard.automl.task import Task
from modelyard.automl.trial import Listener
from modelyard.automl.trial_reporter import TrialReporter, labelled
from modelyard.kit.deferred import deferred

if TYPE_CHECKING:
    from modelyard.automl import engine
    from modelyard.automl.groups import fit_many as many
    from modelyard.automl.validate import metrics
else:  # numpy and the learners wait until the job file has been read
    engine = deferred("modelyard.automl.engine")
    many = deferred("modelyard.automl.groups.fit_many")
    metrics = deferred("modelyard.automl.validate.metrics")

# How long the end of a job waits for a server that is away.
_PATIENCE_SECONDS = 600.0
_PATIENCE_WHEN_STOPPED_SECONDS = 20.0


class _Reports:
    """The reporter as a Listener."""

    def __init__(self, reporter: TrialReporter) -> None:
        self._reporter = reporter

    def started(self, facts: Mapping[str, Any]) -> None: ...

    def trial_started(self, number: int, algorithm: str, params: Mapping[str, Any]) -> None: ...

    def trial_ended(self, result: Any) -> None:
        self._reporter.add(result)

    def message(self, text: str) -> None: ...


@dataclass
class Stop:
    """Whether the job was asked to end. The first SIGTERM ends the search as Ctrl-C does; others change nothing."""

    asked: bool = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """While the search runs; only the main thread may."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGTERM, self._ask)
        try:
            yield
        finally:
            # What follows (writing the results) is not to be cut off before its grace is over.
            signal.signal(signal.SIGTERM, signal.SIG_IGN if self.asked else before)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            return
        self.asked = True
        raise KeyboardInterrupt


@dataclass
class JobRun:
    file: JobFile
    folder: Path
    """For artifacts."""
    log: JobLog
    reporter: TrialReporter | None = None

    def run(self) -> bool:
        """Search, write, tell. False when it was stopped.

        Raises:
            ModelyardError: the data or settings do not fit, or no model could be made.
        """
        settings = self.settings()
        metric, labels = shown_metrics(settings)
        self.log.begin(labels.get(metric.name, metric.name), metric.greater_is_better, settings.limits.timeout_seconds)
        self._say_plan(settings)
        listeners: list[Listener] = [self.log]
        if self.reporter is not None:
            self.reporter.begin(metric.name, metric.greater_is_better, labels)
            listeners.append(_Reports(self.reporter))
        stop = Stop()
        search: dict[str, Any] = {"best": None, "model": False}
        try:
            with stop.watched():
                predictor = self._search(settings, Listeners(*listeners))
            self._tell_origin(predictor)
            results = Results(self.folder, self.log.message)
            results.write(predictor, Path(self.file.best_model) if self.file.best_model else None)
            search = self._summary(predictor, labels, MLFLOW_MODEL in results.written)
            self.log.leaderboard(list(predictor.record.trials), predictor.record.winner)
        finally:
            if self.reporter is not None:
                self.reporter.finish(search, _PATIENCE_WHEN_STOPPED_SECONDS if stop.asked else _PATIENCE_SECONDS)
        return not stop.asked

    def settings(self) -> Settings:
        return settings_of(self.file.job, self.file.cores, self.file.memory_bytes)

    def _search(self, settings: Settings, listener: Listener) -> Any:
        data = self.file.data
        if self.file.job.many_models_by:
            for field in ("validation_data", "test_data"):
                if field in data:
                    listener.message(f"warning: {field} is not used with a model for each group")
            by = tuple(self.file.job.many_models_by)
            return many.fit_many(data["training_data"], by=by, settings=settings, listener=listener)
        return engine.fit(
            data["training_data"],
            validation=data.get("validation_data"),
            test=data.get("test_data"),
            settings=settings,
            listener=listener,
        )

    def _tell_origin(self, predictor: Any) -> None:
        """Add to what is known of the winner what only a job knows: its run, its data's versions, its address."""
        record, address = predictor.record, self.reporter.address if self.reporter else None
        data = {**(record.metadata.get("data") or {}), **self.file.references}
        known: dict[str, Any] = {"data": data}
        if address is not None:
            winner = None if record.winner is None else address.trial_name(record.winner)
            known |= {"run_id": winner, "parent_run_id": address.job}
            known["model_uri"] = winner and f"azureml://jobs/{winner}/outputs/{MLFLOW_MODEL}"
        if self.file.environment:
            known["environment"] = {**(record.metadata.get("environment") or {}), "name": self.file.environment}
        predictor.record = replace(record, metadata={**record.metadata, **known})

    def _say_plan(self, settings: Settings) -> None:
        job, limits = self.file.job, settings.limits
        self.log.message(f"AutoML {job.task} of '{settings.target}' by {settings.metric}")
        for field, place in self.file.data.items():
            self.log.message(f"{field}: {self.file.references.get(field, place)}")
        walls = [f"{limits.timeout_seconds / 60:g} minutes", f"{limits.max_trials} trials"]
        if limits.max_concurrent_trials is not None:
            walls.append(f"{limits.max_concurrent_trials} at one time")
        self.log.message(f"limits: {', '.join(walls)}")
        asked = job.limits.max_concurrent_trials if job.limits else None
        if asked and asked > (limits.max_concurrent_trials or asked):
            self.log.message(f"warning: {asked} concurrent trials were asked for; the job has {self.file.cores} cores")
        for warning in job.warnings():
            self.log.message(f"warning: {warning}")

    def _summary(self, predictor: Any, labels: Mapping[str, str], has_model: bool) -> dict[str, Any]:
        record = predictor.record
        shown = {split: labelled(values, labels) for split, values in record.metrics.items()}
        about = {"feature_hash": str(record.features.get("hash", "")), "trials": str(len(record.trials))}
        about |= {f"data.{field}": text for field, text in self.file.references.items()}
        properties = {name: text for name, text in about.items() if text}
        return {"best": record.winner, "model": has_model, "metrics": shown, "properties": properties}


def shown_metrics(settings: Settings) -> tuple[Any, dict[str, str]]:
    """The primary metric, and the names that metrics are shown by: Azure ML's where it has them."""
    task = settings.task or Task.BINARY
    primary = metrics.metric(settings.metric or metrics.default_metric(task))
    return primary, {name: found.label for name, found in metrics.METRICS.items()}
