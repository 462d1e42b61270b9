"""The sets of a run: folders with `train`, `test` and `meta.json`, or three that ship with scikit-learn."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_METRICS = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}


@dataclass(frozen=True)
class DataSet:
    name: str
    train: Path
    test: Path
    target: str
    task: str
    metric: str


def data_sets(folders: Sequence[str], scratch: Path) -> list[DataSet]:
    """A folder is one set, or holds sets; those for forecasting are left out."""
    if not folders:
        return _shipped(scratch)
    places = [Path(folder) for folder in folders]
    singles = [
        place for given in places for place in ([given] if (given / "meta.json").exists() else sorted(given.iterdir()))
    ]
    found = [_read(place) for place in singles if (place / "meta.json").exists()]
    return [one for one in found if one.task in _METRICS]


def _read(folder: Path) -> DataSet:
    meta = json.loads((folder / "meta.json").read_text())
    train, test = (next(iter(sorted(folder.glob(f"{part}.*")))) for part in ("train", "test"))
    metric = str(meta.get("metric") or _METRICS.get(meta["task"], ""))
    metric = {"auc": "roc_auc", "auc_weighted": "roc_auc", "logloss": "log_loss"}.get(metric, metric)
    return DataSet(folder.name, train, test, meta["target"], meta["task"], metric)


def _shipped(scratch: Path) -> list[DataSet]:
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    found = []
    for name, task in (("breast_cancer", "binary"), ("digits", "multiclass"), ("diabetes", "regression")):
        folder = scratch / "sets" / name
        if not (folder / "test.parquet").exists():
            folder.mkdir(parents=True, exist_ok=True)
            frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
            classes = None if task == "regression" else frame["target"]
            train, test = train_test_split(frame, test_size=0.25, random_state=42, stratify=classes)
            train.to_parquet(folder / "train.parquet")
            test.to_parquet(folder / "test.parquet")
        found.append(DataSet(name, folder / "train.parquet", folder / "test.parquet", "target", task, _METRICS[task]))
    return found
