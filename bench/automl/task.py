"""What a tool is given, and what it leaves: files, so that each runs in an environment of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class BenchTask:
    train: str
    test: str
    target: str
    task: str
    """`binary`, `multiclass` or `regression`."""
    metric: str
    """`roc_auc`, `log_loss` or `rmse`."""
    budget: float
    seed: int
    folder: str
    """For what the tool writes: its model, `predictions.npy`, `result.json`."""

    def write(self) -> Path:
        path = Path(self.folder) / "task.json"
        path.write_text(json.dumps(asdict(self)))
        return path

    @classmethod
    def read(cls, path: str) -> BenchTask:
        return cls(**json.loads(Path(path).read_text()))


Predict = Callable[[Any], Any]


def leave(
    task: BenchTask, *, classes: list[Any], predict: Predict, test: Any, fit_seconds: float, size: int, version: str,
    notes: str = "",
) -> None:  # fmt: skip
    """Predictions of the test rows, and how long one row and 1,000 take (a frame in, medians of calls, after one)."""
    import numpy as np

    outputs = np.asarray(predict(test), dtype=float)
    np.save(Path(task.folder) / "predictions.npy", outputs)
    result = {
        "classes": [str(label) for label in classes],
        "fit_seconds": fit_seconds,
        "row_milliseconds": _milliseconds(predict, test.iloc[:1], 40, 4.0),
        "batch_milliseconds": _milliseconds(predict, test.iloc[[index % len(test) for index in range(1000)]], 7, 6.0),
        "size_bytes": size,
        "version": version,
        "notes": notes,
    }
    (Path(task.folder) / "result.json").write_text(json.dumps(result))


def _milliseconds(predict: Predict, rows: Any, most: int, seconds: float) -> float:
    predict(rows)
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < most and (not times or time.perf_counter() < end):
        begun = time.perf_counter()
        predict(rows)
        times.append(time.perf_counter() - begun)
    return sorted(times)[len(times) // 2] * 1000


def frames(task: BenchTask) -> tuple[Any, Any]:
    """Training and test frame, read before the clock starts."""
    import pandas

    def read(path: str) -> Any:
        return pandas.read_parquet(path) if path.endswith(".parquet") else pandas.read_csv(path)

    return read(task.train), read(task.test)


def folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
