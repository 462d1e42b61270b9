"""Preparations under way, one thread each, at most a few at once: they take minutes and must not hold the loop up."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from modelyard.domain.errors import ModelyardError
from modelyard.store.records import DeploymentRecord

log = logging.getLogger(__name__)

_AT_ONCE = 2

Outcome = dict[str, Any] | ModelyardError


class Preparing:
    """`outcome` starts a preparation when it is first asked for a generation; `done` gets the row's id at its end.

    Threads are daemons: a server that stops does not wait for a build, and the next one asks again.
    """

    def __init__(self, prepare: Callable[[DeploymentRecord], dict[str, Any]], done: Callable[[int], None]) -> None:
        self._prepare = prepare
        self._done = done
        self._places = threading.BoundedSemaphore(_AT_ONCE)
        self._lock = threading.Lock()
        self._running: set[tuple[int, int]] = set()
        self._outcomes: dict[tuple[int, int], Outcome] = {}

    def outcome(self, record: DeploymentRecord) -> Outcome | None:
        """What came of preparing this generation, handed over once; None while it is under way."""
        key = (record.id, record.spec_generation)
        with self._lock:
            if key in self._outcomes:
                return self._outcomes.pop(key)
            if key not in self._running:
                self._running.add(key)
                threading.Thread(
                    target=self._run, args=(record, key), name=f"prepare-{record.name}", daemon=True
                ).start()
        return None

    def _run(self, record: DeploymentRecord, key: tuple[int, int]) -> None:
        with self._places:
            found: Outcome
            try:
                found = self._prepare(record)
            except ModelyardError as error:
                found = error
            except Exception as error:
                log.exception("preparing %s/%s failed", record.endpoint, record.name)
                found = ModelyardError(f"{type(error).__name__}: {error}")
        with self._lock:
            self._running.discard(key)
            self._outcomes = {other: one for other, one in self._outcomes.items() if other[0] != record.id}
            self._outcomes[key] = found
        self._done(record.id)
