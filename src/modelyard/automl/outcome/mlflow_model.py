"""A finished model as an MLflow model, written without MLflow: its import costs more than the rest of an export.

MLmodel                     flavors `python_function` and `sklearn`, signature, metadata
model.skops                 the model; the one file both flavors read
code/modelyard_model_<hash> the code that answers
input_example.json, serving_input_example.json, requirements.txt, conda.yaml, python_env.yaml
"""

from __future__ import annotations

import json
import platform
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from modelyard.automl.outcome import skops_file
from modelyard.automl.outcome.input_table import ColumnKind, InputColumn
from modelyard.automl.outcome.model_archive import model_bytes
from modelyard.automl.outcome.requirements import conda_environment, pinned, python_environment, version_of
from modelyard.automl.outcome.served_model import ServedModel
from modelyard.automl.outcome.shipped_code import shipped_code
from modelyard.domain.errors import Conflict

FILE = "model.skops"
CODE = "code"
_ESTIMATOR = "modelyard.automl.outcome.estimator"
_PYFUNC = "modelyard.automl.outcome.pyfunc_model"
_EXAMPLES = {
    ColumnKind.NUMBER: 0.0,
    ColumnKind.INTEGER: 0,
    ColumnKind.TRUTH: False,
    ColumnKind.MOMENT: "2000-01-01T00:00:00",
    ColumnKind.TEXT: "",
}


def export(
    model: ServedModel,
    folder: Path,
    *,
    metadata: Mapping[str, Any] | None = None,
    files: Mapping[str, bytes] | None = None,
    archive: bytes | None = None,
) -> Path:
    """Write the model into `folder`, with `files` beside it. `archive` saves packing it again.

    Raises:
        Conflict: something is in `folder`.
    """
    if folder.exists() and any(folder.iterdir()):
        raise Conflict(f"'{folder.name}' is not empty.", field="folder", mend="give a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    code = shipped_code((_ESTIMATOR, _PYFUNC, *sorted(model.modules())))
    code.write(folder / CODE)
    estimator = code.renamed(_ESTIMATOR)
    content = archive or model_bytes(model)
    skops_file.write(folder / FILE, content, estimator, "Estimator", version_of("skops") or "0.16.0")
    _write_environment(folder, pinned(code.libraries))
    _write_examples(folder, model.columns)
    for name, text in (files or {}).items():
        (folder / name).write_bytes(text)
    mlmodel = {
        "artifact_path": "mlflow-model",
        "flavors": _flavors(code.renamed(_PYFUNC), f"{estimator}.Estimator"),
        "metadata": _plain(dict(metadata or {})),
        "mlflow_version": version_of("mlflow") or "3.17.2",
        "model_size_bytes": sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
        "model_uuid": uuid.uuid4().hex,
        "saved_input_example_info": {
            "artifact_path": "input_example.json",
            "pandas_orient": "split",
            "serving_input_path": "serving_input_example.json",
            "type": "dataframe",
        },
        "signature": signature(model),
        "utc_time_created": f"{datetime.now(UTC).replace(tzinfo=None)}",
    }
    (folder / "MLmodel").write_text(yaml.safe_dump(mlmodel), "utf-8")
    return folder


def signature(model: ServedModel) -> dict[str, str | None]:
    """In the form of an `MLmodel` file: columns in, a tensor out, and the method for classifiers."""
    inputs = [{"type": column.kind.value, "name": column.name, "required": True} for column in model.columns]
    output = "float64" if not model.task.is_classification else _tensor_type(model)
    outputs = [{"type": "tensor", "tensor-spec": {"dtype": output, "shape": [-1]}}]
    method = [{"name": "method", "type": "string", "default": "predict", "shape": None}]
    return {
        "inputs": json.dumps(inputs, ensure_ascii=False),
        "outputs": json.dumps(outputs),
        "params": json.dumps(method) if model.task.is_classification else None,
    }


def _plain(value: Any) -> Any:
    """JSON types, as YAML takes them: enumerations, tuples and numpy's numbers among what is known of a search."""
    return json.loads(json.dumps(value, default=lambda one: one.item() if hasattr(one, "item") else str(one)))


def _tensor_type(model: ServedModel) -> str:
    name = str(model.labels.dtype.name)
    return "str" if name == "object" else name


def _flavors(loader: str, estimator: str) -> dict[str, Any]:
    return {
        "python_function": {
            "code": CODE,
            "data": FILE,
            "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
            "loader_module": loader,
            "python_version": platform.python_version(),
        },
        "sklearn": {
            "code": CODE,
            "pickled_model": FILE,
            "serialization_format": "skops",
            "sklearn_version": version_of("scikit-learn"),
            "skops_trusted_types": [estimator],
        },
    }


def _write_environment(folder: Path, requirements: list[str]) -> None:
    (folder / "requirements.txt").write_text("\n".join(requirements) + "\n", "utf-8")
    (folder / "conda.yaml").write_text(yaml.safe_dump(conda_environment(requirements), sort_keys=False), "utf-8")
    (folder / "python_env.yaml").write_text(yaml.safe_dump(python_environment(), sort_keys=False), "utf-8")


def _write_examples(folder: Path, columns: tuple[InputColumn, ...]) -> None:
    split = {
        "columns": [column.name for column in columns],
        "data": [[_EXAMPLES[column.kind] if column.example is None else column.example for column in columns]],
    }
    (folder / "input_example.json").write_text(json.dumps(split, ensure_ascii=False), "utf-8")
    serving = {"dataframe_split": split}
    (folder / "serving_input_example.json").write_text(json.dumps(serving, indent=2, ensure_ascii=False), "utf-8")
