"""What must be known to make a model again, and to tell where it came from.

The list: run and parent run, code, data, environment, feature set, hyperparameters, metrics by split, model address.
A library run knows all but the ids and addresses, which a job adds.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modelyard.automl.outcome.fitted_model import FittedModel
from modelyard.automl.outcome.requirements import version_of
from modelyard.automl.outcome.search_record import SearchRecord
from modelyard.domain.extras import LazyModule

pandas: Any = LazyModule("pandas", extra="automl", what="the hash of a table")

_PACKAGES = (
    *("numpy", "pandas", "scipy", "scikit-learn", "lightgbm", "xgboost-cpu", "xgboost", "catboost", "optuna"),
    *("onnxruntime", "skops", "statsforecast"),
)


@dataclass(frozen=True)
class Origin:
    """What only a job knows."""

    run_id: str | None = None
    parent_run_id: str | None = None
    code: Mapping[str, Any] | None = None
    """Snapshot and version of the code; told from the working folder's repository where nothing is given."""
    data: Mapping[str, Any] | None = None
    """Name and version of the asset."""
    environment: str | None = None
    model_uri: str | None = None


def metadata(model: FittedModel, record: SearchRecord, origin: Origin | None = None) -> dict[str, Any]:
    """JSON types; what is not known is None, so that its absence is seen."""
    origin = origin or Origin()
    return {
        "run_id": origin.run_id,
        "parent_run_id": origin.parent_run_id,
        "created_at": datetime.fromtimestamp(record.ended_at, UTC).isoformat() if record.ended_at else None,
        "code": {"modelyard": version_of("modelyard"), **(origin.code or repository_version(Path.cwd()))},
        "data": {**record.data, **(origin.data or {})},
        "environment": {"name": origin.environment, **environment()},
        "feature_hash": record.features.get("hash"),
        "task": model.task.value,
        "target": record.target,
        "primary_metric": record.metric,
        "settings": dict(record.settings),
        "hyperparameters": hyperparameters(model),
        "metrics": {split: dict(values) for split, values in record.metrics.items()},
        "interval": list(record.interval) if record.interval else None,
        "model_uri": origin.model_uri,
    }


def hyperparameters(model: FittedModel) -> list[dict[str, Any]]:
    """Of each member: algorithm, weight, and the design and parameters of each of its fits."""
    told = []
    for member, (_, share) in zip(model.ensemble.members, model.ensemble.shares(), strict=True):
        fits = []
        for one, design in zip(member.models, member.designs, strict=True):
            params = one.fitted_params()
            # A member in ONNX keeps the name of what it was made from.
            algorithm = params.pop("algorithm", member.algorithm)
            fits.append({"design": design, "params": params})
        told.append({"algorithm": algorithm, "weight": round(share, 6), "fits": fits})
    return told


def environment() -> dict[str, Any]:
    """The interpreter and the libraries that decide what is learnt."""
    packages = {name: version for name in _PACKAGES if (version := version_of(name))}
    return {"python": platform.python_version(), "platform": platform.platform(), "packages": packages}


def frame_hash(frame: Any) -> str:
    """SHA-256 of a table's column names, types and cells, in their order; of its index nothing."""
    digest = hashlib.sha256()
    for name in frame.columns:
        digest.update(f"{name}\0{frame[name].dtype}\0".encode())
    digest.update(pandas.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return digest.hexdigest()


def repository_version(folder: Path) -> dict[str, str]:
    """`{"commit": ...}` of the git repository around `folder`, by its files alone; empty where there is none."""
    for place in (folder, *folder.parents):
        head = place / ".git" / "HEAD"
        if not head.is_file():
            continue
        text = head.read_text("utf-8").strip()
        if not text.startswith("ref: "):
            return {"commit": text}
        commit = _of_ref(place / ".git", text.removeprefix("ref: "))
        return {"commit": commit, "branch": text.rpartition("/")[2]} if commit else {}
    return {}


def _of_ref(repository: Path, ref: str) -> str | None:
    loose = repository / ref
    if loose.is_file():
        return loose.read_text("utf-8").strip()
    packed = repository / "packed-refs"
    for line in packed.read_text("utf-8").splitlines() if packed.is_file() else ():
        commit, _, name = line.partition(" ")
        if name == ref:
            return commit
    return None
