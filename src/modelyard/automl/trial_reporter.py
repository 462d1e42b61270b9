"""Tells the server of finished trials: in batches, by a thread of its own, and again when the server was away.

The search never waits for the server. What is told twice is written once, so a lost answer costs nothing.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from modelyard.automl.trial import TrialResult

_BATCH = 200
_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 5.0
_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
# Answers that a later attempt may better.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 507})


@dataclass(frozen=True)
class ServerAddress:
    """Where an AutoML job's trials are told of."""

    url: str
    workspace: str
    job: str
    token: str
    attempt: int = 1

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> ServerAddress | None:
        """From the environment of a job; None outside of one."""
        names = ("MODELYARD_SERVER_URL", "MODELYARD_WORKSPACE", "MODELYARD_JOB_NAME", "MODELYARD_TOKEN")
        url, workspace, job, token = (environment.get(name, "") for name in names)
        if not (url and workspace and job and token):
            return None
        return cls(url, workspace, job, token, int(environment.get("MODELYARD_ATTEMPT", "1")))

    def trial_name(self, number: int) -> str:
        """The name of a trial's job, as the server gives it."""
        return f"{self.job}_{number}" if self.attempt == 1 else f"{self.job}_{self.attempt}_{number}"

    @property
    def records_url(self) -> str:
        return f"{self.url.rstrip('/')}/api/v1/workspaces/{self.workspace}/jobs/{self.job}/trial-records"


class TrialReporter:
    """`add` from the search's thread; `finish` sends what is left and waits until the server has it."""

    def __init__(
        self,
        address: ServerAddress,
        say: Callable[[str], None],
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.address = address
        self._say = say
        self._sleep = sleep
        headers = {"Authorization": f"Bearer {address.token}"}
        self._http = httpx.Client(headers=headers, timeout=_TIMEOUT, transport=transport, trust_env=False)
        self._waiting: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._head: dict[str, Any] = {}
        self._labels: Mapping[str, str] = {}
        self._search: dict[str, Any] | None = None
        self._refused = False
        self._thread = threading.Thread(target=self._run, name="trial-reports", daemon=True)

    def begin(self, metric: str, greater_is_better: bool, labels: Mapping[str, str]) -> None:
        """`metric` and the keys of the trials' metrics are shown under their `labels`."""
        self._labels = labels
        metric = labels.get(metric, metric)
        self._head = {"attempt": self.address.attempt, "metric": metric, "greater_is_better": greater_is_better}
        self._thread.start()

    def add(self, trial: TrialResult) -> None:
        document = trial_document(trial, self._labels)
        with self._lock:
            self._waiting.append(document)

    def finish(self, search: Mapping[str, Any] | None, patience_seconds: float) -> bool:
        """Send the rest and what the search came to; False when the server could not be told in time."""
        self._search = dict(search) if search is not None else None
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(patience_seconds)
        told = not self._thread.is_alive() and not self._refused
        if not self._thread.is_alive():
            self._http.close()
        return told

    def _run(self) -> None:
        while True:
            last = self._ended.wait(_PAUSE_SECONDS)
            while not self._refused:
                batch = self._next_batch()
                if not batch:
                    break
                self._tell({**self._head, "trials": batch})
            if last:
                if self._search is not None and not self._refused:
                    self._tell({**self._head, "trials": [], "search": self._search})
                return

    def _next_batch(self) -> list[dict[str, Any]]:
        with self._lock:
            batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
        return batch

    def _tell(self, body: Mapping[str, Any]) -> None:
        """Until the server has answered, however long it is away; a refusal ends all telling."""
        pause = _PAUSE_SECONDS
        away = False
        while True:
            try:
                answer = self._http.post(self.address.records_url, json=body)
            except httpx.TransportError as error:
                why = type(error).__name__
            else:
                if answer.status_code < 300:
                    if away:
                        self._say("The server is back; it has been told of every trial so far.")
                    return
                if answer.status_code not in _PASSING:
                    self._refused = True
                    self._say(f"The server refused the trials ({answer.status_code}): {answer.text[:500]}")
                    return
                why = f"it answered {answer.status_code}"
            if not away:
                self._say(f"The server cannot be reached ({why}); the search goes on and tells it later.")
            away = True
            self._sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)


def trial_document(trial: TrialResult, labels: Mapping[str, str]) -> dict[str, Any]:
    """A trial as the server takes it: JSON types, no number that is not finite."""
    return {
        "number": trial.number,
        "algorithm": trial.algorithm,
        "origin": trial.origin,
        "params": plain(trial.params),
        "status": trial.status.value,
        "score": finite(trial.score),
        "score_std": finite(trial.score_std),
        "fold_scores": [finite(score) for score in trial.fold_scores],
        "metrics": {split: labelled(values, labels) for split, values in trial.metrics.items()},
        "fit_seconds": finite(trial.fit_seconds),
        "row_milliseconds": finite(trial.row_milliseconds),
        "batch_milliseconds": finite(trial.batch_milliseconds),
        "size_bytes": trial.size_bytes,
        "peak_memory_bytes": trial.peak_memory_bytes,
        "feature_hash": trial.feature_hash,
        "error": trial.error[:20_000] if trial.error else None,
        "started_at": trial.started_at,
        "ended_at": trial.ended_at,
    }


def labelled(values: Mapping[str, float], labels: Mapping[str, str]) -> dict[str, float]:
    """Metrics under the names they are shown by; those that are not finite are left out."""
    found = {labels.get(name, name): finite(value) for name, value in values.items()}
    return {name: value for name, value in found.items() if value is not None}


def finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def plain(value: Any) -> Any:
    """JSON types: numpy's scalars and arrays as Python's, what is unknown as text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, str | bool | int | None.__class__):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, Sequence | set | frozenset):
        return [plain(item) for item in value]
    return str(value)
