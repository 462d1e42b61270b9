"""Builds of environments in the background: each once, however many jobs wait for it."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from modelyard.domain.actions import JobError
from modelyard.domain.errors import ModelyardError
from modelyard.environments.environments import Environments
from modelyard.kit.clock import Clock

logger = logging.getLogger(__name__)
LOG_NAME = "environment_build.log"


@dataclass
class _Build:
    waiters: set[int] = field(default_factory=set)
    logs: set[Path] = field(default_factory=set)


class EnvironmentBuilds:
    """`done(job id)` is called, from a thread of its own, for each job that waited for a build that ended."""

    def __init__(self, environments: Environments, clock: Clock, done: Callable[[int], None]) -> None:
        self._environments = environments
        self._clock = clock
        self._done = done
        self._lock = threading.Lock()
        self._running: dict[str, _Build] = {}
        self._failures: dict[str, tuple[datetime, JobError]] = {}
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="environment-build")

    def want(self, job_id: int, definition: Mapping[str, Any], context: Path | None, logs: Path) -> None:
        """Build this environment, or join the build under way; its log appears in the folder `logs` too."""
        key = self._environments.key(definition)
        with self._lock:
            build = self._running.get(key)
            if build is None:
                build = self._running[key] = _Build()
                self._pool.submit(self._run, key, dict(definition), context)
            build.waiters.add(job_id)
            build.logs.add(logs)
        self._show_log(definition, logs)

    def failure(self, definition: Mapping[str, Any], since: datetime) -> JobError | None:
        """Why the last build failed, if it ended after `since`: an older failure is worth another try."""
        with self._lock:
            found = self._failures.get(self._environments.key(definition))
        return found[1] if found is not None and found[0] >= since else None

    def close(self) -> None:
        """Take no more builds. One under way ends with the process and is begun again by the next."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, key: str, definition: dict[str, Any], context: Path | None) -> None:
        error: JobError | None = None
        try:
            self._environments.build(definition, context)
        except ModelyardError as failure:
            error = JobError("EnvironmentBuildFailed", failure.message, hint=failure.mend)
        except Exception as failure:
            logger.exception("the build of an environment failed")
            error = JobError("EnvironmentBuildFailed", f"{type(failure).__name__}: {failure}")
        with self._lock:
            build = self._running.pop(key)
            self._failures.pop(key, None)
            if error is not None:
                self._failures[key] = (self._clock.now(), error)
        for logs in build.logs:
            self._show_log(definition, logs)
        for job_id in build.waiters:
            self._done(job_id)

    def _show_log(self, definition: Mapping[str, Any], logs: Path) -> None:
        """Link the growing log among the job's own; copy it where links cannot be made."""
        log, shown = self._environments.log(definition), logs / LOG_NAME
        try:
            logs.mkdir(parents=True, exist_ok=True)
            log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            log.touch()
            if shown.exists() and shown.samefile(log):
                return
            shown.unlink(missing_ok=True)
            try:
                os.link(log, shown)
            except OSError:
                shutil.copyfile(log, shown)
        except OSError:
            logger.warning("the build log could not be shown in %s", logs)
