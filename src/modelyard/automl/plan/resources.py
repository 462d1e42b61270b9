"""How the machine is shared: processes, threads and memory of the trials."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from modelyard.automl.plan.settings import Limits
from modelyard.domain.extras import LazyModule

psutil = LazyModule("psutil", extra="automl", what="the memory limit of a search")

_SHARE_OF_FREE = 0.8
# Beyond this, one process for one fold wastes memory sooner than it saves time.
_MOST_WORKERS = 16


@dataclass(frozen=True)
class Resources:
    workers: int
    threads: int
    """Of each worker."""
    memory_bytes: int
    """Of each worker."""


def share_machine(limits: Limits, folds: int, data_bytes: int) -> Resources:
    """One thread a fit as long as folds and trials fill the cores: two fits side by side beat one on two threads."""
    cores = available_cores()
    memory = limits.memory_bytes or int(psutil.virtual_memory().available * _SHARE_OF_FREE)
    trials = limits.max_concurrent_trials
    most = min(cores, _MOST_WORKERS) if trials is None else min(cores * 2, trials * max(1, folds))
    if limits.threads_per_trial is not None and trials is not None:
        cores = min(cores, limits.threads_per_trial * trials)
    workers = max(1, min(most, cores, memory // max(1, 6 * data_bytes + 150_000_000)))
    return Resources(workers, max(1, cores // workers), memory // workers)


def available_cores() -> int:
    """Those that this process may run on, a container's quota counted."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()[:2]
        if quota != "max":
            cores = min(cores, max(1, round(int(quota) / int(period))))
    except (OSError, ValueError):
        pass
    return cores
