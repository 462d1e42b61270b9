"""What a candidate costs: prediction of one row and of 1,000, size, peak memory. Wall time, featurization included."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from modelyard.automl.outcome.model_archive import model_bytes
from modelyard.automl.outcome.served_model import ServedModel

BATCH_ROWS = 1000
_PROCESS = Path("/proc/self")


@dataclass(frozen=True)
class Measures:
    row_milliseconds: float
    batch_milliseconds: float
    size_bytes: int


def measure(model: ServedModel, frame: Any, *, seconds: float = 0.25, size_bytes: int | None = None) -> Measures:
    """Of `model` on rows of `frame` (pandas), in about `seconds` beyond the first calls.

    One row is a mapping of scalars, as an endpoint sends it; the batch is a frame, its rows repeated up to 1,000.
    Medians over calls, after two calls to warm up; a few calls are made however short the time. One thread.
    """
    row = frame.iloc[0].to_dict()
    batch = frame.iloc[[number % len(frame) for number in range(BATCH_ROWS)]]
    return Measures(
        row_milliseconds=_median_milliseconds(lambda: model.outputs(row), seconds / 2, at_least=7, at_most=200),
        batch_milliseconds=_median_milliseconds(lambda: model.outputs(batch), seconds / 2, at_least=1, at_most=15),
        size_bytes=len(model_bytes(model)) if size_bytes is None else size_bytes,
    )


def _median_milliseconds(call: Callable[[], object], seconds: float, at_least: int, at_most: int) -> float:
    call()
    if at_least > 1:
        call()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < at_most and (len(times) < at_least or time.perf_counter() < end):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return statistics.median(times) * 1000


class PeakMemory:
    """`with PeakMemory() as peak: ...`, then `peak.bytes`: how far this process grew beyond where it stood.

    Linux alone tells it (the high-water mark is set back at the start); elsewhere `bytes` is None.
    """

    def __init__(self) -> None:
        self.bytes: int | None = None
        self._before: int | None = None

    def __enter__(self) -> Self:
        try:
            (_PROCESS / "clear_refs").write_text("5")
            self._before = _status_bytes("VmRSS")
        except OSError:
            self._before = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            self.bytes = max(0, _status_bytes("VmHWM") - self._before)


def _status_bytes(field: str) -> int:
    for line in (_PROCESS / "status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise OSError(f"{os.fspath(_PROCESS)}/status has no {field}")
