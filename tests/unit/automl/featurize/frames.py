"""Frames for the tests of features."""

from typing import Any

import numpy as np
import pandas as pd

from modelyard.automl.featurize.feature_plan import FeaturePlan
from modelyard.automl.plan.settings import Featurization
from modelyard.automl.task import Task


def mixed(rows: int = 300, seed: int = 0) -> pd.DataFrame:
    """A column of each purpose, with gaps."""
    rng = np.random.default_rng(seed)
    words = np.array("red green blue fast slow old new shop street river hill stone".split())
    frame = pd.DataFrame(
        {
            "size": rng.normal(size=rows),
            "grade": rng.integers(1, 5, rows),
            "open": rng.random(rows) < 0.5,
            "kind": rng.choice(["a", "b", "c"], rows),
            "city": rng.choice([f"city number{index}" for index in range(60)], rows),
            "post": rng.choice(np.arange(10_000, 10_900), rows).astype(str),
            "when": pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 10**7, rows), "s"),
            "day": [f"{1 + index % 12:02}/{1 + index % 28:02}/2024" for index in range(rows)],
            "paid": [f"${value:,.2f}" for value in rng.random(rows) * 9000],
            "note": [" ".join(rng.choice(words, 8)) for _ in range(rows)],
        }
    )
    for column in ("size", "kind", "city", "when", "note"):
        frame.loc[rng.random(rows) < 0.1, column] = None
    return frame


def planned(
    frame: pd.DataFrame, target: np.ndarray | None = None, task: Task = Task.BINARY, **settings: Any
) -> FeaturePlan:
    if target is None:
        target = np.arange(len(frame)) % 2
    return FeaturePlan.make(frame, target, task, Featurization(**settings))
